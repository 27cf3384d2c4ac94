"""What a metric is, as a definition: where its number comes from, how it is read, and why it may differ elsewhere.

Beside it what is wanted of a metric: a band in which it is healthy, and goals.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from dujiang.foundation import expression
from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Comparison, Period

Kind = Literal["simple", "ratio", "derived", "cumulative", "conversion"]
Unit = Literal["money", "count", "percent", "ratio", "duration"]
Direction = Literal["up", "down", "none"]
Standing = Literal["below", "within", "above", "unknown"]
Aggregate = Literal["sum", "count", "count_distinct", "avg", "max", "median", "p90", "filled"]
Operator = Literal[
    "is", "is_not", "among", "not_among", "of_group", "at_least", "at_most", "above", "below", "known", "unknown"
]  # fmt: skip
Group = Literal[
    "sales", "customers", "retention", "traffic", "engagement", "spend", "service", "profile", "stages", "private"
]  # fmt: skip
Value = StrictBool | StrictInt | StrictFloat | date | StrictStr

WHOLE: Final = ("avg", "max", "median", "p90", "filled")
"""Aggregates that need all rows at once and cannot be put together from those of each person."""

_LISTS: Final = ("among", "not_among")
_PLAIN: Final = ("known", "unknown")


class Condition(Spec):
    """One condition on a column (in a metric) or a dimension (in a query).

    ``known`` and ``unknown`` take no value, ``among`` and ``not_among`` a list, all others one value. ``of_group`` is for
    columns of channels, and only in metrics: the channels of a group, such as ``private``.
    """

    column: str
    op: Operator = "is"
    value: Value | tuple[Value, ...] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        shape = tuple if self.op in _LISTS else type(None) if self.op in _PLAIN else (bool, int, float, date, str)
        if not isinstance(self.value, shape):
            raise InvalidInput("metric.operator", _("the operator {op} does not go with this value"), op=self.op)
        return self


class People(Spec):
    """Who stands behind a number that is computed from others: those of one metric, without those of another."""

    of: str
    without: str = ""


class MetricSpec(Spec):
    """The definition kind ``metric``.

    Attributes:
        type: ``simple`` aggregates one table; ``ratio`` divides two metrics; ``derived`` is arithmetic over metrics;
            ``cumulative`` takes a simple metric from the beginning (or over the last ``window_days``) to the end of each
            period; ``conversion`` is the share of the people behind ``start`` who are behind ``goal`` from
            ``after_days`` to ``within_days`` later.
        unit: money is in minor units, a percent is a fraction (0.123), a duration is in milliseconds.
        column: what is aggregated; with ``filled`` the ``columns`` whose filled share is averaged.
        date: the day or moment column that decides which period a row belongs to.
        until: the day column from which on a row counts no longer, for a number that rises and falls, such as people in a
            stage; only for what a cumulative metric takes in.
        channel: the column that means the channel, where it is not ``channel``.
        spread: only people whose rows hold at least two values of this column.
        of_total: the denominator is that of all rows together, over all channels, instead of this row's.
        people: who is behind a derived metric.
        formula: the definition as one sentence, per language.
        differs: why the platforms' own figure differs, per language; empty where no platform has one.
        caveat: what the number leaves out, per language.
    """

    type: Kind = "simple"
    group: Group
    unit: Unit
    direction: Direction = "none"
    decimals: int = Field(default=0, ge=0, le=4)
    table: str = ""
    aggregate: Aggregate = "count"
    column: str = ""
    columns: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    date: str = "day"
    until: str = ""
    channel: str = ""
    spread: str = ""
    numerator: str = ""
    denominator: str = ""
    of_total: bool = False
    expression: str = ""
    of: str = ""
    window_days: int | None = Field(default=None, ge=1, le=400)
    start: str = ""
    goal: str = ""
    after_days: int = Field(default=0, ge=0, le=400)
    within_days: int = Field(default=0, ge=0, le=400)
    people: People | None = None
    formula: dict[str, str]
    differs: dict[str, str] = Field(default_factory=dict)
    caveat: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_what_its_type_needs(self) -> Self:
        missing = [name for name in _NEEDS[self.type] if not getattr(self, name)]
        if missing:
            sentence = _("a metric of type {type} needs {missing}")
            raise InvalidInput("metric.incomplete", sentence, type=self.type, missing=", ".join(missing))
        if self.type == "simple" and self.aggregate not in ("count", "filled") and not self.column:
            raise InvalidInput("metric.incomplete", _("the aggregate {name} needs a column"), name=self.aggregate)
        if self.aggregate == "filled" and not self.columns:
            raise ValueError(_("the aggregate filled needs columns"))
        if self.expression:
            expression.parse(self.expression)
        return self

    def parts(self) -> tuple[str, ...]:
        """Names of the metrics that this one is computed from, each once, in order."""
        if self.type == "derived":
            return tuple(dict.fromkeys(expression.parse(self.expression).names()))
        named = (self.numerator, self.denominator, self.of, self.start, self.goal)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def additive(self) -> bool:
        """Whether the values of parts may be summed to the value of the whole, over any dimension and over time."""
        return self.type == "simple" and self.aggregate in ("sum", "count") and not self.spread


_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "simple": ("table",),
    "ratio": ("numerator", "denominator"),
    "derived": ("expression",),
    "cumulative": ("of",),
    "conversion": ("start", "goal", "within_days"),
}


class BandSpec(Spec):
    """The definition kind ``band``: where a metric is healthy.

    Attributes:
        metric: name of the metric.
        at_least: it is too low below this.
        at_most: it is too high above this.
        fall: it fell too far when it is down by more than this share of what it was (0.15: fifteen percent).
        rise: it rose too far when it is up by more than this share.
        against: what fall and rise are measured against.
        by: the dimension whose every value has to be within the band, such as ``channel``; empty: the total.
        where: conditions on dimensions.
        days: on so many days in a row before anybody is told.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    fall: float | None = Field(default=None, ge=0, le=1)
    rise: float | None = Field(default=None, ge=0)
    against: Comparison = "none"
    by: str = ""
    where: tuple[Condition, ...] = ()
    days: int = Field(default=1, ge=1, le=400)

    @model_validator(mode="after")
    def _is_a_band(self) -> Self:
        if all(edge is None for edge in (self.at_least, self.at_most, self.fall, self.rise)):
            raise ValueError(_("a band says at_least, at_most, fall, rise, or several of them"))
        if (self.fall is not None or self.rise is not None) != (self.against != "none"):
            raise ValueError(_("fall and rise are measured against something: previous, last_year or weekday"))
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(_("at_least must not be larger than at_most"))
        return self

    def judge(self, value: float | None, change: float | None = None) -> Standing:
        """Where a value stands; ``change`` is its relative change against what the band names.

        >>> BandSpec(metric="cross_channel_share", at_least=0.2, at_most=0.35).judge(0.4)
        'above'
        >>> BandSpec(metric="cross_channel_share", at_least=0.2).judge(None)
        'unknown'
        >>> BandSpec(metric="cac", rise=0.5, against="previous").judge(9_000, 0.6)
        'above'
        """
        if value is None or (self.against != "none" and change is None):
            return "unknown"
        if _under(value, self.at_least) or _under(change, None if self.fall is None else -self.fall):
            return "below"
        return "above" if _over(value, self.at_most) or _over(change, self.rise) else "within"


