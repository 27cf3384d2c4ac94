"""Views: a page with its choices, kept under a name."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from dujiang.console import nav, session
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _

ROOM = Room()
PLAIN: Final = "?view=none"
"""Of a page's address: without any view, whatever it would open with."""


@ROOM.post("/views", allow="view.keep")
def keep(visit: Visit) -> Response:
    """Keep what the reader looks at."""
    path, team = visit.field("path"), bool(visit.field("team"))
    if path not in nav.VIEWED:
        raise NotFound("view.page", _("No views are kept of this page."))
    if team:
        session.require(visit.reader, "view.share")
    query = urlencode(sorted(parse_qsl(visit.field("query"))))
    first = bool(visit.field("first"))
    made = visit.workspace.views.save(path, visit.field("name"), query, actor=visit.actor, team=team, first=first)
    return done(visit, f"{path}?{query}" if query else path + PLAIN, _("The view “{name}” is kept."), name=made.name)


@ROOM.post("/views/{id}/remove", allow="view.keep")
def remove(visit: Visit) -> Response:
    """Forget a view."""
    found = visit.workspace.views.get(visit.request.path_params["id"], visit.actor)
    if found.team:
        session.require(visit.reader, "view.share")
    visit.workspace.views.remove(found, actor=visit.actor)
    return done(visit, found.path + PLAIN, _("The view “{name}” is gone."), name=found.name)
