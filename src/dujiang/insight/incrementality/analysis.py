"""Tests of incrementality as analyses: what a test changed, and what a test by market could see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dujiang.engine.columns import Whole
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality import panels
from dujiang.insight.incrementality.answered import MEASURED, RELATIVE, Lift, answered
from dujiang.insight.incrementality.design import (
    Plan,
    Screened,
    Shape,
    candidates,
    hopeful,
    judged,
    ranked,
    screened,
    unflattered,
)
from dujiang.insight.incrementality.designs import POWER_AT
from dujiang.insight.incrementality.model import Doubt, Reals
from dujiang.insight.incrementality.question import STEP_DAYS, LiftPick, LiftPlanQuestion, LiftQuestion, Outcome
from dujiang.insight.questions.analysis import Analysis, Found, no_people
from dujiang.insight.questions.answer import Column, Table, Unit
from dujiang.insight.questions.scene import Scene

PLANS_MAX: Final = 12

OUTCOMES: Final[dict[Outcome, str]] = {
    "sales": _("Net sales"),
    "orders": _("Orders"),
    "buyers": _("Buyers"),
    "new_customers": _("New customers"),
}


class LiftAnalysis(Analysis[LiftQuestion, LiftPick]):
    """What a test changed."""

    title = _("Incrementality test")
    question = LiftQuestion
    pick = LiftPick
    compares = False

    def answer(self, scene: Scene, question: LiftQuestion) -> Found:
        """The estimates, as far as the days of the test are over."""
        result = answered(scene.con, question.test, scene.today)
        return Found(result, len(result.line), result.people, tuple(str(one) for one in result.doubts))

    def tables(self, question: LiftQuestion, result: Lift, before: Any) -> tuple[Table, ...]:  # noqa: ARG002
        """Estimates, and the line over time."""
        unit: Unit = "money" if question.test.metric == "sales" else "number"
        rows = [
            (MEASURED[one.name], *(_scaled(end, one.name, unit) for end in (one.value, one.low, one.high)), one.p)
            for one in result.readings
        ]
        columns = (
            Column("name", _("Estimate of")), Column("value", _("Estimate")), Column("low", _("From")), Column("high", _("To")),
            Column("p", _("p-value"), "ratio"),
        )  # fmt: skip
        line = (
            Column("start", _("From"), "day"), Column("observed", _("Observed"), unit), Column("expected", _("Expected"), unit)
        )  # fmt: skip
        points = [(one.start, one.observed, one.expected) for one in result.line]
        return Table("estimates", columns, rows), Table("line", line, points)

    def people(self, scene: Scene, question: LiftQuestion, pick: LiftPick) -> Whole:
        """Those who bought in the treated markets."""
        test = question.test
        if test.design != "geo":
            raise no_people()
        names = (pick.market,) if pick.market else test.markets
        return panels.buyers(scene.con, test.unit, test.period, test.channels, names)


def _scaled(value: float | None, name: str, unit: Unit) -> str | None:
    """A number as text, because the column holds several units."""
    if value is None:
        return None
    if name in RELATIVE:
        return f"{value * 100:+.1f}%"
    return f"{value / 100:,.2f}" if unit == "money" else f"{value:,.2f}"


@dataclass(frozen=True)
class Planned:
    """A test by market that could be made.

    Attributes:
        markets: that would be treated.
        length: days.
        detectable: smallest relative effect that is seen with the power asked for.
        alarms: share of the pretended tests that are significant though nothing happened.
        share: part of the metric that the markets make.
        cost_minor: of the treatment.
        cost_per_gain: cost ÷ gain if the effect is just the detectable one; of sales without unit, else minor units for each.
        power: share of the tests that find an effect of :data:`POWER_AT`.
    """

    markets: tuple[str, ...]
    length: int
    detectable: float
    alarms: float
    share: float
    cost_minor: int
    cost_per_gain: float | None
    power: tuple[float, ...]


@dataclass(frozen=True)
class LiftPlans:
    """The answer: plans that can be judged, those that see the smallest effect first.

    Attributes:
        plans: at most twelve.
        markets: all that could be treated or compared with, and their part of the metric.
        small: markets left out because they sell too little.
        tried: choices of markets and lengths that were tried.
        doubts: why there are no plans.
        flattered: how many times larger all effects are stated, for what choosing the best of so many flatters.
    """

    plans: tuple[Planned, ...]
    markets: tuple[tuple[str, float], ...]
    small: tuple[str, ...]
    tried: int
    doubts: tuple[Doubt, ...]
    flattered: float = 1.0


class LiftPlanAnalysis(Analysis[LiftPlanQuestion, LiftPick]):
    """What a test by market could see."""

    title = _("Plan of a test by market")
    question = LiftPlanQuestion
    pick = LiftPick
    compares = False

    def answer(self, scene: Scene, question: LiftPlanQuestion) -> Found:
        """Plans, pretended in the past."""
        result = planned(scene, question)
        return Found(result, scene.period.days * len(result.markets), None, tuple(str(one) for one in result.doubts))

    def tables(self, question: LiftPlanQuestion, result: LiftPlans, before: Any) -> tuple[Table, ...]:  # noqa: ARG002
        """Plans, and the markets."""
        columns = (
            Column("markets", _("Treated markets")), Column("length", _("Length in days"), "count"),
            Column("detectable", _("Smallest visible effect"), "percent"), Column("share", _("Share of all"), "percent"),
            Column("cost", _("Cost"), "money"),
            Column("cost_per_gain", _("Cost per unit gained"), "ratio" if question.metric == "sales" else "money"),
        )  # fmt: skip
        rows = [
            (" · ".join(one.markets), one.length, one.detectable, one.share, one.cost_minor or None, one.cost_per_gain)
            for one in result.plans
        ]
        places = (Column("market", _("Market")), Column("share", _("Share of all"), "percent"))
        picks = [{"market": name} for name, _share in result.markets]
        return Table("plans", columns, rows), Table("markets", places, result.markets, picks)

    def people(self, scene: Scene, question: LiftPlanQuestion, pick: LiftPick) -> Whole:
        """Those who bought in a market."""
        if not pick.market:
            raise no_people()
        return panels.buyers(scene.con, question.unit, scene.period, question.channels, (pick.market,))


def planned(scene: Scene, question: LiftPlanQuestion) -> LiftPlans:
    """Every size and length tried in several choices of markets; the same question gives the same plans.

    All choices are screened by how far the comparison was off in the past; what the best could see is then found out by the
    test itself.
    """
    found = panels.markets(scene.con, question.metric, question.unit, scene.period, question.channels)
    found = found.without(question.left_out).since_first_order()
    least = question.least * found.daily.shape[1] / 7
    small = tuple(name for name, orders in zip(found.names, found.orders, strict=True) if orders < least)
    found = found.without(small)
    total = float(found.daily.sum())
    shares = found.daily.sum(axis=1) / total if total > 0 else np.zeros(len(found.names))
    doubts: dict[Doubt, None] = {}
    tried = list(_tried(question, found.daily, shares * question.spend_minor, doubts))
    budget = question.budget_minor if question.budget_minor is not None else float("inf")
    payable = [one for one in tried if one.cost <= budget]
    plans = [judged(found.daily, one, power=question.power) for one in hopeful(payable, PLANS_MAX)]
    for one in plans:
        doubts |= dict.fromkeys(one.doubts)
    stated = unflattered(found.daily, payable, plans, power=question.power)
    named = tuple(_named(one, found.names) for one in stated)
    order = sorted(zip(found.names, (float(one) for one in shares), strict=True), key=lambda one: (-one[1], one[0]))
    flattered = (stated[0].detectable or 0.0) / (ranked(plans)[0].detectable or 1.0) if stated else 1.0
    return LiftPlans(named, tuple(order), small, len(tried), tuple(doubts) if not named else (), flattered)


def _tried(question: LiftPlanQuestion, past: Reals, costs: Reals, doubts: dict[Doubt, None]) -> Iterator[Screened]:
    rng = np.random.default_rng(7)
    step = STEP_DAYS[question.step]
    for size in question.sizes:
        if size >= len(past):
            doubts[Doubt.FEW_UNITS] = None
            continue
        for markets in candidates(past, size, rng, count=question.choices):
            for length in question.lengths:
                if question.before_days + length > past.shape[1]:
                    doubts[Doubt.FEW_PERIODS] = None
                    continue
                shape = Shape(length, question.before_days, step, question.level)
                yield screened(past, markets, shape, cost_per_day=costs)


def _named(one: Plan, names: tuple[str, ...]) -> Planned:
    assert one.detectable is not None
    assert one.alarms is not None
    power = tuple(one.power(effect) or 0.0 for effect in POWER_AT)
    return Planned(
        tuple(names[place] for place in one.markets), one.shape.length, one.detectable, one.alarms, one.share,
        round(one.cost), one.cost_per_gain if one.cost > 0 else None, power,
    )  # fmt: skip
