"""Funnels as the answer to a question: bars with what is lost between them, the rate over time, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from dujiang.console.components import Chart, Ladder, Line, Rung
from dujiang.console.sheets import Sheet
from dujiang.console.views import figures
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer, Table
from dujiang.insight.questions.funnel import FunnelAnswer, FunnelQuestion, StepFigures
from dujiang.insight.questions.model import What
from dujiang.people.event_names import EVENT_LABELS
from dujiang.people.segments.sentence import SOURCES, conditions

_GROUPS_MAX = 12


class FunnelView(View):
    """How many of those who began went on to each next step."""

    icon = "filter"
    about: ClassVar[str] = _(
        "How many of those who began went on to each next step, how long it took them, and who was lost where."
    )
    fields: ClassVar[Mapping[str, str]] = {
        "steps": _("Steps"),
        "within_minutes": _("Time limit in minutes"),
        "within_days": _("Or calendar days"),
        "order": _("Order of the steps"),
        "excluding": _("Ends the way"),
        "ties": _("At the same moment"),
        "once": _("No step twice"),
        "same": _("Has to stay the same"),
        "reentry": _("Count every time"),
        "by_step": _("Divided by the value at"),
        "optional": _("may be left out"),
        "what": _("what"),
        "after": _("after step"),
        "before": _("before step"),
        "ordered": _("one after the other, others in between"),
        "strict": _("one after the other, nothing else in between"),
        "any": _("in any order"),
        "rows": _("as recorded"),
        "either": _("in either order"),
        "never": _("not one after the other"),
    }
    rare = frozenset({"excluding", "ties", "once", "same", "reentry", "by_step", "within_days"})
    editors: ClassVar[Mapping[str, str]] = {"same": "column"}
    titles: ClassVar[Mapping[str, str]] = {
        "steps": _("Steps"),
        "groups": _("Divided"),
        "trend": _("Conversion over time"),
        "times": _("Time for the whole way"),
    }

    def start(self, visit: Visit) -> dict[str, Any]:
        """From the most frequent event to an order."""
        events = visit.workspace.questions.words().events
        first: dict[str, Any] = {"source": "events"}
        if events:
            first["where"] = [{"column": "name", "op": "is", "value": events[0].name}]
        return {"steps": [first, {"source": "orders"}], "within_minutes": 7 * 24 * 60}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """The steps, the groups, the rate over time, and times."""
        found: FunnelAnswer = answer.result
        if not found.whole.steps[0].people:
            return ()
        drawn: list[Picture] = [_ladder(visit, answer, found, behind)]
        if found.groups:
            drawn.append(_groups(visit, answer, found))
        if len(found.trend) > 1:
            drawn.append(_trend(visit, found))
        if found.times:
            drawn.append(_times(visit, found))
        return drawn

    def sheet(self, visit: Visit, answer: Answer, table: Table, behind: Behind) -> Sheet:
        """Steps by their names."""
        shown, names = super().sheet(visit, answer, table, behind), _names(visit, answer)
        if table.name == "steps":
            return replace(shown, rows=[(name, *row[1:]) for name, row in zip(names, shown.rows, strict=True)])
        if table.name == "groups":
            heads = {f"step{place}": name for place, name in enumerate(names, 1)}
            columns = tuple(replace(one, label=heads.get(one.name, one.label)) for one in shown.columns)
            return replace(shown, columns=columns)
        return shown

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The step, and what became of them there."""
        outcome = _("lost after step {n}") if pick.get("outcome") == "dropped" else _("reached step {n}")
        words = [visit.text(outcome, n=pick.get("step", 1))]
        if pick.get("start"):
            words.append(visit.text(_("began from {day}"), day=pick["start"]))
        if pick.get("took_ms") is not None:
            words.append(f"≤ {_span(visit, pick['took_ms'])}")
        return " · ".join([*words, *self.keys_told(visit, pick)])


