"""The rows of the timelines, asked from the engine: all of them, or those that touched persons may have anew."""

from __future__ import annotations

from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.columns import EMPTY, Code, Columns
from dujiang.engine.derived.events import SAYS_WHO

BUCKETS: Final = 16
"""Persons are spread over this many buckets by the last bits of their number."""

_ROWS: Final = """
    SELECT person, epoch_ms("at") AS at_ms, {columns}
    FROM fact_event JOIN {owner} ON node = anchor
        AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at) {joins}
    WHERE NOT list_contains($says_who, kind) {since}
    ORDER BY person & $mask, person, "at", seq
"""
_ALL: Final = _ROWS.format(
    columns="event_code.code AS event, channel_code.code AS channel",
    owner="person_node",
    joins="JOIN event_code ON event_code.word = fact_event.name JOIN channel_code ON channel_code.word = channel",
    since="",
)
_TOUCHED: Final = _ROWS.format(
    columns="name, channel",
    owner="(SELECT node, person, from_at, to_at, since FROM person_node JOIN followed USING (person))",
    joins="",
    since='AND "at" >= $earliest AND epoch_ms("at") >= epoch_ms(since)',
)
_GIVEN: Final = {"says_who": list(SAYS_WHO), "mask": BUCKETS - 1}


class Codes:
    """Numbers for the names of events and channels; a number never changes its name."""

    def __init__(self) -> None:
        self.events: dict[str, int] = {}
        self.channels: dict[str, int] = {}

    @classmethod
    def from_lists(cls, events: list[str], channels: list[str]) -> Codes:
        """Codes as :meth:`as_lists` wrote them down."""
        codes = cls()
        codes.events = {word: code for code, word in enumerate(events)}
        codes.channels = {word: code for code, word in enumerate(channels)}
        return codes

    def as_lists(self) -> dict[str, list[str]]:
        """Names in the order of their codes."""
        return {"events": list(self.events), "channels": list(self.channels)}


def all_rows(con: duckdb.DuckDBPyConnection, codes: Codes) -> list[Columns]:
    """Everything that persons did, one set of columns for each bucket; new names are added to ``codes``."""
    for word, known in (("name", codes.events), ("channel", codes.channels)):
        found = con.execute(f"SELECT DISTINCT {word} FROM fact_event WHERE {word} IS NOT NULL ORDER BY 1").fetchall()
        _learn(known, [one for (one,) in found])
    con.register("event_code", _as_table(codes.events))
    con.register("channel_code", _as_table(codes.channels))
    parts: list[list[Columns]] = [[] for _bucket in range(BUCKETS)]
    for batch in con.sql(_ALL, params=_GIVEN).to_arrow_reader(1_000_000):
        rows = Columns(*(batch.column(name).to_numpy() for name in Columns._fields[:4]))
        bucket = rows.person & (BUCKETS - 1)
        for number in np.unique(bucket):
            parts[number].append(rows.take(bucket == number))
    con.unregister("event_code")
    con.unregister("channel_code")
    return [Columns.join(part) for part in parts]


def touched_rows(con: duckdb.DuckDBPyConnection, codes: Codes, touched: pa.Table) -> Columns:
    """What the persons in ``touched`` did from their ``since`` on; new names are added to ``codes``."""
    earliest = min(touched["since"].to_pylist())
    con.register("followed", touched)
    found = con.sql(_TOUCHED, params={**_GIVEN, "earliest": earliest}).to_arrow_table()
    con.unregister("followed")
    if not found.num_rows:
        return EMPTY
    event, channel = _coded(found["name"], codes.events), _coded(found["channel"], codes.channels)
    known = (event >= 0) & (channel >= 0)
    return Columns(found["person"].to_numpy(), found["at_ms"].to_numpy(), event, channel).take(known)


def _learn(known: dict[str, int], words: list[str]) -> None:
    for word in words:
        known.setdefault(word, len(known))


def _coded(words: pa.ChunkedArray, known: dict[str, int]) -> Code:
    """The code of each of ``words``; -1 for one that is missing."""
    coded = words.combine_chunks().dictionary_encode()
    _learn(known, coded.dictionary.to_pylist())
    by_place = np.array([*(known[word] for word in coded.dictionary.to_pylist()), -1], np.int32)
    return by_place[coded.indices.fill_null(len(by_place) - 1).to_numpy()]


def _as_table(known: dict[str, int]) -> pa.Table:
    return pa.table({"word": pa.array(list(known), pa.string()), "code": pa.array(list(known.values()), pa.int32())})
