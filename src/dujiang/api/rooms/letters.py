"""Dead letters: look, mend by a rule, replay, discard."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, Field

from dujiang.api.periods import IsWhole
from dujiang.api.problems import problems
from dujiang.api.security import OfWorker, OfWorkspace, needs
from dujiang.collect.dead_letters import Mended
from dujiang.foundation.i18n import translate
from dujiang.store.command import Actor
from dujiang.store.dead_letters import DeadLetterRow, LetterGroup, LetterState
from dujiang.store.jobs import Job

router = APIRouter(prefix="/dead-letters", tags=["dead letters"], responses=problems())

CanRead = Depends(needs("dead_letter.read"))
Repairer = Annotated[Actor, Depends(needs("dead_letter.repair"))]
LetterId = Annotated[int, Field(ge=1, le=2**52)]
Ids = Annotated[list[Annotated[int, Field(ge=1, le=2**52), IsWhole]], Field(min_length=1, max_length=10_000)]


class Letter(BaseModel):
    """A rejected event, without what it says."""

    id: int
    source: str
    received_at: str
    code: str
    field: str
    message: str
    state: LetterState

    @classmethod
    def of(cls, row: DeadLetterRow) -> Letter:
        """The plain form of a kept letter."""
        letter = row.letter
        return cls(
            id=row.id,
            source=letter.source,
            received_at=letter.received_at.isoformat(),
            code=letter.reason_code,
            field=letter.field,
            message=translate(letter.sentence, "en").format(**letter.values),
            state=row.state,
        )


class OpenLetter(Letter):
    """A rejected event with what it says; personal data is masked."""

    event: Any


class Letters(BaseModel):
    """Which letters."""

    ids: Ids


class Marked(Letters):
    """What becomes of letters."""

    state: Literal["discarded", "open"]
    reason: str = Field(default="", max_length=500)


@router.get("", dependencies=[CanRead])
def listed(
    workspace: OfWorkspace,
    state: LetterState | None = "open",
    source: str | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**52)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Letter]:
    """Letters, newest first; ``before`` is the id of the last one on the page before."""
    rows = workspace.dead_letters.list(state=state, source=source, before=before, limit=limit)
    return [Letter.of(row) for row in rows]


@router.get("/groups", dependencies=[CanRead])
def groups(workspace: OfWorkspace) -> list[LetterGroup]:
    """How many letters share source, reason, field and state."""
    return list(workspace.dead_letters.groups())


@router.get("/{letter}", dependencies=[CanRead])
def get(workspace: OfWorkspace, letter: LetterId) -> OpenLetter:
    """One letter with its event."""
    opened = workspace.dead_letters.get(letter)
    return OpenLetter(**Letter.of(opened.row).model_dump(), event=opened.event)


@router.post("/{letter}/reveal")
def reveal(
    workspace: OfWorkspace, letter: LetterId, actor: Annotated[Actor, Depends(needs("person.reveal"))]
) -> OpenLetter:
    """The same with personal data; the audit log records who asked."""
    opened = workspace.dead_letters.get(letter, reveal_to=actor.name)
    return OpenLetter(**Letter.of(opened.row).model_dump(), event=opened.event)


@router.post("/rules/{rule}/preview", dependencies=[CanRead])
def preview(workspace: OfWorkspace, rule: str, asked: Annotated[Letters, Body()]) -> list[Mended]:
    """What a rule would make of letters (of the first hundred); nothing is changed."""
    return workspace.dead_letters.preview(workspace.dead_letters.rule(rule), asked.ids[:100])


@router.post("/rules/{rule}/replay", status_code=202)
def replay(
    worker: OfWorker, workspace: OfWorkspace, rule: str, asked: Annotated[Letters, Body()], actor: Repairer
) -> Job:
    """Mend letters with a rule and send in those that are acceptable then, in the background; the job's result says how many
    were. Twice makes nothing twice."""
    workspace.dead_letters.rule(rule)
    job = workspace.jobs.create("replay", {"rule": rule, "ids": asked.ids}, actor.name)
    worker.wake()
    return job


@router.patch("", responses=problems(409))
def mark(workspace: OfWorkspace, asked: Annotated[Marked, Body()], actor: Repairer) -> int:
    """Give letters up for a reason (``discarded``), or take them back (``open``); how many."""
    if asked.state == "open":
        return workspace.dead_letters.reopen(asked.ids, actor=actor.name)
    return workspace.dead_letters.discard(asked.ids, reason=asked.reason, actor=actor.name)
