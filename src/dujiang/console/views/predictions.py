"""Prediction quality, lifetime value, and what is foretold of one person, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dujiang.console.components import Card, Chart, Line
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.people.prediction.curves import LtvCurve
from dujiang.people.prediction.ltv import Ltv, LtvRow
from dujiang.people.prediction.model import HoldOut, ModelRun, PropensityBody, PurchaseBody, Scores
from dujiang.people.prediction.service import PersonPredictions, Predicted, Reason
from dujiang.people.prediction.together import Estimate

MODELS: Final = {
    "purchases": _("Purchases and value"),
    "buy": _("Buys within 30 days"),
    "lapse": _("Buys nothing for 90 days"),
    "respond": _("Uses a coupon within 30 days"),
    "bg_nbd": "BG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "gamma_gamma": "Gamma-Gamma",
}
STATES: Final = {
    "too_little": _("Too little data"),
    "not_converged": _("No estimate could be found"),
}
MISSING: Final = {
    "coupon_orders": _("orders that used a coupon"),
    "messages": _("messages that were sent"),
    "time": _("a longer history"),
    "people": _("more people who did it, and who did not"),
}
FEATURES: Final = {
    "days_since_order": _("days since the last order"),
    "days_since_first_order": _("days since the first order"),
    "orders": _("orders so far"),
    "orders_30": _("orders in 30 days"),
    "orders_90": _("orders in 90 days"),
    "orders_365": _("orders in a year"),
    "mean_paid": _("mean order value"),
    "paid_365": _("paid in a year"),
    "discount_365": _("discounts in a year"),
    "order_channels": _("channels bought in"),
    "refunded_365": _("given back in a year"),
    "visits_7": _("visits in 7 days"),
    "visits_30": _("visits in 30 days"),
    "pages_30": _("pages seen in 30 days"),
    "days_since_visit": _("days since the last visit"),
    "conversations_90": _("conversations with the service in 90 days"),
    "coupons": _("orders with a coupon"),
}
_MONEY: Final = frozenset({"mean_paid", "paid_365", "discount_365", "refunded_365"})


@dataclass(frozen=True)
class QualityView:
    """The page of prediction quality.

    Attributes:
        cards: what matters first; empty before the first fit.
        chart: expected and actual purchases of the hold-out; None where there was none.
        pictures: calibration and reach of each propensity, with their tables.
        tables: title, note and table of each part.
        notes: what could not be fitted, and why.
    """

    cards: tuple[Card, ...]
    chart: Chart | None
    pictures: tuple[tuple[Chart, Sheet], ...]
    tables: tuple[tuple[str, str, Sheet], ...]
    notes: tuple[str, ...]


def quality(visit: Visit, runs: Mapping[str, ModelRun]) -> QualityView:
    """The page."""
    bought = runs.get("purchases")
    body = bought.body if bought and isinstance(bought.body, PurchaseBody) else None
    tables: list[tuple[str, str, Sheet]] = []
    held = body.hold_out if body else None
    if body and body.fits:
        note = _("Maximum likelihood; standard errors from the observed information. Weeks and minor units of money.")
        tables.append((visit.text(_("Parameters")), visit.text(note), parameters_sheet(visit, body)))
    if held:
        told = _("Fitted to what was known before {cut}; held against the {days} days after.")
        note = visit.text(told, cut=held.cut, days=held.days)
        tables.append((visit.text(_("By purchases so far")), note, bands_sheet(visit, held)))
    propensities = {name: run for name, run in runs.items() if isinstance(run.body, PropensityBody) and run.body.scores}
    if propensities:
        note = _("On the latest days, which no model saw. The baseline knows recency, frequency and value only.")
        tables.append((visit.text(_("Propensities")), visit.text(note), scores_sheet(visit, propensities)))
    pictures: list[tuple[Chart, Sheet]] = []
    for name, run in propensities.items():
        assert isinstance(run.body, PropensityBody)
        pictures += [
            (_calibration_chart(visit, name, run.body), calibration_sheet(visit, name, run.body)),
            (_reach_chart(visit, name, run.body), reach_sheet(visit, name, run.body)),
        ]
        tables.append(
            (visit.text(MODELS[name]), visit.text(_("What drives the model")), drivers_sheet(visit, name, run.body))
        )
    cards, notes = _cards(visit, bought, held, propensities), _notes(visit, runs)
    return QualityView(cards, _chart(visit, held), tuple(pictures), tuple(tables), notes)


def _cards(
    visit: Visit, run: ModelRun | None, held: HoldOut | None, propensities: Mapping[str, ModelRun]
) -> tuple[Card, ...]:
    if run is None or not isinstance(run.body, PurchaseBody):
        return ()
    when = visit.text(_("as of {day}"), day=run.as_of)
    cards = [Card("people", visit.text(_("People who bought")), visit.show(run.body.people, "count"), basis=when)]
    if held:
        found = visit.text(_("{actual} came"), actual=visit.show(held.actual, "count"))
        expected = visit.show(round(held.expected), "count")
        cards.append(Card("hold-out", visit.text(_("Purchases foretold")), expected, basis=found))
    if held and held.coverage is not None:
        wanted = visit.text(_("it ought to be {share}"), share=visit.show(held.covered, "percent"))
        cards.append(
            Card("coverage", visit.text(_("Within the interval")), visit.show(held.coverage, "percent"), basis=wanted)
        )
    for name, one in propensities.items():
        assert isinstance(one.body, PropensityBody)
        if one.body.scores:
            lift = visit.text(_("times as many among the top tenth"))
            cards.append(Card(name, visit.text(MODELS[name]), visit.show(one.body.scores.lift, "ratio"), basis=lift))
    return tuple(cards)


def _chart(visit: Visit, held: HoldOut | None) -> Chart | None:
    if held is None or not held.weeks:
        return None
    lines = (
        Line(visit.text(_("expected")), [one.expected for one in held.weeks]),
        Line(visit.text(_("actual")), [one.actual for one in held.weeks], slot=3),
    )
    note = visit.text(_("The model saw nothing from {cut} on."), cut=held.cut)
    title = visit.text(_("Repeat purchases, expected and actual"))
    return Chart(title, [one.day.isoformat() for one in held.weeks], lines, note=note)


def weeks_sheet(visit: Visit, runs: Mapping[str, ModelRun]) -> Sheet:
    """The hold-out by weeks: added up, and each week on its own."""
    columns = (
        Column("week", visit.text(_("Until")), "day"),
        Column("expected", visit.text(_("expected")), "number"),
        Column("actual", visit.text(_("actual")), "count"),
        Column("week-expected", visit.text(_("expected in the week")), "number"),
        Column("week-actual", visit.text(_("actual in the week")), "count"),
    )
    run = runs.get("purchases")
    held = run.body.hold_out if run and isinstance(run.body, PurchaseBody) else None
    weeks = held.weeks if held else ()
    before = (None, *weeks)[: len(weeks)]
    rows = [
        (
            one.day,
            round(one.expected, 1),
            one.actual,
            None if last is None else round(one.expected - last.expected, 1),
            None if last is None else one.actual - last.actual,
        )
        for last, one in zip(before, weeks, strict=True)
    ]
    return Sheet("weeks", columns, rows)


def parameters_sheet(visit: Visit, body: PurchaseBody) -> Sheet:
    """Estimates with their standard errors."""
    columns = (
        Column("model", visit.text(_("Model"))),
        Column("parameter", visit.text(_("Parameter")), "code"),
        Column("value", visit.text(_("Estimate")), "text"),
        Column("error", visit.text(_("Standard error")), "text"),
        Column("likelihood", visit.text(_("Log-likelihood")), "text"),
    )
    rows = []
    for fit in body.fits:
        chosen = (
            visit.text(_("{model}, used"), model=MODELS[fit.model]) if fit.model == body.chosen else MODELS[fit.model]
        )
        for one in fit.parameters:
            error = f"{one.error:,.4g}" if one.error is not None else "—"
            rows.append((chosen, one.name, f"{one.value:,.4g}", error, f"{fit.log_likelihood:,.1f}"))
    return Sheet("parameters", columns, rows)


def bands_sheet(visit: Visit, held: HoldOut) -> Sheet:
    """People by the purchases they had made: foretold and actual."""
    columns = (
        Column("purchases", visit.text(_("Repeat purchases so far"))),
        Column("people", visit.text(_("Number of people")), "count"),
        Column("expected", visit.text(_("expected of each")), "ratio"),
        Column("actual", visit.text(_("actual of each")), "ratio"),
    )
    return Sheet("hold-out", columns, [(one.label, one.people, one.expected, one.actual) for one in held.by_purchases])


def scores_sheet(visit: Visit, runs: Mapping[str, ModelRun]) -> Sheet:
    """Scores of each propensity, its baseline and the mere share."""
    columns = (
        Column("model", visit.text(_("Model"))),
        Column("kind", visit.text(_("Kind"))),
        Column("auc", "AUC", "text"),
        Column("precision", visit.text(_("Average precision")), "text"),
        Column("brier", "Brier", "text"),
        Column("loss", visit.text(_("Log loss")), "text"),
        Column("lift", visit.text(_("Lift of the top tenth")), "ratio"),
    )
    rows: list[tuple[Any, ...]] = []
    for name, run in runs.items():
        body = run.body
        assert isinstance(body, PropensityBody)
        kinds = ((_("model"), body.scores), (_("baseline"), body.baseline), (_("share of all"), body.prevalence_scores))
        rows += [_scored(visit, name, kind, one) for kind, one in kinds if one]
    return Sheet("scores", columns, rows)


def _scored(visit: Visit, name: str, kind: str, one: Scores) -> tuple[Any, ...]:
    numbers = (f"{value:.3f}" for value in (one.auc, one.average_precision, one.brier, one.log_loss))
    return (visit.text(MODELS[name]), visit.text(kind), *numbers, one.lift)


def calibration_sheet(visit: Visit, name: str, body: PropensityBody) -> Sheet:
    """Tenths of chance: the chance that was stated, and the share who did."""
    columns = (
        Column("tenth", visit.text(_("Tenth"))),
        Column("people", visit.text(_("Number of people")), "count"),
        Column("stated", visit.text(_("Stated chance")), "percent", bar=True),
        Column("did", visit.text(_("Did it")), "percent", bar=True),
        Column("low", visit.text(_("95% from")), "percent"),
        Column("high", visit.text(_("95% to")), "percent"),
    )
    rows = [(one.label, one.people, one.expected, one.actual, one.low, one.high) for one in body.calibration]
    return Sheet(f"calibration-{name}", columns, rows)


def _calibration_chart(visit: Visit, name: str, body: PropensityBody) -> Chart:
    """Stated chance and what came, by tenths of chance: lines that lie on each other are calibrated."""
    bands = body.calibration
    lines = (
        Line(visit.text(_("Stated chance")), [one.expected for one in bands]),
        Line(visit.text(_("Did it")), [one.actual for one in bands], 2),
    )
    heading = visit.text(_("{model}: stated and come true"), model=visit.text(MODELS[name]))
    note = visit.text(
        _("By tenths of chance, the lowest first. The closer the lines, the more a stated chance can be trusted.")
    )
    return Chart(heading, [one.label for one in bands], lines, "percent", note=note)


def _reached(body: PropensityBody) -> list[tuple[float, float]]:
    """Share of the people, the likeliest first, and the share of those who did it that is among them."""
    bands = list(reversed(body.calibration))
    people, did = sum(one.people for one in bands), sum(one.people * one.actual for one in bands)
    found, seen, reached = [(0.0, 0.0)], 0, 0.0
    for one in bands:
        seen, reached = seen + one.people, reached + one.people * one.actual
        found.append((seen / people, reached / did if did else 0.0))
    return found


def _reach_chart(visit: Visit, name: str, body: PropensityBody) -> Chart:
    """The cumulative gains curve: what the lift of the top tenth is a point of."""
    curve = _reached(body)
    lines = (
        Line(visit.text(_("By chance of the model")), [reached for _share, reached in curve]),
        Line(visit.text(_("At random")), [share for share, _reached_share in curve], 2),
    )
    third = next((reached for share, reached in curve if share >= 0.295), 0.0)
    heading = visit.text(
        _("{model}: the likeliest 30% are {share} of those who did"),
        model=visit.text(MODELS[name]),
        share=visit.show(third, "percent"),
    )
    note = visit.text(_("Share of those who did it among the likeliest, by the share of people looked at."))
    return Chart(heading, [f"{share:.0%}" for share, _reached_share in curve], lines, "percent", note=note)


def reach_sheet(visit: Visit, name: str, body: PropensityBody) -> Sheet:
    """The same as a table."""
    columns = (
        Column("people", visit.text(_("Share of people, likeliest first")), "percent"),
        Column("reached", visit.text(_("Share of those who did it")), "percent", bar=True),
    )
    return Sheet(f"reach-{name}", columns, _reached(body))


def drivers_sheet(visit: Visit, name: str, body: PropensityBody) -> Sheet:
    """Features by how far they move the chance."""
    columns = (
        Column("feature", visit.text(_("Feature"))),
        Column("strength", visit.text(_("Share of the effect")), "percent", bar=True),
    )
    total = sum(one.strength for one in body.drivers) or 1.0
    rows = [(visit.text(FEATURES[one.feature]), one.strength / total) for one in body.drivers if one.strength > 0][:10]
    return Sheet(f"drivers-{name}", columns, rows)


def _notes(visit: Visit, runs: Mapping[str, ModelRun]) -> tuple[str, ...]:
    found = []
    for name, run in runs.items():
        if run.state != "fitted":
            missing = run.body.missing if isinstance(run.body, PropensityBody) else ()
            lacking = " · ".join(visit.text(MISSING[one]) for one in missing)
            state = visit.text(STATES[run.state])
            label = visit.text(MODELS[name])
            what = visit.text(_("{model}: {state}. Lacking: {what}."), model=label, state=state, what=lacking)
            found.append(what if lacking else visit.text(_("{model}: {state}."), model=label, state=state))
        elif isinstance(run.body, PurchaseBody) and run.body.hold_out is None:
            found.append(visit.text(_UNTESTED))
    return tuple(found)


_UNTESTED: Final = _(
    "What is foretold of purchases could not be held against what came: the history is too short, or what was known"
    " before the test fits no model."
)


# ── lifetime value ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class LtvView:
    """The page of lifetime value; without cards while nobody has bought.

    Attributes:
        cards: the split, for everybody.
        notes: what is not known.
        curves: cohorts by months since the first order; None where no cohort has enough people.
        channels: the split by channel.
    """

    cards: tuple[Card, ...]
    notes: tuple[str, ...]
    curves: Chart | None = None
    channels: Chart | None = None


def lifetime_value(visit: Visit, found: Ltv) -> LtvView:
    """The page's frame."""
    if found.total is None:
        return LtvView((), ())
    total = found.total
    ahead = total.again_coming
    parts = (
        ("first", _("First order, each customer"), total.first_minor, ""),
        ("again", _("Repurchase, each customer"), total.again_minor, ""),
        ("referral", _("Referral, each customer"), None if "shares" in found.missing else total.referral_minor, ""),
        ("coming", _("Expected within a year"), ahead.value if ahead else None, _between(visit, total, ahead)),
    )
    cards = tuple(
        Card(key, visit.text(label), visit.show(total.each(value), "money"), basis=basis)
        for key, label, value, basis in parts
    )
    words = {
        "shares": _("Referral is not known: no visit through somebody's share has been collected."),
        "value_model": _("What will come is not known: no model of value has been fitted."),
    }
    notes = tuple(visit.text(words[one]) for one in found.missing)
    return LtvView(cards, notes, _curves_chart(visit, found.curves), _channels_chart(visit, found))


