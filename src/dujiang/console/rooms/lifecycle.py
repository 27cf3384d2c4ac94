"""The life cycle: how people move between stages, and the map of goals and resources."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.views import lifecycle as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page

ROOM = Room()


@ROOM.get("/life", allow="person.read")
def life(visit: Visit) -> Response:
    """Stages of a period: flows, sizes, and changes with their reasons."""
    service, period = visit.workspace.life, visit.scope.period
    found = service.page(period)
    sheets = [
        views.flows_sheet(visit, found),
        views.sizes_sheet(visit, found),
        views.changes_sheet(visit, service.changes(period)),
    ]
    return page(visit, "life.html", sheets, view=views.life(visit, found), scope=visit.scope)


@ROOM.get("/life/map", allow="person.read")
def life_map(visit: Visit) -> Response:
    """Goals and resources of each stage over the years, against what came of them."""
    columns = visit.workspace.life.map()
    return page(visit, "life_map.html", [views.map_sheet(visit, columns)], view=views.life_map(visit, columns))
