"""The rows of the timelines, asked from the engine: all of them, or those that touched persons may have anew.

Besides events these are valid orders (when they were paid, else made; worth what was paid less what was given back), refunds
(worth what was given back), conversations, and for each person of whom a source keeps a record when they joined or were
added, else when the first record is from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.columns import EMPTY, OTHERS, STORED, Code, Columns
from dujiang.engine.derived.events import SAYS_WHO

BUCKETS: Final = 16
"""Persons are spread over this many buckets by the last bits of their number."""

_OWNED: Final = """JOIN {owner} ON node = anchor
        AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)"""
_EVENTS: Final = f"""
    SELECT person, "at", 0 AS family, name, channel, page, dwell_ms, value_minor, seq
    FROM fact_event {_OWNED}
    WHERE NOT list_contains($says_who, kind) {{since}}
"""
_OTHERS: Final = f"""
    SELECT person, coalesce(paid_at, "at") AS "at", 1 AS family, channel, net_minor AS value_minor, order_key AS seq
    FROM orders {{among}} WHERE status = 'valid'
    UNION ALL BY NAME
    SELECT person, "at", 2 AS family, channel, amount_minor AS value_minor, refund_key AS seq FROM refunds {{among}}
    UNION ALL BY NAME
    SELECT person, "at", 3 AS family, channel, conversation_key AS seq FROM conversation {{among}}
    UNION ALL BY NAME
    SELECT person, met."at" AS "at", 4 AS family, met.channel AS channel, met.seq AS seq FROM (
        SELECT person, coalesce(
            min({{{{'at': joined, 'seq': seq, 'channel': channel}}}}) FILTER (joined IS NOT NULL),
            min({{{{'at': "at", 'seq': seq, 'channel': channel}}}})) AS met
        FROM (SELECT person, "at", least(joined_at, added_at) AS joined, seq, channel FROM fact_customer {_OWNED})
        GROUP BY person)
"""
# An order, a refund, a conversation, or the first that a source says of a person's joining; after events of the moment.
_ROWS: Final = f"""
    SELECT person, epoch_ms("at") AS at_ms, {{columns}},
        coalesce(dwell_ms, 0) AS dwell_ms, coalesce(value_minor, 0) AS value_minor, seq
    FROM ({_EVENTS} UNION ALL BY NAME
        SELECT * FROM ({_OTHERS}) WHERE person IS NOT NULL AND "at" IS NOT NULL) {{joins}}
    ORDER BY person & $mask, person, at_ms, family, "at", seq
