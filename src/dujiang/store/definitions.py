"""The definitions in force, and every version that ever was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition, PlannedChange
from dujiang.foundation.errors import Conflict, NotFound
from dujiang.foundation.i18n import _
from dujiang.store.audit import record
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.outbox import publish
from dujiang.store.tables import definition_version

_V = definition_version.c


@dataclass(frozen=True)
class Version:
    """One version of a definition, counted from 1; ``note`` is what its author said about it."""

    number: int
    definition: Definition
    at: datetime
    actor: str
    note: str


class DefinitionStore:
    """Definitions by kind and name."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def current(self, kind: str | None = None) -> dict[tuple[str, str], Definition]:
        """The newest version of every definition (of ``kind``), retired ones too, by kind and name in order."""
        with self._database.read() as rx:
            return _current(rx, kind)

    def get(self, kind: str, name: str) -> Definition:
        """The newest version of one definition.

        Raises:
            NotFound: ``definition.unknown``.
        """
        with self._database.read() as rx:
            found = _newest(rx, kind, name)
        if found is None:
            raise _unknown(kind, name)
        return found.definition

    def versions(self, kind: str, name: str) -> Sequence[Version]:
        """Every version of one definition, the newest first.

        Raises:
            NotFound: ``definition.unknown``.
        """
        query = select(definition_version).where(_V.kind == kind, _V.name == name).order_by(_V.number.desc())
        with self._database.read() as rx:
            found = [_version(row) for row in rx.execute(query)]
        if not found:
            raise _unknown(kind, name)
        return found

    def apply(
        self, changes: Iterable[PlannedChange], *, actor: str, note: str = "", tx: Connection | None = None
    ) -> int:
        """Bring planned changes into force, all or none; how many definitions changed.

        Args:
            changes: what :func:`dujiang.foundation.definitions.plan` returned.
            actor: who does it.
            note: why.
            tx: the transaction to do it in; without one it is a transaction of its own.

        Raises:
            Conflict: ``definition.changed_meanwhile`` if one is no longer what it was when the plan was made.
        """
        if tx is None:
            with self._database.transaction() as own:
                return self.apply(changes, actor=actor, note=note, tx=own)
        serialise(tx)
        real = [change for change in changes if change.change != "unchanged" and change.after is not None]
        for change in real:
            self._apply_one(tx, change, actor, note)
        return len(real)

    def _apply_one(self, tx: Connection, change: PlannedChange, actor: str, note: str) -> None:
        kind, name = change.key
        newest = _newest(tx, kind, name)
        if (newest.definition if newest else None) != change.before:
            sentence = _("The definition {where} was changed meanwhile. Look at the difference again, then apply.")
            raise Conflict("definition.changed_meanwhile", sentence, where=f"{kind}/{name}")
        at, number = self._clock.now(), newest.number + 1 if newest else 1
        before, after = _plain(change.before), _plain(change.after)
        row = {"kind": kind, "name": name, "number": number, "body": after, "at": at, "actor": actor, "note": note}
        tx.execute(insert(definition_version).values(row))
        action, where = f"definition.{change.change}", f"{kind}/{name}"
        record(tx, actor=actor, action=action, object=where, before=before, after=after, reason=note, at=at)
        payload = {"kind": kind, "name": name, "version": number, "change": change.change}
        publish(tx, "definition.changed", payload, key=where)


def _current(rx: Connection, kind: str | None) -> dict[tuple[str, str], Definition]:
    last = select(_V.kind, _V.name, func.max(_V.number).label("number")).group_by(_V.kind, _V.name)
    newest = (last.where(_V.kind == kind) if kind else last).subquery()
    same = (_V.kind == newest.c.kind) & (_V.name == newest.c.name) & (_V.number == newest.c.number)
    query = select(_V.body).join(newest, same).order_by(_V.kind, _V.name)
    found = (Definition.model_validate(body) for body in rx.execute(query).scalars())
    return {definition.key: definition for definition in found}


def _newest(rx: Connection, kind: str, name: str) -> Version | None:
    query: Select[Any] = select(definition_version).where(_V.kind == kind, _V.name == name)
    row = rx.execute(query.order_by(_V.number.desc()).limit(1)).first()
    return _version(row) if row else None


def _version(row: Any) -> Version:
    return Version(row.number, Definition.model_validate(row.body), row.at, row.actor, row.note)


def _plain(definition: Definition | None) -> dict[str, Any] | None:
    return definition.model_dump(mode="json") if definition else None


def _unknown(kind: str, name: str) -> NotFound:
    sentence = _("There is no definition {where}. See the list of definitions for those that exist.")
    return NotFound("definition.unknown", sentence, where=f"{kind}/{name}")
