"""The growth overview: headlines, channels, annotations, and the river."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, Field

from dujiang.api.answers import Answer, Number
from dujiang.api.periods import Channels, Day, IsWhole, asked_period
from dujiang.api.problems import problems
from dujiang.api.rooms.insight import People
from dujiang.api.security import OfWorkspace, needs
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.ids import person_id
from dujiang.foundation.timewindows import Comparison, Grain
from dujiang.insight.dashboard import Annotation, DashboardQuery, GrowthDashboard
from dujiang.insight.river import River
from dujiang.people.model import PeopleQuery

router = APIRouter(tags=["overview"], responses=problems())

CanRead = Depends(needs("metric.read"))


class Point(BaseModel):
    """One step of a headline's course."""

    start: date
    value: float | None


class Headline(BaseModel):
    """One headline number; ``good`` is null where the change is neither good nor bad."""

    metric: str
    number: Number
    course: list[Point]
    good: bool | None


class Dashboard(BaseModel):
    """The growth dashboard. Money is in minor units, percentages are fractions."""

    headlines: list[Headline]
    trends: Answer
    channels: Answer
    annotations: list[Annotation]

    @classmethod
    def of(cls, shown: GrowthDashboard) -> Dashboard:
        """The plain form of a dashboard."""
        headlines = [
            Headline(
                metric=card.metric.name,
                number=Number.of(card.figure),
                course=[Point(start=start, value=value) for start, value in card.course],
                good=card.good,
            )
            for card in shown.cards
        ]
        trends, channels = Answer.of(shown.headline), Answer.of(shown.channels)
        return cls(headlines=headlines, trends=trends, channels=channels, annotations=list(shown.annotations))


class InStops(BaseModel):
    """People at stops of the river: several stops of one reach mean any of them, of two reaches both."""

    first: Day
    last: Day
    stops: Annotated[list[Annotated[str, Field(max_length=120)]], Field(min_length=1, max_length=50)]
    channels: Annotated[list[str], Field(max_length=50)] = []
    limit: Annotated[int, Field(ge=1, le=BOUNDS.answer_rows_max), IsWhole] = 1000


@router.get("/dashboard", dependencies=[CanRead])
def dashboard(
    workspace: OfWorkspace,
    first: Day,
    last: Day,
    compare: Comparison = "previous",
    grain: Grain = "day",
    channel: Channels = None,
) -> Dashboard:
    """All channels, or some, on one page."""
    query = DashboardQuery(asked_period(first, last), compare, grain, tuple(channel or ()))
    return Dashboard.of(workspace.metrics.dashboard(query))


@router.get("/river", dependencies=[CanRead])
def river(
    workspace: OfWorkspace, first: Day, last: Day, compare: Comparison = "none", channel: Channels = None
) -> River:
    """People from the channels that reached them, over recognition and life cycle, to their orders; each counted once."""
    return workspace.metrics.river(asked_period(first, last), compare, tuple(channel or ()))


@router.post("/river/people", dependencies=[Depends(needs("person.read"))])
def river_people(workspace: OfWorkspace, asked: Annotated[InStops, Body()]) -> People:
    """The people at stops of the river."""
    period = asked_period(asked.first, asked.last)
    among = workspace.metrics.river_people(period, tuple(asked.stops), tuple(asked.channels))
    page = workspace.people.list(PeopleQuery(limit=asked.limit), among)
    return People(count=page.count, people=[person_id(one.person) for one in page.people])
