"""Active hours: when everybody is active, and when to send."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.views import hours as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page

ROOM = Room()


@ROOM.get("/hours", allow="person.read")
def hours(visit: Visit) -> Response:
    """The week of everybody."""
    service = visit.workspace.hours
    found = service.everybody()
    view = views.everybody(visit, found, service.prior())
    return page(visit, "hours.html", [views.week_sheet(visit, found)], view=view)
