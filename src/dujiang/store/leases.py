"""Leases: who of several processes does a work that only one may do.

A lease runs out by itself. Its token grows with every new holder; whoever writes under a lease checks it in the same
transaction (:meth:`Leases.guard`), so that a holder that slept past its end cannot write over its successor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import Conflict
from dujiang.foundation.i18n import _
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.tables import lease


@dataclass(frozen=True)
class Lease:
    """The right to do ``name`` until ``expires_at``; ``token`` is higher than that of every holder before."""

    name: str
    holder: str
    token: int
    expires_at: datetime


class Leases:
    """The leases of one store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take the lease ``name`` for ``seconds``; None while somebody holds it."""
        now = self._clock.now()
        with self._database.transaction() as tx:
            serialise(tx)
            found = tx.execute(select(lease).where(lease.c.name == name)).first()
            if found and found.expires_at > now:
                return None
            taken = Lease(name, holder, found.token + 1 if found else 1, now + timedelta(seconds=seconds))
            _put(tx, taken)
            return taken

    def renew(self, held: Lease, seconds: float) -> Lease | None:
        """Hold on for ``seconds`` from now; None if the lease was lost."""
        until = self._clock.now() + timedelta(seconds=seconds)
        with self._database.transaction() as tx:
            mine = (
                (lease.c.name == held.name) & (lease.c.token == held.token) & (lease.c.expires_at > self._clock.now())
            )
            changed = tx.execute(update(lease).where(mine).values(expires_at=until)).rowcount
        return replace(held, expires_at=until) if changed else None

    def release(self, held: Lease) -> None:
        """Give the lease back; nothing happens if it was lost."""
        with self._database.transaction() as tx:
            mine = (lease.c.name == held.name) & (lease.c.token == held.token)
            tx.execute(update(lease).where(mine).values(expires_at=self._clock.now()))

    def guard(self, tx: Connection, held: Lease) -> None:
        """Let ``tx`` go on only while the lease is held; nobody can take it before ``tx`` ends.

        Raises:
            Conflict: ``lease.lost``.
        """
        query = select(lease.c.token, lease.c.expires_at).where(lease.c.name == held.name).with_for_update()
        found = tx.execute(query).first()
        if found is None or found.token != held.token or found.expires_at <= self._clock.now():
            sentence = _("Another process has taken over “{name}”. This one stops; nothing of its last step was kept.")
            raise Conflict("lease.lost", sentence, name=held.name)


def _put(tx: Connection, taken: Lease) -> None:
    into = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    values = {"holder": taken.holder, "token": taken.token, "expires_at": taken.expires_at}
    statement = into(lease).values(name=taken.name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
