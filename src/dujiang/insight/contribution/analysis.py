"""Contribution as an analysis: direct and assist by a model of each conversion, increments by tests, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np

from dujiang.engine.columns import Whole
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Grain, Period
from dujiang.insight.attribution.analysis import CREDITS, costs_of
from dujiang.insight.attribution.credit import credited
from dujiang.insight.attribution.journeys import Flags, Journeys, Touched, journeys, touched
from dujiang.insight.attribution.model import LEAST_CONVERSIONS, Credits, Reals, Spread
from dujiang.insight.attribution.question import Credit, ModelName
from dujiang.insight.contribution.change import by_factor
from dujiang.insight.contribution.measured import REASONS, Incremental, measured
from dujiang.insight.contribution.parts import closed_by, divided
from dujiang.insight.contribution.question import ContributionPick, ContributionQuestion
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table, Unit
from dujiang.insight.questions.scene import Scene

_NO_ENDS: Final = (None, None, None, None)


@dataclass(frozen=True)
class Portion:
    """Conversions credited, and their value in minor units.

    Attributes:
        conversions: of all keys together every conversion.
        low: lower end of the interval; None where there is none.
        high: upper end.
        value: in minor units.
        value_low: lower end of the interval of value.
        value_high: upper end.
    """

    conversions: float
    low: float | None
    high: float | None
    value: float
    value_low: float | None
    value_high: float | None


@dataclass(frozen=True)
class Contributed:
    """What one key contributed.

    Attributes:
        key: whose contribution.
        reach: people it touched in the period, or whose conversion of the period it had touched before.
        closed: conversions it closed, each whole.
        helped: conversions it touched and another closed, each whole.
        direct: its share of the conversions it closed.
        assist: its share of those that others closed.
        total: direct and assist together.
        rate: conversions credited ÷ reach; None where nobody was reached.
        worth: value ÷ conversions credited, in minor units; None without conversions.
        cost: in minor units; None where nobody knows.
        roas: value ÷ cost; None where nothing was spent, or nobody knows what.
        cost_each: cost ÷ conversions credited, in minor units.
        incremental: what a test measured; never part of ``total``.
    """

    key: str
    reach: int
    closed: int
    helped: int
    direct: Portion
    assist: Portion
    total: Portion
    rate: float | None
    worth: float | None
    cost: int | None
    roas: float | None
    cost_each: float | None
    incremental: Incremental


@dataclass(frozen=True)
class Step:
    """What one key contributed in one step of time, as far as the step lies in the period; value in minor units."""

    start: date
    key: str
    direct: float
    assist: float
    direct_value: float
    assist_value: float


@dataclass(frozen=True)
class Contribution:
    """The answer.

    Attributes:
        credit: whose contribution is asked for.
        model: that shares out each conversion.
        conversions: of the period, by people who are known.
        value: what they brought, in minor units.
        rows: the largest contribution first.
        line: by step and key, in the order of both; empty where the question names no grain.
    """

    credit: Credit
    model: ModelName
    conversions: int
    value: float
    rows: tuple[Contributed, ...]
    line: tuple[Step, ...]

    def row(self, key: str) -> Contributed | None:
        """What ``key`` contributed."""
        return next((one for one in self.rows if one.key == key), None)


@dataclass(frozen=True)
class Change:
    """Why a contribution is another than before; parts sum to the difference of ``now`` and ``before``.

    Attributes:
        key: whose contribution; empty for all keys together.
        before: value in minor units, or conversions where conversions are worth nothing.
        now: the same of the period.
        by_reach: because more or fewer people were reached.
        by_rate: because more or fewer conversions came of each of them.
        by_worth: because a conversion was worth more or less; 0 where conversions are worth nothing.
        direct: part of the difference in what it closed itself.
        assist: part of the difference in what it helped with.
    """

    key: str
    before: float
    now: float
    by_reach: float
    by_rate: float
    by_worth: float
    direct: float
    assist: float


class ContributionAnalysis(Analysis[ContributionQuestion, ContributionPick]):
    """What channels contribute."""

    title = _("Channel contribution")
    question = ContributionQuestion
    pick = ContributionPick

    def answer(self, scene: Scene, question: ContributionQuestion) -> Found:
        """Direct, assist and measured contribution by key."""
        found, reached = _read(scene, question)
        result = contributed(scene, question, found, reached)
        notes = ["contribution_is_no_effect"]
        if question.rounds and result.conversions < LEAST_CONVERSIONS:
            notes.append("few_conversions")
        notes += dict.fromkeys(str(doubt) for row in result.rows for doubt in row.incremental.doubts)
        return Found(result, len(found.code), len(np.unique(found.person)), tuple(notes))

    def tables(
        self, question: ContributionQuestion, result: Contribution, before: Contribution | None
    ) -> tuple[Table, ...]:
        """Contribution, what changed, what it rests on, tests, and the line over time."""
        unit: Unit = "channel" if question.credit == "channel" else "text"
        key = Column("key", CREDITS[question.credit], unit)
        tables = [_parts(key, result), _basis(key, result), _tests(key, result)]
        if before is not None:
            tables.insert(1, _changes(key, result, before))
        return (*tables, _line(key, result)) if question.grain else tuple(tables)

    def people(self, scene: Scene, question: ContributionQuestion, pick: ContributionPick) -> Whole:
        """Those whose conversions (or touches) the pick names."""
        found, reached = _read(scene, question)
        code = found.keys.index(pick.key) if pick.key in found.keys else -1
        if pick.role == "reached":
            return np.unique(reached.person[reached.code == code] if pick.key else reached.person)
        sold = found.sold
        if pick.start is not None and question.grain:
            sold = sold.only(_steps(scene, question.grain, sold) == pick.start.toordinal())
        return np.unique(sold.person[_taking_part(sold, code, pick)])


def contributed(scene: Scene, question: ContributionQuestion, found: Journeys, reached: Touched) -> Contribution:
    """The answer from journeys: the parts of each key by the model, what they rest on, and what tests measured."""
    sold = found.sold
    closer = closed_by(sold)
    parts = divided(sold, closer)
    of_parts, of_keys = (
        credited(parts, [question.model], question.rounds)[0],
        credited(sold, [question.model], question.rounds)[0],
    )
    reach = np.bincount(reached.code, minlength=len(found.keys))
    closed, counted = np.bincount(closer, minlength=len(found.keys)), _conversions_touched(sold)
    costs = costs_of(scene, question)
    rows = []
    for code, key in enumerate(found.keys):
        total, cost = _portion(of_keys, code), costs.get(key)
        people, sales = int(reach[code]), total.conversions
        rows.append(
            Contributed(
                key, people, int(closed[code]), int(counted[code] - closed[code]),
                _portion(of_parts, 2 * code), _portion(of_parts, 2 * code + 1), total,
                sales / people if people else None,
                total.value / sales if sales > 0 else None,
                cost,
                total.value / cost if cost else None,
                cost / sales if cost is not None and sales > 0 else None,
                measured(scene, question, key),
            )
        )  # fmt: skip
    rows.sort(key=lambda one: (-one.total.value, -one.total.conversions, one.key))
    line = _by_step(scene, question, parts, [one.key for one in rows]) if question.grain else ()
    return Contribution(
        question.credit, question.model.name, found.converted, float(found.value.sum()), tuple(rows), line
    )


def changes(result: Contribution, before: Contribution) -> tuple[Change, ...]:
    """What changed against the earlier period: of all keys together, then of each, the largest difference first."""
    in_money = bool(result.value or before.value)
    keys = dict.fromkeys(one.key for one in (*result.rows, *before.rows))
    each = sorted((_changed(key, result, before, in_money) for key in keys), key=lambda one: -abs(one.now - one.before))
    sums = {name: sum(getattr(one, name) for one in each) for name in Change.__dataclass_fields__ if name != "key"}
    return (Change(key="", **sums), *each)


def _changed(key: str, result: Contribution, before: Contribution, in_money: bool) -> Change:
    now, then = result.row(key), before.row(key)
    factors = by_factor(_factors(then, in_money), _factors(now, in_money))
    direct, assist = (
        tuple(_amount(getattr(one, name) if one else None, in_money) for one in (then, now))
        for name in ("direct", "assist")
    )
    earlier, later = (_amount(one.total if one else None, in_money) for one in (then, now))
    return Change(key, earlier, later, *factors, direct=direct[1] - direct[0], assist=assist[1] - assist[0])


def _factors(one: Contributed | None, in_money: bool) -> tuple[float | None, ...]:
    if one is None:
        return 0.0, None, None if in_money else 1.0
    return float(one.reach), one.rate, one.worth if in_money else 1.0


def _amount(portion: Portion | None, in_money: bool) -> float:
    return 0.0 if portion is None else portion.value if in_money else portion.conversions


def _portion(of: tuple[Credits, Spread | None], code: int) -> Portion:
    credit, spread = of
    ends = _NO_ENDS if spread is None else tuple(
        float(column[code]) for column in (spread.low, spread.high, spread.value_low, spread.value_high)
    )  # fmt: skip
    return Portion(float(credit.conversions[code]), ends[0], ends[1], float(credit.value[code]), ends[2], ends[3])


def _read(scene: Scene, question: ContributionQuestion) -> tuple[Journeys, Touched]:
    """Journeys, and who was touched by which key in the period or before a conversion of the period; each pair once."""
    found = journeys(scene, question)
    others = touched(scene, question, found.keys)
    sold = found.sold
    person = np.concatenate([np.repeat(sold.person, sold.lengths), others.person])
    code = np.concatenate([sold.code, others.code])
    pairs = np.unique(np.stack([person[code >= 0], code[code >= 0]]), axis=1)
    reached = Touched(others.keys, pairs[0].astype(np.int64), pairs[1].astype(np.int32))
    return replace(found, keys=others.keys), reached


def _conversions_touched(sold: Journeys) -> Reals:
    """Conversions that each key touched at all."""
    pairs = np.unique(np.repeat(np.arange(len(sold.person)), sold.lengths) * len(sold.keys) + sold.code)
    return np.bincount(pairs % max(len(sold.keys), 1), minlength=len(sold.keys)).astype(np.float64)


def _taking_part(sold: Journeys, code: int, pick: ContributionPick) -> Flags:
    if not pick.key or not len(sold.person):
        return np.ones(len(sold.person), np.bool_)
    took_part = np.logical_or.reduceat(sold.code == code, sold.offsets[:-1])
    closed: Flags = closed_by(sold) == code
    return {"any": took_part, "direct": closed, "assist": took_part & ~closed}[pick.role]


def _steps(scene: Scene, grain: Grain, sold: Journeys) -> Whole:
    """The first day of the step that each conversion lies in, as the ordinal of a day."""
    starts = scene.period.buckets(grain)
    ends = [int(Period(one, one).moments(scene.zone)[0].timestamp() * 1000) for one in starts]
    place = np.searchsorted(np.array(ends), sold.end_ms, side="right") - 1
    return np.array([one.toordinal() for one in starts], np.int64)[place]


def _by_step(scene: Scene, question: ContributionQuestion, parts: Journeys, keys: list[str]) -> tuple[Step, ...]:
    assert question.grain is not None
    steps, codes = _steps(scene, question.grain, parts), {key: place // 2 for place, key in enumerate(parts.keys)}
    line = []
    for start in scene.period.buckets(question.grain):
        [(credit, _spread)] = credited(parts.only(steps == start.toordinal()), [question.model], 0)
        for key in keys:
            direct, assist = 2 * codes[key], 2 * codes[key] + 1
            amounts = (
                float(column[part]) for column in (credit.conversions, credit.value) for part in (direct, assist)
            )
            line.append(Step(start, key, *amounts))
    return tuple(line)


def _parts(key: Column, result: Contribution) -> Table:
    columns = (
        key,
        Column("conversions", _("Contribution"), "number"),
        Column("low", _("Interval from"), "number"),
        Column("high", _("Interval to"), "number"),
        Column("direct", _("Sold directly"), "number"),
        Column("assist", _("Assisted sales"), "number"),
        Column("assist_share", _("Assist share"), "percent"),
        Column("value", _("Contributed value"), "money"),
        Column("value_low", _("Value from"), "money"),
        Column("value_high", _("Value to"), "money"),
        Column("direct_value", _("Direct value"), "money"),
        Column("assist_value", _("Assist value"), "money"),
        Column("cost", _("Cost"), "money"),
        Column("roas", _("Return on spend"), "ratio"),
        Column("cost_each", _("Cost per conversion"), "money"),
    )
    rows = [
        (
            one.key, one.total.conversions, one.total.low, one.total.high, one.direct.conversions, one.assist.conversions,
            one.assist.conversions / one.total.conversions if one.total.conversions > 0 else None,
            one.total.value, one.total.value_low, one.total.value_high, one.direct.value, one.assist.value,
            one.cost, one.roas, one.cost_each,
        )
        for one in result.rows
    ]  # fmt: skip
    return Table("contribution", columns, rows, [{"key": one.key} for one in result.rows])


def _changes(key: Column, result: Contribution, before: Contribution) -> Table:
    unit: Unit = "money" if result.value or before.value else "number"
    named = (
        ("before", _("Before")), ("now", _("Now")), ("change", _("Difference")), ("by_reach", _("by people reached")),
        ("by_rate", _("by conversions per person")), ("by_worth", _("by value of a conversion")),
        ("direct", _("of it direct")), ("assist", _("of it assist")),
    )  # fmt: skip
    found = changes(result, before)
    rows = [
        (
            one.key,
            one.before,
            one.now,
            one.now - one.before,
            one.by_reach,
            one.by_rate,
            one.by_worth,
            one.direct,
            one.assist,
        )
        for one in found[1:]
    ]
    columns = (key, *(Column(name, label, unit) for name, label in named))
    return Table("changes", columns, rows, [{"key": one.key} for one in found[1:]])


def _basis(key: Column, result: Contribution) -> Table:
    columns = (
        key,
        Column("reach", _("People reached"), "count"),
        Column("rate", _("Conversions per person"), "ratio"),
        Column("worth", _("Value of a conversion"), "money"),
        Column("closed", _("Closed"), "count"),
        Column("helped", _("Helped to convert"), "count"),
    )
    rows = [(one.key, one.reach, one.rate, one.worth, one.closed, one.helped) for one in result.rows]
    return Table("basis", columns, rows, [{"key": one.key, "role": "reached"} for one in result.rows])


def _tests(key: Column, result: Contribution) -> Table:
    columns = (
        key,
        Column("test", _("Test")),
        Column("first", _("Test began"), "day"),
        Column("last", _("Test ended"), "day"),
        Column("conversions", _("Incremental conversions"), "number"),
        Column("low", _("Interval from"), "number"),
        Column("high", _("Interval to"), "number"),
        Column("value", _("Incremental value"), "money"),
        Column("value_low", _("Value from"), "money"),
        Column("value_high", _("Value to"), "money"),
        Column("cost", _("Cost of the test"), "money"),
        Column("reason", _("Why nothing is known")),
    )
    rows = [(one.key, *_measured(one.incremental)) for one in result.rows]
    return Table("incremental", columns, rows)


def _measured(one: Incremental) -> tuple[Any, ...]:
    ends, nothing = (one.value, one.low, one.high), (None, None, None)
    numbers = (*nothing, *ends) if one.metric == "sales" else (*ends, *nothing)
    return one.test, one.first, one.last, *numbers, one.cost_minor, REASONS[one.reason] if one.reason else ""


def _line(key: Column, result: Contribution) -> Table:
    columns = (
        Column("start", _("From"), "day"),
        key,
        Column("direct", _("Sold directly"), "number"),
        Column("assist", _("Assisted sales"), "number"),
        Column("direct_value", _("Direct value"), "money"),
        Column("assist_value", _("Assist value"), "money"),
    )
    rows = [(one.start, one.key, one.direct, one.assist, one.direct_value, one.assist_value) for one in result.line]
    picks = [{"key": one.key, "start": one.start.isoformat()} for one in result.line]
    return Table("line", columns, rows, picks)
