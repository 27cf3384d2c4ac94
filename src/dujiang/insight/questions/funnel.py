"""Funnels: how many of those who began went on to each next step, how long it took them, and who was lost where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from dujiang.engine.columns import Code, Whole
from dujiang.engine.kernels.funnel import Exclusion as Between
from dujiang.engine.kernels.funnel import Funnel, Order, Ties, funnel
from dujiang.engine.kernels.rules import EVER
from dujiang.foundation.definitions import Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Grain, bucket_start
from dujiang.insight.intervals import wilson
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.division import GROUPS_MAX, Division, Group
from dujiang.insight.questions.doings import Doings, day_starts, moments
from dujiang.insight.questions.model import Asked, Pick, What
from dujiang.insight.questions.scene import Scene
from dujiang.people.behaviour import column_kind

STEPS_MAX: Final = 10
EXCLUSIONS_MAX: Final = 5
WITHIN_DAYS_MAX: Final = 366
_MINUTES_MAX: Final = WITHIN_DAYS_MAX * 24 * 60
_DAY_MS: Final = 24 * 3600 * 1000
_FAR: Final = 1 << 50
_TIMES: Final = tuple(
    60_000 * minutes for minutes in (1, 5, 15, 60, 240, 1440, 3 * 1440, 7 * 1440, 14 * 1440, 30 * 1440, 90 * 1440)
)
"""Upper ends of the bins of the time that the whole way takes, in milliseconds."""


class FunnelStep(What):
    """One step.

    Attributes:
        optional: whoever leaves it out may go on.
        within_minutes: at most so long after the step before; None for as long as the whole allows.
    """

    optional: bool = False
    within_minutes: int | None = Field(default=None, ge=1, le=_MINUTES_MAX)


class Exclusion(Spec):
    """What ends an attempt when it comes between two steps.

    Attributes:
        what: the thing.
        after: number of the step after which it counts, the first being 1.
        before: number of the step before which it counts; None: the one after ``after``.
    """

    what: What
    after: int = Field(default=1, ge=1, le=STEPS_MAX)
    before: int | None = Field(default=None, ge=2, le=STEPS_MAX)


class FunnelQuestion(Asked):
    """Steps one after the other. The first has to happen in the period, the others may follow after its end; in any order
    (``order: any``) all of them have to happen in the period.

    The words for what a chain of steps is are those of :class:`dujiang.engine.kernels.funnel.Funnel`.

    Attributes:
        steps: two to ten.
        within_minutes: the whole way takes at most so long after the first step.
        within_days: instead of that, calendar days: 1 is the day of the first step.
        order: ``ordered`` (others may lie in between), ``strict`` (no other step in between), ``any``.
        ties: what comes after what at the same moment: as recorded (``rows``), in the order of the steps (``steps``), each
            after the other (``either``), or neither (``never``).
        once: no step of the way so far may be repeated before the next.
        excluding: what ends an attempt.
        same: a column of events (``content_id``, ``properties.order``) that has to hold the same value at every step; pairs of
            person and value are counted then.
        reentry: count each time somebody gets through, too.
        by_step: whose value divides: the ``first`` step, the ``last`` one reached, or the number of a step.
    """

    type: Literal["funnel"] = "funnel"
    steps: tuple[FunnelStep, ...] = Field(min_length=2, max_length=STEPS_MAX)
    within_minutes: int = Field(default=7 * 24 * 60, ge=1, le=_MINUTES_MAX)
    within_days: int | None = Field(default=None, ge=1, le=WITHIN_DAYS_MAX)
    order: Order = "ordered"
    ties: Ties = "rows"
    once: bool = False
    excluding: tuple[Exclusion, ...] = Field(default=(), max_length=EXCLUSIONS_MAX)
    same: str = ""
    reentry: bool = False
    by_step: Literal["first", "last"] | int = "first"

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if isinstance(self.by_step, int) and not 1 <= self.by_step <= len(self.steps):
            raise ValueError(f"by_step names a step from 1 to {len(self.steps)}")
        if self.same and column_kind("events", self.same) not in ("text", "any"):
            raise ValueError(f"{self.same} is nothing that could be held the same")
        try:
            self.rules(_FAR)
        except InvalidInput as error:
            raise ValueError(error.text("en")) from None
        return self

    def rules(self, window_ms: int) -> Funnel:
        """What a chain has to fulfil, as the kernel takes it."""
        windows = [one.within_minutes for one in self.steps]
        return Funnel(
            steps=len(self.steps),
            order=self.order,
            ties=self.ties,
            once=self.once,
            optional=frozenset(place for place, one in enumerate(self.steps) if one.optional),
            window_ms=window_ms,
            step_ms=tuple(EVER if one is None else one * 60_000 for one in windows) if any(windows) else (),
            days=self.within_days,
            exclusions=tuple(Between(one.after - 1, (one.before or one.after + 1) - 1) for one in self.excluding),
            reentry=self.reentry,
        )


class FunnelPick(Pick):
    """Those at a step: who reached it, or who was lost after it.

    Attributes:
        step: number of the step, the first being 1.
        outcome: ``reached`` it, or ``dropped`` after it, without reaching the next.
    """

    step: int = Field(default=1, ge=1, le=STEPS_MAX)
    outcome: Literal["reached", "dropped"] = "reached"


@dataclass(frozen=True)
class StepFigures:
    """One step.

    Attributes:
        people: who reached it (pairs of person and value, where a column is held the same).
        of_first: share of those who began; None where nobody did.
        of_previous: share of those who reached the step before; None for the first, and where nobody did.
        low: lower end of the 95% interval (Wilson) of ``of_first``.
        high: upper end.
        median_ms: median time since the step before; None where nobody got there.
        p90_ms: nine of ten needed at most this long.
    """

    people: int
    of_first: float | None
    of_previous: float | None
    low: float | None
    high: float | None
    median_ms: float | None
    p90_ms: float | None


@dataclass(frozen=True)
class FunnelGroup:
    """The steps of those with the same values of ``by``; the key is empty for all.

    Attributes:
        key: values of ``by``.
        steps: in order; with ``order: any`` the first, second … of them, whichever.
        completed: how often the whole way was gone; with ``reentry`` more than once for some.
    """

    key: tuple[str | None, ...]
    steps: tuple[StepFigures, ...]
    completed: int


@dataclass(frozen=True)
class TrendPoint:
    """Those who began in a step of time, and how many of them got through."""

    start: date
    began: int
    through: int


@dataclass(frozen=True)
class FunnelAnswer:
    """The answer.

    Attributes:
        whole: everybody.
        groups: divided by ``by``, those with most beginners first.
        trend: over time, where a grain is asked for.
        times: how long the whole way took: upper ends of bins in milliseconds, and people in each.
        left_out: groups beyond the first fifty.
    """

    whole: FunnelGroup
    groups: tuple[FunnelGroup, ...] = ()
    trend: tuple[TrendPoint, ...] = ()
    times: tuple[tuple[int, int], ...] = ()
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class _Chains:
    """The furthest chains of everybody: whose, in which part of the view, by step the row and the moment (-1: none)."""

    person: Whole
    reached: Whole
    part: Code
    rows: Whole
    at_ms: Whole
    completed: Whole

    def took(self, step: int, *, is_optional: bool) -> npt.NDArray[np.bool_]:
        """Which of them took a step, the first being 0."""
        return self.rows[:, step] >= 0 if is_optional else self.reached > step


class FunnelAnalysis(Analysis[FunnelQuestion, FunnelPick]):
    """One pass over the timelines, by :func:`dujiang.engine.kernels.funnel.funnel`."""

    title = _("Funnel")
    question = FunnelQuestion
    pick = FunnelPick

    def answer(self, scene: Scene, question: FunnelQuestion) -> Found:
        """How many came how far, of everybody and of each group."""
        doings = Doings(scene, question.where)
        chains = _chains(scene, doings, question)
        groups = _divided(scene, doings, question, chains)
        shown = groups[:GROUPS_MAX]
        everybody = np.arange(len(chains.person))
        through = chains.took(len(question.steps) - 1, is_optional=False)
        result = FunnelAnswer(
            whole=_group((), chains, everybody, question),
            groups=tuple(_group(one.key, chains, one.places, question) for one in shown) if question.by else (),
            trend=_trend(scene, chains, through, question.grain) if question.grain else (),
            times=_times(chains, through),
            left_out=len(groups) - len(shown),
        )
        notes = ("rows_left_out",) if result.left_out else ()
        return Found(result, doings.rows, len(np.unique(chains.person)), notes)

    def tables(self, question: FunnelQuestion, result: FunnelAnswer, before: FunnelAnswer | None) -> tuple[Table, ...]:
        """Steps, groups, the trend, and times."""
        names = [one.label or str(place) for place, one in enumerate(question.steps, 1)]
        tables = [_step_table(names, result.whole, before.whole if before else None)]
        if question.by:
            tables.append(_group_table(question, names, result))
        if result.trend:
            heads = (
                Column("start", _("From"), "day"),
                Column("began", _("Began"), "count"),
                Column("through", _("Got through"), "count"),
            )
            rows = [
                (one.start, one.began, one.through, one.through / one.began if one.began else None)
                for one in result.trend
            ]
            tables.append(Table("trend", (*heads, Column("rate", _("Conversion"), "percent")), rows))
        heads = Column("up_to", _("Took at most"), "duration"), Column("people", _("People"), "count")
        tables.append(Table("times", heads, list(result.times)))
        return tuple(tables)

    def people(self, scene: Scene, question: FunnelQuestion, pick: FunnelPick) -> Whole:
        """Those who reached a step, or were lost after it."""
        doings = Doings(scene, question.where)
        chains = _chains(scene, doings, question)
        step = min(pick.step, len(question.steps)) - 1
        wanted = chains.took(step, is_optional=question.steps[step].optional)
        if pick.outcome == "dropped":
            wanted &= chains.reached == step + 1
        if question.by and pick.keys:
            places = [one.places for one in _divided(scene, doings, question, chains) if one.key == pick.keys]
            inside = np.zeros(len(wanted), np.bool_)
            inside[np.concatenate([np.empty(0, np.intp), *places])] = True
            wanted &= inside
        return np.unique(chains.person[wanted])


def _chains(scene: Scene, doings: Doings, question: FunnelQuestion) -> _Chains:
    from_ms, to_ms = moments(scene.period, scene)
    days = question.within_days
    window = EVER if days else question.within_minutes * 60_000
    until = to_ms if question.order == "any" else to_ms + (days * _DAY_MS if days else window)
    things: list[What] = [*question.steps, *(one.what for one in question.excluding)]
    whats = [(one, from_ms, until if place or question.order == "any" else to_ms) for place, one in enumerate(things)]
    rules = question.rules(window)
    starts = day_starts(scene, from_ms, until) if days else np.empty(0, np.int64)
    view, bits = doings.view, doings.bits(whats)
    none = [np.empty(0, np.int32)] * len(view.parts)
    held = [codes.astype(np.int32) for codes in view.codes(question.same).parts] if question.same else none

    def work(rows: Any, of_rows: Any, same: Any) -> Any:
        found = funnel(rows.person, rows.at_ms, of_rows, rules, same, starts)
        at_ms = np.where(found.rows >= 0, rows.at_ms[found.rows], -1)
        return found, at_ms

    parts = view.each(work, view.parts, bits, held)
    count = len(question.steps)
    empty = np.empty((0, count), np.int64)
    return _Chains(
        person=np.concatenate([np.empty(0, np.int64), *(one.person for one, _at in parts)]),
        reached=np.concatenate([np.empty(0, np.int64), *(one.reached for one, _at in parts)]),
        part=np.concatenate(
            [np.empty(0, np.int32), *(np.full(len(one.person), n, np.int32) for n, (one, _at) in enumerate(parts))]
        ),
        rows=np.concatenate([empty, *(one.rows for one, _at in parts)]),
        at_ms=np.concatenate([empty, *(at for _one, at in parts)]),
        completed=np.concatenate([np.empty(0, np.int64), *(one.completed for one, _at in parts)]),
    )


def _divided(scene: Scene, doings: Doings, question: FunnelQuestion, chains: _Chains) -> list[Group]:
    division = Division(scene, doings.view, question.by)
    last = chains.rows.shape[1] - 1 - np.argmax(chains.rows[:, ::-1] >= 0, axis=1)
    step = last if question.by_step == "last" else 0 if question.by_step == "first" else question.by_step - 1
    rows = chains.rows[np.arange(len(chains.rows)), step]
    return division.groups(chains.part, rows, chains.person)


def _group(key: tuple[str | None, ...], chains: _Chains, places: Any, question: FunnelQuestion) -> FunnelGroup:
    at_ms, figures = chains.at_ms[places], list[StepFigures]()
    began = len(places)
    before, previous = np.full(began, -1, np.int64), began
    for step, one in enumerate(question.steps):
        took = chains.took(step, is_optional=one.optional)[places]
        people = int(np.count_nonzero(took))
        lags = (at_ms[:, step] - before)[took & (at_ms[:, step] >= 0) & (before >= 0)]
        low, high = wilson(people, began) or (None, None)
        figures.append(
            StepFigures(
                people=people,
                of_first=people / began if began else None,
                of_previous=None if not step or not previous else people / previous,
                low=low,
                high=high,
                median_ms=float(np.median(lags)) if len(lags) else None,
                p90_ms=float(np.quantile(lags, 0.9)) if len(lags) else None,
            )
        )
        before = np.where(at_ms[:, step] >= 0, at_ms[:, step], before)
        previous = previous if one.optional else people
    return FunnelGroup(key, tuple(figures), int(chains.completed[places].sum()))


def _trend(scene: Scene, chains: _Chains, through: Any, grain: Grain) -> tuple[TrendPoint, ...]:
    from_ms, to_ms = moments(scene.period, scene)
    first = chains.at_ms[:, 0]
    days = np.searchsorted(day_starts(scene, from_ms, to_ms), first, "right") - 1
    began, done = (Counter[date](), Counter[date]())
    for day, count in zip(*np.unique(days, return_counts=True), strict=True):
        began[bucket_start(scene.period.first + timedelta(int(day)), grain)] += int(count)
    for day, count in zip(*np.unique(days[through], return_counts=True), strict=True):
        done[bucket_start(scene.period.first + timedelta(int(day)), grain)] += int(count)
    return tuple(TrendPoint(start, began[start], done[start]) for start in scene.period.buckets(grain))


def _times(chains: _Chains, through: Any) -> tuple[tuple[int, int], ...]:
    took = chains.at_ms[through, -1] - chains.at_ms[through, 0]
    if not len(took):
        return ()
    places = np.searchsorted(np.array(_TIMES), took, "left")
    counts = np.bincount(places, minlength=len(_TIMES) + 1)
    ends = (*_TIMES, int(took.max()))
    return tuple((end, int(count)) for end, count in zip(ends, counts, strict=True) if count)


def _step_table(names: Sequence[str], whole: FunnelGroup, before: FunnelGroup | None) -> Table:
    columns = [
        Column("step", _("Step")), Column("people", _("People"), "count"),
        Column("of_first", _("Of the first step"), "percent"),
        Column("low", _("at least"), "percent"), Column("high", _("at most"), "percent"),
        Column("of_previous", _("Of the step before"), "percent"), Column("lost", _("Lost after it"), "count"),
        Column("median", _("Median time"), "duration"), Column("p90", _("Nine of ten within"), "duration"),
    ]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for place, (name, one) in enumerate(zip(names, whole.steps, strict=True)):
        following = whole.steps[place + 1].people if place + 1 < len(names) else None
        lost = None if following is None else max(0, one.people - following)
        rows.append(
            (name, one.people, one.of_first, one.low, one.high, one.of_previous, lost, one.median_ms, one.p90_ms)
        )
    if before:
        columns += [
            Column("before", _("Before"), "count"),
            Column("before_of_first", _("Of the first step, before"), "percent"),
        ]
        rows = [(*row, then.people, then.of_first) for row, then in zip(rows, before.steps, strict=True)]
    return Table("steps", tuple(columns), rows, [{"step": place} for place in range(1, len(names) + 1)])


def _group_table(question: FunnelQuestion, names: Sequence[str], result: FunnelAnswer) -> Table:
    keys = (Column(one, one, "channel" if one == "channel" else "text") for one in question.by)
    steps = (Column(f"step{place}", name, "count") for place, name in enumerate(names, 1))
    rows = [(*one.key, *(step.people for step in one.steps), one.steps[-1].of_first) for one in result.groups]
    picks = [{"step": 1, "keys": [*one.key]} for one in result.groups]
    return Table("groups", (*keys, *steps, Column("rate", _("Conversion"), "percent")), rows, picks)
