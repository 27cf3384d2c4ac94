"""The question language: what every question says, and the things people do that questions are about.

A question is a mapping with a ``type``; :func:`dujiang.insight.questions.registry.parse_question` makes it a checked value.

>>> When(preset="last7").period(date(2026, 11, 23))
Period(first=datetime.date(2026, 11, 16), last=datetime.date(2026, 11, 22))
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.foundation.definitions import NAME, Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Comparison, Grain, Period, preset
from dujiang.people.behaviour import WHERE_MAX, Source, column_kind
from dujiang.people.comparison import Where
from dujiang.people.conditions import FIELDS, Condition

BY_MAX: Final = 3
LABEL_MAX: Final = 80
Doing = Literal["events", "orders", "refunds", "conversations"]
"""What things people do are read from; orders are valid ones, in their latest state."""


class When(Spec):
    """Days, by the name people give them (``preset``) or by their dates (``first`` and ``last``)."""

    preset: str = ""
    first: date | None = None
    last: date | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        dated = self.first is not None and self.last is not None
        if bool(self.preset) == dated or (self.first is None) != (self.last is None):
            raise ValueError(_("days are given either as a preset or as first and last"))
        return self

    def period(self, today: date) -> Period:
        """The days, seen from ``today``.

        Raises:
            InvalidInput: ``time.unknown_preset``, ``time.period_backwards`` or ``time.out_of_range``.
        """
        if self.first is not None and self.last is not None:
            return Period(self.first, self.last)
        return preset(self.preset, today)


class What(Spec):
    """One kind of thing that people do.

    Attributes:
        source: where it is read from.
        where: conditions that all have to hold; none: everything of the source.
        label: what people call it; empty: it is described by its conditions.
    """

    source: Doing = "events"
    where: tuple[Where, ...] = Field(default=(), max_length=WHERE_MAX)
    label: str = Field(default="", max_length=LABEL_MAX)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        check_columns(self.source, self.where)
        return self


class Asked(Spec):
    """What every question says.

    Attributes:
        period: the days asked about.
        compare: an earlier period by rule, days of their own (another promotion), or ``none``.
        grain: the steps of a line over time, where the analysis has one.
        time_zone: whose days they are; empty: the brand's.
        people: only what people did who fulfil these conditions now: the language of segments.
        where: only events that fulfil all of these, whatever they count as.
        by: divided by these, three at most: columns of events (``channel``, ``utm_campaign``, ``properties.size``), of
            the person (``person.city``), or tags (``tag.spend_level``).
    """

    period: When = When(preset="last30")
    compare: Comparison | When = "none"
    grain: Grain | None = None
    time_zone: str = Field(default="", max_length=60)
    people: Condition | None = None
    where: tuple[Where, ...] = Field(default=(), max_length=WHERE_MAX)
    by: tuple[str, ...] = Field(default=(), max_length=BY_MAX)

    @model_validator(mode="after")
    def _asked_soundly(self) -> Self:
        self._check_where()
        self._check_by()
        return self

    def _check_where(self) -> None:
        check_columns("events", self.where)

    def _check_by(self) -> None:
        for one in self.by:
            check_by(one)

    def compared(self, period: Period, today: date) -> Period | None:
        """The days that ``period`` is held against; None for none."""
        return self.compare.period(today) if isinstance(self.compare, When) else period.compared(self.compare)


class Pick(Spec):
    """One number of an answer, whose people are asked for. Each analysis adds what names its numbers.

    Attributes:
        keys: values of ``by``, in its order; empty: the whole. None: what states no value.
        earlier: the number of the comparison.
    """

    keys: tuple[str | None, ...] = Field(default=(), max_length=BY_MAX)
    earlier: bool = False


def check_columns(source: Source, where: tuple[Where, ...]) -> None:
    """Refuse conditions that the source cannot answer.

    Raises:
        ValueError: an unknown column, or a comparison that does not fit it.
    """
    for one in where:
        one.fits(column_kind(source, one.column))


def check_by(name: str) -> None:
    """Refuse what nothing can be divided by.

    Raises:
        ValueError: neither a column of events, nor ``person.<field>``, nor ``tag.<name>``.
    """
    owner, _dot, rest = name.partition(".")
    if owner == "person" and rest:
        if rest not in FIELDS or FIELDS[rest] == "list":
            raise InvalidInput("question.by", _("people cannot be divided by “{name}”"), name=rest[:40])
    elif owner == "tag" and rest:
        if not NAME.fullmatch(rest):
            raise InvalidInput("question.by", _("“{name}” is no name of a tag"), name=rest[:40])
    elif column_kind("events", name) not in ("text", "any"):
        raise InvalidInput("question.by", _("{name} has too many different values to divide by"), name=name[:80])
