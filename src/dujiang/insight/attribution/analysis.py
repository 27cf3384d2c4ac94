"""Attribution as an analysis: credits by model beside each other, what keys do in journeys, and the most frequent paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dujiang.engine.columns import Whole
from dujiang.engine.question import ask, table
from dujiang.foundation.i18n import _
from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.credit import credited
from dujiang.insight.attribution.journeys import Flags, Journeys, folded, journeys, persons_of
from dujiang.insight.attribution.model import LEAST_CONVERSIONS, Credits, Reals, Spread
from dujiang.insight.attribution.question import (
    MODELS,
    NONE,
    AttributionPick,
    AttributionQuestion,
    Credit,
    JourneyQuestion,
    Model,
    ModelName,
)
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table, Unit
from dujiang.insight.questions.scene import Scene

PATHS_MAX: Final = 50


@dataclass(frozen=True)
class Share:
    """What one model gives to one key.

    Attributes:
        conversions: credited; all keys together make all conversions.
        low: lower end of the interval; None where there is none.
        high: upper end.
        value: credited, in minor units.
        value_low: lower end of the interval of value.
        value_high: upper end.
        roas: value ÷ cost; None where nothing was spent, or nobody knows what.
        cost_each: cost ÷ conversions, in minor units; of first orders this is what a new customer costs.
    """

    conversions: float
    low: float | None
    high: float | None
    value: float
    value_low: float | None
    value_high: float | None
    roas: float | None
    cost_each: float | None


@dataclass(frozen=True)
class Credited:
    """What one model gives.

    Attributes:
        model: its name.
        shares: in the order of the keys.
    """

    model: ModelName
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Role:
    """What touches of one key do in journeys.

    Attributes:
        touches: of all journeys.
        touched: conversions that were touched by it at all.
        first: conversions whose journey it opened.
        last: conversions whose journey it closed.
        assisted: conversions that it touched without being last.
        unconverted: journeys without a conversion that were touched by it.
    """

    touches: int
    touched: int
    first: int
    last: int
    assisted: int
    unconverted: int

    @property
    def assist_share(self) -> float | None:
        """How many of the conversions it touched it did not close."""
        return self.assisted / self.touched if self.touched else None


@dataclass(frozen=True)
class Way:
    """A path: what was touched in order.

    Attributes:
        keys: in the order of the touches.
        conversions: of journeys that went this way.
        value: what they brought, in minor units.
        unconverted: journeys this way that did not convert.
    """

    keys: tuple[str, ...]
    conversions: int
    value: float
    unconverted: int


@dataclass(frozen=True)
class Attribution:
    """The answer.

    Attributes:
        credit: what credit goes to.
        keys: in the order of the conversions that they touched.
        conversions: of the period, by people who are known.
        value: what they brought, in minor units.
        untouched: conversions before which no touch is known.
        unconverted: journeys that did not convert.
        touches: all touches.
        costs: by key, in minor units; None where nobody knows.
        models: what each gives, as asked.
        roles: in the order of the keys.
        ways: the most frequent paths of those who converted.
    """

    credit: Credit
    keys: tuple[str, ...]
    conversions: int
    value: float
    untouched: int
    unconverted: int
    touches: int
    costs: tuple[int | None, ...]
    models: tuple[Credited, ...]
    roles: tuple[Role, ...]
    ways: tuple[Way, ...]

    @property
    def touches_each(self) -> float | None:
        """Touches of a journey on the average; None without journeys."""
        found = self.conversions + self.unconverted
        return self.touches / found if found else None


class AttributionAnalysis(Analysis[AttributionQuestion, AttributionPick]):
    """Shares conversions out over touches."""

    title = _("Attribution")
    question = AttributionQuestion
    pick = AttributionPick

    def answer(self, scene: Scene, question: AttributionQuestion) -> Found:
        """Credits by model, roles and paths."""
        found = journeys(scene, question)
        result = summed(found, question, costs_of(scene, question))
        notes = ["attribution_is_no_effect"]
        if question.rounds and result.conversions < LEAST_CONVERSIONS:
            notes.append("few_conversions")
        return Found(result, len(found.code), found.people, tuple(notes))

    def tables(
        self, question: AttributionQuestion, result: Attribution, before: Attribution | None
    ) -> tuple[Table, ...]:
        """Models beside each other; every credit with its interval; roles; paths."""
        unit: Unit = "channel" if question.credit == "channel" else "text"
        key = Column("key", CREDITS[question.credit], unit)
        return (
            _compared(key, result),
            _credits(key, result, before),
            _roles(key, result),
            _ways(result),
        )

    def people(self, scene: Scene, question: AttributionQuestion, pick: AttributionPick) -> Whole:
        """Those whose journeys the pick names."""
        found = journeys(scene, question)
        return persons_of(found, picked(found, pick))


CREDITS: Final[dict[Credit, str]] = {
    "channel": _("Channel"),
    "origin": _("Origin"),
    "campaign": _("Campaign"),
    "content": _("Content"),
    "guide": _("Guide"),
    "store": _("Store"),
}


def summed(found: Journeys, question: AttributionQuestion, costs: dict[str, int]) -> Attribution:
    """The answer from journeys and costs by key."""
    roles = _role_counts(found)
    order = sorted(
        range(len(found.keys)), key=lambda code: (-roles[code].touched, -roles[code].touches, found.keys[code])
    )
    known = tuple(costs.get(found.keys[code]) for code in order)
    given = credited(found, question.models, question.rounds) if len(found.person) else ()
    return Attribution(
        question.credit,
        tuple(found.keys[code] for code in order),
        found.converted,
        float(found.value.sum()),
        _untouched(found),
        len(found.person) - found.converted,
        len(found.code),
        known,
        tuple(_shared(model, *one, order, known) for model, one in zip(question.models, given, strict=False)),
        tuple(roles[code] for code in order),
        _most_frequent(found),
    )


def picked(found: Journeys, pick: AttributionPick) -> Flags:
    """The journeys that ``pick`` names."""
    chosen = found.is_converted == pick.converted
    if pick.path:
        codes = [found.keys.index(one) if one in found.keys else -1 for one in pick.path]
        chosen = chosen & (found.lengths == len(codes))
        start = found.offsets[:-1][chosen]
        same = np.ones(len(start), np.bool_)
        for place, code in enumerate(codes):
            same &= found.code[start + place] == code
        chosen[chosen] = same
        return chosen
    if not pick.key:
        return chosen
    code = found.keys.index(pick.key) if pick.key in found.keys else -1
    return chosen & _playing(found, code)[pick.role]


def _playing(found: Journeys, code: int) -> dict[str, Flags]:
    """Which journeys a key touched, opened, closed, or touched without closing."""
    nothing = np.zeros(len(found.person), np.bool_)
    if not len(found.person):
        return dict.fromkeys(("any", "first", "last", "assist"), nothing)
    hits = found.code == code
    touched = np.logical_or.reduceat(hits, found.offsets[:-1])
    last = hits[found.offsets[1:] - 1]
    return {"any": touched, "first": hits[found.offsets[:-1]], "last": last, "assist": touched & ~last}


def _role_counts(found: Journeys) -> list[Role]:
    kernel: Any = kernels.role_counts
    counts = kernel(found.offsets, found.code, found.converted, len(found.keys))
    return [Role(*(int(count) for count in of_key)) for of_key in counts]


def _untouched(found: Journeys) -> int:
    return int((found.code == found.keys.index(NONE)).sum()) if NONE in found.keys else 0


def _shared(
    model: Model, credit: Credits, spread: Spread | None, order: list[int], costs: tuple[int | None, ...]
) -> Credited:
    shares = []
    for code, cost in zip(order, costs, strict=True):
        conversions, value = float(credit.conversions[code]), float(credit.value[code])
        ends: list[float | None] = [None] * 4
        if spread is not None:
            columns: list[Reals] = [spread.low, spread.high, spread.value_low, spread.value_high]
            ends = [float(column[code]) for column in columns]
        roas = value / cost if cost else None
        each = cost / conversions if cost is not None and conversions > 0 else None
        shares.append(Share(conversions, ends[0], ends[1], value, ends[2], ends[3], roas, each))
    return Credited(model.name, tuple(shares))


def _most_frequent(found: Journeys) -> tuple[Way, ...]:
    """The paths of those who converted; those that differ only in what led to them are one."""
    paths = found.folded.paths
    paths = folded(paths, np.zeros(len(paths.channel), np.bool_)).paths
    which = np.flatnonzero(paths.converted > 0)
    if len(which) > PATHS_MAX:
        least = np.partition(paths.converted[which], -PATHS_MAX)[-PATHS_MAX]
        which = which[paths.converted[which] >= least]
    codes = {int(at): paths.channel[paths.offsets[at] : paths.offsets[at + 1]].tolist() for at in which}
    ranked = sorted(codes, key=lambda at: (-paths.converted[at], len(codes[at]), codes[at]))[:PATHS_MAX]
    return tuple(
        Way(
            tuple(found.keys[code] for code in codes[at]),
            round(paths.converted[at]),
            float(paths.value[at]),
            round(paths.nulls[at]),
        )
        for at in ranked
    )


def costs_of(scene: Scene, question: JourneyQuestion) -> dict[str, int]:
    """What was spent by key; what the question states wins."""
    column = {"channel": "channel", "campaign": "campaign_name"}.get(question.credit)
    if column is None:
        return dict(question.costs)
    rows = table("spend_day")
    rows = rows.filter(rows["day"].between(scene.period.first, scene.period.last) & rows["cost_minor"].notnull())
    answer = ask(scene.con, rows.group_by(key=rows[column]).agg(cost=rows["cost_minor"].sum()))
    spent = {one["key"]: one["cost"] for one in answer.to_pylist() if one["key"] is not None}
    return {**spent, **question.costs}


def _compared(key: Column, result: Attribution) -> Table:
    columns = [key, Column("cost", _("Cost"), "money")]
    columns += [Column(one.model, MODELS[one.model], "number") for one in result.models]
    rows = [
        (name, result.costs[place], *(one.shares[place].conversions for one in result.models))
        for place, name in enumerate(result.keys)
    ]
    return Table("models", tuple(columns), rows, [{"key": name} for name in result.keys])


def _credits(key: Column, result: Attribution, before: Attribution | None) -> Table:
    columns = [
        key,
        Column("model", _("Model")),
        Column("conversions", _("Conversions"), "number"),
        Column("low", _("From"), "number"),
        Column("high", _("To"), "number"),
        Column("value", _("Value credited"), "money"),
        Column("value_low", _("Value from"), "money"),
        Column("value_high", _("Value to"), "money"),
        Column("cost", _("Cost"), "money"),
        Column("roas", _("Return on spend"), "ratio"),
        Column("cost_each", _("Cost per conversion"), "money"),
    ]
    if before is not None:
        columns.append(Column("before", _("Before"), "number"))
    earlier = {
        (name, one.model): one.shares[place].conversions
        for one in (before.models if before else ())
        for place, name in enumerate(before.keys if before else ())
    }
    rows, picks = [], []
    for one in result.models:
        for place, name in enumerate(result.keys):
            share = one.shares[place]
            row = (
                name, one.model, share.conversions, share.low, share.high, share.value, share.value_low,
                share.value_high, result.costs[place], share.roas, share.cost_each,
            )  # fmt: skip
            rows.append((*row, earlier.get((name, one.model), 0.0)) if before is not None else row)
            picks.append({"key": name})
    return Table("credits", tuple(columns), rows, picks)


def _roles(key: Column, result: Attribution) -> Table:
    columns = (
        key,
        Column("touches", _("Touches"), "count"),
        Column("touched", _("Conversions touched"), "count"),
        Column("first", _("Opened"), "count"),
        Column("last", _("Closed"), "count"),
        Column("assisted", _("Assisted"), "count"),
        Column("assist_share", _("Assist share"), "percent"),
        Column("unconverted", _("Touched without converting"), "count"),
    )
    rows = [
        (name, one.touches, one.touched, one.first, one.last, one.assisted, one.assist_share, one.unconverted)
        for name, one in zip(result.keys, result.roles, strict=True)
    ]
    return Table("roles", columns, rows, [{"key": name} for name in result.keys])


def _ways(result: Attribution) -> Table:
    columns = (
        Column("path", _("Path")),
        Column("conversions", _("Conversions"), "count"),
        Column("share", _("Share"), "percent"),
        Column("value", _("Value of conversions"), "money"),
        Column("unconverted", _("Without converting"), "count"),
    )
    rows = [
        (
            " → ".join(one.keys),
            one.conversions,
            one.conversions / result.conversions,
            one.value,
            one.unconverted,
        )
        for one in result.ways
    ]
    return Table("paths", columns, rows, [{"path": [*one.keys]} for one in result.ways])
