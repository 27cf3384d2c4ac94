"""Stage histories from dated facts, for everybody at once.

What decides a stage can only change on few days: when something happens, and a fixed number of days after it. The
conditions are looked at on these days alone, by window functions over each person's days, so that the whole past of
everybody is one query. A slow simulation day by day (in the tests) gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import duckdb

from dujiang.people.lifecycle.model import COUNTS, LifeCycleSpec, StageCondition

_TRIGGERS: Final = {
    "orders": "orders > 0",
    "paid_minor": "paid_minor <> 0",
    "visits": "visits > 0",
    "interactions": "interactions > 0",
    "days_since_order": "orders > 0",
    "days_since_first_order": "orders > 0",
    "days_since_visit": "visits > 0",
    "days_since_first_seen": "met",
}
"""On which days something happens that a fact counts, or counts from."""
_SINCE: Final = {
    "days_since_order": "day - max(day) FILTER (orders > 0) OVER sofar",
    "days_since_first_order": "day - min(day) FILTER (orders > 0) OVER sofar",
    "days_since_visit": "day - max(day) FILTER (visits > 0) OVER sofar",
    "days_since_first_seen": "day - min(day) FILTER (met) OVER sofar",
}
_SUMS: Final = ", ".join(f"sum({name})::BIGINT AS {name}" for name in COUNTS)
_ZEROS: Final = ", ".join(f"0 AS {name}" for name in COUNTS)

_DAYS: Final = """
    SELECT person, (day - DATE '1970-01-01')::INTEGER AS day, sum(orders)::BIGINT AS orders, sum(visits)::BIGINT AS visits,
        sum(interactions)::BIGINT AS interactions, sum(paid_minor - refunded_minor)::BIGINT AS paid_minor, false AS met
    FROM person_day {only} WHERE day <= $today GROUP BY ALL HAVING {needed}
    UNION ALL
    SELECT person, (first_day - DATE '1970-01-01')::INTEGER, 0, 0, 0, 0, true FROM person {only} WHERE first_day <= $today
