"""Retention over a whole brand, against an obvious reading of its days in Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest

FIRST, LAST = date(2026, 10, 19), date(2026, 11, 15)
SEEN = {"where": [{"column": "name", "value": "product_viewed"}]}
QUESTION = {"type": "retention", "start": SEEN, "period": {"first": str(FIRST), "last": str(LAST)}, "step": "week"}
_DAYS = """
    SELECT person, CAST(timezone('Asia/Shanghai', "at") AS DATE) AS day, epoch_us("at") AS us, seq FROM fact_event
    JOIN person_node ON node = anchor AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)
    WHERE name = 'product_viewed' AND kind NOT IN ('identify', 'group', 'alias') ORDER BY person, us, seq
"""


@pytest.fixture(scope="module")
def days(api: Any) -> dict[int, list[date]]:
    found: dict[int, list[date]] = defaultdict(list)
    with api.workspace.engine.read() as con:
        for person, day, _us, _seq in con.sql(_DAYS).fetchall():
            found[person].append(day)
    return found


def asked(api: Any, **more: Any) -> dict[str, Any]:
    return api.ask("POST", "/questions/ask", json={"question": QUESTION | more})["result"]


def monday(day: date) -> date:
    return day - timedelta(day.weekday())


def test_cohorts_of_first_timers_and_who_came_back(api: Any, days: Any) -> None:
    told = asked(api, periods=3)
    cohorts: dict[date, list[set[int]]] = defaultdict(list)
    for mine in days.values():
        if FIRST <= mine[0] <= LAST:
            cohorts[monday(mine[0])].append({(monday(one) - monday(mine[0])).days // 7 for one in mine[1:]})
    for cohort in told["cohorts"]:
        start = date.fromisoformat(cohort["start"])
        assert cohort["people"] == len(cohorts[start])
        for period in range(1, 4):
            over = start + timedelta(7 * (period + 1)) <= date(2026, 11, 16)
            expected = sum(period in back for back in cohorts[start]) if over else None
            assert cohort["back"][period] == expected
    assert sum(one["people"] for one in told["cohorts"]) > 20


def test_the_curve_counts_only_cohorts_whose_period_is_over(api: Any) -> None:
    told = asked(api, periods=3)
    for point in told["curve"]:
        known = [one for one in told["cohorts"] if one["back"][point["period"]] is not None]
        assert point["people"] == sum(one["people"] for one in known)
        assert point["back"] == sum(one["back"][point["period"]] for one in known)
    assert told["curve"][0]["rate"] == 1


def test_on_or_after_is_at_least_on(api: Any) -> None:
    on, after = asked(api, periods=2), asked(api, periods=2, back="on_or_after")
    for one, two in zip(on["cohorts"], after["cohorts"], strict=True):
        if two["back"][1] is not None:
            assert two["back"][1] >= max(one["back"][1] or 0, one["back"][2] or 0)


def test_brackets_and_everybody_anew(api: Any) -> None:
    told = asked(api, periods=3, brackets=[1, 2], first_time=False, step="day")
    assert told["labels"] == [0, 1, 2]
    first = asked(api, periods=3, step="day")
    assert sum(one["people"] for one in told["cohorts"]) > sum(one["people"] for one in first["cohorts"])


def test_people_who_came_back_and_who_did_not(api: Any) -> None:
    question = QUESTION | {"periods": 2}
    told = asked(api, periods=2)
    cohort = max((one for one in told["cohorts"] if one["back"][1] is not None), key=lambda one: one["people"])
    counts = [
        api.ask(
            "POST",
            "/questions/people",
            json={"question": question, "pick": {"cohort": cohort["start"], "period": 1, "outcome": outcome}},
        )["count"]
        for outcome in ("back", "gone")
    ]
    assert counts == [cohort["back"][1], cohort["people"] - cohort["back"][1]]


def test_divided_by_channel_it_adds_up(api: Any) -> None:
    told = asked(api, periods=2, by=["channel"])
    assert sum(curve[0]["people"] for _key, curve in told["groups"]) == told["curve"][0]["people"]


def test_a_rolling_period_counts_from_the_moment_itself(api: Any, days: Any) -> None:
    calendar, rolling = asked(api, periods=2, step="day"), asked(api, periods=2, step="day", rolling=True)
    assert [one["people"] for one in calendar["cohorts"]] == [one["people"] for one in rolling["cohorts"]]
    assert rolling["curve"][1]["people"] <= calendar["curve"][1]["people"]
    assert days


def test_brackets_have_to_rise(api: Any) -> None:
    wrong = QUESTION | {"brackets": [3, 1]}
    assert api.problem("POST", "/questions/ask", json={"question": wrong})[:2] == (400, "question.invalid")
