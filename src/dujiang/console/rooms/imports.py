"""File imports: upload, look, import, what it brought, undo."""

from __future__ import annotations

from itertools import count
from typing import Final

from starlette.responses import FileResponse, JSONResponse, Response

from dujiang.collect.exports.drafting import own_templates
from dujiang.collect.exports.templates import KIND
from dujiang.console import formats, session
from dujiang.console.rooms import jobs
from dujiang.console.uploads import uploaded
from dujiang.console.views import imports as views
from dujiang.console.visit import Said, Visit
from dujiang.console.web import Room, done, page, redirect, render
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import DujiangError, InvalidInput, NotFound
from dujiang.foundation.i18n import _

ROOM = Room()
_ALIVE: Final = ("queued", "running")
_COMMON_TEMPLATE: Final = "own.orders"


@ROOM.get("/imports", allow="import.read")
def listing(visit: Visit) -> Response:
    """Every import, what is under way, and the place to drop a file."""
    imports = visit.workspace.imports
    view = views.ImportsView(formats.size(BOUNDS.import_bytes_max), views.waiting(imports.uploads()))
    running = [jobs.view(visit, one) for one in visit.workspace.jobs.list(20, kind="import") if one.state in _ALIVE]
    return page(visit, "imports.html", [views.imports_sheet(visit, imports.list())], view=view, running=running)


@ROOM.post("/imports/upload", allow="")
def upload(visit: Visit) -> Response:
    """Take a file in. Scripts are answered in JSON: where to go on, or what went wrong."""
    try:
        session.require(visit.reader, "import.run")
        stream, name = uploaded(visit)
        taken = visit.workspace.imports.upload(stream, name)
    except DujiangError as error:
        if not visit.query.get("name"):
            raise
        return JSONResponse({"code": error.code, "message": visit.error(error)}, error.status)
    path = f"/imports/new/{taken}"
    return JSONResponse({"next": path}) if visit.query.get("name") else redirect(path)


@ROOM.get("/imports/new/{upload}", allow="import.run")
def look(visit: Visit) -> Response:
    """What the file is, and what would become of its first rows."""
    imports, upload = visit.workspace.imports, visit.request.path_params["upload"]
    mapping, encoding = visit.query.get("mapping", ""), visit.query.get("encoding", "")
    name = next((one.file_name for one in imports.uploads() if one.id == upload), upload)
    try:
        found = imports.preview(upload, mapping or None, encoding or None)
    except InvalidInput as error:
        view = views.unreadable(visit, upload, name, mapping, encoding, visit.error(error))
    else:
        view = views.new_import(visit, upload, name, found, encoding)
    return render(visit, "import_new.html", view=view)


@ROOM.post("/imports/new/{upload}", allow="import.run")
def start(visit: Visit) -> Response:
    """Begin the import; it goes on when the reader leaves."""
    asked = {
        name: visit.field(name)[:80] for name in ("mapping", "channel", "shop", "account", "day", "tag", "encoding")
    }
    given = {name: value for name, value in asked.items() if value}
    if channel := given.get("channel"):
        visit.workspace.definitions.get("channel", channel)
    upload = visit.request.path_params["upload"]
    visit.workspace.imports.preview(upload, **given)  # what cannot be is said here, where it can be put right
    job = visit.workspace.jobs.create("import", {**given, "upload": upload}, visit.actor)
    return redirect(f"/imports/jobs/{job.id}")


@ROOM.get("/imports/new/{upload}/map", allow="definition.apply")
def draft(visit: Visit) -> Response:
    """Say which column of an unknown file is which."""
    imports, upload = visit.workspace.imports, visit.request.path_params["upload"]
    likes = own_templates(imports.mappings())
    like = visit.query.get("like") or _COMMON_TEMPLATE
    found = imports.draft(upload, like, encoding=visit.query.get("encoding") or None)
    name = next((one.file_name for one in imports.uploads() if one.id == upload), upload)
    return render(
        visit, "import_map.html", view=views.drafting(visit, upload, name, found, likes, visit.query.get("channel", ""))
    )


