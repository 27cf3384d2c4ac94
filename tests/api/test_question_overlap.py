"""Overlap of channels over a whole brand, against sets made in Python from the same days."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest

FIRST, LAST = date(2026, 10, 20), date(2026, 11, 15)
QUESTION = {"type": "overlap", "period": {"first": str(FIRST), "last": str(LAST)}}


@pytest.fixture(scope="module")
def channels(api: Any) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    with api.workspace.engine.read() as con:
        rows = con.execute("SELECT person, channel FROM person_day WHERE day BETWEEN ? AND ?", [FIRST, LAST]).fetchall()
    for person, channel in rows:
        found[person].add(channel)
    return found


def asked(api: Any, **more: Any) -> dict[str, Any]:
    return api.ask("POST", "/questions/ask", json={"question": QUESTION | more})


def count(api: Any, pick: dict[str, Any], **more: Any) -> int:
    return api.ask("POST", "/questions/people", json={"question": QUESTION | more, "pick": pick})["count"]


def test_everybody_is_in_exactly_one_combination(api: Any, channels: Any) -> None:
    told = asked(api)["result"]
    combos = Counter(tuple(sorted(one)) for one in channels.values())
    assert {tuple(one["sets"]): one["people"] for one in told["intersections"]} == combos
    assert told["people"] == len(channels) > 30
    assert told["several"] == sum(len(one) > 1 for one in channels.values())
    assert told["share"] == pytest.approx(told["several"] / told["people"])


def test_pairs_hold_whoever_is_in_both(api: Any, channels: Any) -> None:
    told = asked(api)["result"]
    for pair in told["pairs"]:
        both = sum({pair["first"], pair["second"]} <= one for one in channels.values())
        assert pair["people"] == both
        assert count(api, {"sets": [pair["first"], pair["second"]]}) == both
    assert any(pair["people"] for pair in told["pairs"])


def test_the_people_of_a_combination(api: Any) -> None:
    told = asked(api)["result"]
    largest = told["intersections"][0]
    assert count(api, {"sets": largest["sets"], "exact": True}) == largest["people"]
    assert count(api, {"several": True}) == told["several"]


def test_money_is_what_people_paid_in_the_period(api: Any) -> None:
    told = asked(api)["result"]
    with api.workspace.engine.read() as con:
        text = "SELECT CAST(sum(paid_minor - refunded_minor) AS BIGINT) FROM person_day WHERE day BETWEEN ? AND ?"
        ((money,),) = con.execute(text, [FIRST, LAST]).fetchall()
    assert sum(one["money_minor"] for one in told["intersections"]) == money > 0


def test_a_trend_and_people_of_a_condition(api: Any) -> None:
    people = {"type": "profile", "field": "orders", "op": "at_least", "value": 1}
    told = asked(api, grain="week", people=people)["result"]
    assert 0 < told["people"] < asked(api)["result"]["people"]
    assert len(told["trend"]) == 4
    assert all(one["several"] <= one["people"] <= told["people"] for one in told["trend"])


def test_segments_are_compared_by_their_members(api: Any) -> None:
    assert api.problem("POST", "/questions/ask", json={"question": QUESTION | {"of": "segments"}})[:2] == (
        400,
        "question.invalid",
    )
