"""Sources and completeness: what came, what should have come, and what the platforms say."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, Field

from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.collect.completeness import HourCount, TotalCheck
from dujiang.collect.service import EnteredTotal, SourceState
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period

router = APIRouter(prefix="/sources", tags=["sources"], responses=problems())

DAYS_MAX = 400


class Total(BaseModel):
    """A platform's own total of one shop and day (or hour), as a person reads it off the platform."""

    channel: str = Field(min_length=1, max_length=80)
    shop: str = Field(default="", max_length=200)
    day: date
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    orders: int = Field(ge=0, le=10**12)
    gmv_minor: int = Field(ge=0, le=10**15)


def _period(first: date, last: date) -> Period:
    period = Period(first, last)
    if period.days > DAYS_MAX:
        sentence = _("{days} days are more than {bound}. Ask for a shorter period.")
        raise InvalidInput("time.period_too_long", sentence, days=period.days, bound=DAYS_MAX)
    return period


@router.get("", dependencies=[Depends(needs("source.read"))])
def states(workspace: OfWorkspace, first: date, last: date) -> list[SourceState]:
    """Every source with its counts and gaps over whole days."""
    start, end = _period(first, last).moments(workspace.zone)
    return workspace.completeness.sources(start, end)


@router.get("/totals", dependencies=[Depends(needs("source.read"))])
def totals(workspace: OfWorkspace, first: date, last: date) -> list[TotalCheck]:
    """Our orders and GMV against the platforms' own totals."""
    return workspace.completeness.totals(_period(first, last))


@router.post("/totals", status_code=201, dependencies=[Depends(needs("platform_total.enter"))])
def enter(workspace: OfWorkspace, entered: Annotated[list[Total], Body(max_length=1000)]) -> int:
    """Keep platform totals; how many were kept."""
    settled = workspace.enter_totals([EnteredTotal(**total.model_dump()) for total in entered])
    return settled.facts


@router.get("/{source}/hours", dependencies=[Depends(needs("source.read"))])
def hours(
    workspace: OfWorkspace, source: str, first: datetime, count: Annotated[int, Query(ge=1, le=24 * DAYS_MAX)] = 168
) -> list[HourCount]:
    """``count`` hours of one source from ``first`` on, with what each should have brought."""
    if first.tzinfo is None:
        first = first.replace(tzinfo=workspace.zone)
    return workspace.completeness.hours(source, first, first + timedelta(hours=count))
