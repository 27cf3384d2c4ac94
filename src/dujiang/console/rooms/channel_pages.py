"""Content, service, the private domain and heat maps: a few choices, and the answer to one question each."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from dujiang.console.views import channel_pages as views
from dujiang.console.views.ask import answered, compact
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.insight.questions.registry import parse_question

ROOM = Room()


@ROOM.get("/content", allow="metric.read")
def content(visit: Visit) -> Response:
    """What each item of content is worth."""
    return _page(visit, views.CONTENT)


@ROOM.get("/service", allow="metric.read")
def service(visit: Visit) -> Response:
    """How conversations with customers go."""
    return _page(visit, views.SERVICE)


@ROOM.get("/private-domain", allow="metric.read")
def private_domain(visit: Visit) -> Response:
    """How healthy the private domain is."""
    return _page(visit, views.PRIVATE)


@ROOM.get("/heatmaps", allow="metric.read")
def heatmaps(visit: Visit) -> Response:
    """Where people click on a page."""
    return _page(visit, views.HEATMAPS)


def _page(visit: Visit, shown: views.Shown) -> Response:
    visit.scope = visit.scope_from("last90")
    plain = shown.question(visit) | _days(visit)
    answer = visit.workspace.questions.ask(parse_question(plain))
    sheets, parts = answered(visit, answer)
    view = views.page_view(visit, shown, answer, compact(plain), parts)
    return page(visit, "channel_page.html", sheets, view=view, scope=visit.scope)


def _days(visit: Visit) -> dict[str, Any]:
    period, earlier = visit.scope.period, visit.scope.compared
    return {
        "period": {"first": str(period.first), "last": str(period.last)},
        "compare": {"first": str(earlier.first), "last": str(earlier.last)} if earlier else "none",
    }
