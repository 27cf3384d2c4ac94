"""Work that takes longer than a page: it goes on when the reader leaves, and is found again here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, render
from dujiang.foundation.i18n import _
from dujiang.store.jobs import Job, JobState

ROOM = Room()
STATES: Final[dict[JobState, tuple[str, str]]] = {
    "queued": (_("waiting"), "info"),
    "running": (_("running"), "info"),
    "done": (_("done"), "good"),
    "failed": (_("failed"), "bad"),
    "cancelled": (_("stopped"), "warn"),
}
KINDS: Final = {
    "import": _("Import of a file"),
    "rebuild": _("Rebuild of all answers"),
    "junk": _("Junk values among known identifiers"),
    "predict": _("Fit of predictive models"),
    "groups": _("Search for groups"),
    "replay": _("Replay of repaired rows"),
    "undo": _("Undo of an import"),
    "suggest": _("Comparison of records"),
    "report": _("Report"),
}


@dataclass(frozen=True)
class JobView:
    """A job as its row shows it."""

    id: str
    label: str
    href: str
    state: str
    tone: str
    is_alive: bool
    done: int
    total: int
    progress: str
    outcome: str
    actor: str
    at: datetime


@ROOM.get("/jobs", allow="job.read")
def listing(visit: Visit) -> Response:
    """Every job, newest first."""
    return render(visit, "jobs.html", jobs=[view(visit, job) for job in visit.workspace.jobs.list(50)])


@ROOM.get("/jobs/{id}/row", allow="job.read")
def row(visit: Visit) -> Response:
    """One job's row, as it is now."""
    job = visit.workspace.jobs.get(visit.request.path_params["id"])
    return render(visit, "job_fragment.html", job=view(visit, job))


@ROOM.post("/jobs/{id}/cancel", allow="job.cancel")
def cancel(visit: Visit) -> Response:
    """Ask a job to stop."""
    job = visit.workspace.jobs.cancel(visit.request.path_params["id"])
    visit.workspace.record(visit.actor, "job.cancel", job.id)
    return done(visit, "/jobs", _("The work stops at its next step. What is finished stays."))


def view(visit: Visit, job: Job) -> JobView:
    """A job, ready to be shown."""
    state, tone = STATES[job.state]
    label = visit.text(KINDS.get(job.kind, job.kind))
    name = (job.result or {}).get("file_name", "")
    return JobView(
        id=job.id,
        label=f"{label} · {name}" if name else label,
        href=f"/imports/jobs/{job.id}" if job.kind == "import" else f"/jobs#job-{job.id}",
        state=visit.text(state),
        tone=tone,
        is_alive=job.state in ("queued", "running"),
        done=job.done,
        total=job.total,
        progress=progress(visit, job),
        outcome=_outcome(visit, job),
        actor=job.actor,
        at=job.finished_at or job.started_at or job.created_at,
    )


def progress(visit: Visit, job: Job) -> str:
    """How far it is and how long it still takes, in words."""
    if not job.total:
        return visit.text(_("{n} so far"), n=visit.show(job.done, "count")) if job.done else ""
    share = job.done / job.total
    told = f"{visit.show(share, 'percent')}"
    if job.started_at is None or not 0.02 < share < 1:
        return told
    left = (visit.now - job.started_at).total_seconds() * (1 - share) / share
    return visit.text(_("{share}, about {left} left"), share=told, left=visit.show(left * 1000, "duration"))


def _outcome(visit: Visit, job: Job) -> str:
    if job.state == "failed":
        return visit.text(job.error_sentence, **(job.error_values or {}))
    counts = {key: value for key, value in (job.result or {}).items() if isinstance(value, int) and value >= 0}
    names = {
        "accepted": _("accepted"),
        "duplicate": _("duplicate"),
        "rejected": _("rejected"),
        "rows": _("rows"),
        "fixed": _("repaired and sent in"),
        "still_wrong": _("still wrong"),
    }
    return " · ".join(f"{visit.text(names[key])} {visit.show(counts[key], 'count')}" for key in names if key in counts)
