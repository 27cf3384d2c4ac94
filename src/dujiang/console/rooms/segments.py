"""Segments: the list, the page of one, and the builder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from dujiang.console.filters import read_json
from dujiang.console.views import segments as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render, wanted_export
from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import _
from dujiang.people.conditions import parse_condition
from dujiang.people.segments.model import KIND
from dujiang.people.segments.sentence import COLUMN_LABELS, FIELD_LABELS, PERIOD_LABELS, SOURCES

ROOM = Room()
_EMPTY: dict[str, Any] = {
    "type": "all",
    "of": [{"type": "behaviour", "source": "orders", "op": "at_least", "value": 1}],
}


@ROOM.get("/segments", allow="person.read")
def listing(visit: Visit) -> Response:
    """Every segment."""
    found = visit.workspace.segments.list(visit.locale)
    return page(visit, "segments.html", [views.listing(visit, found)])


@ROOM.get("/segments/new", allow="definition.apply")
def new(visit: Visit) -> Response:
    """The builder, empty."""
    return _builder(visit, "", "", _EMPTY)


@ROOM.get("/segments/{name}/edit", allow="definition.apply")
def edit(visit: Visit) -> Response:
    """The builder, filled with a segment."""
    name = visit.request.path_params["name"]
    visit.workspace.segments.tree(name)
    definition = visit.workspace.definitions.get(KIND, name)
    return _builder(visit, name, definition.label(visit.locale), definition.spec["condition"])


@ROOM.post("/segments/save", allow="definition.apply")
def save(visit: Visit) -> Response:
    """Save what was built; where that is refused, the builder says why and keeps what was built."""
    name, title, text = visit.field("name"), visit.field("title"), visit.field("condition")
    plain = read_json(text)
    if plain is None:
        problem = visit.text(_("The condition is not valid JSON."))
        return _builder(visit, name, title, _EMPTY, problem=problem, status=400)
    try:
        parse_condition(plain)
        definitions = visit.workspace.definitions
        before = definitions.current(KIND, retired=True).get((KIND, name))
        kept: Mapping[str, Any] = before.model_dump() if before else {"kind": KIND, "name": name, "owner": visit.actor}
        titles = {**kept.get("title", {}), visit.locale: title or name}
        wanted = parse({**kept, "title": titles, "status": "active", "spec": {"condition": plain}})
        definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    except DujiangError as error:
        return _builder(visit, name, title, plain, problem=visit.error(error), status=error.status)
    return done(visit, f"/segments/{name}", _("Saved. The members follow with the next refresh, in a few seconds."))


@ROOM.get("/segments/{name}", allow="person.read")
def single(visit: Visit) -> Response:
    """One segment."""
    segments, name = visit.workspace.segments, visit.request.path_params["name"]
    every = segments.list(visit.locale)
    one = segments.get(name, visit.locale)
    history = segments.history(name)
    view = views.single(visit, one, history, every)
    compared = tuple(filter(None, dict.fromkeys([name, *visit.request.query_params.getlist("with")])))
    if len(compared) == 1:
        compared += tuple(each.name for each in every if each.name != name and each.people)[:3]
    sheets = [
        views.history_sheet(visit, history),
        views.reach_sheet(visit, segments.reach(name)),
        views.overlap_sheet(visit, segments.overlap(compared), every),
        views.differences_sheet(visit, segments.differences(name, view.other)),
    ]
    if wanted_export(visit) and visit.query.get("sheet") == "members":
        sheets.append(views.members_sheet(visit, segments.members(name), one.people))
    return page(visit, "segment.html", sheets, view=view)


def _builder(visit: Visit, name: str, title: str, plain: Any, *, problem: str = "", status: int = 200) -> Response:
    def named(texts: Mapping[str, str]) -> dict[str, str]:
        return {key: visit.text(text) if text else "" for key, text in texts.items()}

    labels = {
        "fields": named(FIELD_LABELS),
        "columns": named(COLUMN_LABELS),
        "sources": named(SOURCES),
        "operators": named(views.OPERATOR_LABELS),
        "aggregates": named(views.AGGREGATE_LABELS),
        "periods": named(PERIOD_LABELS),
        "segments": {one.name: views.label(visit, one) for one in visit.workspace.segments.list(visit.locale)},
    }
    return render(
        visit,
        "segment_build.html",
        http_status=status,
        name=name,
        title=title,
        plain=plain,
        labels=labels,
        problem=problem,
    )
