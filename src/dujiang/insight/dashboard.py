"""The growth dashboard: all channels on one page, compared with an earlier period, with notes on what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from dujiang.foundation.definitions import Definition
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Comparison, Grain, Period, promotions_within
from dujiang.insight.answer import Compared, Freshness, MetricAnswer, MetricQuery
from dujiang.insight.catalogue import Metric
from dujiang.insight.model import AnnotationSpec, Condition, Direction

HEADLINES: Final = (
    "gmv", "net_sales", "orders", "buyers", "new_customers", "active_users", "visit_conversion", "aov", "cac", "roas",
    "known_user_share", "cross_channel_share",
)  # fmt: skip
WITHOUT_COURSE: Final = ("known_user_share", "cross_channel_share")
"""Headlines of whole periods: a single day says little about them."""
TRENDS: Final = ("gmv", "active_users", "new_customers", "returning_customers")
CHANNEL_COLUMNS: Final = (
    "gmv", "gmv_share", "orders", "buyers", "new_customers", "active_users", "visits", "visit_share", "visit_conversion",
    "aov", "refund_rate", "cost", "cac", "roas", "roi", "cross_channel_share",
)  # fmt: skip
PROMOTION_NAMES: Final = {"618": _("618 promotion"), "double11": _("Double 11 promotion")}


@dataclass(frozen=True)
class DashboardQuery:
    """Which period, held against what, in which steps, over which channels (empty: all)."""

    period: Period
    compare: Comparison | Period = "previous"
    grain: Grain = "day"
    channels: tuple[str, ...] = ()

    @property
    def where(self) -> tuple[Condition, ...]:
        """The channels as a condition."""
        return (Condition(column="channel", op="among", value=self.channels),) if self.channels else ()


@dataclass(frozen=True)
class Card:
    """One headline: the number beside its earlier self, its course, and whether the change is good.

    Attributes:
        course: first day and value of each step, None where it is undefined; empty for :data:`WITHOUT_COURSE`.
        good: None where the metric has no good direction or the change is undefined or nothing.
    """

    metric: Metric
    figure: Compared
    course: tuple[tuple[date, int | float | None], ...]
    good: bool | None


@dataclass(frozen=True)
class Annotation:
    """A note on a stretch of time; ``title`` by language, or ``promotion`` for one of the built-in calendar."""

    period: Period
    source: Literal["promotion", "annotation"]
    name: str
    title: dict[str, str]
    channels: tuple[str, ...]


@dataclass(frozen=True)
class GrowthDashboard:
    """Everything that the growth dashboard shows.

    Attributes:
        headline: totals, and the lines of :data:`TRENDS` and of the cards.
        channels: one row for each channel with :data:`CHANNEL_COLUMNS`; its totals are computed of their own.
        annotations: what happened in the period, oldest first.
    """

    query: DashboardQuery
    cards: tuple[Card, ...]
    headline: MetricAnswer
    channels: MetricAnswer
    annotations: tuple[Annotation, ...]

    @property
    def freshness(self) -> Freshness:
        """How current it is."""
        return self.headline.freshness


def question(query: DashboardQuery) -> MetricQuery:
    """All numbers of the dashboard as one question."""
    return MetricQuery(
        metrics=tuple(dict.fromkeys((*HEADLINES, *TRENDS, *CHANNEL_COLUMNS))),
        period=query.period,
        compare=query.compare,
        grain=query.grain,
        by=("channel",),
        where=query.where,
        line_of=tuple(dict.fromkeys((*TRENDS, *(name for name in HEADLINES if name not in WITHOUT_COURSE)))),
        rows_of=CHANNEL_COLUMNS,
    )


def dashboard(query: DashboardQuery, answer: MetricAnswer, definitions: Iterable[Definition]) -> GrowthDashboard:
    """The dashboard from the answer to its :func:`question` and the brand's annotations."""
    metrics = {metric.name: metric for metric in answer.metrics}
    cards = tuple(_card(metrics[name], answer) for name in HEADLINES)
    notes = notes_within(query.period, query.channels, definitions)
    columns = tuple(metric for metric in answer.metrics if metric.name in CHANNEL_COLUMNS)
    return GrowthDashboard(query, cards, replace(answer, rows=()), replace(answer, metrics=columns, line=()), notes)


def _card(metric: Metric, answer: MetricAnswer) -> Card:
    figure = answer.totals[metric.name]
    steps = answer.line if metric.name in answer.query.in_line else ()
    course = tuple((point.start, point.figures[metric.name].value) for point in steps)
    return Card(metric, figure, course, is_good(figure.change, metric.spec.direction))


def is_good(change: float | None, direction: Direction) -> bool | None:
    """Whether a change is in the metric's good direction; None where that means nothing.

    >>> is_good(0.1, "up"), is_good(0.1, "down"), is_good(0.1, "none"), is_good(None, "up"), is_good(0.0, "up")
    (True, False, None, None, None)
    """
    if not change or direction == "none":
        return None
    return (change > 0) == (direction == "up")


def notes_within(
    period: Period, channels: tuple[str, ...], definitions: Iterable[Definition]
) -> tuple[Annotation, ...]:
    """Promotions of the built-in calendar and the brand's own notes that touch the period, oldest first."""
    found = [Annotation(run, "promotion", name, {}, ()) for name, run in promotions_within(period)]
    for one in definitions:
        spec = one.typed() if one.kind == "annotation" and one.status == "active" else None
        if isinstance(spec, AnnotationSpec) and _concerns(spec, period, channels):
            found.append(Annotation(spec.period, "annotation", one.name, one.title, spec.channels))
    return tuple(sorted(found, key=lambda note: (note.period.first, note.name)))


def _concerns(spec: AnnotationSpec, period: Period, channels: tuple[str, ...]) -> bool:
    of_time = spec.period.first <= period.last and spec.period.last >= period.first
    return of_time and (not channels or not spec.channels or bool(set(channels) & set(spec.channels)))
