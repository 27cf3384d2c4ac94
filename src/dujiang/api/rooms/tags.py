"""Tags: the catalogue, one tag, the tags of a person, and tags and consents put on a person by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from dujiang.api.periods import Day
from dujiang.api.problems import problems
from dujiang.api.rooms.people import PersonId, person_number
from dujiang.api.security import OfWorkspace, needs
from dujiang.collect.marks import State
from dujiang.people.tags.catalogue import Tag
from dujiang.people.tags.distribution import Bar
from dujiang.people.tags.service import Coverage
from dujiang.store.command import Actor

router = APIRouter(tags=["tags"], responses=problems())

CanRead = Depends(needs("person.read"))
Marker = Annotated[Actor, Depends(needs("person.mark"))]
Name = Annotated[str, Path(description="Name of a tag", max_length=80)]
Text = Annotated[str, Field(max_length=200)]


class TagInfo(BaseModel):
    """A tag in the catalogue. Money is in minor units, a percent is a fraction."""

    name: str
    title: dict[str, str]
    description: dict[str, str]
    group: str
    type: str
    value: str
    unit: str

    @classmethod
    def of(cls, tag: Tag) -> TagInfo:
        """The plain form of a tag."""
        told = tag.definition
        return cls(name=tag.name, title=told.title, description=told.description, **_of_spec(tag))


class ListedTag(TagInfo):
    """A tag with how many people have it."""

    coverage: Coverage


class OneTag(BaseModel):
    """A tag with what it says of everybody, what it reads and who uses it."""

    tag: TagInfo
    coverage: Coverage
    distribution: tuple[Bar, ...]
    tables: tuple[str, ...]
    reads: tuple[str, ...]
    used_by: tuple[str, ...]
    computed_at: datetime | None


class PersonTag(BaseModel):
    """A tag's value for one person; null where it says nothing."""

    name: str
    value: Any


class Turn(BaseModel):
    """A value from a day on."""

    day: date
    value: Any


class Put(BaseModel):
    """A tag to put on a person, or to take off."""

    tag: Text = Field(min_length=1)
    value: Text = ""
    removed: bool = False


class Stated(BaseModel):
    """What a person allows; an empty ``medium`` is every way of reaching them."""

    purpose: Text = Field(default="marketing", min_length=1)
    medium: Text = ""
    state: State


class Kept(BaseModel):
    """How many facts were kept; answers show them after the next refresh."""

    facts: int


@router.get("/tags", dependencies=[CanRead])
def listed(workspace: OfWorkspace) -> list[ListedTag]:
    """Every tag, and how many people have it."""
    coverage, nothing = workspace.tags.coverage(), Coverage(0, None)
    return [
        ListedTag(**TagInfo.of(tag).model_dump(), coverage=coverage.get(tag.name, nothing))
        for tag in workspace.tags.catalogue()
    ]


@router.get("/tags/{name}", dependencies=[CanRead])
def get(workspace: OfWorkspace, name: Name) -> OneTag:
    """One tag: coverage, distribution, what it reads and who uses it."""
    page = workspace.tags.get(name)
    return OneTag(
        tag=TagInfo.of(page.tag),
        coverage=page.coverage,
        distribution=page.distribution,
        tables=page.lineage.tables,
        reads=page.lineage.reads,
        used_by=tuple("/".join(key) for key in page.lineage.used_by),
        computed_at=page.fresh.at if page.fresh else None,
    )


@router.get("/people/{person}/tags", dependencies=[CanRead])
def of_person(workspace: OfWorkspace, person: PersonId, as_of: Day | None = None) -> list[PersonTag]:
    """Every tag of one person; with ``as_of`` from what happened before the beginning of that day."""
    who = workspace.people.get(person_number(person)).profile.person
    found = workspace.tags.of_person(who, workspace.day_start(as_of) if as_of else None)
    return [PersonTag(name=one.tag.name, value=one.value) for one in found]


@router.get("/people/{person}/tags/{name}/history", dependencies=[CanRead])
def history(
    workspace: OfWorkspace,
    person: PersonId,
    name: Name,
    days: Annotated[int, Query(ge=1, le=3650)] = 90,
    step: Annotated[int, Query(ge=1, le=365)] = 7,
) -> list[Turn]:
    """How the value changed, seen every ``step`` days, computed from the facts before each of them."""
    who = workspace.people.get(person_number(person)).profile.person
    return [Turn(day=one.day, value=one.value) for one in workspace.tags.history(who, name, days, step)]


@router.post("/people/{person}/tags")
def put(workspace: OfWorkspace, person: PersonId, asked: Put, actor: Marker) -> Kept:
    """Put a tag on a person, or take it off."""
    settled = workspace.tag_person(
        person_number(person), asked.tag, asked.value, removed=asked.removed, actor=actor.name
    )
    return Kept(facts=settled.facts)


@router.post("/people/{person}/consents")
def state(workspace: OfWorkspace, person: PersonId, asked: Stated, actor: Marker) -> Kept:
    """State what a person allows."""
    settled = workspace.state_consent(person_number(person), asked.purpose, asked.medium, asked.state, actor=actor.name)
    return Kept(facts=settled.facts)


def _of_spec(tag: Tag) -> dict[str, str]:
    return {name: getattr(tag.spec, name) for name in ("group", "type", "value", "unit")}
