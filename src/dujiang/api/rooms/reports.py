"""Reports: the list, one as it reads now, sending it, and the files of what was delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from dujiang.api.problems import problems
from dujiang.api.security import OfWorker, OfWorkspace, needs
from dujiang.console import reports as written
from dujiang.console.rooms.reports import MEDIA
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _, translate
from dujiang.insight.questions.reports import Report as Found
from dujiang.store.command import Actor
from dujiang.store.deliveries import DeliveredFile, DeliveryState
from dujiang.store.deliveries import Delivery as Kept
from dujiang.workspace import Workspace

router = APIRouter(prefix="/reports", tags=["reports"], responses=problems())

CanRead = Depends(needs("metric.read"))

Name = Annotated[str, Path(description="The name of a report", max_length=80)]
Id = Annotated[str, Path(description="The id of a delivery", max_length=80)]


class Report(BaseModel):
    """A report: what it shows, when and to whom; ``next_due`` is None while it is not active."""

    name: str
    title: dict[str, str]
    owner: str
    deputy: str
    status: str
    spec: dict[str, Any]
    next_due: datetime | None

    @classmethod
    def of(cls, workspace: Workspace, found: Found) -> Report:
        """The plain form of a report."""
        one = found.definition
        told = {key: getattr(one, key) for key in ("name", "title", "owner", "deputy", "status")}
        return cls(**told, spec=found.spec.model_dump(mode="json"), next_due=workspace.postroom.next_due(found))


class Delivery(BaseModel):
    """One delivery: when it was due (None: somebody wanted it at once), what became of it, what it said, and its files."""

    id: str
    report: str
    due: datetime | None
    missed: int
    created_by: str
    created_at: datetime
    delivered_at: datetime | None
    state: DeliveryState
    problem: str
    body: dict[str, Any] | None
    files: list[DeliveredFile]

    @classmethod
    def of(cls, kept: Kept) -> Delivery:
        """The plain form of a delivery."""
        keys = ("id", "report", "due", "missed", "created_by", "created_at", "delivered_at", "state", "body")
        told = {key: getattr(kept, key) for key in keys}
        problem = translate(kept.error_sentence, "en").format(**kept.error_values) if kept.error_sentence else ""
        return cls(**told, problem=problem, files=[*kept.files])


class Preview(BaseModel):
    """What a report would say now: in plain form, and as the text for a chat."""

    body: dict[str, Any]
    text: str


@router.get("", dependencies=[CanRead])
def listed(workspace: OfWorkspace) -> list[Report]:
    """Every report."""
    return [Report.of(workspace, one) for one in workspace.reports.list()]


@router.get("/{name}", dependencies=[CanRead])
def single(workspace: OfWorkspace, name: Name) -> Report:
    """One report; it is changed as a definition of kind ``report``."""
    return Report.of(workspace, workspace.reports.get(name))


@router.get("/{name}/preview", dependencies=[CanRead])
def preview(workspace: OfWorkspace, name: Name) -> Preview:
    """What a report would say now; nothing is kept or sent."""
    found = workspace.reports.get(name)
    made = written.write(workspace, found)
    return Preview(body=made.body, text=written.summary(workspace, found, made))


@router.post("/{name}/send")
def send(
    workspace: OfWorkspace, worker: OfWorker, name: Name, actor: Annotated[Actor, Depends(needs("report.send"))]
) -> Delivery:
    """Make a report ready now, whatever its times; the delivery says when it is."""
    made = workspace.postroom.send(name, actor=actor.name)
    worker.wake()
    return Delivery.of(made)


@router.get("/{name}/deliveries", dependencies=[CanRead])
def deliveries(workspace: OfWorkspace, name: Name, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[Delivery]:
    """What was delivered of a report, the newest first."""
    return [Delivery.of(one) for one in workspace.postroom.list(workspace.reports.get(name).name, limit)]


@router.get("/{name}/deliveries/{delivery}", dependencies=[CanRead])
def delivery(workspace: OfWorkspace, name: Name, delivery: Id) -> Delivery:
    """One delivery of a report."""
    return Delivery.of(_of(workspace, name, delivery))


@router.get("/{name}/deliveries/{delivery}/files/{file}", response_class=Response)
def file(
    workspace: OfWorkspace,
    name: Name,
    delivery: Id,
    file: Annotated[str, Path(description="Name of one of its files", max_length=200)],
    actor: Annotated[Actor, Depends(needs("table.export"))],
) -> Response:
    """One file of a delivery: report.html, summary.txt, report.xlsx, or a table as CSV."""
    found = _of(workspace, name, delivery)
    data = workspace.postroom.read(found.id, file)
    workspace.record(actor.name, "export", f"report/{name}#{file}", {"delivery": found.id})
    return Response(data, media_type=MEDIA.get(file.rpartition(".")[2], "application/octet-stream"))


def _of(workspace: Workspace, name: str, id_: str) -> Kept:
    found = workspace.postroom.get(id_)
    if found.report != name:
        raise NotFound("report.no_delivery", _("There is no delivery {id}."), id=id_[:40])
    return found
