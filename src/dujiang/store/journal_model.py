"""What the journal keeps and what its checks find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dujiang.store.chain import link
from dujiang.store.columns import to_micros
from dujiang.store.problems import Problem


@dataclass(frozen=True, slots=True)
class Entry:
    """One request as it was received.

    Attributes:
        source: definition name of the source that the key belongs to.
        key_id: id of the key it was sent with.
        received_at: when, in UTC.
        path: path of the request.
        content_type: of the body; empty where the request said none.
        body: as sent, at most ``BOUNDS.request_bytes_max`` bytes.
        events: how many events are in the body, as far as the intake could tell.
    """

    source: str
    key_id: str
    received_at: datetime
    path: str
    content_type: str
    body: bytes
    events: int


@dataclass(frozen=True, slots=True)
class JournalRow(Entry):
    """An entry with its place in the journal, counted from 1 without gaps."""

    sequence: int


@dataclass(frozen=True)
class JournalCheck:
    """What a check of the journal found.

    Attributes:
        entries: how many entries were read and compared with their hashes.
        first: sequence of the oldest entry that is kept; None when there is none.
        last: sequence of the newest entry ever, kept or pruned; 0 when there never was one.
        problems: what is wrong, the first one first; empty when all is well.
    """

    entries: int
    first: int | None
    last: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of the journal's table: body sealed, moment in microseconds."""

    sequence: int
    received_at: int
    source: str
    key_id: str
    path: str
    content_type: str
    events: int
    body: bytes
    hash: bytes

    def follows(self, previous: bytes) -> bool:
        """Whether its hash is that of this row after the row whose hash is ``previous``."""
        return self.hash == row_hash(previous, self)


def storable(entry: Entry) -> Entry:
    """``entry`` as every database can keep it: what is no text (NUL, half a surrogate pair) becomes U+FFFD.

    One odd request may not fail those that share its commit.

    Raises:
        TypeError: if ``received_at`` has no time zone.
    """
    to_micros(entry.received_at)
    texts = (entry.source, entry.key_id, entry.path, entry.content_type)
    if all(text.isascii() and "\0" not in text for text in texts):
        return entry
    source, key_id, path, content_type = (_cleaned(text) for text in texts)
    return replace(entry, source=source, key_id=key_id, path=path, content_type=content_type)


def _cleaned(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def stored(entry: Entry, sequence: int, body: bytes, previous: bytes) -> StoredRow:
    """``entry`` with its sealed ``body`` as the row that follows ``previous``."""
    micros = to_micros(entry.received_at)
    plain = (sequence, micros, entry.source, entry.key_id, entry.path, entry.content_type, entry.events, body)
    return StoredRow(*plain, hash=link(previous, plain))


def row_hash(previous: bytes, row: StoredRow) -> bytes:
    """The hash that ``row`` must have after ``previous``."""
    fields = (row.sequence, row.received_at, row.source, row.key_id, row.path, row.content_type, row.events, row.body)
    return link(previous, fields)
