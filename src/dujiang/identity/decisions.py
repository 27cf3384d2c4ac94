"""Decisions about identity beyond the rules: written down, looked up, and revoked. Nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, get_args

from sqlalchemy import Connection, Row, insert, select, update

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id, person_id
from dujiang.identity.rulings import Kind, Origin, Ruling
from dujiang.store.command import Actor, Command, Commands, Outcome
from dujiang.store.database import Database
from dujiang.store.manifest_cursor import ARCHIVE_CURSOR, cursor_value
from dujiang.store.tables import identity_decision

DECIDE: Final = "identity.decide"
REASON_CHARS_MAX: Final = 400
_T = identity_decision.c
_PAIRED: Final = ("separate", "join")


@dataclass(frozen=True)
class Wish:
    """A decision that somebody wants.

    Attributes:
        kind: ``separate``, ``join``, ``bar``, ``unbind`` or ``distrust``.
        a: a node; ``distrust`` has none.
        b: another, of ``separate`` and ``join``.
        source: of ``distrust``.
        from_seq: of ``distrust``, the first fact that is not to be believed; None: from the beginning.
        to_seq: the last such fact; None: without end.
        reason: why; it stands in the evidence.
        origin: by hand, by accepting a suggestion, or by holding a source.
        evidence: what the decision was based on, in plain form without personal data.
        moment: of ``unbind``, when the identifier was unbound; None for the moment of the decision.
    """

    kind: Kind
    a: int | None = None
    b: int | None = None
    source: str = ""
    from_seq: int | None = None
    to_seq: int | None = None
    reason: str = ""
    origin: Origin = "hand"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    moment: datetime | None = None


@dataclass(frozen=True)
class Decided:
    """One decision that was written down, in force or not."""

    ruling: Ruling
    evidence: Mapping[str, Any]
    revoked_at: datetime | None
    revoked_by: str
    revoke_reason: str

    @property
    def in_force(self) -> bool:
        """Whether nobody revoked it."""
        return self.revoked_at is None


Also = Callable[[Connection, str], None]
"""What is committed together with a decision; told the decision's id."""


def _nothing(_tx: Connection, _id: str) -> None:
    pass


