"""The audit log: who did what, when and why, chained and in the same commit as the deed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from dujiang.foundation.i18n import _
from dujiang.store.chain import START, link
from dujiang.store.columns import canonical_json, to_micros
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.problems import Problem
from dujiang.store.tables import audit

_PAGE: Final = 5_000


@dataclass(frozen=True)
class AuditEntry:
    """One deed.

    Attributes:
        sequence: place in the log, counted from 1.
        at: when.
        actor: who: the name of an account, a key's id, or ``system``.
        action: what, such as ``definition.apply``.
        object: to what; an id or a name, never personal data.
        before: what it was, as far as it is told; None where it did not exist.
        after: what it became; None where it is gone.
        reason: why, in the actor's words.
    """

    sequence: int
    at: datetime
    actor: str
    action: str
    object: str
    before: Any
    after: Any
    reason: str


@dataclass(frozen=True)
class AuditCheck:
    """How many entries were compared with their hashes, and what is wrong."""

    entries: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def record(
    tx: Connection,
    *,
    actor: str,
    action: str,
    object: str,  # noqa: A002 - the log's own word
    at: datetime,
    before: Any = None,
    after: Any = None,
    reason: str = "",
) -> int:
    """Add a deed to the log when ``tx`` commits; its sequence. See :class:`AuditEntry` for the arguments."""
    serialise(tx)
    last = tx.execute(select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)).first()
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, START)
    entry = AuditEntry(sequence, at, actor, action, object, before, after, reason)
    values = {name: getattr(entry, name) for name in AuditEntry.__dataclass_fields__}
    tx.execute(insert(audit).values(values | {"hash": _hash(previous, entry)}))
    return sequence


def newest(tx: Connection, action: str) -> str | None:
    """To what ``action`` was done last; None where it never was."""
    query = select(audit.c.object).where(audit.c.action == action).order_by(audit.c.sequence.desc()).limit(1)
    return tx.execute(query).scalar()


class Audit:
    """The log's readers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, limit: int = 100, before: int | None = None) -> Sequence[AuditEntry]:
        """Entries, the newest first; with ``before`` only those of a lower sequence."""
        query = select(audit).order_by(audit.c.sequence.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.sequence < before)
        with self._database.read() as rx:
            return [_entry(row) for row in rx.execute(query)]

    def verify(self) -> AuditCheck:
        """Compare every entry with its hash; the first that is missing or was changed is named."""
        previous, entries = START, 0
        while page := self._page(after=entries):
            for entry, hash_ in page:
                if entry.sequence != entries + 1 or hash_ != _hash(previous, entry):
                    sentence = _("Entry {sequence} of the audit log is missing or was changed.")
                    return AuditCheck(entries, (Problem("audit.broken", sentence, {"sequence": entries + 1}),))
                previous, entries = hash_, entries + 1
        return AuditCheck(entries, ())

    def _page(self, after: int) -> Sequence[tuple[AuditEntry, bytes]]:
        query = select(audit).where(audit.c.sequence > after).order_by(audit.c.sequence).limit(_PAGE)
        with self._database.read() as rx:
            return [(_entry(row), row.hash) for row in rx.execute(query)]

    def head(self) -> tuple[int, str]:
        """Sequence and hash of the newest entry, for keeping where this program cannot write; (0, "") for an empty log."""
        query = select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
        with self._database.read() as rx:
            row = rx.execute(query).first()
        return (row.sequence, row.hash.hex()) if row else (0, "")


def _hash(previous: bytes, entry: AuditEntry) -> bytes:
    told = (canonical_json(entry.before), canonical_json(entry.after), entry.reason)
    return link(previous, (entry.sequence, to_micros(entry.at), entry.actor, entry.action, entry.object, *told))


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**{name: row._mapping[name] for name in AuditEntry.__dataclass_fields__})