CHANNELS_SHOWN: Final = 12


def _channels_chart(visit: Visit, found: Ltv) -> Chart:
    """The parts of each channel's mean customer, one after the other: so far, then what is expected within a year."""
    rows = found.channels[:CHANNELS_SHOWN]
    parts: list[tuple[str, int, bool, list[float | None]]] = [
        (_("First order"), 0, False, [one.each(one.first_minor) for one in rows]),
        (_("Repurchase"), 2, False, [one.each(one.again_minor) for one in rows]),
        (_("Repurchase within a year"), 2, True, [_each(one, one.again_coming) for one in rows]),
        (_("Referral"), 3, False, [one.each(one.referral_minor) for one in rows]),
        (_("Referral within a year"), 3, True, [_each(one, one.referral_coming) for one in rows]),
    ]
    lines = [
        Line(visit.text(label), [value or 0.0 for value in values], slot, foretold=ahead)
        for label, slot, ahead, values in parts
        if any(values)
    ]
    heading, note = (
        _("By channel of the first order"),
        _(
            "Mean of one customer; pale is what the year from today is expected to bring. Referral is what those bought who"
            " came through a share."
        ),
    )
    labels = [visit.channel_label(one.key) for one in rows]
    return Chart(
        visit.text(heading),
        labels,
        lines,
        "money",
        visit.currency,
        "bar",
        stacked=True,
        lying=True,
        note=visit.text(note),
    )


