"""Links that open one dashboard without signing in: signed, running out, and taken back at any time."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Row, insert, select, update

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.store.audit import record
from dujiang.store.database import Database
from dujiang.store.keyring import Keyring
from dujiang.store.tables import share_link

DAYS_MAX: Final = 366
PURPOSE: Final = "share"
"""What the signing key is derived for."""


@dataclass(frozen=True)
class ShareLink:
    """A link.

    Attributes:
        id: ``share_…``.
        dashboard: definition name of what it opens.
        token: the secret part of the address; whoever has it may look.
        expires_at: when it runs out.
        revoked_at: when it was taken back; None for not.
    """

    id: str
    dashboard: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    token: str

    def opens(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.revoked_at is None and self.expires_at > now


class ShareLinks:
    """The links of one store.

    Args:
        database: where they are kept.
        keyring: signs them, so that a link cannot be made, or made to last longer, by whoever can write into the store.
        clock: tells when they run out.
    """

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        self._database, self._keyring, self._clock = database, keyring, clock

    def create(self, dashboard: str, days: int, *, actor: str) -> ShareLink:
        """A link to a dashboard, for some days.

        Raises:
            InvalidInput: ``share.days``.
        """
        if not 1 <= days <= DAYS_MAX:
            raise InvalidInput("share.days", _("A link lasts 1 to {bound} days."), bound=DAYS_MAX)
        now = self._clock.now()
        row = {"id": new_id("share"), "dashboard": dashboard, "created_by": actor, "created_at": now}
        with self._database.transaction() as tx:
            tx.execute(insert(share_link).values(row | {"expires_at": now + timedelta(days=days)}))
            told = {"dashboard": dashboard, "days": days}
            record(tx, actor=actor, action="share.create", object=str(row["id"]), after=told, at=now)
            return self._one(tx, str(row["id"]))

    def find(self, token: str) -> ShareLink:
        """The link with this token, if it opens.

        Raises:
            NotFound: ``share.closed``: it is no link, has run out, or was taken back; which of these is not told.
        """
        with self._database.read() as rx:
            row = rx.execute(select(share_link).where(share_link.c.id == token.partition(".")[0])).first()
        found = self._link(row) if row else None
        # Compared in constant time, and as bytes: a token may hold any letters.
        if found is None or not hmac.compare_digest(found.token.encode(), token.encode()):
            raise _closed()
        if not found.opens(self._clock.now()):
            raise _closed()
        return found

    def list(self, dashboard: str) -> Sequence[ShareLink]:
        """Links to a dashboard that still open, the newest first."""
        order = share_link.c.created_at.desc(), share_link.c.id.desc()
        query = select(share_link).where(share_link.c.dashboard == dashboard).order_by(*order)
        with self._database.read() as rx:
            found = [self._link(row) for row in rx.execute(query)]
        now = self._clock.now()
        return [one for one in found if one.opens(now)]

    def revoke(self, id: str, dashboard: str, *, actor: str) -> ShareLink:  # noqa: A002
        """Take a link to a dashboard back; nothing happens to one that was taken back already.

        Raises:
            NotFound: ``share.unknown``.
        """
        now, mine = self._clock.now(), (share_link.c.id == id) & (share_link.c.dashboard == dashboard)
        with self._database.transaction() as tx:
            if tx.execute(select(share_link.c.id).where(mine)).first() is None:
                raise NotFound("share.unknown", _("There is no link {id} to this dashboard."), id=id[:40])
            tx.execute(update(share_link).where(mine, share_link.c.revoked_at.is_(None)).values(revoked_at=now))
            record(tx, actor=actor, action="share.revoke", object=id, at=now)
            return self._one(tx, id)

    def _one(self, rx: Connection, id_: str) -> ShareLink:
        return self._link(rx.execute(select(share_link).where(share_link.c.id == id_)).one())

    def _link(self, row: Row[tuple[object, ...]]) -> ShareLink:
        values = dict(row._mapping)
        signed = f"{values['id']}\0{values['dashboard']}\0{values['expires_at'].isoformat()}".encode()
        signature = base64.urlsafe_b64encode(self._keyring.sign(signed, PURPOSE)).decode().rstrip("=")
        return ShareLink(**values, token=f"{values['id']}.{signature}")


def _closed() -> NotFound:
    sentence = _("This link has run out, was taken back, or never was. Ask whoever sent it for a new one.")
    return NotFound("share.closed", sentence)