def _under(value: float | None, edge: float | None) -> bool:
    return value is not None and edge is not None and value < edge


def _over(value: float | None, edge: float | None) -> bool:
    return value is not None and edge is not None and value > edge


class GoalSpec(Spec):
    """The definition kind ``goal``: what a metric is to come to in a period.

    Attributes:
        metric: name of the metric.
        first: the first day of the period.
        last: its last day.
        target: the value to reach, or to stay below where less is better.
        where: conditions on dimensions.
    """

    metric: str
    first: date
    last: date
    target: float
    where: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        Period(self.first, self.last)
        return self

    @property
    def period(self) -> Period:
        """Its days."""
        return Period(self.first, self.last)


class AnnotationSpec(Spec):
    """The definition kind ``annotation``: something that explains a turn in a line, such as a price change."""

    first: date
    last: date | None = None
    channels: tuple[str, ...] = ()
    """Empty: it concerns all of them."""

    @property
    def period(self) -> Period:
        """Its days; one day where no last one is given."""
        return Period(self.first, self.last or self.first)


class RiverSpec(Spec):
    """The definition kind ``river`` (name ``default``): from when on a branch of the river is marked."""

    weakening: float = Field(default=0.15, gt=0, lt=1)
    """A branch that lost more than this share of its people against the comparison."""
    weakening_people_min: int = Field(default=30, ge=0)
    """Branches that were smaller than this are noise."""
    overwide: float = Field(default=0.40, gt=0, lt=1)
    """A channel that holds more than this share of all people."""


register("metric", MetricSpec)
register("band", BandSpec)
register("goal", GoalSpec)
register("annotation", AnnotationSpec)
register("river", RiverSpec)
