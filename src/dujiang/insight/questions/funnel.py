"""Funnels: how many of those who began went on to each next step, how long it took them, and who was lost where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from dujiang.engine.columns import NOBODY, Columns, Whole
from dujiang.engine.kernels.funnel import Exclusion as Between
from dujiang.engine.kernels.funnel import Funnel, Order, Ties, funnel
from dujiang.engine.kernels.rules import EVER
from dujiang.engine.kernels.steps import Steps
from dujiang.foundation.definitions import Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Grain, Period, bucket_start
from dujiang.insight.intervals import wilson
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.division import GROUPS_MAX, Codes, Division, distinct, divided
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
Kept = TypeVar("Kept")


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
            raise InvalidInput("question.step", _("by_step names a step from 1 to {last}"), last=len(self.steps))
        if self.same and column_kind("events", self.same) not in ("text", "any"):
            raise InvalidInput("question.same", _("{name} is nothing that could be held the same"), name=self.same[:80])
        self.rules(_FAR)
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
        outcome: ``reached`` it, or ``dropped`` after it, without reaching any later one.
        start: who began in the step of time that starts on this day; None for the whole period.
        took_ms: who went the whole way in the time whose bin ends here, in milliseconds; None for any.
    """

    step: int = Field(default=1, ge=1, le=STEPS_MAX)
    outcome: Literal["reached", "dropped"] = "reached"
    start: date | None = None
    took_ms: int | None = Field(default=None, ge=0)


@dataclass(frozen=True)
class StepFigures:
    """One step.

    Attributes:
        people: who reached it (pairs of person and value, where a column is held the same).
        of_first: share of those who began; None where nobody did.
        of_previous: share of those who reached the step before; None for the first, and where nobody did.
        lost: who took it and came no further; None for the last.
        low: lower end of the 95% interval (Wilson) of ``of_first``.
        high: upper end.
        median_ms: median time since the step before; None where nobody got there.
        p90_ms: nine of ten needed at most this long.
    """

    people: int
    of_first: float | None
    of_previous: float | None
    lost: int | None
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
    """The furthest chains of some people: whose, how far, by step the moment (-1: none), and codes of what divides them."""

    person: Whole
    reached: npt.NDArray[np.integer[Any]]
    at_ms: Whole
    completed: npt.NDArray[np.integer[Any]]
    codes: Codes

    def took(self, step: int, *, is_optional: bool) -> npt.NDArray[np.bool_]:
        """Which of them took a step, the first being 0."""
        return self.at_ms[:, step] >= 0 if is_optional else self.reached > step


