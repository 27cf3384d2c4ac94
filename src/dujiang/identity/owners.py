"""Numbers that changed hands: a mobile number falls silent, the carrier sells it again, and a stranger answers.

Such a number shows as links to several persons that could not be joined, in periods that lie far apart. It then belongs to
each of them in turn, from the first time it was seen with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from dujiang.identity.model import Graph, Indexes, Ints, Rules


@dataclass(frozen=True)
class Owner:
    """A group that has the identifier for a time; None is without end on that side."""

    group: int
    from_at: int | None
    to_at: int | None


@dataclass(frozen=True)
class Tenure:
    """The owners of one identifier (place in the graph), in order of time."""

    index: int
    owners: tuple[Owner, ...]

    def group_at(self, moment: int) -> int:
        """Who has it at ``moment``."""
        return next(one.group for one in reversed(self.owners) if one.from_at is None or one.from_at <= moment)


@dataclass
class _Period:
    first_at: int
    last_at: int

    def widen(self, first_at: int, last_at: int) -> None:
        self.first_at, self.last_at = min(self.first_at, first_at), max(self.last_at, last_at)

    def apart(self, other: _Period, gap: int) -> bool:
        return self.first_at - other.last_at >= gap or other.first_at - self.last_at >= gap


def tenures(
    graph: Graph, rules: Rules, links: Ints, refused: Indexes, group: Indexes, left: Callable[[int, int], int]
) -> list[Tenure]:
    """Every identifier that had several owners.

    Args:
        graph: identifiers and links.
        rules: rules of all types in it.
        links: places of the strong links, in the order in which they were believed.
        refused: of each of them the code of the type whose limit refused it, or -1.
        group: of each identifier the group that it joined.
        left: how many more identifiers of the type of an identifier (its place) a group may have.
    """
    given: Counter[tuple[int, int]] = Counter()
    found = []
    for index, periods in _periods(graph, rules, links, refused, group):
        kind = int(graph.type[index])
        gap = int(rules.recycled_after[kind])
        owners = _owners(periods, int(group[index]), gap, lambda one, at=index, of=kind: left(at, one) > given[one, of])
        if len(owners) > 1:
            found.append(_tenure(index, owners, periods))
            if graph.ended is None or not graph.ended[index]:  # what ended takes nobody's place
                given.update((one, kind) for one in owners[1:])
    return found


def _periods(
    graph: Graph, rules: Rules, links: Ints, refused: Indexes, group: Indexes
) -> Iterator[tuple[int, dict[int, _Period]]]:
    """Of each recyclable identifier with a refused link, strongest first: when it was seen with each group."""
    a, b = graph.a[links], graph.b[links]
    recycles = rules.recycled_after[graph.type] >= 0
    disputed = np.where(recycles[a], a, b)[(recycles[a] != recycles[b]) & (refused >= 0)]
    seen: dict[int, dict[int, _Period]] = {index: {} for index in disputed.tolist()}
    concerned = np.zeros(len(recycles), np.bool_)
    concerned[disputed] = True
    for place in np.flatnonzero(concerned[a] | concerned[b]).tolist():
        first_at, last_at = int(graph.first_at[links[place]]), int(graph.last_at[links[place]])
        for index, other in ((int(a[place]), b[place]), (int(b[place]), a[place])):
            if index in seen:
                seen[index].setdefault(int(group[other]), _Period(first_at, last_at)).widen(first_at, last_at)
    yield from seen.items()


def _owners(periods: dict[int, _Period], own: int, gap: int, has_room: Callable[[int], bool]) -> list[int]:
    """Groups whose periods lie apart, starting with the one that the identifier joined; none if it joined no one."""
    if own not in periods:
        return []
    owners = [own]
    for group, period in periods.items():
        if group != own and has_room(group) and all(period.apart(periods[one], gap) for one in owners):
            owners.append(group)
    return owners


def _tenure(index: int, owners: Iterable[int], periods: dict[int, _Period]) -> Tenure:
    ordered = sorted(owners, key=lambda group: periods[group].first_at)
    starts = [None, *(periods[group].first_at for group in ordered[1:])]
    ends = [*starts[1:], None]
    return Tenure(index, tuple(Owner(*each) for each in zip(ordered, starts, ends, strict=True)))
