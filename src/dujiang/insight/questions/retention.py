"""Retention and cohorts: of those who began in a step of time, how many came back in each later one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from dujiang.engine.columns import NOBODY, Columns, Whole
from dujiang.engine.kernels.retention import retention
from dujiang.engine.kernels.steps import Steps
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import following_start
from dujiang.insight.intervals import wilson
from dujiang.insight.questions.analysis import Analysis, Found, no_people
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.division import GROUPS_MAX, Codes, Division, distinct, divided
from dujiang.insight.questions.doings import FAR, Doings, moments
from dujiang.insight.questions.model import Asked, Pick, What
from dujiang.insight.questions.scene import Scene

PERIODS_MAX: Final = 90
_STEP_DAYS: Final = {"day": 1, "week": 7, "month": 30}
_DAY_MS: Final = 24 * 3600 * 1000
Kept = TypeVar("Kept")


class RetentionQuestion(Asked):
    """Who does something, and who does it (or another thing) again later.

    Attributes:
        start: what makes somebody one of a cohort.
        again: what counts as coming back; None: the same thing.
        step: length of a cohort and of the periods after it; on the calendar (weeks from Monday), or rolling.
        periods: how many periods after the start are looked at.
        rolling: periods of 24 hours (7 and 30 days) from each one's start, instead of the calendar's.
        first_time: only people who had never done it before the cohort; else everybody who does it, in each cohort anew.
        back: ``on`` the period exactly, or ``on_or_after`` it (unbounded).
        brackets: instead of single periods: first periods of brackets, rising, such as 1, 3, 7; each reaches to the next, and
            the last to ``periods``.
    """

    type: Literal["retention"] = "retention"
    start: What = What()
    again: What | None = None
    step: Literal["day", "week", "month"] = "week"
    periods: int = Field(default=8, ge=1, le=PERIODS_MAX)
    rolling: bool = False
    first_time: bool = True
    back: Literal["on", "on_or_after"] = "on"
    brackets: tuple[int, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if any(one < 1 for one in self.brackets) or [*self.brackets] != sorted(set(self.brackets)):
            raise ValueError(_("brackets are rising numbers of periods, the first at least 1"))
        if self.brackets and self.brackets[-1] > self.periods:
            raise ValueError(_("a bracket begins within the periods that are looked at"))
        return self


class RetentionPick(Pick):
    """A cell of the triangle.

    Attributes:
        cohort: first day of the cohort; None: all of them.
        period: number of the period (or place of the bracket); None: all who began.
        outcome: those who came ``back``, or who did not (``gone``).
    """

    cohort: date | None = None
    period: int | None = Field(default=None, ge=0, le=PERIODS_MAX)
    outcome: Literal["back", "gone"] = "back"


@dataclass(frozen=True)
class Cohort:
    """One row of the triangle.

    Attributes:
        start: first day of the cohort; None for all of them together.
        key: values of ``by``.
        people: who began.
        back: people who came back, by column; None where the period is not over yet for all of them.
    """

    start: date | None
    key: tuple[str | None, ...]
    people: int
    back: tuple[int | None, ...]


@dataclass(frozen=True)
class CurvePoint:
    """One period of the average curve: people for whom it is over, how many came back, and the 95% interval (Wilson)."""

    period: int
    people: int
    back: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Retention:
    """The answer.

    Attributes:
        labels: first period of each column, 0 being that of the start.
        cohorts: the triangle, oldest first.
        curve: all cohorts together, each as far as it is known.
        groups: the curves of the values of ``by``.
    """

    labels: tuple[int, ...]
    cohorts: tuple[Cohort, ...]
    curve: tuple[CurvePoint, ...]
    groups: tuple[tuple[tuple[str | None, ...], tuple[CurvePoint, ...]], ...] = ()


@dataclass(frozen=True, eq=False)
class _Started:
    """Every start of some people: whose, in which cohort, by column whether they were back, and codes of what divides them."""

    person: Whole
    cohort: Whole
    back: npt.NDArray[np.bool_]
    codes: Codes


@dataclass(frozen=True, eq=False)
class _Counted:
    """Starts added up: those of the same cohort and the same codes are one cell.

    Attributes:
        people: whose they are.
        codes: of each cell.
        cohort: of each cell.
        began: starts in it.
        back: by cell and column how many were back.
    """

    people: int
    codes: Codes
    cohort: Whole
    began: Whole
    back: Whole

    @classmethod
    def of(cls, started: _Started) -> _Counted:
        """The cells of one part."""
        people, once = len(np.unique(started.person)), np.ones(len(started.person), np.int64)
        return cls._summed(people, started.codes, started.cohort, once, started.back)

    @classmethod
    def added(cls, parts: Sequence[_Counted]) -> _Counted:
        """The cells of all parts, of which there is at least one: nobody is in two of them."""
        columns = (
            np.concatenate([getattr(one, name) for one in parts]) for name in ("codes", "cohort", "began", "back")
        )
        return cls._summed(sum(one.people for one in parts), *columns)

    @classmethod
    def _summed(cls, people: int, codes: Codes, cohort: Whole, began: Whole, back: npt.NDArray[Any]) -> _Counted:
        cells, place, _counts = distinct(np.column_stack([codes, cohort]))

        def summed(amounts: npt.NDArray[Any]) -> Whole:
            return np.bincount(place, amounts, len(cells)).astype(np.int64)

        sums = np.column_stack([summed(column) for column in back.T])
        return cls(people, cells[:, :-1], cells[:, -1], summed(began), sums)


@dataclass(frozen=True, eq=False)
class _Calendar:
    """Cohorts and columns, and which cells are over.

    Attributes:
        starts: first days of the cohorts.
        labels: first period of each column, 0 first.
        over: by cohort and column whether all of its days have passed.
    """

    starts: list[date]
    labels: tuple[int, ...]
    over: npt.NDArray[np.bool_]


class RetentionAnalysis(Analysis[RetentionQuestion, RetentionPick]):
    """One pass over the timelines, by :func:`dujiang.engine.kernels.retention.retention`."""

    title = _("Retention and cohorts")
    question = RetentionQuestion
    pick = RetentionPick

    def answer(self, scene: Scene, question: RetentionQuestion) -> Found:
        """The triangle, its curve, and a curve for each group."""
        doings, calendar = Doings(scene, question.where), _calendar(scene, question)
        division = Division(scene, doings.view, question.by)
        parts = _passed(scene, doings, question, calendar, division, _Counted.of)
        counted = _Counted.added([_Counted.of(_nobody(question, calendar, division)), *parts])
        groups = division.groups(counted.codes, counted.began)
        shown = groups[:GROUPS_MAX] if question.by else []
        result = Retention(
            labels=calendar.labels,
            cohorts=_triangle(counted, calendar),
            curve=_curve(counted, calendar, np.arange(len(counted.began))),
            groups=tuple((one.key, _curve(counted, calendar, one.places)) for one in shown),
        )
        notes = ("rows_left_out",) if question.by and len(groups) > GROUPS_MAX else ()
        return Found(result, doings.rows, counted.people, notes)

    def tables(self, question: RetentionQuestion, result: Retention, before: Retention | None) -> tuple[Table, ...]:
        """The triangle, the curve, and the groups."""
        tables = [_triangle_table(result), _curve_table(result.curve, before.curve if before else ())]
        if question.by:
            keys = tuple(Column(one, one, "channel" if one == "channel" else "text") for one in question.by)
            heads = (*keys, Column("people", _("People"), "count"), *_period_columns(result.labels))
            rows = [(*key, curve[0].people, *(point.rate for point in curve)) for key, curve in result.groups]
            picks = [{"keys": [*key]} for key, _curve_of in result.groups]
            tables.append(Table("groups", heads, rows, picks))
        return tuple(tables)

    def people(self, scene: Scene, question: RetentionQuestion, pick: RetentionPick) -> Whole:
        """Those of a cohort who came back in a period, or who did not."""
        doings, calendar = Doings(scene, question.where), _calendar(scene, question)
        if pick.cohort is not None and pick.cohort not in calendar.starts:
            raise no_people()
        if pick.period is not None and pick.period not in calendar.labels:
            raise no_people()
        division = Division(scene, doings.view, question.by)
        having, over, is_back = division.having(pick.keys if question.by else ()), calendar.over, pick.outcome == "back"
        number = None if pick.cohort is None else calendar.starts.index(pick.cohort)
        column = None if pick.period is None else calendar.labels.index(pick.period)

        def those(started: _Started) -> Whole:
            wanted = having(started.codes)
            if number is not None:
                wanted &= started.cohort == number
            if column is not None:
                wanted &= over[started.cohort, column] & (started.back[:, column] == is_back)
            return np.unique(started.person[wanted])

        parts = _passed(scene, doings, question, calendar, division, those)
        return np.unique(np.concatenate([NOBODY, *parts]))


def _calendar(scene: Scene, question: RetentionQuestion) -> _Calendar:
    starts = scene.period.buckets(question.step)
    labels = (0, *(question.brackets or range(1, question.periods + 1)))
    ends = [*(one - 1 for one in labels[1:]), question.periods] if question.brackets else [*labels]
    if question.back == "on_or_after":
        ends = [0, *[question.periods] * (len(labels) - 1)]
    over = np.array([[_last_day(question, start, end) < scene.today for end in ends] for start in starts])
    return _Calendar(starts, labels, over)


def _last_day(question: RetentionQuestion, start: date, period: int) -> date:
    """The last day of a cohort's period for whoever started on its last day."""
    if question.rolling:
        last = following_start(start, question.step) - timedelta(1)
        return last + timedelta(_STEP_DAYS[question.step] * (period + 1))
    for _step in range(period + 1):
        start = following_start(start, question.step)
    return start - timedelta(1)


