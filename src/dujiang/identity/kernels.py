"""Compiled single passes over links: joining under limits, and counting counterparts."""

from __future__ import annotations

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
def _join(parent: Any, size: Any, counts: Any, limits: Any, a: Any, b: Any, refused: Any) -> None:  # pragma: no cover
    for link in range(len(a)):
        one, other = _root(parent, a[link]), _root(parent, b[link])
        if one == other:
            continue
        for column in range(len(limits)):
            if counts[one, column] + counts[other, column] > limits[column]:
                refused[link] = column
                break
        if refused[link] >= 0:
            continue
        if size[one] < size[other]:
            one, other = other, one
        parent[other] = one
        size[one] += size[other]
        for column in range(len(limits)):
            counts[one, column] += counts[other, column]
    for node in range(len(parent)):
        parent[node] = _root(parent, node)


def join_in_order(
    nodes: int, a: Indexes, b: Indexes, column: Indexes, limits: Ints
) -> tuple[Indexes, Indexes, npt.NDArray[np.uint8]]:
    """Join the links from first to last, unless the joined group would exceed a limit.

    Args:
        nodes: how many there are.
        a: one end of each link.
        b: the other.
        column: of each node which limit counts it; -1 for none.
        limits: how many of each column one group may have, at most 250.

    Returns:
        Of each node a representative of its group; of each link the first limit that refused it, or -1; and of each
        representative how many of each column its group has.
    """
    parent = np.arange(nodes, dtype=np.int32)
    counts = np.zeros((nodes, len(limits)), np.uint8)
    limited = np.flatnonzero(column >= 0)
    counts[limited, column[limited]] = 1
    refused = np.full(len(a), -1, np.int32)
    _join(parent, np.ones(nodes, np.int32), counts, limits, a, b, refused)
    return parent, refused, counts


def connected(nodes: int, a: Indexes, b: Indexes) -> Indexes:
    """Of each node a representative of all that links, without any limit, connect it with."""
    none: Ints = np.zeros(0, np.int64)
    return join_in_order(nodes, a, b, np.full(nodes, -1, np.int32), none)[0]


@njit(cache=True, nogil=True)
def _count(counts: Any, exclusive: Any, types: Any, a: Any, b: Any) -> None:  # pragma: no cover - compiled
    for link in range(len(a)):
        one, other = a[link], b[link]
        if exclusive[types[one], types[other]] and counts[one, types[other]] < _COUNT_MAX:
            counts[one, types[other]] += 1
        if exclusive[types[other], types[one]] and counts[other, types[one]] < _COUNT_MAX:
            counts[other, types[one]] += 1


def most_counterparts(types: Indexes, a: Indexes, b: Indexes, exclusive: Flags) -> npt.NDArray[np.uint8]:
    """Of each node the number (up to 255) of counterparts of that exclusive type of which it has most."""
    if not len(a):
        return np.zeros(len(types), np.uint8)
    counts = np.zeros((len(types), len(exclusive)), np.uint8)
    _count(counts, exclusive, types, a, b)
    return counts.max(axis=1)