@dataclass(frozen=True, eq=False)
class _Counted:
    """Chains added up: those with the same codes are one cell.

    Attributes:
        people: whose they are.
        codes: of each cell.
        began: chains in it.
        completed: how often the whole way was gone.
        took: by cell and step how many took it.
        lost: and how many of these came no further.
        lag_cell, lag_step, lag_ms: every time from one step to the next that was taken; medians need them one by one.
        began_on: by day of the period how many began.
        through_of: and how many of these got through.
        times: by bin of :data:`_TIMES` (longer times last) how many took so long for the whole way.
        longest_ms: and the longest; -1 for none.
    """

    people: int
    codes: Codes
    began: Whole
    completed: Whole
    took: Whole
    lost: Whole
    lag_cell: Whole
    lag_step: Whole
    lag_ms: Whole
    began_on: Whole
    through_of: Whole
    times: Whole
    longest_ms: int

    @classmethod
    def of(cls, chains: _Chains, optional: Sequence[bool], days: Whole) -> _Counted:
        """The cells of one part.

        Args:
            chains: of the part.
            optional: which steps may be left out.
            days: moments at which the days of the period begin.
        """
        cells, place, began = distinct(chains.codes)
        at_ms, lags = chains.at_ms, list[npt.NDArray[np.bool_]]()
        before, tooks, waits = np.full(len(at_ms), -1, np.int64), list[Any](), list[Whole]()
        for step, is_optional in enumerate(optional):
            took, moment = chains.took(step, is_optional=is_optional), at_ms[:, step]
            lags.append(took & (moment >= 0) & (before >= 0))
            waits.append((moment - before)[lags[-1]])
            tooks.append(took)
            before = np.where(moment >= 0, moment, before)
        lost = [took & (chains.reached == step) for step, took in enumerate(tooks, 1)]
        through = chains.took(len(optional) - 1, is_optional=False)
        day = np.searchsorted(days, at_ms[:, 0], "right") - 1
        whole_way = at_ms[through, -1] - at_ms[through, 0]
        return cls(
            people=len(np.unique(chains.person)),
            codes=cells,
            began=began,
            completed=_sums(place, chains.completed, len(cells)),
            took=np.column_stack([_sums(place, one, len(cells)) for one in tooks]),
            lost=np.column_stack([_sums(place, one, len(cells)) for one in lost]),
            lag_cell=np.concatenate([place[one] for one in lags]),
            lag_step=np.repeat(np.arange(len(optional)), [len(one) for one in waits]),
            lag_ms=np.concatenate(waits),
            began_on=np.bincount(day, minlength=len(days)),
            through_of=np.bincount(day[through], minlength=len(days)),
            times=np.bincount(_bins(whole_way), minlength=len(_TIMES) + 1),
            longest_ms=int(whole_way.max(initial=-1)),
        )

    @classmethod
    def added(cls, parts: Sequence[_Counted]) -> _Counted:
        """The cells of all parts, of which there is at least one: nobody is in two of them."""

        def joined(name: str) -> npt.NDArray[Any]:
            return np.concatenate([getattr(one, name) for one in parts])

        def summed(name: str) -> Any:
            return sum(getattr(one, name) for one in parts)

        cells, place, _counts = distinct(joined("codes"))
        starts = np.cumsum([0, *(len(one.began) for one in parts)])
        lag_cell = place[np.concatenate([one.lag_cell + start for one, start in zip(parts, starts, strict=False)])]
        lag_step = joined("lag_step")
        order = np.lexsort((lag_step, lag_cell))

        def by_step(name: str) -> Whole:
            return np.column_stack([_sums(place, column, len(cells)) for column in joined(name).T])

        return cls(
            people=summed("people"),
            codes=cells,
            began=_sums(place, joined("began"), len(cells)),
            completed=_sums(place, joined("completed"), len(cells)),
            took=by_step("took"),
            lost=by_step("lost"),
            lag_cell=lag_cell[order],
            lag_step=lag_step[order],
            lag_ms=joined("lag_ms")[order],
            began_on=summed("began_on"),
            through_of=summed("through_of"),
            times=summed("times"),
            longest_ms=max(one.longest_ms for one in parts),
        )

    def lags(self, cells: Whole) -> list[Whole]:
        """The times to each step, of ``cells``."""
        first, last = np.searchsorted(self.lag_cell, cells, "left"), np.searchsorted(self.lag_cell, cells, "right")
        rows = np.concatenate([np.empty(0, np.int64), *map(np.arange, first, last)])
        step, lag_ms = self.lag_step[rows], self.lag_ms[rows]
        return [lag_ms[step == one] for one in range(self.took.shape[1])]


def _sums(place: Whole, amounts: npt.NDArray[Any], count: int) -> Whole:
    return np.bincount(place, amounts, count).astype(np.int64)


def _bins(took_ms: Any) -> Any:
    """The bins of :data:`_TIMES` that lengths of time fall into; the last is for all longer ones."""
    return np.searchsorted(np.array(_TIMES), took_ms, "left")


