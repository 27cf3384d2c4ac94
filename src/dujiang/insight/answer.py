"""What is asked of the metric layer, and what it answers. An undefined number is None with a reason, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal

from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Comparison, Grain, Period
from dujiang.insight.catalogue import Metric
from dujiang.insight.model import Condition

Reason = Literal[
    "not_collected",
    "nobody_named",
    "no_rows",
    "no_values",
    "zero_denominator",
    "window_open",
    "not_yet",
    "no_comparison",
    "no_cost",
]

REASONS: Final[dict[Reason, str]] = {
    "not_collected": _("No data of this kind reaches back to this period."),
    "nobody_named": _("Nothing here says who it was about, so people cannot be counted."),
    "no_rows": _("Nothing of this kind happened in this period."),
    "no_values": _("The rows of this period do not state this value."),
    "zero_denominator": _("There is nothing to divide by in this period."),
    "window_open": _("The time in which it could still happen is not over yet."),
    "not_yet": _("This period has not begun yet."),
    "no_comparison": _("There is no earlier value other than zero to compare with."),
    "no_cost": _("No report of advertising states what this cost."),
}


@dataclass(frozen=True)
class MetricQuery:
    """A question to the metric layer.

    Attributes:
        metrics: names of metrics, at least one.
        period: the days asked about.
        compare: an earlier period by rule, a period of its own, or ``none``.
        grain: also the line over time, in these steps; None for no line.
        by: also one row for each combination of these dimensions; empty for no rows.
        line_of: the metrics that the line is for; empty for all.
        rows_of: the metrics that the rows are for; empty for all.
        where: only what fulfils all of these conditions on dimensions.
        order_by: metric that the rows are sorted by, largest first; empty for the first one that they are for.
        rows_max: how many rows at most.
    """

    metrics: tuple[str, ...]
    period: Period
    compare: Comparison | Period = "none"
    grain: Grain | None = None
    by: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    order_by: str = ""
    rows_max: int = BOUNDS.answer_rows_max
    line_of: tuple[str, ...] = ()
    rows_of: tuple[str, ...] = ()

    @property
    def in_line(self) -> tuple[str, ...]:
        """The metrics of the line."""
        return (self.line_of or self.metrics) if self.grain else ()

    @property
    def in_rows(self) -> tuple[str, ...]:
        """The metrics of the rows."""
        return (self.rows_of or self.metrics) if self.by else ()

    @property
    def comparison(self) -> Period | None:
        """The period to compare with, if any."""
        return self.compare if isinstance(self.compare, Period) else self.period.compared(self.compare)


@dataclass(frozen=True)
class Figure:
    """One number.

    Attributes:
        value: None where it is undefined; money is a whole number of minor units.
        reason: why it is undefined (:data:`REASONS`), else None.
        rows: rows of the table behind it (of the numerator, of those who started).
    """

    value: int | float | None
    reason: Reason | None = None
    rows: int = 0


@dataclass(frozen=True)
class Compared:
    """A number beside its earlier self.

    Attributes:
        now: the number.
        before: the same number of the comparison period; None where none was asked for.
        change: relative change as a fraction; None where undefined, with ``change_reason``.
    """

    now: Figure
    before: Figure | None = None
    change: float | None = None
    change_reason: Reason | None = None

    @property
    def value(self) -> int | float | None:
        """The number itself."""
        return self.now.value

    @property
    def difference(self) -> int | float | None:
        """Now minus before; for percentages this is in points. None where one of them is undefined."""
        if self.before is None or self.before.value is None or self.now.value is None:
            return None
        return self.now.value - self.before.value


def compared(now: Figure, before: Figure | None) -> Compared:
    """A number held against the earlier one.

    >>> compared(Figure(120), Figure(100)).change
    0.2
    >>> compared(Figure(5), Figure(0)).change_reason
    'no_comparison'
    """
    if before is None:
        return Compared(now)
    if now.value is None or before.value is None:
        return Compared(now, before, None, now.reason or before.reason)
    if before.value == 0:
        return Compared(now, before, None, "no_comparison")
    return Compared(now, before, (now.value - before.value) / abs(before.value))


@dataclass(frozen=True)
class Point:
    """One step of a line: the days of it that lie within the period, and the numbers by metric name."""

    start: date
    days: Period
    figures: Mapping[str, Compared]


@dataclass(frozen=True)
class Row:
    """One combination of dimension values; None where the facts state none. Numbers by metric name."""

    keys: tuple[str | None, ...]
    figures: Mapping[str, Compared]


@dataclass(frozen=True)
class Freshness:
    """How current an answer is.

    Attributes:
        received_at: when the newest fact in it was received; None while there are none.
        today: the day that it takes for today.
    """

    received_at: datetime | None = None
    today: date | None = None


@dataclass(frozen=True)
class MetricAnswer:
    """The answer to a :class:`MetricQuery`.

    Attributes:
        metrics: the metrics asked for with their definitions, in order.
        totals: over everything asked about, by metric name.
        line: one point for each step of time; the comparison is laid over it step by step.
        rows: by dimension, largest first; totals are computed of their own and are not the sum of rows.
        rows_left_out: rows beyond ``rows_max``.
        complete_until: last day that the conversion windows in the answer could take in as a start; None where none did.
    """

    query: MetricQuery
    comparison: Period | None
    metrics: tuple[Metric, ...]
    totals: Mapping[str, Compared]
    line: tuple[Point, ...] = ()
    rows: tuple[Row, ...] = ()
    rows_left_out: int = 0
    complete_until: date | None = None
    freshness: Freshness = field(default_factory=Freshness)
