"""Relations: how many people each kind relates, and what many of them have in common."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from dujiang.console.views import relations as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import parse_person_id

ROOM = Room()
_LISTED: Final = 500


@ROOM.get("/relations", allow="person.read")
def relations(visit: Visit) -> Response:
    """Every kind with its people, and the things that many share."""
    service, kind = visit.workspace.relations, visit.query.get("kind", "")[:80]
    view = views.overview(visit, service.counts(), kind)
    return page(visit, "relations.html", [views.hubs_sheet(visit, service.hubs(kind, _LISTED))], view=view, kind=kind)


@ROOM.get("/relations/{id}", allow="person.read")
def through(visit: Visit) -> Response:
    """Who is related through one thing."""
    node = parse_person_id(visit.request.path_params["id"])
    found = [] if node is None else visit.workspace.relations.through(node, _LISTED)
    if not found:
        raise NotFound("relation.none", _("Nobody is related through this identifier."))
    return page(visit, "relation.html", [views.sheet(visit, found)], thing=views.thing(visit, found[0]), found=found[0])
