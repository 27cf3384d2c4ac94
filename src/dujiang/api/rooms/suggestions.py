"""People who may be one because their records are alike: found, looked at, decided."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel, Field

from dujiang.api.periods import IsNumber
from dujiang.api.problems import problems
from dujiang.api.rooms.people import person_number
from dujiang.api.security import OfWorker, OfWorkspace, needs
from dujiang.foundation.ids import person_id
from dujiang.identity.linkage.pair_id import pair_id, parse_pair_id
from dujiang.identity.linkage.tables import State, Suggestion
from dujiang.store.command import Actor
from dujiang.store.jobs import Job

router = APIRouter(prefix="/suggestions", tags=["suggestions"], responses=problems())

Verdict = Literal["accept", "reject", "later", "open"]
Decider = Annotated[Actor, Depends(needs("identity.decide"))]


class Evidence(BaseModel):
    """What one field says; values are masked, the weight is in bits."""

    field: str
    level: str
    weight: float
    a: str
    b: str


class OneSuggestion(BaseModel):
    """Two people who may be one."""

    id: str
    state: State
    probability: float
    evidence: list[Evidence]
    obstacle: str
    decided_by: str
    persons: list[str]

    @classmethod
    def of(cls, found: Suggestion, owner: dict[int, int]) -> OneSuggestion:
        """The plain form of a suggestion."""
        shown = {one.field: one for one in found.shown}
        evidence = [Evidence(**vars(one), a=shown[one.field].a, b=shown[one.field].b) for one in found.evidence]
        return cls(
            id=pair_id(found.a, found.b),
            state=found.state,
            probability=found.probability,
            evidence=evidence,
            obstacle=found.obstacle,
            decided_by=found.decided_by,
            persons=[person_id(owner[node]) for node in (found.a, found.b) if node in owner],
        )


class Wanted(BaseModel):
    """What becomes of a suggestion; ``open`` takes a decision back."""

    verdict: Verdict


class Band(Wanted):
    """Every open suggestion with a probability between two bounds."""

    low: Annotated[float, Field(ge=0, le=1), IsNumber]
    high: Annotated[float, Field(ge=0, le=1), IsNumber]


@router.get("", dependencies=[Depends(needs("person.read"))])
def listed(
    workspace: OfWorkspace,
    state: State = "open",
    low: Annotated[float, Query(ge=0, le=1)] = 0.0,
    high: Annotated[float, Query(ge=0, le=1)] = 1.0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    person: Annotated[str, Query(max_length=40)] = "",
) -> list[OneSuggestion]:
    """Suggestions, the likeliest first; with ``person`` only those about this person."""
    who = person_number(person) if person else None
    found = workspace.suggestions.list(state, low=low, high=high, limit=limit, person=who)
    owner = workspace.suggestions.persons(found)
    return [OneSuggestion.of(one, owner) for one in found]


@router.post("/find", status_code=202)
def find(
    workspace: OfWorkspace,
    worker: OfWorker,
    actor: Annotated[Actor, Depends(needs("identity.suggest"))],
    retrain: bool = False,
) -> Job:
    """Compare new records with all, in the background; with ``retrain`` learn anew and compare all with all."""
    job = workspace.jobs.create("suggest", {"retrain": retrain}, actor.name)
    worker.wake()
    return job


@router.post("/decide")
def decide_band(workspace: OfWorkspace, asked: Annotated[Band, Body()], actor: Decider) -> int:
    """Decide every open suggestion in a band of probability; how many these were."""
    return workspace.suggestions.decide_all(asked.verdict, asked.low, asked.high, actor=actor)


@router.post("/{suggestion}/decide", responses=problems(409))
def decide(
    workspace: OfWorkspace,
    suggestion: Annotated[str, Path(max_length=80)],
    asked: Annotated[Wanted, Body()],
    actor: Decider,
) -> OneSuggestion:
    """Accept, reject, put off or reopen one suggestion."""
    found = workspace.suggestions.decide(parse_pair_id(suggestion), asked.verdict, actor=actor)
    return OneSuggestion.of(found, workspace.suggestions.persons([found]))
