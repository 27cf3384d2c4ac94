"""Active hours: when everybody, a group or a segment is active, and when to send."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.views import hours as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page

ROOM = Room()


@ROOM.get("/hours", allow="person.read")
def hours(visit: Visit) -> Response:
    """The week of everybody, or of a group or segment."""
    service, (kind, _colon, name) = visit.workspace.hours, visit.query.get("of", "").partition(":")
    if kind == "group":
        found = service.of_people(visit.workspace.groups.people_in(name))
    elif kind == "segment":
        found = service.of_people(visit.workspace.segments.people(name))
    else:
        found = service.everybody()
    view = views.some(visit, found) if name else views.everybody(visit, found, service.prior())
    sheets = [views.week_sheet(visit, found)]
    return page(visit, "hours.html", sheets, view=view, whose=views.whose(visit), of=visit.query.get("of", ""))
