"""Reports: the list, the page of one with what was delivered, a look at it now, and the form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from dujiang.console import reports
from dujiang.console.rooms.ask import name_for
from dujiang.console.views import reports as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import DujiangError, NotFound
from dujiang.foundation.i18n import _
from dujiang.insight.questions.reports import KIND, Report
from dujiang.store.deliveries import Delivery

ROOM = Room()
MEDIA: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SHOWN: Final = 50
_BETWEEN: Final = re.compile(r"[\s,，;；]+")
_EMPTY: Final[Mapping[str, Any]] = {
    "title": "", "dashboard": "", "questions": (), "every": "week", "weekday": "1", "monthday": "1", "at": "09:00",
    "deputy": "", **dict.fromkeys(views.CHANNELS, ""),
}  # fmt: skip


@ROOM.get("/reports", allow="metric.read")
def listing(visit: Visit) -> Response:
    """Every report."""
    return page(visit, "reports.html", [views.listing(visit, visit.workspace.reports.list())])


@ROOM.get("/reports/edit", allow="definition.apply")
def edit(visit: Visit) -> Response:
    """The form, empty or filled with the report that the address names."""
    name = visit.query.get("name", "")
    if name:
        return _form(visit, name, views.values_of(visit, visit.workspace.reports.get(name)))
    return _form(visit, "", {**_EMPTY, "language": visit.locale, "owner": visit.actor})


@ROOM.post("/reports/save", allow="definition.apply")
def save(visit: Visit) -> Response:
    """Keep a report as a definition; where that is refused, the form says why and keeps what was written."""
    name = visit.field("name")
    try:
        wanted = _wanted(visit, name)
        definitions = visit.workspace.definitions
        definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    except DujiangError as error:
        return _form(visit, name, _written(visit), visit.error(error), error.status)
    return done(visit, f"/reports/{wanted.name}", _("Saved."))


@ROOM.get("/reports/{name}", allow="metric.read")
def single(visit: Visit) -> Response:
    """One report: what it shows, when, to whom, and what was delivered."""
    found = _found(visit)
    view = views.single(visit, found, visit.workspace.postroom.list(found.name, _SHOWN))
    return render(visit, "report.html", view=view)


@ROOM.get("/reports/{name}/preview", allow="metric.read")
def preview(visit: Visit) -> Response:
    """What the report would say now; nothing is kept or sent."""
    found = _found(visit)
    written = reports.write(visit.workspace, found)
    tables = views.numbered(written)
    return render(visit, "report_preview.html", report=written, tables=tables, name=found.name)


@ROOM.post("/reports/{name}/send", allow="report.send")
def send(visit: Visit) -> Response:
    """Make the report ready now, whatever its times."""
    found = _found(visit)
    visit.workspace.postroom.send(found.name, actor=visit.actor)
    return done(visit, f"/reports/{found.name}", _("The report is being made ready; it stands below in a moment."))


@ROOM.post("/reports/{name}/status", allow="definition.apply")
def change_status(visit: Visit) -> Response:
    """Pause a report, take it up again, or take it out of the list."""
    found, wanted = _found(visit), visit.field("status")
    changed = parse({**found.definition.model_dump(), "status": wanted})
    definitions = visit.workspace.definitions
    definitions.apply(definitions.plan([changed]), actor=visit.actor)
    return done(visit, "/reports" if wanted == "retired" else f"/reports/{found.name}", _("Saved."))


@ROOM.get("/reports/{name}/files/{id}/{file}", allow="table.export")
def file(visit: Visit) -> Response:
    """One file of a delivery, with a line in the audit log."""
    params = visit.request.path_params
    found = _delivery(visit, params["name"], params["id"])
    data = visit.workspace.postroom.read(found.id, params["file"])
    visit.workspace.record(visit.actor, "export", f"report/{found.report}#{params['file']}", {"delivery": found.id})
    headers = {"content-disposition": f'attachment; filename="{found.report}-{params["file"]}"'}
    return Response(
        data, headers=headers, media_type=MEDIA.get(params["file"].rpartition(".")[2], "application/octet-stream")
    )


def _found(visit: Visit) -> Report:
    return visit.workspace.reports.get(visit.request.path_params["name"])


def _delivery(visit: Visit, report: str, id_: str) -> Delivery:
    found = visit.workspace.postroom.get(id_)
    if found.report != report:
        raise NotFound("report.no_delivery", _("There is no delivery {id}."), id=id_[:40])
    return found


def _form(visit: Visit, name: str, values: Mapping[str, Any], problem: str = "", status: int = 200) -> Response:
    return render(visit, "report_edit.html", http_status=status, view=views.form(visit, name, values, problem))


def _written(visit: Visit) -> dict[str, Any]:
    """What was written into the form."""
    told = {key: visit.field(key) for key in (*_EMPTY, "language", "owner") if key != "questions"}
    return {**told, "questions": [str(one) for one in visit.form.getlist("questions")]}


def _wanted(visit: Visit, name: str) -> Definition:
    told = _written(visit)
    if told["dashboard"]:
        visit.workspace.dashboards.get(told["dashboard"])
    for one in told["questions"]:
        visit.workspace.questions.saved(one)
    kept: Mapping[str, Any] = visit.workspace.reports.get(name).definition.model_dump() if name else {"kind": KIND}
    title = told["title"]
    days = {"day": "1", "week": told["weekday"], "month": told["monthday"]}
    spec: dict[str, Any] = {
        "dashboard": told["dashboard"],
        "questions": told["questions"],
        "when": {"every": told["every"], "day": days.get(told["every"], "1"), "at": told["at"]},
        "to": {one: [each for each in _BETWEEN.split(told[one]) if each] for one in views.CHANNELS if told[one]},
        "language": told["language"],
    }
    return parse({
        **kept,
        "name": name or _free_name(visit, title),
        "title": {**kept.get("title", {}), visit.locale: title or name},
        "owner": told["owner"],
        "deputy": told["deputy"],
        "spec": spec,
    })  # fmt: skip


def _free_name(visit: Visit, title: str) -> str:
    """A name from the title that no report has."""
    name = name_for(title, {"type": KIND, "title": title})
    taken = {one for _kind, one in visit.workspace.definitions.current(KIND, retired=True)}
    return next(one for one in (name, *(f"{name}_{n}" for n in range(2, 1000))) if one not in taken and one != "edit")
