"""Where a person can be taken apart: links that alone hold two parts of it together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from dujiang.identity.decisions import Decided, Wish

SEAMS_SHOWN: Final = 20
_LINKS_READ: Final = 5_000
_JOINED: Final = """
    SELECT DISTINCT l.a, l.b, l.facts, l.reason FROM person_link AS l
    JOIN person_node AS one ON one.node = l.a AND one.person = $person
    JOIN person_node AS other ON other.node = l.b AND other.person = $person
    WHERE l.joined ORDER BY l.facts DESC, l.a, l.b LIMIT $limit
"""


@dataclass(frozen=True)
class Parting:
    """How to part: decisions to make, and ids of decisions to take back."""

    wishes: tuple[Wish, ...] = ()
    revoke: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seam:
    """A link without which the person would be two.

    Attributes:
        a, b: its ends.
        facts: records that state it; 0 where somebody joined the two by hand.
        reason: code of the rule that joined it.
        part: identifiers of the part that would leave: the one without the person's number.
        decision: id of the decision by hand that joined the two; empty where records did.
    """

    a: int
    b: int
    facts: int
    reason: str
    part: tuple[int, ...]
    decision: str


def seams(con: duckdb.DuckDBPyConnection, person: int, decided: Iterable[Decided]) -> list[Seam]:
    """Every seam of ``person``: those made by hand first, then where most would leave.

    A part that several links hold has no seam; an identifier can be taken out of it all the same.

    Args:
        con: the engine's connection.
        person: the person's number.
        decided: decisions about the person's identifiers.
    """
    rows = con.execute(_JOINED, {"person": person, "limit": _LINKS_READ}).fetchall()
    by_hand = {
        frozenset(one.ruling.nodes): one.ruling.id for one in decided if one.in_force and one.ruling.kind == "join"
    }
    below = bridges(person, [(a, b) for a, b, _facts, _reason in rows])
    found = [
        Seam(a, b, facts, reason, below[a, b], by_hand.get(frozenset((a, b)), ""))
        for a, b, facts, reason in rows
        if (a, b) in below
    ]
    return sorted(found, key=lambda one: (not one.decision, -len(one.part), one.facts, one.a, one.b))


def bridges(root: int, links: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, ...]]:
    """The links that alone connect two parts, each with the nodes on the side away from ``root``.

    Tarjan's algorithm (1974), without recursion. Only what is connected with ``root`` is looked at.

    >>> bridges(1, [(1, 2), (2, 3), (3, 1), (3, 4), (4, 5)])
    {(4, 5): (5,), (3, 4): (4, 5)}
    """
    beside: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for index, (a, b) in enumerate(links):
        beside[a].append((b, index))
        beside[b].append((a, index))
    order: dict[int, int] = {root: 0}
    low: dict[int, int] = {root: 0}
    walked: list[int] = [root]
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    stack = [(root, -1, iter(beside[root]))]
    while stack:
        node, came_by, rest = stack[-1]
        step = next(rest, None)
        if step is not None:
            other, index = step
            if index == came_by:
                continue
            if other in order:
                low[node] = min(low[node], order[other])
                continue
            order[other] = low[other] = len(walked)
            walked.append(other)
            stack.append((other, index, iter(beside[other])))
            continue
        stack.pop()
        if stack:
            above = stack[-1][0]
            low[above] = min(low[above], low[node])
            if low[node] > order[above]:
                found[links[came_by]] = tuple(sorted(walked[order[node] :]))
    return found
