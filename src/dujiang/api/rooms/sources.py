"""Sources and completeness: what came, what should have come, and what the platforms say."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, Field

from dujiang.api.periods import Day, IsWhole, Moment, asked_period, checked_day, checked_moment
from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.collect.completeness import HourCount, TotalCheck
from dujiang.collect.service import EnteredTotal, SourceState
from dujiang.store.command import Actor

router = APIRouter(prefix="/sources", tags=["sources"], responses=problems())

DAYS_MAX: Final = 400


class Total(BaseModel):
    """A platform's own total of one shop and day (or hour), as a person reads it off the platform."""

    channel: str = Field(min_length=1, max_length=80)
    shop: str = Field(default="", max_length=200)
    day: Day
    hour: Annotated[int, Field(ge=0, le=23), IsWhole] | None = None
    orders: Annotated[int, Field(ge=0, le=10**12), IsWhole]
    gmv_minor: Annotated[int, Field(ge=0, le=10**15), IsWhole]


@router.get("", dependencies=[Depends(needs("source.read"))])
def states(workspace: OfWorkspace, first: Day, last: Day) -> list[SourceState]:
    """Every source with its counts and gaps over whole days."""
    start, end = asked_period(first, last, DAYS_MAX).moments(workspace.zone)
    return workspace.completeness.sources(start, end)


@router.get("/totals", dependencies=[Depends(needs("source.read"))])
def totals(workspace: OfWorkspace, first: Day, last: Day) -> list[TotalCheck]:
    """Our orders and GMV against the platforms' own totals."""
    return workspace.completeness.totals(asked_period(first, last, DAYS_MAX))


@router.post("/totals", status_code=201)
def enter(
    workspace: OfWorkspace,
    entered: Annotated[list[Total], Body(min_length=1, max_length=1000)],
    actor: Annotated[Actor, Depends(needs("platform_total.enter"))],
) -> int:
    """Keep platform totals; how many were kept."""
    for total in entered:
        checked_day(total.day)
    settled = workspace.enter_totals([EnteredTotal(**total.model_dump()) for total in entered])
    workspace.record(actor.name, "platform_total.enter", settled.batch, {"totals": len(entered)})
    return settled.facts


@router.get("/{source}/hours", dependencies=[Depends(needs("source.read"))])
def hours(
    workspace: OfWorkspace, source: str, first: Moment, count: Annotated[int, Query(ge=1, le=24 * DAYS_MAX)] = 168
) -> list[HourCount]:
    """``count`` hours of one source from ``first`` on, with what each should have brought."""
    checked_moment(first)
    if first.tzinfo is None:
        first = first.replace(tzinfo=workspace.zone)
    return workspace.completeness.hours(source, first, first + timedelta(hours=count))
