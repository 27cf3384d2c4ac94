"""Asking the tables: every pass of a plan is run, and its results are laid out by metric, level, period and key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import duckdb

from dujiang.foundation.timewindows import Grain, Period, bucket_start
from dujiang.insight import compile as queries
from dujiang.insight.catalogue import Catalogue, Metric
from dujiang.insight.compile import Window
from dujiang.insight.dimensions import SHAPES, channel_column
from dujiang.insight.plan import Ask, Level, Need, Periods, scan_of, scans, together
from dujiang.insight.selection import BUCKET, OF, Scan, key_column


class Raw(NamedTuple):
    """What the tables say: a value (None: nothing to say), and how many rows or people it comes from."""

    value: int | float | None
    rows: int


class Cell(NamedTuple):
    """A place in an answer: which level, which period, and its step or its dimension values."""

    level: Level
    of: int
    key: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Span:
    """First and last day that a table has rows for, and the first of a row that names a person (None for no such row)."""

    first: date
    last: date
    named: date | None


Spans = dict[str | None, Span]
"""By channel."""


def source_key(metric: Metric) -> tuple[str, str, str]:
    """Table, day column and channel column of a simple metric."""
    spec = metric.spec
    return spec.table, spec.date, channel_column(SHAPES[spec.table], spec.channel)


@dataclass
class Measures:
    """All that was measured for one answer.

    Attributes:
        raw: by what was needed and cell; a missing cell had no rows.
        spans: for each table, day column and channel column: the days there are rows for, by channel.
        untils: for each conversion metric the last day of a start whose time is over.
    """

    raw: dict[Need, dict[Cell, Raw]] = field(default_factory=dict)
    spans: dict[tuple[str, str, str], Spans] = field(default_factory=dict)
    untils: dict[str, date | None] = field(default_factory=dict)

    def put(self, need: Need, cell: Cell, raw: Raw) -> None:
        """Note one result."""
        self.raw.setdefault(need, {})[cell] = raw


class Measuring:
    """Runs the passes for one level of an answer and notes what they give."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue, measures: Measures, level: Level, asked: Ask
    ) -> None:
        self._con, self._catalogue, self._measures, self._ask = con, catalogue, measures, asked
        self._level: Level = level

    def run(self, wanted: list[Need]) -> None:
        """Answer everything ``wanted``."""
        for periods in together(self._ask.periods):
            asked = replace(self._ask, periods=periods)
            for group, scan in scans(wanted, asked):
                self._simple(group, scan)
            for need in wanted:
                if need.metric.spec.type == "conversion":
                    self._conversion(need, asked)
        for need in wanted:
            if need.metric.spec.type == "cumulative":
                self._cumulative(need)

    def _simple(self, group: list[Need], scan: Scan) -> None:
        for row in queries.simple(self._con, scan).to_pylist():
            cell = self._cell(row)
            for position, need in enumerate(group):
                self._measures.put(need, cell, Raw(row[f"v{position}"], row[f"n{position}"]))

    def _conversion(self, need: Need, asked: Ask) -> None:
        spec = need.metric.spec
        until = self._measures.untils[need.metric.name]
        if until is None:
            return
        scan = scan_of((need.metric,), self._catalogue.get(spec.start), asked, need.everywhere)
        goal = queries.goal_scan(scan, self._catalogue.get(spec.goal))
        for row in queries.conversion(self._con, scan, goal, until).to_pylist():
            self._measures.put(need, self._cell(row), Raw(row["v0"], row["n0"]))

    def _cumulative(self, need: Need) -> None:
        rows_of = self._catalogue.get(need.metric.spec.of)
        windows = tuple(_windows(need.metric, self._ask.periods, self._ask.grain))
        scan = scan_of((need.metric,), rows_of, self._ask, need.everywhere)
        for row in queries.cumulative(self._con, scan, windows).to_pylist():
            for position, window in enumerate(windows):
                cell = self._cell({**row, OF: window.of, BUCKET: window.bucket})
                self._measures.put(need, cell, Raw(row[f"v{position}"], row[f"n{position}"]))

    def _cell(self, row: dict[str, Any]) -> Cell:
        step = (row[BUCKET],) if self._ask.grain else ()
        return Cell(self._level, row[OF], (*step, *(row[key_column(at)] for at in range(len(self._ask.by)))))


def _windows(metric: Metric, periods: Periods, grain: Grain | None) -> Iterator[Window]:
    for number, period in periods:
        steps = [(start, clip(start, grain, period).last) for start in period.buckets(grain)] if grain else []
        for bucket, end in steps or [(None, period.last)]:
            first, last = queries.trailing(metric.spec, end)
            yield Window(number, bucket, first, last)


def clip(start: date, grain: Grain, period: Period) -> Period:
    """The days of the step beginning at ``start`` that lie within the period.

    >>> clip(date(2026, 10, 26), "week", Period(date(2026, 11, 1), date(2026, 11, 3)))
    Period(first=datetime.date(2026, 11, 1), last=datetime.date(2026, 11, 1))
    """
    following = bucket_start(start + timedelta({"day": 1, "week": 7, "month": 32}[grain]), grain)
    return Period(max(start, period.first), min(following - timedelta(1), period.last))
