"""A page as a skeleton with clicks on it: where everything lies in a drawing that is a hundred wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dujiang.insight.heatmap.analysis import CELL_PX, COLUMNS, Heatmap

WIDTHS_PX: Final = {"desktop": 1280, "tablet": 820}
NARROW_PX: Final = 390
"""What a page is taken to be wide on a device of any other class."""


_WORDS_MAX: Final = 12
_LINE: Final = 5.0
_WIDE: Final = 24.0
_ABOVE_CLICKS: Final = 3.0
"""A module is taken to begin so far above the first click in it, where only clicks tell."""
_SAID: Final = 21.0
"""What the words of a module need."""


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
    """A module of the page, from ``y`` down; its words stand at ``said_y``, below those of the one before."""

    module: str
    y: float
    height: float
    said_y: float
    is_guess: bool
    share: float | None
    attention: float | None


@dataclass(frozen=True)
class Words:
    """What stands on something that is clicked, at the middle of its clicks."""

    x: float
    y: float
    text: str


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
    words: tuple[Words, ...]
    marks: tuple[Mark, ...]
    folds: tuple[Fold, ...]


def fullest(found: Heatmap) -> float:
    """The largest share of the clicks that fall on one cell."""
    return max((one.clicks for one in found.cells), default=0) / max(found.clicks, 1)


def drawn(found: Heatmap, device: str, most: float) -> PageHeat:
    """The page of ``found`` as seen on a class of devices; ``most`` is the share of clicks that has the darkest shade."""
    scale = 100 / WIDTHS_PX.get(device, NARROW_PX)
    height = max(found.height_px, CELL_PX, *(one.bottom_px or 0 for one in found.modules if one.is_placed)) * scale
    step = 100 / COLUMNS
    spots = tuple(
        Spot(
            one.column * step,
            one.row * CELL_PX * scale,
            step,
            CELL_PX * scale,
            _level(one.clicks / found.clicks, most),
            one.clicks,
        )
        for one in found.cells
    )
    marks = tuple(
        Mark(one.x_pct, one.y_px * scale, "bad" if one.rage or one.dead else "", one.text or one.selector)
        for one in found.elements
        if one.rage or one.dead
    )
    told = [(to, share) for to, share in zip(range(10, 101, 10), found.depth, strict=True) if share is not None]
    folds = tuple(Fold(height * to / 100, share) for to, share in told if to in (30, 60, 90))
    return PageHeat(height, spots, _bands(found, scale, height), _words(found, scale), marks, folds)


def _level(share: float, most: float) -> int:
    """A shade by the square root, so that what is clicked less can still be seen.

    >>> _level(0.4, 0.4), _level(0.1, 0.4), _level(0.004, 0.4)
    (8, 5, 1)
    """
    return min(8, 1 + int(8 * (share / most) ** 0.5))


def _words(found: Heatmap, scale: float) -> tuple[Words, ...]:
    """What is clicked most first; what would lie on other words is left out, the table has it."""
    placed: list[Words] = []
    for one in found.elements:
        text = one.text if len(one.text) <= _WORDS_MAX else one.text[: _WORDS_MAX - 1] + "…"
        x, y = min(max(one.x_pct, 12.0), 88.0), one.y_px * scale
        if text and all(abs(y - other.y) > _LINE or abs(x - other.x) > _WIDE for other in placed):
            placed.append(Words(x, y, text))
    return tuple(placed)


def _bands(found: Heatmap, scale: float, height: float) -> tuple[Band, ...]:
    """Modules where the tracker says they lie; a guessed one reaches from its clicks to the next module."""
    shown = [one for one in found.modules if one.top_px is not None]
    tops = [(one.top_px or 0.0) * scale - (0 if one.is_placed else _ABOVE_CLICKS) for one in shown]
    if shown and not shown[0].is_placed:
        tops[0] = 0.0
    bands: list[Band] = []
    for place, (one, top) in enumerate(zip(shown, tops, strict=True)):
        following = tops[place + 1] if place + 1 < len(tops) else height
        end = (one.bottom_px or 0.0) * scale if one.is_placed else following
        said = max(top, bands[-1].said_y + _SAID) if bands else top
        bands.append(
            Band(one.module, top, max(end - top, 0.0), said, not one.is_placed, one.share, one.attention_share)
        )
    return tuple(bands)
