"""Sources and completeness: what arrived, what became of it, where it fell silent, and the platforms' own totals."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.responses import Response

from dujiang.collect.service import EnteredTotal
from dujiang.console.filters import Scope, read_day, read_whole
from dujiang.console.views import sources as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.money import parse_minor

ROOM = Room()


@ROOM.get("/sources", allow="source.read")
def sources(visit: Visit) -> Response:
    """The page, for all sources or the one that the address names."""
    scope = visit.scope_from("last7")
    first, last = _span(visit, scope)
    states = [
        one
        for one in visit.workspace.completeness.sources(first, last)
        if not scope.channels or one.channel in scope.channels
    ]
    source = visit.query.get("source", "")
    names = {source} if source else {one.source for one in states}
    counts = [one for one in visit.workspace.manifest.counts(source or None, first, last) if one.source in names]
    hours = visit.workspace.completeness.hours(source, first, last) if source else []
    chart, hours_sheet = views.chart(visit, counts, {one.hour: one.expected for one in hours}, first, last)
    shown = [one for one in states if one.source in names]
    view = views.SourcesView(
        fresh_at=max((one.last_received for one in states if one.last_received), default=None),
        cards=views.cards(visit, shown),
        gaps=views.gaps(visit, shown),
        chart=chart if counts else None,
        source=next((views.title(visit, one) for one in shown if source), ""),
    )
    totals = views.totals_sheet(visit, visit.workspace.completeness.totals(scope.period))
    sheets = [views.sources_sheet(visit, states), hours_sheet, totals]
    return page(visit, "sources.html", sheets, view=view, scope=scope)


@ROOM.post("/sources/totals", allow="platform_total.enter")
def enter_total(visit: Visit) -> Response:
    """Keep a platform's own total of one day."""
    gmv, orders = parse_minor(visit.field("gmv")), read_whole(visit.field("orders"))
    if gmv is None or orders is None:
        raise InvalidInput("total.incomplete", _("Enter the orders as a whole number and the GMV as an amount."))
    total = EnteredTotal(visit.field("channel"), visit.field("shop"), read_day(visit.field("day")), orders, gmv)
    visit.workspace.definitions.get("channel", total.channel)
    visit.workspace.enter_totals([total])
    told = {"day": total.day.isoformat(), "orders": total.orders, "gmv_minor": total.gmv_minor}
    visit.workspace.record(visit.actor, "platform_total.enter", f"{total.channel}/{total.shop}", told)
    return done(visit, "/sources", _("The total was entered and stands beside ours within seconds."))


def _span(visit: Visit, scope: Scope) -> tuple[datetime, datetime]:
    """The period as moments; one that ends yesterday runs on to the present hour, because silence is news."""
    first, last = scope.period.moments(visit.workspace.zone)
    this_hour = visit.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    is_current = scope.name.startswith("last") and scope.name != "last_month"
    return first, this_hour if is_current else min(last, max(this_hour, first + timedelta(hours=1)))
