"""Value: matrix and bands as of the last day of the period, concentration over its days."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.views import value as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page

ROOM = Room()


@ROOM.get("/value", allow="person.read")
def value(visit: Visit) -> Response:
    """Who is worth what, and how concentrated sales are."""
    service, period = visit.workspace.value, visit.scope.period
    found, spread = service.page(period.last), service.concentration(period)
    sheets = [views.matrix_sheet(visit, found), views.rfm_sheet(visit, found), views.curve_sheet(visit, spread)]
    return page(visit, "value.html", sheets, view=views.value(visit, found, spread), scope=visit.scope)
