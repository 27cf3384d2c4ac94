"""Where people work on identity: try a change, undo a merge, take an identifier out of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from dujiang.collect.identifier_types import KIND, IdentifierTypes
from dujiang.engine.question import Answers
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.identity.decisions import IdentityDecisions, Wish, checked
from dujiang.identity.dry_run import EXAMPLES, DryRun, dry_run
from dujiang.identity.rulings import Ruling

_STRONGEST = """
    SELECT node FROM person_node WHERE person = ? AND node <> ? AND role = 'owner'
    ORDER BY node = person DESC, type, node LIMIT 1
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

    def taking_out(self, node: int, person: int) -> Wish:
        """The decision that takes an identifier out of a person.

        Raises:
            NotFound: ``identity.alone`` if the person has nothing else that it could be separated from.
        """
        with self._answers.read() as con:
            row = con.execute(_STRONGEST, [person, node]).fetchone()
        if row is None:
            sentence = _("Person {person} has no other identifier that this one could be separated from.")
            raise NotFound("identity.alone", sentence, person=person_id(person))
        return Wish("separate", node, row[0])

    def _ruling(self, number: int, wish: Wish) -> Ruling:
        told = {name: getattr(wish, name) for name in ("kind", "a", "b", "source", "from_seq", "to_seq", "reason")}
        return Ruling(**told, id=f"~{number}", at=self._now(), actor="", origin=wish.origin)
