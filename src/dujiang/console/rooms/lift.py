"""Incrementality: tests that are registered, planned and read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response

from dujiang.console.filters import read_day
from dujiang.console.views import lift as views
from dujiang.console.views.ask import behind
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page
from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import DujiangError, InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.question import KIND, LiftPlanQuestion, LiftQuestion, LiftTest
from dujiang.insight.questions.registry import parse_question

ROOM = Room()
_NUMBERS: Final = re.compile(r"\d{1,3}")


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
    name = visit.field("name")
    if visit.workspace.definitions.current(KIND, retired=True).get((KIND, name)):
        sentence = _("There is a test called “{name}” already. What was registered stays; choose another name.")
        raise InvalidInput("incrementality.name_taken", sentence, name=name[:80])
    first, length = read_day(visit.field("first")), _number(visit.field("length"), 28)
    spec: dict[str, Any] = {
        "design": "geo",
        "metric": visit.field("metric"),
        "first": str(first),
        "last": str(first + timedelta(length - 1)),
        "unit": visit.field("unit"),
        "markets": [str(one) for one in visit.form.getlist("market")],
        "channels": [str(one) for one in visit.form.getlist("channel")],
        "before_days": _number(visit.field("before"), 84),
        "cost_minor": _number(visit.field("cost"), 0),
    }
    title = {visit.locale: visit.field("title") or name}
    wanted = parse({"kind": KIND, "name": name, "title": title, "owner": visit.actor, "spec": spec})
    definitions = visit.workspace.definitions
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, f"/lift/{name}", _("The test is registered."))


@ROOM.get("/lift/{name}", allow="metric.read")
def single(visit: Visit) -> Response:
    """What one test changed."""
    definition = visit.workspace.definitions.get(KIND, visit.request.path_params["name"])
    answer = visit.workspace.questions.ask(LiftQuestion(test=LiftTest.model_validate(definition.spec)))
    view = views.lift_view(visit, definition, answer, behind(visit, answer))
    return page(visit, "lift.html", views.sheets(visit, answer), view=view)


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
    asked = parse_question(plain)
    assert isinstance(asked, LiftPlanQuestion)
    return asked


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 12 else otherwise


def _numbers(text: str) -> list[int]:
    return [int(one) for one in _NUMBERS.findall(text)][:6]
