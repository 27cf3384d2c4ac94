"""Dashboards: the list, one, its tiles one by one, and arranging."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from dujiang.console.rooms.ask import name_for
from dujiang.console.sheets import Sheet
from dujiang.console.views import ask
from dujiang.console.views import dashboards as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import DujiangError, InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.questions.dashboards import KIND, Dashboard
from dujiang.insight.questions.registry import parse_question

ROOM = Room()


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
    return render(visit, "dashboard.html", found=found, places=places, scope=visit.scope, fresh_at=None)


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
    name = name_for(title, {"type": "dashboard", "title": title})
    wanted = parse(
        {"kind": KIND, "name": name, "title": {visit.locale: title or name}, "owner": visit.actor, "spec": {}}
    )
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


def show_tile(visit: Visit, found: Dashboard, number: str) -> tuple[list[Sheet], views.TileView]:
    """A tile's tables and what it shows; what cannot be answered says why in its place."""
    one = found.tile(int(number) if number.isdecimal() and len(number) < 4 else 0)
    question = visit.workspace.definitions.current("question").get(("question", one.question))
    title = views.title_of(visit, question, one)
    try:
        days = found.spec.days
        visit.scope = ask.scope_of(visit, days)
        plain = visit.workspace.dashboards.question(found, one)
        whole = plain if one.own_days else ask.scoped(plain | days, visit.scope)
        if one.own_days:
            visit.scope = ask.scope_of(visit, plain, own=True)
        return views.tile(visit, title, one, visit.workspace.questions.ask(parse_question(whole)))
    except DujiangError as error:
        return [], views.TileView(title, "", problem=visit.error(error))


def _found(visit: Visit) -> Dashboard:
    return visit.workspace.dashboards.get(visit.request.path_params["name"])


def _read(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        found = None
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
