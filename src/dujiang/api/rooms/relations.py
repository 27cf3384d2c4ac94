"""Relations of everybody: how many of each kind, and the things that many people have in common."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from dujiang.api.problems import problems
from dujiang.api.rooms.people import PersonId, Related, person_number
from dujiang.api.security import OfWorkspace, needs
from dujiang.people.relations.service import KindCount

router = APIRouter(prefix="/relations", tags=["identity"], responses=problems())

CanRead = Depends(needs("person.read"))


class Overview(BaseModel):
    """How many people each kind relates, and the largest hubs; the ``other`` of a hub is its number."""

    kinds: list[KindCount]
    hubs: list[Related]


@router.get("", dependencies=[CanRead])
def overview(
    workspace: OfWorkspace,
    kind: Annotated[str, Query(max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Overview:
    """Every kind of relation, and the things that most people have in common."""
    service, types = workspace.relations, workspace.identifier_types
    return Overview(kinds=service.counts(), hubs=[Related.of(one, types) for one in service.hubs(kind, limit)])


@router.get("/{thing}", dependencies=[CanRead])
def through(workspace: OfWorkspace, thing: PersonId, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> list[Related]:
    """Who is related through one thing (a ``node`` of a relation), those with most records first."""
    found = workspace.relations.through(person_number(thing), limit)
    return [Related.of(one, workspace.identifier_types) for one in found]
