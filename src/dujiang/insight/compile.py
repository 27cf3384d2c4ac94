"""Metrics as questions. Numbers of people are counted anew at each level and ratios are never summed.

Each function is pure and turns a :class:`~dujiang.insight.selection.Scan` into one Ibis expression; results are in columns
``v<i>`` (the value) and ``n<i>`` (rows behind it), for the metric or the window at position ``i``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

import duckdb
import ibis
import pyarrow as pa

from dujiang.engine.question import Column, Query, Rows, ask
from dujiang.foundation.timewindows import Period
from dujiang.insight.catalogue import Metric
from dujiang.insight.dimensions import DAY, told
from dujiang.insight.model import MetricSpec
from dujiang.insight.selection import (
    BUCKET,
    OF,
    Scan,
    by_its_rows,
    conditioned,
    days_told,
    keyed,
    own_conditions,
    own_rows,
    people_who,
    rows_of_any,
    selected,
    sourced,
    without_days,
)


@dataclass(frozen=True)
class Window:
    """Days that a cumulative metric takes in: from ``first`` (None: the beginning) to ``last``, for one step of a period."""

    of: int
    bucket: date | None
    first: date | None
    last: date


def simple(con: duckdb.DuckDBPyConnection, scan: Scan) -> pa.Table:
    """Simple metrics of one table, one row for each combination of keys that has rows."""
    return ask(con, _simple(without_days(scan)), days_told(scan))


@lru_cache(maxsize=1024)
def _simple(scan: Scan) -> Query:
    rows = selected(scan)
    # Rows that no metric counts are nothing to join and to group, unless they say which values of a dimension there are.
    rows = rows if scan.by else rows_of_any(rows, scan.metrics)
    return Query(_by_person(scan, rows) if _counts_people(scan) else _at_once(scan, rows))


def present(con: duckdb.DuckDBPyConnection, scan: Scan, rows_max: int) -> pa.Table:
    """Who was where, at most ``rows_max`` rows: period, step, person (``who``), channel (``place``), and for the metric at
    position ``i`` that has conditions of its own on rows whether the row fulfils them (``w<i>``).

    Conditions of its own on the person are left to :func:`people_meant`.
    """
    return ask(con, _present(without_days(scan), rows_max), days_told(scan))


@lru_cache(maxsize=256)
def _present(scan: Scan, rows_max: int) -> Query:
    metrics = tuple(map(by_its_rows, scan.metrics))
    scan = replace(scan, metrics=metrics, rows_of=by_its_rows(scan.rows_of))
    rows = selected(scan)
    own = {f"w{position}": own_conditions(rows, metric) for position, metric in enumerate(metrics)}
    flags = {name: which.fill_null(False) for name, which in own.items() if which is not None}
    named = rows.select(OF, BUCKET, who=rows[scan.shape.person], place=rows[scan.channel], **flags)
    return Query(named.limit(rows_max))


def people_meant(con: duckdb.DuckDBPyConnection, metric: Metric) -> pa.ChunkedArray | None:
    """The people who fulfil the metric's own conditions on the person; None where it has none.

    A person has many rows: asking people instead of joining them to every row is several times less work.
    """
    query = _people_meant(metric)
    return None if query is None else ask(con, query)["person"]


@lru_cache(maxsize=256)
def _people_meant(metric: Metric) -> Query | None:
    chosen = people_who(metric)
    return None if chosen is None else Query(chosen)


def _at_once(scan: Scan, rows: Rows) -> Rows:
    measures: dict[str, Column] = {}
    for position, metric in enumerate(scan.metrics):
        which = own_conditions(rows, metric)
        measures[f"v{position}"] = aggregated(rows, metric.spec, scan.shape.person, which)
        measures[f"n{position}"] = rows.count(where=which)
    return rows.group_by(scan.keys).aggregate(**measures)


def _counts_people(scan: Scan) -> bool:
    """Whether to go person by person: one pass for any number of distinct counts, each of which costs a pass of its own."""
    distinct = [metric for metric in scan.metrics if metric.spec.aggregate == "count_distinct"]
    if any(metric.spec.column != scan.shape.person for metric in distinct):
        return False
    return len(distinct) > 1 or any(metric.spec.spread for metric in distinct if not scan.spread)


def _by_person(scan: Scan, rows: Rows) -> Rows:
    """First a row for each person, with a mark for each metric that the person counts for; then their sums."""
    marks: dict[str, Column] = {}
    for position, metric in enumerate(scan.metrics):
        which = own_conditions(rows, metric)
        marks[f"n{position}"] = rows.count(where=which)
        if metric.spec.aggregate != "count_distinct":
            marks[f"v{position}"] = aggregated(rows, metric.spec, scan.shape.person, which)
        if metric.spec.spread:
            place = rows[metric.spec.spread]
            marks[f"least{position}"], marks[f"most{position}"] = place.min(where=which), place.max(where=which)
    people = rows.group_by([*scan.keys, scan.shape.person]).aggregate(**marks)
    sums = [_summed(scan, people, position) for position in range(len(scan.metrics))]
    return people.group_by(scan.keys).aggregate(**{name: value for part in sums for name, value in part.items()})


def _summed(scan: Scan, people: Rows, position: int) -> dict[str, Column]:
    spec = scan.metrics[position].spec
    rows, counts = people[f"n{position}"], people[f"n{position}"] > 0
    if spec.aggregate != "count_distinct":
        return {f"v{position}": people[f"v{position}"].sum(), f"n{position}": rows.sum()}
    counts &= people[scan.shape.person].notnull()
    if spec.spread and not scan.spread:
        counts &= people[f"least{position}"] != people[f"most{position}"]
    return {f"v{position}": people.count(where=counts), f"n{position}": rows.sum(where=counts)}


def cumulative(con: duckdb.DuckDBPyConnection, scan: Scan, windows: Sequence[Window]) -> pa.Table:
    """A cumulative metric, one row for each combination of dimensions, one column for each window."""
    days = {f"first_{position}": one.first for position, one in enumerate(windows) if one.first is not None}
    days |= {f"last_{position}": one.last for position, one in enumerate(windows)}
    latest = max(one.last for one in windows)
    query = _cumulative(without_days(scan), tuple(one.first is not None for one in windows))
    return ask(con, query, {**days, "latest": latest})


@lru_cache(maxsize=256)
def _cumulative(scan: Scan, begun: tuple[bool, ...]) -> Query:
    """For windows of which these have a beginning."""
    metric = scan.rows_of
    rows = sourced(scan)
    rows = keyed(scan, conditioned(scan, own_rows(rows.filter(rows[DAY] <= told("latest")), metric)))
    measures: dict[str, Column] = {}
    for position, has_first in enumerate(begun):
        last = told(f"last_{position}")
        inside = rows[DAY] <= last
        if has_first:
            inside &= rows[DAY] >= told(f"first_{position}")
        inside = still(rows, metric.spec, inside, last)
        measures[f"v{position}"] = aggregated(rows, metric.spec, scan.shape.person, inside)
        measures[f"n{position}"] = rows.count(where=inside)
    keys = [key for key in scan.keys if key.startswith("_k")]
    return Query(rows.group_by(keys).aggregate(**measures) if keys else rows.aggregate(**measures))


def conversion(con: duckdb.DuckDBPyConnection, scan: Scan, goal: Scan, until: date) -> pa.Table:
    """A conversion metric: ``v0`` people who did it, ``n0`` people who started by ``until``."""
    first, last = _goal_days(scan)
    days = {**days_told(scan), "until": until, "goal_first": first, "goal_last": last}
    return ask(con, _conversion(without_days(scan), without_days(goal)), days)


@lru_cache(maxsize=256)
def _conversion(scan: Scan, goal: Scan) -> Query:
    tried = _attempts(scan, goal, told("until"), (told("goal_first"), told("goal_last")))
    return Query(tried.group_by(scan.keys).aggregate(v0=tried["_hit"].sum(), n0=tried.count()))


def attempts(scan: Scan, goal: Scan, until: date) -> Rows:
    """One row for each person (and combination of keys) who started, with ``_hit`` 1 where the goal followed in time.

    The time runs from the person's first start in the period; what follows may be in any channel.
    """
    return _attempts(scan, goal, until, _goal_days(scan))


def _attempts(scan: Scan, goal: Scan, until: Column | date, goal_days: tuple[Column | date, Column | date]) -> Rows:
    spec = scan.metrics[0].spec
    rows = own_rows(selected(scan), scan.rows_of)
    rows = rows.filter(rows[scan.shape.person].notnull(), rows[DAY] <= until)
    keys = [*scan.keys, scan.shape.person]
    starts = rows.group_by(keys).aggregate(_start=rows[DAY].min())
    goals = own_rows(sourced(goal), goal.rows_of)
    goals = goals.filter(goals[DAY].between(*goal_days))
    met = goals.select(_who=goals[goal.shape.person], _met=goals[DAY]).distinct()
    both = starts.left_join(met, starts[scan.shape.person] == met["_who"])
    distance = both["_met"].delta(both["_start"], unit="day")
    hit = distance.between(spec.after_days, spec.within_days).fill_null(False).cast("int64")
    return both.mutate(_one=hit).group_by(keys).aggregate(_hit=ibis._["_one"].max())


def _goal_days(scan: Scan) -> tuple[date, date]:
    """The first and the last day on which the goal of the scan's conversion can be met."""
    spec = scan.metrics[0].spec
    first = min(period.first for _number, period in scan.periods) + timedelta(spec.after_days)
    return first, max(period.last for _number, period in scan.periods) + timedelta(spec.within_days)


