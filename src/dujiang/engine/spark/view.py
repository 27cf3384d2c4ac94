"""Timelines as questions see them, on Spark: what is known of rows is worked out by the worker that has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from dujiang.engine.columns import Code, Columns, Whole
from dujiang.engine.kernels.among import only
from dujiang.engine.kernels.steps import EVENTS, Lookup, Steps, Where, masked, stepped
from dujiang.engine.question import Reader, compiled
from dujiang.engine.spark.timelines import Timelines, Told
from dujiang.engine.view import KEYS, ByPerson, Coded, Done, Kind, Mask, Table, View, different, too_many_words

pc: Any = pyarrow.compute  # its functions are made when it is imported
Asking = Callable[[], AbstractContextManager[None]]
Translated = Callable[[str, Mapping[str, Any]], Any]


@dataclass(frozen=True, eq=False)
class Known:
    """Something known of each part.

    Attributes:
        make: what it is, of the part's rows and of all columns that were told beside them.
        told: those columns.
    """

    make: Callable[[Columns, pa.Table], Any]
    told: tuple[Told, ...] = ()


class SparkView(View):
    """The rows that workers keep sorted.

    Args:
        reader: where conditions and columns are asked that timelines do not hold.
        said: turns a question in DuckDB's SQL into a data frame.
        asking: within it errors of Spark are ours, and jobs can be stopped.
        timelines: the rows.
    """

    parts: Known

    def __init__(self, reader: Reader, said: Translated, asking: Asking, timelines: Timelines) -> None:
        super().__init__(timelines.codes)
        self.mark, self.parts = reader.mark, Known(lambda rows, _told: rows)
        self._reader, self._said, self._asking, self._timelines = reader, said, asking, timelines

    @property
    def rows(self) -> int:
        """How many rows there are."""
        with self._asking():
            return self._timelines.count()

    def each(self, work: Callable[..., Done], *known: Known) -> list[Done]:
        """What ``work`` makes of each part, where the part lies."""
        makes = [one.make for one in known]
        told = {one.name: one for several in known for one in several.told}

        def run(rows: Columns, columns: pa.Table) -> Done:
            return work(*(make(rows, columns) for make in makes))

        with self._asking():
            return self._timelines.answers(run, [*told.values()])

    def mask(self, question: Any, values: Mapping[str, Any] | None = None, table: Table = "fact_event") -> Mask:
        """The rows that ``question`` answers with."""
        text = question if isinstance(question, str) else compiled(question)
        return Mask(table, self._told(f"SELECT *, true FROM ({text})", values or {}, table))

    def of_persons(self, text: str, table: str) -> Coded:
        """What an expression says of persons."""
        words = self._different(text, {}, table, text)
        told = Told(self._said(f"SELECT person, {text} FROM {table}", {}))

        def make(rows: Columns, columns: pa.Table) -> ByPerson:
            persons, first = np.unique(rows.person, return_index=True)
            return ByPerson(persons, _found(columns[told.name], words)[first])

        return Coded(Known(make, (told,)), [*words.to_pylist(), None])

    def _marked(self, kinds: Sequence[Kind], where: Where, people: Whole | None) -> Known:
        masks = [
            (place, KEYS[mask.table][1], mask.rows.name) for place, kind in enumerate(kinds) for mask in kind.masks
        ]

        def make(rows: Columns, columns: pa.Table) -> Steps:
            found = stepped(rows, where)
            for place, family, name in masks:
                keys = rows.seq[columns[name].is_valid().to_numpy()]
                masked(found, rows, place, family, Lookup.of(keys, np.zeros(len(keys), np.int32)))
            if people is not None:
                only(found, rows.person, people)
            return found

        return Known(make, tuple(mask.rows for kind in kinds for mask in kind.masks))

    def _own(self, column: str) -> Known:
        return Known(lambda rows, _told: getattr(rows, column))

    def _coded(self, text: str, values: Mapping[str, Any], table: Table, column: str) -> Coded:
        words = self._different(text, values, table, column)
        told = self._told(f"SELECT {KEYS[table][0]}, {text} FROM {table}", values, table)
        return Coded(
            Known(lambda _rows, columns: _found(columns[told.name], words), (told,)), [*words.to_pylist(), None]
        )

    def _different(self, text: str, values: Mapping[str, Any], table: str, column: str) -> pa.Array:
        words = different(self._reader, text, values, table)
        if words is None:
            raise too_many_words(column)
        return words

    def _told(self, text: str, values: Mapping[str, Any], table: Table) -> Told:
        with self._asking():
            return Told(self._said(text, values), EVENTS - KEYS[table][1])


def _found(said: pa.ChunkedArray, words: pa.Array) -> Code:
    return pc.index_in(said, value_set=words).fill_null(-1).to_numpy().astype(np.int32)
