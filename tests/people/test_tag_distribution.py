"""Distributions of a tag's values: everybody once, round widths, ends that hold the tail."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.people.tags.distribution import BINS, Bar, distribution, width_of
from dujiang.people.tags.follower import TABLE


def bars(values: list[Any], kind: str, type_: str) -> tuple[Bar, ...]:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE {TABLE} (person BIGINT, x {type_})")
    for person, value in enumerate(values):
        con.execute(f"INSERT INTO {TABLE} VALUES (?, ?)", [person, value])
    tag: Any = SimpleNamespace(name="x", spec=SimpleNamespace(value=kind))
    return distribution(con, tag)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(-500, 5_000), st.just(0)), min_size=1, max_size=200))
def test_everybody_with_a_value_is_in_one_bar_and_bars_do_not_overlap(values: list[int | None]) -> None:
    found = bars(values, "money", "BIGINT")
    known = [value for value in values if value is not None]
    assert sum(bar.people for bar in found) == len(known)
    ranges = sorted((bar.low, bar.high, bar.people) for bar in found if (bar.low, bar.high) != (0, 0))
    for low, high, people in ranges:
        inside = [value for value in known if low <= value <= high and (value != 0 or not zero(found))]
        assert people == len(inside)


def zero(found: tuple[Bar, ...]) -> bool:
    return any((bar.low, bar.high) == (0, 0) for bar in found)


def test_a_long_tail_is_one_bar_and_does_not_flatten_the_rest() -> None:
    values = [*range(1, 1_000), 1_000_000]
    found = bars(values, "number", "BIGINT")
    assert BINS / 2 <= len(found) <= 2 * BINS
    assert (found[0].low, found[-1].high) == (1, 1_000_000)
    assert [(bar.low, bar.high, bar.people) for bar in found[1:3]] == [(100, 199, 100), (200, 299, 100)]


def test_a_few_different_values_are_bars_of_their_own() -> None:
    found = bars([1, 1, 2, 3, 3, 3, 0], "number", "BIGINT")
    assert [(bar.low, bar.high, bar.people) for bar in found] == [(0, 0, 1), (1, 1, 2), (2, 2, 1), (3, 3, 3)]


def test_gaps_are_shown_as_bars_of_nobody() -> None:
    found = bars([*range(1, 30), *range(80, 101)], "number", "BIGINT")
    assert [bar.people for bar in found if bar.low in (40, 50, 60)] == [0, 0, 0]


def test_days_are_in_bars_of_weeks_and_months() -> None:
    first = date(2026, 1, 1)
    found = bars([first + timedelta(n) for n in range(300)], "day", "DATE")
    assert sum(bar.people for bar in found) == 300
    assert all(isinstance(bar.low, date) for bar in found)
    assert (found[0].low, found[-1].high) == (first, first + timedelta(299))
    assert Counter(bar.people for bar in found).most_common(1)[0][0] == 30


def test_words_come_by_how_often() -> None:
    found = bars(["b", "a", "a", None], "text", "VARCHAR")
    assert [(bar.label, bar.people) for bar in found] == [("a", 2), ("b", 1)]
    assert bars([], "number", "BIGINT") == ()


@pytest.mark.parametrize(
    ("span", "more", "width"),
    [(12, {}, 1), (12.1, {}, 2), (0.0012, {}, 0.0001), (40, {"whole": True}, 5), (3_000, {"is_day": True}, 365)],
)
def test_widths_are_round(span: float, more: dict[str, bool], width: float) -> None:
    assert width_of(span, **more) == pytest.approx(width)