def _each(row: LtvRow, one: Estimate | None) -> float | None:
    return row.each(one.value) if one else None


def _curves_chart(visit: Visit, found: Sequence[LtvCurve]) -> Chart | None:
    """Value of one customer so many months after the first order, a line for each cohort."""
    if not found:
        return None
    last = max(_last_month(one) for one in found)
    lines = [line for slot, one in enumerate(found) for line in _curve_lines(visit, one, slot, last)]
    heading = _("What a customer is worth, by months since the first order")
    note = _(
        "Mean of one customer, net of refunds, by when the first order was. Dashed from the mean age of each group on: what its"
        " customers are expected to buy from today, with 80% intervals."
    )
    months = [str(month) for month in range(last + 1)]
    return Chart(visit.text(heading), months, lines, "money", visit.currency, note=visit.text(note))


def _last_month(one: LtvCurve) -> int:
    return one.foretold[-1].month if one.foretold else one.seen[-1].month


def _curve_lines(visit: Visit, one: LtvCurve, slot: int, last: int) -> list[Line]:
    def spread(values: Mapping[int, float | None]) -> list[float | None]:
        return [values.get(month) for month in range(last + 1)]

    name = cohort_label(visit, one.cohort)
    seen = Line(name, spread({point.month: point.each_minor for point in one.seen}), slot)
    if not one.foretold:
        return [seen]
    start = {one.seen[-1].month: one.seen[-1].each_minor}
    ahead = Line(
        name,
        spread({**start, **{point.month: point.each.value for point in one.foretold}}),
        slot,
        low=spread({**start, **{point.month: point.each.low for point in one.foretold}}),
        high=spread({**start, **{point.month: point.each.high for point in one.foretold}}),
        foretold=True,
    )
    return [seen, ahead]