@ROOM.post("/imports/new/{upload}/map", allow="definition.apply")
def make_mapping(visit: Visit) -> Response:
    """Keep what was said as a mapping, and look at the file with it."""
    imports, upload, like = visit.workspace.imports, visit.request.path_params["upload"], visit.field("like")
    if channel := visit.field("channel"):
        visit.workspace.definitions.get("channel", channel)
    known = imports.draft(upload, like).wanted
    chosen = {one.name: visit.field(f"column.{place}", strip=False) for place, one in enumerate(known)}
    spec = imports.draft(upload, like, chosen, channel=visit.field("channel")).spec
    if not spec:
        raise InvalidInput("mapping.nothing_chosen", _("Say for at least one column what it is."))
    title = visit.field("title")[:80]
    made = Definition(
        kind=KIND, name=_free_name(visit, like), title={visit.locale: title}, owner=visit.actor, spec=dict(spec)
    )
    visit.workspace.definitions.apply(visit.workspace.definitions.plan([made]), actor=visit.actor)
    sentence = _("“{title}” is kept as a mapping: files like this one are recognised from now on.")
    return done(visit, f"/imports/new/{upload}?mapping={made.name}", sentence, title=title or made.name)


def _free_name(visit: Visit, like: str) -> str:
    """The template's name with the first number that no mapping has."""
    base, taken = like.removeprefix("own."), visit.workspace.definitions.current(KIND, retired=True)
    return next(name for n in count(1) if (KIND, name := f"{base}_{n}") not in taken)


@ROOM.post("/imports/new/{upload}/discard", allow="import.run")
def discard(visit: Visit) -> Response:
    """Delete an upload that is not wanted."""
    visit.workspace.imports.discard(visit.request.path_params["upload"])
    return done(visit, "/imports", _("The upload was deleted; nothing was imported."))


@ROOM.get("/imports/jobs/{id}", allow="import.read")
def progress(visit: Visit) -> Response:
    """How far an import is."""
    job = visit.workspace.jobs.get(visit.request.path_params["id"])
    brought = (job.result or {}).get("id", "")
    href = f"/imports/{brought}" if brought else ""
    name = (job.result or {}).get("file_name") or visit.text(_("Import of a file"))
    return render(visit, "import_job.html", name=name, href=href, job=jobs.view(visit, job))


@ROOM.get("/imports/{id}", allow="import.read")
def single(visit: Visit) -> Response:
    """What an import brought."""
    result = visit.workspace.imports.get(visit.request.path_params["id"])
    return render(visit, "import.html", view=views.single(visit, result))


@ROOM.get("/imports/{id}/errors", allow="import.run")
def errors(visit: Visit) -> Response:
    """The rows that were not imported, with line and reason."""
    id_ = visit.request.path_params["id"]
    file = visit.workspace.imports.errors_file(id_)
    if file is None:
        raise NotFound("import.no_errors", _("This import had no bad rows."))
    visit.workspace.record(visit.actor, "import.errors", id_)
    return FileResponse(file, media_type="text/csv; charset=utf-8", filename=f"dujiang-errors-{id_}.csv")


@ROOM.post("/imports/{id}/undo", allow="import.undo")
def undo(visit: Visit) -> Response:
    """Take an import's facts out of every answer, once its name was typed."""
    result = visit.workspace.imports.get(visit.request.path_params["id"])
    if visit.field("confirm") != result.file_name:
        sentence = _("Type “{name}” to confirm; “{typed}” is something else. Nothing was undone.")
        raise InvalidInput("import.not_confirmed", sentence, name=result.file_name, typed=visit.field("confirm")[:80])
    undone = visit.workspace.imports.undo(result.id, actor=visit.actor)
    sentence = _("The import was undone. Answers are brought up to date within seconds.")
    if undone.leaning:
        names = ", ".join(one.file_name for one in undone.leaning[:5])
        sentence = _("The import was undone. These later files found rows known already, import them again: {names}.")
        return redirect(f"/imports/{result.id}", Said("warn", visit.text(sentence, names=names)))
    return done(visit, f"/imports/{result.id}", sentence)


@ROOM.post("/imports/{id}/redo", allow="import.undo")
def redo(visit: Visit) -> Response:
    """Bring an undone import back."""
    visit.workspace.imports.redo(visit.request.path_params["id"], actor=visit.actor)
    path = f"/imports/{visit.request.path_params['id']}"
    return done(visit, path, _("The import is back. Answers are brought up to date within seconds."))
