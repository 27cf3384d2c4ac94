"""A page as a skeleton with clicks on it: where everything lies in a drawing that is a hundred wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dujiang.insight.heatmap.analysis import CELL_PX, COLUMNS, Heatmap

WIDTHS_PX: Final = {"desktop": 1280, "tablet": 820}
NARROW_PX: Final = 390
"""What a page is taken to be wide on a device of any other class."""


@dataclass(frozen=True)
class Spot:
    """A cell with clicks; ``level`` from 1 to 8 is its shade."""

    x: float
    y: float
    width: float
    height: float
    level: int
    clicks: int


@dataclass(frozen=True)
class Band:
    """A module of the page, from ``y`` down."""

    module: str
    y: float
    height: float
    share: float | None
    attention: float | None


@dataclass(frozen=True)
class Mark:
    """The middle of the clicks on an element; ``tone`` is bad where they are bursts or without effect."""

    x: float
    y: float
    tone: str
    label: str


@dataclass(frozen=True)
class Fold:
    """A line across the page that a share of people scrolled to."""

    y: float
    share: float


@dataclass(frozen=True)
class PageHeat:
    """The drawing."""

    height: float
    spots: tuple[Spot, ...]
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]
    folds: tuple[Fold, ...]


def drawn(found: Heatmap, device: str) -> PageHeat:
    """The page of ``found`` as seen on a class of devices."""
    scale = 100 / WIDTHS_PX.get(device, NARROW_PX)
    height = max(found.height_px, CELL_PX) * scale
    most = max((one.clicks for one in found.cells), default=1)
    step = 100 / COLUMNS
    spots = tuple(
        Spot(one.column * step, one.row * CELL_PX * scale, step, CELL_PX * scale, _level(one.clicks, most), one.clicks)
        for one in found.cells
    )
    marks = tuple(
        Mark(one.x_pct, one.y_px * scale, "bad" if one.rage or one.dead else "", one.text or one.selector)
        for one in found.elements
        if one.rage or one.dead
    )
    told = [(to, share) for to, share in zip(range(10, 101, 10), found.depth, strict=True) if share is not None]
    folds = tuple(Fold(height * to / 100, share) for to, share in told if to in (30, 60, 90))
    return PageHeat(height, spots, _bands(found, scale, height), marks, folds)


def _level(clicks: int, most: int) -> int:
    """A shade by the square root, so that what is clicked less can still be seen.

    >>> _level(100, 100), _level(25, 100), _level(1, 100)
    (8, 5, 1)
    """
    return min(8, 1 + int(8 * (clicks / most) ** 0.5))


def _bands(found: Heatmap, scale: float, height: float) -> tuple[Band, ...]:
    placed = [one for one in found.modules if one.top_px is not None]
    tops = [0.0, *((one.top_px or 0.0) * scale - 3 for one in placed[1:])][: len(placed)]
    ends = [*tops[1:], height]
    return tuple(
        Band(one.module, top, max(end - top, 0.0), one.share, one.attention_share)
        for one, top, end in zip(placed, tops, ends, strict=True)
    )
