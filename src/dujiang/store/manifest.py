"""The manifest: what the archive consists of, chained, so that a lost or changed file is found.

A part is never changed. Undoing an import adds a row that retracts its batch; doing it again adds a row that restores it.
Beside it lie what has to be committed with it: how far the journal was loaded, and the counts of each source and hour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from dujiang.foundation.errors import Conflict, NotFound
from dujiang.foundation.i18n import _
from dujiang.store.chain import START, Field, link
from dujiang.store.columns import to_micros
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.dead_letters import DeadLetter, DeadLetterRow, DeadLetters
from dujiang.store.manifest_cursor import (
    ARCHIVE_CURSOR,
    JOURNAL_CURSOR,
    advance_cursor,
    cursor_value,
    set_cursor_value,
)
from dujiang.store.problems import Problem
from dujiang.store.tables import count, manifest

__all__ = [
    "ARCHIVE_CURSOR",
    "JOURNAL_CURSOR",
    "Batch",
    "Count",
    "DeadLetter",
    "DeadLetterRow",
    "DeadLetters",
    "Manifest",
    "ManifestCheck",
    "Part",
]


@dataclass(frozen=True)
class Part:
    """One Parquet file of the archive.

    Attributes:
        family: fact family.
        day: day of its facts.
        file: name relative to the archive's folder, with ``/``.
        rows: number of facts.
        first_seq: lowest position in the archive.
        last_seq: highest position in the archive.
        sha256: hash of the file, in hexadecimal.
        batch: the load or import that brought it.
    """

    family: str
    day: date
    file: str
    rows: int
    first_seq: int
    last_seq: int
    sha256: str
    batch: str


@dataclass(frozen=True)
class Batch:
    """What one load or import brought; ``changed_at`` is when it was last retracted or restored."""

    batch: str
    parts: int
    rows: int
    retracted: bool
    changed_at: datetime | None


@dataclass(frozen=True)
class Count:
    """How many events or rows of one source were received in one hour, and what became of them."""

    source: str
    hour: datetime
    received: int
    accepted: int
    rejected: int
    duplicate: int
    conflict: int


@dataclass(frozen=True)
class ManifestCheck:
    """What a check of the archive found; no ``problems`` when all is well."""

    parts: int
    rows: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


_COUNTED: Final = ("received", "accepted", "rejected", "duplicate", "conflict")
_CHAINED: Final = (
    "number", "kind", "batch", "at", "family", "day", "file", "rows", "first_seq", "last_seq", "sha256",
)  # fmt: skip


class Manifest:
    """The manifest of one workspace's archive."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.dead_letters = DeadLetters(database)

    def add_parts(self, tx: Connection, parts: Iterable[Part]) -> None:
        """Make ``parts`` part of the archive when ``tx`` commits."""
        _append(tx, [asdict(part) | {"kind": "part", "at": None} for part in parts])

    def parts(self, *, include_retracted: bool = False) -> list[Part]:
        """The parts in the order they were added, without those of retracted batches unless asked for."""
        with self._database.read() as rx:
            gone = set() if include_retracted else _retracted(rx)
            rows = rx.execute(select(manifest).where(manifest.c.kind == "part").order_by(manifest.c.number))
            return [_part(row) for row in rows if row.batch not in gone]

    def retract(self, tx: Connection, batch: str, at: datetime) -> None:
        """Take a batch out of the answers; its parts stay where they are.

        Raises:
            NotFound: ``batch.unknown``.
            Conflict: ``batch.retracted`` if it is out already.
        """
        if _is_retracted(tx, batch):
            raise Conflict("batch.retracted", _("This import was undone already."))
        _append(tx, [_change("retract", batch, at)])

    def restore(self, tx: Connection, batch: str, at: datetime) -> None:
        """Bring a retracted batch back.

        Raises:
            NotFound: ``batch.unknown``.
            Conflict: ``batch.not_retracted`` if it is in.
        """
        if not _is_retracted(tx, batch):
            raise Conflict("batch.not_retracted", _("This import was not undone, so it cannot be brought back."))
        _append(tx, [_change("restore", batch, at)])

    def batches(self) -> list[Batch]:
        """Every batch in the order it came."""
        is_part = manifest.c.kind == "part"
        query = (
            select(
                manifest.c.batch,
                func.count().filter(is_part).label("parts"),
                func.coalesce(func.sum(manifest.c.rows).filter(is_part), 0).label("total"),
                func.max(manifest.c.at).label("changed_at"),
            )
            .group_by(manifest.c.batch)
            .order_by(func.min(manifest.c.number))
        )
        with self._database.read() as rx:
            gone = _retracted(rx)
            return [
                Batch(row.batch, row.parts, int(row.total), row.batch in gone, row.changed_at)
                for row in rx.execute(query)
            ]

    def verify(self, archive: Path) -> ManifestCheck:
        """Compare the chain with its hashes, and every file in the folder ``archive`` with what the manifest says."""
        with self._database.read() as rx:
            rows = list(rx.execute(select(manifest).order_by(manifest.c.number)))
        problems = _chain_problems(rows)
        parts = [_part(row) for row in rows if row.kind == "part"]
        problems += [problem for part in parts if (problem := _file_problem(archive, part))]
        return ManifestCheck(len(parts), sum(part.rows for part in parts), tuple(problems))

    def cursor(self, tx: Connection, name: str) -> int:
        """How far ``name`` was read; 0 where it never was. ``JOURNAL_CURSOR`` is how far the journal was loaded."""
        return cursor_value(tx, name)

    def set_cursor(self, tx: Connection, name: str, value: int) -> None:
        """Remember how far ``name`` was read."""
        set_cursor_value(tx, name, value)

    def next_seq(self, tx: Connection, number: int) -> int:
        """Reserve ``number`` positions in the archive; the first of them, counted from 1."""
        return advance_cursor(tx, ARCHIVE_CURSOR, number) + 1

    def last_seq(self) -> int:
        """The highest position in the archive that was given out; 0 when none was."""
        with self._database.read() as rx:
            return cursor_value(rx, ARCHIVE_CURSOR)

    def add_counts(self, tx: Connection, counts: Iterable[Count]) -> None:
        """Add ``counts`` to what is counted for their source and hour."""
        statement = _upsert(tx)
        for one in sorted(counts, key=lambda each: (each.source, each.hour)):  # one order: writers never wait in a ring
            tx.execute(statement, asdict(one))

    def counts(
        self, source: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> list[Count]:
        """What was counted, by source and hour in order.

        Args:
            source: only of this source.
            start: from this moment on, included.
            end: up to this moment, excluded.
        """
        query = select(count).order_by(count.c.source, count.c.hour)
        if source is not None:
            query = query.where(count.c.source == source)
        if start is not None:
            query = query.where(count.c.hour >= start)
        if end is not None:
            query = query.where(count.c.hour < end)
        with self._database.read() as rx:
            return [Count(**row._mapping) for row in rx.execute(query)]

    def first_hours(self) -> dict[str, datetime]:
        """Of each source the first hour that anything was counted for."""
        query = select(count.c.source, func.min(count.c.hour).label("hour")).group_by(count.c.source)
        with self._database.read() as rx:
            return {row.source: row.hour for row in rx.execute(query)}

    def add_dead_letters(self, tx: Connection, letters: Iterable[DeadLetter]) -> int:
        """Keep rejected events; see :meth:`DeadLetters.add`."""
        return self.dead_letters.add(tx, letters)


def _append(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    serialise(tx)
    last = tx.execute(select(manifest.c.number, manifest.c.hash).order_by(manifest.c.number.desc()).limit(1)).first()
    number, previous = (last.number, last.hash) if last else (0, START)
    chained = []
    for row in rows:
        number += 1
        full = dict.fromkeys(_CHAINED) | row | {"number": number}
        previous = link(previous, _fields(full))
        chained.append(full | {"hash": previous})
    if chained:
        tx.execute(insert(manifest), chained)


def _fields(row: dict[str, Any]) -> list[Field]:
    return [_field(row[name]) for name in _CHAINED]


def _field(value: Any) -> Field:
    if isinstance(value, datetime):
        return to_micros(value)
    return value.isoformat() if isinstance(value, date) else value


def _chain_problems(rows: Sequence[Row[Any]]) -> list[Problem]:
    previous = START
    for place, row in enumerate(rows, 1):
        previous = link(previous, _fields(dict(row._mapping)))
        if row.number != place or row.hash != previous:
            sentence = _("Row {place} of the manifest is missing or was changed; nothing after it can be trusted.")
            return [Problem("archive.manifest_broken", sentence, {"place": place})]
    return []


def _file_problem(archive: Path, part: Part) -> Problem | None:
    file = archive / part.file
    if not file.is_file():
        sentence = _("The archive file {file} ({rows} rows) is missing.")
        return Problem("archive.file_missing", sentence, {"file": part.file, "rows": part.rows})
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found == part.sha256:
        return None
    sentence = _("The archive file {file} ({rows} rows) was changed.")
    return Problem("archive.file_changed", sentence, {"file": part.file, "rows": part.rows})


def _change(kind: Literal["retract", "restore"], batch: str, at: datetime) -> dict[str, Any]:
    return {"kind": kind, "batch": batch, "at": at}


def _last_kinds(rx: Connection, *where: Any) -> Sequence[Row[Any, Any]]:
    last = select(func.max(manifest.c.number)).where(*where).group_by(manifest.c.batch)
    return rx.execute(select(manifest.c.batch, manifest.c.kind).where(manifest.c.number.in_(last))).all()


def _retracted(rx: Connection) -> set[str]:
    rows = _last_kinds(rx, manifest.c.kind != "part")
    return {row.batch for row in rows if row.kind == "retract"}


def _is_retracted(tx: Connection, batch: str) -> bool:
    serialise(tx)
    if tx.execute(select(func.count()).where(manifest.c.batch == batch)).scalar() == 0:
        raise NotFound("batch.unknown", _("There is no import “{batch}” in the archive."), batch=batch)
    rows = _last_kinds(tx, manifest.c.batch == batch, manifest.c.kind != "part")
    return bool(rows) and rows[0].kind == "retract"


def _upsert(tx: Connection) -> Any:
    insert_into = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = insert_into(count)
    added = {name: count.c[name] + statement.excluded[name] for name in _COUNTED}
    return statement.on_conflict_do_update(index_elements=["source", "hour"], set_=added)


def _part(row: Row[Any]) -> Part:
    return Part(row.family, row.day, row.file, row.rows, row.first_seq, row.last_seq, row.sha256, row.batch)
