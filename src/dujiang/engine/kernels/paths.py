"""Paths: what persons do one after the other within a visit, in one pass over rows sorted by person and time.

**Definition.** A *visit* is a run of one person's rows without a pause longer than ``gap_ms``. Its *path* begins with its first
row, or, where there is an anchor, with the first row of the anchor's kind (forwards), or is read backwards from there. A visit
without its anchor has no path. With ``collapse`` the same node several times in a row is one step. A path is followed for so
many steps at most.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Code, Whole
from dujiang.engine.kernels.compiled import inner, kernel, read_only
from dujiang.engine.kernels.steps import Steps

ANY: Final = 1
"""The bit of rows that are steps of paths."""
ANCHOR: Final = 2
"""The bit of rows at which paths begin, or end where they are read backwards."""


class Followed(NamedTuple):
    """Paths, each with the nodes of its steps.

    Attributes:
        person: whose.
        nodes: by path and step the node; -1 after its end. Read backwards, the anchor comes first.
        flows: by step, node and next node how often they follow each other; the last node stands for the end of the path.
        seen: by node how many rows were seen, collapsed ones included.
        loops: by node how many of them came straight after the same node.
        ends: by node how many visits ended with it.
    """

    person: Whole
    nodes: npt.NDArray[np.int16]
    flows: Whole
    seen: Whole
    loops: Whole
    ends: Whole


def paths(
    person: Whole,
    at_ms: Whole,
    bits: Steps,
    node: Code,
    nodes: int,
    *,
    steps: int,
    gap_ms: int,
    collapse: bool,
    anchored: bool = False,
    backwards: bool = False,
) -> Followed:
    """The path of every visit.

    Args:
        person: whose row it is; rows of one person lie together, in the order in which they happened.
        at_ms: when, in milliseconds since 1970.
        bits: :data:`ANY` where the row is a step, with :data:`ANCHOR` where it is the anchor, too.
        node: node of each row, below ``nodes``; rows with one below 0 are passed over, and lengthen no visit.
        nodes: how many there are.
        steps: how many are followed.
        gap_ms: a longer pause begins another visit.
        collapse: whether repetitions are one step.
        anchored: whether paths begin at the first anchor of a visit.
        backwards: whether they are read from there backwards.

    >>> rows = np.array([1, 1, 1, 2]), np.array([0, 5, 9, 0]), np.ones(4, np.uint32), np.array([0, 0, 1, 1], np.int32)
    >>> paths(*rows, 2, steps=3, gap_ms=60, collapse=True).nodes.tolist()
    [[0, 1, -1], [1, -1, -1]]
    """
    return Followed(*_paths(*read_only(person, at_ms, bits, node), nodes, steps, gap_ms, collapse, anchored, backwards))


@kernel
def _paths(
    person: Any, at_ms: Any, bits: Any, node: Any, nodes: Any, steps: Any, gap_ms: Any, collapse: Any, anchored: Any,
    backwards: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    # Room for all that there may be: room that grows within the loop makes it slower, and only what is written to takes memory.
    most = len(bits)
    whose, found = np.empty(most, np.int64), np.empty((most, steps), np.int16)
    flows = np.zeros((steps - 1, nodes, nodes + 1), np.int64)
    counts = np.zeros((3, nodes), np.int64)
    own = np.empty(most, np.int64)
    many, row = 0, np.int64(0)
    while True:
        row, length = _visit(row, person, at_ms, bits, node, gap_ms, own)
        if row < 0:
            break
        _counted(own[:length], node, counts)
        begin = _anchor(own[:length], bits) if anchored else 0
        if begin < 0:
            continue
        whose[many] = person[own[0]]
        way = own[: begin + 1][::-1] if backwards else own[begin:length]
        _taken(way, node, collapse, found[many])
        for step in range(steps - 1):
            here, following = found[many, step], found[many, step + 1]
            if here >= 0:
                flows[step, here, following if following >= 0 else nodes] += 1
        many += 1
    return whose[:many].copy(), found[:many].copy(), flows, counts[0], counts[1], counts[2]


@inner
def _visit(
    row: Any, person: Any, at_ms: Any, bits: Any, node: Any, gap_ms: Any, own: Any
) -> Any:  # pragma: no cover - compiled
    """Write the rows of the next visit from ``row`` on to ``own``: where the one after it begins, and how many they are.

    The first is -1 where there is no visit any more.
    """
    length = 0
    while row < len(person):
        if bits[row] and node[row] >= 0:
            last = own[length - 1] if length else row
            if length and (person[row] != person[last] or at_ms[row] - at_ms[last] > gap_ms):
                return row, length
            own[length] = row
            length += 1
        row += 1
    return row if length else -1, length


@inner
def _anchor(own: Any, bits: Any) -> Any:  # pragma: no cover - compiled
    for place in range(len(own)):
        if bits[own[place]] & ANCHOR:
            return place
    return -1


@inner
def _taken(way: Any, node: Any, collapse: Any, path: Any) -> None:  # pragma: no cover - compiled
    """Write the nodes along ``way`` into ``path``."""
    path[:] = -1
    step = 0
    for row in way:
        if step == len(path):
            break
        if not (collapse and step and path[step - 1] == node[row]):
            path[step] = node[row]
            step += 1


@inner
def _counted(own: Any, node: Any, counts: Any) -> None:  # pragma: no cover - compiled
    """Add what a whole visit says of its nodes: seen, straight after themselves, last."""
    for place in range(len(own)):
        here = node[own[place]]
        counts[0, here] += 1
        if place and node[own[place - 1]] == here:
            counts[1, here] += 1
    counts[2, node[own[-1]]] += 1
