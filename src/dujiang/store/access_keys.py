"""Keys of programs: collect keys (``dc_…``) write to one source and read nothing, API keys (``da_…``) act in a role."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, select, update

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.store.audit import record
from dujiang.store.database import Database
from dujiang.store.passwords import new_token, token_hash
from dujiang.store.roles import checked_role
from dujiang.store.tables import access_key

KeyKind = Literal["collect", "api"]

PREFIXES: Final[dict[KeyKind, str]] = {"collect": "dc_", "api": "da_"}
_HINT_CHARS: Final = 8
_CACHE_SECONDS: Final = 2.0
"""A revoked key works for so long at most in other processes; in this one it stops at once."""


@dataclass(frozen=True)
class AccessKey:
    """A key, without its secret.

    Attributes:
        id: ``key_…``; what entries and logs name.
        kind: ``collect`` or ``api``.
        name: what people call it.
        hint: its first letters.
        source: definition name of the source a collect key writes to; empty for an API key.
        role: of an API key; empty for a collect key.
        replaces: id of the key that it replaces, if any.
    """

    id: str
    kind: KeyKind
    name: str
    hint: str
    source: str
    role: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaces: str | None

    def works(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True)
class NewKey:
    """A key just made; ``secret`` is shown this once and kept nowhere."""

    secret: str
    key: AccessKey


class AccessKeys:
    """The keys of one store. Safe to use from several threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: dict[bytes, AccessKey] = {}
        self._loaded: float | None = None
        self._used: dict[str, datetime] = {}

    def create_collect(
        self, name: str, source: str, *, actor: str, expires_at: datetime | None = None, tx: Connection | None = None
    ) -> NewKey:
        """A key with which one source may send events.

        Raises:
            InvalidInput: ``access.key_without_source``.
        """
        if not source:
            raise InvalidInput(
                "access.key_without_source", _("A collect key belongs to one source. Choose the source.")
            )
        return self._create("collect", name, source, "", actor, expires_at, tx)

    def create_api(
        self, name: str, role: str, *, actor: str, expires_at: datetime | None = None, tx: Connection | None = None
    ) -> NewKey:
        """A key with which a program may act in a role.

        Raises:
            InvalidInput: ``access.unknown_role``.
        """
        return self._create("api", name, "", checked_role(role), actor, expires_at, tx)

    def find(self, secret: str, kind: KeyKind) -> AccessKey | None:
        """The working key with this secret; None if there is none of this kind. Fast: no question to the database as long
        as the keys were read within two seconds. Its use is noted."""
        key = self._current().get(token_hash(secret))
        now = self._clock.now()
        if key is None or key.kind != kind or not key.works(now):
            return None
        self._used[key.id] = now
        return key

    def list(self) -> Sequence[AccessKey]:
        """Every key that ever was, the newest first."""
        self.flush_uses()
        query = select(access_key).order_by(access_key.c.created_at.desc(), access_key.c.id.desc())
        with self._database.read() as rx:
            return [_key(row) for row in rx.execute(query)]

    def revoke(self, id: str, *, actor: str, reason: str = "") -> AccessKey:  # noqa: A002
        """End a key now.

        Raises:
            NotFound: ``access.unknown_key``.
            Conflict: ``access.key_revoked`` if it has been revoked already.
        """
        now = self._clock.now()
        with self._database.transaction() as tx:
            _alive(tx, id)
            tx.execute(update(access_key).where(access_key.c.id == id).values(revoked_at=now))
            record(tx, actor=actor, action="key.revoke", object=id, reason=reason, at=now)
            revoked = _one(tx, id)
        with self._lock:  # whoever reads the keys just now may have seen them as they were before
            self._loaded = None
        return revoked

    def rotate(self, id: str, overlap: timedelta, *, actor: str) -> NewKey:  # noqa: A002
        """A new key like this one, which goes on working for ``overlap``, so that programs can be changed over in peace.

        Raises:
            NotFound: ``access.unknown_key``.
            Conflict: ``access.key_revoked``.
        """
        now = self._clock.now()
        with self._database.transaction() as tx:
            old = _alive(tx, id)
            until = now + overlap if old.expires_at is None else min(old.expires_at, now + overlap)
            tx.execute(update(access_key).where(access_key.c.id == id).values(expires_at=until))
            return self._create(old.kind, old.name, old.source, old.role, actor, None, tx, replaces=id)

    def flush_uses(self) -> None:
        """Write down when keys were used last; call it every minute or so, and before closing."""
        with self._lock:
            used, self._used = self._used, {}
        if not used:
            return
        with self._database.transaction() as tx:
            for id_, at in used.items():
                tx.execute(update(access_key).where(access_key.c.id == id_).values(last_used_at=at))

    def _current(self) -> dict[bytes, AccessKey]:
        now = self._clock.monotonic()
        if self._loaded is None or now - self._loaded >= _CACHE_SECONDS:
            with self._lock, self._database.read() as rx:
                rows = rx.execute(select(access_key).where(access_key.c.revoked_at.is_(None)))
                self._cache = {row.hash: _key(row) for row in rows}
                self._loaded = now
        return self._cache

    def _create(
        self,
        kind: KeyKind,
        name: str,
        source: str,
        role: str,
        actor: str,
        expires_at: datetime | None,
        tx: Connection | None,
        replaces: str | None = None,
    ) -> NewKey:
        if tx is None:
            with self._database.transaction() as own:
                return self._create(kind, name, source, role, actor, expires_at, own, replaces)
        secret, now, id_ = new_token(PREFIXES[kind]), self._clock.now(), new_id("key")
        belongs = {"id": id_, "kind": kind, "name": name, "source": source, "role": role, "replaces": replaces}
        told = {"hint": secret[:_HINT_CHARS], "created_by": actor, "created_at": now, "expires_at": expires_at}
        tx.execute(insert(access_key).values(belongs | told | {"hash": token_hash(secret)}))
        action = "key.rotate" if replaces else "key.create"
        record(tx, actor=actor, action=action, object=id_, after=belongs, at=now)
        self._loaded = None
        return NewKey(secret, _one(tx, id_))


def _alive(tx: Connection, id_: str) -> AccessKey:
    key = _one(tx, id_)
    if key.revoked_at is not None:
        raise Conflict("access.key_revoked", _("This key has been revoked already."))
    return key


def _one(rx: Connection, id_: str) -> AccessKey:
    row = rx.execute(select(access_key).where(access_key.c.id == id_)).first()
    if row is None:
        raise NotFound("access.unknown_key", _("There is no key {id}."), id=id_)
    return _key(row)


def _key(row: Row[Any]) -> AccessKey:
    return AccessKey(**{name: row._mapping[name] for name in AccessKey.__dataclass_fields__})