def _passed(
    scene: Scene,
    doings: Doings,
    question: RetentionQuestion,
    calendar: _Calendar,
    division: Division,
    kept: Callable[[_Started], Kept],
) -> list[Kept]:
    """What is kept of the starts of each part."""
    days = [*calendar.starts]
    for _step in range(question.periods + 1):
        days.append(following_start(days[-1], question.step))
    borders = np.array([round(datetime.combine(one, time(), scene.zone).timestamp() * 1000) for one in days], np.int64)
    step_ms = _STEP_DAYS[question.step] * _DAY_MS if question.rolling else 0
    from_ms, to_ms = moments(scene.period, scene)
    # Who had done it before the period is known only by looking there.
    bits = doings.bits(
        [
            (question.start, 0 if question.first_time else from_ms, to_ms),
            (question.again or question.start, from_ms, FAR),
        ]
    )
    cohorts, periods, first_only = len(calendar.starts), question.periods, question.first_time

    def work(rows: Columns, kinds: Steps, *told: Any) -> Kept:
        found = retention(rows.person, rows.at_ms, kinds, borders, periods, first_only=first_only, step_ms=step_ms)
        inside = (found.cohort < cohorts) & (found.at_ms >= from_ms) & (found.at_ms < to_ms)
        person = found.person[inside]
        back = _columns(found.back[inside].astype(np.bool_), question, calendar)
        return kept(
            _Started(person, found.cohort[inside].astype(np.int64), back, divided(told, found.row[inside], person))
        )

    return doings.view.each(work, doings.view.parts, bits, *division.known)


