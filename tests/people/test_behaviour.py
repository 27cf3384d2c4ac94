"""Statistics of behaviour, against a slow and obvious way of computing them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb
import pytest
from doings_kit import AS_OF, NASTY, NOW, SHANGHAI, Doings, random_doings, slow
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dujiang.people.behaviour import AsOf, Statistic, Window
from dujiang.people.comparison import Where
from dujiang.people.counting import counted

WHERE: dict[str, list[Where]] = {
    "events": [
        Where(column="name", value="added"),
        Where(column="name", op="among", value=("viewed", NASTY)),
        Where(column="page", op="unknown"),
        Where(column="page", op="is_not", value="/a"),
        Where(column="properties.size", op="at_least", value=2),
        Where(column="properties.size", value="big"),
        Where(column="properties.gift", value=True),
        Where(column="properties.a/b", value=NASTY),
        Where(column="properties." + NASTY, op="known"),
        Where(column="hour", op="between", value=(18, 23)),
        Where(column="weekday", op="at_least", value=6),
        Where(column="channel", op="begins", value="a"),
    ],
    "orders": [
        Where(column="paid_minor", op="above", value=990),
        Where(column="status", value="cancelled"),
        Where(column="store", op="not_among", value=(NASTY,)),
        Where(column="store", op="contains", value="DROP"),
        Where(column="day", op="at_least", value="2026-11-01"),
        Where(column="day", op="over_days", value=10),
    ],
    "order_lines": [
        Where(column="product", value=NASTY),
        Where(column="units", op="below", value=3),
        Where(column="status", op="is_not", value="valid"),
    ],
    "visits": [Where(column="bounced", value=True), Where(column="pages", op="at_least", value=2)],
    "refunds": [Where(column="reason", value=NASTY), Where(column="amount_minor", op="at_most", value=100)],
    "conversations": [Where(column="complaint", value=True), Where(column="rating", op="known")],
}
COLUMNED: dict[str, list[tuple[str, str]]] = {
    "events": [
        ("sum", "value_minor"), ("mode", "page"), ("last", "page"), ("distinct", "name"), ("sum", "properties.size"),
        ("max", "properties.size"), ("mode", "hour"), ("first", "channel"), ("distinct", "day"),
    ],
    "orders": [
        ("sum", "paid_minor"), ("avg", "paid_minor"), ("max", "paid_minor"), ("first", "store"), ("last", "paid_minor"),
        ("min", "day"), ("mode", "channel"),
    ],
    "order_lines": [("sum", "units"), ("mode", "product"), ("distinct", "product")],
    "visits": [("sum", "pages"), ("max", "pages")],
    "refunds": [("sum", "amount_minor"), ("mode", "reason")],
    "conversations": [("avg", "rating"), ("last", "rating")],
}  # fmt: skip
WINDOWS = [
    Window(),
    Window(days=7),
    Window(days=0),
    Window(days=20, until_days=5),
    Window(until_days=10),
    Window(first=date(2026, 11, 1), last=date(2026, 11, 11)),
    Window(period="last_week"),
    Window(period="double11"),
]


@st.composite
def statistics(draw: st.DrawFn) -> Statistic:
    source: Any = draw(st.sampled_from(sorted(WHERE)))
    where = tuple(draw(st.lists(st.sampled_from(WHERE[source]), max_size=2)))
    plain: list[tuple[Any, str]] = [("count", ""), ("days_since_first", ""), ("days_since_last", "")]
    aggregate, column = draw(st.sampled_from([*plain, *COLUMNED[source]]))
    window = draw(st.sampled_from(WINDOWS))
    return Statistic(source=source, where=where, window=window, aggregate=aggregate, column=column)


@cache
def brand(seed: int) -> tuple[Doings, duckdb.DuckDBPyConnection]:
    made = random_doings(seed)
    con = made.load()
    con.execute("CREATE TEMP TABLE asked AS SELECT person FROM person WHERE person % 2 = 0")
    return made, con


def fast(
    con: duckdb.DuckDBPyConnection, asked: dict[str, Statistic], as_of: AsOf = AS_OF, among: str = ""
) -> dict[str, dict[int, Any]]:
    rows = counted(asked, as_of, among).answer(con).to_pylist()
    return {name: {row["person"]: row[name] for row in rows} for name in asked}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 7), st.lists(statistics(), min_size=1, max_size=12))
def test_equals_the_obvious_way(seed: int, asked: list[Statistic]) -> None:
    made, con = brand(seed)
    named = {f"s{number}": one for number, one in enumerate(asked)}
    found = fast(con, named)
    for name, statistic in named.items():
        for person, value in slow(made, statistic, AS_OF).items():
            expected = pytest.approx(value) if isinstance(value, float) else value
            assert found[name][person] == expected, (statistic, person)


def test_every_aggregate_of_every_source_at_once() -> None:
    made, con = brand(5)
    asked: dict[str, Statistic] = {}
    for source, pairs in COLUMNED.items():
        for aggregate, column in pairs:
            asked[f"{source}.{aggregate}.{column}"[:80].replace("/", "-")] = Statistic(
                source=source,
                aggregate=aggregate,
                column=column,  # type: ignore[arg-type]
            )
    found = fast(con, asked)
    for name, statistic in asked.items():
        assert found[name] == pytest.approx(slow(made, statistic, AS_OF)), name


def test_of_some_people_as_of_everybody() -> None:
    _made, con = brand(3)
    asked = {source: Statistic(source=source) for source in WHERE}  # type: ignore[arg-type]
    some, all_ = fast(con, asked, among="asked"), fast(con, asked)
    for source in WHERE:
        assert some[source] == {person: value for person, value in all_[source].items() if person % 2 == 0}


def test_what_comes_later_is_not_seen() -> None:
    made, con = brand(7)
    earlier = AsOf(NOW - timedelta(days=15), SHANGHAI)
    asked = {source: Statistic(source=source, window=Window(days=10)) for source in WHERE}  # type: ignore[arg-type]
    found = fast(con, asked, earlier)
    assert found == {source: slow(made, one, earlier) for source, one in asked.items()}


def test_who_did_nothing_counts_zero_and_has_no_average() -> None:
    _made, con = brand(1)
    asked = {
        "count": Statistic(source="orders"),
        "sum": Statistic(source="orders", aggregate="sum", column="paid_minor"),
        "avg": Statistic(source="orders", aggregate="avg", column="paid_minor"),
        "since": Statistic(source="orders", aggregate="days_since_last"),
    }
    assert {name: values[1] for name, values in fast(con, asked).items()} == {
        "count": 0, "sum": 0, "avg": None, "since": None,
    }  # fmt: skip


def test_values_are_never_part_of_the_text() -> None:
    asked = Statistic(source="events", where=(Where(column=f"properties.{NASTY}", value=NASTY),))
    question = counted({"s": asked}, AS_OF)
    assert "DROP" not in question.text
    assert NASTY in question.values.values()


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "orders", "aggregate": "sum"},
        {"source": "orders", "aggregate": "count", "column": "paid_minor"},
        {"source": "orders", "aggregate": "sum", "column": "store"},
        {"source": "orders", "aggregate": "sum", "column": "refunded_minor"},
        {"source": "orders", "where": [{"column": 'day" OR 1=1 --', "value": 1}]},
        {"source": "orders", "where": [{"column": "paid_minor", "value": "a lot"}]},
        {"source": "orders", "where": [{"column": "paid_minor", "op": "begins", "value": "a"}]},
        {"source": "orders", "where": [{"column": "paid_minor", "op": "between", "value": [3, 1]}]},
        {"source": "orders", "where": [{"column": "paid_minor", "op": "at_least", "value": 2**63}]},
        {"source": "orders", "where": [{"column": "day", "op": "at_least", "value": "yesterday"}]},
        {"source": "visits", "where": [{"column": "properties.x", "value": 1}]},
        {"source": "events", "window": {"days": 3, "period": "today"}},
        {"source": "events", "window": {"days": 3, "until_days": 4}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Statistic.model_validate(wrong)


def test_a_name_cannot_leave_its_quotes() -> None:
    with pytest.raises(ValueError, match="cannot name a column"):
        counted({'a" FROM person --': Statistic(source="orders")}, AS_OF)
