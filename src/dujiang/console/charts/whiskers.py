"""Bars in groups, lying, each with the interval it may lie in: the layout, which is pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

BAR: Final = 11
GAP: Final = 3
BETWEEN: Final = 18
TOP: Final = 26
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Size:
    """Width of the drawing and of the names beside it; 0: names stand above their groups."""

    width: int
    names: int


WIDE: Final = Size(960, 170)
NARROW: Final = Size(351, 0)
_VALUE_ROOM: Final = 64
_NAME_ABOVE: Final = 20


@dataclass(frozen=True)
class Bar:
    """One bar: its value as a number and in words, the ends of its interval, the number of its colour, what hovering says."""

    value: float
    shown: str
    series: int
    low: float | None = None
    high: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Group:
    """Bars of one name. ``mark`` is a value to be held against all of them; ``mark_href`` leads to where it comes from."""

    name: str
    bars: tuple[Bar, ...]
    href: str = ""
    mark: float | None = None
    mark_title: str = ""
    mark_href: str = ""


@dataclass(frozen=True)
class Drawn:
    """A bar where it stands."""

    bar: Bar
    x: float
    y: float
    width: float
    low: float | None
    high: float | None
    words_x: float


@dataclass(frozen=True)
class Placed:
    """A group where it stands."""

    group: Group
    name_x: float
    name_y: float
    bars: tuple[Drawn, ...]
    mark: float | None
    top: float
    bottom: float


@dataclass(frozen=True)
class Picture:
    """A finished drawing; ``ticks`` are places and values of the scale."""

    width: int
    height: int
    left: float
    zero: float
    ticks: tuple[tuple[float, float], ...]
    groups: tuple[Placed, ...]


def draw(groups: Sequence[Group], size: Size) -> Picture:
    """Lay the groups out below each other.

    >>> picture = draw([Group("A", (Bar(5.0, "5", 1),)), Group("B", (Bar(10.0, "10", 1, 8.0, 12.0),))], WIDE)
    >>> [value for _place, value in picture.ticks]
    [0.0, 5.0, 10.0]
    """
    least, most = _ends(groups)
    step = _step(most - least)
    low, high = math.floor(least / step) * step, most
    left, right = size.names + 8.0, size.width - _VALUE_ROOM

    def x(value: float) -> float:
        # Divided first: the width over a span close to nothing would be without end.
        return round(left + (min(max(value, low), high) - low) / (high - low) * (right - left), 1)

    ticks = tuple(
        (x(low + nth * step), round(low + nth * step, 10)) for nth in range(math.floor((high - low) / step + 1e-9) + 1)
    )
    placed, y = [], float(TOP)
    for group in groups:
        above = 0 if size.names else _NAME_ABOVE
        height = len(group.bars) * (BAR + GAP) - GAP
        bars = tuple(_bar(bar, x, y + above + nth * (BAR + GAP)) for nth, bar in enumerate(group.bars))
        name_x, name_y = (size.names, y + height / 2) if size.names else (left, y + _NAME_ABOVE / 2)
        mark = None if group.mark is None else x(group.mark)
        placed.append(Placed(group, name_x, name_y, bars, mark, y + above - 3, y + above + height + 3))
        y += above + height + BETWEEN
    return Picture(size.width, math.ceil(y), left, x(0.0), ticks, tuple(placed))


def _bar(bar: Bar, x: Callable[[float], float], y: float) -> Drawn:
    start, end = sorted((x(0.0), x(bar.value)))
    low, high = (x(one) if one is not None else None for one in (bar.low, bar.high))
    far = max(one for one in (end, high) if one is not None)
    return Drawn(bar, start, y, round(max(end - start, 1.0), 1), low, high, far + 6)


def _ends(groups: Sequence[Group]) -> tuple[float, float]:
    """The least and the largest finite value that is drawn, 0 included."""
    values = [0.0]
    for group in groups:
        found = (group.mark, *(end for bar in group.bars for end in (bar.value, bar.low, bar.high)))
        values += [one for one in found if one is not None and math.isfinite(one)]
    return min(values), max(values) if max(values) > min(values) else 1.0


def _step(span: float) -> float:
    """A round step that makes about four of the span."""
    rough = span / 4
    unit = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(unit * one for one in _STEPS if unit * one >= rough * 0.999)
