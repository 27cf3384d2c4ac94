"""Active hours: of everybody, of a group or segment, and of one person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from dujiang.api.problems import problems
from dujiang.api.rooms.lifecycle import PersonId
from dujiang.api.rooms.people import person_number
from dujiang.api.security import OfWorkspace, needs
from dujiang.people.hours.model import HoursOf, Prior

router = APIRouter(prefix="/hours", tags=["active hours"], responses=problems())

CanRead = Depends(needs("person.read"))


class Everybody(BaseModel):
    """When everybody is active, and how much people differ from it."""

    hours: HoursOf
    prior: Prior


@router.get("", dependencies=[CanRead])
def everybody(workspace: OfWorkspace) -> Everybody:
    """Shares of the 168 hours of the week (0 is Monday from midnight in the brand's zone), and the best hours to send."""
    return Everybody(hours=workspace.hours.everybody(), prior=workspace.hours.prior())


@router.get("/groups/{group}", dependencies=[CanRead])
def group(workspace: OfWorkspace, group: Annotated[str, Path(max_length=80)]) -> HoursOf:
    """When the people of a group by behaviour are active."""
    return workspace.hours.of_people(workspace.groups.people_in(group))


@router.get("/segments/{segment}", dependencies=[CanRead])
def segment(workspace: OfWorkspace, segment: Annotated[str, Path(max_length=80)]) -> HoursOf:
    """When the people of a segment are active."""
    return workspace.hours.of_people(workspace.segments.people(segment))


@router.get("/{person}", dependencies=[CanRead])
def person(workspace: OfWorkspace, person: PersonId) -> HoursOf:
    """When one person is active; ``own`` says how much of it is theirs, the rest comes from their group, else everybody."""
    return workspace.hours.of_person(workspace.people.get(person_number(person)).profile.person)
