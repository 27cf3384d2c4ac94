"""What a question may say, and what it may not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.timewindows import Period
from dujiang.insight.questions.measure import MetricQuestion
from dujiang.insight.questions.model import Asked, What, When
from dujiang.insight.questions.registry import parse_pick, parse_question

TODAY = date(2026, 11, 23)
WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))


def test_days_are_named_or_dated() -> None:
    assert When(preset="last7").period(TODAY) == WEEK
    assert When(first=WEEK.first, last=WEEK.last).period(TODAY) == WEEK


@pytest.mark.parametrize(
    "said", [{}, {"preset": "last7", "first": "2026-11-01", "last": "2026-11-02"}, {"first": "2026-11-01"}]
)
def test_days_given_in_no_way_or_two_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either as a preset or as first and last"):
        When.model_validate(said)


def test_a_promotion_is_held_against_another() -> None:
    asked = Asked(period=When(preset="double11"), compare=When(preset="618"))
    assert asked.compared(WEEK, TODAY) == Period(date(2026, 6, 1), date(2026, 6, 20))
    assert Asked(compare="previous").compared(WEEK, TODAY) == WEEK.shifted(-7)
    assert Asked().compared(WEEK, TODAY) is None


@pytest.mark.parametrize("by", ["channel", "utm_campaign", "properties.size", "person.city", "tag.value_layer"])
def test_what_numbers_can_be_divided_by(by: str) -> None:
    assert Asked(by=(by,)).by == (by,)


@pytest.mark.parametrize("by", ["paid_minor", "person.nothing", "person.tags", "tag.No Name", "nothing", "properties."])
def test_what_numbers_cannot_be_divided_by(by: str) -> None:
    with pytest.raises(ValueError):
        Asked(by=(by,))


def test_conditions_have_to_fit_what_is_done() -> None:
    assert (
        What.model_validate({"source": "orders", "where": [{"column": "guide", "value": "g1"}]}).where[0].column
        == "guide"
    )
    with pytest.raises(ValueError, match="orders have no column"):
        What.model_validate({"source": "orders", "where": [{"column": "page", "value": "/"}]})
    with pytest.raises(ValueError, match="is no number"):
        What.model_validate({"where": [{"column": "dwell_ms", "op": "above", "value": "long"}]})


def test_a_question_is_parsed_by_its_type() -> None:
    asked = parse_question({"type": "metric", "metrics": ["gmv"], "grain": "week", "period": {"preset": "last7"}})
    assert isinstance(asked, MetricQuestion)
    assert (asked.metrics, asked.grain) == (("gmv",), "week")
    assert parse_question(asked.model_dump(mode="json")) == asked


@pytest.mark.parametrize(
    ("plain", "code", "field"),
    [
        ({}, "question.unknown_type", ""),
        ({"type": "nothing"}, "question.unknown_type", ""),
        ({"type": ["metric"]}, "question.unknown_type", ""),
        ({"type": "metric"}, "question.invalid", "metrics"),
        ({"type": "metric", "metrics": ["gmv"], "perriod": {}}, "question.invalid", "perriod"),
        ({"type": "metric", "metrics": ["gmv"], "where": [{"column": "page", "value": "/"}]}, "question.invalid", ""),
    ],
)
def test_a_wrong_question_names_its_field(plain: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_question(plain)
    assert caught.value.code == code
    assert field in caught.value.text("en")


def test_a_pick_is_checked_by_the_type_of_its_question() -> None:
    asked = parse_question({"type": "metric", "metrics": ["gmv"], "by": ["channel"]})
    assert parse_pick(asked, {"metric": "gmv", "keys": ["tmall"]}).keys == ("tmall",)
    with pytest.raises(InvalidInput):
        parse_pick(asked, {"step": 1})
