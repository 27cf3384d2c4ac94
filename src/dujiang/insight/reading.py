"""What people did in a channel on a day, read once for every level of a question.

Totals, line and rows of a dashboard are asked of the same rows. Sums are made by the engine for each day and channel and
added up here. People may not be added up, so their rows are fetched once and each person is marked once in each place
(period, step, channel): the marks are the people. Both give exactly what :mod:`dujiang.insight.measure` finds level by level,
which goes on answering everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.foundation.timewindows import bucket_start
from dujiang.insight import compile as queries
from dujiang.insight.dimensions import SHAPES
from dujiang.insight.marks import Codes, Flags, People, Whole, coded, counted, in_several
from dujiang.insight.measure import Cell, Measures, Raw
from dujiang.insight.plan import Ask, Level, Need, Periods, scan_of, together
from dujiang.insight.selection import BUCKET, OF, Scan, key_column

ROWS_MAX: Final = 6_000_000
"""Rows of people that are fetched at most; for longer periods of larger brands the engine counts level by level."""
_TABLES: Final = ("person_day", "visit")
"""Tables whose every row is about a person in a channel."""

Found = Iterator[tuple[Need, Cell, Raw]]


@dataclass(frozen=True)
class Wanted:
    """What is needed at one level of an answer."""

    level: Level
    ask: Ask
    needs: list[Need]


def read_once(con: duckdb.DuckDBPyConnection, measures: Measures, wanted: Sequence[Wanted]) -> set[Need]:
    """Note what one reading of a table answers at all levels together; the needs that are answered by it."""
    levels = [one for one in wanted if one.needs]
    if len(levels) < 2 or any(set(one.ask.by) - {"channel"} for one in levels):
        return set()
    groups: dict[object, list[Need]] = {}
    for need in dict.fromkeys(need for one in levels for need in one.needs if _fits(need, one.ask)):
        spec = need.metric.spec
        groups.setdefault((spec.table, spec.date, spec.channel, need.everywhere, spec.additive), []).append(need)
    answered: set[Need] = set()
    for group in groups.values():
        found = _read(con, levels, group)
        if found is not None:
            answered.update(group)
            for need, cell, raw in found:
                measures.put(need, cell, raw)
    return answered


def _fits(need: Need, asked: Ask) -> bool:
    spec = need.metric.spec
    if spec.type != "simple" or spec.table not in _TABLES:
        return False
    counts_people = spec.aggregate == "count_distinct" and spec.column == SHAPES[spec.table].person
    chosen = any(one.column == "channel" for one in asked.where)
    return spec.additive or (counts_people and (not spec.spread or (spec.spread == "channel" and not chosen)))


def _read(
    con: duckdb.DuckDBPyConnection, levels: Sequence[Wanted], group: list[Need]
) -> list[tuple[Need, Cell, Raw]] | None:
    """What the rows of one table say; None where they are too many to fetch."""
    found: list[tuple[Need, Cell, Raw]] = []
    for periods in together(levels[0].ask.periods):
        scan = _scan(levels, group, periods)
        if group[0].metric.spec.additive:
            found += _added_up(queries.simple(con, scan), levels, group)
            continue
        rows = queries.present(con, scan, ROWS_MAX + 1)
        if len(rows) > ROWS_MAX:
            return None
        found += _counted(con, rows, levels, group)
    return found


def _scan(levels: Sequence[Wanted], group: list[Need], periods: Periods) -> Scan:
    by = ("channel",) if any(one.ask.by for one in levels) else ()
    asked = replace(levels[0].ask, periods=periods, grain="day", by=by)
    return replace(
        scan_of(tuple(need.metric for need in group), group[0].metric, asked, group[0].everywhere), spread=""
    )


def _added_up(rows: pa.Table, levels: Sequence[Wanted], group: list[Need]) -> Found:
    of, days = rows[OF].to_pylist(), rows[BUCKET].to_pylist()
    channels = rows[key_column(0)].to_pylist() if key_column(0) in rows.column_names else [None] * len(rows)
    names = [f"{letter}{position}" for position in range(len(group)) for letter in "vn"]
    for one in levels:
        steps = {day: bucket_start(day, one.ask.grain) for day in dict.fromkeys(days)} if one.ask.grain else {}
        parts = [of, *([[steps[day] for day in days]] if steps else []), *([channels] if one.ask.by else [])]
        known: dict[tuple[Any, ...], int] = {}
        code = [known.setdefault(part, len(known)) for part in zip(*parts, strict=True)]
        cells = [Cell(one.level, part[0], part[1:]) for part in known]
        table = rows.select(names).append_column("cell", pa.array(code, pa.int64()))
        # A sum of nothing but nulls is null: the rows do not state this value.
        sums = table.group_by("cell", use_threads=False).aggregate([(name, "sum") for name in names]).sort_by("cell")
        for position, need in enumerate(group):
            if need in one.needs:
                values, behind = sums[f"v{position}_sum"].to_pylist(), sums[f"n{position}_sum"].to_pylist()
                yield from (
                    (need, cell, Raw(*raw)) for cell, raw in zip(cells, zip(values, behind, strict=True), strict=True)
                )


class _Columns(NamedTuple):
    """The rows as numbers."""

    of: Codes
    day: Codes
    channel: Codes
    person: People


def _counted(con: duckdb.DuckDBPyConnection, rows: pa.Table, levels: Sequence[Wanted], group: list[Need]) -> Found:
    if not len(rows):
        return
    columns = _Columns(coded(rows[OF]), coded(rows[BUCKET]), coded(rows["place"]), People.of(rows["who"]))
    chosen = [_chosen(con, rows, position, need, columns.person) for position, need in enumerate(group)]
    for one in levels:
        place, keys = _placed(columns, one.ask)
        scope = None
        for need, which in zip(group, chosen, strict=True):
            if need in one.needs:
                if need.metric.spec.spread:
                    if scope is None:
                        scope = _placed(columns, replace(one.ask, by=()))[0] if one.ask.by else place
                    which = in_several(scope, columns.person, columns.channel, which)
                yield from _raws(need, one.level, keys, place, columns.person, which)


def _chosen(con: duckdb.DuckDBPyConnection, rows: pa.Table, position: int, need: Need, person: People) -> Flags | None:
    """The rows that count for the metric at ``position``; None: all."""
    which = rows[f"w{position}"].to_numpy() if f"w{position}" in rows.column_names else None
    meant = queries.people_meant(con, need.metric)
    if meant is None:
        return which
    theirs = person.among(meant)[person.code]
    return theirs if which is None else which & theirs


def _raws(
    need: Need, level: Level, keys: list[tuple[int, tuple[Any, ...]]], place: Whole, person: People, which: Flags | None
) -> Found:
    people, behind = counted(place, len(keys), person, which)
    seen = behind if which is None else np.bincount(place, minlength=len(keys))
    for position, (of, key) in enumerate(keys):
        if seen[position]:
            yield need, Cell(level, of, key), Raw(int(people[position]), int(behind[position]))


def _placed(columns: _Columns, asked: Ask) -> tuple[Whole, list[tuple[int, tuple[Any, ...]]]]:
    """The number of each row's place at a level, and period and key of each place."""
    steps = {bucket_start(day, asked.grain): None for day in columns.day.values} if asked.grain else {None: None}
    order = {step: position for position, step in enumerate(steps)}
    place = columns.of.code.astype(np.int64)
    if asked.grain:
        of_day = [order[bucket_start(day, asked.grain)] for day in columns.day.values]
        place = place * len(order) + columns.day.translated(of_day)
    if asked.by:
        place = place * len(columns.channel.values) + columns.channel.code
    channels = [(name,) for name in columns.channel.values] if asked.by else [()]
    keys = [
        (of, (*((step,) if asked.grain else ()), *channel))
        for of in columns.of.values
        for step in order
        for channel in channels
    ]
    return place, keys
