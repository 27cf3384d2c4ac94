"""Accounts of people, their sessions, and the one-time token that makes the first administrator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound, NotSignedIn, TooMany
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.store.audit import record
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.passwords import new_token, nobody, password_hash, password_matches, token_hash
from dujiang.store.roles import Role, checked_role
from dujiang.store.tables import account, session, setup_token

SETUP_HOURS: Final = 24
FAILURES_MAX: Final = 10
LOCK_MINUTES: Final = 15
_NAME: Final = re.compile(r"[^\s/\\<>\"'&]{2,40}")


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in."""

    id: str
    name: str
    role: Role
    active: bool
    created_at: datetime


@dataclass(frozen=True)
class SignedIn:
    """A new session: the token for the cookie, shown once, and until when it holds."""

    token: str
    account: Account
    expires_at: datetime


class Accounts:
    """Accounts and sessions of one store."""

    def __init__(self, database: Database, clock: Clock, *, session_hours: int = 12) -> None:
        self._database = database
        self._clock = clock
        self._session = timedelta(hours=session_hours)

    def first_admin_token(self) -> str | None:
        """A new one-time token that makes the first administrator, valid for ``SETUP_HOURS``; None once an account exists.

        Each call replaces the token before.
        """
        with self._database.transaction() as tx:
            if _accounts(tx):
                return None
            token = new_token()
            tx.execute(delete(setup_token))
            until = self._clock.now() + timedelta(hours=SETUP_HOURS)
            tx.execute(insert(setup_token).values(token_hash=token_hash(token), expires_at=until))
            return token

    def create_first_admin(self, token: str, name: str, password: str) -> Account:
        """The first administrator, made with the one-time token.

        Raises:
            NotSignedIn: ``access.setup_token_invalid`` if the token is wrong, old or used.
            InvalidInput: ``access.bad_name``, ``access.password_too_short``, ``access.password_too_long``.
        """
        hashed = password_hash(password)
        with self._database.transaction() as tx:
            serialise(tx)
            until = tx.execute(
                select(setup_token.c.expires_at).where(setup_token.c.token_hash == token_hash(token))
            ).scalar()
            if until is None or until <= self._clock.now() or _accounts(tx):
                sentence = _("This sign-up link is not valid any more. Run “dujiang serve” again to get a new one.")
                raise NotSignedIn("access.setup_token_invalid", sentence)
            tx.execute(delete(setup_token))
            return self._insert(tx, name, hashed, "admin", actor="setup")

    def create(self, name: str, password: str, role: str, *, actor: str) -> Account:
        """A new account.

        Raises:
            InvalidInput: as :meth:`create_first_admin`, and ``access.unknown_role``.
            Conflict: ``access.name_taken``.
        """
        hashed, checked = password_hash(password), checked_role(role)
        with self._database.transaction() as tx:
            return self._insert(tx, name, hashed, checked, actor)

    def list(self) -> Sequence[Account]:
        """Every account, by name."""
        with self._database.read() as rx:
            return [_account(row) for row in rx.execute(select(account).order_by(account.c.name))]

    def get(self, id: str) -> Account:  # noqa: A002
        """One account.

        Raises:
            NotFound: ``access.unknown_account``.
        """
        with self._database.read() as rx:
            return _account(_one(rx, id))

    def change(
        self,
        id: str,  # noqa: A002
        *,
        actor: str,
        role: str | None = None,
        active: bool | None = None,
        password: str | None = None,
    ) -> Account:
        """Change role, password or whether somebody may sign in; all their sessions end.

        Raises:
            NotFound: ``access.unknown_account``.
            InvalidInput: ``access.unknown_role``, ``access.password_too_short``, ``access.password_too_long``.
            Conflict: ``access.last_admin`` if no active administrator would be left.
        """
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = checked_role(role)
        if active is not None:
            values["active"] = active
        told = dict(values)
        if password is not None:
            values |= {"password_hash": password_hash(password), "failures": 0, "locked_until": None}
            told["password"] = "changed"  # noqa: S105 - a word for the log
        with self._database.transaction() as tx:
            serialise(tx)
            before = _account(_one(tx, id))
            if values:
                tx.execute(update(account).where(account.c.id == id).values(values))
            _keep_an_admin(tx)
            tx.execute(delete(session).where(session.c.account == id))
            was = {"role": before.role, "active": before.active}
            record(tx, actor=actor, action="account.change", object=id, before=was, after=told, at=self._clock.now())
            return _account(_one(tx, id))

    def sign_in(self, name: str, password: str) -> SignedIn:
        """A new session for a name and its password.

        Raises:
            NotSignedIn: ``access.wrong_password``; the same for a name that does not exist or may not sign in.
            TooMany: ``access.locked`` for ``LOCK_MINUTES`` after ``FAILURES_MAX`` wrong passwords.
        """
        now = self._clock.now()
        with self._database.read() as rx:
            row = rx.execute(select(account).where(account.c.name == name.strip())).first()
        if row is not None and row.locked_until is not None and row.locked_until > now:
            sentence = _("Too many wrong passwords. Try again in {minutes} minutes.")
            raise TooMany("access.locked", sentence, minutes=LOCK_MINUTES)
        matches = password_matches(row.password_hash if row else nobody(), password)
        if row is None or not matches or not row.active:
            if row is not None and not matches:
                self._count_failure(row.id, now)
            raise NotSignedIn("access.wrong_password", _("Name or password is wrong. Check both and try again."))
        return self._start_session(_account(row), now)

    def session(self, token: str) -> Account:
        """Whose session this is.

        Raises:
            NotSignedIn: ``access.no_session`` if it has ended or never was.
        """
        mine = (session.c.token_hash == token_hash(token)) & (session.c.expires_at > self._clock.now())
        query = select(account).join(session, session.c.account == account.c.id).where(mine, account.c.active.is_(True))
        with self._database.read() as rx:
            row = rx.execute(query).first()
        if row is None:
            raise NotSignedIn(
                "access.no_session", _("You are not signed in, or your session has ended. Sign in again.")
            )
        return _account(row)

    def sign_out(self, token: str) -> None:
        """End a session; nothing happens if it has ended."""
        with self._database.transaction() as tx:
            tx.execute(delete(session).where(session.c.token_hash == token_hash(token)))

    def _start_session(self, whose: Account, now: datetime) -> SignedIn:
        token, until = new_token(), now + self._session
        with self._database.transaction() as tx:
            tx.execute(update(account).where(account.c.id == whose.id).values(failures=0, locked_until=None))
            tx.execute(delete(session).where(session.c.expires_at <= now))
            row = {"token_hash": token_hash(token), "account": whose.id, "created_at": now, "expires_at": until}
            tx.execute(insert(session).values(row))
            record(tx, actor=whose.name, action="account.sign_in", object=whose.id, at=now)
        return SignedIn(token, whose, until)

    def _count_failure(self, id_: str, now: datetime) -> None:
        with self._database.transaction() as tx:
            mine = account.c.id == id_
            tx.execute(update(account).where(mine).values(failures=account.c.failures + 1))
            locked = {"failures": 0, "locked_until": now + timedelta(minutes=LOCK_MINUTES)}
            tx.execute(update(account).where(mine, account.c.failures >= FAILURES_MAX).values(locked))

    def _insert(self, tx: Connection, name: str, hashed: str, role: Role, actor: str) -> Account:
        name, now = name.strip(), self._clock.now()
        if not _NAME.fullmatch(name):
            sentence = _("A name has 2 to 40 characters, without spaces, quotes, brackets or slashes.")
            raise InvalidInput("access.bad_name", sentence)
        made = Account(new_id("acc"), name, role, active=True, created_at=now)
        row = {"id": made.id, "name": name, "password_hash": hashed, "role": role, "active": True, "created_at": now}
        try:
            with tx.begin_nested():
                tx.execute(insert(account).values(row | {"failures": 0}))
        except IntegrityError:
            sentence = _("The name “{name}” is taken. Choose another one.")
            raise Conflict("access.name_taken", sentence, name=name) from None
        record(tx, actor=actor, action="account.create", object=made.id, after={"name": name, "role": role}, at=now)
        return made


def _accounts(rx: Connection) -> int:
    return rx.execute(select(func.count()).select_from(account)).scalar_one()


def _keep_an_admin(tx: Connection) -> None:
    is_admin = (account.c.role == "admin") & account.c.active.is_(True)
    if tx.execute(select(func.count()).select_from(account).where(is_admin)).scalar_one() == 0:
        sentence = _("This is the last administrator. Make somebody else an administrator first.")
        raise Conflict("access.last_admin", sentence)


def _one(rx: Connection, id_: str) -> Row[Any]:
    row = rx.execute(select(account).where(account.c.id == id_)).first()
    if row is None:
        raise NotFound("access.unknown_account", _("There is no account {id}."), id=id_)
    return row


def _account(row: Row[Any]) -> Account:
    return Account(row.id, row.name, row.role, row.active, row.created_at)
