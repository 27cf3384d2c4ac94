"""Compiled single passes over links: joining under limits, and counting counterparts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from dujiang.identity.model import Flags, Indexes, Ints

_COUNT_MAX = 255


@njit(cache=True, nogil=True)
def _root(parent: Any, node: Any) -> Any:  # pragma: no cover - compiled
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def _is_apart(parent: Any, one: Any, other: Any, apart_a: Any, apart_b: Any) -> Any:  # pragma: no cover - compiled
    for pair in range(len(apart_a)):
        first, second = _root(parent, apart_a[pair]), _root(parent, apart_b[pair])
        if (first == one and second == other) or (first == other and second == one):
            return True
    return False


@njit(cache=True, nogil=True)
def _broken(counts: Any, limits: Any, one: Any, other: Any) -> Any:  # pragma: no cover - compiled
    for column in range(len(limits)):
        have, come = int(counts[one, column]), int(counts[other, column])
        # A group that a decision took over a limit may still grow.
        if have > 0 and come > 0 and have + come > limits[column]:
            return column
    return -1


@njit(cache=True, nogil=True)
def _join(
    parent: Any, size: Any, counts: Any, limits: Any, a: Any, b: Any, forced: Any, apart_a: Any, apart_b: Any,
    guarded: Any, refused: Any, apart: Any,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    for link in range(len(a)):
        one, other = _root(parent, a[link]), _root(parent, b[link])
        if one == other:
            continue
        if guarded[one] and guarded[other] and _is_apart(parent, one, other, apart_a, apart_b):
            apart[link] = True
            continue
        if size[one] < size[other]:
            one, other = other, one
        if not forced[link]:
            refused[link] = _broken(counts, limits, one, other)
            if refused[link] >= 0:
                continue
        parent[other] = one
        size[one] += size[other]
        guarded[one] = guarded[one] or guarded[other]
        for limit in range(len(limits)):
            counts[one, limit] = min(_COUNT_MAX, int(counts[one, limit]) + int(counts[other, limit]))
    for node in range(len(parent)):
        parent[node] = _root(parent, node)


@dataclass(frozen=True)
class Joined:
    """Groups after joining.

    Attributes:
        group: of each node a representative of its group.
        refused: of each link the first limit that refused it, or -1.
        apart: of each link whether it was refused to keep a pair apart.
        counts: of each representative how many identifiers of each column its group has, up to 255.
    """

    group: Indexes
    refused: Indexes
    apart: Flags
    counts: npt.NDArray[np.uint8]


def join_in_order(
    nodes: int,
    a: Indexes,
    b: Indexes,
    column: Indexes,
    limits: Ints,
    *,
    forced: Flags | None = None,
    apart: tuple[Indexes, Indexes] | None = None,
) -> Joined:
    """Join the links from first to last, unless the joined group would exceed a limit or hold a pair that is kept apart.

    Args:
        nodes: how many there are.
        a: one end of each link.
        b: the other.
        column: of each node which limit counts it; -1 for none.
        limits: how many of each column one group may have, at most 250.
        forced: which links heed no limit; None: all do.
        apart: pairs of nodes that never come into one group.
    """
    apart_a, apart_b = apart or (np.zeros(0, np.int32), np.zeros(0, np.int32))
    parent = np.arange(nodes, dtype=np.int32)
    counts = np.zeros((nodes, len(limits)), np.uint8)
    limited = np.flatnonzero(column >= 0)
    counts[limited, column[limited]] = 1
    guarded = np.zeros(nodes, np.bool_)
    guarded[apart_a] = guarded[apart_b] = True
    refused, held = np.full(len(a), -1, np.int32), np.zeros(len(a), np.bool_)
    size, free = np.ones(nodes, np.int32), np.zeros(len(a), np.bool_) if forced is None else forced
    _join(parent, size, counts, limits, a, b, free, apart_a, apart_b, guarded, refused, held)
    return Joined(parent, refused, held, counts)


def connected(nodes: int, a: Indexes, b: Indexes) -> Indexes:
    """Of each node a representative of all that links, without any limit, connect it with."""
    none: Ints = np.zeros(0, np.int64)
    return join_in_order(nodes, a, b, np.full(nodes, -1, np.int32), none).group


@njit(cache=True, nogil=True)
def _count(counts: Any, counted: Any, types: Any, a: Any, b: Any) -> None:  # pragma: no cover - compiled
    for link in range(len(a)):
        one, other = a[link], b[link]
        if counted[types[other]] and counts[one, types[other]] < _COUNT_MAX:
            counts[one, types[other]] += 1
        if counted[types[one]] and counts[other, types[one]] < _COUNT_MAX:
            counts[other, types[one]] += 1


def counterparts(types: Indexes, a: Indexes, b: Indexes, counted: Flags) -> npt.NDArray[np.uint8]:
    """Of each node how many (up to 255) counterparts it has of each type that is ``counted``; of the others 0."""
    counts = np.zeros((len(types), len(counted)), np.uint8)
    _count(counts, counted, types, a, b)
    return counts
