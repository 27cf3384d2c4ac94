"""Active hours: of everybody and of one person."""

from __future__ import annotations

from fastapi import APIRouter, Depends
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


@router.get("/{person}", dependencies=[CanRead])
def person(workspace: OfWorkspace, person: PersonId) -> HoursOf:
    """When one person is active; what is not known of them comes from everybody, and ``own`` says how much does not."""
    return workspace.hours.of_person(workspace.people.get(person_number(person)).profile.person)
