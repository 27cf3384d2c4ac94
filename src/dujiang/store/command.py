"""The one way to change something: authorise → recognise a repetition → work → audit → outbox, in one commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import Conflict, InvalidInput
from dujiang.foundation.i18n import _
from dujiang.store.audit import record
from dujiang.store.columns import canonical_json
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.outbox import publish
from dujiang.store.roles import Role, authorise
from dujiang.store.tables import idempotency

KEY_CHARS_MAX: Final = 255
KEPT_DAYS: Final = 7
"""How long a repetition is recognised."""


@dataclass(frozen=True)
class Actor:
    """Who acts: an account's name or a key's id, and its role."""

    name: str
    role: Role


SYSTEM: Final = Actor("system", "admin")
"""Dujiang itself, for work that nobody asked for at that moment."""


@dataclass(frozen=True)
class Command:
    """What somebody wants done.

    Attributes:
        action: a registered action (:func:`dujiang.store.roles.register_action`).
        object: to what; an id or a name, never personal data.
        actor: who wants it.
        request: its parameters in plain form: the same key with other parameters is refused.
        key: idempotency key chosen by the caller; empty when it cannot be repeated.
        reason: why, in the actor's words.
    """

    action: str
    object: str
    actor: Actor
    request: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What the work brought.

    Attributes:
        result: the answer in plain form; a repetition gets the same.
        before: for the audit log.
        after: for the audit log.
        messages: (topic, payload, key) for the outbox.
        replayed: this is the answer of an earlier run; nothing was done again.
    """

    result: Any = None
    before: Any = None
    after: Any = None
    messages: Sequence[tuple[str, Mapping[str, Any], str]] = ()
    replayed: bool = False


class Commands:
    """Runs commands against one store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def run(self, command: Command, work: Callable[[Connection], Outcome]) -> Outcome:
        """Do ``work`` for ``command``; all of it is committed together, or nothing is.

        Raises:
            NotAllowed: ``access.not_allowed``.
            InvalidInput: ``command.key_too_long``.
            Conflict: ``command.key_reused`` if the key came before with another action or other parameters.
        """
        authorise(command.actor.role, command.action)
        _check_key(command.key)
        with self._database.transaction() as tx:
            now = self._clock.now()
            if command.key and (earlier := _earlier(tx, command)):
                return earlier
            outcome = work(tx)
            told = {"before": outcome.before, "after": outcome.after, "reason": command.reason}
            record(tx, actor=command.actor.name, action=command.action, object=command.object, at=now, **told)
            for topic, payload, key in outcome.messages:
                publish(tx, topic, payload, key)
            if command.key:
                _remember(tx, command, outcome, now)
        return outcome

    def prune(self) -> int:
        """Forget the repetitions that are older than ``KEPT_DAYS``; how many they were."""
        with self._database.transaction() as tx:
            oldest = self._clock.now() - timedelta(days=KEPT_DAYS)
            return tx.execute(delete(idempotency).where(idempotency.c.at < oldest)).rowcount


def _check_key(key: str) -> None:
    if len(key) > KEY_CHARS_MAX:
        sentence = _("The idempotency key has {length} characters; at most {bound} are allowed.")
        raise InvalidInput("command.key_too_long", sentence, length=len(key), bound=KEY_CHARS_MAX)


def _earlier(tx: Connection, command: Command) -> Outcome | None:
    serialise(tx)  # two at once: the second waits, and finds what the first did
    same = (idempotency.c.actor == command.actor.name) & (idempotency.c.key == command.key)
    row = tx.execute(select(idempotency).where(same)).first()
    if row is None:
        return None
    if row.action != command.action or row.request_hash != _request_hash(command):
        sentence = _("This idempotency key came before with another request. Use a new key for a new request.")
        raise Conflict("command.key_reused", sentence)
    return Outcome(result=row.result, replayed=True)


def _remember(tx: Connection, command: Command, outcome: Outcome, now: datetime) -> None:
    row = {"actor": command.actor.name, "key": command.key, "action": command.action, "at": now}
    tx.execute(insert(idempotency).values(row | {"request_hash": _request_hash(command), "result": outcome.result}))


def _request_hash(command: Command) -> bytes:
    return hashlib.sha256(canonical_json([command.object, dict(command.request)]).encode()).digest()
