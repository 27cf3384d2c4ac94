"""The metric catalogue and the explorer, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from dujiang.console.components import Card, Chart, Line, Tag
from dujiang.console.filters import COMPARISON_NAMES
from dujiang.console.formats import Kind
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views.figures import CHANNEL_DIMENSIONS, dimension_label, value_label
from dujiang.console.visit import Visit
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.answer import MetricAnswer
from dujiang.insight.catalogue import Catalogue, Metric
from dujiang.insight.model import BandSpec
from dujiang.insight.standing import PROGRESSES, STANDINGS, BandStanding, GoalStanding, Held

GROUPS: Final = {
    "sales": _("Sales"),
    "customers": _("Customers"),
    "retention": _("Retention"),
    "traffic": _("Traffic"),
    "engagement": _("Engagement"),
    "spend": _("Spend"),
    "service": _("Service"),
    "profile": _("Profile"),
    "stages": _("Stages and layers"),
    "private": _("Private domain"),
}
UNITS: Final = {
    "money": _("money"),
    "count": _("number"),
    "percent": _("percent"),
    "ratio": _("ratio"),
    "duration": _("time span"),
}
DIRECTIONS: Final = {"up": _("more is better"), "down": _("less is better"), "none": _("neither")}
_BARS_MAX: Final = 12
_STEPS: Final = ("day", "week", "month", "weekday")
_TONES: Final[Mapping[str, str]] = {
    "below": "bad", "above": "bad", "within": "good", "unknown": "", "not_begun": "", "on_track": "good", "behind": "warn",
    "reached": "good", "missed": "bad",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A metric named by another."""

    name: str
    label: str


@dataclass(frozen=True)
class WantedForm:
    """What stands in the form of a healthy range, the sign of what is typed, and what it may be asked of."""

    values: Mapping[str, str]
    sign: str
    by: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MetricView:
    """One metric's page."""

    name: str
    label: str
    description: str
    formula: str
    differs: str
    caveat: str
    unit: str
    direction: str
    dimensions: tuple[str, ...]
    additive: str
    form: WantedForm
    parts: tuple[Part, ...]
    used_by: tuple[Part, ...]
    card: Card
    chart: Chart | None
    fresh_at: datetime | None


@dataclass(frozen=True)
class ExploreView:
    """The explorer."""

    metric: Part
    metrics: tuple[tuple[str, tuple[Part, ...]], ...]
    by: str
    dimensions: tuple[Part, ...]
    card: Card
    chart: Chart | None
    bars: Chart | None
    note: str
    fresh_at: datetime | None


def part(visit: Visit, metric: Metric) -> Part:
    """Name and label."""
    return Part(metric.name, metric.label(visit.locale))


def catalogue_sheet(visit: Visit, metrics: Iterable[Metric], words: str) -> Sheet:
    """The catalogue as a table."""
    columns = (
        Column("title", visit.text(_("Metric"))),
        Column("group", visit.text(_("Group"))),
        Column("formula", visit.text(_("Formula"))),
        Column("unit", visit.text(_("Unit"))),
        Column("direction", visit.text(_("Good direction"))),
        Column("differs", visit.text(_("Why platforms show another figure"))),
        Column("name", visit.text(_("Name")), "code"),
        Column("owner", visit.text(_("Owner"))),
    )
    rows, links = [], []
    for one in metrics:
        row = (
            one.label(visit.locale),
            visit.text(GROUPS[one.spec.group]),
            visit.own(one.spec.formula),
            visit.text(UNITS[one.spec.unit]),
            visit.text(DIRECTIONS[one.spec.direction]),
            visit.own(one.spec.differs),
            one.name,
            one.definition.owner,
        )
        if words.lower() in " ".join(row).lower():
            rows.append(row)
            links.append(visit.address(f"/metrics/{one.name}"))
    return Sheet("metrics", columns, rows, links)


