"""What templates show, ready to be written down: values are text by now, and hold nothing that a template has to decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from dujiang.console.charts.river import RiverPicture
from dujiang.console.charts.spark import Spark
from dujiang.console.formats import Kind

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Card:
    """A metric card. ``missing`` says why there is no value; ``basis`` what the change is measured against."""

    key: str
    label: str
    value: str
    change: str = ""
    tone: str = "flat"
    basis: str = ""
    missing: str = ""
    definition: str = ""
    href: str = ""
    spark: Spark | None = None


@dataclass(frozen=True)
class Action:
    """What can be done with a row: a link with its words, and with the words a screen reader says."""

    href: str
    label: str
    say: str


@dataclass(frozen=True)
class Line:
    """One series of a chart: ``slot`` is its colour (0: accent), ``then`` the same series in the earlier period, ``low`` and
    ``high`` the ends of its interval, drawn as a band. What is ``foretold`` is dashed, pale in bars; it may have gaps, and
    with the name of another line it is that line's continuation."""

    name: str
    values: Sequence[float | None]
    slot: int = 0
    then: Sequence[float | None] = ()
    then_name: str = ""
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    foretold: bool = False


@dataclass(frozen=True)
class Flag:
    """An annotation on a time axis, at one of its labels."""

    at: str
    label: str


@dataclass(frozen=True)
class Chart:
    """A chart card: ``title`` is the finding where there is one, else the question; ``sheet`` the table that says the same."""

    title: str
    x: Sequence[str]
    lines: Sequence[Line]
    unit: Kind = "count"
    currency: str = "CNY"
    type: str = "line"
    stacked: bool = False
    lying: bool = False
    flags: Sequence[Flag] = field(default_factory=tuple)
    note: str = ""
    sheet: str = "line"
    bounds: Sequence[float] = ()
    """Edges of what is healthy, drawn across."""

    @property
    def shape(self) -> str:
        """How it is drawn."""
        return "chart"

    @property
    def days(self) -> tuple[date, ...]:
        """The days that it goes over, if that is what its labels are.

        >>> Chart("", ["2026-11-01", "2026-11-08"], ()).days
        (datetime.date(2026, 11, 1), datetime.date(2026, 11, 8))
        >>> Chart("", ["2026-11-01", "5%"], ()).days
        ()
        """
        return tuple(map(date.fromisoformat, self.x)) if all(map(_DAY.fullmatch, self.x)) else ()

    @property
    def data(self) -> dict[str, Any]:
        """What the chart's script reads."""
        return {
            "x": list(self.x),
            "unit": self.unit,
            "currency": self.currency,
            "type": self.type,
            "stacked": self.stacked,
            "lying": self.lying,
            "series": [
                {
                    "name": line.name,
                    "slot": line.slot,
                    "values": list(line.values),
                    "then": list(line.then),
                    "then_name": line.then_name,
                    "low": list(line.low),
                    "high": list(line.high),
                    "foretold": line.foretold,
                }
                for line in self.lines
            ],
            "bounds": list(self.bounds),
            "flags": [{"at": flag.at, "label": flag.label} for flag in self.flags],
        }


@dataclass(frozen=True)
class Cards:
    """Metric cards side by side; ``sheet`` is the table that says the same."""

    title: str
    cards: tuple[Card, ...]
    sheet: str

    @property
    def shape(self) -> str:
        """How they are drawn."""
        return "cards"


@dataclass(frozen=True)
class HeatCell:
    """One cell of a heat map; ``share`` from 0 to 1 decides its shade."""

    text: str
    share: float
    title: str = ""
    href: str = ""

    @property
    def level(self) -> int:
        """Its shade, from 0 (none) to 8.

        >>> HeatCell("", 0.0).level, HeatCell("", 0.01).level, HeatCell("", 1.0).level
        (0, 1, 8)
        """
        return 0 if self.share <= 0 else min(8, 1 + int(self.share * 8))


@dataclass(frozen=True)
class Heat:
    """A heat map: heads of the columns, and rows with their heads. ``caption`` says what it shows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]
    caption: str
    corner: str = ""


@dataclass(frozen=True)
class HeatPicture:
    """A heat map with its title; ``sheet`` is the table that says the same."""

    title: str
    grid: Heat
    sheet: str

    @property
    def shape(self) -> str:
        """How it is drawn."""
        return "heat"


@dataclass(frozen=True)
class Rung:
    """A step of a ladder: its name, how many reached it as a share of the first and in words, and who was lost after it.

    ``notes`` are further facts in words; ``href`` and ``lost_href`` lead to the people.
    """

    label: str
    share: float
    value: str
    href: str = ""
    lost: str = ""
    lost_href: str = ""
    notes: tuple[str, ...] = ()
    before: float | None = None


@dataclass(frozen=True)
class Ladder:
    """Bars one below the other that get shorter, with what is lost between them; ``sheet`` says the same."""

    title: str
    rungs: tuple[Rung, ...]
    sheet: str
    note: str = ""

    @property
    def shape(self) -> str:
        """How it is drawn."""
        return "ladder"


@dataclass(frozen=True)
class Combination:
    """A row of a picture of sets: which sets it is in, its share of the largest for the bar, and its numbers."""

    marks: tuple[bool, ...]
    share: float
    value: str
    more: str = ""
    href: str = ""
    said: str = ""


@dataclass(frozen=True)
class Combinations:
    """How sets overlap, by exact combination, the largest first (an UpSet picture); ``sheet`` says the same."""

    title: str
    sets: tuple[tuple[str, str], ...]
    rows: tuple[Combination, ...]
    sheet: str
    heads: tuple[str, str]
    note: str = ""

    @property
    def shape(self) -> str:
        """How it is drawn."""
        return "combinations"


@dataclass(frozen=True)
class FlowPicture:
    """Nodes in columns with bands between them, drawn for wide and for narrow screens; ``sheet`` says the same.

    ``scrolls`` is for a narrow drawing that keeps its size, and is moved sideways.
    """

    title: str
    wide: RiverPicture
    narrow: RiverPicture
    sheet: str
    note: str = ""
    scrolls: bool = False

    @property
    def shape(self) -> str:
        """How it is drawn."""
        return "flow"


class Tag(str):
    """A word with a state, for table cells of kind ``tag``.

    >>> Tag("在用", "good").tone
    'good'
    """

    tone: str

    def __new__(cls, text: str, tone: str = "") -> Tag:
        tag = super().__new__(cls, text)
        tag.tone = tone
        return tag


@dataclass(frozen=True)
class Step:
    """One item of the checklist that an empty workspace shows."""

    label: str
    href: str
    is_done: bool
