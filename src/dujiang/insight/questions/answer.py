"""What every answer carries beside its numbers: which days, how fresh, read from how much, and the same as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import Freshness
from dujiang.insight.questions.model import Asked

Unit = Literal["text", "channel", "count", "percent", "money", "ratio", "duration", "day", "number"]
"""How a column is written; money is in minor units, a percent a fraction, a duration in milliseconds."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its key, its heading (a text of the catalogue, or words of the brand) and its unit."""

    name: str
    label: str
    unit: Unit = "text"


@dataclass(frozen=True)
class Table:
    """The numbers of an answer as a table: what is shown, downloaded and printed.

    Attributes:
        name: tells the tables of an answer apart.
        columns: in order.
        rows: one value for each column; None where undefined.
        picks: for each row what names its people (:class:`dujiang.insight.questions.model.Pick` in plain form); None or missing
            where nobody stands behind it.
        cells: by column what names the people behind its number in each row, where these are others than the row's.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]
    picks: Sequence[dict[str, Any] | None] = ()
    cells: Mapping[str, Sequence[dict[str, Any] | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """The answer to a question.

    Attributes:
        question: as it was asked.
        period: the days it is about.
        comparison: the days it is held against; None for none.
        result: the numbers, of the analysis's own type.
        before: the same of the comparison.
        tables: the numbers as tables.
        freshness: how current they are.
        rows: rows of timelines or tables that were looked at.
        people: people they are about; None where the analysis is not about people.
        notes: codes of what a reader has to know, such as ``window_open``; see :data:`dujiang.insight.questions.notes.NOTES`.
    """

    question: Asked
    period: Period
    comparison: Period | None
    result: Any
    before: Any
    tables: tuple[Table, ...]
    freshness: Freshness
    rows: int
    people: int | None
    notes: tuple[str, ...] = ()
