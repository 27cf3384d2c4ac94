"""What templates show, ready to be written down: values are text by now, and hold nothing that a template has to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dujiang.console.charts.spark import Spark
from dujiang.console.formats import Kind


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
    """One series of a chart: ``slot`` is its colour (0: accent), ``then`` the same series in the earlier period."""

    name: str
    values: Sequence[float | None]
    slot: int = 0
    then: Sequence[float | None] = ()
    then_name: str = ""


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

    @property
    def shape(self) -> str:
        """How it is drawn."""
        return "chart"

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
                }
                for line in self.lines
            ],
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
