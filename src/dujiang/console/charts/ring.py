"""A small graph as a ring: one node in the middle, the others around it in rows, so that no two labels meet.

The layout is pure arithmetic. On a wide drawing nodes stand on an ellipse, left and right, at equal heights apart; on a narrow
one all of them stand below each other, and edges are arcs beside them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

_ROW: Final = 34
_LEAST_ROWS: Final = 4


@dataclass(frozen=True)
class RingBox:
    """Size of the drawing; ``two_sided``: an ellipse with labels on both sides, else one column."""

    width: int
    label: int
    two_sided: bool


WIDE: Final = RingBox(width=1120, label=270, two_sided=True)
NARROW: Final = RingBox(width=351, label=236, two_sided=False)


@dataclass(frozen=True)
class Spot:
    """Where a node stands, and which way its label goes."""

    key: int
    x: float
    y: float
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Arc:
    """An edge as a path, with its place among the edges."""

    index: int
    path: str


@dataclass(frozen=True)
class Ring:
    """A finished drawing."""

    width: int
    height: int
    spots: tuple[Spot, ...]
    arcs: tuple[Arc, ...]


def draw(nodes: Sequence[int], edges: Sequence[tuple[int, int]], box: RingBox) -> Ring:
    """Place ``nodes`` (the first in the middle) and the ``edges`` between them.

    >>> picture = draw([1, 2, 3], [(1, 2), (1, 3)], WIDE)
    >>> [(spot.key, spot.anchor) for spot in picture.spots]
    [(1, 'middle'), (3, 'end'), (2, 'start')]
    """
    if not nodes:
        return Ring(box.width, 0, (), ())
    ordered = _in_walk(nodes, edges)
    spots, height = _ellipse(ordered, box) if box.two_sided else _column(ordered, box)
    at = {one.key: one for one in spots}
    bend = _chord if box.two_sided else _bow
    centre = (box.width / 2, height / 2)
    seen: dict[tuple[int, int], int] = defaultdict(int)
    arcs = []
    for index, (a, b) in enumerate(edges):
        if a in at and b in at:
            pair = (min(a, b), max(a, b))
            arcs.append(Arc(index, bend(at[a], at[b], centre, seen[pair])))
            seen[pair] += 1
    return Ring(box.width, height, tuple(spots), tuple(arcs))


def _in_walk(nodes: Sequence[int], edges: Sequence[tuple[int, int]]) -> list[int]:
    """The nodes so that linked ones stand near each other: depth first from the first, the rest in their order."""
    beside: dict[int, list[int]] = defaultdict(list)
    for a, b in edges:
        beside[a].append(b)
        beside[b].append(a)
    place = {node: index for index, node in enumerate(nodes)}
    found: list[int] = []
    met: set[int] = set()
    for start in nodes:
        stack = [start]
        while stack:
            node = stack.pop()
            if node in met or node not in place:
                continue
            met.add(node)
            found.append(node)
            stack += sorted(set(beside[node]), key=lambda one: -place.get(one, 0))
    return found


def _ellipse(nodes: Sequence[int], box: RingBox) -> tuple[list[Spot], int]:
    around = nodes[1:]
    right = math.ceil(len(around) / 2) if len(around) > 1 else len(around)
    left = around[right:][::-1]
    rows = max(right, len(left), _LEAST_ROWS)
    height = rows * _ROW + _ROW
    reach = box.width / 2 - box.label
    spots = [Spot(nodes[0], box.width / 2, height / 2, "middle")]
    for side, of_side in ((-1, left), (1, around[:right])):
        for row, key in enumerate(of_side):
            y = height / 2 + (row - (len(of_side) - 1) / 2) * _ROW
            share = (y - height / 2) / (height / 2)
            x = box.width / 2 + side * reach * math.sqrt(max(0.0, 1 - share * share))
            spots.append(Spot(key, x, y, "end" if side < 0 else "start"))
    return spots, height


def _column(nodes: Sequence[int], box: RingBox) -> tuple[list[Spot], int]:
    x = box.width - box.label
    return [Spot(key, x, _ROW * (row + 0.75), "start") for row, key in enumerate(nodes)], _ROW * (len(nodes) + 1) - 17


def _chord(a: Spot, b: Spot, centre: tuple[float, float], nth: int) -> str:
    """A curve drawn towards the middle; a straight line to what stands there."""
    pull = 0.0 if "middle" in (a.anchor, b.anchor) else 0.55
    x, y = (a.x + b.x) / 2, (a.y + b.y) / 2 + 14 * nth
    x, y = x + (centre[0] - x) * pull, y + (centre[1] - y) * pull
    return f"M{a.x:.1f} {a.y:.1f} Q{x:.1f} {y:.1f} {b.x:.1f} {b.y:.1f}"


def _bow(a: Spot, b: Spot, _centre: tuple[float, float], nth: int) -> str:
    """An arc to the left of the column, the wider the farther."""
    out = a.x - min(a.x - 6, 14 + abs(a.y - b.y) * 0.45 + 6 * nth) * 1.3
    return f"M{a.x:.1f} {a.y:.1f} C{out:.1f} {a.y:.1f} {out:.1f} {b.y:.1f} {b.x:.1f} {b.y:.1f}"
