"""What makes two groups of people different: segments, people behind a number, or those who converted and those who did not."""

from __future__ import annotations

import numpy as np
from starlette.responses import Response

from dujiang.console.rooms.ask import keep_people
from dujiang.console.rooms.behind import picked
from dujiang.console.views import differences as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page
from dujiang.engine.question import Persons, Rows
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.questions.funnel import FunnelPick, FunnelQuestion

ROOM = Room()
Group = tuple[Rows | Persons, str]
"""People, and what they are called."""


@ROOM.get("/differences", allow="person.read")
def differences(visit: Visit) -> Response:
    """Two groups are chosen, and held against each other."""
    keys = visit.query.get("one", ""), visit.query.get("other", "") or views.REST
    number = _number(visit) if visit.query.get("pick") else None
    offered = views.choices(visit, number[1] if number else "")
    if not keys[0]:
        return page(visit, "differences.html", [], view=views.DifferencesView(*keys, offered))
    one = _group(visit, keys[0], number)
    other = None if keys[1] == views.REST else _group(visit, keys[1], number)
    found = visit.workspace.segments.compare(one[0], other[0] if other else None)
    names = one[1], other[1] if other else visit.text(_("Everybody else"))
    view, sheet = views.compared(visit, keys, offered, names, found)
    return page(visit, "differences.html", [sheet], view=view)


@ROOM.post("/differences/keep", allow="person.mark")
def keep(visit: Visit) -> Response:
    """Put the people of a group on a list, and make a segment of it."""

    def find() -> tuple[Persons, str]:
        number = picked(visit, visit.field("q"), visit.field("pick")) if visit.field("pick") else None
        people, told = _group(visit, visit.field("group"), number)
        return visit.workspace.segments.persons(people), told

    return keep_people(visit, find, segment=True)


def _number(visit: Visit) -> tuple[Persons, str]:
    people, told = picked(visit, visit.query.get("q", ""), visit.query["pick"])
    return people, told.rstrip("。.")  # it stands as a name here


def _group(visit: Visit, key: str, number: Group | None) -> Group:
    """The people of a group, by its key.

    Raises:
        InvalidInput: ``differences.no_group``.
        NotFound: a segment or question that is not there.
    """
    kind, _colon, name = key.partition(":")
    if kind == views.NUMBER and number:
        return number
    if kind == "segment":
        title = visit.own(visit.workspace.segments.get(name, visit.locale).title, name)
        return visit.workspace.segments.people(name), title
    if kind in views.OUTCOMES:
        return _of_funnel(visit, name, kind)
    sentence = _("“{key}” is no group of people. Choose a segment or the end of a saved funnel.")
    raise InvalidInput("differences.no_group", sentence, key=key[:80])


def _of_funnel(visit: Visit, name: str, outcome: str) -> Group:
    """Those who went through a saved funnel, or who began it and were lost at any of its steps."""
    questions = visit.workspace.questions
    asked, title = questions.saved(name), visit.workspace.definitions.get("question", name).label(visit.locale)
    if not isinstance(asked, FunnelQuestion):
        sentence = _("The question “{name}” is no funnel: nobody converts in it.")
        raise InvalidInput("differences.no_funnel", sentence, name=name)
    through = questions.people(asked, FunnelPick(step=len(asked.steps)))
    told = visit.text(views.OUTCOMES[outcome], title=title)
    if outcome == "converted":
        return through, told
    return np.setdiff1d(questions.people(asked, FunnelPick(step=1)), through), told