"""
_ALL: Final = _ROWS.format(
    columns="CASE family WHEN 0 THEN coalesce(event_code.code, -1) ELSE CAST(-1 - family AS INTEGER) END AS event,"
    " channel_code.code AS channel, coalesce(page_code.code, -1) AS page",
    owner="person_node",
    among="",
    joins="LEFT JOIN event_code ON event_code.word = name JOIN channel_code ON channel_code.word = channel"
    " LEFT JOIN page_code ON page_code.word = page",
    since="",
)
_TOUCHED: Final = _ROWS.format(
    columns="family, name, channel, page",
    owner="(SELECT node, person, from_at, to_at, since FROM person_node JOIN followed USING (person))",
    among="SEMI JOIN followed USING (person)",
    joins="",
    since='AND "at" >= $earliest AND epoch_ms("at") >= epoch_ms(since)',
)
_GIVEN: Final = {"says_who": list(SAYS_WHO), "mask": BUCKETS - 1}
_TOLD: Final = ("fact_event", "orders", "refunds", "conversation", "fact_customer")


PAGES_MAX: Final = 65_536
"""Different pages that get a code. Where addresses differ for everybody, nobody asks for one of them, and none is coded."""


class Codes:
    """Numbers for the names of events and channels, and for pages; a number never changes its word.

    Attributes:
        events: code by name.
        channels: code by name.
        pages: code by page; None where there are too many, so that the column of pages says nothing.
    """

    def __init__(self) -> None:
        self.events: dict[str, int] = {}
        self.channels: dict[str, int] = {}
        self.pages: dict[str, int] | None = {}

    @classmethod
    def from_lists(cls, events: list[str], channels: list[str], pages: list[str] | None) -> Codes:
        """Codes as :meth:`as_lists` wrote them down."""
        codes = cls()
        codes.events = {word: code for code, word in enumerate(events)}
        codes.channels = {word: code for code, word in enumerate(channels)}
        codes.pages = None if pages is None else {word: code for code, word in enumerate(pages)}
        return codes

    def as_lists(self) -> dict[str, list[str] | None]:
        """Words in the order of their codes."""
        pages = None if self.pages is None else list(self.pages)
        return {"events": list(self.events), "channels": list(self.channels), "pages": pages}

    @property
    def names(self) -> list[str | None]:
        """The word of each code of the column of events, those of :data:`OTHERS` and of no name at their negative places.

        >>> Codes.from_lists(["viewed"], [], []).names
        ['viewed', '@join', '@conversation', '@refund', '@order', None]
        """
        return [*self.events, *reversed(OTHERS), None]

    def page_codes(self, pages: pa.ChunkedArray) -> Code:
        """The code of each of ``pages``; -1 for one that is missing, and for all once there are too many."""
        coded = None if self.pages is None else _coded(pages, self.pages)
        if self.pages is None or len(self.pages) > PAGES_MAX:
            self.pages = None
        return np.full(len(pages), -1, np.int32) if coded is None else coded


def all_rows(con: duckdb.DuckDBPyConnection, codes: Codes) -> Iterator[Columns]:
    """Everything that persons did, one set of columns for each bucket in order; new words are added to ``codes``."""
    _learn(codes.events, _different(con, "name"))
    _learn(codes.channels, sorted({word for table in _TOLD for word in _different(con, "channel", table)}))
    pages = _different(con, "page", most=PAGES_MAX + 1)
    codes.pages = None if len(pages) > PAGES_MAX else {word: code for code, word in enumerate(pages)}
    tables = {"event_code": codes.events, "channel_code": codes.channels, "page_code": codes.pages or {}}
    for name, known in tables.items():
        con.register(name, _as_table(known))
    yield from _in_buckets(con.sql(_ALL, params=_GIVEN).to_arrow_reader(1_000_000))
    for name in tables:
        con.unregister(name)


def _in_buckets(batches: Iterable[pa.RecordBatch]) -> Iterator[Columns]:
    """Rows that come bucket after bucket, all of one bucket together: never more than one of them is in memory."""
    number, parts = 0, list[Columns]()
    for batch in batches:
        rows = Columns.of({name: batch.column(name).to_numpy() for name in STORED})
        bucket = rows.person & (BUCKETS - 1)
        for found in np.unique(bucket):
            while number < found:
                yield Columns.join(parts)
                number, parts = number + 1, []
            parts.append(rows.take(bucket == found))
    while number < BUCKETS:
        yield Columns.join(parts)
        number, parts = number + 1, []


def touched_rows(con: duckdb.DuckDBPyConnection, codes: Codes, touched: pa.Table) -> Columns:
    """What the persons in ``touched`` did: events from their ``since`` on, all else from the beginning.

    New words are added to ``codes``.
    """
    earliest = min(touched["since"].to_pylist())
    con.register("followed", touched)
    found = con.sql(_TOUCHED, params={**_GIVEN, "earliest": earliest}).to_arrow_table()
    con.unregister("followed")
    if not found.num_rows:
        return EMPTY
    columns = {name: found[name].to_numpy() for name in ("person", "at_ms", "dwell_ms", "value_minor", "seq")}
    family = found["family"].to_numpy()
    names, columns["channel"] = _coded(found["name"], codes.events), _coded(found["channel"], codes.channels)
    columns["event"] = np.where(family == 0, names, -1 - family).astype(np.int32)
    columns["page"] = codes.page_codes(found["page"])
    return Columns.of(columns).take(columns["channel"] >= 0)


def _different(
    con: duckdb.DuckDBPyConnection, column: str, table: str = "fact_event", most: int = 1 << 31
) -> list[str]:
    question = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT {most}"
    return sorted(word for (word,) in con.execute(question).fetchall())


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
