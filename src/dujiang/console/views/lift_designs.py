"""Plans of hold-outs and switch-backs, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dujiang.console.components import Chart, Line
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.analysis import OUTCOMES
from dujiang.insight.incrementality.designs import (
    POWER_AT,
    HoldoutPlans,
    PlannedHoldout,
    PlannedSwitchback,
    SwitchbackPlans,
    unit_of,
)
from dujiang.insight.incrementality.doubts import DOUBTS
from dujiang.insight.incrementality.question import LiftHoldoutQuestion, LiftSwitchbackQuestion, Strata
from dujiang.insight.questions.answer import Answer

STRATA: Final[dict[Strata, str]] = {
    "none": _("All blocks"),
    "pair": _("Pairs of neighbours"),
    "weekday": _("Days of the week"),
}
_CHOICES: Final = 3


@dataclass(frozen=True)
class Asked:
    """One field of the form; with options it is a choice."""

    name: str
    label: str
    value: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class DesignChoice:
    """A plan as a form that registers it: what it hides and says."""

    title: str
    told: str
    hidden: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DesignView:
    """The page of a design."""

    path: str
    title: str
    fields: tuple[Asked, ...]
    finding: str
    notes: tuple[str, ...]
    charts: tuple[Chart, ...]
    choices: tuple[DesignChoice, ...]
    told: str


def holdout_view(visit: Visit, question: LiftHoldoutQuestion, answer: Answer, segment: str) -> DesignView:
    """How many to hold out."""
    found: HoldoutPlans = answer.result
    seen = [one for one in found.plans if one.plan.detectable is not None]
    segments = tuple((one.name, visit.own(one.title, one.name)) for one in visit.workspace.segments.list(visit.locale))
    return DesignView(
        path="/lift/plan/holdout",
        title=visit.text(_("Plan a hold-out")),
        fields=(
            _metric(visit, question.metric),
            Asked("people", visit.text(_("Who takes part")), segment, (("", visit.text(_("Everybody"))), *segments)),
            Asked(
                "without", visit.text(_("Never in it")), (*question.left_out, "")[0], (("", visit.text(_("Nobody"))), *segments)
            ),
            Asked("shares", visit.text(_("Held out, %")), ", ".join(f"{100 * one:g}" for one in question.shares)),
            Asked("lengths", visit.text(_("Length in days")), ", ".join(map(str, question.lengths))),
            Asked("hoped", visit.text(_("Effect hoped for, %")), f"{100 * question.hoped:g}"),
            Asked("contact", visit.text(_("Cost of addressing one person")), f"{question.contact_minor / 100:g}"),
        ),
        finding=_holdout_told(visit, question, found, seen),
        notes=tuple(visit.text(DOUBTS[one]) for one in found.doubts),
        charts=(_power(visit, [(_holdout_name(visit, one), one.curve) for one in seen[:_CHOICES]]), _by_length(visit, seen))
        if seen
        else (),
        choices=tuple(_holdout_choice(visit, question, one) for one in seen[:_CHOICES]),
        told=visit.text(
            _("Both groups become lists, drawn by lot from the name of the test; they follow with the next refresh.")
        ),
    )  # fmt: skip


def holdout_sheets(visit: Visit, question: LiftHoldoutQuestion, answer: Answer) -> list[Sheet]:
    """Plans, their power, and what is seen by length."""
    found: HoldoutPlans = answer.result
    unit = unit_of(question.metric)
    columns = (
        Column("share", visit.text(_("Held out")), "percent"),
        Column("length", visit.text(_("Length in days")), "count"),
        Column("treated", visit.text(_("Addressed people")), "count"),
        Column("control", visit.text(_("People held out")), "count"),
        Column("base", visit.text(_("Per person without")), "money" if unit == "money" else "ratio"),
        Column("detectable", visit.text(_("Smallest visible effect")), "percent"),
        Column("power", visit.text(_("Power at the effect hoped for")), "percent"),
        Column("needed", visit.text(_("People needed")), "count"),
        Column("forgone", visit.text(_("Forgone by holding out")), "money" if unit == "money" else "ratio"),
        Column("contact", visit.text(_("Cost of addressing")), "money"),
    )
    rows = [
        (
            one.share, one.length, one.plan.treated, one.plan.control, one.plan.base, one.plan.detectable, one.plan.power,
            one.plan.needed, one.plan.forgone, one.contact_minor or None,
        )
        for one in found.plans
    ]  # fmt: skip
    seen = [one for one in found.plans if one.plan.detectable is not None]
    shares = sorted({one.share for one in seen})
    by = {(one.share, one.length): one.plan.detectable for one in seen}
    lengths = (
        Column("length", visit.text(_("Length in days")), "count"),
        *(Column(f"s{place}", _held(visit, share), "percent") for place, share in enumerate(shares)),
    )
    length_rows = [(length, *(by.get((share, length)) for share in shares)) for length in sorted(question.lengths)]
    return [
        Sheet("plans", columns, rows, caption=visit.text(_("Plans"))),
        _power_sheet(visit, [(_holdout_name(visit, one), one.curve) for one in seen[:_CHOICES]]),
        Sheet("lengths", lengths, length_rows, caption=visit.text(_("Smallest visible effect"))),
    ]


def switchback_view(visit: Visit, question: LiftSwitchbackQuestion, answer: Answer) -> DesignView:
    """How to switch back and forth."""
    found: SwitchbackPlans = answer.result
    seen = [one for one in found.plans if one.detectable is not None]
    return DesignView(
        path="/lift/plan/switchback",
        title=visit.text(_("Plan a switch-back")),
        fields=(
            _metric(visit, question.metric),
            Asked("blocks", visit.text(_("Days of a block")), ", ".join(map(str, question.blocks))),
            Asked("lengths", visit.text(_("Length in days")), ", ".join(map(str, question.lengths))),
            Asked("washout", visit.text(_("Days after a switch left out")), str(question.washout_days)),
            Asked("spend", visit.text(_("Cost a day")), f"{question.spend_minor / 100:g}"),
        ),
        finding=_switchback_told(visit, question, found, seen),
        notes=tuple(visit.text(DOUBTS[one]) for one in found.doubts),
        charts=(
            _power(visit, [(_switchback_name(visit, one), one.curve) for one in seen[:_CHOICES]]),
            _blocks_by_length(visit, seen),
        )
        if seen
        else (),
        choices=tuple(_switchback_choice(visit, one) for one in seen[:_CHOICES]),
        told=visit.text(_("Lots are drawn from the name of the test and registered with it; the page of the test shows them.")),
    )  # fmt: skip


def switchback_sheets(visit: Visit, answer: Answer) -> list[Sheet]:
    """Plans, their power, and what is seen by length."""
    found: SwitchbackPlans = answer.result
    columns = (
        Column("length", visit.text(_("Length in days")), "count"),
        Column("block", visit.text(_("Days of a block")), "count"),
        Column("strata", visit.text(_("Lots within"))),
        Column("detectable", visit.text(_("Smallest visible effect")), "percent"),
        Column("alarms", visit.text(_("False alarms")), "percent"),
        Column("counted", visit.text(_("Days that count")), "percent"),
        Column("cost", visit.text(_("Cost")), "money"),
    )
    rows = [
        (
            one.length, one.block_days, visit.text(STRATA[one.strata]), one.detectable, one.alarms, one.counted,
            one.cost_minor or None,
        )
        for one in found.plans
    ]  # fmt: skip
    seen = [one for one in found.plans if one.detectable is not None]
    blocks, lengths, best = _best(seen)
    by_length = (
        Column("length", visit.text(_("Length in days")), "count"),
        *(Column(f"b{block}", _block(visit, block), "percent") for block in blocks),
    )
    length_rows = [(length, *(best.get((block, length)) for block in blocks)) for length in lengths]
    return [
        Sheet("plans", columns, rows, caption=visit.text(_("Plans"))),
        _power_sheet(visit, [(_switchback_name(visit, one), one.curve) for one in seen[:_CHOICES]]),
        Sheet("lengths", by_length, length_rows, caption=visit.text(_("Smallest visible effect"))),
    ]


def _metric(visit: Visit, metric: str) -> Asked:
    options = tuple((key, visit.text(label)) for key, label in OUTCOMES.items())
    return Asked("metric", visit.text(_("What is judged")), metric, options)


def _held(visit: Visit, share: float) -> str:
    return visit.text(_("{share} held out"), share=visit.show(share, "percent"))


def _block(visit: Visit, days: int) -> str:
    return visit.text(_("blocks of {n} days"), n=days)


def _holdout_name(visit: Visit, one: PlannedHoldout) -> str:
    return visit.text(_("{share} held out, {n} days"), share=visit.show(one.share, "percent"), n=one.length)


def _switchback_name(visit: Visit, one: PlannedSwitchback) -> str:
    sentence = _("{n} days in blocks of {block}, {strata}")
    return visit.text(sentence, n=one.length, block=one.block_days, strata=visit.text(STRATA[one.strata]))


def _holdout_told(
    visit: Visit, question: LiftHoldoutQuestion, found: HoldoutPlans, seen: Sequence[PlannedHoldout]
) -> str:
    if not seen:
        return visit.text(_("No plan can be judged: too few people take part, or too little was sold in the past."))
    best = seen[0]
    sentence = _("Of {people} people, the best plan sees an effect of {effect} in {power} of all tests.")
    told = visit.text(
        sentence, people=visit.show(found.people, "count"), effect=visit.show(best.plan.detectable, "percent"),
        power=visit.show(question.power, "percent"),
    )  # fmt: skip
    if best.plan.needed is None or best.plan.needed <= found.people:
        return told
    more = _("For the effect hoped for, {needed} people are needed.")
    return f"{told} {visit.text(more, needed=visit.show(best.plan.needed, 'count'))}"


def _switchback_told(
    visit: Visit, question: LiftSwitchbackQuestion, found: SwitchbackPlans, seen: Sequence[PlannedSwitchback]
) -> str:
    if not seen:
        return visit.text(_("No plan can be judged. Take a longer past, more days, or shorter blocks."))
    sentence = _("The best of {tried} plans sees an effect of {effect} in {power} of all tests.")
    return visit.text(
        sentence, tried=len(found.plans), effect=visit.show(seen[0].detectable, "percent"),
        power=visit.show(question.power, "percent"),
    )  # fmt: skip


def _power(visit: Visit, curves: Sequence[tuple[str, Sequence[float]]]) -> Chart:
    x = [visit.show(effect, "percent") for effect in POWER_AT]
    lines = [Line(name, list(curve), place + 1) for place, (name, curve) in enumerate(curves)]
    title = visit.text(_("How often a test finds an effect of this size"))
    return Chart(title, x, lines, "percent", visit.currency, sheet="power")


def _power_sheet(visit: Visit, curves: Sequence[tuple[str, Sequence[float]]]) -> Sheet:
    columns = (
        Column("effect", visit.text(_("True effect")), "percent"),
        *(Column(f"p{place}", name, "percent") for place, (name, _curve) in enumerate(curves)),
    )
    rows = [(effect, *(curve[place] for _name, curve in curves)) for place, effect in enumerate(POWER_AT)]
    return Sheet("power", columns, rows, caption=visit.text(_("Power")))


def _by_length(visit: Visit, seen: Sequence[PlannedHoldout]) -> Chart:
    lengths, shares = sorted({one.length for one in seen}), sorted({one.share for one in seen})
    by = {(one.share, one.length): one.plan.detectable for one in seen}
    lines = [
        Line(_held(visit, share), [by.get((share, length)) for length in lengths], place + 1)
        for place, share in enumerate(shares)
    ]
    return _length_chart(visit, lengths, lines)


def _blocks_by_length(visit: Visit, seen: Sequence[PlannedSwitchback]) -> Chart:
    blocks, lengths, best = _best(seen)
    lines = [
        Line(_block(visit, block), [best.get((block, length)) for length in lengths], place + 1)
        for place, block in enumerate(blocks)
    ]
    return _length_chart(visit, lengths, lines)


def _best(seen: Sequence[PlannedSwitchback]) -> tuple[list[int], list[int], dict[tuple[int, int], float]]:
    """Blocks, lengths, and the smallest visible effect of each pair, whichever way lots are drawn."""
    best: dict[tuple[int, int], float] = {}
    for one in seen:
        if one.detectable is not None:
            key = (one.block_days, one.length)
            best[key] = min(one.detectable, best.get(key, one.detectable))
    return sorted({one.block_days for one in seen}), sorted({one.length for one in seen}), best


def _length_chart(visit: Visit, lengths: Sequence[int], lines: Sequence[Line]) -> Chart:
    x = [visit.text(_("{n} days"), n=one) for one in lengths]
    title = visit.text(_("Smallest visible effect by length"))
    return Chart(title, x, lines, "percent", visit.currency, type="bar", sheet="lengths")


def _holdout_choice(visit: Visit, question: LiftHoldoutQuestion, one: PlannedHoldout) -> DesignChoice:
    unit = "money" if question.metric == "sales" else "ratio"
    sentence = _("{control} people are left alone, {treated} addressed; forgone: {forgone}.")
    told = visit.text(
        sentence, control=visit.show(one.plan.control, "count"), treated=visit.show(one.plan.treated, "count"),
        forgone=visit.show(one.plan.forgone, unit),
    )  # fmt: skip
    return DesignChoice(_holdout_name(visit, one), told, (("share", str(one.share)), ("length", str(one.length))))


def _switchback_choice(visit: Visit, one: PlannedSwitchback) -> DesignChoice:
    treated = sum(block.treated for block in one.schedule)
    told = visit.text(_("{treated} of {blocks} blocks are treated, by lot."), treated=treated, blocks=len(one.schedule))
    hidden = (("length", str(one.length)), ("block", str(one.block_days)), ("strata", one.strata))
    return DesignChoice(_switchback_name(visit, one), told, hidden)
