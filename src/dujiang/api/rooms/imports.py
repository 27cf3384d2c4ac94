"""Imports: put a file in, look at it, import it in the background, get its bad rows, take it back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from dujiang.api.problems import problems
from dujiang.api.security import OfWorker, OfWorkspace, needs
from dujiang.collect.exports.drafting import Draft
from dujiang.collect.exports.preview import Preview
from dujiang.collect.exports.records import ImportResult
from dujiang.collect.exports.uploads import Upload
from dujiang.collect.importing import Undone
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.store.command import Actor
from dujiang.store.jobs import Job

router = APIRouter(prefix="/imports", tags=["imports"], responses=problems())

CanRead = Depends(needs("import.read"))
Runner = Annotated[Actor, Depends(needs("import.run"))]
Undoer = Annotated[Actor, Depends(needs("import.undo"))]
Text = Annotated[str, Field(max_length=200)]


class How(BaseModel):
    """How a file is to be read. What is empty is found out, or the mapping's."""

    mapping: Text = ""
    channel: Text = ""
    shop: Text = ""
    account: Text = ""
    app: Text = ""
    day: Text = ""
    tag: Text = ""
    encoding: Text = ""


class Drafted(BaseModel):
    """What the rows of an unknown file are, and which column is which."""

    like: Text = "own.orders"
    columns: dict[Text, Text] | None = Field(default=None, max_length=500)
    """The file's column by the template's; without it, as it seems."""
    channel: Text = ""
    encoding: Text = ""


class Asked(How):
    """Which uploaded file is to be imported, and how."""

    upload: Text
    source: Text = ""

    def params(self) -> dict[str, Any]:
        """Parameters of the job."""
        return {name: value for name, value in self.model_dump().items() if value}


class Reason(BaseModel):
    """Why an import is taken back."""

    reason: str = Field(default="", max_length=500)


@router.get("", dependencies=[CanRead])
def listed(workspace: OfWorkspace, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[ImportResult]:
    """Imports, newest first."""
    return list(workspace.imports.list(limit))


@router.get("/uploads", dependencies=[CanRead])
def uploads(workspace: OfWorkspace) -> list[Upload]:
    """Files that wait to be imported, newest first."""
    return list(workspace.imports.uploads())


@router.post("/uploads", status_code=201)
def upload(workspace: OfWorkspace, file: UploadFile, _actor: Runner) -> Upload:
    """Put a file in; it waits until it is imported or discarded."""
    taken = workspace.imports.upload(file.file, file.filename or "file")
    return next(one for one in workspace.imports.uploads() if one.id == taken)


@router.delete("/uploads/{upload}", status_code=204)
def discard(workspace: OfWorkspace, upload: str, _actor: Runner) -> None:
    """Delete a file that waits."""
    workspace.imports.discard(upload)


@router.post("/uploads/{upload}/preview")
def preview(workspace: OfWorkspace, upload: str, how: Annotated[How, Body()], _actor: Runner) -> Preview:
    """What importing a waiting file would do; nothing is kept."""
    given = how.model_dump(include={"channel", "shop", "account", "app", "day", "tag"})
    return workspace.imports.preview(upload, how.mapping, how.encoding, **given)


@router.post("/uploads/{upload}/draft")
def draft(workspace: OfWorkspace, upload: str, said: Annotated[Drafted, Body()], _actor: Runner) -> Draft:
    """A mapping for a file that none knows, made from a template; apply its ``spec`` as a definition of kind ``mapping``."""
    given = said.model_dump(include={"channel", "encoding"})
    return workspace.imports.draft(upload, said.like, said.columns, **given)


@router.post("", status_code=202)
def start(worker: OfWorker, workspace: OfWorkspace, asked: Annotated[Asked, Body()], actor: Runner) -> Job:
    """Import in the background; the job's result is the import."""
    workspace.imports.upload_path(asked.upload)
    job = workspace.jobs.create("import", asked.params(), actor.name)
    worker.wake()
    return job


@router.get("/{id}", dependencies=[CanRead])
def get(workspace: OfWorkspace, id: str) -> ImportResult:  # noqa: A002
    """One import."""
    return workspace.imports.get(id)


@router.get("/{id}/errors", response_class=FileResponse)
def errors(workspace: OfWorkspace, id: str, actor: Runner) -> FileResponse:  # noqa: A002
    """The bad rows as CSV (UTF-8 with BOM): line, column, reason, row."""
    file = workspace.imports.errors_file(id)
    if file is None:
        raise NotFound("import.no_errors", _("This import had no bad rows."))
    workspace.record(actor.name, "import.errors", id)
    return FileResponse(file, media_type="text/csv; charset=utf-8", filename=f"{id}.errors.csv")


@router.post("/{id}/undo", responses=problems(409))
def undo(workspace: OfWorkspace, id: str, why: Annotated[Reason, Body()], actor: Undoer) -> Undone:  # noqa: A002
    """Take everything that an import stated out of the answers."""
    return workspace.imports.undo(id, actor=actor.name, reason=why.reason)


@router.post("/{id}/redo", responses=problems(409))
def redo(workspace: OfWorkspace, id: str, why: Annotated[Reason, Body()], actor: Undoer) -> ImportResult:  # noqa: A002
    """Bring an undone import back."""
    return workspace.imports.redo(id, actor=actor.name, reason=why.reason)
