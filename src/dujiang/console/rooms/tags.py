"""Tags: the catalogue, one tag, and tags and consents put on a person by hand."""

from __future__ import annotations

from typing import cast, get_args

from starlette.responses import Response

from dujiang.collect.marks import State
from dujiang.console.rooms.people import asked
from dujiang.console.views import tags as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id

ROOM = Room()


@ROOM.get("/tags", allow="person.read")
def catalogue(visit: Visit) -> Response:
    """Every tag: what it says, who has it, how fresh it is."""
    tags = visit.workspace.tags
    words, group = visit.query.get("q", ""), visit.query.get("group", "")
    sheet = views.catalogue_sheet(visit, tags.catalogue(), tags.coverage(), words, group)
    fresh = tags.fresh()
    groups = (("", visit.text(_("All subjects"))), *views.labels(visit, views.GROUPS))
    return page(visit, "tags.html", [sheet], q=words, group=group, groups=groups, fresh_at=fresh.at if fresh else None)


@ROOM.get("/tags/{name}", allow="person.read")
def single(visit: Visit) -> Response:
    """One tag: distribution, coverage, lineage, used by."""
    found = visit.workspace.tags.get(visit.request.path_params["name"])
    return page(visit, "tag.html", [views.distribution_sheet(visit, found)], view=views.tag(visit, found))


@ROOM.post("/people/{id}/tags", allow="person.mark")
def put(visit: Visit) -> Response:
    """Put a tag on a person, or take it off."""
    person = asked(visit)
    removed = visit.field("removed") == "yes"
    visit.workspace.tag_person(person, visit.field("tag"), visit.field("value"), removed=removed, actor=visit.actor)
    return done(visit, f"/people/{person_id(person)}", _("Noted; the page shows it in a moment."))


@ROOM.post("/people/{id}/consents", allow="person.mark")
def state(visit: Visit) -> Response:
    """State what a person allows."""
    person, said = asked(visit), visit.field("state")
    if said not in get_args(State):
        sentence = _("“{state}” is no state of a consent. Use granted, withdrawn or unknown.")
        raise InvalidInput("consent.bad_state", sentence, state=said[:40])
    purpose = visit.field("purpose") or "marketing"
    visit.workspace.state_consent(person, purpose, visit.field("medium"), cast(State, said), actor=visit.actor)
    return done(visit, f"/people/{person_id(person)}", _("Noted; the page shows it in a moment."))
