"""Incrementality: tests that are registered, planned and read."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any, Final, TypeVar

from starlette.responses import Response

from dujiang.console import session
from dujiang.console.filters import read_day, read_whole
from dujiang.console.rooms.behind import read_plain
from dujiang.console.sheets import Sheet
from dujiang.console.views import lift as views
from dujiang.console.views import lift_designs as designs
from dujiang.console.views.ask import behind
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import DujiangError, InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.incrementality.answered import unread
from dujiang.insight.incrementality.designs import holdout_spec, switchback_spec
from dujiang.insight.incrementality.question import (
    KIND,
    HoldoutPick,
    LiftHoldoutQuestion,
    LiftPlanQuestion,
    LiftQuestion,
    LiftSwitchbackQuestion,
    LiftTest,
)
from dujiang.insight.questions.model import Asked
from dujiang.insight.questions.registry import parse_question

ROOM = Room()
_Kind = TypeVar("_Kind", bound=Asked)
_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
_WHOLE: Final = re.compile(r"\d{1,3}")
_DECIMAL: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_NUMBERS_MAX: Final = 6
_DAYS_MAX: Final = 999
_YEARS_AHEAD_MAX: Final = 10
_AMOUNT_MAX: Final = 10**11


@ROOM.get("/lift", allow="metric.read")
def tests(visit: Visit) -> Response:
    """Every test, and what is known of it."""
    found = [
        (one, _answered(visit, LiftTest.model_validate(one.spec)))
        for one in visit.workspace.definitions.current(KIND).values()
    ]
    return page(visit, "lifts.html", [views.tests_sheet(visit, found)])


@ROOM.get("/lift/plan", allow="metric.read")
def plan(visit: Visit) -> Response:
    """Which markets, how long, what could be seen, and what it would cost."""
    question = _planned(visit)
    answer = visit.workspace.questions.ask(question)
    view = views.plan_view(visit, question, answer)
    return page(
        visit,
        "lift_plan.html",
        views.plan_sheets(visit, question, answer),
        view=view,
        scope=visit.scope_from("last365"),
    )


@ROOM.post("/lift/register", allow="definition.apply")
def register(visit: Visit) -> Response:
    """Register a planned test: what is judged is settled before anything is known."""
    name, days = _new_name(visit), _days(visit)
    spec: dict[str, Any] = {
        "design": "geo",
        "metric": visit.field("metric"),
        "first": str(days.first),
        "last": str(days.last),
        "unit": visit.field("unit"),
        "markets": [one for one in visit.form.getlist("market") if isinstance(one, str) and one],
        "channels": [one for one in visit.form.getlist("channel") if isinstance(one, str)],
        "before_days": _number(visit.field("before"), 84),
        "cost_minor": _number(visit.field("cost"), 0) or None,
    }
    return _registered(visit, name, _wanted(visit, name, spec))


@ROOM.get("/lift/plan/holdout", allow="metric.read")
def holdout(visit: Visit) -> Response:
    """How many people to hold out, how long, what could be seen, and what it would cost."""
    question = _holdout(visit, dict(visit.query))
    answer = visit.workspace.questions.ask(question)
    view = designs.holdout_view(visit, question, answer, visit.query.get("people", ""))
    return _designed(visit, view, designs.holdout_sheets(visit, question, answer), question)


@ROOM.post("/lift/plan/holdout", allow="definition.apply")
def register_holdout(visit: Visit) -> Response:
    """Draw the lot, put both groups on lists, and register the test before anything is known."""
    session.require(visit.reader, "person.mark")
    name, days = _new_name(visit), _days(visit)
    asked = _planned_as(LiftHoldoutQuestion, {**read_plain(visit.field("q")), "salt": name})
    share = _share(visit.field("share"))
    wanted = _wanted(visit, name, holdout_spec(asked, name, share, days))
    for group in ("control", "treated"):
        people = visit.workspace.questions.people(asked, HoldoutPick(group=group, share=share))
        visit.workspace.list_people(people, f"{name}.{group}", actor=visit.actor)
    return _registered(visit, name, wanted)


@ROOM.get("/lift/plan/switchback", allow="metric.read")
def switchback(visit: Visit) -> Response:
    """How to switch back and forth, what could be seen, and what it would cost."""
    question = _switchback(visit, dict(visit.query))
    answer = visit.workspace.questions.ask(question)
    return _designed(
        visit, designs.switchback_view(visit, question, answer), designs.switchback_sheets(visit, answer), question
    )


@ROOM.post("/lift/plan/switchback", allow="definition.apply")
def register_switchback(visit: Visit) -> Response:
    """Draw the lots and register the test with them."""
    name = _new_name(visit)
    said = {
        "salt": name, "first": visit.field("first"), "blocks": [_number(visit.field("block"), 1)],
        "lengths": [_number(visit.field("length"), 28)], "strata": [visit.field("strata")],
    }  # fmt: skip
    asked = _planned_as(LiftSwitchbackQuestion, {**read_plain(visit.field("q")), **said})
    plans = visit.workspace.questions.ask(asked).result.plans
    if not plans:
        raise InvalidInput("incrementality.no_plan", _("This plan can no longer be judged. Plan the test anew."))
    return _registered(visit, name, _wanted(visit, name, switchback_spec(asked, plans[0])))


@ROOM.get("/lift/{name}", allow="metric.read")
def single(visit: Visit) -> Response:
    """What one test changed."""
    definition = visit.workspace.definitions.get(KIND, visit.request.path_params["name"])
    test = LiftTest.model_validate(definition.spec)
    found, people, problem = unread(test, visit.today), "", ""
    try:
        answer = visit.workspace.questions.ask(LiftQuestion(test=test))
        found, people = answer.result, behind(visit, answer)({})
    except DujiangError as error:  # such as a lot whose people are on no list yet
        problem = visit.error(error)
    view = views.lift_view(visit, definition, found, people, problem)
    return page(visit, "lift.html", views.sheets(visit, test, found), view=view)


def _answered(visit: Visit, test: LiftTest) -> Any:
    """The answer, or the error that says why there is none."""
    try:
        return visit.workspace.questions.ask(LiftQuestion(test=test)).result
    except DujiangError as error:
        return error


def _planned(visit: Visit) -> LiftPlanQuestion:
    scope = visit.scope_from("last365")
    wanted = visit.query
    plain: dict[str, Any] = {
        "type": "lift_plan",
        "period": {"first": scope.period.first, "last": min(scope.period.last, visit.today - timedelta(1))},
        "metric": wanted.get("metric") or "sales",
        "unit": wanted.get("unit") or "city",
        "channels": [*scope.channels],
        "spend_minor": _number(wanted.get("spend", ""), 0) * 100,
        "sizes": _numbers(wanted.get("sizes", "")) or [2, 3, 4],
        "lengths": _numbers(wanted.get("lengths", "")) or [14, 28],
    }
    if budget := _number(wanted.get("budget", ""), 0):
        plain["budget_minor"] = budget * 100
    return _planned_as(LiftPlanQuestion, plain)


def _holdout(visit: Visit, said: dict[str, str]) -> LiftHoldoutQuestion:
    plain: dict[str, Any] = {
        **_common(visit, "lift_holdout"),
        "shares": [one / 100 for one in _decimals(said.get("shares", ""))] or [0.05, 0.1, 0.2],
        "lengths": _numbers(said.get("lengths", "")) or [14, 28],
        "hoped": (_decimals(said.get("hoped", "")) or [5.0])[0] / 100,
        "contact_minor": round(100 * (_decimals(said.get("contact", "")) or [0.0])[0]),
        "left_out": [said["without"]] if said.get("without") else [],
    }
    if segment := said.get("people"):
        plain["people"] = {"type": "segment", "segment": segment}
    return _planned_as(LiftHoldoutQuestion, plain)


def _switchback(visit: Visit, said: dict[str, str]) -> LiftSwitchbackQuestion:
    washout = _number(said.get("washout", ""), 0)
    plain = {
        **_common(visit, "lift_switchback"),
        "blocks": _numbers(said.get("blocks", "")) or [max(one, washout + 1) for one in (1, 2, 7)],
        "lengths": _numbers(said.get("lengths", "")) or [28, 56],
        "washout_days": washout,
        "spend_minor": round(100 * (_decimals(said.get("spend", "")) or [0.0])[0]),
    }
    return _planned_as(LiftSwitchbackQuestion, plain)


def _planned_as(kind: type[_Kind], plain: dict[str, Any]) -> _Kind:
    asked = parse_question(plain)
    if not isinstance(asked, kind):
        raise InvalidInput("incrementality.no_plan", _("This plan can no longer be judged. Plan the test anew."))
    return asked


def _common(visit: Visit, kind: str) -> dict[str, Any]:
    scope = visit.scope_from("last365")
    period = {"first": str(scope.period.first), "last": str(min(scope.period.last, visit.today - timedelta(1)))}
    metric = visit.query.get("metric") or "sales"
    return {"type": kind, "period": period, "metric": metric, "channels": [*scope.channels]}


def _designed(visit: Visit, view: designs.DesignView, sheets: list[Sheet], question: Asked) -> Response:
    asked = json.dumps(question.model_dump(mode="json", exclude_unset=True), ensure_ascii=False)
    tomorrow, scope = visit.today + timedelta(1), visit.scope_from("last365")
    return page(visit, "lift_design.html", sheets, view=view, scope=scope, asked=asked, tomorrow=tomorrow)


def _new_name(visit: Visit) -> str:
    name = visit.field("name")
    if visit.workspace.definitions.current(KIND, retired=True).get((KIND, name)):
        sentence = _("There is a test called “{name}” already. What was registered stays; choose another name.")
        raise InvalidInput("incrementality.name_taken", sentence, name=name[:80])
    return name


def _days(visit: Visit) -> Period:
    first, length = read_day(visit.field("first")), _number(visit.field("length"), 28)
    if not 1 <= length <= _DAYS_MAX or first.year > visit.today.year + _YEARS_AHEAD_MAX:
        sentence = _("A test begins within {years} years and lasts 1 to {days} days.")
        raise InvalidInput("incrementality.days", sentence, years=_YEARS_AHEAD_MAX, days=_DAYS_MAX)
    return Period(first, first + timedelta(length - 1))


def _wanted(visit: Visit, name: str, spec: dict[str, Any]) -> Definition:
    title = {visit.locale: visit.field("title") or name}
    return parse({"kind": KIND, "name": name, "title": title, "owner": visit.actor, "spec": spec})


def _registered(visit: Visit, name: str, wanted: Definition) -> Response:
    definitions = visit.workspace.definitions
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, f"/lift/{name}", _("The test is registered."))


def _share(text: str) -> float:
    found = _decimals(text)
    if len(found) != 1 or not 0 < found[0] < 1:
        raise InvalidInput(
            "incrementality.control_share", _("{share} of the people cannot be held out; it has to lie between 0 and 1."),
            share=text[:20],
        )  # fmt: skip
    return found[0]


def _number(text: str, otherwise: int) -> int:
    """A whole number as somebody types it, with or without commas between thousands; ``otherwise`` where nothing was.

    Raises:
        InvalidInput: ``incrementality.not_a_number``.
    """
    found = read_whole(re.sub("[,，]", "", text)) if text else otherwise
    if found is None or found > _AMOUNT_MAX:
        sentence = _("“{value}” is not a whole number. Write digits only, such as 12000.")
        raise InvalidInput("incrementality.not_a_number", sentence, value=text[:40])
    return found


def _numbers(text: str) -> list[int]:
    return [int(one) for one in _parts(text, _WHOLE)]


def _decimals(text: str) -> list[float]:
    return [float(one) for one in _parts(text, _DECIMAL)]


def _parts(text: str, form: re.Pattern[str]) -> list[str]:
    """The numbers of a field, with commas or spaces between them.

    Raises:
        InvalidInput: ``incrementality.not_numbers``.
    """
    parts = [one for one in _BETWEEN.split(text.replace("%", " ")) if one]
    if len(parts) > _NUMBERS_MAX or not all(map(form.fullmatch, parts)):
        sentence = _("“{value}” is not a list of at most {bound} numbers. Write them as 14, 28.")
        raise InvalidInput("incrementality.not_numbers", sentence, value=text[:40], bound=_NUMBERS_MAX)
    return parts
