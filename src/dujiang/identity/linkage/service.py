"""Suggestions: people whose records are alike, accepted by themselves where it is safe, else by somebody who looks at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa
from pydantic import Field
from sqlalchemy import Connection

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.collect.person_record import RECORD
from dujiang.engine.duck import Engine
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.errors import Conflict
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.identity.decisions import DECIDE, IdentityDecisions, Wish
from dujiang.identity.linkage import tables
from dujiang.identity.linkage.choose import obstacle, within_limits
from dujiang.identity.linkage.engine import MINIMUM_RECORDS, Linkage
from dujiang.identity.linkage.model import ScoredPair
from dujiang.identity.linkage.pair_id import pair_id
from dujiang.identity.linkage.records import Records, read_records
from dujiang.identity.linkage.schemas import CUSTOMERS
from dujiang.identity.linkage.tables import Found, Pair, Shown, State, Suggestion
from dujiang.store.audit import record
from dujiang.store.command import SYSTEM, Actor
from dujiang.store.database import Database
from dujiang.store.roles import authorise
from dujiang.store.vault import Vault

KIND: Final = "linkage"
NAME: Final = "people"
Verdict = Literal["accept", "reject", "later", "open"]
_STATES: Final[dict[Verdict, State]] = {"accept": "accepted", "reject": "rejected", "later": "later", "open": "open"}
_OWNERS: Final = """
    SELECT node, arg_max(person, coalesce(from_at, make_timestamptz(1, 1, 1, 0, 0, 0.0)))
    FROM person_node {among} GROUP BY node
