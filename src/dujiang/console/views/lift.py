"""Tests of incrementality, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from dujiang.console.components import Card, Chart, Flag, Line, Tag
from dujiang.console.formats import Kind
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.analysis import OUTCOMES, POWER_AT, LiftPlans, Planned
from dujiang.insight.incrementality.answered import MEASURED, RELATIVE, UNBALANCED_P, Lift, Reading
from dujiang.insight.incrementality.doubts import DOUBTS
from dujiang.insight.incrementality.holdout_design import SRM_P
from dujiang.insight.incrementality.question import (
    Design,
    LiftPlanQuestion,
    LiftTest,
    State,
    Treatment,
    Unit,
)
from dujiang.insight.questions.answer import Answer

DESIGNS: Final[dict[Design, str]] = {
    "geo": _("By market"),
    "holdout": _("Hold-out"),
    "switchback": _("Switch-back"),
}
STATES: Final[dict[State, str]] = {"planned": _("Planned"), "running": _("Running"), "finished": _("Finished")}
_TONES: Final[dict[State, str]] = {"planned": "", "running": "warn", "finished": "good"}
UNITS: Final[dict[Unit, str]] = {"city": _("Cities"), "province": _("Provinces")}
_EACH: Final[dict[Design, str]] = {
    "geo": _("per market and step"),
    "holdout": _("per person"),
    "switchback": _("per day"),
}
_CHECKED: Final[dict[Design, str]] = {
    "geo": _("difference in differences, per market and step"),
    "holdout": "",
    "switchback": _("by Newey–West errors, per day"),
}
_SEEN: Final[dict[Design, str]] = {
    "geo": _("What was seen in the treated markets, and what was to be expected"),
    "holdout": _("Both groups per person, before the start and after it"),
    "switchback": _("What was seen day by day"),
}
TREATMENTS: Final[dict[Treatment, tuple[str, int]]] = {
    "treated": (_("treated"), 1),
    "alone": (_("left alone"), 2),
    "washout": (_("after a switch, not counted"), 8),
}
"""What was done on a day, with its colour."""
_SUSPICIOUS: Final = 0.1
_FLATTERED: Final = 1.005


@dataclass(frozen=True)
class Check:
    """One check of a test: what was looked at, what came out, and how it is to be read."""

    label: str
    value: str
    told: str
    tone: str


@dataclass(frozen=True)
class LiftView:
    """The page of one test."""

    name: str
    title: str
    state: Tag
    finding: str
    cards: tuple[Card, ...]
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    chart: Chart | None
    trend: Chart | None
    checks: tuple[Check, ...]
    people: str


@dataclass(frozen=True)
class PlanChoice:
    """A plan as a form to register it."""

    title: str
    markets: tuple[str, ...]
    channels: tuple[str, ...]
    length: int
    cost_minor: int
    first: date
    name: str


@dataclass(frozen=True)
class PlanView:
    """The page of plans."""

    metrics: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    metric: str
    unit: str
    sizes: str
    lengths: str
    spend: str
    budget: str
    finding: str
    notes: tuple[str, ...]
    power: Chart | None
    choices: tuple[PlanChoice, ...]
    told: str


def tests_sheet(visit: Visit, found: Sequence[tuple[Definition, Lift | DujiangError]]) -> Sheet:
    """Tests, the latest first."""
    columns = (
        Column("test", visit.text(_("Test"))),
        Column("state", visit.text(_("State")), "tag"),
        Column("design", visit.text(_("Design"))),
        Column("metric", visit.text(_("What is judged"))),
        Column("first", visit.text(_("From")), "day"),
        Column("last", visit.text(_("To")), "day"),
        Column("effect", visit.text(_("Relative effect"))),
        Column("owner", visit.text(_("Owner"))),
    )
    ordered = sorted(found, key=lambda pair: (str(pair[0].spec["first"]), pair[0].name), reverse=True)
    rows = []
    for one, lift in ordered:
        test = LiftTest.model_validate(one.spec)
        rows.append(
            (
                one.label(visit.locale),
                _state(visit, test.state(visit.today)),
                visit.text(DESIGNS[test.design]),
                visit.text(OUTCOMES[test.metric]),
                test.first,
                test.last,
                visit.error(lift) if isinstance(lift, DujiangError) else _told(visit, lift, "relative") or "—",
                one.owner,
            )
        )
    links = [visit.address(f"/lift/{one.name}") for one, _lift in ordered]
    return Sheet("tests", columns, rows, links, caption=visit.text(_("Tests")))


def lift_view(visit: Visit, definition: Definition, found: Lift, people: str, problem: str = "") -> LiftView:
    """Everything but the tables.

    Args:
        people: where the buyers in the treated markets are.
        problem: why the test cannot be read.
    """
    test = LiftTest.model_validate(definition.spec)
    return LiftView(
        name=definition.name,
        title=definition.label(visit.locale),
        state=_state(visit, found.state),
        finding=problem or _finding(visit, found),
        cards=_cards(visit, found),
        notes=tuple(visit.text(DOUBTS[one]) for one in found.doubts),
        facts=_facts(visit, test, found),
        chart=_chart(visit, test, found) if found.line else None,
        trend=_trend(visit, found) if found.line and found.design == "geo" else None,
        checks=_checks(visit, found),
        people=people if test.design == "geo" and found.readings else "",
    )


def sheets(visit: Visit, test: LiftTest, found: Lift) -> list[Sheet]:
    """Estimates, the line, differences by step, and the markets of the comparison."""
    estimates = (
        Column("name", visit.text(_("Estimate of"))),
        Column("value", visit.text(_("Estimate"))),
        Column(
            "interval",
            visit.text(
                _(
                    "{level} interval",
                )
            ).format(level=visit.show(found.level, "percent")),
        ),
        Column("p", visit.text(_("p-value")), "ratio"),
    )
    rows = [
        (_named(visit, found, one), _shown(visit, found, one, one.value), _interval(visit, found, one), one.p)
        for one in found.readings
    ]
    kind = _kind(found)
    apart = (
        Column("start", visit.text(_("From")), "day"),
        Column("apart", visit.text(_("Difference of the groups")), kind),
        Column("low", visit.text(_("From")), kind),
        Column("high", visit.text(_("To")), kind),
    )
    return [
        Sheet("estimates", estimates, rows, caption=visit.text(_("Estimates"))),
        _line(visit, test, found),
        Sheet("apart", apart, [(one.start, one.apart.value, one.apart.low, one.apart.high) for one in found.line if one.apart]),
        Sheet(
            "weights",
            (
                Column("market", visit.text(_("Market"))),
                Column("weight", visit.text(_("Share in the mixture")), "percent", bar=True),
            ),
            found.weights,
            caption=visit.text(_("What the comparison is mixed from")),
        ),
        _schedule(visit, test),
    ]  # fmt: skip


def _line(visit: Visit, test: LiftTest, found: Lift) -> Sheet:
    """What was seen by step, beside what was to be expected, or what was done on that day."""
    kind = _kind(found)
    seen = Column("start", visit.text(_("From")), "day"), Column("observed", visit.text(_("Observed")), kind)
    if found.design == "switchback":
        done = [visit.text(TREATMENTS[one][0]) for one in test.treatments]
        rows = [(one.start, one.observed, told) for one, told in zip(found.line, done, strict=False)]
        return Sheet("line", (*seen, Column("treatment", visit.text(_("Treatment")))), rows)
    expected = Column("expected", visit.text(_("Expected without treatment")), kind)
    return Sheet("line", (*seen, expected), [(one.start, one.observed, one.expected) for one in found.line])


def _schedule(visit: Visit, test: LiftTest) -> Sheet:
    """The blocks of a switch-back, and which are treated."""
    columns = (
        Column("first", visit.text(_("From")), "day"), Column("last", visit.text(_("To")), "day"),
        Column("kind", visit.text(_("Treatment"))),
    )  # fmt: skip
    begins = [test.first + timedelta(place * test.block_days) for place in range(len(test.lots))]
    kinds = {1: visit.text(_("treated")), 0: visit.text(_("left alone"))}
    rows = [
        (begin, begin + timedelta(test.block_days - 1), kinds[lot])
        for begin, lot in zip(begins, test.lots, strict=True)
    ]
    return Sheet("schedule", columns, rows, caption=visit.text(_("Schedule")))


def _state(visit: Visit, state: State) -> Tag:
    return Tag(visit.text(STATES[state]), _TONES[state])


def _kind(found: Lift) -> Kind:
    return "money" if found.metric == "sales" else "number"


def _named(visit: Visit, found: Lift, one: Reading) -> str:
    detail = {"each": _EACH[found.design], "check": _CHECKED[found.design]}.get(one.name, "")
    return visit.text(MEASURED[one.name]) + (f" · {visit.text(detail)}" if detail else "")


def _shown(visit: Visit, found: Lift, one: Reading, value: float | None) -> str:
    if value is None:
        return "—"
    if one.name in RELATIVE:
        return f"{value * 100:+,.1f}%"
    if found.metric == "buyers" and found.design == "holdout" and one.name == "each":
        return f"{value * 100:+,.2f}%"
    text = visit.show(round(value, 2) if _kind(found) == "number" else value, _kind(found))
    return text if value < 0 else f"+{text}"


def _interval(visit: Visit, found: Lift, one: Reading) -> str:
    if one.low is None and one.high is None:
        return ""
    ends = [visit.text(_("open")) if end is None else _shown(visit, found, one, end) for end in (one.low, one.high)]
    return f"{ends[0]} – {ends[1]}"


def _told(visit: Visit, found: Lift, name: Any) -> str:
    one = found.reading(name) or found.reading("each")
    if one is None:
        return ""
    interval = _interval(visit, found, one)
    return _shown(visit, found, one, one.value) + (f" ({interval})" if interval else "")


def _finding(visit: Visit, found: Lift) -> str:
    """The result in one sentence."""
    total = found.reading("total")
    if total is None:
        return visit.text(_("Nothing is known yet: the first day of the test is not over."))
    if total.low is None and total.high is None:
        return visit.text(_("There are too few data to say how far the truth may lie from this estimate."))
    if total.low is not None and total.low > 0:
        sentence = _("The treatment brought more: {effect} in all.")
    elif total.high is not None and total.high < 0:
        sentence = _("The treatment brought less: {effect} in all.")
    else:
        sentence = _("No effect can be told from chance: {effect} in all.")
    return visit.text(sentence, effect=_told(visit, found, "total"))


def _cards(visit: Visit, found: Lift) -> tuple[Card, ...]:
    cards = []
    for one in found.readings:
        if one.name in ("check", "own"):
            continue
        p = f"p = {one.p:.3f}" if one.p is not None else ""
        basis = " · ".join(part for part in (_interval(visit, found, one), p) if part)
        cards.append(Card(one.name, _named(visit, found, one), _shown(visit, found, one, one.value), basis=basis))
    if found.cost_each is not None:
        value = f"{found.cost_each:,.2f}" if found.metric == "sales" else visit.show(found.cost_each, "money")
        cards.append(Card("cost", visit.text(_("Cost per unit gained")), value))
    return tuple(cards)


def _facts(visit: Visit, test: LiftTest, found: Lift) -> tuple[tuple[str, str], ...]:
    told = [
        (_("Design"), visit.text(DESIGNS[test.design])),
        (_("What is judged"), visit.text(OUTCOMES[test.metric])),
        (_("Days of the test"), f"{test.first} – {test.last}"),
        (_("Known until"), visit.show(found.known_until, "day")),
        (_("Pushed channels"), " · ".join(visit.channel_label(one) for one in test.channels) or visit.text(_("All channels"))),
    ]  # fmt: skip
    if test.design == "geo":
        told.append((_("Treated markets"), " · ".join(test.markets)))
        told.append((_("Compared with"), visit.text(_("{n} other markets"), n=found.units[1])))
        if test.left_out:
            told.append((_("Left out"), " · ".join(test.left_out)))
    elif test.design == "holdout":
        told.append((_("Addressed"), f"{test.treated} · {visit.show(found.units[0], 'count')}"))
        told.append((_("Left alone"), f"{test.control} · {visit.show(found.units[1], 'count')}"))
    else:
        told.append((_("Treated blocks"), f"{found.units[0]} / {sum(found.units)}"))
    if test.cost_minor is not None:
        told.append((_("Cost"), visit.show(test.cost_minor, "money")))
    if test.expected is not None:
        told.append((_("Hoped for"), visit.show(test.expected, "percent")))
    return tuple((visit.text(label), value) for label, value in told)


def _chart(visit: Visit, test: LiftTest, found: Lift) -> Chart:
    x = [str(one.start) for one in found.line]
    title, kind = visit.text(_SEEN[found.design]), _kind(found)
    if found.design == "switchback":
        return Chart(
            title, x, _by_treatment(visit, test, found), kind, visit.currency, type="bar", stacked=True, sheet="line"
        )
    names = (_("Observed"), _("Expected")) if found.design == "geo" else (_("Addressed"), _("Left alone"))
    lines = (
        Line(visit.text(names[0]), [one.observed for one in found.line], 1),
        Line(visit.text(names[1]), [one.expected for one in found.line], 2),
    )
    flags = [Flag(x[found.start], visit.text(_("Start")))] if found.start < len(x) else []
    note = _("Before the start both lines should lie on each other; afterwards the gap is the effect.") if flags else ""
    return Chart(title, x, lines, kind, visit.currency, flags=flags, note=note and visit.text(note), sheet="line")


def _by_treatment(visit: Visit, test: LiftTest, found: Lift) -> list[Line]:
    """Each day as a bar of the colour of what was done on it."""
    days = list(zip(found.line, test.treatments, strict=False))
    lines = []
    for kind, (label, colour) in TREATMENTS.items():
        if any(done == kind for _day, done in days):
            lines.append(
                Line(visit.text(label), [day.observed if done == kind else None for day, done in days], colour)
            )
    return lines


def _trend(visit: Visit, found: Lift) -> Chart | None:
    points = [(one.start, one.apart) for one in found.line if one.apart is not None]
    if not points:
        return None
    x = [str(start) for start, _apart in points]
    lines = (
        Line(visit.text(_("Difference of the groups")), [apart.value for _start, apart in points], 1),
        Line(visit.text(_("lower end")), [apart.low for _start, apart in points], 3),
        Line(visit.text(_("upper end")), [apart.high for _start, apart in points], 3),
    )
    title = visit.text(_("Difference of treated and other markets, against the time before the start"))
    note = visit.text(_("Before the start it should lie around zero without a slope."))
    flags = [Flag(str(found.line[found.start].start), visit.text(_("Start")))]
    return Chart(title, x, lines, _kind(found), visit.currency, flags=flags, note=note, sheet="apart")


def _checks(visit: Visit, found: Lift) -> tuple[Check, ...]:
    if found.design == "holdout" and found.readings:
        return _holdout_checks(visit, found)
    if found.design != "geo" or not found.readings:
        return ()
    checks = []
    if found.unexplained is not None:
        told = _("part of the treated markets' ups and downs before the start that the comparison does not follow")
        checks.append(
            _check(
                visit,
                _("Fit before the start"),
                visit.show(found.unexplained, "percent"),
                told,
                found.unexplained <= 0.5,
            )
        )
    if found.rank_p is not None:
        told = _("share of all markets whose gap grew at least as much, each taken as treated in turn")
        checks.append(_check(visit, _("Permutation of markets"), f"p = {found.rank_p:.3f}", told, None))
    if found.trend_p is not None:
        told = _("below 0.1 the groups drifted apart before the start already")
        checks.append(
            _check(visit, _("Slopes before the start"), f"p = {found.trend_p:.3f}", told, found.trend_p >= _SUSPICIOUS)
        )
    if found.joint_p is not None:
        told = _("all steps before the start together")
        checks.append(
            _check(
                visit, _("Joint test before the start"), f"p = {found.joint_p:.3f}", told, found.joint_p >= _SUSPICIOUS
            )
        )
    if found.without is not None:
        ends = " – ".join(visit.show(round(one, 2), _kind(found)) for one in found.without)
        checks.append(
            _check(visit, _("Without each market in turn"), ends, _("one market should not carry the result"), None)
        )
    return tuple(checks)


def _holdout_checks(visit: Visit, found: Lift) -> tuple[Check, ...]:
    """Sizes of the groups against the lot, and both groups before the start."""
    told = _("sizes of the groups against the lot; below 0.001 people of one of them were lost")
    ratio = visit.text(_("share not registered")) if found.ratio_p is None else f"p = {found.ratio_p:.3f}"
    is_good = None if found.ratio_p is None else found.ratio_p >= SRM_P
    checks = [_check(visit, _("Sample ratio"), ratio, told, is_good)]
    if found.before is not None:
        p = "" if found.before.p is None else f" · p = {found.before.p:.3f}"
        value = _shown(visit, found, found.before, found.before.value) + p
        even = found.before.p is None or found.before.p >= UNBALANCED_P
        told = _("difference per person in the days before; below 0.01 lots hardly explain it")
        checks.append(_check(visit, _("Balance before the start"), value, told, even))
    return tuple(checks)


def _check(visit: Visit, label: str, value: str, told: str, is_good: bool | None) -> Check:
    tone = "" if is_good is None else "good" if is_good else "warn"
    return Check(visit.text(label), value, visit.text(told), tone)


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def plan_view(visit: Visit, question: LiftPlanQuestion, answer: Answer) -> PlanView:
    """The form, the finding, and the best plans as forms that register them."""
    found: LiftPlans = answer.result
    return PlanView(
        metrics=tuple((key, visit.text(label)) for key, label in OUTCOMES.items()),
        units=tuple((key, visit.text(label)) for key, label in UNITS.items()),
        metric=question.metric,
        unit=question.unit,
        sizes=", ".join(map(str, question.sizes)),
        lengths=", ".join(map(str, question.lengths)),
        spend=str(question.spend_minor // 100) if question.spend_minor else "",
        budget=str(question.budget_minor // 100) if question.budget_minor else "",
        finding=_plan_told(visit, question, found),
        notes=tuple(visit.text(DOUBTS[one]) for one in found.doubts),
        power=power_chart(visit, found.plans[:3]) if found.plans else None,
        choices=tuple(_choice(visit, question, one, place) for place, one in enumerate(found.plans[:3])),
        told=_judged(visit, found),
    )


def plan_sheets(visit: Visit, question: LiftPlanQuestion, answer: Answer) -> list[Sheet]:
    """Plans, their power, and the markets."""
    found: LiftPlans = answer.result
    columns = (
        Column("markets", visit.text(_("Treated markets"))),
        Column("length", visit.text(_("Length in days")), "count"),
        Column("detectable", visit.text(_("Smallest visible effect")), "percent"),
        Column("alarms", visit.text(_("False alarms")), "percent"),
        Column("share", visit.text(_("Share of all")), "percent"),
        Column("cost", visit.text(_("Cost")), "money"),
        Column(
            "cost_per_gain", visit.text(_("Cost per unit gained")), "ratio" if question.metric == "sales" else "money"
        ),
    )
    rows = [
        (
            " · ".join(one.markets),
            one.length,
            one.detectable,
            one.alarms,
            one.share,
            one.cost_minor or None,
            one.cost_per_gain,
        )
        for one in found.plans
    ]
    power = (
        Column("effect", visit.text(_("True effect")), "percent"),
        *(Column(f"p{place}", _short(visit, one), "percent") for place, one in enumerate(found.plans[:3])),
    )
    curve = [(effect, *(one.power[place] for one in found.plans[:3])) for place, effect in enumerate(POWER_AT)]
    places = (
        Column("market", visit.text(_("Market"))),
        Column("share", visit.text(_("Share of all")), "percent", bar=True),
    )
    return [
        Sheet("plans", columns, rows, caption=visit.text(_("Plans"))),
        Sheet("power", power, curve, caption=visit.text(_("Power"))),
        Sheet("markets", places, found.markets, caption=visit.text(_("Markets"))),
    ]


def _judged(visit: Visit, found: LiftPlans) -> str:
    """How the numbers of the plans came about."""
    told = visit.text(
        _("Each was pretended in windows of the past, where nothing happened, and read as the test will be read.")
    )
    if found.flattered < _FLATTERED:
        return told
    sentence = _(
        "The best of many looks better than it is: effects are stated {times} times larger, as the past itself asks for."
    )
    return f"{told} {visit.text(sentence, times=visit.show(found.flattered, 'ratio'))}"


def _plan_told(visit: Visit, question: LiftPlanQuestion, found: LiftPlans) -> str:
    if not found.plans:
        return visit.text(_("No plan can be judged. Take a longer past, larger markets, or fewer of them."))
    best = found.plans[0]
    sentence = _(
        "The best of {tried} plans sees an effect of {effect} in {power} of all tests. If you hope for less than that, do not "
        "make the test: take more markets, or longer."
    )
    return visit.text(
        sentence, tried=found.tried, effect=visit.show(best.detectable, "percent"), power=visit.show(question.power, "percent")
    )  # fmt: skip


def _short(visit: Visit, one: Planned) -> str:
    names = " · ".join(one.markets[:2]) + ("…" if len(one.markets) > 2 else "")
    return visit.text(_("{markets}, {n} days"), markets=names, n=one.length)


def power_chart(visit: Visit, plans: Sequence[Planned]) -> Chart:
    """How often each plan finds an effect of which size."""
    x = [visit.show(effect, "percent") for effect in POWER_AT]
    lines = [Line(_short(visit, one), list(one.power), place + 1) for place, one in enumerate(plans)]
    title = visit.text(_("How often a test finds an effect of this size"))
    return Chart(title, x, lines, "percent", visit.currency, sheet="power")


def _choice(visit: Visit, question: LiftPlanQuestion, one: Planned, place: int) -> PlanChoice:
    first = visit.today + timedelta(1)
    return PlanChoice(
        _short(visit, one), one.markets, question.channels, one.length, one.cost_minor, first, f"geo-{first:%Y%m%d}-{place + 1}"
    )  # fmt: skip
