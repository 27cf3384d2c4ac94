"""A crowd: persons in a fixed order, and which of them fulfil single conditions, as masks over that order.

Fields and tags are columns that are read once and compared in memory. What people did with their names, channels and pages
alone comes from timelines; all other statistics come from the engine, one question for each source however many conditions ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.columns import Whole, among
from dujiang.engine.kernels.places import Places
from dujiang.people.behaviour import COLUMNS, AsOf, Source
from dujiang.people.bound import Binder, Question
from dujiang.people.comparison import Comparison, Kind
from dujiang.people.conditions import (
    FIELDS,
    All,
    Any_,
    Behaviour,
    Condition,
    Listed,
    Near,
    Not,
    Profile,
    Sample,
    Sequence,
    Tagged,
)
from dujiang.people.counting import source_text
from dujiang.people.matching import Mask, matches
from dujiang.people.segments.fast import Timelines
from dujiang.people.segments.near import near
from dujiang.people.segments.sampling import sampled
from dujiang.people.segments.sequences import people_of
from dujiang.people.segments.tags import TAGS, TagKinds

COLUMNS_BYTES_MAX: Final = 512 * 1024 * 1024
"""Memory for the columns of one crowd; the oldest go first."""
COLUMNS_AT_ONCE: Final = 16
STATISTICS_AT_ONCE: Final = 50
Masks = dict[str, Mask]
_One = TypeVar("_One", bound=Condition)
_Column = tuple[str, str]
_Compared = tuple[str, Kind, Comparison]


class Crowd:
    """Answers for single conditions.

    Args:
        persons: whom it is about, sorted.
        as_of: the moment looked from, of whole milliseconds.
        tags: the tags in force.
        timelines: of these persons; None where the engine has to answer all.
        among: a table with the column ``person`` that holds them; empty where they are everybody.
    """

    def __init__(
        self, persons: Whole, as_of: AsOf, tags: TagKinds, timelines: Timelines | None = None, among: str = ""
    ) -> None:
        self.persons, self.as_of, self.timelines = persons, as_of, timelines
        self._tags, self._among, self._places = tags, among, Places(persons)
        self._columns: dict[_Column, pa.Array] = {}

    def masks(self, con: duckdb.DuckDBPyConnection, asked: Mapping[str, Condition]) -> Masks:
        """Who fulfils each of ``asked``: single conditions by names of any kind.

        Raises:
            InvalidInput: ``segment.comparison`` where a comparison does not fit its tag.
            NotFound: ``segment.no_tag``.
        """
        found = self._compared(con, asked)
        lines = self.timelines
        rows = {name: one for name, one in asked.items() if lines is not None and lines.knows(one)}
        if lines is not None and rows:
            found |= lines.masks(rows, self.as_of)
        rest = {name: one for name, one in asked.items() if name not in found}
        done = _of(Behaviour, rest)
        for source in COLUMNS:
            found |= self._counted(con, source, {name: one for name, one in done.items() if one.source == source})
        for name, one in rest.items():
            if name not in found:
                found[name] = self._members(con, one)
        return found

    def _members(self, con: duckdb.DuckDBPyConnection, one: Condition) -> Mask:
        if isinstance(one, Sample):
            return sampled(self.persons, one.percent, one.seed)
        if isinstance(one, Sequence):
            return among(self.persons, people_of(con, one, self.as_of, self._among))
        if isinstance(one, Near):
            return among(self.persons, _persons(con, near(one, self.as_of, self._among)))
        assert isinstance(one, Listed)
        binder = Binder()
        text = f"SELECT DISTINCT person FROM tagged WHERE tag = {binder.bind(one.tag)}"
        return among(self.persons, _persons(con, binder.question(text)))

    # ── fields and tags ─────────────────────────────────────────────────────────────────────────────────────────────

    def _compared(self, con: duckdb.DuckDBPyConnection, asked: Mapping[str, Condition]) -> Masks:
        fields: dict[str, _Compared] = {
            name: (one.field, FIELDS[one.field], one) for name, one in _of(Profile, asked).items()
        }
        for one in _of(Tagged, asked).values():
            self._tags.check(one)
        tagged: dict[str, _Compared] = {
            name: (one.tag, self._tags.kind(one.tag), one) for name, one in _of(Tagged, asked).items()
        }
        return self._compared_in(con, "person", fields) | self._compared_in(con, TAGS, tagged)

    def _compared_in(self, con: duckdb.DuckDBPyConnection, table: str, asked: Mapping[str, _Compared]) -> Masks:
        """The comparisons of columns of ``table``, some columns at a time."""
        found: Masks = {}
        columns = list(dict.fromkeys(column for column, _kind, _one in asked.values()))
        for first in range(0, len(columns), COLUMNS_AT_ONCE):
            some = columns[first : first + COLUMNS_AT_ONCE]
            self._read(con, table, some)
            for name, (column, kind, one) in asked.items():
                if column in some:
                    found[name] = matches(self._columns[table, column], kind, one, self.as_of.today)
            self._forget()
        return found

    def _read(self, con: duckdb.DuckDBPyConnection, table: str, names: list[str]) -> None:
        """Read those columns of ``table`` that are not read yet, in the order of the persons."""
        new = [name for name in names if (table, name) not in self._columns]
        if not new:
            return
        binder = Binder()
        made = ", ".join(f"{self._text(name, table, binder)} AS c{place}" for place, name in enumerate(new))
        semi = f'SEMI JOIN "{self._among}" USING (person)' if self._among else ""
        rows = binder.question(f"SELECT person, {made} FROM {table} {semi}").answer(con)
        theirs = self._rows_of(rows)
        for number, name in enumerate(new):
            self._columns[table, name] = rows[f"c{number}"].combine_chunks().take(theirs)

    def _text(self, name: str, table: str, binder: Binder) -> str:
        if table == "person" and name == "age":
            return f"(year({binder.bind(self.as_of.today)}) - birth_year)"
        if table == "person" and FIELDS[name] == "moment":
            return f'CAST(timezone({binder.bind(self.as_of.zone.key)}, "{name}") AS DATE)'
        return f'"{name}"'

    def _rows_of(self, answer: pa.Table) -> pa.Array:
        """For each person the row of ``answer`` that is theirs; null where none is."""
        rows = self._places.rows(answer["person"].to_numpy())
        return pa.array(rows, mask=rows < 0)

    def _forget(self) -> None:
        while len(self._columns) > 1 and sum(one.nbytes for one in self._columns.values()) > COLUMNS_BYTES_MAX:
            self._columns.pop(next(iter(self._columns)))

    # ── statistics ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _counted(self, con: duckdb.DuckDBPyConnection, source: Source, asked: Mapping[str, Behaviour]) -> Masks:
        """Who fulfils conditions on one source, by the statistics of those who did anything of it."""
        found: Masks = {}
        names = list(asked)
        for first in range(0, len(names), STATISTICS_AT_ONCE):
            some = {name: asked[name] for name in names[first : first + STATISTICS_AT_ONCE]}
            columns = {one.statistic: f"b{place}" for place, one in enumerate(some.values())}
            binder = Binder()
            statistics = {column: statistic for statistic, column in columns.items()}
            rows = binder.question(source_text(source, statistics, self.as_of, binder, self._among)).answer(con)
            place = self._places.of(rows["person"].to_numpy())
            known = place >= 0
            for name, one in some.items():
                values = rows[columns[one.statistic]].combine_chunks()
                fits, nothing = self._fitting(one, values), self._fitting(one, pa.nulls(1, values.type))
                found[name] = np.full(len(self.persons), nothing[0])
                found[name][place[known]] = fits[known]
        return found

    def _fitting(self, one: Behaviour, values: pa.Array) -> Mask:
        """Which values of its statistic fulfil ``one``."""
        absent = one.statistic.absent
        known = values if absent is None else values.fill_null(absent)
        return matches(known, one.statistic.kind, one.comparison, self.as_of.today)


def everybody(con: duckdb.DuckDBPyConnection, among: str = "") -> Whole:
    """Every person, sorted; of the table ``among`` alone where it is not empty."""
    semi = f'SEMI JOIN "{among}" USING (person)' if among else ""
    return _persons(con, Question(f"SELECT person FROM person {semi}", {}))


def name_of(one: Condition) -> str:
    """The name of a single condition: equal ones share it."""
    return one.model_dump_json()


def combined(tree: Condition, masks: Mapping[str, Mask]) -> Mask:
    """Who fulfils ``tree``, by the masks of its single conditions."""
    if isinstance(tree, Not):
        return ~combined(tree.of, masks)
    if isinstance(tree, All | Any_):
        combine = np.logical_and if isinstance(tree, All) else np.logical_or
        return combine.reduce([combined(part, masks) for part in tree.of])
    return masks[name_of(tree)]


def _of(kind: type[_One], asked: Mapping[str, Condition]) -> dict[str, _One]:
    return {name: one for name, one in asked.items() if isinstance(one, kind)}


def _persons(con: duckdb.DuckDBPyConnection, question: Question) -> Whole:
    return np.sort(question.answer(con)["person"].to_numpy())
