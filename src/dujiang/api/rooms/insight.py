"""Metrics: the catalogue, questions, and the people behind a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, Field, ValidationError

from dujiang.api.answers import Answer
from dujiang.api.periods import Day, IsWhole, asked_period
from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.foundation.timewindows import Comparison, Grain
from dujiang.insight.answer import MetricQuery
from dujiang.insight.catalogue import Metric
from dujiang.insight.model import BandSpec, Condition, GoalSpec, Operator, Standing, Value
from dujiang.insight.standing import Progress

router = APIRouter(prefix="/metrics", tags=["metrics"], responses=problems())

CanRead = Depends(needs("metric.read"))
Name = Annotated[str, Field(min_length=1, max_length=80)]


class Where(BaseModel):
    """A condition on a dimension: ``among`` and ``not_among`` take a list, ``known`` and ``unknown`` nothing."""

    column: Name
    op: Operator = "is"
    value: Value | Annotated[list[Value], Field(max_length=1000)] | None = None

    def condition(self) -> Condition:
        """As the metric layer takes it.

        Raises:
            InvalidInput: ``metric.condition``.
        """
        value = tuple(self.value) if isinstance(self.value, list) else self.value
        try:
            return Condition(column=self.column, op=self.op, value=value)
        except ValidationError:
            sentence = _("The condition on “{dimension}” compares it with a value of another kind.")
            raise InvalidInput("metric.condition", sentence, dimension=self.column) from None


Conditions = Annotated[list[Where], Field(max_length=20)]


class BandEntry(BaseModel):
    """Where a metric is healthy: at least and at most, or how far it may fall or rise against an earlier period; of every
    value of a dimension or of the total, for days in a row."""

    name: str
    at_least: float | None
    at_most: float | None
    fall: float | None
    rise: float | None
    against: str
    by: str
    days: int


class GoalEntry(BaseModel):
    """What a metric is to come to in a period."""

    name: str
    first: str
    last: str
    target: float


class HeldEntry(BaseModel):
    """One value held against a band; the key is a value of its dimension, none for the total."""

    key: str | None
    value: float | None
    change: float | None
    standing: Standing


class BandState(BandEntry):
    """A band and what is held against it."""

    held: list[HeldEntry]


class GoalState(GoalEntry):
    """A goal and how far it has come: value up to yesterday, and what would be due by now on an even way."""

    value: float | None
    due: float | None
    progress: Progress


class Standings(BaseModel):
    """Where a metric stands within its bands and on the way to its goals."""

    bands: list[BandState]
    goals: list[GoalState]


class MetricEntry(BaseModel):
    """One metric of the catalogue."""

    name: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    formula: Mapping[str, str]
    differs: Mapping[str, str]
    caveat: Mapping[str, str]
    group: str
    type: str
    unit: str
    direction: str
    dimensions: list[str]
    additive_over: list[str]
    bands: list[BandEntry]
    goals: list[GoalEntry]


class Question(BaseModel):
    """A question to the metric layer; money is answered in minor units, percentages as fractions."""

    metrics: Annotated[list[Name], Field(min_length=1, max_length=50)]
    first: Day
    last: Day
    compare: Comparison = "none"
    grain: Grain | None = None
    by: Annotated[list[Name], Field(max_length=3)] = []
    where: Conditions = []
    rows_max: Annotated[int, Field(ge=1, le=BOUNDS.answer_rows_max), IsWhole] = 1000

    def query(self) -> MetricQuery:
        """As the metric layer takes it."""
        return MetricQuery(
            metrics=tuple(self.metrics),
            period=asked_period(self.first, self.last),
            compare=self.compare,
            grain=self.grain,
            by=tuple(self.by),
            where=tuple(one.condition() for one in self.where),
            rows_max=self.rows_max,
        )


class Behind(BaseModel):
    """Whose number it is."""

    metric: Name
    first: Day
    last: Day
    where: Conditions = []
    limit: Annotated[int, Field(ge=1, le=BOUNDS.answer_rows_max), IsWhole] = 1000


class People(BaseModel):
    """The people behind a number: how many, and the first of them."""

    count: int
    people: list[str]


@router.get("", dependencies=[CanRead])
def catalogue(workspace: OfWorkspace) -> list[MetricEntry]:
    """Every metric with its definition."""
    metrics = workspace.metrics.catalogue()
    return [_entry(workspace, metric) for metric in metrics]


@router.post("/query", dependencies=[CanRead])
def query(workspace: OfWorkspace, question: Annotated[Question, Body()]) -> Answer:
    """The numbers asked for, with comparison, line and rows."""
    return Answer.of(workspace.metrics.query(question.query()))


@router.post("/people", dependencies=[Depends(needs("person.read"))])
def people(workspace: OfWorkspace, behind: Annotated[Behind, Body()]) -> People:
    """The people behind a number."""
    period, where = asked_period(behind.first, behind.last), tuple(one.condition() for one in behind.where)
    found = workspace.metrics.persons(behind.metric, period, where, behind.limit)
    count = workspace.metrics.count_people(behind.metric, period, where)
    return People(count=count, people=[person_id(person) for person in found])


@router.get("/{name}/standing", dependencies=[CanRead])
def standing(workspace: OfWorkspace, name: Name, first: Day, last: Day) -> Standings:
    """The bands of a metric with the values of the period held against them, and its goals with how far each has come."""
    service, period = workspace.metrics, asked_period(first, last)
    bands = [
        BandState(**_band(one.name, one.band).model_dump(), held=[HeldEntry(**asdict(held)) for held in one.held])
        for one in service.standings(name, period)
    ]
    goals = [
        GoalState(**_goal(one.name, one.goal).model_dump(), value=one.value, due=one.due, progress=one.progress)
        for one in service.progress(name)
    ]
    return Standings(bands=bands, goals=goals)


def _band(name: str, one: BandSpec) -> BandEntry:
    edges = {edge: getattr(one, edge) for edge in ("at_least", "at_most", "fall", "rise", "against")}
    return BandEntry(name=name, by=one.by, days=one.days, **edges)


def _goal(name: str, one: GoalSpec) -> GoalEntry:
    return GoalEntry(name=name, first=str(one.first), last=str(one.last), target=one.target)


def _entry(workspace: OfWorkspace, metric: Metric) -> MetricEntry:
    spec, definition, service = metric.spec, metric.definition, workspace.metrics
    metrics = service.catalogue()
    return MetricEntry(
        name=metric.name,
        title=definition.title,
        description=definition.description,
        formula=spec.formula,
        differs=spec.differs,
        caveat=spec.caveat,
        group=spec.group,
        type=spec.type,
        unit=spec.unit,
        direction=spec.direction,
        dimensions=list(metrics.dimensions(metric.name)),
        additive_over=list(metrics.additive_over(metric.name)),
        bands=[_band(name, one) for name, one in service.bands(metric.name).items()],
        goals=[_goal(name, one) for name, one in service.goals(metric.name).items()],
    )
