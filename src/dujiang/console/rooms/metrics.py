"""Metric catalogue and metric explorer."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.views import figures
from dujiang.console.views import metrics as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.foundation.i18n import _
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.catalogue import Catalogue
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
    flags = figures.flags(visit, visit.scope.period, visit.scope.grain)
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
        healthy=views.healthy(visit, metric),
        goals=views.goals(visit, metric),
        parts=tuple(views.part(visit, metrics.get(one)) for one in metric.spec.parts()),
        used_by=tuple(views.part(visit, one) for one in metrics if metric.name in one.spec.parts()),
        card=figures.card(
            visit, metric, answer.totals[metric.name], answer.line, views.behind_address(visit, metrics, metric.name)
        ),
        chart=figures.trend(visit, answer, metric, title, flags) if answer.line else None,
        fresh_at=answer.freshness.received_at,
    )
    return page(visit, "metric.html", [figures.trend_sheet(visit, answer)], view=view, scope=visit.scope)


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
    flags = figures.flags(visit, visit.scope.period, visit.scope.grain)
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
        chart=figures.trend(visit, answer, metric, over_time, flags) if answer.line else None,
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
