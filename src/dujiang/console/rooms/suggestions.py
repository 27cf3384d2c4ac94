"""The review queue: people whose records are alike, side by side, to be accepted, rejected or put off."""

from __future__ import annotations

import math
from typing import Final, cast

from starlette.responses import Response

from dujiang.console.rooms.people import numbered
from dujiang.console.views import suggestions as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, render
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.identity.linkage.engine import is_installed
from dujiang.identity.linkage.pair_id import parse_pair_id
from dujiang.identity.linkage.service import Verdict
from dujiang.identity.linkage.tables import State
from dujiang.store.command import Actor

ROOM = Room()
_PAGE: Final = 20
BANDS: Final = ((0.95, 1.0), (0.5, 0.95), (0.0, 0.5))
"""Bands of probability that are decided at once."""


@ROOM.get("/suggestions", allow="person.read")
def queue(visit: Visit) -> Response:
    """Suggestions of one state, the likeliest first; about everybody or about one person."""
    person = visit.query.get("person", "")[:40]
    who = numbered(person) if person else None
    wanted = visit.query.get("state", "open")
    state = cast(State, wanted if wanted in views.STATES else "open")
    service = visit.workspace.suggestions
    found = service.list(state, limit=None if state == "open" else _PAGE, person=who)
    if who is None:
        counts = service.counts() | {"open": len(service.list("open", limit=None))}
    else:
        counts = {each: len(service.list(each, limit=None, person=who)) for each in views.STATES}
    bands = [
        (low, high, many)
        for low, high in BANDS
        if (many := sum(low <= one.probability <= high for one in found)) and state == "open" and who is None
    ]
    return render(
        visit,
        "suggestions.html",
        state=state,
        person=person,
        states=[(key, visit.text(label), counts.get(key, 0)) for key, label in views.STATES.items()],
        found=views.views(visit, found[:_PAGE], service.persons(found[:_PAGE])),
        bands=bands,
        installed=is_installed(),
        running=[one for one in visit.workspace.jobs.list(5, kind="suggest") if one.state in ("queued", "running")],
        last=next(iter(visit.workspace.jobs.list(1, kind="suggest")), None),
    )


@ROOM.post("/suggestions/find", allow="identity.suggest")
def find(visit: Visit) -> Response:
    """Look for people whose records are alike, in the background."""
    visit.workspace.jobs.create("suggest", {"retrain": visit.field("retrain") == "yes"}, visit.actor)
    return done(visit, "/jobs", _("Records are being compared. You may leave this page."))


@ROOM.post("/suggestions/decide", allow="identity.decide")
def decide(visit: Visit) -> Response:
    """Decide one suggestion, or a whole band of probability."""
    verdict = _verdict(visit.field("verdict"))
    actor = _actor(visit)
    service = visit.workspace.suggestions
    if pair := visit.field("id"):
        service.decide(parse_pair_id(pair), verdict, actor=actor)
        person = visit.field("person")
        return done(
            visit, f"/suggestions?person={person_id(numbered(person))}" if person else "/suggestions", SAID[verdict]
        )
    low, high = _bound(visit.field("low")), _bound(visit.field("high"))
    many = service.decide_all(verdict, low, high, actor=actor)
    return done(visit, "/suggestions", _("{n} suggestions decided. Each can be reopened."), n=many)


SAID: Final[dict[Verdict, str]] = {
    "accept": _("Accepted: from the next refresh on they are one person."),
    "reject": _("Rejected: this will not be asked again."),
    "later": _("Put off."),
    "open": _("Reopened: what was decided is taken back."),
}


def _verdict(text: str) -> Verdict:
    if text not in SAID:
        sentence = _("“{value}” is no decision about a suggestion.")
        raise InvalidInput("linkage.unknown_verdict", sentence, value=text[:40])
    return cast(Verdict, text)


def _bound(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= 1:
        sentence = _("“{value}” is no probability. Give a number from 0 to 1.")
        raise InvalidInput("linkage.bad_probability", sentence, value=text[:40])
    return found


def _actor(visit: Visit) -> Actor:
    assert visit.reader is not None  # the room let them in
    return Actor(visit.reader.name, visit.reader.role)