def aggregated(rows: Rows, spec: MetricSpec, person: str, which: Column | None) -> Column:
    """The aggregate of a simple metric over the rows that fulfil ``which``."""
    if spec.aggregate == "count":
        return rows.count(where=which)
    if spec.aggregate == "filled":
        return _filled(rows, spec.columns).mean(where=which)
    column = rows[spec.column or person]
    if spec.aggregate == "count_distinct":
        return column.nunique(where=which)
    if spec.aggregate == "p90":
        return column.quantile(0.9, where=which)
    name = {"sum": "sum", "avg": "mean", "median": "median", "max": "max"}[spec.aggregate]
    return getattr(column, name)(where=which)


def _filled(rows: Rows, columns: tuple[str, ...]) -> Column:
    """Share of the columns that hold something, row by row; an empty list holds nothing."""
    marks = []
    for name in columns:
        column = rows[name]
        full = column.length() > 0 if column.type().is_array() else column.notnull()
        marks.append(full.fill_null(False).cast("float64"))
    return sum(marks[1:], marks[0]) / len(marks)


def behind(scan: Scan, goal: Scan | None = None, until: date | None = None) -> Rows:
    """The people behind the one metric of ``scan``, as a table with the column ``person``, each once."""
    if goal is not None and until is not None:
        tried = attempts(scan, goal, until)
        return _people(tried.filter(tried["_hit"] == 1), scan.shape.person)
    spec = scan.metrics[0].spec
    scan = replace(scan, spread=scan.rows_of.spec.spread)
    if spec.type == "cumulative":
        rows = sourced(scan)
        first, last = trailing(spec, scan.periods[0][1].last)
        days = rows[DAY] <= last if first is None else rows[DAY].between(first, last)
        rows = conditioned(scan, rows.filter(still(rows, scan.rows_of.spec, days, last)))
    else:
        rows = selected(scan)
    return _people(own_rows(rows, scan.rows_of), scan.shape.person)


