"""What people did in a channel on a day, read once for every level of a question.

Totals, line and rows of a dashboard are asked of the same rows. Sums are made by the engine for each day and channel and
added up here. People may not be added up, so their rows are fetched once for each period and each person is marked once in
each place (step, channel): the marks are the people. Marking is left to other threads while the engine reads on. Both give
exactly what :mod:`dujiang.insight.measure` finds level by level, which goes on answering everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
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

ROWS_MAX: Final = 3_000_000
"""Rows of people that are fetched at most of a period; for longer ones of larger brands the engine counts level by level."""
_TABLES: Final = ("person_day", "visit")
"""Tables whose every row is about a person in a channel."""

Noted = tuple[Need, Cell, Raw]
Found = Iterator[Noted]


@dataclass(frozen=True)
class Wanted:
    """What is needed at one level of an answer."""

    level: Level
    ask: Ask
    needs: list[Need]


class Reading:
    """What one reading of a table answers at all levels of a question together.

    Args:
        con: where it is read.
        wanted: the levels.
        pool: threads that count people while the engine reads on.

    Attributes:
        answered: the needs that are answered by it.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted], pool: Executor) -> None:
        self._con, self._pool = con, pool
        self._levels = [one for one in wanted if one.needs]
        self._sums: list[Found] = []
        self._counts: list[Future[list[Noted]]] = []
        self.answered: set[Need] = set()
        if len(self._levels) > 1 and not any(set(one.ask.by) - {"channel"} for one in self._levels):
            for group in self._groups():
                self._read(group)

    def note(self, measures: Measures) -> None:
        """Note what was found, waiting for what is still being counted."""
        for found in (*self._sums, *(counting.result() for counting in self._counts)):
            for need, cell, raw in found:
                measures.put(need, cell, raw)

    def _groups(self) -> list[list[Need]]:
        """People first, since they are counted while sums are made."""
        groups: dict[tuple[Any, ...], list[Need]] = {}
        for need in dict.fromkeys(need for one in self._levels for need in one.needs if _fits(need, one.ask)):
            spec = need.metric.spec
            groups.setdefault((spec.additive, spec.table, spec.date, spec.channel, need.everywhere), []).append(need)
        return [groups[key] for key in sorted(groups, key=lambda key: key[0])]

    def _read(self, group: list[Need]) -> None:
        """What the rows of one table say, unless they are too many to fetch."""
        periods = self._levels[0].ask.periods
        if group[0].metric.spec.additive:
            scans = [_scan(self._levels, group, some) for some in together(periods)]
            self._sums += [_added_up(queries.simple(self._con, scan), self._levels, group) for scan in scans]
            self.answered.update(group)
            return
        meant = [queries.people_meant(self._con, need.metric) for need in group]
        counts: list[Future[list[Noted]]] = []
        for number, period in periods:
            rows = queries.present(self._con, _scan(self._levels, group, ((number, period),)), ROWS_MAX + 1)
            if len(rows) > ROWS_MAX:
                return
            people = _People(number, rows, group, meant)
            counts.append(self._pool.submit(people.counted, self._levels))
        self._counts += counts
        self.answered.update(group)


def _fits(need: Need, asked: Ask) -> bool:
    spec = need.metric.spec
    if spec.type != "simple" or spec.table not in _TABLES:
        return False
    counts_people = spec.aggregate == "count_distinct" and spec.column == SHAPES[spec.table].person
    chosen = any(one.column == "channel" for one in asked.where)
    return spec.additive or (counts_people and (not spec.spread or (spec.spread == "channel" and not chosen)))


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

    day: Codes
    channel: Codes
    person: People


@dataclass(frozen=True)
class _People:
    """Who was where in one period.

    Attributes:
        of: number of the period.
        rows: as :func:`dujiang.insight.compile.present` gives them.
        group: the metrics that people are counted for.
        meant: of each metric the people who fulfil its conditions on the person; None where it has none.
    """

    of: int
    rows: pa.Table
    group: list[Need]
    meant: list[pa.ChunkedArray | None]

    def counted(self, levels: Sequence[Wanted]) -> list[Noted]:
        """How many people there are in each place."""
        return list(self._counted(levels)) if len(self.rows) else []

    def _counted(self, levels: Sequence[Wanted]) -> Found:
        rows = self.rows
        columns = _Columns(coded(rows[BUCKET]), coded(rows["place"]), People.of(rows["who"]))
        chosen = [self._chosen(position, columns.person) for position in range(len(self.group))]
        for one in levels:
            place, keys = _placed(columns, one.ask)
            scope = None
            for need, which in zip(self.group, chosen, strict=True):
                if need in one.needs:
                    if need.metric.spec.spread:
                        if scope is None:
                            scope = _placed(columns, replace(one.ask, by=()))[0] if one.ask.by else place
                        which = in_several(scope, columns.person, columns.channel, which)
                    for key, raw in _raws(keys, place, columns.person, which):
                        yield need, Cell(one.level, self.of, key), raw

    def _chosen(self, position: int, person: People) -> Flags | None:
        """The rows that count for the metric at ``position``; None: all."""
        which = self.rows[f"w{position}"].to_numpy() if f"w{position}" in self.rows.column_names else None
        meant = self.meant[position]
        if meant is None:
            return which
        theirs = person.among(meant)[person.code]
        return theirs if which is None else which & theirs


def _raws(
    keys: list[tuple[Any, ...]], place: Whole, person: People, which: Flags | None
) -> Iterator[tuple[tuple[Any, ...], Raw]]:
    people, behind = counted(place, len(keys), person, which)
    seen = behind if which is None else np.bincount(place, minlength=len(keys))
    for position, key in enumerate(keys):
        if seen[position]:
            yield key, Raw(int(people[position]), int(behind[position]))


def _placed(columns: _Columns, asked: Ask) -> tuple[Whole, list[tuple[Any, ...]]]:
    """The number of each row's place at a level, and the key of each place."""
    steps = {bucket_start(day, asked.grain): None for day in columns.day.values} if asked.grain else {None: None}
    channels = [(name,) for name in columns.channel.values] if asked.by else [()]
    order = {step: position * len(channels) for position, step in enumerate(steps)}
    place = columns.channel.code.astype(np.int64) if asked.by else np.zeros(len(columns.day.code), np.int64)
    if asked.grain:
        place += columns.day.translated([order[bucket_start(day, asked.grain)] for day in columns.day.values])
    keys = [(*((step,) if asked.grain else ()), *channel) for step in steps for channel in channels]
    return place, keys
