"""Contribution of channels, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dujiang.console import formats
from dujiang.console.charts import whiskers
from dujiang.console.components import Card, Chart, Line
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views import figures
from dujiang.console.views.asked.view import Behind
from dujiang.console.views.attribution import CREDITS, OF, WORTH, Choice, WhiskerView, key_label, picture
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.attribution.question import MODELS, ModelName
from dujiang.insight.contribution.analysis import Change, Contributed, Contribution, Portion, changes
from dujiang.insight.contribution.question import ContributionQuestion
from dujiang.insight.incrementality.question import KIND as LIFT_TEST
from dujiang.insight.questions.answer import Answer, Table
from dujiang.insight.questions.notes import NOTES

MODELS_OFFERED: Final[tuple[ModelName, ...]] = ("shapley", "linear", "position", "time_decay", "last_non_direct")
TITLES: Final = {
    "contribution": _("Contribution of each"),
    "changes": _("What changed"),
    "basis": _("What it rests on"),
    "incremental": _("What tests measured"),
    "line": _("Over time"),
}
_GROUPS_MAX: Final = 9
_LINES_MAX: Final = 6
_COLOURS: Final = 8
_FACTORS: Final[dict[str, str]] = {
    "by_reach": _("by people reached"),
    "by_rate": _("by conversions per person"),
    "by_worth": _("by value of a conversion"),
}


@dataclass(frozen=True)
class ContributionView:
    """The page."""

    choices: tuple[Choice, ...]
    cards: tuple[Card, ...]
    parts: WhiskerView | None
    changed: WhiskerView | None
    line: Chart | None
    notes: tuple[str, ...]
    told: str
    tested: bool
    fresh_at: datetime | None


def page_view(visit: Visit, question: ContributionQuestion, answer: Answer, behind: Behind) -> ContributionView:
    """Everything but the tables."""
    result: Contribution = answer.result
    found = result.conversions > 0
    moved = changes(result, answer.before) if found and answer.before is not None else ()
    return ContributionView(
        choices=_choices(visit, question),
        cards=_cards(visit, result, answer.before),
        parts=parts_chart(visit, question, result, behind) if found else None,
        changed=changed_chart(visit, question, answer, behind) if moved else None,
        line=line_chart(visit, question, result) if found and result.line else None,
        notes=tuple(visit.text(NOTES[one]) for one in answer.notes),
        told=_told(visit, question, result, moved),
        tested=question.credit == "channel",
        fresh_at=answer.freshness.received_at,
    )


def sheets(visit: Visit, question: ContributionQuestion, answer: Answer, behind: Behind) -> list[Sheet]:
    """The tables of the answer; intervals in one column, and steps without anything left out."""
    tables = {one.name: one for one in answer.tables}
    found = [_parts_sheet(visit, question, answer, behind)]
    return [
        *found,
        *(_sheet(visit, question, table, behind) for name, table in tables.items() if name != "contribution"),
    ]


def _choices(visit: Visit, question: ContributionQuestion) -> tuple[Choice, ...]:
    def named(options: Mapping[Any, str]) -> tuple[tuple[str, str], ...]:
        return tuple((key, visit.text(label)) for key, label in options.items())

    days = tuple((str(one), visit.text(_("{n} days before"), n=one)) for one in (7, 14, 30, 60, 90))
    models = {name: MODELS[name] for name in MODELS_OFFERED} | {"shapley": _("evenly")}
    return (
        Choice("of", visit.text(_("Conversions")), named(OF), visit.query.get("of", "")),
        Choice("credit", visit.text(_("Contribution of")), named(CREDITS), question.credit),
        Choice("back", visit.text(_("Touches of")), days, str(question.look_back_days)),
        Choice("model", visit.text(_("Shared out")), named(models), question.model.name),
        Choice("worth", visit.text(_("Picture of")), named(WORTH), visit.query.get("worth", "value")),
    )


def _in_money(visit: Visit, result: Contribution) -> bool:
    """Whether pictures show value: unless conversions are asked for, or are worth nothing."""
    return visit.query.get("worth", "value") == "value" and result.value > 0


def _cards(visit: Visit, now: Contribution, before: Contribution | None) -> tuple[Card, ...]:
    tested = sum(1 for one in now.rows if not one.incremental.reason)
    of_tests = Card("tested", visit.text(_("Measured by a test")), visit.show(tested, "count"))
    cards = (
        figures.counted_card(visit, "value", _("Value of conversions"), now.value, before and before.value, "money"),
        figures.counted_card(
            visit, "conversions", _("Conversions"), now.conversions, before and before.conversions, "count"
        ),
        figures.counted_card(visit, "assist", _("Share of assists"), _assisted(now), _assisted(before), "percent"),
    )
    return (*cards, of_tests) if now.credit == "channel" else cards


def _assisted(result: Contribution | None) -> float | None:
    if result is None or not result.conversions:
        return None
    return sum(one.assist.conversions for one in result.rows) / result.conversions


def parts_chart(visit: Visit, question: ContributionQuestion, result: Contribution, behind: Behind) -> WhiskerView:
    """Direct and assist of each with intervals, beside what a test measured."""
    in_money = _in_money(visit, result)
    ranked = sorted(result.rows, key=lambda one: -_amount(one.total, in_money))[:_GROUPS_MAX]
    groups = [_group(visit, question, one, in_money, behind) for one in ranked if one.closed + one.helped]
    legend = ((visit.text(_("Sold directly")), 1), (visit.text(_("Assisted sales")), 2))
    note = visit.text(_("Lines: 90% interval over other journeys of the same kind.")) if question.rounds else ""
    mark = visit.text(_("measured by a test, in its days and where it was made"))
    title = visit.text(_("Value contributed") if in_money else _("Conversions contributed"))
    has_mark = any(one.mark is not None for one in groups)
    return picture(
        visit, title, groups, legend, "money" if in_money else "count", note, mark if has_mark else "", "contribution"
    )


def _group(
    visit: Visit, question: ContributionQuestion, one: Contributed, in_money: bool, behind: Behind
) -> whiskers.Group:
    name = key_label(visit, one.key, question.credit)
    bars = tuple(
        _bar(visit, f"{name} · {visit.text(label)}", portion, series, in_money)
        for series, (label, portion) in enumerate(
            ((_("Sold directly"), one.direct), (_("Assisted sales"), one.assist)), 1
        )
    )
    mark, told = _mark(visit, one, in_money)
    test = test_address(visit, one.incremental.test) if mark is not None else ""
    return whiskers.Group(name, bars, behind({"key": one.key}), mark, told, test)


def test_title(visit: Visit, name: str) -> str:
    """What a test is called; nothing where none is meant."""
    found = visit.workspace.definitions.current(LIFT_TEST, retired=True).get((LIFT_TEST, name))
    return found.label(visit.locale) if found else name


def test_address(visit: Visit, name: str) -> str:
    """The page of a test, for those who may open it."""
    return f"/lift/{name}" if name and visit.may("metric.read") else ""


def _mark(visit: Visit, one: Contributed, in_money: bool) -> tuple[float | None, str]:
    found = one.incremental
    if found.reason or found.value is None or (found.metric == "sales") != in_money:
        return None, ""
    kind: formats.Kind = "money" if in_money else "number"
    shown = visit.show(round(found.value), kind)
    return found.value, visit.text(_("measured by test {test}: {n}"), test=test_title(visit, found.test), n=shown)


def _bar(visit: Visit, name: str, portion: Portion, series: int, in_money: bool) -> whiskers.Bar:
    value, low, high = (
        (portion.value, portion.value_low, portion.value_high)
        if in_money
        else (portion.conversions, portion.low, portion.high)
    )
    kind: formats.Kind = "money" if in_money else "number"
    title = f"{name}: {visit.show(_rounded(value, in_money), kind)}"
    if low is not None and high is not None:
        title += f" ({' – '.join(visit.show(_rounded(end, in_money), kind) for end in (low, high))})"
    shown = visit.show(round(value), "money" if in_money else "count")
    return whiskers.Bar(value, shown, series, low, high, title)


def _rounded(value: float, in_money: bool) -> float:
    return round(value) if in_money else round(value, 1)


def _amount(portion: Portion, in_money: bool) -> float:
    return portion.value if in_money else portion.conversions


def changed_chart(visit: Visit, question: ContributionQuestion, answer: Answer, behind: Behind) -> WhiskerView | None:
    """Of each with a difference, what it is due to."""
    result: Contribution = answer.result
    in_money = bool(result.value or answer.before.value)
    kind: formats.Kind = "money" if in_money else "number"
    factors = [name for name in _FACTORS if in_money or name != "by_worth"]
    moved = [one for one in changes(result, answer.before)[1:] if abs(one.now - one.before) > 1e-9][:_GROUPS_MAX]
    if not moved:
        return None
    groups = []
    for one in moved:
        name = key_label(visit, one.key, question.credit)
        bars = tuple(
            _change_bar(visit, f"{name} · {visit.text(_FACTORS[factor])}", getattr(one, factor), nth, kind)
            for nth, factor in enumerate(factors, 1)
        )
        groups.append(whiskers.Group(name, bars, behind({"key": one.key})))
    legend = tuple((visit.text(_FACTORS[factor]), nth) for nth, factor in enumerate(factors, 1))
    title = visit.text(_("What changed against the earlier period"))
    note = visit.text(_("The bars of one sum to its difference; all of them together to that of the whole."))
    return picture(visit, title, groups, legend, "money" if in_money else "count", note, sheet="changes")


def _change_bar(visit: Visit, name: str, value: float, series: int, kind: formats.Kind) -> whiskers.Bar:
    shown = visit.show(_rounded(value, kind == "money"), kind)
    return whiskers.Bar(value, shown, series, title=f"{name}: {shown}")


def line_chart(visit: Visit, question: ContributionQuestion, result: Contribution) -> Chart:
    """Contribution over time of the largest, one line each."""
    in_money = _in_money(visit, result)
    ranked = sorted(result.rows, key=lambda one: -_amount(one.total, in_money))[:_LINES_MAX]
    starts = list(dict.fromkeys(one.start for one in result.line))
    lines = []
    own = [visit.series(row.key) if question.credit == "channel" else 0 for row in ranked]
    others = iter(sorted(set(range(1, _COLOURS + 1)) - set(own)))
    for colour, row in zip(own, ranked, strict=True):
        steps = [one for one in result.line if one.key == row.key]
        values = [one.direct_value + one.assist_value if in_money else one.direct + one.assist for one in steps]
        lines.append(Line(key_label(visit, row.key, question.credit), values, colour or next(others, 0)))
    title = visit.text(_("Contribution over time, direct and assist together"))
    labels = [str(one) for one in starts]
    return Chart(title, labels, tuple(lines), "money" if in_money else "number", visit.currency, sheet="line")


def _told(visit: Visit, question: ContributionQuestion, result: Contribution, moved: Sequence[Change]) -> str:
    """The largest difference in a sentence."""
    largest = next((one for one in moved[1:] if abs(one.now - one.before) > 1e-9), None)
    if largest is None:
        return ""
    in_money = any(one.value for one in (row.total for row in result.rows))
    kind: formats.Kind = "money" if in_money else "number"
    reason = max(_FACTORS, key=lambda name: abs(getattr(largest, name)))
    sentence = _("The largest difference: {who} {from_value} → {to_value}, mostly {reason}.")
    return visit.text(
        sentence,
        who=key_label(visit, largest.key, question.credit),
        from_value=visit.show(_rounded(largest.before, in_money), kind),
        to_value=visit.show(_rounded(largest.now, in_money), kind),
        reason=visit.text(_FACTORS[reason]),
    )


def _parts_sheet(visit: Visit, question: ContributionQuestion, answer: Answer, behind: Behind) -> Sheet:
    result: Contribution = answer.result
    columns = [
        _key_column(visit, question),
        Column("value", visit.text(_("Contributed value")), "money"),
        Column("value_interval", visit.text(_("90% interval of value"))),
        Column("direct_value", visit.text(_("Direct value")), "money", hint=visit.text(_("Its part of what it closed."))),
        Column(
            "assist_value", visit.text(_("Assist value")), "money",
            hint=visit.text(_("Its part of what others closed.")),
        ),
        Column("assist_share", visit.text(_("Assist share")), "percent", bar=True),
        Column("conversions", visit.text(_("Contribution")), "number"),
        Column("interval", visit.text(_("90% interval"))),
        Column("direct", visit.text(_("Sold directly")), "number"),
        Column("assist", visit.text(_("Assisted sales")), "number"),
        Column("cost", visit.text(_("Cost")), "money"),
        Column("roas", visit.text(_("Return on spend")), "ratio"),
        Column("cost_each", visit.text(_("Cost per conversion")), "money"),
    ]  # fmt: skip
    rows = [_parts_row(visit, question, one) for one in result.rows]
    totals: list[Any] = [visit.text(_("Total"))]
    for place, column in enumerate(columns[1:], 1):
        adds = column.name in ("value", "direct_value", "assist_value", "conversions", "direct", "assist")
        totals.append(sum(row[place] for row in rows) if adds else None)
    totals[5] = _assisted(result)
    links = [behind({"key": one.key}) for one in result.rows]
    caption = visit.text(TITLES["contribution"])
    return Sheet("contribution", tuple(columns), rows, links, totals=tuple(totals) if rows else None, caption=caption)


def _parts_row(visit: Visit, question: ContributionQuestion, one: Contributed) -> tuple[Any, ...]:
    total = one.total
    return (
        key_label(visit, one.key, question.credit), total.value, _interval(visit, total.value_low, total.value_high, True),
        one.direct.value, one.assist.value,
        one.assist.conversions / total.conversions if total.conversions > 0 else None,
        total.conversions, _interval(visit, total.low, total.high, False), one.direct.conversions, one.assist.conversions,
        one.cost, one.roas, one.cost_each,
    )  # fmt: skip


def _interval(visit: Visit, low: float | None, high: float | None, in_money: bool) -> str:
    if low is None or high is None:
        return ""
    return " – ".join(visit.show(_rounded(one, in_money), "money" if in_money else "number") for one in (low, high))


def _key_column(visit: Visit, question: ContributionQuestion) -> Column:
    return Column("key", visit.text(CREDITS[question.credit]), "text")


def _sheet(visit: Visit, question: ContributionQuestion, table: Table, behind: Behind) -> Sheet:
    """A table as it is, keys and reasons in words."""
    told = {
        "key": lambda one: key_label(visit, one, question.credit),
        "reason": lambda one: visit.text(one) if one else "",
        "test": lambda one: test_title(visit, one) if one else "",
    }
    columns = tuple(
        _key_column(visit, question) if one.name == "key" else Column(one.name, visit.text(one.label), one.unit)
        for one in table.columns
    )
    rows = [
        tuple(
            told[column.name](value) if column.name in told else value
            for column, value in zip(table.columns, row, strict=True)
        )
        for row in table.rows
    ]
    links = [behind(one) for one in table.picks]
    names = [column.name for column in table.columns]
    cells = {"test": [test_address(visit, row[names.index("test")]) for row in table.rows]} if "test" in names else {}
    return Sheet(table.name, columns, rows, links, caption=visit.text(TITLES[table.name]), cells=cells)
