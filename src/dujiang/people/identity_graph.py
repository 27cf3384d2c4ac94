"""The identifiers of a person and every link between them as a graph, with the people that refused links lead to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import duckdb

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.engine.question import Answers, bounded
from dujiang.foundation.timewindows import day_of
from dujiang.identity.evidence import Evidence, explain
from dujiang.people.model import Revealing
from dujiang.people.profile import shown

NODES_MAX: Final = 60
_OWN_SHARE: Final = 2 / 3
"""Of the nodes in a picture that is too large, so many are the person's own."""
_LINKS_READ: Final = 2_000
_OWN: Final = """
    SELECT DISTINCT n.node, n.type, n.role, coalesce(i.facts, 0) AS facts, i.last_at
    FROM person_node AS n LEFT JOIN identifier AS i USING (node)
    WHERE n.person = $person
    ORDER BY n.node = $person DESC, facts DESC, n.node
"""
_LINKS: Final = """
    SELECT count(*) FROM person_link
    WHERE a IN (SELECT node FROM person_node WHERE person = $person)
        OR b IN (SELECT node FROM person_node WHERE person = $person)
"""
_NEIGHBOURS: Final = """
    SELECT node, arg_max(person, coalesce(to_at, TIMESTAMPTZ '9999-01-01 00:00:00+00')) AS person
    FROM person_node WHERE list_contains($nodes, node) GROUP BY node
"""
_NEIGHBOUR: Final = """
    SELECT person, count(*) AS identifiers, any_value(role) AS role, any_value(type) AS type,
        person IN (SELECT person FROM person) AS known
    FROM person_node WHERE list_contains($persons, person) GROUP BY person
"""


@dataclass(frozen=True)
class GraphNode:
    """An identifier of the person, or another person that a refused link leads to.

    Attributes:
        node: the identifier, or the number of the other person.
        kind: ``identifier`` or ``person``.
        type: type of the identifier; of a person with one identifier that one's, else empty.
        shown: masked; of a person empty.
        role: ``owner``, ``shared``, ``alone`` or ``barred``; of a person with several identifiers empty.
        facts: records that name it; of a person those of the links that lead there.
        last: day of the last of them; None where none is dated.
        identifiers: how many it stands for.
        known: whether a person has a page of its own.
    """

    node: int
    kind: Literal["identifier", "person"]
    type: str
    shown: str
    role: str
    facts: int
    last: date | None
    identifiers: int = 1
    known: bool = False


@dataclass(frozen=True)
class GraphEdge:
    """A link: between ``a`` and ``b`` among the nodes of the picture, and the decision about it."""

    a: int
    b: int
    evidence: Evidence


@dataclass(frozen=True)
class IdentityGraph:
    """The picture of a person.

    Attributes:
        person: whose.
        nodes: the person's number first, then own identifiers, then other people.
        edges: joined links first.
        identifiers_left_out: own identifiers that are not in ``nodes``.
        people_left_out: other people that are not.
        links_left_out: links that are not in ``edges``, because one of their ends is left out.
    """

    person: int
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    identifiers_left_out: int
    people_left_out: int
    links_left_out: int


class IdentityGraphs:
    """Draws who a person is made of.

    Args:
        answers: the engine.
        zone: the brand's time zone.
        vault: where clear values of identifiers are kept.
    """

    def __init__(self, answers: Answers, zone: ZoneInfo, vault: Revealing) -> None:
        self._answers, self._zone, self._vault = answers, zone, vault

    def of(self, person: int, types: IdentifierTypes, nodes_max: int = NODES_MAX) -> IdentityGraph:
        """The graph of ``person``; empty for somebody who does not exist.

        A hub is cut down: the identifiers with most records stay, and of other people those whom most records lead to.

        Args:
            person: the person's number.
            types: the types in force.
            nodes_max: how many nodes at most.
        """
        with bounded(self._answers) as con:
            own = con.execute(_OWN, {"person": person}).fetchall()
            links = explain(con, person, types, in_zone=self._zone, limit=_LINKS_READ)
            every = con.execute(_LINKS, {"person": person}).fetchall()[0][0]
            mine = {row[0] for row in own}
            others = _owners(con, {node for one in links for node in (one.a, one.b)} - mine)
            people = _ranked(links, others)
            kept = own[: max(1, nodes_max - len(people), int(nodes_max * _OWN_SHARE))]
            shown_people = people[: nodes_max - len(kept)]
            about = _about(con, shown_people)
        chosen = {row[0] for row in kept}
        edges = _edges(links, chosen, others, set(shown_people))
        clear = self._vault.reveal(chosen | set(shown_people))
        nodes = [self._own(row, clear) for row in kept]
        nodes += [_other(about[one], one, edges, clear) for one in shown_people]
        return IdentityGraph(
            person, tuple(nodes), tuple(edges), len(own) - len(kept), len(people) - len(shown_people),
            max(0, every - len(edges)),
        )  # fmt: skip

    def _own(self, row: Sequence[Any], clear: Mapping[int, str]) -> GraphNode:
        node, type_, role, facts, last_at = row
        return GraphNode(node, "identifier", type_, shown(node, clear), role, facts, self._day(last_at))

    def _day(self, moment: datetime | None) -> date | None:
        return None if moment is None else day_of(moment, self._zone)


def _owners(con: duckdb.DuckDBPyConnection, nodes: Iterable[int]) -> dict[int, int]:
    """Whose each of ``nodes``, which are not the person's, is."""
    return dict(con.execute(_NEIGHBOURS, {"nodes": sorted(nodes)}).fetchall())


def _ranked(links: Sequence[Evidence], others: Mapping[int, int]) -> list[int]:
    """The other people, those whom most records lead to first."""
    facts: dict[int, int] = defaultdict(int)
    for one in links:
        for node in (one.a, one.b):
            if node in others:
                facts[others[node]] += one.facts
    return sorted(facts, key=lambda person: (-facts[person], person))


def _about(con: duckdb.DuckDBPyConnection, persons: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    rows = con.execute(_NEIGHBOUR, {"persons": list(persons)}).fetchall()
    return {row[0]: row[1:] for row in rows}


def _edges(links: Sequence[Evidence], chosen: set[int], others: Mapping[int, int], people: set[int]) -> list[GraphEdge]:
    def end(node: int) -> int | None:
        if node in chosen:
            return node
        return person if (person := others.get(node)) in people else None

    found = []
    for one in links:
        a, b = end(one.a), end(one.b)
        if a is not None and b is not None and a != b:
            found.append(GraphEdge(a, b, one))
    return found


def _other(about: tuple[Any, ...], person: int, edges: Sequence[GraphEdge], clear: Mapping[int, str]) -> GraphNode:
    identifiers, role, type_, known = about
    leading = [one.evidence for one in edges if person in (one.a, one.b)]
    single = identifiers == 1
    return GraphNode(
        node=person,
        kind="person",
        type=type_ if single else "",
        shown=shown(person, clear) if single else "",
        role=role if single else "",
        facts=sum(one.facts for one in leading),
        last=max((one.last for one in leading), default=None),
        identifiers=identifiers,
        known=bool(known),
    )