class FunnelAnalysis(Analysis[FunnelQuestion, FunnelPick]):
    """One pass over the timelines, by :func:`dujiang.engine.kernels.funnel.funnel`."""

    title = _("Funnel")
    question = FunnelQuestion
    pick = FunnelPick

    def answer(self, scene: Scene, question: FunnelQuestion) -> Found:
        """How many came how far, of everybody and of each group."""
        doings = Doings(scene, question.where)
        division = Division(scene, doings.view, question.by)
        optional, days = [one.optional for one in question.steps], day_starts(scene, *moments(scene.period, scene))

        def count(chains: _Chains) -> _Counted:
            return _Counted.of(chains, optional, days)

        counted = _Counted.added([count(_nobody(question)), *_passed(scene, doings, question, division, count)])
        groups = division.groups(counted.codes, counted.began)
        shown = groups[:GROUPS_MAX]
        result = FunnelAnswer(
            whole=_group((), counted, np.arange(len(counted.began)), question),
            groups=tuple(_group(one.key, counted, one.places, question) for one in shown) if question.by else (),
            trend=_trend(scene, counted, question.grain) if question.grain else (),
            times=_times(counted),
            left_out=len(groups) - len(shown),
        )
        notes = ("rows_left_out",) if result.left_out else ()
        return Found(result, doings.rows, counted.people, notes)

    def tables(self, question: FunnelQuestion, result: FunnelAnswer, before: FunnelAnswer | None) -> tuple[Table, ...]:
        """Steps, groups, the trend, and times."""
        names = [_step_name(place, one) for place, one in enumerate(question.steps, 1)]
        tables = [_step_table(names, result.whole, before.whole if before else None)]
        if question.by:
            tables.append(_group_table(question, names, result, before))
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
            picks = [{"step": 1, "start": str(one.start)} if one.began else None for one in result.trend]
            through = [{"step": len(names), "start": str(one.start)} if one.through else None for one in result.trend]
            columns = (*heads, Column("rate", _("Conversion"), "percent"))
            tables.append(Table("trend", columns, rows, picks, {"through": through}))
        heads = Column("up_to", _("Took at most"), "duration"), Column("people", _("People"), "count")
        bins = [{"step": len(names), "took_ms": up_to} for up_to, _people in result.times]
        tables.append(Table("times", heads, list(result.times), bins))
        return tuple(tables)

    def people(self, scene: Scene, question: FunnelQuestion, pick: FunnelPick) -> Whole:
        """Those who reached a step, or were lost after it: of all, of a step of time, or of a length of time."""
        doings = Doings(scene, question.where)
        division = Division(scene, doings.view, question.by)
        having, dropped = division.having(pick.keys if question.by else ()), pick.outcome == "dropped"
        step = min(pick.step, len(question.steps)) - 1
        is_optional, last = question.steps[step].optional, len(question.steps) - 1
        from_ms, to_ms = _began_in(scene, question, pick.start) if pick.start else (0, _FAR)

        def those(chains: _Chains) -> Whole:
            wanted = chains.took(step, is_optional=is_optional) & having(chains.codes)
            if dropped:
                wanted &= chains.reached == step + 1
            if pick.start:
                wanted &= (chains.at_ms[:, 0] >= from_ms) & (chains.at_ms[:, 0] < to_ms)
            if pick.took_ms is not None:
                took_ms = chains.at_ms[:, last] - chains.at_ms[:, 0]
                wanted &= chains.took(last, is_optional=False) & (_bins(took_ms) == _bins(pick.took_ms))
            return np.unique(chains.person[wanted])

        return np.unique(np.concatenate([NOBODY, *_passed(scene, doings, question, division, those)]))


def _passed(
    scene: Scene, doings: Doings, question: FunnelQuestion, division: Division, kept: Callable[[_Chains], Kept]
) -> list[Kept]:
    """What is kept of the chains of each part."""
    from_ms, to_ms = moments(scene.period, scene)
    days = question.within_days
    window = EVER if days else question.within_minutes * 60_000
    until = to_ms if question.order == "any" else to_ms + (days * _DAY_MS if days else window)
    things: list[What] = [*question.steps, *(one.what for one in question.excluding)]
    whats = [(one, from_ms, until if place or question.order == "any" else to_ms) for place, one in enumerate(things)]
    rules = question.rules(window)
    starts = day_starts(scene, from_ms, until) if days else np.empty(0, np.int64)
    view, bits = doings.view, doings.bits(whats)
    held = [view.codes(question.same).parts] if question.same else []
    known, by_step = len(held), question.by_step

    def work(rows: Columns, of_rows: Steps, *told: Any) -> Kept:
        same = told[0].astype(np.int32) if known else np.empty(0, np.int32)
        found = funnel(rows.person, rows.at_ms, of_rows, rules, same, starts)
        at_ms = np.where(found.rows >= 0, rows.at_ms[found.rows], -1)
        last = found.rows.shape[1] - 1 - np.argmax(found.rows[:, ::-1] >= 0, axis=1)
        step = last if by_step == "last" else 0 if by_step == "first" else by_step - 1
        codes = divided(told[known:], found.rows[np.arange(len(found.rows)), step], found.person)
        return kept(_Chains(found.person, found.reached, at_ms, found.completed, codes))

    return view.each(work, view.parts, bits, *held, *division.known)


def _began_in(scene: Scene, question: FunnelQuestion, start: date) -> tuple[int, int]:
    """The moments of the step of time that starts on a day; those of none where that is no start of one."""
    starts = [*scene.period.buckets(question.grain or "day")]
    if start not in starts:
        return 0, 0
    following = starts[starts.index(start) + 1 :]
    return moments(Period(start, following[0] - timedelta(1) if following else scene.period.last), scene)


def _nobody(question: FunnelQuestion) -> _Chains:
    steps, codes = np.empty((0, len(question.steps)), np.int64), np.empty((0, len(question.by)), np.int32)
    return _Chains(NOBODY, NOBODY, steps, NOBODY, codes)