def _nobody(question: RetentionQuestion, calendar: _Calendar, division: Division) -> _Started:
    back = _columns(np.empty((0, question.periods + 1), np.bool_), question, calendar)
    return _Started(NOBODY, NOBODY, back, np.empty((0, len(division.known)), np.int32))


def _columns(back: npt.NDArray[np.bool_], question: RetentionQuestion, calendar: _Calendar) -> npt.NDArray[np.bool_]:
    """Whether somebody was back, by column: in the period itself, in the bracket, or from then on."""
    back[:, 0] = True  # whoever began was there
    if question.brackets:
        borders = [*calendar.labels[1:], question.periods + 1]
        parts = [back[:, first:last].any(axis=1) for first, last in pairwise(borders)]
        back = np.stack([back[:, 0], *parts], axis=1)
    if question.back == "on_or_after":
        back[:, 1:] = np.maximum.accumulate(back[:, :0:-1], axis=1)[:, ::-1]
    return back


def _triangle(counted: _Counted, calendar: _Calendar) -> tuple[Cohort, ...]:
    found = []
    for number, start in enumerate(calendar.starts):
        mine = counted.cohort == number
        people, back, over = int(counted.began[mine].sum()), counted.back[mine].sum(axis=0), calendar.over[number]
        counts = tuple(int(count) if known else None for count, known in zip(back, over, strict=True))
        found.append(Cohort(start, (), people, (people, *counts[1:])))
    return tuple(found)


def _curve(counted: _Counted, calendar: _Calendar, cells: Any) -> tuple[CurvePoint, ...]:
    cohort, began, back = counted.cohort[cells], counted.began[cells], counted.back[cells]
    points = []
    for column, label in enumerate(calendar.labels):
        known = calendar.over[cohort, column] if column else np.ones(len(cohort), np.bool_)
        people, returned = int(began[known].sum()), int(back[known, column].sum())
        low, high = wilson(returned, people) or (None, None)
        points.append(CurvePoint(label, people, returned, returned / people if people else None, low, high))
    return tuple(points)


def _period_columns(labels: Sequence[int]) -> tuple[Column, ...]:
    return tuple(Column(f"p{label}", str(label), "percent") for label in labels)


def _triangle_table(result: Retention) -> Table:
    heads = (
        Column("cohort", _("Began in"), "day"),
        Column("people", _("People"), "count"),
        *_period_columns(result.labels),
    )
    rows = [
        (
            one.start,
            one.people,
            *(None if count is None or not one.people else count / one.people for count in one.back),
        )
        for one in result.cohorts
    ]
    return Table("triangle", heads, rows, [{"cohort": str(one.start)} for one in result.cohorts])


def _curve_table(curve: Sequence[CurvePoint], before: Sequence[CurvePoint]) -> Table:
    heads = [
        Column("period", _("Period number"), "count"), Column("people", _("People"), "count"),
        Column("back", _("Came back"), "count"),
        Column("rate", _("Share"), "percent"), Column("low", _("at least"), "percent"), Column("high", _("at most"), "percent"),
    ]  # fmt: skip
    rows: list[tuple[Any, ...]] = [(one.period, one.people, one.back, one.rate, one.low, one.high) for one in curve]
    if before:
        heads.append(Column("before", _("Share before"), "percent"))
        rows = [(*row, then.rate) for row, then in zip(rows, before, strict=True)]
    return Table("curve", tuple(heads), rows, [{"period": one.period} for one in curve])
