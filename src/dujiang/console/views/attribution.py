"""Attribution, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from dujiang.console import formats
from dujiang.console.charts import whiskers
from dujiang.console.components import Card
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views.asked.view import Behind
from dujiang.console.views.figures import counted_card
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.attribution.analysis import Attribution, Credited, Share
from dujiang.insight.attribution.question import MODELS, NONE, WORDS, AttributionQuestion, Credit, ModelName
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.notes import NOTES
from dujiang.workspace.truth import Brought

CREDITS: Final[dict[Credit, str]] = {
    "channel": _("Channel"),
    "origin": _("Origin"),
    "campaign": _("Campaign"),
    "content": _("Content"),
    "guide": _("Guide"),
    "store": _("Store"),
}
OF: Final = {"": _("All orders"), "new": _("New customers")}
WORTH: Final = {"": _("Conversions"), "value": _("Value of conversions")}
TOUCHES: Final = {"guides": _("Store guide"), "promoters": _("Promoter"), "purchase": _("The purchase itself")}
WORTHS: Final = {"net": _("Net of refunds"), "paid": _("Amount paid")}
RESTARTS: Final = {"": _("since the conversion before"), "no": _("whatever came in between")}
DRAWN: Final[tuple[ModelName, ...]] = ("first", "last", "markov", "shapley")
GROUPS_MAX: Final = 9
WORDS_MAX: Final = 8
_HINTS: Final[dict[ModelName, str]] = {
    "first": _("All to the first touch: who made us known."),
    "last": _("All to the last touch: who closed the deal. Most platforms report this of themselves."),
    "last_non_direct": _("The last touch that a campaign, a link or a person led to."),
    "linear": _("The same to every touch."),
    "time_decay": _("Half as much for every week further back."),
    "position": _("40% to the first touch, 40% to the last, the rest between."),
    "custom": _("By weights of your own."),
    "markov": _("By how many conversions pass through: what would be lost if it were taken out of all journeys."),
    "markov_path": _("By how much each touch raised the chance to convert, path by path."),
    "shapley": _("Evenly to all different ones that a journey touched."),
    "shapley_rate": _("By how much it raises the rate of conversion in company of the others."),
}


@dataclass(frozen=True)
class WhiskerView:
    """A picture of bars with intervals, for wide and narrow screens."""

    title: str
    legend: tuple[tuple[str, int], ...]
    wide: Any
    narrow: Any
    note: str = ""
    mark: str = ""
    sheet: str = "models"

    @property
    def shape(self) -> str:
        """How it is drawn."""
        return "whiskers"


@dataclass(frozen=True)
class Choice:
    """One of the menus above the page."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    value: str


@dataclass(frozen=True)
class AttributionView:
    """The page."""

    choices: tuple[Choice, ...]
    cards: tuple[Card, ...]
    chart: WhiskerView | None
    notes: tuple[str, ...]
    truth: str
    untouched: str
    fresh_at: datetime | None


def page_view(
    visit: Visit,
    question: AttributionQuestion,
    answer: Answer,
    behind: Behind,
    truth: Mapping[str, Brought] | None,
) -> AttributionView:
    """Everything but the tables."""
    result: Attribution = answer.result
    return AttributionView(
        choices=_choices(visit, question),
        cards=_cards(visit, result, answer.before),
        chart=chart(visit, question, result, behind, truth) if result.keys else None,
        notes=tuple(visit.text(NOTES[one]) for one in answer.notes),
        truth=_truth_told(visit, result, truth) if truth is not None and result.keys else "",
        untouched=_untouched(visit, result),
        fresh_at=answer.freshness.received_at,
    )


def sheets(
    visit: Visit,
    question: AttributionQuestion,
    answer: Answer,
    behind: Behind,
    truth: Mapping[str, Brought] | None = None,
) -> list[Sheet]:
    """Models beside each other, credits with intervals, roles, paths, and what the truth says where it is known."""
    result: Attribution = answer.result
    links = [behind({"key": key}) for key in result.keys]
    found = [
        replace(_models_sheet(visit, question, result), links=links),
        replace(
            _credits_sheet(visit, question, result, answer.before),
            links=[link for link in links for _model in result.models],
        ),
        replace(_roles_sheet(visit, question, result), links=links),
        replace(_paths_sheet(visit, result), links=[behind({"path": [*one.keys]}) for one in result.ways]),
    ]
    return [*found, _truth_sheet(visit, result, truth)] if truth is not None else found


