"""The growth overview: the river picture, headline cards, trends and channels, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from dujiang.console.charts import river as drawing
from dujiang.console.charts.river import Flow, RiverPicture
from dujiang.console.components import Card, Chart, Line, Step
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views import figures
from dujiang.console.views.metrics import behind_address
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.answer import MetricAnswer
from dujiang.insight.catalogue import Metric
from dujiang.insight.dashboard import GrowthDashboard
from dujiang.insight.river import COUNTED_ONCE, Band, Mark, Reach, River, Stop

HERO: Final = 4
REACHES: Final[dict[Reach, str]] = {
    "channel": _("Channel"),
    "identity": _("Recognised"),
    "stage": _("Stage"),
    "outcome": _("Outcome"),
}
STOPS: Final = {
    "identity:known": _("Known people"),
    "identity:anonymous": _("Anonymous visitors"),
    "stage:prospect": _("Prospects"),
    "stage:new": _("New customers"),
    "stage:active": _("Active customers"),
    "stage:loyal": _("Loyal customers"),
    "stage:lapsed": _("Lapsed customers"),
    "outcome:first_order": _("First order"),
    "outcome:repeat_order": _("Repeat order"),
    "outcome:no_order": _("No order"),
}
_COLUMN: Final[dict[Reach, int]] = {"channel": 0, "identity": 1, "stage": 2, "outcome": 3}
_MARKS_SHOWN: Final = 4


@dataclass(frozen=True)
class MarkView:
    """A weakening or over-wide branch, in words."""

    tone: str
    label: str
    sentence: str
    href: str


@dataclass(frozen=True)
class RiverView:
    """The picture in two sizes, its heads and its marks."""

    title: str
    wide: RiverPicture
    narrow: RiverPicture
    heads: tuple[str, ...]
    marks: tuple[MarkView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ChartView:
    """A chart, and the name of the table with the same data."""

    chart: Chart
    sheet: str


@dataclass(frozen=True)
class OverviewView:
    """The page; ``steps`` instead of everything else while there are no facts."""

    fresh_at: datetime | None
    steps: tuple[Step, ...] = ()
    river: RiverView | None = None
    hero: tuple[Card, ...] = ()
    cards: tuple[Card, ...] = ()
    charts: tuple[ChartView, ...] = ()
    channel_note: str = ""


# ── the river ────────────────────────────────────────────────────────────────────────────────────────────────────────


def stop_label(visit: Visit, key: str) -> str:
    """What people call a stop."""
    reach, _colon, name = key.partition(":")
    if reach == "stage" and (stage := visit.workspace.life.spec().stage(name)):
        return stage.label(visit.locale)
    return visit.channel_label(name) if reach == "channel" else visit.text(STOPS.get(key, name))


def river(visit: Visit, found: River) -> RiverView:
    """The picture of a river."""
    stops, flows = [_stop(visit, one) for one in found.stops], [_flow(visit, one) for one in found.bands]
    marks = _marks(visit, found)
    return RiverView(
        title=marks[0].sentence if marks else visit.text(_("Where people came from, and what became of them")),
        wide=drawing.draw(stops, flows, drawing.WIDE),
        narrow=drawing.draw(stops, flows, drawing.NARROW),
        heads=tuple(visit.text(label) for label in REACHES.values()),
        marks=marks,
        notes=_notes(visit, found),
    )


def _stop(visit: Visit, one: Stop) -> drawing.Stop:
    return drawing.Stop(
        key=one.key,
        column=_COLUMN[one.reach],
        label=stop_label(visit, one.key),
        people=one.people,
        count=visit.show(one.people, "count"),
        series=visit.series(one.name) if one.reach == "channel" else 0,
        href=stops_address(visit, one.key),
        mark="weakening" if one.marks else "",
    )


def _flow(visit: Visit, one: Band) -> Flow:
    title = visit.text(
        _("{start} to {end}: {people} people, {value}"),
        start=stop_label(visit, one.start),
        end=stop_label(visit, one.end),
        people=visit.show(one.people, "count"),
        value=visit.show(one.value_minor, "money"),
    )
    return Flow(
        one.start, one.end, one.people, max(0, one.value_minor), title, stops_address(visit, one.start, one.end)
    )


def stops_address(visit: Visit, *keys: str) -> str:
    """Address of the people at a stop, or in the band between two."""
    base = visit.address("/people")
    return base + ("&" if "?" in base else "?") + urlencode([("stop", key) for key in keys])


def _marks(visit: Visit, found: River) -> tuple[MarkView, ...]:
    marked: list[tuple[Mark, Stop]] = [(mark, one) for one in found.stops for mark in one.marks]
    marked.sort(key=lambda pair: (pair[1].reach != "channel", -(pair[1].before or pair[1].people)))
    return tuple(_mark(visit, mark, one) for mark, one in marked[:_MARKS_SHOWN])


def _mark(visit: Visit, mark: Mark, one: Stop) -> MarkView:
    values = {"name": stop_label(visit, one.key), "people": visit.show(one.people, "count")}
    href = stops_address(visit, one.key)
    if mark == "overwide":
        sentence = visit.text(
            _("{name} brings {share} of all people."), share=visit.show(one.share, "percent"), **values
        )
        return MarkView("warn", visit.text(_("too wide")), sentence, href)
    lost = 1 - one.people / one.before if one.before else 0.0
    sentence = visit.text(
        _("{name}: {people} people, {lost} fewer than before."), lost=visit.show(lost, "percent"), **values
    )
    return MarkView("bad", visit.text(_("weakening")), sentence, href)


def _notes(visit: Visit, found: River) -> tuple[str, ...]:
    notes = [visit.text(COUNTED_ONCE)]
    if found.unknown_orders:
        sentence = _("{n} orders ({value}) say nothing of the buyer and are not in the picture.")
        orders, value = visit.show(found.unknown_orders, "count"), visit.show(found.unknown_minor, "money")
        notes.append(visit.text(sentence, n=orders, value=value))
    return tuple(notes)


def river_sheet(visit: Visit, found: River) -> Sheet:
    """The same as a table: one row for each band."""
    columns = (
        Column("from", visit.text(_("From where"))),
        Column("to", visit.text(_("To where"))),
        Column("people", visit.text(_("Number of people")), "count"),
        Column("before", visit.text(_("Number of people before")), "count"),
        Column("value", visit.text(_("Paid, less refunds")), "money"),
    )
    rows = [
        (stop_label(visit, one.start), stop_label(visit, one.end), one.people, one.before, one.value_minor)
        for one in found.bands
    ]
    return Sheet("river", columns, rows, [stops_address(visit, one.start, one.end) for one in found.bands])


# ── cards, trends, channels ──────────────────────────────────────────────────────────────────────────────────────────


def cards(visit: Visit, found: GrowthDashboard) -> tuple[Card, ...]:
    """The headline cards; each leads to its people where people stand behind it."""
    metrics, line = visit.workspace.metrics.catalogue(), found.headline.line
    return tuple(
        figures.card(visit, one.metric, one.figure, line, behind_address(visit, metrics, one.metric.name))
        for one in found.cards
    )


def charts(visit: Visit, found: GrowthDashboard) -> tuple[tuple[ChartView, ...], list[Sheet]]:
    """Trends with their tables: sales, people, and new beside returning customers."""
    metrics = {metric.name: metric for metric in found.headline.metrics}
    views, sheets = [], []
    for name, question in (("gmv", _("How do sales run?")), ("active_users", _("How many people are active?"))):
        title = _finding(visit, metrics[name], found) or visit.text(question)
        views.append(ChartView(figures.trend(visit, found.headline.line, metrics[name], title), f"trend-{name}"))
        sheets.append(_trend_sheet(visit, found.headline, [metrics[name]], f"trend-{name}"))
    pair = [metrics["new_customers"], metrics["returning_customers"]]
    views.append(ChartView(_stacked(visit, found.headline, pair), "trend-customers"))
    sheets.append(_trend_sheet(visit, found.headline, pair, "trend-customers"))
    if (compared := channel_chart(visit, found)) is not None:
        views.append(ChartView(compared, "channels"))
    return tuple(views), sheets


def _finding(visit: Visit, metric: Metric, found: GrowthDashboard) -> str:
    change = found.headline.totals[metric.name].change
    if change is None or abs(change) < 0.05:
        return ""
    sentence = _("{metric} rose by {share}") if change > 0 else _("{metric} fell by {share}")
    return visit.text(sentence, metric=metric.label(visit.locale), share=visit.show(abs(change), "percent"))


def _stacked(visit: Visit, answer: MetricAnswer, metrics: Sequence[Metric]) -> Chart:
    lines = [
        Line(one.label(visit.locale), [point.figures[one.name].value for point in answer.line], slot)
        for one, slot in zip(metrics, (3, 0), strict=True)
    ]
    labels = [point.start.isoformat() for point in answer.line]
    title = visit.text(_("Who buys: new or returning customers?"))
    return Chart(title, labels, lines, "count", visit.currency, type="bar", stacked=True)


def _trend_sheet(visit: Visit, answer: MetricAnswer, metrics: Sequence[Metric], name: str) -> Sheet:
    columns = [Column("day", visit.text(_("From")), "day")]
    columns += [Column(one.name, one.label(visit.locale), one.spec.unit) for one in metrics]
    rows = [(point.start, *(point.figures[one.name].value for one in metrics)) for point in answer.line]
    return Sheet(name, tuple(columns), rows)


def channel_chart(visit: Visit, found: GrowthDashboard) -> Chart | None:
    """The channels by sales, as ordered bars."""
    answer, metric = found.channels, found.channels.metrics[0]
    rows = [one for one in answer.rows if one.figures[metric.name].value]
    if not rows:
        return None
    labels = [visit.channel_label(one.keys[0]) for one in rows]
    line = Line(metric.label(visit.locale), [one.figures[metric.name].value for one in rows])
    title = visit.text(
        _("{metric} by {dimension}"), metric=line.name, dimension=figures.dimension_label(visit, "channel")
    )
    return Chart(title, labels, (line,), metric.spec.unit, visit.currency, type="bar", lying=True)


def channels_sheet(visit: Visit, found: GrowthDashboard) -> Sheet:
    """All channels with all their figures; totals are computed of their own and never added up."""
    answer = found.channels
    columns = [Column("channel", visit.text(_("Channel")), "channel")]
    columns += [
        Column(
            one.name, one.label(visit.locale), one.spec.unit, one.name.endswith("_share"), visit.own(one.spec.formula)
        )
        for one in answer.metrics
    ]
    rows: list[tuple[Any, ...]] = [
        (one.keys[0] or visit.text(_("Unknown channel")), *(one.figures[m.name].value for m in answer.metrics))
        for one in answer.rows
    ]
    links = [visit.with_query(channel=one.keys[0]) if one.keys[0] else "" for one in answer.rows]
    totals = (visit.text(_("All channels")), *(answer.totals[m.name].value for m in answer.metrics))
    return Sheet("channels", tuple(columns), rows, links, totals)