"""
_AMONG: Final = "WHERE node IN (SELECT unnest($nodes::BIGINT[]))"
_NODES: Final = "SELECT DISTINCT node FROM person_node WHERE person = $person"


class LinkageSpec(Spec):
    """When people are joined because their records are alike; definition kind ``linkage``, name ``people``."""

    accept: float = Field(default=0.99, ge=0.5, le=1.0)
    """Probability from which a pair is joined by itself, where nothing stands against it. 1: never."""
    review: float = Field(default=0.1, ge=0.001, le=1.0)
    """Probability from which a pair is shown to somebody."""
    minimum: int = Field(default=MINIMUM_RECORDS, ge=100)
    """Fewest records to learn from."""


register(KIND, LinkageSpec)


@dataclass(frozen=True)
class Suggested:
    """What a run brought.

    Attributes:
        records: records that can be compared.
        compared: of these, how many were compared with all (those that are new, or all after training).
        model: number of the model; ``trained`` whether it was made now.
        from_known: the model learnt from records that identifiers connect.
        converged: the training came to rest; if not, look at what was accepted.
        accepted: pairs joined by themselves.
        to_review: pairs that wait for somebody.
    """

    records: int
    compared: int
    model: int
    trained: bool
    from_known: bool
    converged: bool
    accepted: int
    to_review: int


class Suggestions:
    """Suggestions of one workspace.

    Args:
        database, engine, vault: where pairs are kept, who is who, and where records lie.
        decisions: takes the joins.
        types: gives the identifier types in force.
        spec: gives the thresholds in force.
        clock: tells the time.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        vault: Vault,
        decisions: IdentityDecisions,
        types: Callable[[], IdentifierTypes],
        spec: Callable[[], LinkageSpec],
        clock: Clock,
    ) -> None:
        self._database, self._engine, self._vault, self._decisions = database, engine, vault, decisions
        self._types, self._spec, self._clock = types, spec, clock

    def suggest(self, progress: Progress = silent, *, retrain: bool = False) -> Suggested:
        """Compare the records that are new with all, and accept or keep what is alike.

        Args:
            progress: told of each step; may raise ``Cancelled``, which leaves everything as it was.
            retrain: learn anew and compare all with all; the first run does so by itself.

        Raises:
            MissingPart: ``linkage.not_installed``.
            Conflict: ``linkage.too_few_records`` or ``linkage.nothing_in_common``.
        """
        spec = self._spec()
        progress("read", 0, 1)
        records = read_records(self._vault.reveal_all(RECORD))
        owner = self._owners()
        with self._database.read() as rx:
            kept = None if retrain else tables.newest_model(rx)
            known = tables.compared(rx, kept[0]) if kept else set()
        linkage = Linkage(records.with_persons([owner.get(one) for one in records.subject.tolist()]), CUSTOMERS)
        try:
            model = kept[1] if kept else linkage.train(progress, spec.minimum)
            fresh = [node for node in records.node.tolist() if node not in known]
            new = [str(node) for node in fresh] if kept else None
            pairs = linkage.score(model, spec.review, new, progress) if fresh else []
        finally:
            linkage.close()
        with self._database.transaction() as tx:
            number = kept[0] if kept else tables.add_model(tx, model, self._clock.now())
            found = self._found(pairs, records, owner, tables.decided(tx))
            tables.note_compared(tx, fresh, number)
            tables.put(tx, found, number, self._clock.now())
        accepted = self._accept(found, owner, spec.accept)
        return Suggested(
            len(records), len(fresh), number, kept is None, model.from_known, model.converged, accepted,
            len(found) - accepted,
        )  # fmt: skip

    def list(
        self,
        state: State | None = "open",
        *,
        low: float = 0.0,
        high: float = 1.0,
        limit: int | None = 100,
        person: int | None = None,
    ) -> list[Suggestion]:
        """Suggestions, the likeliest first; of open ones those whose two are one person by now are left out.

        Args:
            state: only those in this state; None: in any.
            low, high: only those with a probability from ``low`` to ``high``.
            limit: at most so many; None: all.
            person: only those about one of this person's identifiers; None: about anybody.
        """
        nodes = None if person is None else self._nodes(person)
        with self._database.read() as rx:
            found = tables.listed(rx, state, low, high, None if state in ("open", "later") else limit, nodes)
        if state in ("open", "later"):
            owner = self.persons(found)
            found = [one for one in found if owner.get(one.a) != owner.get(one.b)]
        return found[:limit] if limit else found

    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        with self._database.read() as rx:
            return tables.counts(rx)

    def persons(self, found: Sequence[Suggestion]) -> dict[int, int]:
        """Whose each identifier in ``found`` is."""
        return self._owners([node for one in found for node in (one.a, one.b)]) if found else {}

    def decide(self, pair: Pair, verdict: Verdict, *, actor: Actor) -> Suggestion:
        """Accept, reject, put off or reopen a suggestion. Reopening takes an acceptance back, exactly.

        An acceptance and the decision that joins the two are one commit, and so is taking both back.

        Raises:
            NotFound: ``linkage.no_suggestion``.
            NotAllowed: ``access.not_allowed``.
            Conflict: ``linkage.decided`` for one that was decided otherwise: reopen it first.
                ``identity.decision_contradicts`` if somebody decided that the two are not one.
        """
        authorise(actor.role, DECIDE)
        with self._database.read() as rx:
            found = tables.one(rx, pair)
        if found.state == _STATES[verdict]:
            return found
        if found.state in ("accepted", "rejected") and verdict != "open":
            raise _decided()

        def note(tx: Connection, decision: str) -> None:
            self._note(tx, found, verdict, actor, decision if verdict == "accept" else "")

        if verdict == "accept":
            self._decisions.decide(_wish(found), actor=actor, also=note)
        elif found.state == "accepted" and self._decisions.get(found.decision).in_force:
            self._decisions.revoke(found.decision, actor=actor, also=note)
        else:
            with self._database.transaction() as tx:
                note(tx, "")
        with self._database.read() as rx:
            return tables.one(rx, pair)

    def _note(self, tx: Connection, found: Suggestion, verdict: Verdict, actor: Actor, decision: str) -> None:
        now, pair, state = self._clock.now(), (found.a, found.b), _STATES[verdict]
        at = None if verdict == "open" else now
        if not tables.mark(tx, pair, found.state, state, at, "" if at is None else actor.name, decision):
            raise _decided()  # by somebody else, in the meantime
        after = {"state": state, "probability": round(found.probability, 4)}
        record(tx, actor=actor.name, action=f"linkage.{verdict}", object=pair_id(*pair), after=after, reason="", at=now)

    def decide_all(self, verdict: Verdict, low: float, high: float, *, actor: Actor) -> int:
        """Decide every open suggestion with a probability from ``low`` to ``high``; how many these were."""
        found = self.list("open", low=low, high=high, limit=None)
        for one in found:
            self.decide((one.a, one.b), verdict, actor=actor)
        return len(found)

    def _owners(self, nodes: Sequence[int] | None = None) -> dict[int, int]:
        """Whose each of ``nodes`` is now; None: whose each is."""
        with self._engine.read() as con:
            if nodes is None:
                return dict(con.execute(_OWNERS.format(among="")).fetchall())
            return dict(con.execute(_OWNERS.format(among=_AMONG), {"nodes": nodes}).fetchall())

    def _nodes(self, person: int) -> Sequence[int]:
        with self._engine.read() as con:
            return [node for (node,) in con.execute(_NODES, {"person": person}).fetchall()]

    def _found(
        self, pairs: Sequence[ScoredPair], records: Records, owner: dict[int, int], decided: set[Pair]
    ) -> list[Found]:
        """The best pair of records for each two people who are not one yet and were not decided about."""
        place = {str(node): at for at, node in enumerate(records.node.tolist())}
        subject, single = records.subject.tolist(), records.single.tolist()
        best: dict[Pair, Found] = {}
        seen: set[Pair] = set()
        for pair in pairs:
            at_a, at_b = place[pair.a], place[pair.b]
            if subject[at_a] > subject[at_b]:
                at_a, at_b = at_b, at_a
            key = (subject[at_a], subject[at_b])
            persons = owner.get(key[0]), owner.get(key[1])
            if None in persons or persons[0] == persons[1] or key in decided:
                continue
            both = (min(persons), max(persons))  # type: ignore[type-var]
            if both in seen:
                continue
            seen.add(both)  # type: ignore[arg-type]
            stands_against = obstacle(pair.evidence, single=single[at_a] and single[at_b])
            shown = _shown(records.table, at_a, at_b)
            best[key] = Found(*key, pair.probability, pair.evidence, shown, stands_against)
        return list(best.values())

    def _accept(self, found: Sequence[Found], owner: dict[int, int], least: float) -> int:
        """Join what is likely enough and has nothing against it; how many."""
        likely = [one for one in found if one.probability >= least and not one.obstacle]
        with self._engine.read() as con:
            fits = within_limits(con, self._types(), [(owner[one.a], owner[one.b]) for one in likely])
        beyond = [one for one, fit in zip(likely, fits, strict=True) if not fit]
        with self._database.transaction() as tx:
            for one in beyond:
                tables.note_obstacle(tx, (one.a, one.b), "limit")
        chosen = [one for one, fit in zip(likely, fits, strict=True) if fit]
        for one in chosen:
            self.decide((one.a, one.b), "accept", actor=SYSTEM)
        return len(chosen)


