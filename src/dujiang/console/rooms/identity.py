"""Identity quality: how well identifiers find their person, and what was kept apart."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.views import identity as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.identity.quality import quality

ROOM = Room()


@ROOM.get("/identity", allow="person.read")
def identity(visit: Visit) -> Response:
    """The state of identity over all channels."""
    with visit.workspace.engine.read() as con:
        found = quality(con)
    view = views.view(visit, found)
    return page(visit, "identity.html", [sheet for _title, _note, sheet in view.tables], view=view)
