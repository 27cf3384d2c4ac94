"""The life cycle: stages of a period, changes with reasons, the people behind them, and the map."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from dujiang.api.periods import Day, asked_period
from dujiang.api.problems import problems
from dujiang.api.rooms.insight import People
from dujiang.api.rooms.people import person_number
from dujiang.api.security import OfWorkspace, needs
from dujiang.engine.question import Rows
from dujiang.foundation.ids import person_id
from dujiang.people.lifecycle.model import LifePage, MapColumn, PersonLife, Reason, Transition
from dujiang.people.lifecycle.wording import reason_text
from dujiang.people.model import PeopleQuery
from dujiang.workspace import Workspace

router = APIRouter(prefix="/life", tags=["life cycle"], responses=problems())

CanRead = Depends(needs("person.read"))
Stage = Annotated[str | None, Query(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=1000)]
PersonId = Annotated[str, Path(description="The id of a person, such as u00abcdefghjkm", max_length=80)]


class StageChange(BaseModel):
    """One change of stage; ``start`` is null where the person was met. ``why`` is the reason in English."""

    person: str
    day: date
    start: str | None
    end: str
    reason: Reason
    why: str

    @classmethod
    def of(cls, one: Transition) -> StageChange:
        """The plain form of a change."""
        why = reason_text(one.reason, "en")
        return cls(person=person_id(one.person), day=one.day, start=one.start, end=one.end, reason=one.reason, why=why)


class OneLife(BaseModel):
    """Where one person stands; null where they have no stage yet."""

    id: str
    stage: str | None
    since: date | None
    next_stage: str | None
    next_day: date | None
    history: list[StageChange]

    @classmethod
    def of(cls, person: int, found: PersonLife | None) -> OneLife:
        """The plain form of a person's life."""
        return cls(
            id=person_id(person),
            stage=found.stage if found else None,
            since=found.since if found else None,
            next_stage=found.next_stage if found else None,
            next_day=found.next_day if found else None,
            history=[StageChange.of(one) for one in found.history] if found else [],
        )


@router.get("", dependencies=[CanRead])
def life(workspace: OfWorkspace, first: Day, last: Day) -> LifePage:
    """Flows between the day before a period and its last day, changes within it, and sizes by day."""
    return workspace.life.page(asked_period(first, last))


@router.get("/changes", dependencies=[CanRead])
def changes(
    workspace: OfWorkspace, first: Day, last: Day, start: Stage = None, end: Stage = None, limit: Limit = 100
) -> list[StageChange]:
    """The latest changes of stage of a period with their reasons; an empty ``start`` means people who were met."""
    found = workspace.life.changes(asked_period(first, last), start, end, limit)
    return [StageChange.of(one) for one in found]


@router.get("/people", dependencies=[CanRead])
def people(
    workspace: OfWorkspace,
    first: Day,
    last: Day,
    start: Stage = None,
    end: Stage = None,
    kind: Literal["moved", "changed"] = "moved",
    limit: Limit = 100,
) -> People:
    """Who was in ``start`` before the period and in ``end`` on its last day (``moved``), or changed so within it."""
    period, service = asked_period(first, last), workspace.life
    found = (service.people_moved if kind == "moved" else service.people_changed)(period, start, end)
    return people_of(workspace, found, limit)


@router.get("/map", dependencies=[CanRead])
def life_map(workspace: OfWorkspace) -> list[MapColumn]:
    """Goals and resources of each stage and span against what came of them; empty without a definition ``life_map``."""
    return list(workspace.life.map())


@router.get("/person/{person}", dependencies=[CanRead])
def person(workspace: OfWorkspace, person: PersonId) -> OneLife:
    """The stage of one person, what time will bring, and every change so far."""
    number = workspace.people.get(person_number(person)).profile.person
    return OneLife.of(number, workspace.life.person(number))


def people_of(workspace: Workspace, found: Rows, limit: int) -> People:
    """How many people a question finds, and the first of them."""
    page = workspace.people.list(PeopleQuery(limit=limit), found)
    return People(count=page.count, people=[person_id(one.person) for one in page.people])
