"""Retention as the answer to a question: the curve with its interval, and the triangle of cohorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.components import Chart, Heat, HeatCell, HeatPicture, Line
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.views.figures import comparison_label, value_label
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.retention import Cohort, CurvePoint, Retention, RetentionQuestion

_LINES_MAX = 7
_STEPS = {"day": _("Day {n}"), "week": _("Week {n}"), "month": _("Month {n}")}


class RetentionView(View):
    """How many of each cohort come back."""

    icon = "clock"
    about: ClassVar[str] = _(
        "How many of those who began in a week or month come back in each later one: visits, repurchase, community."
    )
    fields: ClassVar[Mapping[str, str]] = {
        "start": _("Began with"),
        "again": _("Came back with"),
        "step": _("Length of a period"),
        "periods": _("How many periods"),
        "first_time": _("Only who did it for the first time"),
        "back": _("Counts as back"),
        "brackets": _("Brackets"),
        "rolling": _("Periods from each one's own start"),
        "on": _("in the period"),
        "on_or_after": _("in the period or later"),
    }
    hidden = frozenset({"grain"})
    rare = frozenset({"brackets", "rolling", "back"})
    titles: ClassVar[Mapping[str, str]] = {
        "triangle": _("Cohorts"),
        "curve": _("All cohorts together"),
        "groups": _("Divided"),
    }

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """First orders, and orders after them, by month."""
        return {"start": {"source": "orders"}, "step": "month", "periods": 6, "period": {"preset": "this_year"}}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """The curve, divided where it is asked for, and the triangle."""
        found: Retention = answer.result
        if not found.cohorts:
            return ()
        return [_curves(visit, answer, found), _triangle(visit, answer, found, behind)]

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """Cohort, period, and whether they came back."""
        outcome = visit.text(_("did not come back")) if pick.get("outcome") == "gone" else visit.text(_("came back"))
        period = "" if pick.get("period") is None else f"+{pick['period']} {outcome}"
        return " · ".join(filter(None, [str(pick.get("cohort") or ""), period, *self.keys_told(visit, pick)]))


def _label(visit: Visit, answer: Answer, number: int) -> str:
    """A period, or the bracket that begins with it."""
    assert isinstance(answer.question, RetentionQuestion)
    question = answer.question
    last = (
        next((one - 1 for one in question.brackets if one > number), question.periods) if question.brackets else number
    )
    return visit.text(_STEPS[question.step], n=number if last <= number else f"{number}–{last}")


def _curves(visit: Visit, answer: Answer, found: Retention) -> Chart:
    then = [one.rate for one in answer.before.curve][1:] if answer.before else []
    curves = [(visit.text(_("All")), found.curve), *((_key(visit, answer, key), curve) for key, curve in found.groups)]
    slots = [0, *(_slot(visit, answer, key, place) for place, (key, _curve) in enumerate(found.groups, 1))]
    lines = [
        _line(visit, name, curve, slot, then)
        for slot, (name, curve) in zip(slots[: _LINES_MAX + 1], curves[: _LINES_MAX + 1], strict=True)
    ]
    title = visit.text(_("How many come back"))
    labels = [_label(visit, answer, number) for number in found.labels[1:]]
    note = visit.text(_("The band is the 95% interval."))
    return Chart(title, labels, lines, "percent", note=note, sheet="curve")


def _line(visit: Visit, name: str, curve: Sequence[CurvePoint], slot: int, then: Sequence[float | None]) -> Line:
    points = curve[1:]
    rates = [one.rate for one in points]
    if slot:
        return Line(name, rates, slot)
    return Line(
        name,
        rates,
        0,
        then,
        comparison_label(visit),
        low=[one.low for one in points],
        high=[one.high for one in points],
    )


def _slot(visit: Visit, answer: Answer, key: Sequence[str | None], place: int) -> int:
    """The colour of a group: that of its channel where it is one."""
    own = visit.series(key[0]) if answer.question.by == ("channel",) else 0
    return own or place


def _key(visit: Visit, answer: Answer, key: Sequence[str | None]) -> str:
    return " · ".join(value_label(visit, name, one) for name, one in zip(answer.question.by, key, strict=True))


def _triangle(visit: Visit, answer: Answer, found: Retention, behind: Behind) -> HeatPicture:
    columns = (visit.text(_("People")), *(_label(visit, answer, number) for number in found.labels[1:]))
    best = max((part / one.people for one in found.cohorts if one.people for part in one.back[1:] if part), default=1.0)
    rows = tuple((_cohort_label(visit, answer, one), _cells(visit, found, one, best, behind)) for one in found.cohorts)
    caption = visit.text(_("Share of each cohort that came back"))
    return HeatPicture(caption, Heat(columns, rows, caption, visit.text(_("Cohort"))), "triangle")


def _cohort_label(visit: Visit, answer: Answer, one: Cohort) -> str:
    assert isinstance(answer.question, RetentionQuestion)
    if not one.start:
        return visit.text(_("All"))
    return f"{one.start:%Y-%m}" if answer.question.step == "month" else str(one.start)


def _cells(visit: Visit, found: Retention, one: Cohort, best: float, behind: Behind) -> tuple[HeatCell, ...]:
    cohort = {"cohort": str(one.start)} if one.start else {}
    cells = [HeatCell(visit.show(one.people, "count"), 0.0, href=behind(cohort) if one.people else "")]
    for number, part in zip(found.labels[1:], one.back[1:], strict=True):
        if part is None or not one.people:
            cells.append(HeatCell("", 0.0))
            continue
        share = part / one.people
        said = f"{visit.show(part, 'count')} / {visit.show(one.people, 'count')}"
        href = behind({**cohort, "period": number}) if part else ""
        cells.append(HeatCell(visit.show(share, "percent"), share / best, said, href))
    return tuple(cells)
