"""What a life cycle is, as a definition, and what is known of people in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from dujiang.foundation.definitions import NAME, Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Fact = Literal[
    "orders", "visits", "interactions", "paid_minor",
    "days_since_order", "days_since_first_order", "days_since_visit", "days_since_first_seen",
]  # fmt: skip
COUNTS: Final[tuple[Fact, ...]] = ("orders", "visits", "interactions", "paid_minor")
"""Facts that add up over days, so far or within the last days; the others count days since something."""


class StageCondition(Spec):
    """One condition on what is known of a person at the end of a day.

    Attributes:
        fact: ``orders`` (valid), ``visits``, ``interactions`` and ``paid_minor`` (paid less refunded) add up;
            ``days_since_…`` is unknown, and no condition on it holds, until that has happened once.
        at_least, at_most: exactly one of the two bounds.
        within_days: only the last so many days, this one included; only for facts that add up.
    """

    fact: Fact
    at_least: int | None = Field(default=None, ge=-(10**12), le=10**12)
    at_most: int | None = Field(default=None, ge=-(10**12), le=10**12)
    within_days: int | None = Field(default=None, ge=1, le=3_660)

    @model_validator(mode="after")
    def _is_one_bound(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(_("a condition has either at_least or at_most"))
        if self.fact not in COUNTS:
            if self.within_days:
                raise InvalidInput("life_cycle.days", _("{fact} cannot be counted within days"), fact=self.fact)
            if not 0 <= self.bound <= 3_660:
                raise ValueError(_("days lie between 0 and 3660"))
        return self

    @property
    def op(self) -> Literal["at_least", "at_most"]:
        """Which bound it has."""
        return "at_least" if self.at_least is not None else "at_most"

    @property
    def bound(self) -> int:
        """The value of its bound."""
        return self.at_least if self.at_least is not None else self.at_most or 0

    @property
    def turns_after(self) -> int | None:
        """Days after what it counts from (or adds up) on which time alone can turn it; None where time cannot."""
        if self.fact in COUNTS:
            return self.within_days
        return self.bound if self.op == "at_least" else self.bound + 1


class StageSpec(Spec):
    """One stage; all conditions of ``when`` have to hold."""

    name: str = Field(pattern=NAME.pattern)
    title: dict[str, str] = Field(default_factory=dict)
    when: tuple[StageCondition, ...] = Field(default=(), max_length=8)

    def label(self, locale: str) -> str:
        """Its title in ``locale``, else in any language, else its name."""
        return self.title.get(locale) or next(iter(self.title.values()), self.name)


class LifeCycleSpec(Spec):
    """The definition kind ``life_cycle`` (name ``default``): the stages, in the order in which people go through them.

    A person is in the *last* stage whose conditions all hold at the end of the day; everybody fits the first.
    """

    stages: tuple[StageSpec, ...] = Field(min_length=2, max_length=12)

    @field_validator("stages")
    @classmethod
    def _is_sound(cls, stages: tuple[StageSpec, ...]) -> tuple[StageSpec, ...]:
        if stages[0].when:
            raise ValueError(_("the first stage is everybody's and has no conditions"))
        if any(not stage.when for stage in stages[1:]):
            raise ValueError(_("every stage but the first needs a condition"))
        if len({stage.name for stage in stages}) < len(stages):
            raise ValueError(_("two stages have the same name"))
        return stages

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stages in order."""
        return tuple(stage.name for stage in self.stages)

    def stage(self, name: str) -> StageSpec | None:
        """The stage called ``name``, if there is one."""
        return next((stage for stage in self.stages if stage.name == name), None)


class StageGoal(Spec):
    """What is wanted of one stage in one span of the map; every figure is optional.

    Attributes:
        people: in the stage at the end of the span.
        conversion: share of those who were in the stage at some time of the span who came to a later one, the last (where
            people are lost) excepted; for the last stage, of those who left it again.
        gmv_minor: paid in the span by those who are in the stage at its end.
        budget_minor: what may be spent on the stage.
    """

    stage: str
    people: int | None = Field(default=None, ge=0)
    conversion: float | None = Field(default=None, ge=0, le=1)
    gmv_minor: int | None = Field(default=None, ge=0)
    budget_minor: int | None = Field(default=None, ge=0)


