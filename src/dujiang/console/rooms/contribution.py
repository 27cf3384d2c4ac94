"""Contribution of channels: what each sold itself, helped with and was measured to bring, and what changed."""

from __future__ import annotations

from typing import Any, Final, get_args

from starlette.responses import Response

from dujiang.console.rooms.attribution import LOOK_BACKS
from dujiang.console.views import contribution as views
from dujiang.console.views.ask import behind
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.insight.attribution.question import Credit
from dujiang.insight.contribution.question import ContributionQuestion
from dujiang.insight.questions.registry import parse_question

ROOM = Room()
_DAYS_DRAWN: Final = 31


@ROOM.get("/contribution", allow="metric.read")
def contribution(visit: Visit) -> Response:
    """Direct, assist and measured contribution, over time and against an earlier period."""
    question = _question(visit)
    answer = visit.workspace.questions.ask(question)
    links = behind(visit, answer)
    view = views.page_view(visit, question, answer, links)
    return page(visit, "contribution.html", views.sheets(visit, question, answer, links), view=view, scope=visit.scope)


def _question(visit: Visit) -> ContributionQuestion:
    """What the address asks for."""
    scope, credit, back = visit.scope, visit.query.get("credit", ""), visit.query.get("back", "")
    where: list[dict[str, Any]] = []
    if visit.query.get("of") == "new":
        where.append({"column": "nth", "value": 1})
    if scope.channels:
        where.append({"column": "channel", "op": "among", "value": [*scope.channels]})
    earlier, model = scope.compared, visit.query.get("model", "")
    plain = {
        "type": "contribution",
        "period": {"first": scope.period.first, "last": scope.period.last},
        "compare": {"first": earlier.first, "last": earlier.last} if earlier else "none",
        "grain": "day" if scope.period.days <= _DAYS_DRAWN else "week" if scope.grain == "day" else scope.grain,
        "conversion": {"source": "orders", "where": where},
        "credit": credit if credit in get_args(Credit) else "channel",
        "look_back_days": int(back) if back in map(str, LOOK_BACKS) else 30,
        "model": {"name": model if model in views.MODELS_OFFERED else "shapley"},
    }
    asked = parse_question(plain)
    assert isinstance(asked, ContributionQuestion)
    return asked
