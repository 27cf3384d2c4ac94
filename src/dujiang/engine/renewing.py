"""Columns that were asked for lately, said of the rows of a new state before anybody asks for them again.

What a column says of a row changes only together with the file that the row lies in. So a refresh asks the engine about the
rows of new files alone, and takes over the rest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dujiang.engine.columns import NOBODY, Columns, Whole
from dujiang.engine.kernels.steps import EVENTS, Lookup, looked_up
from dujiang.engine.remembered import Asked, Said, state
from dujiang.engine.timeline import Timeline
from dujiang.engine.view import KEYS, WORDS_MAX, MappedView, Table, View

COLUMNS_MAX: Final = 8
"""How many are said again after each refresh: those asked for last."""
ASKED_WITHIN_NS: Final = 24 * 3600 * 1_000_000_000
"""What nobody has asked for so long is forgotten."""
ANEW_FROM: Final = 0.25
"""Share of new rows above which a column is asked anew, all of it."""


@dataclass(frozen=True, eq=False)
class Lately:
    """What was asked for lately of the rows that a timeline showed.

    Attributes:
        files: those of the rows, one for each part.
        columns: what was asked, what it says, and when it was last asked for, in nanoseconds since 1970.
    """

    files: Sequence[str]
    columns: Sequence[tuple[Asked, Said, int]]

    @classmethod
    def of(cls, timeline: Timeline) -> Lately:
        """What is remembered of the rows that ``timeline`` shows; it stays readable when they change."""
        since_ns = time.time_ns() - ASKED_WITHIN_NS
        found = timeline.remembered.lately(state(timeline.mark, timeline.columns()))
        return cls(timeline.files(), [one for one in found[:COLUMNS_MAX] if one[2] >= since_ns])

    def renew(self, timeline: Timeline, con: duckdb.DuckDBPyConnection) -> None:
        """Remember the same of the rows that ``timeline`` shows now; what cannot be said costs whoever asks for it."""
        view = View.of(timeline, con) if self.columns else None
        if not isinstance(view, MappedView):
            return
        place = {file: number for number, file in enumerate(self.files)}
        same = [place.get(file, -1) for file in timeline.files()]
        new = sum(len(rows.person) for rows, older in zip(view.parts, same, strict=True) if older < 0)
        for asked, said, asked_ns in self.columns:
            with suppress(duckdb.Error):
                if new > view.rows * ANEW_FROM:
                    view.ask(asked, asked_ns)
                    continue
                parts, words = renewed(con, view.parts, asked, said, same)
                if len(words) <= WORDS_MAX:
                    timeline.remembered.keep(state(view.mark, view.parts), asked, parts, words, asked_ns)


def renewed(
    con: duckdb.DuckDBPyConnection, parts: Sequence[Columns], asked: Asked, said: Said, same: Sequence[int]
) -> tuple[list[npt.NDArray[Any]], pa.Array]:
    """What a column says of ``parts``, as codes and their words; some of these may not be said any more.

    Args:
        con: where new rows are asked for.
        parts: the rows.
        asked: the column.
        said: what it says of older parts.
        same: by part the number of the older one that holds the same rows, -1 where there is none.
    """
    key, family = KEYS[cast(Table, asked.table)]
    fresh = [rows for rows, older in zip(parts, same, strict=True) if older < 0]
    con.register("said_row", pa.table({"said_key": np.concatenate([NOBODY, *(_keys(rows, family) for rows in fresh)])}))
    question = f"SELECT {key} AS seq, {asked.text} AS word FROM {asked.table} SEMI JOIN said_row ON said_key = {key}"
    found = con.sql(f"FROM ({question}) WHERE word IS NOT NULL", params=dict(asked.values)).to_arrow_table()
    con.unregister("said_row")
    words = _together(con, said.words, found["word"])
    codes = _places(found["word"], words)
    lookup = Lookup.of(found["seq"].to_numpy(), codes)
    moved = np.append(_places(said.words, words), np.int32(-1))  # the code of none finds the last place
    return [
        looked_up(rows, family, lookup) if older < 0 else _moved(said.parts[older], moved)
        for rows, older in zip(parts, same, strict=True)
    ], words


def _keys(rows: Columns, family: int) -> Whole:
    return rows.seq[rows.event >= EVENTS if family == EVENTS else rows.event == family]


def _together(con: duckdb.DuckDBPyConnection, words: pa.Array, more: pa.ChunkedArray) -> pa.Array:
    """Every word, sorted."""
    con.register("said_word", pa.table({"word": words}))
    con.register("new_word", pa.table({"word": more}))
    found = con.sql("FROM (FROM said_word UNION FROM new_word) ORDER BY word").to_arrow_table()
    con.unregister("said_word")
    con.unregister("new_word")
    return found["word"].combine_chunks()


def _places(asked: pa.Array | pa.ChunkedArray, words: pa.Array) -> npt.NDArray[np.int32]:
    """Where each of ``asked`` stands among ``words``."""
    found: Any = pc
    return found.index_in(asked, words).to_numpy().astype(np.int32)


def _moved(codes: npt.NDArray[Any], moved: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
    """Codes after words came in between; the same where none did."""
    return codes if np.array_equal(moved[:-1], np.arange(len(moved) - 1)) else moved[codes]