def cohort_label(visit: Visit, cohort: str) -> str:
    """What people call the months of a cohort: ``2026-03``, ``2026-Q1``, ``2026-H1`` or ``2026``."""
    year, _dash, part = cohort.partition("-")
    if part.startswith("Q"):
        return visit.text(_("quarter {quarter} of {year}"), quarter=part[1:], year=year)
    if part.startswith("H"):
        half = _("first half of {year}") if part == "H1" else _("second half of {year}")
        return visit.text(half, year=year)
    return cohort


def curves_sheet(visit: Visit, found: Sequence[LtvCurve]) -> Sheet:
    """The curves as a table: what was seen, then what is foretold."""
    columns = (
        Column("cohort", visit.text(_("First order in"))),
        Column("month", visit.text(_("Months since")), "count"),
        Column("people", visit.text(_("Customers for so long")), "count"),
        Column("each", visit.text(_("Value of one customer")), "money"),
        Column("low", visit.text(_("80% from")), "money"),
        Column("high", visit.text(_("80% to")), "money"),
        Column("kind", visit.text(_("Kind"))),
    )
    rows: list[tuple[Any, ...]] = []
    seen, foretold = visit.text(_("seen")), visit.text(_("foretold"))
    for one in found:
        label = cohort_label(visit, one.cohort)
        rows += [(label, point.month, point.people, point.each_minor, None, None, seen) for point in one.seen]
        rows += [
            (label, point.month, None, point.each.value, point.each.low, point.each.high, foretold)
            for point in one.foretold
        ]
    return Sheet("ltv-curves", columns, rows)


