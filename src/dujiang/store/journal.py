"""The journal: every accepted request, on disk before its sender is told so.

Requests that arrive together share one commit (group commit). Entries are numbered without gaps and chained by hashes;
several processes may append at once. After the first disk error the journal accepts nothing more until it is opened again:
what a failed fsync left on disk is not known, and trying again would only hide it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Final

import zstandard
from sqlalchemy.exc import DBAPIError

from dujiang.foundation.bounds import BOUNDS, Bounds
from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import DujiangError, InvariantBroken, Unavailable
from dujiang.foundation.i18n import _
from dujiang.store.columns import from_micros, to_micros
from dujiang.store.connections import checked_url, open_engine
from dujiang.store.database import Database
from dujiang.store.faults import as_error, fault_of
from dujiang.store.journal_check import Witness, broken_at, check
from dujiang.store.journal_log import JournalLog, Place
from dujiang.store.journal_model import Entry, JournalCheck, JournalRow, StoredRow, storable, stored
from dujiang.store.journal_salvage import Salvaged, salvage
from dujiang.store.journal_writer import JournalWriter, busy
from dujiang.store.keyring import Keyring
from dujiang.store.manifest_cursor import JOURNAL_CURSOR, cursor_value

__all__ = ["Entry", "Journal", "JournalCheck", "JournalRow", "Salvaged"]

_PURPOSE: Final = "journal"
_LEVEL: Final = 1


class Journal:
    """The journal of one workspace. Safe to use from several threads and event loops."""

    def __init__(
        self, log: JournalLog, keyring: Keyring, clock: Clock, witness: Witness | None, passed: int, bounds: Bounds
    ) -> None:
        self._log = log
        self._keyring = keyring
        self._clock = clock
        self._witness = witness
        self._bounds = bounds
        self._stopped: DujiangError | None = None
        self.commit_seconds: float | None = None
        """How long the last commit took; None before the first."""
        self.opening = check(log, passed=passed, witness=witness.read() if witness else None, full=False)
        """What the quick check at opening found; when it found something, nothing is appended."""
        if not self.opening.ok:
            self._stopped = _damaged()
        self._writer = JournalWriter(self._commit, bounds)

    @classmethod
    def open(cls, database: Database | str, keyring: Keyring, clock: Clock, *, bounds: Bounds = BOUNDS) -> Journal:
        """The journal that belongs to a store.

        On SQLite it is ``journal.db`` beside the store's file; on PostgreSQL it is in the store's database.

        Args:
            database: the store, or its address; with an address it is not checked how far the store was loaded.
            keyring: seals the bodies.
            clock: measures how long commits take.
            bounds: limits of queue and commit.

        Raises:
            InvalidInput, Conflict (``journal.newer``), Unavailable, InvariantBroken (``store.broken``).
        """
        url = checked_url(database) if isinstance(database, str) else database.engine.url
        witness_file = None
        if url.get_backend_name() == "sqlite":
            file = Path(str(url.database)).with_name("journal.db")
            url, witness_file = url.set(database=str(file)), file.with_suffix(".head")
        passed = _passed(database) if isinstance(database, Database) else 0
        engine = open_engine(url)
        witness = Witness(witness_file) if witness_file else None
        try:
            return cls(JournalLog(engine), keyring, clock, witness, passed, bounds)
        except BaseException as error:
            engine.dispose()
            if isinstance(error, DBAPIError):
                raise as_error(fault_of(error)) from None
            raise

    async def append(self, entry: Entry) -> int:
        """Put ``entry`` on disk; its sequence.

        Raises:
            TooMany: ``journal.busy`` when more requests wait for the disk than the bounds allow; nothing was kept.
            Unavailable: ``journal.stopped`` after a disk error, ``journal.damaged`` when a check failed; whether this
                entry was kept is not known, and sending it again is safe.
        """
        return await self._writer.append(storable(entry))

    def append_many(self, entries: Sequence[Entry]) -> list[int]:
        """Put ``entries`` on disk in order, at most ``BOUNDS.journal_commit_rows_max`` in one commit; their sequences.

        Raises:
            TooMany, Unavailable: as :meth:`append`; the entries of earlier commits stay.
        """
        size, sequences = self._bounds.journal_commit_rows_max, list[int]()
        for start in range(0, len(entries), size):
            part = [storable(entry) for entry in entries[start : start + size]]
            first = self._commit(part)
            sequences += range(first, first + len(part))
        return sequences

    def read(self, after: int, max_events: int) -> list[JournalRow]:
        """The entries that follow sequence ``after``, until together they have ``max_events`` events; at least one if
        there is one.

        Every entry is compared with its hash first.

        Raises:
            InvariantBroken: ``journal.damaged``, naming the entry; what lies before it can be read with a smaller bound.
        """
        previous = self._log.place(after)
        if previous is None:
            raise _damaged_read(after)
        rows: list[JournalRow] = []
        events = 0
        for row in self._log.rows(after):
            if row.sequence != previous.sequence + 1 or not row.follows(previous.hash):
                if rows:
                    return rows
                raise _damaged_read(previous.sequence + 1)
            previous = Place(row.sequence, row.hash)
            rows.append(self._opened(row))
            events += row.events
            if events >= max_events:
                break
        return rows

    def head(self) -> int:
        """Sequence of the newest entry; 0 when there never was one."""
        return self._log.head().sequence

    def begins_after(self) -> int:
        """The sequence that the oldest kept entry follows."""
        return self._log.anchor().sequence

    def verify(self, passed: int = 0) -> JournalCheck:
        """Compare every kept entry with its hash, and the end with what was acknowledged.

        Args:
            passed: how far the store says that it was loaded.
        """
        witness = self._witness.read() if self._witness else None
        return check(self._log, passed=passed, witness=witness, full=True)

    def received_before(self, moment: datetime) -> int:
        """The sequence up to which every entry was received before ``moment``."""
        return self._log.last_before(to_micros(moment))

    def prune(self, up_to: int) -> int:
        """Take out what was archived long enough ago, up to and including a sequence; how many entries that were."""
        return self._log.prune(up_to)

    def salvage(self, file: Path, *, passed: int, loadable: Callable[[JournalRow], bool]) -> Salvaged:
        """Keep what can be read, put aside what cannot, and accept entries again. Afterwards the store has to go on after
        ``begins_after``.

        Args:
            file: where unreadable entries go, with their bodies as sealed.
            passed: how far the store has loaded.
            loadable: whether an entry could be loaded; asked about those whose hash does not vouch for them.
        """

        def readable(row: StoredRow) -> bool:
            try:
                return loadable(self._opened(row))
            except (DujiangError, zstandard.ZstdError, ValueError, OverflowError):
                return False

        witness = self._witness.read() if self._witness else None
        done = salvage(self._log, file, passed=passed, witness=witness, readable=readable)
        if self._witness:
            self._witness.write(self._log.head())
        self._stopped = None
        return done

    @property
    def accepts(self) -> bool:
        """Whether entries can be appended."""
        return self._stopped is None

    def close(self) -> None:
        """Write what waits, then close."""
        self._writer.close()
        if self._witness:
            self._witness.close()
        self._log.engine.dispose()

    def _commit(self, entries: Sequence[Entry]) -> int:
        if self._stopped:
            raise copy(self._stopped)
        compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        bodies = [self._keyring.seal(compress(entry.body), _PURPOSE) for entry in entries]
        end: list[Place] = []

        def make_rows(head: Place) -> list[StoredRow]:
            rows = _chained(entries, bodies, head)
            end.append(Place(rows[-1].sequence, rows[-1].hash))
            return rows

        start = self._clock.monotonic()
        try:
            first = self._log.append(make_rows)
        except DBAPIError as error:
            raise self._failed(error) from None
        self.commit_seconds = self._clock.monotonic() - start
        if self._witness:
            self._witness.write(end[0])
        return first

    def _failed(self, error: DBAPIError) -> DujiangError:
        fault = fault_of(error)
        if fault == "busy":
            return busy()
        stopped = Unavailable("journal.stopped", _("The journal's disk failed. Nothing is accepted until a restart."))
        if fault != "lost":  # a database server that went away has its own rule for failed fsyncs: it restarts
            self._stopped = stopped
        return stopped

    def _opened(self, row: StoredRow) -> JournalRow:
        packed = self._keyring.unseal(row.body, _PURPOSE)
        body = zstandard.ZstdDecompressor().decompress(packed, max_output_size=self._bounds.request_bytes_inflated_max)
        return JournalRow(
            source=row.source,
            key_id=row.key_id,
            received_at=from_micros(row.received_at),
            path=row.path,
            content_type=row.content_type,
            body=body,
            events=row.events,
            sequence=row.sequence,
        )


def _passed(database: Database) -> int:
    with database.read() as rx:
        return cursor_value(rx, JOURNAL_CURSOR)


def _chained(entries: Sequence[Entry], bodies: Sequence[bytes], head: Place) -> list[StoredRow]:
    rows: list[StoredRow] = []
    for entry, body in zip(entries, bodies, strict=True):
        head_row = stored(entry, head.sequence + 1, body, head.hash)
        head = Place(head_row.sequence, head_row.hash)
        rows.append(head_row)
    return rows


def _damaged() -> Unavailable:
    sentence = _(
        "The journal is damaged, so nothing is accepted. Stop the server and run “dujiang doctor --salvage”: "
        "it puts damaged entries aside."
    )
    return Unavailable("journal.damaged", sentence)


def _damaged_read(sequence: int) -> InvariantBroken:
    problem = broken_at(sequence)
    return InvariantBroken(problem.code, problem.sentence, **problem.values)