class MapSpan(Spec):
    """One column of the map: a year, a quarter or any other days."""

    first: date
    last: date
    title: dict[str, str] = Field(default_factory=dict)
    goals: tuple[StageGoal, ...] = ()

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.last < self.first:
            raise ValueError(_("the span ends before it begins"))
        if len({goal.stage for goal in self.goals}) < len(self.goals):
            raise ValueError(_("a stage has two goals in one span"))
        return self

    def label(self, locale: str) -> str:
        """Its title, else its first and last day."""
        return self.title.get(locale) or next(iter(self.title.values()), f"{self.first} – {self.last}")


class CampaignsOfStage(Spec):
    """Which spend belongs to a stage: campaigns whose name holds one of these words."""

    stage: str
    campaigns: tuple[str, ...] = Field(min_length=1)


class LifeMapSpec(Spec):
    """The definition kind ``life_map`` (name ``default``): goals and resources of each stage over several years.

    Attributes:
        spans: the columns, oldest first.
        spend: which campaigns' spend belongs to which stage; the first that fits takes it, the rest is unassigned.
    """

    spans: tuple[MapSpan, ...] = Field(default=(), max_length=40)
    spend: tuple[CampaignsOfStage, ...] = ()


register("life_cycle", LifeCycleSpec)
register("life_map", LifeMapSpec)


@dataclass(frozen=True)
class Reason:
    """Why somebody changed stage.

    Attributes:
        fact: what decided; None where somebody was met for the first time.
        op, bound, within_days: the condition, as in :class:`StageCondition`.
        holds: True where the condition began to hold, False where it ceased.
        value: what the fact came to that day.
    """

    fact: Fact | None
    op: Literal["at_least", "at_most"] | None
    bound: int | None
    within_days: int | None
    holds: bool | None
    value: int | None


@dataclass(frozen=True)
class Transition:
    """One change of stage; ``start`` is None where the person was met."""

    person: int
    day: date
    start: str | None
    end: str
    reason: Reason


@dataclass(frozen=True)
class PersonLife:
    """Where one person stands.

    Attributes:
        since: first day in the stage.
        next_day, next_stage: what time alone will bring if nothing happens; None where it brings nothing.
        history: every change, latest first.
    """

    stage: str
    since: date
    next_day: date | None
    next_stage: str | None
    history: tuple[Transition, ...]


@dataclass(frozen=True)
class Flow:
    """People who were in ``start`` the day before a period (None: not met yet) and in ``end`` on its last day."""

    start: str | None
    end: str
    people: int


@dataclass(frozen=True)
class StageSizes:
    """People in each stage at the end of each day: ``people[stage][i]`` belongs to ``days[i]``."""

    days: tuple[date, ...]
    people: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class LifePage:
    """The life cycle of a period: flows, sizes by day and how many changed from where to where."""

    stages: tuple[StageSpec, ...]
    flows: tuple[Flow, ...]
    changes: tuple[Flow, ...]
    sizes: StageSizes


@dataclass(frozen=True)
class Figure:
    """Plan against actual; None where it is not planned, or not known yet, or not measured."""

    planned: float | None
    actual: float | None


@dataclass(frozen=True)
class MapCell:
    """One stage in one span of the map.

    Attributes:
        pace: share of the span's days that have passed.
        spend: None where no campaign is assigned to the stage.
    """

    stage: str
    people: Figure
    conversion: Figure
    gmv_minor: Figure
    spend_minor: Figure
    pace: float


@dataclass(frozen=True)
class MapColumn:
    """One span with a cell for every stage; ``unassigned_minor`` was spent on campaigns of no stage."""

    span: MapSpan
    cells: tuple[MapCell, ...]
    unassigned_minor: int
