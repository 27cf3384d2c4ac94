"""Metric catalogue and metric explorer."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan
from typing import Any

from starlette.responses import Response

from dujiang.console.filters import read_day
from dujiang.console.views import figures
from dujiang.console.views import metrics as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page
from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.catalogue import Catalogue, Metric
from dujiang.insight.model import Condition

ROOM = Room()
_FIRST = "gmv"
_TIME = frozenset({"day", "week", "month"})


@ROOM.get("/metrics", allow="metric.read")
def catalogue(visit: Visit) -> Response:
    """Every metric: what it means, how it is computed, why platforms differ."""
    metrics = visit.workspace.metrics.catalogue()
    words = visit.query.get("q", "")
    sheet = views.catalogue_sheet(visit, metrics, words)
    return page(visit, "metrics.html", [sheet], q=words, fresh_at=None)


@ROOM.get("/metrics/{name}", allow="metric.read")
def single(visit: Visit) -> Response:
    """One metric, with its present value and trend."""
    metrics = visit.workspace.metrics.catalogue()
    metric = metrics.get(visit.request.path_params["name"])
    answer = _ask(visit, metrics, metric.name, "")
    title = visit.text(_("{metric} over time"), metric=metric.label(visit.locale))
    view = views.MetricView(
        name=metric.name,
        label=metric.label(visit.locale),
        description=visit.own(metric.definition.description),
        formula=visit.own(metric.spec.formula),
        differs=visit.own(metric.spec.differs),
        caveat=visit.own(metric.spec.caveat),
        unit=visit.text(views.UNITS[metric.spec.unit]),
        direction=visit.text(views.DIRECTIONS[metric.spec.direction]),
        dimensions=tuple(figures.dimension_label(visit, one) for one in metrics.dimensions(metric.name)),
        additive=views.additive(visit, metrics.additive_over(metric.name)),
        form=views.band_form(visit, metric),
        parts=tuple(views.part(visit, metrics.get(one)) for one in metric.spec.parts()),
        used_by=tuple(views.part(visit, one) for one in metrics if metric.name in one.spec.parts()),
        card=figures.card(
            visit, metric, answer.totals[metric.name], answer.line, views.behind_address(visit, metrics, metric.name)
        ),
        chart=replace(figures.trend(visit, answer.line, metric, title), bounds=views.bounds(visit, metric))
        if any(point.figures[metric.name].value is not None for point in answer.line)
        else None,
        fresh_at=answer.freshness.received_at,
    )
    sheets = [figures.trend_sheet(visit, answer), views.wanted_sheet(visit, metric)]
    return page(visit, "metric.html", sheets, view=view, scope=visit.scope)


@ROOM.post("/metrics/{name}/band", allow="definition.apply")
def set_band(visit: Visit) -> Response:
    """Say where a metric is healthy; it is a definition, as those written by hand."""
    metric = _metric(visit)
    low, high = (_typed(visit, metric, edge) for edge in ("at_least", "at_most"))
    if low is None and high is None:
        raise InvalidInput("metric.band_empty", _("Give the lowest healthy value, the highest, or both."))
    if low is not None and high is not None and low > high:
        raise InvalidInput("metric.band_crossed", _("The lowest healthy value must not lie above the highest."))
    days = visit.field("days") or "1"
    if not days.isdecimal() or not 1 <= int(days) <= 400:
        raise InvalidInput("metric.band_days", _("Days in a row are a whole number from 1 to 400."))
    known = visit.workspace.metrics.bands(metric.name)
    said = visit.field("name")
    spec = {"metric": metric.name, "at_least": low, "at_most": high, "by": visit.field("by"), "days": int(days)}
    _define(visit, "band", said if said in known else _free(visit, "band", metric.name), metric, spec)
    return done(visit, f"/metrics/{metric.name}", _("The healthy range is in force."))


@ROOM.post("/metrics/{name}/goal", allow="definition.apply")
def set_goal(visit: Visit) -> Response:
    """Say what a metric is to come to in a period; it is a definition likewise."""
    metric = _metric(visit)
    target = _typed(visit, metric, "target")
    if target is None:
        raise InvalidInput("metric.goal_empty", _("A goal needs a value to come to."))
    period = Period(read_day(visit.field("first")), read_day(visit.field("last")))
    spec = {"metric": metric.name, "first": str(period.first), "last": str(period.last), "target": target}
    _define(visit, "goal", f"{metric.name}.{period.first}.{period.last}", metric, spec)
    return done(visit, f"/metrics/{metric.name}", _("The goal is set."))


def _metric(visit: Visit) -> Metric:
    return visit.workspace.metrics.catalogue().get(visit.request.path_params["name"])


def _typed(visit: Visit, metric: Metric, name: str) -> float | None:
    """What was typed as people write it (percent, major units, seconds), as the metric counts it; None for nothing."""
    text = visit.field(name).replace(",", "").rstrip("%").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise InvalidInput("metric.wanted_number", _("“{value}” is not a number."), value=text[:20])
    return round(value * views.scale(metric), 10)


def _free(visit: Visit, kind: str, name: str) -> str:
    """The metric's own name, unless something else bears it."""
    return f"{name}.{kind}" if (kind, name) in visit.workspace.definitions.current() else name