def _decided() -> Conflict:
    sentence = _("This suggestion was decided already. Reopen it to decide otherwise.")
    return Conflict("linkage.decided", sentence)


def _wish(found: Suggestion) -> Wish:
    evidence = {"probability": found.probability, "model": found.model}
    evidence["fields"] = {one.field: [one.level, one.weight] for one in found.evidence}  # type: ignore[assignment]
    return Wish("join", found.a, found.b, origin="suggestion", evidence=evidence)


def _shown(table: pa.Table, a: int, b: int) -> tuple[Shown, ...]:
    one, other = (table.slice(place, 1).to_pylist()[0] for place in (a, b))
    return tuple(Shown(field, mask(one), mask(other)) for field, mask in _MASKS.items())


def masked_name(row: dict[str, str | None]) -> str:
    """A name of which only the first and the last character are shown."""
    name = row["name"] or ""
    return name[:1] + "*" * max(len(name) - 2, 1) + name[-1:] if len(name) > 2 else name[:1] + "*"


def _masked_birthday(row: dict[str, str | None]) -> str:
    return f"{row['birthday'][:4]}-**-**" if row["birthday"] else ""


def _masked_address(row: dict[str, str | None]) -> str:
    told = "".join(filter(None, (row["city"], row["district"], row["street"])))
    return f"{told}**" if told else ""


def _gender(row: dict[str, str | None]) -> str:
    return row["gender"] or ""


_MASKS: Final = {"name": masked_name, "birthday": _masked_birthday, "address": _masked_address, "gender": _gender}