def _group(key: tuple[str | None, ...], counted: _Counted, cells: Whole, question: FunnelQuestion) -> FunnelGroup:
    began, took, lost = (
        int(counted.began[cells].sum()),
        counted.took[cells].sum(axis=0),
        counted.lost[cells].sum(axis=0),
    )
    figures, previous, last = list[StepFigures](), began, len(question.steps) - 1
    for step, (one, lags) in enumerate(zip(question.steps, counted.lags(cells), strict=True)):
        people = int(took[step])
        low, high = wilson(people, began) or (None, None)
        figures.append(
            StepFigures(
                people=people,
                of_first=people / began if began else None,
                of_previous=None if not step or not previous else people / previous,
                lost=int(lost[step]) if step < last else None,
                low=low,
                high=high,
                median_ms=float(np.median(lags)) if len(lags) else None,
                p90_ms=float(np.quantile(lags, 0.9)) if len(lags) else None,
            )
        )
        previous = previous if one.optional else people
    return FunnelGroup(key, tuple(figures), int(counted.completed[cells].sum()))


def _trend(scene: Scene, counted: _Counted, grain: Grain) -> tuple[TrendPoint, ...]:
    began, done = (Counter[date](), Counter[date]())
    for number, (count, through) in enumerate(zip(counted.began_on, counted.through_of, strict=True)):
        start = bucket_start(scene.period.first + timedelta(number), grain)
        began[start] += int(count)
        done[start] += int(through)
    return tuple(TrendPoint(start, began[start], done[start]) for start in scene.period.buckets(grain))


def _times(counted: _Counted) -> tuple[tuple[int, int], ...]:
    ends = (*_TIMES, counted.longest_ms)
    return tuple((end, int(count)) for end, count in zip(ends, counted.times, strict=True) if count)


def _step_name(place: int, one: FunnelStep) -> str:
    """A step by its own label, else by the event or the source that it is of."""
    named = [str(each.value) for each in one.where if each.column == "name" and each.op == "is"]
    return one.label or f"{place}. {named[0] if named else one.source}"


def _step_table(names: Sequence[str], whole: FunnelGroup, before: FunnelGroup | None) -> Table:
    columns = [
        Column("step", _("Step")), Column("people", _("People"), "count"),
        Column("of_first", _("Of the first step"), "percent"),
        Column("low", _("at least"), "percent"), Column("high", _("at most"), "percent"),
        Column("of_previous", _("Of the step before"), "percent"), Column("lost", _("Lost after it"), "count"),
        Column("median", _("Median time"), "duration"), Column("p90", _("Nine of ten within"), "duration"),
    ]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for name, one in zip(names, whole.steps, strict=True):
        rows.append(
            (name, one.people, one.of_first, one.low, one.high, one.of_previous, one.lost, one.median_ms, one.p90_ms)
        )
    places = range(1, len(names) + 1)
    cells = {
        "lost": [
            {"step": place, "outcome": "dropped"} if one.lost else None
            for place, one in zip(places, whole.steps, strict=True)
        ]
    }
    if before:
        columns += [
            Column("before", _("Before"), "count"),
            Column("before_of_first", _("Of the first step, before"), "percent"),
        ]
        rows = [(*row, then.people, then.of_first) for row, then in zip(rows, before.steps, strict=True)]
        cells["before"] = [
            {"step": place, "earlier": True} if one.people else None
            for place, one in zip(places, before.steps, strict=True)
        ]
    return Table("steps", tuple(columns), rows, [{"step": place} for place in places], cells)


def _group_table(
    question: FunnelQuestion, names: Sequence[str], result: FunnelAnswer, before: FunnelAnswer | None
) -> Table:
    keys = (Column(one, one, "channel" if one == "channel" else "text") for one in question.by)
    steps = (Column(f"step{place}", name, "count") for place, name in enumerate(names, 1))
    columns = [*keys, *steps, Column("rate", _("Conversion"), "percent")]
    rows: list[tuple[Any, ...]] = [
        (*one.key, *(step.people for step in one.steps), one.steps[-1].of_first) for one in result.groups
    ]
    picks = [{"step": 1, "keys": [*one.key]} for one in result.groups]
    cells = {
        f"step{place}": [
            {**pick, "step": place} if one.steps[place - 1].people else None
            for pick, one in zip(picks, result.groups, strict=True)
        ]
        for place in range(1, len(names) + 1)
    }
    if before:
        earlier = {one.key: one.steps[-1].of_first for one in before.groups}
        columns.append(Column("before", _("Conversion before"), "percent"))
        rows = [(*row, earlier.get(one.key)) for row, one in zip(rows, result.groups, strict=True)]
    return Table("groups", tuple(columns), rows, picks, cells)
