"""Steps that mend events."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dujiang.collect.mending import Match, RuleSpec, Step, matches, mend
from dujiang.foundation.errors import InvalidInput

EVENT = {"event": "Paid", "timestamp": "2026/11/11 08:00", "properties": {"qty": "3", "items": [{"a": "1"}]}}


@pytest.mark.parametrize(
    ("step", "at", "expected"),
    [
        ({"do": "set", "at": "/properties/qty", "value": 5}, ("properties", "qty"), 5),
        ({"do": "set", "at": "/context/app", "value": "x"}, ("context", "app"), "x"),
        ({"do": "cast", "at": "/properties/qty", "to": "whole"}, ("properties", "qty"), 3),
        ({"do": "cast", "at": "/properties/qty", "to": "number"}, ("properties", "qty"), 3.0),
        ({"do": "cast", "at": "/properties/items/0/a", "to": "boolean"}, ("properties", "items", 0, "a"), True),
        ({"do": "cast", "at": "/timestamp", "to": "moment"}, ("timestamp",), "2026-11-11T08:00:00+00:00"),
        ({"do": "rename", "at": "/properties/qty", "to": "/properties/units"}, ("properties", "units"), "3"),
        ({"do": "rename", "at": "/properties/qty", "to": "/a~1b"}, ("a/b",), "3"),
    ],
)
def test_a_step_changes_what_it_names(step: dict[str, Any], at: tuple[Any, ...], expected: Any) -> None:
    found: Any = mend(EVENT, (Step.model_validate(step),))
    for part in at:
        found = found[part]
    assert found == expected


@pytest.mark.parametrize("do", ["drop", "rename"])
def test_what_is_dropped_or_renamed_is_gone(do: str) -> None:
    step = Step.model_validate({"do": do, "at": "/properties/qty", "to": "/elsewhere"})
    assert "qty" not in mend(EVENT, (step,))["properties"]


@pytest.mark.parametrize("do", ["drop", "rename", "cast"])
def test_a_field_that_is_not_there_is_left_alone(do: str) -> None:
    step = Step.model_validate({"do": do, "at": "/properties/nothing/here", "to": "whole" if do == "cast" else "/x"})
    assert mend(EVENT, (step,)) == EVENT


def test_the_original_is_not_changed() -> None:
    before = {"properties": {"a": {"b": 1}}}
    mend(before, (Step(do="set", at="/properties/a/b", value=2), Step(do="drop", at="/properties/a")))
    assert before == {"properties": {"a": {"b": 1}}}


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"do": "cast", "at": "/event", "to": "whole"}, "mend.cannot_cast"),
        ({"do": "cast", "at": "/properties/qty", "to": "moment"}, None),
        ({"do": "cast", "at": "/event", "to": "moment"}, "mend.cannot_cast"),
        ({"do": "cast", "at": "/event", "to": "boolean"}, "mend.cannot_cast"),
        ({"do": "set", "at": "/event/deeper", "value": 1}, "mend.no_place"),
    ],
)
def test_what_cannot_be_done_is_an_error(step: dict[str, Any], code: str | None) -> None:
    if code is None:
        mend(EVENT, (Step.model_validate(step),))
        return
    with pytest.raises(InvalidInput) as error:
        mend(EVENT, (Step.model_validate(step),))
    assert error.value.code == code


@pytest.mark.parametrize(
    "step",
    [
        {"do": "set", "at": "no-slash"},
        {"do": "rename", "at": "/a"},
        {"do": "cast", "at": "/a", "to": "colour"},
        {"do": "burn", "at": "/a"},
        {"do": "set", "at": "/a" * 13},
    ],
)
def test_a_step_that_makes_no_sense_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RuleSpec.model_validate({"steps": [step]})


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, True),
        ({"reason_code": "event.no_name"}, True),
        ({"reason_code": "event.other"}, False),
        ({"source": "web", "event": "paid"}, True),
        ({"event": "PAID"}, True),
        ({"event": "refunded"}, False),
        ({"field": "/event"}, True),
    ],
)
def test_a_rule_is_for_what_it_names(match: dict[str, str], expected: bool) -> None:
    given = {"reason_code": "event.no_name", "field": "/event", "source": "web", "event": EVENT}
    assert matches(Match.model_validate(match), **given) is expected