def _define(visit: Visit, kind: str, name: str, metric: Metric, spec: dict[str, Any]) -> None:
    definitions = visit.workspace.definitions
    before = definitions.current(kind).get((kind, name))
    title = before.title if before else metric.definition.title
    made = {"kind": kind, "name": name, "title": title, "owner": visit.actor, "spec": spec}
    definitions.apply(definitions.plan([parse(made)]), actor=visit.actor)


@ROOM.get("/explore", allow="metric.read")
def explore(visit: Visit) -> Response:
    """Any metric over time and by any of its dimensions."""
    metrics = visit.workspace.metrics.catalogue()
    metric = metrics.get(visit.query.get("metric") or _FIRST)
    dimensions = [one for one in metrics.dimensions(metric.name) if one not in _TIME]
    by = visit.query.get("by") or (dimensions[0] if dimensions else "")
    answer = _ask(visit, metrics, metric.name, by)
    label = metric.label(visit.locale)
    people = views.behind_address(visit, metrics, metric.name)
    over_time = visit.text(_("{metric} over time"), metric=label)
    divided = visit.text(_("{metric} by {dimension}"), metric=label, dimension=figures.dimension_label(visit, by))
    sheets = [figures.trend_sheet(visit, answer)]
    if by:
        is_additive = "dimensions" in metrics.additive_over(metric.name)
        sheets.insert(0, views.rows_sheet(visit, answer, has_people=bool(people), is_additive=is_additive))
    view = views.ExploreView(
        metric=views.part(visit, metric),
        metrics=views.grouped(visit, metrics),
        by=by,
        dimensions=tuple(views.Part(one, figures.dimension_label(visit, one)) for one in dimensions),
        card=figures.card(visit, metric, answer.totals[metric.name], answer.line, people),
        chart=figures.trend(visit, answer.line, metric, over_time) if answer.line else None,
        bars=views.bars(visit, answer, divided) if by else None,
        note=_left_out(visit, answer),
        fresh_at=answer.freshness.received_at,
    )
    return page(visit, "explore.html", sheets, view=view, scope=visit.scope, divided=divided)


def _ask(visit: Visit, metrics: Catalogue, name: str, by: str) -> MetricAnswer:
    scope = visit.scope
    dimensions = metrics.dimensions(name)
    where = (
        (Condition(column="channel", op="among", value=scope.channels),)
        if scope.channels and "channel" in dimensions
        else ()
    )
    return visit.workspace.metrics.query(
        MetricQuery(
            metrics=(name,),
            period=scope.period,
            compare=scope.comparison,
            grain=scope.grain,
            by=(by,) if by else (),
            where=where,
        )
    )


def _left_out(visit: Visit, answer: MetricAnswer) -> str:
    if not answer.rows_left_out:
        return ""
    return visit.text(_("{n} smaller rows are left out."), n=visit.show(answer.rows_left_out, "count"))
