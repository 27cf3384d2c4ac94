"""Stage histories against a slow simulation that looks at every condition on every day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.contract import ALL
from dujiang.engine.refresh import Change
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.people.lifecycle import presets
from dujiang.people.lifecycle.follower import LifeCycleFollower
from dujiang.people.lifecycle.model import COUNTS, LifeCycleSpec, StageCondition

START = date(2026, 1, 1)
TABLES = ("life_transition", "life_stage")
DEFAULT = presets()[0].typed()
assert isinstance(DEFAULT, LifeCycleSpec)
SMALL = LifeCycleSpec.model_validate(
    {
        "stages": [
            {"name": "met"},
            {"name": "new", "when": [{"fact": "orders", "at_least": 1}]},
            {"name": "settled", "when": [{"fact": "days_since_first_order", "at_least": 5}]},
            {
                "name": "warm",
                "when": [
                    {"fact": "visits", "at_least": 2, "within_days": 4},
                    {"fact": "days_since_visit", "at_most": 2},
                ],
            },
            {
                "name": "loyal",
                "when": [
                    {"fact": "orders", "at_least": 2, "within_days": 7},
                    {"fact": "paid_minor", "at_least": 150},
                ],
            },
            {"name": "quiet", "when": [{"fact": "days_since_order", "at_least": 8}]},
        ]
    }
)  # fmt: skip

Day = dict[str, int]
History = dict[date, Day]

day_facts = st.fixed_dictionaries(
    {
        "orders": st.integers(0, 2),
        "visits": st.integers(0, 2),
        "interactions": st.integers(0, 1),
        "paid_minor": st.integers(-100, 200),
    }
)
histories = st.dictionaries(st.integers(0, 30).map(lambda n: START + timedelta(n)), day_facts, min_size=1, max_size=8)
people = st.lists(histories, min_size=1, max_size=4)


def fill(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    con.register("staged", pa.Table.from_pylist(rows, schema=ALL[table].columns))
    con.execute(f"INSERT INTO {table} SELECT * FROM staged")
    con.unregister("staged")


def opened() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    create_own_tables(con)
    create_tables(con, [ALL[name] for name in (*TABLES, "person", "person_day")])
    return con


def put(con: duckdb.DuckDBPyConnection, person: int, days: History) -> None:
    for table in ("person", "person_day"):
        con.execute(f"DELETE FROM {table} WHERE person = ?", [person])
    fill(con, "person", [{"person": person, "first_day": min(days)}])
    rows = [
        {"person": person, "day": day, "channel": "x", "refunded_minor": max(0, -facts["paid_minor"]), **facts}
        | {"paid_minor": max(0, facts["paid_minor"])}
        for day, facts in days.items()
    ]
    fill(con, "person_day", rows)


def follow(con: duckdb.DuckDBPyConnection, spec: LifeCycleSpec, today: date, touched: list[int] | None) -> None:
    if touched is not None:
        con.execute("CREATE OR REPLACE TEMP TABLE touched (person BIGINT, since TIMESTAMPTZ, day DATE)")
        for person in touched:
            con.execute("INSERT INTO touched VALUES (?, NULL, NULL)", [person])
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    LifeCycleFollower(lambda: spec).follow(con, Change(touched is None, now, "UTC"))


def rows(con: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    return {table: con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


# ── the slow and obvious way ─────────────────────────────────────────────────────────────────────────────────────────


def measured(one: StageCondition, days: History, day: date) -> int | None:
    past = {when: facts for when, facts in days.items() if when <= day}
    if one.fact in COUNTS:
        first = day - timedelta(one.within_days - 1) if one.within_days else date.min
        return sum(facts[one.fact] for when, facts in past.items() if when >= first)
    counted = {
        "days_since_order": [when for when, facts in past.items() if facts["orders"]],
        "days_since_first_order": [when for when, facts in past.items() if facts["orders"]],
        "days_since_visit": [when for when, facts in past.items() if facts["visits"]],
        "days_since_first_seen": list(past),
    }[one.fact]
    if not counted:
        return None
    return (day - (min(counted) if "first" in one.fact else max(counted))).days


def holds(one: StageCondition, days: History, day: date) -> bool:
    value = measured(one, days, day)
    if value is None:
        return False
    return value >= one.bound if one.op == "at_least" else value <= one.bound


def walked(spec: LifeCycleSpec, days: History, until: date) -> list[tuple[date, str | None, str]]:
    found: list[tuple[date, str | None, str]] = []
    day, stage = min(days), None
    while day <= until:
        fitting = [one.name for one in spec.stages if all(holds(rule, days, day) for rule in one.when)]
        if fitting[-1] != stage:
            found.append((day, stage, fitting[-1]))
            stage = fitting[-1]
        day += timedelta(1)
    return found


@given(everybody=people, spec=st.sampled_from([SMALL, DEFAULT]), today=st.integers(0, 260))
@settings(max_examples=40, deadline=None)
def test_histories_are_those_of_a_walk_day_by_day(everybody: list[History], spec: LifeCycleSpec, today: int) -> None:
    con, day = opened(), START + timedelta(today)
    for person, days in enumerate(everybody):
        put(con, person, days)
    follow(con, spec, day, None)
    found = con.execute("SELECT person, day, from_stage, to_stage FROM life_transition ORDER BY person, nth").fetchall()
    assert found == [
        (person, *step)
        for person, days in enumerate(everybody)
        if min(days) <= day
        for step in walked(spec, {when: facts for when, facts in days.items() if when <= day}, day)
    ]


@given(everybody=people, spec=st.sampled_from([SMALL, DEFAULT]))
@settings(max_examples=20, deadline=None)
def test_every_change_names_a_condition_that_turned_that_day(everybody: list[History], spec: LifeCycleSpec) -> None:
    con, today = opened(), START + timedelta(240)
    for person, days in enumerate(everybody):
        put(con, person, days)
    follow(con, spec, today, None)
    reasons = con.execute(
        "SELECT person, day, fact, op, bound, within_days, holds, value FROM life_transition WHERE from_stage IS NOT NULL"
    ).fetchall()
    for person, day, fact, op, bound, within, began, value in reasons:
        one = StageCondition.model_validate({"fact": fact, op: bound, "within_days": within})
        days = everybody[person]
        assert (holds(one, days, day - timedelta(1)), holds(one, days, day)) == (not began, began)
        assert measured(one, days, day) == value


@given(
    everybody=people,
    later=histories,
    steps=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    spec=st.sampled_from([SMALL, DEFAULT]),
)
@settings(max_examples=20, deadline=None)
def test_day_after_day_is_the_same_as_from_scratch(
    everybody: list[History], later: History, steps: list[int], spec: LifeCycleSpec
) -> None:
    con, fresh, today = opened(), opened(), START
    for person, days in enumerate(everybody):
        put(con, person, days)
    follow(con, spec, today, None)
    for place, step in enumerate(steps):
        today += timedelta(step)
        touched = [place % len(everybody)]
        put(con, touched[0], later)
        follow(con, spec, today, touched)
    everybody = [
        later if person in {place % len(everybody) for place in range(len(steps))} else days
        for person, days in enumerate(everybody)
    ]
    for person, days in enumerate(everybody):
        put(fresh, person, days)
    follow(fresh, spec, today, None)
    assert rows(con) == rows(fresh)


def test_time_alone_is_announced_and_comes() -> None:
    con, today = opened(), date(2026, 1, 10)
    put(con, 1, {date(2026, 1, 1): {"orders": 1, "visits": 0, "interactions": 0, "paid_minor": 100}})
    follow(con, DEFAULT, today, None)
    stage = "SELECT stage, since, next_day, next_stage FROM life_stage"
    assert con.execute(stage).fetchone() == ("new", date(2026, 1, 1), date(2026, 2, 1), "active")
    follow(con, DEFAULT, date(2026, 2, 1), [])
    assert con.execute(stage).fetchone() == ("active", date(2026, 2, 1), date(2026, 7, 1), "lapsed")


def test_who_is_gone_has_no_stage() -> None:
    con = opened()
    put(con, 1, {START: {"orders": 1, "visits": 0, "interactions": 0, "paid_minor": 1}})
    follow(con, DEFAULT, START, None)
    con.execute("DELETE FROM person; DELETE FROM person_day")
    follow(con, DEFAULT, START, [1])
    assert rows(con) == {"life_transition": [], "life_stage": []}


def test_another_life_cycle_moves_everybody() -> None:
    con = opened()
    put(con, 1, {START: {"orders": 1, "visits": 0, "interactions": 0, "paid_minor": 1}})
    follow(con, DEFAULT, START, None)
    follow(con, SMALL, START + timedelta(5), [])
    assert con.execute("SELECT stage FROM life_stage").fetchall() == [("settled",)]


@pytest.mark.parametrize(
    "stages",
    [
        [{"name": "a", "when": [{"fact": "orders", "at_least": 1}]}, {"name": "b"}],
        [{"name": "a"}, {"name": "b"}],
        [{"name": "a"}, {"name": "a", "when": [{"fact": "orders", "at_least": 1}]}],
        [{"name": "a"}, {"name": "b", "when": [{"fact": "orders"}]}],
        [{"name": "a"}, {"name": "b", "when": [{"fact": "days_since_order", "at_least": 3, "within_days": 3}]}],
    ],
)  # fmt: skip
def test_unsound_life_cycles_are_refused(stages: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"stage|condition|within"):
        LifeCycleSpec.model_validate({"stages": stages})