def additive(visit: Visit, over: tuple[str, ...]) -> str:
    """Over what values may be added up, in words."""
    words = {"dimensions": _("dimensions"), "time": _("time")}
    return " · ".join(visit.text(words[one]) for one in over) or visit.text(
        _("nothing: it is computed anew at each level")
    )


def wanted_sheet(visit: Visit, metric: Metric) -> Sheet:
    """The metric's bands and goals, each with where it stands in the period of the page; parts without a value are left out."""
    columns = (
        Column("of", visit.text(_("Of"))),
        Column("value", visit.text(_("Value"))),
        Column("standing", visit.text(_("Standing")), "tag"),
        Column("wanted", visit.text(_("Healthy range or goal"))),
    )
    service, rows, links = visit.workspace.metrics, [], []
    for one in service.standings(metric.name, visit.scope.period):
        told = _band(visit, metric, one.band)
        for held in _stated(one):
            is_part = one.band.by and held.value is not None
            of = value_label(visit, one.band.by, held.key) if is_part else visit.text(_("In all"))
            value = shown_value(visit, metric, held.value)
            shown = value if held.change is None else f"{value} ({visit.show(held.change, 'change')})"
            rows.append((of, shown, _tag(visit, STANDINGS, held.standing), told))
            links.append(f"/definitions/band/{one.name}")
    for one in service.progress(metric.name):
        days = f"{one.goal.first} – {one.goal.last}"
        standing = _tag(visit, PROGRESSES, one.progress)
        rows.append((days, shown_value(visit, metric, one.value), standing, _goal(visit, metric, one)))
        links.append(f"/definitions/goal/{one.name}")
    return Sheet("wanted", columns, rows, links)


def _stated(one: BandStanding) -> Sequence[Held]:
    """What has a value; where nothing has one, the band alone."""
    return [held for held in one.held if held.value is not None] or (Held(None, None, None, "unknown"),)


def _tag(visit: Visit, words: Mapping[Any, str], key: str) -> Tag:
    return Tag(visit.text(words[key]), _TONES[key])


def _band(visit: Visit, metric: Metric, one: BandSpec) -> str:
    edges = ((_("at least {value}"), one.at_least), (_("at most {value}"), one.at_most))
    said = [visit.text(text, value=shown_value(visit, metric, edge)) for text, edge in edges if edge is not None]
    moves = (
        (_("down by at most {value} against {against}"), one.fall),
        (_("up by at most {value} against {against}"), one.rise),
    )
    against = visit.text(COMPARISON_NAMES[one.against])
    said += [
        visit.text(text, value=visit.show(edge, "percent"), against=against) for text, edge in moves if edge is not None
    ]
    if one.by:
        said.append(visit.text(_("each {dimension}"), dimension=dimension_label(visit, one.by)))
    if one.days > 1:
        said.append(visit.text(_("told after {n} days in a row"), n=one.days))
    return " · ".join(said)


def _goal(visit: Visit, metric: Metric, one: GoalStanding) -> str:
    said = [visit.text(_("goal {target}"), target=shown_value(visit, metric, one.goal.target))]
    if one.due is not None and one.progress in ("on_track", "behind"):
        said.append(visit.text(_("{value} due by now"), value=shown_value(visit, metric, one.due)))
    return " · ".join(said)


def shown_value(visit: Visit, metric: Metric, value: float | None) -> str:
    """A value of the metric as it is written."""
    return visit.show(value, metric.spec.unit)


def bounds(visit: Visit, metric: Metric) -> tuple[float, ...]:
    """The edges of bands of the total, which the line over time is drawn against."""
    bands = visit.workspace.metrics.bands(metric.name).values()
    found = (one for one in bands if not one.by and not one.where)
    return tuple(edge for one in found for edge in (one.at_least, one.at_most) if edge is not None)


