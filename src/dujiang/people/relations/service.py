"""Answers about relations: of one person, and how many there are of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from dujiang.engine.question import Answers, bounded
from dujiang.foundation.definitions import Definition
from dujiang.foundation.timewindows import day_of
from dujiang.people.model import Revealing
from dujiang.people.profile import shown
from dujiang.people.relations.model import KIND, Relation, RelationSpec, Rule, Thing

SHOWN: Final = 50
_OF: Final = """
    SELECT kind, part, other, other IN (SELECT person FROM person) AS known,
        list(thing ORDER BY strength DESC, thing) AS things, list(type ORDER BY strength DESC, thing) AS types,
        max(people) AS people, sum(facts)::BIGINT AS facts, min(first_at) AS first_at, max(last_at) AS last_at,
        1 - product(1 - strength) AS strength
    FROM person_relation WHERE person = $person
    GROUP BY kind, part, other
    ORDER BY part = 'hub' DESC, strength DESC, facts DESC, other
    LIMIT $limit
"""
_AROUND: Final = """
    SELECT kind, part, person, person IN (SELECT person FROM person) AS known, [thing] AS things, [type] AS types, people,
        facts, first_at, last_at, strength
    FROM person_relation WHERE other = $person AND part = 'spoke'
    ORDER BY facts DESC, last_at DESC, person LIMIT $limit
"""
_HUBS: Final = """
    SELECT kind, part, person, person IN (SELECT person FROM person) AS known, [thing] AS things, [type] AS types, people,
        facts, first_at, last_at, strength
    FROM person_relation WHERE part = 'hub' AND ($kind = '' OR kind = $kind)
    ORDER BY people DESC, facts DESC, thing LIMIT $limit
"""
_THROUGH: Final = """
    SELECT any_value(kind) AS kind, any_value(part) AS part, person, person IN (SELECT person FROM person) AS known,
        [thing] AS things, [any_value(type)] AS types, any_value(people) AS people, max(facts) AS facts,
        min(first_at) AS first_at, max(last_at) AS last_at, max(strength) AS strength
    FROM person_relation WHERE thing = $thing AND part <> 'hub'
    GROUP BY thing, person ORDER BY facts DESC, last_at DESC, person LIMIT $limit
"""
_COUNTS: Final = """
    SELECT kind, count(DISTINCT person) FILTER (part <> 'hub') AS people, count(DISTINCT thing) AS things
    FROM person_relation GROUP BY kind
"""


@dataclass(frozen=True)
class KindCount:
    """How many people are related so, and through how many things."""

    kind: str
    people: int
    things: int


class RelationService:
    """Answers questions about relations.

    Args:
        answers: the engine.
        definitions: gives every definition in force.
        zone: the brand's time zone.
        vault: where clear values of identifiers are kept.
    """

    def __init__(
        self,
        answers: Answers,
        definitions: Callable[[str], Mapping[tuple[str, str], Definition]],
        zone: ZoneInfo,
        vault: Revealing,
    ) -> None:
        self._answers, self._definitions, self._zone, self._vault = answers, definitions, zone, vault

    def kinds(self) -> dict[str, Definition]:
        """The kinds of relation in force, by name."""
        return {name: one for (_kind, name), one in self._definitions(KIND).items() if one.status == "active"}

    def rules(self) -> list[Rule]:
        """Their rules."""
        return [Rule(name, RelationSpec.model_validate(one.spec)) for name, one in self.kinds().items()]

    def of_person(self, person: int, limit: int = SHOWN) -> list[Relation]:
        """The relations of a person, what they are a hub of first, then the strongest; empty where there are none.

        Several things that tie the same two people make one relation.
        """
        return self._answer(_OF, {"person": person, "limit": limit})

    def around(self, hub: int, limit: int = SHOWN) -> list[Relation]:
        """Who is related to a hub, those with most records first; ``other`` of each is one of them."""
        return self._answer(_AROUND, {"person": hub, "limit": limit})

    def hubs(self, kind: str = "", limit: int = SHOWN) -> list[Relation]:
        """The things that most people have in common, the largest first; ``other`` is the hub's number.

        Args:
            kind: only of this kind; empty for all.
        """
        return self._answer(_HUBS, {"kind": kind, "limit": limit})

    def through(self, thing: int, limit: int = SHOWN) -> list[Relation]:
        """Who is related through a thing, those with most records first; ``other`` of each is one of them."""
        return self._answer(_THROUGH, {"thing": thing, "limit": limit})

    def counts(self) -> list[KindCount]:
        """How many people each kind relates, the largest first."""
        with bounded(self._answers) as con:
            found = con.execute(f"{_COUNTS} ORDER BY people DESC, kind").fetchall()
        return [KindCount(*row) for row in found]

    def _answer(self, question: str, values: Mapping[str, Any]) -> list[Relation]:
        with bounded(self._answers) as con:
            rows = con.execute(question, values).fetchall()
        clear = self._vault.reveal({node for row in rows for node in row[4]})
        return [self._relation(row, clear) for row in rows]

    def _relation(self, row: tuple[Any, ...], clear: Mapping[int, str]) -> Relation:
        kind, part, other, known, nodes, types, people, facts, first_at, last_at, strength = row
        return Relation(
            kind=kind,
            part=part,
            other=other,
            known=bool(known),
            things=tuple(Thing(node, type_, shown(node, clear)) for node, type_ in zip(nodes, types, strict=True)),
            people=people,
            facts=facts,
            first=day_of(first_at, self._zone),
            last=day_of(last_at, self._zone),
            strength=strength,
        )
