"""Attribution: models beside each other, what channels do in journeys, paths; on the demo brand also the truth."""

from __future__ import annotations

from typing import Any, Final, get_args

from starlette.responses import Response

from dujiang.console.views import attribution as views
from dujiang.console.views.ask import behind
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.insight.attribution.question import AttributionQuestion, Credit
from dujiang.insight.questions.registry import parse_question
from dujiang.workspace.truth import truly_brought

ROOM = Room()
LOOK_BACKS: Final = (7, 14, 30, 60, 90)


@ROOM.get("/attribution", allow="metric.read")
def attribution(visit: Visit) -> Response:
    """Credits by model."""
    question = _question(visit)
    answer = visit.workspace.questions.ask(question)
    truth = None
    if question.credit == "channel":
        new_only = visit.query.get("of") == "new"
        truth = truly_brought(visit.workspace, answer.period, new_only=new_only, channels=visit.scope.channels)
    links = behind(visit, answer)
    view = views.page_view(visit, question, answer, links, truth)
    sheets = views.sheets(visit, question, answer, links, truth)
    return page(visit, "attribution.html", sheets, view=view, scope=visit.scope)


def _question(visit: Visit) -> AttributionQuestion:
    """What the address asks for."""
    scope, credit, back = visit.scope, visit.query.get("credit", ""), visit.query.get("back", "")
    where: list[dict[str, Any]] = []
    if visit.query.get("of") == "new":
        where.append({"column": "nth", "value": 1})
    if scope.channels:
        where.append({"column": "channel", "op": "among", "value": [*scope.channels]})
    earlier = scope.compared
    plain = {
        "type": "attribution",
        "period": {"first": scope.period.first, "last": scope.period.last},
        "compare": {"first": earlier.first, "last": earlier.last} if earlier else "none",
        "conversion": {"source": "orders", "where": where},
        "credit": credit if credit in get_args(Credit) else "channel",
        "look_back_days": int(back) if back in map(str, LOOK_BACKS) else 30,
        "restart": visit.query.get("restart") != "no",
    }
    asked = parse_question(plain)
    assert isinstance(asked, AttributionQuestion)
    return asked
