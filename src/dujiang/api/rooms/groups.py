"""Groups: people who behave alike, what sets them apart, and the group of one person with reasons."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from dujiang.api.periods import Day
from dujiang.api.problems import problems
from dujiang.api.rooms.insight import People
from dujiang.api.rooms.lifecycle import Limit, PersonId, people_of
from dujiang.api.rooms.people import person_number
from dujiang.api.security import OfWorker, OfWorkspace, needs
from dujiang.people.groups.model import GroupRun, GroupsNow, PersonGroup
from dujiang.store.command import Actor
from dujiang.store.jobs import Job

router = APIRouter(prefix="/groups", tags=["groups"], responses=problems())

CanRead = Depends(needs("person.read"))
GroupId = Annotated[str, Path(description="The id of a group, such as g1", max_length=20)]


class GroupFitWanted(BaseModel):
    """As of which day to find groups; today where none is given."""

    as_of: Day | None = None


class GroupCalled(BaseModel):
    """What a group is to be called, by language; without a text its own name comes back."""

    title: dict[str, Annotated[str, Field(max_length=200)]] = Field(max_length=4)


class GroupSegment(BaseModel):
    """The segment that was made of a group."""

    segment: str


@router.get("", dependencies=[CanRead])
def groups(workspace: OfWorkspace) -> GroupsNow:
    """The groups in use as they are today: size, sales, what sets them apart, stability, and the flow since the fit."""
    return workspace.groups.now()


@router.get("/fits", dependencies=[CanRead])
def fits(workspace: OfWorkspace) -> list[GroupRun]:
    """The fits, the newest first, whatever came of them."""
    return list(workspace.groups.runs.history())


@router.post("/fit", status_code=202)
def fit(
    worker: OfWorker,
    workspace: OfWorkspace,
    wanted: GroupFitWanted,
    actor: Annotated[Actor, Depends(needs("group.fit"))],
) -> Job:
    """Find groups anew in the background; groups that are found again keep their ids and names."""
    job = workspace.jobs.create("groups", {"as_of": wanted.as_of.isoformat()} if wanted.as_of else {}, actor.name)
    worker.wake()
    return job


@router.get("/people/{person}", dependencies=[CanRead])
def person(workspace: OfWorkspace, person: PersonId) -> PersonGroup | None:
    """The group of one person, how near the boundary, why, and the groups of the months before; null where too little is
    known."""
    return workspace.groups.of_person(workspace.people.get(person_number(person)).profile.person)


@router.get("/moved/people", dependencies=[CanRead])
def moved(
    workspace: OfWorkspace,
    before: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=20)] = "",
    limit: Limit = 100,
) -> People:
    """Who was in one group at the day of the fit and is in another now; without an id: in none."""
    return people_of(workspace, workspace.groups.people_moved(before, after), limit)


@router.get("/{group}/people", dependencies=[CanRead])
def people(workspace: OfWorkspace, group: GroupId, limit: Limit = 100) -> People:
    """Who is in a group now."""
    return people_of(workspace, workspace.groups.people_in(group), limit)


@router.put("/{group}/title", status_code=204)
def call(
    workspace: OfWorkspace, group: GroupId, wanted: GroupCalled, actor: Annotated[Actor, Depends(needs("group.name"))]
) -> None:
    """Give a group another name."""
    definitions = workspace.definitions
    definitions.apply(definitions.plan([workspace.groups.renamed(group, wanted.title)]), actor=actor.name)


@router.post("/{group}/segment", status_code=201)
def segment(
    workspace: OfWorkspace, group: GroupId, actor: Annotated[Actor, Depends(needs("definition.apply"))]
) -> GroupSegment:
    """Make a segment of everybody in a group; its members follow with every refresh."""
    made = workspace.groups.segment_of(group)
    workspace.definitions.apply(workspace.definitions.plan([made]), actor=actor.name)
    return GroupSegment(segment=made.name)
