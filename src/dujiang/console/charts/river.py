"""The river: where people come from, and what becomes of them, as one flow drawing. Width is people, tint is value.

The layout is pure arithmetic: nodes stand in columns, bands run between neighbouring columns, heights are proportional
to people. A band's tint is its value for each person, against the richest band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Stop:
    """A node: ``people`` decides its height, ``series`` its colour (0: accent), ``mark`` is a warning in words."""

    key: str
    column: int
    label: str
    people: float
    count: str
    series: int = 0
    href: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Flow:
    """A band between two stops; ``title`` says it in words."""

    start: str
    end: str
    people: float
    value: float = 0.0
    title: str = ""
    href: str = ""


@dataclass(frozen=True)
class PlacedStop:
    """A stop with its place in the drawing; the label stands left of it where ``anchor`` is ``end``."""

    stop: Stop
    x: float
    y: float
    width: float
    height: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True)
class PlacedFlow:
    """A band with its outline, its colour and how strong it is."""

    flow: Flow
    path: str
    series: int
    opacity: float


@dataclass(frozen=True)
class RiverPicture:
    """A finished drawing in a box of ``width`` × ``height``."""

    width: int
    height: int
    stops: tuple[PlacedStop, ...]
    flows: tuple[PlacedFlow, ...]


@dataclass(frozen=True)
class Box:
    """Size of the drawing: ``left`` and ``right`` are margins for labels, ``top`` for column heads."""

    width: int
    height: int
    left: float
    right: float
    top: float
    node: float
    gap: float


WIDE: Final = Box(width=1120, height=420, left=170.0, right=170.0, top=34.0, node=10.0, gap=22.0)
NARROW: Final = Box(width=351, height=600, left=6.0, right=84.0, top=26.0, node=8.0, gap=34.0)
_LEAST: Final = 1.5


def scrolling(columns: int) -> Box:
    """A box in which labels between ``columns`` have room on any screen: it is moved sideways where it does not fit."""
    return Box(width=30 + 170 * columns, height=NARROW.height, left=6.0, right=166.0, top=6.0, node=8.0, gap=34.0)


def draw(stops: Sequence[Stop], flows: Sequence[Flow], box: Box) -> RiverPicture:
    """The drawing of ``flows`` between ``stops`` in ``box``. Flows whose ends are not there are left out."""
    columns = _columns(stops)
    scale = _scale(columns, box)
    placed = {one.stop.key: one for column in columns for one in _place(column, len(columns), scale, box)}
    return RiverPicture(box.width, box.height, tuple(placed.values()), tuple(_bands(flows, placed, scale)))


def _columns(stops: Sequence[Stop]) -> list[list[Stop]]:
    count = max((stop.column for stop in stops), default=-1) + 1
    return [[stop for stop in stops if stop.column == index and stop.people > 0] for index in range(count)]


def _scale(columns: Sequence[Sequence[Stop]], box: Box) -> float:
    """Pixels for one person, so that the fullest column fits."""
    fits = [
        (box.height - box.top - box.gap * len(column)) / sum(stop.people for stop in column)
        for column in columns
        if column
    ]
    return max(0.0, min(fits, default=0.0))


def _place(column: Sequence[Stop], columns: int, scale: float, box: Box) -> list[PlacedStop]:
    first = column[0].column if column else 0
    span = box.width - box.left - box.right - box.node
    x = box.left + (span * first / max(1, columns - 1))
    filled = sum(_height(stop, scale) for stop in column)
    gap = min(48.0, max(box.gap, (box.height - box.top - filled) / max(1, len(column))))
    y = box.top + gap / 2
    placed = []
    for stop in column:
        height = _height(stop, scale)
        is_first_wide = first == 0 and box.left > 40
        label_x = x - 10 if is_first_wide else x + box.node + 8
        anchor = "end" if is_first_wide else "start"
        placed.append(PlacedStop(stop, x, y, box.node, height, label_x, y + height / 2, anchor))
        y += height + gap
    return placed


def _height(stop: Stop, scale: float) -> float:
    return max(_LEAST, stop.people * scale)


def _bands(flows: Sequence[Flow], placed: dict[str, PlacedStop], scale: float) -> list[PlacedFlow]:
    known = [flow for flow in flows if flow.start in placed and flow.end in placed and flow.people > 0]
    known.sort(key=lambda flow: (placed[flow.start].y, placed[flow.end].y))
    richest = max((flow.value / flow.people for flow in known), default=0.0)
    leaving = {key: one.y for key, one in placed.items()}
    arriving = dict(leaving)
    entry = _entries(known, placed, arriving, scale)
    bands = []
    for flow in known:
        start, end = placed[flow.start], placed[flow.end]
        thick = max(0.75, flow.people * scale)
        path = _ribbon(start.x + start.width, leaving[flow.start], end.x, entry[flow.start, flow.end], thick)
        leaving[flow.start] += thick
        bands.append(PlacedFlow(flow, path, start.stop.series, _tint(flow, richest)))
    return bands


def _entries(
    flows: Sequence[Flow], placed: dict[str, PlacedStop], arriving: dict[str, float], scale: float
) -> dict[tuple[str, str], float]:
    """Where each band enters its end, in the order of where it comes from, so that bands cross as little as they can."""
    entry = {}
    for flow in sorted(flows, key=lambda one: (placed[one.end].y, placed[one.start].y)):
        entry[flow.start, flow.end] = arriving[flow.end]
        arriving[flow.end] += max(0.75, flow.people * scale)
    return entry


def _tint(flow: Flow, richest: float) -> float:
    return 0.22 if not richest else round(0.22 + 0.40 * (flow.value / flow.people) / richest, 3)


def _ribbon(x0: float, y0: float, x1: float, y1: float, thick: float) -> str:
    middle = (x0 + x1) / 2
    return (
        f"M{x0:.1f} {y0:.1f} C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f} "
        f"L{x1:.1f} {y1 + thick:.1f} C{middle:.1f} {y1 + thick:.1f} {middle:.1f} {y0 + thick:.1f} {x0:.1f} {y0 + thick:.1f} Z"
    )