def _between(visit: Visit, row: LtvRow, one: Estimate | None) -> str:
    if one is None or one.low is None or one.high is None:
        return ""
    low, high = (visit.show(row.each(end), "money") for end in (one.low, one.high))
    return visit.text(_("in 8 of 10 cases {low} to {high}"), low=low, high=high)


def ahead_sheet(visit: Visit, name: str, rows: Sequence[LtvRow]) -> Sheet:
    """What is foretold of one customer on average, part by part, with the ends of 80% intervals."""
    by_channel = name == "ltv-channels-ahead"
    columns = [
        Column("key", visit.text(_("Channel of the first order") if by_channel else _("Month of the first order")),
               "channel" if by_channel else "text"),
        Column("people", visit.text(_("Customers")), "count"),
    ]  # fmt: skip
    parts = (
        ("first", _("First order of the next one")),
        ("again", _("Repurchase within a year")),
        ("referral", _("Referral within a year")),
    )
    for key, label in parts:
        columns += [
            Column(key, visit.text(label), "money"),
            Column(f"{key}-low", visit.text(_("from")), "money"),
            Column(f"{key}-high", visit.text(_("to")), "money"),
        ]
    told = []
    for one in rows:
        line: list[Any] = [one.key, one.people, one.first_each.value, one.first_each.low, one.first_each.high]
        for found in (one.again_coming, one.referral_coming):
            ends = (found.value, found.low, found.high) if found else (None, None, None)
            line += [one.each(end) for end in ends]
        told.append(tuple(line))
    return Sheet(name, tuple(columns), told)


