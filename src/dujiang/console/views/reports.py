"""Reports: the list, the page of one with what was delivered, and the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from dujiang.console import formats
from dujiang.console.components import Tag
from dujiang.console.reports import Written
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.reports import Recipients, Report, Schedule
from dujiang.store.deliveries import Delivery

WEEKDAYS: Final = (
    _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
)  # fmt: skip
EVERY: Final[Mapping[str, str]] = {"day": _("every day"), "week": _("every week"), "month": _("every month")}
CHANNELS: Final[Mapping[str, str]] = {
    "email": _("Email"), "wecom": _("WeCom bot"), "feishu": _("Feishu bot"), "dingtalk": _("DingTalk bot"),
}  # fmt: skip
LANGUAGES: Final[Mapping[str, str]] = {"zh": "中文", "en": "English"}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "waiting": (_("being made ready"), "info"),
    "delivered": (_("ready"), "good"),
    "failed": (_("failed"), "bad"),
}


@dataclass(frozen=True)
class DeliveryView:
    """One delivery: when, what became of it, and its files with their addresses and sizes."""

    when: str
    why: str
    state: Tag
    said: tuple[str, ...]
    files: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ReportView:
    """The page of one report."""

    name: str
    title: str
    about: str
    is_active: bool
    facts: tuple[tuple[str, str], ...]
    deliveries: tuple[DeliveryView, ...]


@dataclass(frozen=True)
class FormView:
    """What the form shows: the values that stand in it, and what can be chosen."""

    name: str
    values: Mapping[str, Any]
    dashboards: Sequence[tuple[str, str]]
    questions: Sequence[tuple[str, str]]
    every: Sequence[tuple[str, str]]
    weekdays: Sequence[tuple[str, str]]
    problem: str = ""


def listing(visit: Visit, found: Sequence[Report]) -> Sheet:
    """One row for each report."""
    columns = (
        Column("report", visit.text(_("Report"))),
        Column("when", visit.text(_("When"))),
        Column("to", visit.text(_("To whom"))),
        Column("next", visit.text(_("Next time")), "moment"),
        Column("last", visit.text(_("Last made ready")), "moment"),
        Column("owner", visit.text(_("Owner"))),
    )
    rows = [
        (
            one.definition.label(visit.locale),
            when(visit, one.spec.when),
            recipients(visit, one.spec.to),
            visit.workspace.postroom.next_due(one),
            _last(visit, one),
            one.definition.owner,
        )
        for one in found
    ]
    return Sheet("reports", columns, rows, [f"/reports/{one.name}" for one in found], caption=visit.text(_("Reports")))


def _last(visit: Visit, report: Report) -> datetime | None:
    found = visit.workspace.postroom.list(report.name, 20)
    return max((one.delivered_at for one in found if one.delivered_at), default=None)


def when(visit: Visit, schedule: Schedule) -> str:
    """When a report is sent, in words."""
    if schedule.every == "day":
        return visit.text(_("Every day at {time}"), time=schedule.at)
    if schedule.every == "week":
        day = visit.text(WEEKDAYS[schedule.day - 1])
        return visit.text(_("Every {day} at {time}"), day=day, time=schedule.at)
    if schedule.day == 31:
        return visit.text(_("On the last day of every month at {time}"), time=schedule.at)
    return visit.text(_("On day {day} of every month at {time}"), day=schedule.day, time=schedule.at)


def recipients(visit: Visit, to: Recipients) -> str:
    """To whom a report goes, in words."""
    told = [f"{visit.text(CHANNELS[name])}: {visit.text(_(', ')).join(found)}" for name, found in to.channels.items()]
    return " · ".join(told) or visit.text(_("kept to be downloaded"))


def single(visit: Visit, report: Report, deliveries: Sequence[Delivery]) -> ReportView:
    """The page of one report."""
    definition, spec, coming = report.definition, report.spec, visit.workspace.postroom.next_due(report)
    facts = [
        (visit.text(_("Shows")), _shows(visit, report)),
        (visit.text(_("When")), f"{when(visit, spec.when)} ({visit.workspace.zone.key})"),
        (
            visit.text(_("Next time")),
            visit.show(coming, "moment") if coming else visit.text(_("not while it is paused")),
        ),
        (visit.text(_("To whom")), recipients(visit, spec.to)),
        (visit.text(_("Language")), LANGUAGES[spec.language]),
        (visit.text(_("Owner")), definition.owner or formats.NOTHING),
        (visit.text(_("Deputy")), definition.deputy or formats.NOTHING),
    ]
    return ReportView(
        name=report.name,
        title=definition.label(visit.locale),
        about=visit.own(definition.description),
        is_active=definition.status == "active",
        facts=tuple(facts),
        deliveries=tuple(_delivery(visit, one) for one in deliveries),
    )


def _shows(visit: Visit, report: Report) -> str:
    boards = {one.name: one.definition.label(visit.locale) for one in visit.workspace.dashboards.list()}
    questions = {one.name: one.label(visit.locale) for one in visit.workspace.questions.list()}
    board = report.spec.dashboard
    told = [visit.text(_("dashboard “{title}”"), title=boards.get(board, board))] if board else []
    return visit.text(_(", ")).join([*told, *(questions.get(one, one) for one in report.spec.questions)])


def _delivery(visit: Visit, one: Delivery) -> DeliveryView:
    state, tone = STATES[one.state]
    body = one.body or {}
    said = [*body.get("said", ())]
    if one.state == "failed":
        said.append(visit.text(one.error_sentence, **one.error_values))
    if body.get("unanswered"):
        said.append(visit.text(_("{n} questions could not be answered; the report says why."), n=body["unanswered"]))
    return DeliveryView(
        when=visit.show(one.due or one.created_at, "moment"),
        why=visit.text(_("at its time")) if one.due else visit.text(_("sent by {who}"), who=one.created_by),
        state=Tag(visit.text(state), tone),
        said=tuple(said),
        files=tuple(
            (file.name, f"/reports/{one.report}/files/{one.id}/{file.name}", formats.size(file.bytes))
            for file in one.files
        ),
    )


def numbered(written: Written) -> list[Sheet]:
    """Every table of a report, numbered as its files are, so that each has a name of its own."""
    found = ((part, sheet) for part in written.parts for sheet in part.sheets)
    return [
        replace(sheet, caption=" · ".join(filter(None, (f"{number:02}", part.title, sheet.caption))))
        for number, (part, sheet) in enumerate(found, 1)
    ]


def form(visit: Visit, name: str, values: Mapping[str, Any], problem: str = "") -> FormView:
    """The form, filled with ``values``."""
    boards = [(one.name, one.definition.label(visit.locale)) for one in visit.workspace.dashboards.list()]
    questions = [(one.name, one.label(visit.locale)) for one in visit.workspace.questions.list()]
    every = [(key, visit.text(label)) for key, label in EVERY.items()]
    weekdays = [(str(day), visit.text(label)) for day, label in enumerate(WEEKDAYS, 1)]
    return FormView(name, values, boards, questions, every, weekdays, problem)


def values_of(visit: Visit, report: Report) -> dict[str, Any]:
    """What stands in the form for a report that is there."""
    spec, definition = report.spec, report.definition
    to = {name: ", ".join(getattr(spec.to, name)) for name in CHANNELS}
    return {
        "title": definition.label(visit.locale),
        "dashboard": spec.dashboard,
        "questions": [*spec.questions],
        "every": spec.when.every,
        "weekday": str(spec.when.day) if spec.when.every == "week" else "1",
        "monthday": str(spec.when.day) if spec.when.every == "month" else "1",
        "at": spec.when.at,
        "language": spec.language,
        "owner": definition.owner,
        "deputy": definition.deputy,
        **to,
    }