class IdentityDecisions:
    """The decisions of one store.

    Args:
        database: the store.
        clock: says when.
        commands: runs commands.
        after: called after every change, so that answers are brought up to date.
    """

    def __init__(
        self, database: Database, clock: Clock, commands: Commands, after: Callable[[], None] = lambda: None
    ) -> None:
        self._database, self._clock, self._commands, self._after = database, clock, commands, after

    def in_force(self) -> list[Ruling]:
        """The decisions that nobody revoked, the earliest first."""
        return [one.ruling for one in self.listed(revoked=False)]

    def listed(
        self, *, revoked: bool | None = None, nodes: Sequence[int] | None = None, limit: int | None = None
    ) -> list[Decided]:
        """Decisions, the earliest first.

        Args:
            revoked: only those that were revoked, or only those in force; None: both.
            nodes: only those about one of these nodes; None: all.
            limit: at most the latest so many.
        """
        query = select(identity_decision).order_by(_T.at.desc(), _T.id.desc())
        if revoked is not None:
            query = query.where(_T.revoked_at.is_not(None) if revoked else _T.revoked_at.is_(None))
        if nodes is not None:
            query = query.where(_T.a.in_(nodes) | _T.b.in_(nodes))
        with self._database.read() as rx:
            return [_decided(row) for row in rx.execute(query.limit(limit) if limit else query)][::-1]

    def get(self, id: str) -> Decided:  # noqa: A002
        """One decision.

        Raises:
            NotFound: ``identity.no_decision``.
        """
        with self._database.read() as rx:
            return _one(rx, id)

    def decide(self, wish: Wish, *, actor: Actor, key: str = "", also: Also = _nothing) -> Ruling:
        """Write a decision down; the next refresh heeds it. What is in force already is not written twice.

        Args:
            wish: what was decided.
            actor: by whom.
            key: idempotency key.
            also: what is written down together with it.

        Raises:
            NotAllowed: ``access.not_allowed``.
            InvalidInput: ``identity.decision_incomplete`` or ``identity.reason_too_long``.
            Conflict: ``identity.decision_contradicts`` if the opposite was decided about the same two.
        """
        asked, wish = wish.moment, checked(self._dated(wish))
        request: dict[str, Any] = {
            name: getattr(wish, name) for name in ("kind", "a", "b", "source", "from_seq", "to_seq")
        }
        if asked is not None:
            request["moment"] = asked.isoformat()

        def work(tx: Connection) -> Outcome:
            same = _same(tx, wish)
            if same is not None:
                also(tx, same.ruling.id)
                return Outcome(same.ruling.id, after=request)
            row = self._row(wish, actor)
            tx.execute(insert(identity_decision).values(row))
            also(tx, row["id"])
            payload = {"id": row["id"], "kind": wish.kind, "origin": wish.origin}
            held = {**payload, "source": wish.source, **wish.evidence}
            told = (
                ("identity.held", held, row["id"])
                if wish.origin == "hold"
                else ("identity.decided", payload, row["id"])
            )
            return Outcome(row["id"], after=request, messages=[told])

        command = Command(DECIDE, _target(wish), actor, {**request, "reason": wish.reason}, key, wish.reason)
        outcome = self._commands.run(command, work)
        self._after()
        return self.get(outcome.result).ruling

    def revoke(
        self,
        id: str,  # noqa: A002
        *,
        actor: Actor,
        reason: str = "",
        key: str = "",
        also: Also = _nothing,
    ) -> Decided:
        """Take a decision back: people become what they were without it, exactly.

        Raises:
            NotAllowed: ``access.not_allowed``.
            NotFound: ``identity.no_decision``.
            Conflict: ``identity.decision_revoked`` if it was revoked already.
        """

        def work(tx: Connection) -> Outcome:
            found = _one(tx, id)
            if not found.in_force:
                raise Conflict("identity.decision_revoked", _("This decision has been revoked already."))
            told = {"revoked_at": self._clock.now(), "revoked_by": actor.name, "revoke_reason": reason}
            tx.execute(update(identity_decision).where(_T.id == id).values(told))
            also(tx, id)
            payload = {"id": id, "kind": found.ruling.kind, "origin": found.ruling.origin}
            return Outcome(id, before={"kind": found.ruling.kind}, messages=[("identity.revoked", payload, id)])

        self._commands.run(Command(DECIDE, id, actor, {"revoke": id}, key, reason), work)
        self._after()
        return self.get(id)

    def restore(self, id: str, *, actor: Actor, reason: str = "", key: str = "") -> Decided:  # noqa: A002
        """Bring a revoked decision back into force: people become what they were with it. It is written down anew.

        A hold that was released is a decision like any other: restored, it holds its source from the same fact on.

        Raises:
            NotAllowed: ``access.not_allowed``.
            NotFound: ``identity.no_decision``.
            Conflict: ``identity.decision_in_force`` if nobody revoked it, ``identity.decision_contradicts`` if the opposite
                was decided since.
        """
        found = self.get(id)
        if found.in_force:
            raise Conflict(
                "identity.decision_in_force", _("Decision {id} is in force: there is nothing to restore."), id=id
            )
        told = {name: getattr(found.ruling, name) for name in Wish.__dataclass_fields__ if name != "evidence"}
        wish = Wish(**{**told, "reason": reason or found.ruling.reason}, evidence=found.evidence)
        return self.get(self.decide(wish, actor=actor, key=key).id)

    def release(self, id: str, *, actor: Actor, reason: str = "", key: str = "") -> Decided:  # noqa: A002
        """Believe a source that is held, all that it said and what it will say; what it said counts as usual from now on.

        Raises:
            NotAllowed: ``access.not_allowed``.
            NotFound: ``identity.no_decision``.
            Conflict: ``identity.not_a_hold`` if it holds no source, or no more.
        """
        hold_in_force(self.get(id))
        return self.revoke(id, actor=actor, reason=reason, key=key)

    def reject(self, id: str, *, actor: Actor, reason: str = "", key: str = "") -> Ruling:  # noqa: A002
        """Do not believe what a held source has said until now; from here on it is believed again, and watched.

        In place of the hold, which ends, the source is distrusted from the first fact held to the last one archived. That is
        a decision like any other: revoked, the facts are believed.

        Raises:
            NotAllowed: ``access.not_allowed``.
            NotFound: ``identity.no_decision``.
            Conflict: ``identity.not_a_hold`` if it holds no source, or no more.
        """

        def work(tx: Connection) -> Outcome:
            found = hold_in_force(_one(tx, id))
            told = {"revoked_at": self._clock.now(), "revoked_by": actor.name, "revoke_reason": reason}
            tx.execute(update(identity_decision).where(_T.id == id).values(told))
            hold = found.ruling
            wish = Wish("distrust", source=hold.source, from_seq=hold.from_seq, reason=reason, evidence=found.evidence)
            row = self._row(replace(wish, to_seq=cursor_value(tx, ARCHIVE_CURSOR)), actor)
            tx.execute(insert(identity_decision).values(row))
            payload = {"id": row["id"], "kind": wish.kind, "origin": wish.origin}
            messages = [("identity.revoked", {"id": id, "kind": wish.kind, "origin": "hold"}, id)]
            return Outcome(
                row["id"], after={"hold": id}, messages=[*messages, ("identity.decided", payload, row["id"])]
            )

        outcome = self._commands.run(Command(DECIDE, id, actor, {"reject": id}, key, reason), work)
        self._after()
        return self.get(outcome.result).ruling

    def _dated(self, wish: Wish) -> Wish:
        """The wish with the moment of an unbinding; one to come is now."""
        now = self._clock.now()
        return replace(wish, moment=min(wish.moment or now, now)) if wish.kind == "unbind" else wish

    def _row(self, wish: Wish, actor: Actor) -> dict[str, Any]:
        row = {name: getattr(wish, name) for name in Wish.__dataclass_fields__}
        made = {"id": new_id("idd"), "at": self._clock.now(), "actor": actor.name}
        return {**row, **made, "evidence": dict(wish.evidence), "revoked_by": "", "revoke_reason": ""}


