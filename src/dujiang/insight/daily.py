"""Rows by day, remembered day by day: after a refresh only the days are asked again that it changed.

A row of a day depends on facts of that day alone where its metrics read derived tables and nothing of the person behind a
row, take in no other days, and are no share of a whole period. Everything else is asked as a whole.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from threading import Lock
from typing import Final

import duckdb

from dujiang.engine.changes import days_since
from dujiang.engine.graph import GRAPH
from dujiang.engine.question import given_days, mark
from dujiang.foundation.timewindows import FIRST_DAY, Period
from dujiang.insight.answer import MetricQuery, Row
from dujiang.insight.catalogue import Catalogue, Metric
from dujiang.insight.dimensions import SHAPES
from dujiang.insight.plan import Ask
from dujiang.insight.selection import PERSONAL

DAY: Final = "day"
QUESTIONS_MAX: Final = 8
DAYS_MAX: Final = 1_000
_TABLES: Final = frozenset(node.table for node in GRAPH)

Firsts = Mapping[tuple[str, str, str], Mapping[str | None, date]]
"""Since when there are rows, by source and channel: what decides whether nothing happened or nothing was collected."""


def is_by_day(metrics: Catalogue, query: MetricQuery) -> bool:
    """Whether every row of the answer depends on facts of its own day alone."""
    if DAY not in query.by or query.comparison is not None:
        return False
    asked = (*query.by, *(one.column for one in query.where))
    return all(_is_of_a_day(metrics, metrics.get(name), asked) for name in query.in_rows)


def _is_of_a_day(metrics: Catalogue, metric: Metric, asked: tuple[str, ...]) -> bool:
    spec = metric.spec
    if spec.type != "simple":
        whole = spec.of_total or spec.type in ("cumulative", "conversion")
        return not whole and all(_is_of_a_day(metrics, metrics.get(part), asked) for part in spec.parts())
    personal = any(one.column.startswith(PERSONAL) for one in spec.where) or any(
        SHAPES[spec.table].of_person(one) for one in asked
    )
    return spec.table in _TABLES and not spec.spread and not personal


def asked_of(con: duckdb.DuckDBPyConnection, query: MetricQuery, days: list[date], zone: str) -> Ask:
    """What the rows of the sorted ``days`` are asked by on ``con``."""
    period = Period(days[0], days[-1])
    scattered = len(days) < (period.last - period.first).days + 1
    if scattered:
        given_days(con, days)
    return Ask(((0, period),), None, query.by, query.where, zone, some_days=scattered)


@dataclass(frozen=True)
class _Known:
    """Rows by day, as of a state."""

    mark: str
    metrics: Catalogue
    today: date
    firsts: Firsts
    rows: Mapping[date, list[Row]]


class DailyRows:
    """Rows of earlier answers by day; the questions least recently asked go first. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()

    def known(
        self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, query: MetricQuery, firsts: Firsts, today: date
    ) -> dict[date, list[Row]]:
        """The rows that still hold in the state that ``con`` sees, by day."""
        with self._lock:
            before = self._known.get(_key(query))
        if before is None or before.metrics is not metrics or before.firsts != firsts:
            return {}
        changed = days_since(con, before.mark)
        if changed is None:
            return {}
        leaves = {leaf for name in query.in_rows for leaf in metrics.leaves(name)}
        stale = {day for leaf in leaves for day in changed.get((leaf.spec.table, leaf.spec.date), ())}
        # Whether a day has begun may have changed for those from the earlier of the two days on.
        begun = date.max if before.today == today else min(before.today, today)
        return {day: rows for day, rows in before.rows.items() if day not in stale and day < begun}

    def keep(
        self,
        con: duckdb.DuckDBPyConnection,
        metrics: Catalogue,
        query: MetricQuery,
        firsts: Firsts,
        today: date,
        rows: dict[date, list[Row]],
    ) -> None:
        """Remember the rows of the state that ``con`` sees, those of the newest days where there are too many."""
        newest = dict(sorted(rows.items())[-DAYS_MAX:])
        with self._lock:
            self._known[_key(query)] = _Known(mark(con), metrics, today, firsts, newest)
            self._known.move_to_end(_key(query))
            while len(self._known) > QUESTIONS_MAX:
                self._known.popitem(last=False)


def missing(period: Period, known: Iterable[date]) -> list[date]:
    """The days of the period that are not among the ``known``, in order.

    >>> missing(Period(date(2026, 11, 1), date(2026, 11, 3)), [date(2026, 11, 2)])
    [datetime.date(2026, 11, 1), datetime.date(2026, 11, 3)]
    """
    have = set(known)
    days = (period.first + timedelta(offset) for offset in range((period.last - period.first).days + 1))
    return [day for day in days if day not in have]


def _key(query: MetricQuery) -> MetricQuery:
    """The question without what rows of a day do not depend on."""
    any_day = Period(FIRST_DAY, FIRST_DAY)
    return replace(
        query, metrics=query.in_rows, period=any_day, grain=None, line_of=(), rows_of=(), order_by="", rows_max=0
    )