def ltv_sheet(visit: Visit, name: str, rows: Sequence[LtvRow], *, shares: bool) -> Sheet:
    """The split, for one customer on average."""
    by_channel = name == "ltv-channels"
    columns = (
        Column("key", visit.text(_("Channel of the first order") if by_channel else _("Month of the first order")),
               "channel" if by_channel else "text"),
        Column("people", visit.text(_("Customers")), "count"),
        Column("first", visit.text(_("First order")), "money"),
        Column("again", visit.text(_("Repurchase")), "money"),
        Column("referral", visit.text(_("Referral")), "money"),
        Column("referred", visit.text(_("People brought")), "count"),
    )  # fmt: skip
    told = [
        (
            one.key,
            one.people,
            one.each(one.first_minor),
            one.each(one.again_minor),
            one.each(one.referral_minor) if shares else None,
            one.referred if shares else None,
        )
        for one in rows
    ]
    return Sheet(name, columns, told)


# ── one person ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class OutlookView:
    """What is foretold of a person: label, value and interval of each; then the reasons of each propensity."""

    lines: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, tuple[str, ...]], ...]
    as_of: str


def outlook(visit: Visit, found: PersonPredictions) -> OutlookView | None:
    """The block on the person's page; None where nothing is foretold."""
    if not found.predictions:
        return None
    shown = (
        ("alive", _("Still a customer"), "percent"),
        ("purchases_365", _("Purchases within a year"), "ratio"),
        ("value_90", _("Value within 90 days"), "money"),
        ("value_365", _("Value within a year"), "money"),
        ("buy_30", MODELS["buy"], "percent"),
        ("lapse_90", MODELS["lapse"], "percent"),
        ("respond_30", MODELS["respond"], "percent"),
    )
    lines = tuple(
        (visit.text(label), _told(visit, found.predictions[name], kind))
        for name, label, kind in shown
        if name in found.predictions
    )
    reasons = tuple(
        (visit.text(MODELS[what]), tuple(_reason(visit, one) for one in many)) for what, many in found.reasons.items()
    )
    return OutlookView(lines, reasons, str(next(iter(found.predictions.values())).as_of))


def _told(visit: Visit, one: Predicted, kind: Any) -> str:
    value = visit.show(one.value, kind)
    if one.low is None or one.high is None:
        return value
    low, high = visit.show(one.low, kind), visit.show(one.high, kind)
    return visit.text(_("{value} (in 8 of 10 cases {low} to {high})"), value=value, low=low, high=high)


def _reason(visit: Visit, one: Reason) -> str:
    feature = visit.text(FEATURES[one.feature])
    kind = "money" if one.feature in _MONEY else "number"
    value = visit.show(None if one.value is None else round(one.value), kind)
    sentence = _("raises it: {feature} {value}") if one.effect > 0 else _("lowers it: {feature} {value}")
    return visit.text(sentence, feature=feature, value=value)