def what_label(visit: Visit, one: What) -> str:
    """What people call something that is done: its own label, the name of the event, or its conditions."""
    if one.label:
        return one.label
    if len(one.where) == 1 and one.where[0].column == "name" and one.where[0].op == "is":
        name = str(one.where[0].value)
        return visit.text(EVENT_LABELS[name]) if name in EVENT_LABELS else name
    source = visit.text(SOURCES[one.source])
    named = visit.workspace.definitions.current()

    def label(kind: str, name: str) -> str:
        found = named.get((kind, name))
        return found.label(visit.locale) if found else name

    return f"{source} ({conditions(one.where, visit.locale, label)})" if one.where else source


def _names(visit: Visit, answer: Answer) -> list[str]:
    assert isinstance(answer.question, FunnelQuestion)
    return [f"{place}. {what_label(visit, one)}" for place, one in enumerate(answer.question.steps, 1)]


def _ladder(visit: Visit, answer: Answer, found: FunnelAnswer, behind: Behind) -> Ladder:
    steps, names = found.whole.steps, _names(visit, answer)
    before = answer.before.whole.steps if answer.before else (None,) * len(steps)
    rungs = [
        _rung(visit, name, place, steps, then, behind)
        for place, (name, then) in enumerate(zip(names, before, strict=True))
    ]
    rate = visit.show(steps[-1].of_first, "percent")
    note = visit.text(_("Dashed: the earlier period.")) if answer.before else ""
    return Ladder(visit.text(_("{rate} go the whole way"), rate=rate), tuple(rungs), "steps", note)


def _rung(
    visit: Visit, name: str, place: int, steps: Sequence[StepFigures], then: StepFigures | None, behind: Behind
) -> Rung:
    one = steps[place]
    notes = []
    if place:
        notes.append(visit.text(_("{share} of the first"), share=visit.show(one.of_first, "percent")))
        if one.of_previous is not None:
            notes.append(visit.text(_("{share} of the step before"), share=visit.show(one.of_previous, "percent")))
        if one.median_ms is not None:
            notes.append(visit.text(_("median {time}"), time=visit.show(one.median_ms, "duration")))
    return Rung(
        label=name,
        share=one.of_first or 0.0,
        value=visit.show(one.people, "count"),
        href=behind({"step": place + 1}) if one.people else "",
        lost=visit.text(_("{n} lost"), n=visit.show(one.lost, "count")) if one.lost else "",
        lost_href=behind({"step": place + 1, "outcome": "dropped"}) if one.lost else "",
        notes=tuple(notes),
        before=None if then is None else then.of_first,
    )


def _groups(visit: Visit, answer: Answer, found: FunnelAnswer) -> Chart:
    shown = found.groups[:_GROUPS_MAX]
    labels = [
        " · ".join(
            figures.value_label(visit, name, one) for name, one in zip(answer.question.by, group.key, strict=True)
        )
        for group in shown
    ]
    rates = [group.steps[-1].of_first for group in shown]
    title = visit.text(_("Who goes the whole way"))
    return Chart(
        title, labels, (Line(visit.text(_("Conversion")), rates),), "percent", type="bar", lying=True, sheet="groups"
    )


def _trend(visit: Visit, found: FunnelAnswer) -> Chart:
    rates = [one.through / one.began if one.began else None for one in found.trend]
    title = visit.text(_("Conversion over time"))
    labels = [one.start.isoformat() for one in found.trend]
    return Chart(title, labels, (Line(visit.text(_("Conversion")), rates),), "percent", sheet="trend")


def _times(visit: Visit, found: FunnelAnswer) -> Chart:
    labels = [f"≤ {_span(visit, up_to)}" for up_to, _people in found.times]
    line = Line(visit.text(_("People")), [people for _up_to, people in found.times])
    return Chart(visit.text(_("Time for the whole way")), labels, (line,), "count", type="bar", sheet="times")


def _span(visit: Visit, ms: int) -> str:
    """A length of time in the largest unit of which it is a whole number."""
    for unit, one, several in (
        (86_400_000, _("1 day"), _("{n} days")),
        (3_600_000, _("1 hour"), _("{n} hours")),
        (60_000, _("1 minute"), _("{n} minutes")),
    ):
        if ms % unit == 0:
            return visit.text(one if ms == unit else several, n=ms // unit)
    return visit.show(ms, "duration")
