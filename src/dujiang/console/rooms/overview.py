"""The overview: what the brand's people and money do, over all channels."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.components import Step
from dujiang.console.views import overview as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.foundation.i18n import _
from dujiang.insight.dashboard import DashboardQuery

ROOM = Room()


@ROOM.get("/", allow="page.read")
def overview(visit: Visit) -> Response:
    """River, headline figures, trends and channels of the chosen period."""
    scope = visit.scope
    found = visit.workspace.metrics.dashboard(
        DashboardQuery(scope.period, scope.comparison, scope.grain, scope.channels)
    )
    if found.freshness.received_at is None:
        return page(visit, "overview.html", view=views.OverviewView(None, steps=_steps(visit)), scope=None)
    river = visit.workspace.metrics.river(scope.period, scope.comparison, scope.channels)
    headline = views.cards(visit, found)
    charts, sheets = views.charts(visit, found)
    view = views.OverviewView(
        fresh_at=found.freshness.received_at,
        river=views.river(visit, river),
        hero=headline[: views.HERO],
        cards=headline[views.HERO :],
        charts=charts,
        channel_note=visit.text(
            _("A channel leads to the overview of that channel alone. Totals are computed, not added up.")
        ),
    )
    all_sheets = [views.channels_sheet(visit, found), views.river_sheet(visit, river), *sheets]
    return page(visit, "overview.html", all_sheets, view=view, scope=scope)


def _steps(visit: Visit) -> tuple[Step, ...]:
    definitions = visit.workspace.definitions
    return (
        Step(visit.text(_("Name your channels")), "/definitions?kind=channel", bool(definitions.current("channel"))),
        Step(visit.text(_("Import a file of orders")), "/imports", is_done=False),
        Step(visit.text(_("Make a collection key")), "/settings/keys", bool(visit.workspace.access.keys.list())),
        Step(visit.text(_("See how people are recognised")), "/identity", is_done=False),
    )