def checked(wish: Wish) -> Wish:
    """The wish with its pair in order.

    Raises:
        InvalidInput: ``identity.decision_incomplete`` if it is half said, or about an identifier and itself;
            ``identity.reason_too_long``.
    """
    if len(wish.reason) > REASON_CHARS_MAX:
        sentence = _("The reason has {length} characters; at most {bound} are allowed.")
        raise InvalidInput("identity.reason_too_long", sentence, length=len(wish.reason), bound=REASON_CHARS_MAX)
    pair = wish.a is not None and wish.b is not None and wish.a != wish.b
    complete = {
        "separate": pair,
        "join": pair,
        "bar": wish.a is not None and wish.b is None,
        "unbind": wish.a is not None and wish.b is None,
        "distrust": bool(wish.source) and wish.a is None and wish.b is None,
    }
    if wish.kind not in get_args(Kind) or not complete[wish.kind]:
        sentence = _("A decision of the kind “{kind}” needs two different identifiers, one identifier or a source.")
        raise InvalidInput("identity.decision_incomplete", sentence, kind=wish.kind)
    if not pair:
        return wish
    a, b = sorted((wish.a or 0, wish.b or 0))
    return Wish(**{**{name: getattr(wish, name) for name in Wish.__dataclass_fields__}, "a": a, "b": b})


def hold_in_force(found: Decided) -> Decided:
    """The decision, if it holds a source now.

    Raises:
        Conflict: ``identity.not_a_hold``.
    """
    if found.ruling.origin != "hold" or not found.in_force:
        raise Conflict(
            "identity.not_a_hold", _("Decision {id} holds no source, or does so no more."), id=found.ruling.id
        )
    return found


def _same(tx: Connection, wish: Wish) -> Decided | None:
    """The same decision in force."""
    query = select(identity_decision).where(_T.revoked_at.is_(None), _T.source == wish.source)
    for name in ("a", "b", "from_seq", "to_seq", "moment"):
        value = getattr(wish, name)
        query = query.where(_T[name].is_(None) if value is None else _T[name] == value)
    for row in tx.execute(query):
        if row.kind == wish.kind:
            return _decided(row)
        if row.kind in _PAIRED and wish.kind in _PAIRED:
            sentence = _("The opposite was decided about these two identifiers ({id}). Revoke that decision first.")
            raise Conflict("identity.decision_contradicts", sentence, id=row.id)
    return None


def _target(wish: Wish) -> str:
    return wish.source or " ".join(person_id(node) for node in (wish.a, wish.b) if node is not None)


def _one(rx: Connection, id_: str) -> Decided:
    row = rx.execute(select(identity_decision).where(_T.id == id_)).first()
    if row is None:
        raise NotFound("identity.no_decision", _("There is no decision {id}."), id=id_[:40])
    return _decided(row)


def _decided(row: Row[Any]) -> Decided:
    ruling = Ruling(**{name: row._mapping[name] for name in Ruling.__dataclass_fields__})
    return Decided(ruling, row.evidence, row.revoked_at, row.revoked_by, row.revoke_reason)
