"""Long work: what runs, how far it is, and stopping it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.store.jobs import Job, JobState

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=problems())


@router.get("", dependencies=[Depends(needs("job.read"))])
def listed(
    workspace: OfWorkspace, state: JobState | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[Job]:
    """Jobs, newest first."""
    return list(workspace.jobs.list(limit, state=state))


@router.get("/{job}", dependencies=[Depends(needs("job.read"))])
def get(workspace: OfWorkspace, job: str) -> Job:
    """One job."""
    return workspace.jobs.get(job)


@router.post("/{job}/cancel", dependencies=[Depends(needs("job.cancel"))])
def cancel(workspace: OfWorkspace, job: str) -> Job:
    """Stop a job: at once if it waits, else at its next report."""
    return workspace.jobs.cancel(job)