def _people(rows: Rows, person: str) -> Rows:
    return rows.select(person=rows[person]).filter(ibis._["person"].notnull()).distinct()


def still(rows: Rows, spec: MetricSpec, inside: Column, last: Column | date) -> Column:
    """Those of the rows ``inside`` that count still at the end of the day ``last``."""
    if not spec.until:
        return inside
    return inside & (rows[spec.until].isnull() | (rows[spec.until] > last))


def trailing(spec: MetricSpec, last: date) -> tuple[date | None, date]:
    """Days that a cumulative metric takes in up to ``last``; from None: from the beginning."""
    return (None if spec.window_days is None else last - timedelta(spec.window_days - 1)), last


def goal_scan(scan: Scan, goal: Metric) -> Scan:
    """The scan for the goal of a conversion: the same periods, but no dimensions and no conditions of the query."""
    return replace(scan, rows_of=goal, metrics=(goal,), by=(), where=(), grain=None)


def one_period(metric: Metric, rows_of: Metric, period: Period, zone: str) -> Scan:
    """A scan of one metric over one period, undivided."""
    return Scan((metric,), rows_of, ((0, period),), None, (), (), zone)


__all__ = [
    "OF",
    "Scan",
    "Window",
    "attempts",
    "behind",
    "conversion",
    "cumulative",
    "goal_scan",
    "people_meant",
    "present",
    "simple",
    "trailing",
]
