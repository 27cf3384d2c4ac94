"""What was imported: one record for each file, committed together with its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.plain import plain
from dujiang.store.database import Database
from dujiang.store.tables import import_run


@dataclass(frozen=True)
class ImportResult:
    """One imported file. ``rows = accepted + duplicate + rejected``.

    Attributes:
        id: ``imp_…``; the batch of its facts.
        at: when it was imported.
        actor: who did it.
        file_name: what it was called.
        bytes: size of the file.
        sha256: hash of its content.
        mapping: definition name of the mapping.
        group: what its rows were, such as ``orders``.
        source, channel, shop, account: what its facts belong to.
        rows: records in the file.
        accepted: rows that stated something new.
        duplicate: rows that stated nothing new.
        rejected: bad rows.
        passed: totals, repeated headers and notes.
        facts: new facts by family.
        problems: bad rows by code.
        first_day, last_day: days that its facts are about; None where there are none.
        has_errors: an error file was written.
        undone: it was taken back.
        changed_at: when it was last taken back or brought back.
    """

    id: str
    at: datetime
    actor: str
    file_name: str
    bytes: int
    sha256: str
    mapping: str
    group: str
    source: str
    channel: str
    shop: str
    account: str
    rows: int
    accepted: int
    duplicate: int
    rejected: int
    passed: int
    facts: Mapping[str, int]
    problems: Mapping[str, int]
    first_day: date | None = None
    last_day: date | None = None
    has_errors: bool = False
    undone: bool = False
    changed_at: datetime | None = field(default=None)


_NOT_KEPT: Final = frozenset({"id", "at", "sha256", "undone", "changed_at"})
Batches = Mapping[str, tuple[bool, datetime | None]]
"""Whether a batch is retracted, and when that last changed."""


def insert_record(tx: Connection, result: ImportResult) -> None:
    """Keep ``result`` when ``tx`` commits."""
    body = {name: plain(getattr(result, name)) for name in _names() if name not in _NOT_KEPT}
    tx.execute(insert(import_run).values(id=result.id, at=result.at, sha256=result.sha256, body=body))


def _names() -> list[str]:
    return [one.name for one in fields(ImportResult)]


class Records:
    """The imports of one store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def list(self, batches: Batches, limit: int) -> list[ImportResult]:
        """Imports, the newest first."""
        query = select(import_run).order_by(import_run.c.at.desc(), import_run.c.id.desc()).limit(limit)
        with self._db.read() as rx:
            return [_result(row, batches) for row in rx.execute(query)]

    def find(self, id: str, batches: Batches) -> ImportResult | None:  # noqa: A002 - the thing's own word
        """One import; None if there is none."""
        with self._db.read() as rx:
            row = rx.execute(select(import_run).where(import_run.c.id == id)).first()
        return _result(row, batches) if row else None

    def get(self, id: str, batches: Batches) -> ImportResult:  # noqa: A002
        """One import.

        Raises:
            NotFound: ``import.unknown``.
        """
        found = self.find(id, batches)
        if found is None:
            raise NotFound("import.unknown", _("There is no import “{id}”."), id=id[:60])
        return found

    def of_content(self, sha256: str, batches: Batches) -> list[ImportResult]:
        """Imports of the same bytes that were not undone, the newest first."""
        query = select(import_run).where(import_run.c.sha256 == sha256).order_by(import_run.c.at.desc())
        with self._db.read() as rx:
            found = [_result(row, batches) for row in rx.execute(query)]
        return [one for one in found if not one.undone]


def _result(row: Row[Any], batches: Batches) -> ImportResult:
    body: dict[str, Any] = dict(row.body)
    days: dict[str, Any] = {
        name: date.fromisoformat(body[name]) for name in ("first_day", "last_day") if body.get(name)
    }
    undone, changed_at = batches.get(row.id, (False, None))
    return ImportResult(**(body | days), id=row.id, at=row.at, sha256=row.sha256, undone=undone, changed_at=changed_at)
