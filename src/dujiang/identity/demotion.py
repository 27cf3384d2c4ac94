"""Above a limit the weakest identifier gives way, where its type says so: it is believed last, and the people are joined.

The rule is that of Segment's merge protection (the identifier of lowest priority is demoted and the merge tried again), made
independent of the order of arrival: what gives way is found by the order in which links are believed, part by part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.identity.kernels import Joined, connected, join_in_order
from dujiang.identity.model import Flags, Indexes, Ints

ROUNDS_MAX: Final = 64
"""How often one part of the graph is tried again; after that its joins above the limit are refused."""

_FIRST, _STRONG, _LATE, _LAST = range(4)


@dataclass(frozen=True)
class Line:
    """Links in the order in which they are believed; ``phase`` says by what right."""

    a: Indexes
    b: Indexes
    phase: Indexes

    @classmethod
    def of(cls, a: Indexes, b: Indexes, given: Ints, strong: Ints, told: Ints) -> Line:
        """First what was given by hand, then the strong links, then whole people joined by hand (places of ``a``, ``b``)."""
        order = np.concatenate([given, strong, told])
        phase = np.repeat([_FIRST, _STRONG, _LAST], [len(given), len(strong), len(told)]).astype(np.int32)
        return cls(a[order], b[order], phase)

    def join(self, nodes: int, column: Indexes, limits: Ints, apart: tuple[Indexes, Indexes], late: Flags) -> Joined:
        """Join with the links of identifiers that give way behind the other strong ones; of each link in the line's order."""
        behind = (self.phase == _STRONG) & (late[self.a] | late[self.b])
        order = np.argsort(np.where(behind, _LATE, self.phase), kind="stable")
        forced = self.phase[order] != _STRONG
        a, b = self.a[order], self.b[order]
        found = join_in_order(nodes, a, b, column, limits, forced=forced, apart=apart)
        refused, kept_apart = np.empty_like(found.refused), np.empty_like(found.apart)
        refused[order], kept_apart[order] = found.refused, found.apart
        return Joined(found.group, refused, kept_apart, found.counts)


def join_giving_way(
    nodes: int,
    line: Line,
    column: Indexes,
    limits: Ints,
    demotes: Flags,
    apart: tuple[Indexes, Indexes],
    exempt: Flags,
) -> tuple[Joined, Flags]:
    """Join a line of links under limits, some of which make identifiers give way.

    Args:
        nodes: how many identifiers there are.
        line: the links.
        column: of each identifier which limit counts it; -1 for none.
        limits: how many of each column one person may have.
        demotes: of each column whether the weakest identifier gives way; otherwise the join is refused.
        apart: pairs that never come into one person.
        exempt: identifiers that never give way: somebody gave them to a person.

    Returns:
        The groups, and which identifiers gave way: their links are believed after all other strong ones.
    """
    late = np.zeros(nodes, np.bool_)
    found = line.join(nodes, column, limits, apart, late)
    disputed = np.append(demotes, False)[found.refused]  # -1, not refused, is the last place
    if not disputed.any():
        return found, late
    part = connected(nodes, line.a, line.b)
    concerned = np.zeros(nodes, np.bool_)
    concerned[part[line.a[disputed]]] = True
    inside = np.flatnonzero(concerned[part])
    late[inside] = _Part.of(inside, line, column, limits, demotes, apart, exempt, part).late()
    return line.join(nodes, column, limits, apart, late), late


@dataclass(frozen=True)
class _Part:
    """What hangs together with a disputed join, with places counted anew."""

    line: Line
    column: Indexes
    limits: Ints
    demotes: Flags
    apart: tuple[Indexes, Indexes]
    exempt: Flags
    part: Indexes
    rank: Ints
    """Of each identifier the place of the first link that names it: the later, the weaker."""

    @classmethod
    def of(
        cls,
        inside: Ints,
        line: Line,
        column: Indexes,
        limits: Ints,
        demotes: Flags,
        apart: tuple[Indexes, Indexes],
        exempt: Flags,
        part: Indexes,
    ) -> _Part:
        place = np.full(len(column), -1, np.int32)
        place[inside] = np.arange(len(inside), dtype=np.int32)
        here = place[line.a] >= 0
        a, b = place[line.a[here]], place[line.b[here]]
        pair = (place[apart[0]] >= 0) & (place[apart[1]] >= 0)
        rank = np.full(len(inside), len(a), np.int64)
        np.minimum.at(rank, np.concatenate([a, b]), np.concatenate([np.arange(len(a))] * 2))
        near = (place[apart[0][pair]], place[apart[1][pair]])
        return cls(
            Line(a, b, line.phase[here]),
            column[inside],
            limits,
            demotes,
            near,
            exempt[inside],
            part[inside],
            rank,
        )

    def late(self) -> Flags:
        """Which identifiers give way, found one disputed join after the other in each part."""
        late = np.zeros(len(self.column), np.bool_)
        for _round in range(ROUNDS_MAX):
            found = self.line.join(len(late), self.column, self.limits, self.apart, late)
            weakest = self._weakest(found, late)
            if not weakest:
                break
            late[weakest] = True
        return late

    def _weakest(self, found: Joined, late: Flags) -> list[int]:
        """Of the first join in each part that can be saved: what has to give way for it."""
        a, b = self.line.a, self.line.b
        disputed = np.append(self.demotes, False)[found.refused] & ~(late[a] | late[b])
        members = _members(found.group, self.column)
        saved: dict[int, list[int]] = {}
        for place in np.flatnonzero(disputed).tolist():
            part = int(self.part[a[place]])
            if part not in saved and (weakest := self._giving_way(found, members, late, int(a[place]), int(b[place]))):
                saved[part] = weakest
        return [node for weakest in saved.values() for node in weakest]

    def _giving_way(
        self, found: Joined, members: dict[tuple[int, int], list[int]], late: Flags, a: int, b: int
    ) -> list[int]:
        """What has to give way so that two groups may join; empty where that cannot be."""
        one, other = int(found.group[a]), int(found.group[b])
        if one == other:
            return []
        weakest: list[int] = []
        for column, limit in enumerate(self.limits.tolist()):
            have, come = (members.get((group, column), []) for group in (one, other))
            excess = len(have) + len(come) - limit
            if excess <= 0 or not have or not come:
                continue
            able = [node for node in (*have, *come) if not self.exempt[node] and not late[node]]
            able.sort(key=lambda node: (int(self.rank[node]), node))
            if not self.demotes[column] or len(able) < excess:
                return []
            weakest += able[len(able) - excess :]
        return weakest


def _members(group: Indexes, column: Indexes) -> dict[tuple[int, int], list[int]]:
    """By group and column the identifiers that are counted."""
    members: dict[tuple[int, int], list[int]] = {}
    for node in np.flatnonzero(column >= 0).tolist():
        members.setdefault((int(group[node]), int(column[node])), []).append(node)
    return members