def key_label(visit: Visit, key: str, credit: Credit = "channel") -> str:
    """What people call a key."""
    if key in WORDS:
        return visit.text(WORDS[key])
    return visit.channel_label(key) if credit == "channel" else key


def _choices(visit: Visit, question: AttributionQuestion) -> tuple[Choice, ...]:
    def named(options: Mapping[Any, str]) -> tuple[tuple[str, str], ...]:
        return tuple((key, visit.text(label)) for key, label in options.items())

    days = tuple((str(one), visit.text(_("{n} days before"), n=one)) for one in (7, 14, 30, 60, 90))
    return (
        Choice("of", visit.text(_("Conversions")), named(OF), visit.query.get("of", "")),
        Choice("credit", visit.text(_("Credit to")), named(CREDITS), question.credit),
        Choice("back", visit.text(_("Touches of")), days, str(question.look_back_days)),
        Choice("restart", visit.text(_("counted")), named(RESTARTS), "" if question.restart else "no"),
        Choice("worth", visit.text(_("Picture of")), named(WORTH), visit.query.get("worth", "")),
    )


def _cards(visit: Visit, now: Attribution, before: Attribution | None) -> tuple[Card, ...]:
    known = now.conversions - now.untouched
    earlier = before.conversions - before.untouched if before else 0
    return (
        counted_card(visit, "conversions", _("Conversions"), now.conversions, before and before.conversions, "count"),
        counted_card(visit, "value", _("Value of conversions"), now.value, before and before.value, "money"),
        counted_card(
            visit, "known", _("With a known touch"), known / now.conversions if now.conversions else None,
            earlier / before.conversions if before and before.conversions else None, "percent",
        ),
        counted_card(visit, "each", _("Touches per journey"), now.touches_each, before and before.touches_each, "ratio"),
        counted_card(
            visit, "others", _("Journeys without conversion"), now.unconverted, before and before.unconverted, "count"
        ),
    )  # fmt: skip


def chart(
    visit: Visit,
    question: AttributionQuestion,
    result: Attribution,
    behind: Behind,
    truth: Mapping[str, Brought] | None = None,
) -> WhiskerView:
    """Credits of a few models by key as bars with their intervals, beside the truth where it is known."""
    is_value = visit.query.get("worth") == "value"
    drawn = [one for name in DRAWN for one in result.models if one.model == name] or [*result.models[:4]]
    groups = []
    for place in _largest(result, drawn):
        key = result.keys[place]
        bars = tuple(_bar(visit, key, question.credit, one, place, nth + 1, is_value) for nth, one in enumerate(drawn))
        mark = None
        if truth is not None and key not in WORDS:
            brought = truth.get(key, Brought(0, 0))
            mark = float(brought.value_minor if is_value else brought.orders)
        shown = visit.show(mark, "money" if is_value else "count")
        told = visit.text(_("truly brought by advertising: {n}"), n=shown) if mark is not None else ""
        groups.append(whiskers.Group(key_label(visit, key, question.credit), bars, behind({"key": key}), mark, told))
    title = _("Value credited, by model") if is_value else _("Conversions credited, by model")
    legend = tuple((visit.text(MODELS[one.model]), nth + 1) for nth, one in enumerate(drawn))
    note = visit.text(
        _("Lines: 90% interval over other journeys of the same kind. It does not tell whether a model is right.")
    )
    return picture(
        visit, visit.text(title), groups, legend, "money" if is_value else "count", note if question.rounds else "",
        visit.text(_("truly brought by advertising (known of the demo brand only)")) if truth is not None else "",
    )  # fmt: skip


def picture(
    visit: Visit,
    title: str,
    groups: Sequence[whiskers.Group],
    legend: tuple[tuple[str, int], ...],
    kind: formats.Kind,
    note: str = "",
    mark: str = "",
    sheet: str = "models",
) -> WhiskerView:
    """Groups of bars laid out twice, with the scale in words; ``sheet`` is the table that says the same."""
    drawn = []
    for size in (whiskers.WIDE, whiskers.NARROW):
        laid = whiskers.draw(groups, size)
        ticks = laid.ticks if size is whiskers.WIDE else laid.ticks[:: 2 if len(laid.ticks) > 4 else 1]
        words = [(place, visit.show(value, kind)) for place, value in ticks]
        drawn.append({"width": laid.width, "height": laid.height, "ticks": words, "groups": laid.groups})
    return WhiskerView(title, legend, drawn[0], drawn[1], note, mark, sheet)