"""


def compute(con: duckdb.DuckDBPyConnection, spec: LifeCycleSpec, today: date, *, only: str = "") -> None:
    """Fill the temporary table ``life_change`` with every change of stage, those to come by time alone included.

    Args:
        con: a connection with the derived tables ``person`` and ``person_day``.
        spec: the stages.
        today: facts of later days are not known yet.
        only: a temporary table of the ``person`` to compute; empty for everybody.
    """
    _rules(con, spec)
    semi = f"SEMI JOIN {only} USING (person)" if only else ""
    conditions = list(_conditions(spec))
    needed = sorted({_TRIGGERS[one.fact] for one in conditions} - {"met"}) or ["false"]
    values: dict[str, Any] = {"today": today}
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE life_fact AS {_DAYS.format(only=semi, needed=' OR '.join(needed))}", values
    )
    query, values = _changes(spec, conditions)
    con.execute(f"CREATE OR REPLACE TEMP TABLE life_change AS {query}", values)


def _conditions(spec: LifeCycleSpec) -> Iterator[StageCondition]:
    for stage in spec.stages:
        yield from stage.when


def _rules(con: duckdb.DuckDBPyConnection, spec: LifeCycleSpec) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE life_rule"
        " (rule INTEGER, fact VARCHAR, op VARCHAR, bound BIGINT, within_days BIGINT)"
    )
    for place, one in enumerate(_conditions(spec)):
        row = [place, one.fact, one.op, one.bound, one.within_days]
        con.execute("INSERT INTO life_rule VALUES (?, ?, ?, ?, ?)", row)


def _changes(spec: LifeCycleSpec, conditions: list[StageCondition]) -> tuple[str, dict[str, Any]]:
    """The query from ``life_fact`` to changes, and its values."""
    values: dict[str, Any] = {f"stage{place}": stage.name for place, stage in enumerate(spec.stages)}
    measures, windows, points = [], ["sofar AS (PARTITION BY person ORDER BY day)"], []
    for place, one in enumerate(conditions):
        values[f"bound{place}"] = one.bound
        measures.append(f"{_measure(place, one)} AS m{place}")
        if one.within_days:
            values[f"within{place}"] = one.within_days - 1
            windows.append(
                f"w{place} AS (PARTITION BY person ORDER BY day RANGE BETWEEN $within{place} PRECEDING AND CURRENT ROW)"
            )
        if one.turns_after is not None:
            values[f"turn{place}"] = one.turns_after
            points.append(
                f"SELECT DISTINCT person, (day + $turn{place})::INTEGER, {_ZEROS}, false"
                f" FROM life_fact WHERE {_TRIGGERS[one.fact]}"
            )
    holds = [
        f"coalesce(m{place} {'>=' if one.op == 'at_least' else '<='} $bound{place}, false) AS c{place}"
        for place, one in enumerate(conditions)
    ]
    before = [f"lag(c{place}) OVER sofar AS p{place}" for place in range(len(conditions))]
    union = "\nUNION ALL ".join([f"SELECT person, day, {', '.join(COUNTS)}, met FROM life_fact", *points])
    return (
        f"""
        WITH point AS (SELECT person, day, {_SUMS}, bool_or(met) AS met FROM ({union}) GROUP BY ALL),
        measured AS (SELECT person, day, {", ".join(measures)} FROM point WINDOW {", ".join(windows)}),
        judged AS (SELECT *, {", ".join(holds)} FROM measured),
        staged AS (SELECT *, {_stage(spec)} AS stage FROM judged),
        beside AS (
            SELECT *, lag(stage) OVER sofar AS "from", {", ".join(before)} FROM staged
            WINDOW sofar AS (PARTITION BY person ORDER BY day)
        ),
        change AS (SELECT *, {_rule(spec)} AS rule FROM beside WHERE "from" IS DISTINCT FROM stage)
        SELECT person, (row_number() OVER (PARTITION BY person ORDER BY day))::BIGINT AS nth,
            DATE '1970-01-01' + day AS day, {_name(spec, '"from"')} AS from_stage, {_name(spec, "stage")} AS to_stage,
            fact, op, bound, within_days, {_holds(spec)} AS holds, {_value(conditions)} AS "value"
        FROM change LEFT JOIN life_rule USING (rule)
        """,
        values,
    )


def _measure(place: int, one: StageCondition) -> str:
    if one.fact in _SINCE:
        return _SINCE[one.fact]
    return f"sum({one.fact}) OVER {f'w{place}' if one.within_days else 'sofar'}"


def _places(spec: LifeCycleSpec) -> list[list[int]]:
    """Places of each stage's conditions among all."""
    found, start = [], 0
    for stage in spec.stages:
        found.append(list(range(start, start + len(stage.when))))
        start += len(stage.when)
    return found


def _stage(spec: LifeCycleSpec) -> str:
    places = list(enumerate(_places(spec)))
    cases = [f"WHEN {' AND '.join(f'c{one}' for one in found)} THEN {stage}" for stage, found in places[:0:-1]]
    return f"CASE {' '.join(cases)} ELSE 0 END"


def _rule(spec: LifeCycleSpec) -> str:
    """The condition behind a change: of the new stage the first that began to hold, else of the old the first that ceased.

    One of the two exists, because a person is in the last stage that fits: they moved on because a later one began to fit,
    or back because theirs ceased to.
    """
    gained, lost = [], []
    for stage, found in enumerate(_places(spec)):
        if found:
            began = " ".join(f"WHEN NOT p{one} THEN {one}" for one in found)
            ceased = " ".join(f"WHEN p{one} AND NOT c{one} THEN {one}" for one in found)
            gained.append(f'WHEN stage = {stage} AND stage > "from" THEN CASE {began} END')
            lost.append(f'WHEN "from" = {stage} AND stage < {stage} THEN CASE {ceased} END')
    return f"CASE {' '.join((*gained, *lost))} END"


def _holds(_spec: LifeCycleSpec) -> str:
    return 'CASE WHEN "from" IS NULL THEN NULL ELSE stage > "from" END'


def _value(conditions: list[StageCondition]) -> str:
    cases = [f"WHEN {place} THEN m{place}" for place in range(len(conditions))]
    return f"(CASE rule {' '.join(cases)} END)::BIGINT"


def _name(spec: LifeCycleSpec, column: str) -> str:
    cases = [f"WHEN {place} THEN $stage{place}" for place in range(len(spec.stages))]
    return f"CASE {column} {' '.join(cases)} END"
