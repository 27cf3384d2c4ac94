"""The journal's rows on disk: appended in one chain, read with the chain checked, pruned behind an anchor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from operator import attrgetter
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from dujiang.foundation.errors import Conflict, InvariantBroken
from dujiang.foundation.i18n import _
from dujiang.store.chain import START
from dujiang.store.connections import BUSY_SECONDS, begin_read, begin_write, serialise
from dujiang.store.faults import as_error, fault_of
from dujiang.store.journal_model import StoredRow
from dujiang.store.tables import JOURNAL, journal_anchor, journal_entry

_FORMAT: Final = 1
_PRUNE_ROWS: Final = 5_000
COLUMNS: Final = tuple(journal_entry.c[field.name] for field in fields(StoredRow))
_NAMES: Final = tuple(field.name for field in fields(StoredRow))
_values: Final = attrgetter(*_NAMES)
_INSERT: Final = {
    dialect: f"INSERT INTO {journal_entry.name} ({', '.join(_NAMES)}) VALUES ({', '.join([mark] * len(_NAMES))})"
    for dialect, mark in (("sqlite", "?"), ("postgresql", "%s"))
}
_PAGE_BYTES: Final = 16 * 1024 * 1024


class Place(NamedTuple):
    """A position in the chain: a sequence and the hash of the row there."""

    sequence: int
    hash: bytes


class Survey(NamedTuple):
    """Where a journal begins and ends: its anchor and head, and number, first and last sequence of its kept rows."""

    anchor: Place
    head: Place
    total: int
    first: int | None
    last: int | None


class JournalLog:
    """The two tables of the journal, in whichever database they are."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = threading.Lock()
        with self.writing() as tx:
            JOURNAL.create_all(tx)
            _check_format(tx)

    def append(self, make_rows: Callable[[Place], list[StoredRow]]) -> int:
        """Commit the rows that ``make_rows`` builds upon the newest place; the sequence of the first of them.

        When it returns, they are on disk.
        """
        with self.writing() as tx:
            rows = make_rows(_head(tx))
            # Straight to the driver: the columns need no translation, and it takes a third of the time.
            tx.exec_driver_sql(_INSERT[tx.dialect.name], [_values(row) for row in rows])
        return rows[0].sequence

    def survey(self) -> Survey:
        """Where the journal begins and ends, as of one moment."""
        sequence = journal_entry.c.sequence
        with self._read() as rx:
            total, first, last = rx.execute(select(func.count(), func.min(sequence), func.max(sequence))).one()
            return Survey(_anchor(rx), _head(rx), total, first, last)

    def head(self) -> Place:
        """The newest place, pruned or kept."""
        with self._read() as rx:
            return _head(rx)

    def anchor(self) -> Place:
        """The place that the oldest kept row follows."""
        with self._read() as rx:
            return _anchor(rx)

    def place(self, sequence: int) -> Place | None:
        """The place of ``sequence``; None if it was pruned or is not there."""
        with self._read() as rx:
            anchor = _anchor(rx)
            return anchor if anchor.sequence == sequence else _place(rx, sequence)

    def last_before(self, moment_us: int) -> int:
        """The sequence up to which every kept row was received before a moment (microseconds)."""
        query = select(func.min(journal_entry.c.sequence)).where(journal_entry.c.received_at >= moment_us)
        with self._read() as rx:
            first = rx.execute(query).scalar()
            return _head(rx).sequence if first is None else first - 1

    def rows(self, after: int) -> Iterator[StoredRow]:
        """The kept rows after a sequence, in order, read in pages so that no lock is held between them."""
        page = 256
        while True:
            query = select(*COLUMNS).where(journal_entry.c.sequence > after)
            with self._read() as rx:
                found = [StoredRow(*row) for row in rx.execute(query.order_by(journal_entry.c.sequence).limit(page))]
            yield from found
            if len(found) < page:
                return
            after = found[-1].sequence
            mean = sum(len(row.body) for row in found) // len(found) + 200
            page = max(16, min(10_000, _PAGE_BYTES // mean))

    def prune(self, up_to: int) -> int:
        """Take out the rows up to a sequence, a few thousand in each transaction; how many they were."""
        removed = 0
        while part := self._prune_some(up_to):
            removed += part
        return removed

    def _prune_some(self, up_to: int) -> int:
        with self.writing() as tx:
            last = min(up_to, _head(tx).sequence, _anchor(tx).sequence + _PRUNE_ROWS)
            place = _place(tx, last)
            if place is None:
                return 0
            tx.execute(update(journal_anchor).values(sequence=place.sequence, hash=place.hash))
            return tx.execute(delete(journal_entry).where(journal_entry.c.sequence <= last)).rowcount

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with begin_read(self.engine) as rx, rx.begin():
                yield rx
        except DBAPIError as error:
            fault = fault_of(error)
            if fault == "other":
                raise
            raise as_error(fault) from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that nobody else appends in."""
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            raise as_error("busy")
        try:
            with begin_write(self.engine) as tx, tx.begin():
                serialise(tx, "journal")
                yield tx
        finally:
            self._writer.release()


def _check_format(tx: Connection) -> None:
    found = tx.execute(select(journal_anchor.c.format)).scalar()
    if found is None:
        tx.execute(insert(journal_anchor).values(id=1, format=_FORMAT, sequence=0, hash=START))
    elif found != _FORMAT:
        sentence = _(
            "The journal was written by a newer version of Dujiang (form {found}). Update Dujiang, then open it."
        )
        raise Conflict("journal.newer", sentence, found=found)


def _anchor(rx: Connection) -> Place:
    row = rx.execute(select(journal_anchor.c.sequence, journal_anchor.c.hash)).first()
    if row is None:
        sentence = _("The journal has lost the mark of where it begins. Run “dujiang doctor”.")
        raise InvariantBroken("journal.no_anchor", sentence)
    return Place(*row)


def _head(rx: Connection) -> Place:
    query = select(journal_entry.c.sequence, journal_entry.c.hash).order_by(journal_entry.c.sequence.desc()).limit(1)
    row = rx.execute(query).first()
    return Place(*row) if row else _anchor(rx)


def _place(rx: Connection, sequence: int) -> Place | None:
    query = select(journal_entry.c.sequence, journal_entry.c.hash).where(journal_entry.c.sequence == sequence)
    row = rx.execute(query).first()
    return Place(*row) if row else None