def _largest(result: Attribution, drawn: Sequence[Credited]) -> list[int]:
    """Places of the keys that get most, the largest first."""
    most = [max((one.shares[place].conversions for one in drawn), default=0.0) for place in range(len(result.keys))]
    return sorted(range(len(most)), key=lambda place: -most[place])[:GROUPS_MAX]


def _bar(
    visit: Visit, key: str, credit: Credit, model: Credited, place: int, series: int, is_value: bool
) -> whiskers.Bar:
    share, kind = model.shares[place], "money" if is_value else "number"
    value, low, high = (
        (share.value, share.value_low, share.value_high) if is_value else (share.conversions, share.low, share.high)
    )
    shown = visit.show(round(value) if is_value else round(value, 1), kind)
    title = f"{key_label(visit, key, credit)} · {visit.text(MODELS[model.model])}: {shown}"
    if low is not None and high is not None:
        ends = [visit.show(round(one) if is_value else round(one, 1), kind) for one in (low, high)]
        title += f" ({ends[0]} – {ends[1]})"
    return whiskers.Bar(value, visit.show(round(value), "money" if is_value else "count"), series, low, high, title)


def _key_column(visit: Visit, question: AttributionQuestion) -> Column:
    return Column("key", visit.text(CREDITS[question.credit]), "text")


def _models_sheet(visit: Visit, question: AttributionQuestion, result: Attribution) -> Sheet:
    columns = [_key_column(visit, question)]
    columns += [
        Column(one.model, visit.text(MODELS[one.model]), "number", hint=visit.text(_HINTS[one.model]))
        for one in result.models
    ]
    rows = [
        (key_label(visit, key, question.credit), *(one.shares[place].conversions for one in result.models))
        for place, key in enumerate(result.keys)
    ]
    totals = (visit.text(_("Total")), *(_total(one) for one in result.models))
    return Sheet(
        "models", tuple(columns), rows, totals=totals if rows else None, caption=visit.text(_("Models side by side"))
    )


def _total(one: Credited) -> float:
    return sum(share.conversions for share in one.shares)


def _credits_sheet(
    visit: Visit, question: AttributionQuestion, result: Attribution, before: Attribution | None
) -> Sheet:
    columns = [
        _key_column(visit, question),
        Column("model", visit.text(_("Model"))),
        Column("conversions", visit.text(_("Conversions")), "number"),
        Column("interval", visit.text(_("90% interval"))),
        Column("value", visit.text(_("Value credited")), "money"),
        Column("cost", visit.text(_("Cost")), "money"),
        Column("roas", visit.text(_("Return on spend")), "ratio"),
        Column(
            "cost_each",
            visit.text(_("Cost per new customer") if visit.query.get("of") == "new" else _("Cost per conversion")),
            "money",
        ),
    ]
    if before is not None:
        columns.append(Column("change", visit.text(_("Relative change")), "change"))
    rows = []
    for place, key in enumerate(result.keys):
        for one in result.models:
            share = one.shares[place]
            row: tuple[Any, ...] = (
                key_label(visit, key, question.credit), visit.text(MODELS[one.model]), share.conversions,
                _interval(visit, share), share.value, result.costs[place], share.roas, share.cost_each,
            )  # fmt: skip
            rows.append((*row, _change(before, one.model, key, share)) if before is not None else row)
    return Sheet("credits", tuple(columns), rows, caption=visit.text(_("Every credit with its interval")))


def _interval(visit: Visit, share: Share) -> str:
    if share.low is None or share.high is None:
        return ""
    return f"{visit.show(round(share.low, 1), 'number')} – {visit.show(round(share.high, 1), 'number')}"


def _change(before: Attribution, model: str, key: str, share: Share) -> float | None:
    if key not in before.keys:
        return None
    earlier = next((one for one in before.models if one.model == model), None)
    then = earlier.shares[before.keys.index(key)].conversions if earlier else 0.0
    return (share.conversions - then) / then if then else None