def band_form(visit: Visit, metric: Metric) -> WantedForm:
    """The form of a healthy range, filled with the first that there is."""
    bands = visit.workspace.metrics.bands(metric.name).items()
    name, band = next(((name, one) for name, one in bands if one.against == "none"), ("", None))
    values = {"name": name, "by": band.by if band else "", "days": str(band.days) if band else "1"}
    for edge in ("at_least", "at_most"):
        value = getattr(band, edge) if band else None
        values[edge] = "" if value is None else f"{value / scale(metric):.10g}"
    dimensions = [one for one in visit.workspace.metrics.catalogue().dimensions(metric.name) if one not in _STEPS]
    by = (("", visit.text(_("the total"))), *((one, dimension_label(visit, one)) for one in dimensions))
    return WantedForm(values, unit_sign(visit, metric), by)


def scale(metric: Metric) -> float:
    """By what a value is multiplied that people type: percent, major units and seconds."""
    return {"percent": 0.01, "money": 100.0, "duration": 1000.0}.get(metric.spec.unit, 1.0)


def unit_sign(visit: Visit, metric: Metric) -> str:
    """What is typed, as a sign behind a label; empty for plain numbers."""
    signs = {"percent": "%", "money": visit.currency, "duration": visit.text(_("seconds"))}
    return signs.get(metric.spec.unit, "")


def grouped(visit: Visit, metrics: Catalogue) -> tuple[tuple[str, tuple[Part, ...]], ...]:
    """All metrics by group, for a menu."""
    found: dict[str, list[Part]] = {}
    for one in metrics:
        found.setdefault(one.spec.group, []).append(part(visit, one))
    return tuple((visit.text(GROUPS[group]), tuple(parts)) for group, parts in found.items())


def people_address(visit: Visit, metric: str, by: str = "", value: str | None = None) -> str:
    """Address of the people behind a number, or behind one row of it."""
    drill = {"metric": metric, **({"by": by, "value": value or ""} if by else {})}
    base = visit.address("/people")
    return base + ("&" if "?" in base else "?") + urlencode(drill)


def behind_address(visit: Visit, metrics: Catalogue, name: str) -> str:
    """Address of the people behind a metric; empty where no people stand behind it."""
    try:
        metrics.people_of(name)
    except InvalidInput:
        return ""
    return people_address(visit, name)


def rows_sheet(visit: Visit, answer: MetricAnswer, *, has_people: bool, is_additive: bool) -> Sheet:
    """One row for each value of the dimension, with share and change."""
    metric, by = answer.metrics[0], answer.query.by[0]
    total = answer.totals[metric.name].value
    kind: Kind = "channel" if by in CHANNEL_DIMENSIONS else "text"
    columns = [
        Column("value", dimension_label(visit, by), kind),
        Column("now", metric.label(visit.locale), metric.spec.unit),
    ]
    if is_additive:
        columns.append(Column("share", visit.text(_("Share")), "percent", bar=True))
    if answer.comparison:
        columns += [
            Column("before", visit.text(_("Before")), metric.spec.unit),
            Column("change", visit.text(_("Relative change")), "change"),
        ]
    rows: list[tuple[Any, ...]] = []
    for one in answer.rows:
        figure = one.figures[metric.name]
        key = one.keys[0]
        row: list[Any] = [key if kind == "channel" and key else value_label(visit, by, key), figure.value]
        if is_additive:
            row.append(figure.value / total if figure.value is not None and total else None)
        if answer.comparison:
            row += [figure.before.value if figure.before else None, figure.change]
        rows.append(tuple(row))
    links = [people_address(visit, metric.name, by, one.keys[0]) for one in answer.rows] if has_people else ()
    return Sheet("rows", tuple(columns), rows, links)


def bars(visit: Visit, answer: MetricAnswer, title: str) -> Chart | None:
    """The largest values as ordered bars."""
    metric, by = answer.metrics[0], answer.query.by[0]
    chosen = [one for one in answer.rows if one.figures[metric.name].value is not None][:_BARS_MAX]
    if not chosen:
        return None
    values: Sequence[float | None] = [one.figures[metric.name].value for one in chosen]
    labels = [value_label(visit, by, one.keys[0]) for one in chosen]
    line = Line(metric.label(visit.locale), values)
    return Chart(title, labels, (line,), metric.spec.unit, visit.currency, type="bar", lying=True)
