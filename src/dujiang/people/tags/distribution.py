"""How the values of a tag are distributed: its most frequent words, or numbers and days in bars of one round width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, log10
from typing import Any, Final

import duckdb

from dujiang.people.tags.catalogue import Tag
from dujiang.people.tags.follower import TABLE

TOP_VALUES: Final = 20
BINS: Final = 12
"""Bars that are aimed at; up to twice as many come of round widths."""
_EPOCH: Final = date(1970, 1, 1)
_DAY_WIDTHS: Final = (1, 7, 30, 91, 182, 365)


@dataclass(frozen=True)
class Bar:
    """One bar of a distribution: a value, or numbers and days from ``low`` to ``high`` (both included).

    The first and last bar of numbers reach to the smallest and largest value, however far away these are, so that a long
    tail does not flatten the rest.
    """

    label: str
    low: float | date | None
    high: float | date | None
    people: int


def distribution(con: duckdb.DuckDBPyConnection, tag: Tag) -> tuple[Bar, ...]:
    """The bars of a tag over everybody who has it; empty for a tag that nobody has."""
    if tag.spec.value == "day":
        bars = _numbers(con, f"\"{tag.name}\" - DATE '{_EPOCH}'", is_day=True)
        return tuple(Bar("", _day(bar.low), _day(bar.high), bar.people) for bar in bars)
    if tag.spec.value in ("number", "money", "percent"):
        return _numbers(con, f'"{tag.name}"')
    column = f'unnest("{tag.name}")' if tag.spec.value == "list" else f'CAST("{tag.name}" AS VARCHAR)'
    text = f'SELECT {column} AS one, count(*) FROM {TABLE} WHERE "{tag.name}" IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1'
    found = con.execute(f"FROM ({text}) WHERE one IS NOT NULL LIMIT {TOP_VALUES}").fetchall()
    return tuple(Bar(label, None, None, people) for label, people in found)


def width_of(span: float, *, whole: bool = False, is_day: bool = False) -> float:
    """The smallest round width of which at most :data:`BINS` cover ``span``: 1, 2 or 5 times a power of ten; for days also
    weeks, months and quarters.

    >>> width_of(1_150), width_of(0.9), width_of(5, whole=True), width_of(300, is_day=True)
    (100.0, 0.1, 1.0, 30.0)
    """
    least = span / BINS
    if is_day and least <= _DAY_WIDTHS[-1]:
        return float(next(width for width in _DAY_WIDTHS if width >= least))
    if whole and least <= 1:
        return 1.0
    power = floor(log10(least))
    # Not 10 ** -1 but 1 / 10, which is the number that people mean by 0.1.
    scaled = (step * 10**power if power >= 0 else step / 10**-power for step in (1, 2, 5, 10))
    return float(next(width for width in scaled if width >= least))


def _numbers(con: duckdb.DuckDBPyConnection, column: str, *, is_day: bool = False) -> tuple[Bar, ...]:
    known = f"SELECT {column} AS value FROM {TABLE} WHERE value IS NOT NULL"
    values = f"(SELECT value, count(*) AS people FROM ({known}) GROUP BY 1)"
    if len(few := con.execute(f"FROM {values} ORDER BY value LIMIT {BINS + 1}").fetchall()) <= BINS:
        return tuple(Bar("", value, value, people) for value, people in few)
    (reach,) = con.execute(_REACH.format(values=values)).fetchall()
    least, most, low, high, whole = reach
    if low == high:
        low, high = least, most
    width = width_of(high - low, whole=whole, is_day=is_day)
    first, last = floor(low / width), floor(high / width)
    found = con.execute(_COUNTED.format(values=values), [width, first, last]).fetchall()
    nothing = [Bar("", 0, 0, people) for is_nothing, _bin, _low, _high, people in found if is_nothing]
    held = {int(place): row for is_nothing, place, *row in found if not is_nothing}
    return (*nothing, *_bars(held, range(first, last + 1), width, unit=1 if whole else 0))


def _bars(held: Mapping[int, list[Any]], places: range, width: float, unit: int) -> list[Bar]:
    bars = []
    for place in places:
        low, high, people = held.get(place, (place * width, (place + 1) * width - unit, 0))
        is_end = place in (places[0], places[-1])
        bars.append(Bar("", low if is_end else place * width, high if is_end else (place + 1) * width - unit, people))
    return bars


def _day(value: float | date | None) -> date | None:
    return _EPOCH + timedelta(int(value)) if isinstance(value, int | float) else value


_REACH: Final = """
    SELECT min(value), max(value), min(value) FILTER (WHERE until > 0.01 * everybody),
        min(value) FILTER (WHERE until >= 0.99 * everybody), bool_and(value = floor(value))
    FROM (
        SELECT value, sum(people) OVER (ORDER BY value) AS until, sum(people) OVER () AS everybody FROM {values}
    )
"""
# 0 is a bar of its own: it usually means that nothing happened.
_COUNTED: Final = """
    SELECT value = 0, CASE WHEN value = 0 THEN 0 ELSE least(greatest(floor(value / $1), $2), $3) END AS place,
        min(value), max(value), sum(people)::BIGINT
    FROM {values} GROUP BY 1, 2
"""
