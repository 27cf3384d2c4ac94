"""Where people work on identity: try a change, undo a merge, take an identifier out of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import duckdb

from dujiang.collect.identifier_types import KIND, IdentifierTypes
from dujiang.engine.question import Answers
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id, person_id
from dujiang.identity.decisions import Decided, IdentityDecisions, Wish, checked
from dujiang.identity.dry_run import EXAMPLES, DryRun, dry_run
from dujiang.identity.parting import SEAMS_SHOWN, Parting, Seam, seams
from dujiang.identity.rulings import Ruling
from dujiang.store.command import Actor

SEPARATED_MAX: Final = 50
"""Separations of one act."""
_BESIDE: Final = """
    SELECT DISTINCT other FROM (
        SELECT b AS other FROM person_link WHERE a = $node AND joined
        UNION ALL
        SELECT a FROM person_link WHERE b = $node AND joined
    ) WHERE other IN (SELECT node FROM person_node WHERE person = $person) ORDER BY other
"""


class IdentityDesk:
    """Tries changes of rules and prepares decisions.

    Args:
        answers: the engine.
        decisions: the decisions of the store.
        definitions: gives the definitions of identifier types in force.
        now: gives the present moment.
    """

    def __init__(
        self,
        answers: Answers,
        decisions: IdentityDecisions,
        definitions: Callable[[], Iterable[Definition]],
        now: Callable[[], datetime],
    ) -> None:
        self._answers, self.decisions, self._definitions, self._now = answers, decisions, definitions, now

    def dry_run(
        self,
        definitions: Sequence[Definition] = (),
        wishes: Sequence[Wish] = (),
        revoke: Sequence[str] = (),
        *,
        examples: int = EXAMPLES,
    ) -> DryRun:
        """What would happen to people if rules were changed, decisions made and others revoked; nothing is changed.

        Args:
            definitions: identifier types as they would be; those that are not named stay.
            wishes: decisions that would be made.
            revoke: ids of decisions that would be revoked.
            examples: how many examples to give.

        Raises:
            InvalidInput: ``identity.not_a_type`` if a definition is of another kind, or what
                :func:`dujiang.identity.decisions.checked` refuses.
        """
        for one in definitions:
            if one.kind != KIND:
                sentence = _("A dry run tries identifier types; “{name}” is of the kind {kind}.")
                raise InvalidInput("identity.not_a_type", sentence, name=one.name, kind=one.kind)
        current = {one.name: one for one in self._definitions()}
        wanted = current | {one.name: one for one in definitions}
        kept = [one for one in self.decisions.in_force() if one.id not in revoke]
        tried = [self._ruling(number, wish) for number, wish in enumerate(map(checked, wishes))]
        with self._answers.read() as con:
            return dry_run(
                con,
                IdentifierTypes.of(current.values()),
                IdentifierTypes.of(wanted.values()),
                [*kept, *tried],
                examples=examples,
            )

    def seams(self, person: int, limit: int = SEAMS_SHOWN) -> list[Seam]:
        """Where a person can be taken apart in one step (:func:`dujiang.identity.parting.seams`), at most ``limit``."""
        with self._answers.read() as con:
            return seams(con, person, self.decisions.listed(revoked=False, nodes=_nodes(con, person)))[:limit]

    def taking_out(self, node: int, person: int) -> Parting:
        """What takes one identifier, and nothing else, out of a person.

        It is separated from each identifier that it is joined with; joins by hand are taken back.

        Raises:
            NotFound: ``identity.not_theirs`` if the identifier is not the person's; ``identity.alone`` if nothing there is
                joined with it.
            Conflict: ``identity.too_many_links`` if so many are that barring it is what is meant.
        """
        with self._answers.read() as con:
            nodes = _theirs(con, node, person)
            beside = [row[0] for row in con.execute(_BESIDE, {"node": node, "person": person}).fetchall()]
        if not beside:
            sentence = _("Nothing of person {person} is joined with this identifier.")
            raise NotFound("identity.alone", sentence, person=person_id(person))
        if len(beside) > SEPARATED_MAX:
            sentence = _("The identifier is joined with {links} others. Decide that it joins nobody instead.")
            raise Conflict("identity.too_many_links", sentence, links=len(beside))
        by_hand = self._joins(nodes)
        act = new_id("act")
        wishes = [
            Wish("separate", node, other, evidence={"act": act, "taken_out": person_id(node)})
            for other in beside
            if frozenset((node, other)) not in by_hand
        ]
        revoked = [id_ for pair, id_ in by_hand.items() if node in pair]
        return Parting(tuple(wishes), tuple(revoked))

    def unmerging(self, former: int, person: int) -> Parting:
        """What undoes a merge: the number that somebody had before it is an identifier of the person.

        Where somebody joined the two by hand, that decision is taken back; else the two numbers are separated, and of what
        holds them together the weakest links give way.

        Raises:
            NotFound: ``identity.not_theirs``; ``identity.alone`` if the number is the person's own.
        """
        with self._answers.read() as con:
            nodes = _theirs(con, former, person)
        if former == person:
            sentence = _(
                "Person {person} has this number itself. Choose the number of the person that was merged into it."
            )
            raise NotFound("identity.alone", sentence, person=person_id(person))
        for one in self.seams(person, limit=len(nodes)):
            if one.decision and former in one.part:
                return Parting(revoke=(one.decision,))
        return Parting((Wish("separate", former, person),))

    def try_parting(self, parting: Parting) -> DryRun:
        """What :meth:`part` would do; nothing is changed."""
        return self.dry_run(wishes=parting.wishes, revoke=parting.revoke)

    def part(self, parting: Parting, *, actor: Actor, reason: str = "", key: str = "") -> list[Decided]:
        """Do it; the next refresh heeds it. :meth:`revoke` of any of the separations undoes all of them.

        Returns:
            The decisions that were made, and those that were taken back.

        Raises:
            NotAllowed, InvalidInput, Conflict: as :class:`~dujiang.identity.decisions.IdentityDecisions`.
        """
        done = [
            self.decisions.revoke(id_, actor=actor, reason=reason, key=key and f"{key}:revoke:{place}")
            for place, id_ in enumerate(parting.revoke)
        ]
        for place, wish in enumerate(parting.wishes):
            made = self.decisions.decide(replace(wish, reason=reason), actor=actor, key=key and f"{key}:{place}")
            done.append(self.decisions.get(made.id))
        return done

    def revoke(self, id: str, *, actor: Actor, reason: str = "", key: str = "") -> Decided:  # noqa: A002
        """Take a decision back, and with it those that were made in the same act.

        Raises:
            NotAllowed, NotFound, Conflict: as :meth:`dujiang.identity.decisions.IdentityDecisions.revoke`.
        """
        revoked = self.decisions.revoke(id, actor=actor, reason=reason, key=key)
        act = revoked.evidence.get("act")
        for one in self.decisions.listed(revoked=False, nodes=revoked.ruling.nodes) if act else ():
            if one.evidence.get("act") == act:
                self.decisions.revoke(one.ruling.id, actor=actor, reason=reason)
        return revoked

    def restore(self, id: str, *, actor: Actor, reason: str = "", key: str = "") -> Decided:  # noqa: A002
        """Bring a revoked decision back, and with it those that were made in the same act; each gets a new id.

        Raises:
            NotAllowed, NotFound, Conflict: as :meth:`dujiang.identity.decisions.IdentityDecisions.restore`.
        """
        found = self.decisions.get(id)
        act = found.evidence.get("act")
        beside = self.decisions.listed(revoked=True, nodes=found.ruling.nodes) if act else ()
        made = self.decisions.restore(id, actor=actor, reason=reason, key=key)
        for one in beside:
            if one.evidence.get("act") == act:  # what is in force already is not written twice
                self.decisions.restore(one.ruling.id, actor=actor, reason=reason)
        return made

    def _joins(self, nodes: Sequence[int]) -> dict[frozenset[int], str]:
        """Ids of the joins by hand in force about ``nodes``, by pair."""
        found = self.decisions.listed(revoked=False, nodes=nodes)
        return {frozenset(one.ruling.nodes): one.ruling.id for one in found if one.ruling.kind == "join"}

    def _ruling(self, number: int, wish: Wish) -> Ruling:
        told = {name: getattr(wish, name) for name in ("kind", "a", "b", "source", "from_seq", "to_seq", "reason")}
        now = self._now()
        moment = min(wish.moment or now, now) if wish.kind == "unbind" else None
        return Ruling(**told, id=f"~{number}", at=now, actor="", origin=wish.origin, moment=moment)


def _nodes(con: duckdb.DuckDBPyConnection, person: int) -> list[int]:
    found = con.execute("SELECT DISTINCT node FROM person_node WHERE person = ?", [person]).fetchall()
    return [node for (node,) in found]


def _theirs(con: duckdb.DuckDBPyConnection, node: int, person: int) -> list[int]:
    """The person's identifiers, of which ``node`` has to be one."""
    nodes = _nodes(con, person)
    if node not in nodes:
        sentence = _("This identifier does not belong to person {person}. Look at the person again.")
        raise NotFound("identity.not_theirs", sentence, person=person_id(person))
    return nodes
