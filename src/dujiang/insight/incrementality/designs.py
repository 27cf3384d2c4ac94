"""Hold-outs and switch-backs that could be made, as analyses: what they could see, what they cost, and the lots themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from dujiang.engine.columns import Whole
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.incrementality import panels
from dujiang.insight.incrementality.holdout import Sums
from dujiang.insight.incrementality.holdout_design import HoldoutPlan, Past, plan_holdout, power_of
from dujiang.insight.incrementality.model import Doubt
from dujiang.insight.incrementality.question import (
    HoldoutPick,
    LiftHoldoutQuestion,
    LiftPick,
    LiftSwitchbackQuestion,
    Outcome,
    Strata,
)
from dujiang.insight.incrementality.switchback_design import Rhythm, SwitchbackPlan, drawn_lots, plan_switchback
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table, Unit
from dujiang.insight.questions.scene import Scene
from dujiang.people.segments.sampling import sampled

POWER_AT: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_WINDOWS: Final = 4


@dataclass(frozen=True)
class PlannedHoldout:
    """A hold-out that could be made.

    Attributes:
        share: part of the people who are held out.
        length: days.
        plan: what it could see.
        curve: power at :data:`POWER_AT`; empty where nothing is known.
        contact_minor: cost of addressing everybody who is not held out.
    """

    share: float
    length: int
    plan: HoldoutPlan
    curve: tuple[float, ...]
    contact_minor: int


@dataclass(frozen=True)
class HoldoutPlans:
    """The answer: each share and length that was asked about.

    Attributes:
        people: who can take part.
        plans: those that see the smallest effect first.
        doubts: why a plan sees nothing.
    """

    people: int
    plans: tuple[PlannedHoldout, ...]
    doubts: tuple[Doubt, ...]


class LiftHoldoutAnalysis(Analysis[LiftHoldoutQuestion, HoldoutPick]):
    """What a hold-out could see."""

    title = _("Plan of a hold-out")
    question = LiftHoldoutQuestion
    pick = HoldoutPick
    compares = False

    def answer(self, scene: Scene, question: LiftHoldoutQuestion) -> Found:
        """Each share and length, from what the people did in the past."""
        whom = panels.taking_part(scene.con, scene.people, question.left_out)
        plans = [
            _planned(question, past, share, length)
            for length in question.lengths
            for past in (_past(scene, question, whom, length),)
            for share in question.shares
        ]
        plans.sort(key=lambda one: (one.plan.detectable is None, one.plan.detectable or 0.0, one.length, one.share))
        doubts = tuple(dict.fromkeys(doubt for one in plans for doubt in one.plan.doubts))
        return Found(HoldoutPlans(len(whom), tuple(plans), doubts), len(whom), len(whom), tuple(map(str, doubts)))

    def tables(self, question: LiftHoldoutQuestion, result: HoldoutPlans, before: Any) -> tuple[Table, ...]:  # noqa: ARG002
        """Plans and their power."""
        unit = unit_of(question.metric)
        columns = (
            Column("share", _("Held out"), "percent"), Column("length", _("Length in days"), "count"),
            Column("treated", _("Addressed people"), "count"), Column("control", _("People held out"), "count"),
            Column("base", _("Per person without"), unit), Column("detectable", _("Smallest visible effect"), "percent"),
            Column("power", _("Power at the effect hoped for"), "percent"), Column("needed", _("People needed"), "count"),
            Column("forgone", _("Forgone by holding out"), unit), Column("contact", _("Cost of addressing"), "money"),
        )  # fmt: skip
        rows = [
            (
                one.share, one.length, one.plan.treated, one.plan.control, one.plan.base, one.plan.detectable, one.plan.power,
                one.plan.needed, one.plan.forgone, one.contact_minor or None,
            )
            for one in result.plans
        ]  # fmt: skip
        picks = [{"group": "control", "share": one.share} for one in result.plans]
        curve = [
            (effect, *(one.curve[place] if one.curve else None for one in result.plans))
            for place, effect in enumerate(POWER_AT)
        ]
        curves = (
            Column("effect", _("True effect"), "percent"),
            *(
                Column(f"p{place}", f"{one.share:.0%} · {one.length}", "percent")
                for place, one in enumerate(result.plans)
            ),
        )
        return Table("plans", columns, rows, picks), Table("power", curves, curve)

    def people(self, scene: Scene, question: LiftHoldoutQuestion, pick: HoldoutPick) -> Whole:
        """Those whom the lot addresses, or holds out."""
        whom = panels.taking_part(scene.con, scene.people, question.left_out)
        share = question.shares[0] if pick.share is None else pick.share
        held = sampled(whom, share * 100, question.salt)
        return whom[held if pick.group == "control" else ~held]


def unit_of(metric: Outcome) -> Unit:
    """How the metric is written."""
    return "money" if metric == "sales" else "number"


def _past(scene: Scene, question: LiftHoldoutQuestion, whom: Whole, length: int) -> Past:
    """Mean and variance between people in windows as long as the test, the last first, as far as the past goes."""
    found: list[Sums] = []
    last = min(scene.period.last, scene.today - timedelta(1))
    while len(found) < _WINDOWS and last - timedelta(length - 1) >= scene.period.first:
        days = Period(last - timedelta(length - 1), last)
        one = panels.spread(scene.con, whom, question.metric, days, question.channels)
        if one.n > 1 and one.total:  # before the first order there is no past
            found.append(Sums(one.n, one.total, one.squares))
        last = days.first - timedelta(1)
    mean = float(np.mean([one.mean for one in found])) if found else 0.0
    variance = float(np.mean([one.variance for one in found])) if found else 0.0
    return Past(len(whom), mean, variance, question.metric == "buyers")


def _planned(question: LiftHoldoutQuestion, past: Past, share: float, length: int) -> PlannedHoldout:
    plan = plan_holdout(past, share, hoped=question.hoped, level=question.level, power=question.power)
    known = not plan.doubts
    curve = tuple(power_of(past, share, effect, level=question.level) for effect in POWER_AT) if known else ()
    return PlannedHoldout(share, length, plan, curve, plan.treated * question.contact_minor)


@dataclass(frozen=True)
class Block:
    """One block of a schedule."""

    first: date
    last: date
    treated: bool


@dataclass(frozen=True)
class PlannedSwitchback:
    """A switch-back that could be made.

    Attributes:
        length: days of the whole test.
        block_days: days of a block.
        strata: lots are drawn within these.
        detectable: smallest relative effect that is seen with the power asked for; None where none is.
        alarms: share of pretended tests that are significant though nothing happened; None where nothing is known.
        counted: share of the days that count.
        cost_minor: of treating half of the days.
        curve: power at :data:`POWER_AT`; empty where nothing is known.
        schedule: the blocks as the lots of the question's salt fall.
    """

    length: int
    block_days: int
    strata: Strata
    detectable: float | None
    alarms: float | None
    counted: float
    cost_minor: int
    curve: tuple[float, ...]
    schedule: tuple[Block, ...]


@dataclass(frozen=True)
class SwitchbackPlans:
    """The answer: plans, those that see the smallest effect first, and why others see nothing."""

    plans: tuple[PlannedSwitchback, ...]
    doubts: tuple[Doubt, ...]


class LiftSwitchbackAnalysis(Analysis[LiftSwitchbackQuestion, LiftPick]):
    """What a switch-back could see."""

    title = _("Plan of a switch-back")
    question = LiftSwitchbackQuestion
    pick = LiftPick
    compares = False

    def answer(self, scene: Scene, question: LiftSwitchbackQuestion) -> Found:
        """Each length, block and way to draw lots, pretended in the past."""
        daily = panels.daily(scene.con, question.metric, scene.period, question.channels)
        sold = np.flatnonzero(daily)
        past = daily[sold[0] :] if len(sold) else daily[:0]
        first = question.first or scene.today + timedelta(1)
        plans, doubts = [], dict[Doubt, None]()
        for rhythm in _rhythms(question):
            found = plan_switchback(past, rhythm, level=question.level, power=question.power)
            doubts |= dict.fromkeys(found.doubts)
            if not found.doubts:
                plans.append(_switched(question, found, first))
        plans.sort(key=lambda one: (one.detectable is None, one.detectable or 0.0, one.length, one.block_days))
        reasons = () if plans else tuple(doubts)
        return Found(SwitchbackPlans(tuple(plans), reasons), len(past), None, tuple(map(str, reasons)))

    def tables(self, question: LiftSwitchbackQuestion, result: SwitchbackPlans, before: Any) -> tuple[Table, ...]:  # noqa: ARG002
        """Plans, and the schedule of the best."""
        columns = (
            Column("length", _("Length in days"), "count"), Column("block", _("Days of a block"), "count"),
            Column("strata", _("Lots within")),
            Column("detectable", _("Smallest visible effect"), "percent"), Column("alarms", _("False alarms"), "percent"),
            Column("counted", _("Days that count"), "percent"), Column("cost", _("Cost"), "money"),
        )  # fmt: skip
        rows = [
            (one.length, one.block_days, one.strata, one.detectable, one.alarms, one.counted, one.cost_minor or None)
            for one in result.plans
        ]
        blocks = (
            Column("first", _("From"), "day"), Column("last", _("To"), "day"), Column("treated", _("Treated"), "count")
        )  # fmt: skip
        schedule = result.plans[0].schedule if result.plans else ()
        return (
            Table("plans", columns, rows),
            Table("schedule", blocks, [(one.first, one.last, int(one.treated)) for one in schedule]),
        )


def _rhythms(question: LiftSwitchbackQuestion) -> list[Rhythm]:
    """Each length, block and way to draw once; lots by weekday mean nothing where all blocks begin on one."""
    return [
        Rhythm(length // block, block, question.washout_days, strata)
        for length in question.lengths
        for block in question.blocks
        if question.washout_days < block <= length // 2
        for strata in question.strata
        if strata != "weekday" or block % 7
    ]


def _switched(question: LiftSwitchbackQuestion, plan: SwitchbackPlan, first: date) -> PlannedSwitchback:
    rhythm = plan.rhythm
    lots = drawn_lots(rhythm, question.salt)
    begins = [first + timedelta(place * rhythm.block_days) for place in range(rhythm.blocks)]
    blocks = tuple(
        Block(begin, begin + timedelta(rhythm.block_days - 1), bool(lot))
        for begin, lot in zip(begins, lots, strict=True)
    )
    curve = tuple(plan.power(effect) or 0.0 for effect in POWER_AT)
    cost = int(lots.sum()) * rhythm.block_days * question.spend_minor
    return PlannedSwitchback(
        rhythm.days, rhythm.block_days, rhythm.strata, plan.detectable, plan.alarms, plan.counted, cost, curve, blocks
    )


def holdout_spec(question: LiftHoldoutQuestion, name: str, share: float, days: Period) -> dict[str, Any]:
    """The test that a plan becomes: its groups carry the tags ``<name>.treated`` and ``<name>.control``."""
    return {
        "design": "holdout", "metric": question.metric, "first": str(days.first), "last": str(days.last),
        "channels": [*question.channels], "level": question.level, "treated": f"{name}.treated", "control": f"{name}.control",
        "control_share": share, "salt": question.salt, "expected": question.hoped,
    }  # fmt: skip


def switchback_spec(question: LiftSwitchbackQuestion, plan: PlannedSwitchback) -> dict[str, Any]:
    """The test that a plan becomes, with the lots as they fell."""
    return {
        "design": "switchback", "metric": question.metric, "first": str(plan.schedule[0].first),
        "last": str(plan.schedule[-1].last), "channels": [*question.channels], "level": question.level,
        "block_days": plan.block_days, "washout_days": question.washout_days, "strata": plan.strata,
        "lots": [int(one.treated) for one in plan.schedule], "salt": question.salt,
        "cost_minor": plan.cost_minor or None,
    }  # fmt: skip