def _roles_sheet(visit: Visit, question: AttributionQuestion, result: Attribution) -> Sheet:
    columns = (
        _key_column(visit, question),
        Column("touched", visit.text(_("Conversions touched")), "count"),
        Column("first", visit.text(_("Opened")), "count"),
        Column("last", visit.text(_("Closed")), "count"),
        Column(
            "assisted", visit.text(_("Assisted")), "count", hint=visit.text(_("Touched before the last touch only."))
        ),
        Column("assist_share", visit.text(_("Assist share")), "percent", bar=True),
        Column("touches", visit.text(_("Touches")), "count"),
        Column("unconverted", visit.text(_("Touched without converting")), "count"),
    )
    rows = [
        (key_label(visit, key, question.credit), one.touched, one.first, one.last, one.assisted, one.assist_share,
         one.touches, one.unconverted)
        for key, one in zip(result.keys, result.roles, strict=True)
    ]  # fmt: skip
    return Sheet("roles", columns, rows, caption=visit.text(_("What each does in journeys")))


def _paths_sheet(visit: Visit, result: Attribution) -> Sheet:
    columns = (
        Column("path", visit.text(_("Path"))),
        Column("conversions", visit.text(_("Conversions")), "count"),
        Column("share", visit.text(_("Share")), "percent", bar=True),
        Column("value", visit.text(_("Value of conversions")), "money"),
        Column("unconverted", visit.text(_("Without converting")), "count"),
    )
    rows = [
        (
            _path(visit, one.keys, result.credit),
            one.conversions,
            one.conversions / result.conversions,
            one.value,
            one.unconverted,
        )
        for one in result.ways
    ]
    return Sheet("paths", columns, rows, caption=visit.text(_("Most frequent paths")))


def _path(visit: Visit, keys: Sequence[str], credit: Credit) -> str:
    """The path in words; touches in a row stand once with how often, and long paths lack their middle."""
    told: list[tuple[str, int]] = []
    for key in keys:
        if told and told[-1][0] == key:
            told[-1] = (key, told[-1][1] + 1)
        else:
            told.append((key, 1))
    words = [key_label(visit, key, credit) + (f" ×{times}" if times > 1 else "") for key, times in told]
    return " → ".join(words if len(words) <= WORDS_MAX else [*words[:4], "…", *words[-3:]])


def _truth_sheet(visit: Visit, result: Attribution, truth: Mapping[str, Brought]) -> Sheet:
    """Of each advertised channel what each model says, against what its advertising truly brought."""
    columns = (
        Column("model", visit.text(_("Model"))),
        *(Column(key, visit.channel_label(key), "number") for key in truth),
        Column("total", visit.text(_("Together")), "number"),
        Column("times", visit.text(_("times the truth")), "ratio"),
    )
    brought = [truth[key].orders for key in truth]
    rows: list[tuple[Any, ...]] = [(visit.text(_("Truth")), *brought, sum(brought), 1.0 if sum(brought) else None)]
    for one in result.models:
        said = [_of_key(result, one, key) for key in truth]
        times = sum(said) / sum(brought) if sum(brought) else None
        rows.append((visit.text(MODELS[one.model]), *said, sum(said), times))
    return Sheet("truth", columns, rows, caption=visit.text(_("Models against the truth")))


def _of_key(result: Attribution, model: Credited, key: str) -> float:
    return model.shares[result.keys.index(key)].conversions if key in result.keys else 0.0


def _truth_told(visit: Visit, result: Attribution, truth: Mapping[str, Brought]) -> str:
    brought = sum(one.orders for one in truth.values())
    if not brought:
        return visit.text(_("In this period no order came from people whom advertising had brought."))
    said = [sum(_of_key(result, one, key) for key in truth) for one in result.models]
    sentence = _(
        "This is the demo brand, whose truth is known: {truth} of {all} conversions ({share}) are of people whom advertising "
        "brought. The models give {low} to {high} to the channels that advertise: they also credit whoever would have come "
        "anyway."
    )
    return visit.text(
        sentence,
        truth=visit.show(brought, "count"),
        all=visit.show(result.conversions, "count"),
        share=visit.show(brought / result.conversions, "percent"),
        low=visit.show(round(min(said)), "count"),
        high=visit.show(round(max(said)), "count"),
    )


def _untouched(visit: Visit, result: Attribution) -> str:
    if NONE not in result.keys:
        return ""
    sentence = _("{n} conversions have no known touch; they stand as “{none}”, so that nothing is left out.")
    return visit.text(sentence, n=visit.show(result.untouched, "count"), none=visit.text(WORDS[NONE]))
