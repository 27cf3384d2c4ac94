"""The loader: from the journal to the archive, each request exactly once.

How far the journal was read is committed together with the parts, counts, dead letters and clear values that came of it, so
a load that is cut off anywhere leaves nothing behind and is done again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
from sqlalchemy import Connection

from dujiang.collect.decode import Decoded, StagedEvent
from dujiang.collect.identifiers import Ignored, Tokeniser
from dujiang.collect.ignored import add_ignored
from dujiang.collect.marks import tracked
from dujiang.collect.sift import Settled, Sift
from dujiang.collect.unbinding import unbound
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import ensure
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.store.database import Database
from dujiang.store.journal import Journal, JournalRow
from dujiang.store.manifest import DeadLetter, Manifest
from dujiang.store.vault import Vault

CURSOR = "journal"

Decoder = Callable[[JournalRow, Tokeniser], Decoded]


@dataclass(frozen=True)
class Load:
    """What one load did.

    Attributes:
        settled: parts and counts.
        requests: journal rows read.
        events: events in them: accepted + rejected + duplicate.
        conflicts: keys of events that came again with another body.
    """

    settled: Settled
    requests: int
    events: int
    rejected: int
    conflicts: tuple[int, ...]


@dataclass
class Loader:
    """Reads the journal on from where it was, one bounded load at a time."""

    journal: Journal
    manifest: Manifest
    db: Database
    vault: Vault
    sift: Sift
    decoder: Decoder
    new_tokeniser: Callable[[], Tokeniser]
    max_events: int = field(default=BOUNDS.load_events_max)

    def load(self) -> Load | None:
        """Load the next requests; None when the journal holds nothing new."""
        with self.db.read() as rx:
            after = self.manifest.cursor(rx, CURSOR)
        rows = self.journal.read(after, self.max_events)
        return self._load(rows) if rows else None

    def waiting(self) -> int:
        """Requests that are on disk but not loaded yet."""
        with self.db.read() as rx:
            return max(0, self.journal.head() - self.manifest.cursor(rx, CURSOR))

    def _load(self, rows: Sequence[JournalRow]) -> Load:
        tokeniser = self.new_tokeniser()
        with self.sift.open(new_id("load")) as sieve:
            events: list[StagedEvent] = []
            letters: list[DeadLetter] = []
            ignored: defaultdict[tuple[str, date], Counter[Ignored]] = defaultdict(Counter)
            for row in rows:
                decoded = self.decoder(row, tokeniser)
                ignored[row.source, row.received_at.date()].update(tokeniser.take_ignored())
                _check_nothing_is_missing(row, decoded)
                events += decoded.events
                letters += decoded.dead_letters(row)
                for one in decoded.rejected:
                    sieve.reject(row.source, one.received_at)
            marks = tracked(events)
            events, unbindings = unbound(events)
            sifted = sieve.add({"event": staged_table(events), **marks, **unbindings})

            def commit(tx: Connection) -> None:
                self.manifest.set_cursor(tx, CURSOR, rows[-1].sequence)
                self.manifest.add_dead_letters(tx, letters)
                self.vault.put(tx, tokeniser.take_clear())
                add_ignored(tx, ignored)

            settled = sieve.settle(commit)
        return Load(settled, len(rows), len(events) + len(letters), len(letters), sifted.conflicts)


def staged_table(events: Sequence[StagedEvent]) -> pa.Table:
    """Staged events as the sift takes them: the event family's columns but ``seq`` and ``batch``, and ``line``."""
    schema = FAMILIES["event"]
    columns: dict[str, pa.Array] = {}
    for place, name in enumerate(StagedEvent._fields):
        cells = [event[place] for event in events]
        if name == "identifiers":
            cells = [[{"type": one.type, "node": one.node} for one in event.identifiers] for event in events]
        columns[name] = pa.array(cells, schema.field(name).type)
    columns["line"] = pa.array(range(len(events)), pa.int64())
    return pa.table(columns)


def _check_nothing_is_missing(row: JournalRow, decoded: Decoded) -> None:
    sentence = _(
        "Request {sequence} came with {received} events, but {decoded} were decoded. Nothing of it was loaded."
    )
    found = len(decoded.events) + len(decoded.rejected)
    ensure(
        found == row.events, "load.events_missing", sentence, sequence=row.sequence, received=row.events, decoded=found
    )
