"""Value: bands, the matrix, concentration, and the people behind them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from dujiang.api.periods import Day, asked_period, checked_day
from dujiang.api.problems import problems
from dujiang.api.rooms.insight import People
from dujiang.api.rooms.lifecycle import Limit, people_of
from dujiang.api.security import OfWorkspace, needs
from dujiang.people.value.model import Concentration, ValuePage

router = APIRouter(prefix="/value", tags=["value"], responses=problems())

CanRead = Depends(needs("person.read"))
Band = Annotated[int | None, Query(ge=1, le=10)]


@router.get("", dependencies=[CanRead])
def value(workspace: OfWorkspace, day: Day) -> ValuePage:
    """Bands of recency, frequency and money, and the value matrix, as of the end of a day."""
    return workspace.value.page(checked_day(day))


@router.get("/concentration", dependencies=[CanRead])
def concentration(workspace: OfWorkspace, first: Day, last: Day) -> Concentration:
    """Which share of the sales the best 1%, 5% and 20% of the buyers bring, with the Lorenz curve and the Gini coefficient."""
    return workspace.value.concentration(asked_period(first, last))


@router.get("/people", dependencies=[CanRead])
def people(
    workspace: OfWorkspace,
    day: Day,
    layer: Annotated[str, Query(max_length=80)] = "",
    r: Band = None,
    f: Band = None,
    m: Band = None,
    limit: Limit = 100,
) -> People:
    """Who is in a layer of the matrix, or in these bands."""
    service, on = workspace.value, checked_day(day)
    return people_of(
        workspace, service.people_in_layer(layer, on) if layer else service.people_in_bands(on, r, f, m), limit
    )


@router.get("/top", dependencies=[CanRead])
def top(
    workspace: OfWorkspace, first: Day, last: Day, share: Annotated[float, Query(gt=0, le=1)] = 0.05, limit: Limit = 100
) -> People:
    """The best buyers of a period."""
    return people_of(workspace, workspace.value.people_at_top(asked_period(first, last), share), limit)
