"""Dashboards: the list, one, its tiles one by one, and arranging."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

from dujiang.console.filters import read_json
from dujiang.console.rooms.ask import name_for
from dujiang.console.sheets import Sheet
from dujiang.console.views import ask
from dujiang.console.views import dashboards as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import DujiangError, InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.questions.dashboards import KIND, Dashboard, names_people
from dujiang.insight.questions.registry import parse_question
from dujiang.store.shares import ShareLink

ROOM = Room()
_TITLE_CHARS_MAX: Final = 80


@ROOM.get("/dashboards", allow="metric.read")
def listing(visit: Visit) -> Response:
    """Every dashboard."""
    return page(visit, "dashboards.html", [views.listing(visit, visit.workspace.dashboards.list())])


@ROOM.get("/dashboards/{name}", allow="metric.read")
def single(visit: Visit) -> Response:
    """One dashboard; its tiles come one by one, so that a slow one keeps nobody waiting."""
    found = _found(visit)
    visit.scope = ask.scope_of(visit, found.spec.days)
    places = views.places(visit, found, f"/dashboards/{found.name}")
    links = visit.workspace.shares.list(found.name) if visit.may("share.create") else ()
    origin = str(visit.request.base_url).rstrip("/")
    return render(visit, "dashboard.html", found=found, places=places, scope=visit.scope, links=links, origin=origin)


@ROOM.get("/dashboards/{name}/tiles/{number}", allow="metric.read")
def tile(visit: Visit) -> Response:
    """What one tile shows."""
    sheets, view = show_tile(visit, _found(visit), visit.request.path_params["number"])
    return page(visit, "tile.html", sheets, view=view)


@ROOM.get("/dashboards/{name}/arrange", allow="definition.apply")
def arrange(visit: Visit) -> Response:
    """Move, resize, add and take away tiles."""
    return _arranging(visit, _found(visit), None, "")


@ROOM.post("/dashboards/{name}/arrange", allow="definition.apply")
def save(visit: Visit) -> Response:
    """Keep how tiles were arranged; where that is refused, the page says why and keeps the arrangement."""
    found, text = _found(visit), visit.field("tiles")
    try:
        _apply(visit, found, _read(text))
    except DujiangError as error:
        return _arranging(visit, found, text, visit.error(error), error.status)
    return done(visit, f"/dashboards/{found.name}", _("Saved."))


@ROOM.post("/dashboards/create", allow="definition.apply")
def create(visit: Visit) -> Response:
    """An empty dashboard, to be arranged."""
    title = visit.field("title")
    if not 0 < len(title) <= _TITLE_CHARS_MAX:
        raise InvalidInput(
            "dashboard.title", _("A dashboard needs a title of 1 to {bound} characters."), bound=_TITLE_CHARS_MAX
        )
    name = name_for(title, {"type": "dashboard", "title": title})
    wanted = parse({"kind": KIND, "name": name, "title": {visit.locale: title}, "owner": visit.actor, "spec": {}})
    definitions = visit.workspace.definitions
    if (KIND, name) in definitions.current(KIND):
        raise InvalidInput(
            "dashboard.exists", _("There is a dashboard “{name}” already. Choose another title."), name=name
        )
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, f"/dashboards/{name}/arrange", _("The dashboard is there. Put saved questions on it."))


@ROOM.post("/ask/dashboard", allow="definition.apply")
def add(visit: Visit) -> Response:
    """Put a saved question below what a dashboard shows already."""
    found, question = visit.workspace.dashboards.get(visit.field("dashboard")), visit.field("question")
    visit.workspace.questions.saved(question)
    below = max((one.y + one.height for one in found.spec.tiles), default=0)
    fresh = {"question": question, "x": 0, "y": below, "width": 6, "height": 4}
    _apply(visit, found, [*(one.model_dump(mode="json") for one in found.spec.tiles), fresh])
    return done(visit, f"/dashboards/{found.name}", _("It is on the dashboard now."))


@ROOM.post("/dashboards/{name}/retire", allow="definition.apply")
def retire(visit: Visit) -> Response:
    """Take a dashboard out of the list."""
    definitions, found = visit.workspace.definitions, _found(visit)
    gone = found.definition.model_copy(update={"status": "retired"})
    definitions.apply(definitions.plan([gone]), actor=visit.actor)
    return done(visit, "/dashboards", _("“{title}” is no longer listed."), title=found.definition.label(visit.locale))


@ROOM.post("/dashboards/{name}/share", allow="share.create")
def share(visit: Visit) -> Response:
    """A link that opens the dashboard without signing in, for some days."""
    found, days = _found(visit), visit.field("days")
    visit.workspace.shares.create(found.name, int(days) if days.isdecimal() and len(days) < 5 else 0, actor=visit.actor)
    return done(visit, f"/dashboards/{found.name}", _("The link is there: open “Share it” to copy it."))


@ROOM.post("/dashboards/{name}/unshare", allow="share.revoke")
def unshare(visit: Visit) -> Response:
    """Take a link back."""
    found = _found(visit)
    visit.workspace.shares.revoke(visit.field("id"), found.name, actor=visit.actor)
    return done(visit, f"/dashboards/{found.name}", _("The link opens nothing any more."))


@ROOM.get("/shared/{token}", allow="")
def shared(visit: Visit) -> Response:
    """A dashboard for whoever has the link: read-only, without people and without the way to anything else."""
    found, link = _shared(visit)
    places = views.places(visit, found, f"/shared/{link.token}")
    return render(visit, "shared.html", found=found, places=places, until=link.expires_at)


@ROOM.get("/shared/{token}/tiles/{number}", allow="")
def shared_tile(visit: Visit) -> Response:
    """What one tile of it shows."""
    found, _link = _shared(visit)
    sheets, view = show_tile(visit, found, visit.request.path_params["number"], shared=True)
    return render(visit, "tile.html", sheets={one.name: one for one in sheets}, view=view)


def show_tile(
    visit: Visit, found: Dashboard, number: str, *, shared: bool = False
) -> tuple[list[Sheet], views.TileView]:
    """A tile's tables and what it shows; what cannot be answered says why in its place.

    Of a ``shared`` dashboard everything is as it was arranged, whatever the address says, and what may name people is left out.
    """
    one = found.tile(int(number) if number.isdecimal() and len(number) < 4 else 0)
    question = visit.workspace.definitions.current("question").get(("question", one.question))
    title = views.title_of(visit, question, one)
    try:
        days = found.spec.days
        visit.scope = ask.scope_of(visit, days, own=shared)
        plain = visit.workspace.dashboards.question(found, one)
        whole = plain if one.own_days else ask.scoped(plain | days, visit.scope)
        if one.own_days:
            visit.scope = ask.scope_of(visit, plain, own=True)
        asked = parse_question(whole)
        if shared and names_people(asked):
            raise InvalidInput("share.names_people", _("This may name people, so that it is not shown by a link."))
        return views.tile(visit, title, one, visit.workspace.questions.ask(asked))
    except DujiangError as error:
        return [], views.TileView(title, "", problem=visit.error(error))


def _shared(visit: Visit) -> tuple[Dashboard, ShareLink]:
    link = visit.workspace.shares.find(visit.request.path_params["token"])
    visit.reader = None  # a link shows the same to everybody, whoever else they are
    visit.annotations = []  # what the team notes for itself stays inside
    return visit.workspace.dashboards.get(link.dashboard), link


def _found(visit: Visit) -> Dashboard:
    return visit.workspace.dashboards.get(visit.request.path_params["name"])


def _read(text: str) -> list[Any]:
    found = read_json(text)
    if not isinstance(found, list):
        raise InvalidInput("dashboard.not_tiles", _("The tiles are not a list in JSON."))
    return found


def _apply(visit: Visit, found: Dashboard, tiles: list[Any]) -> None:
    definitions = visit.workspace.definitions
    spec = {**found.definition.spec, "tiles": tiles}
    wanted = parse({**found.definition.model_dump(), "spec": spec})
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)


def _arranging(visit: Visit, found: Dashboard, text: str | None, problem: str, status: int = 200) -> Response:
    data = views.arranging(visit, found)
    return render(
        visit,
        "dashboard_arrange.html",
        http_status=status,
        found=found,
        data=data,
        text=text if text is not None else json.dumps(data["tiles"], ensure_ascii=False, indent=1),
        problem=problem,
    )
