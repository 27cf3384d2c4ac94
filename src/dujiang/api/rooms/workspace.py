"""Status, refresh, rebuild and the doctor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from dujiang.api.problems import problems
from dujiang.api.security import OfWorker, OfWorkspace, needs
from dujiang.store.command import Actor
from dujiang.store.jobs import Job
from dujiang.workspace.present import Presence
from dujiang.workspace.refreshing import Refreshed
from dujiang.workspace.status import Finding, Status


class WantedPresent(BaseModel):
    """``today``, ``newest`` (the newest day of which there are data) or a day as YYYY-MM-DD."""

    day: str = Field(min_length=1, max_length=40)


router = APIRouter(tags=["workspace"], responses=problems())


@router.get("/status", dependencies=[Depends(needs("page.read"))])
def status(workspace: OfWorkspace) -> Status:
    """How much is here, and how fresh it is."""
    return workspace.status()


@router.get("/present", dependencies=[Depends(needs("page.read"))])
def present(workspace: OfWorkspace) -> Presence:
    """Which day is today for the figures."""
    return workspace.present.state()


@router.put("/present")
def choose_present(
    workspace: OfWorkspace, wanted: WantedPresent, actor: Annotated[Actor, Depends(needs("definition.apply"))]
) -> Presence:
    """Set the day that is today for the figures; they show it after the next refresh."""
    return workspace.choose_present(wanted.day, actor=actor.name)


@router.post("/refresh", dependencies=[Depends(needs("answers.refresh"))])
def refresh(workspace: OfWorkspace) -> Refreshed:
    """Load what waits and bring every answer up to date."""
    return workspace.refresh()


@router.post("/rebuild", status_code=202)
def rebuild(
    worker: OfWorker, workspace: OfWorkspace, actor: Annotated[Actor, Depends(needs("answers.rebuild"))]
) -> Job:
    """Compute every answer again, in the background."""
    job = workspace.jobs.create("rebuild", {}, actor.name)
    worker.wake()
    return job


@router.get("/doctor", dependencies=[Depends(needs("workspace.check"))])
def doctor(workspace: OfWorkspace) -> list[Finding]:
    """Check every chain, file and part."""
    return workspace.doctor()
