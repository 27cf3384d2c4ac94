"""People: the list, one person, why they are one person, their timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import cast, get_args

from starlette.responses import Response

from dujiang.console.filters import read_day
from dujiang.console.rooms.behind import behind
from dujiang.console.sheets import Sheet
from dujiang.console.views import figures, groups, hours, identity_graph, lifecycle, overview, predictions
from dujiang.console.views import people as views
from dujiang.console.views import relations as relation_views
from dujiang.console.views import tags as tag_views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, page, redirect, render
from dujiang.engine.question import Persons, Rows
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import parse_person_id, person_id
from dujiang.identity.evidence import explain
from dujiang.insight.model import Condition
from dujiang.people.model import EntryKind, PeoplePage, PeopleQuery, PersonOrder, PersonPage, Sort
from dujiang.people.questions import ORDERS_SHOWN
from dujiang.people.service import timeline_until

ROOM = Room()


@ROOM.get("/people", allow="person.read")
def listing(visit: Visit) -> Response:
    """Everybody, or the people behind a number, filtered."""
    return _list_page(visit, "")


@ROOM.post("/people", allow="person.read")
def find(visit: Visit) -> Response:
    """Look for an identifier. It comes in the body and not in the address, because addresses are kept in logs."""
    words = visit.field("q")[:300]
    found = visit.workspace.people.find(words) if words else []
    if len(found) == 1:
        return redirect(f"/people/{person_id(found[0])}")
    return _list_page(visit, words) if words else redirect("/people")


@ROOM.get("/people/{id}", allow="person.read")
def single(visit: Visit) -> Response:
    """One person."""
    return _person_page(visit, reveal=False)


@ROOM.post("/people/{id}/reveal", allow="person.reveal")
def reveal(visit: Visit) -> Response:
    """The same with clear identifiers; the audit log says who looked."""
    return _person_page(visit, reveal=True)


@ROOM.get("/people/{id}/why", allow="person.read")
def why(visit: Visit) -> Response:
    """Why these identifiers are one person."""
    found, workspace = visit.workspace.people.get(asked(visit)), visit.workspace
    with workspace.engine.read() as con:
        evidence = explain(con, found.profile.person, workspace.identifier_types, in_zone=workspace.zone)
    return render(visit, "why.html", evidence=views.evidence(visit, found, evidence))


def _list_page(visit: Visit, words: str) -> Response:
    known, bought, sort = (visit.query.get(key, "") for key in ("known", "bought", "sort"))
    sort = sort if sort in get_args(Sort) else "last_seen"
    among, behind = _behind(visit)
    # Among the people of a number the channels have been heeded already, as channels of that number.
    channels = () if among is not None else tuple(filter(None, visit.request.query_params.getlist("channel")))
    query = PeopleQuery(
        words=words,
        channels=channels,
        known={"yes": True, "no": False}.get(known),
        bought={"yes": True, "no": False}.get(bought),
        city=visit.query.get("city", ""),
        sort=cast(Sort, sort),
        after=visit.query.get("after", ""),
    )
    found = visit.workspace.people.list(query, among)
    view = views.PeopleView(
        q=words,
        channel=channels[0] if len(channels) == 1 else "",
        known=known,
        bought=bought,
        city=query.city,
        sort=sort,
        known_choices=views.choices(visit, views.KNOWN),
        bought_choices=views.choices(visit, views.BOUGHT),
        sort_choices=views.choices(visit, views.SORTS),
        behind=behind,
        count=visit.text(_("{n} people"), n=visit.show(found.count, "count")),
        first=visit.with_query(after=None) if query.after else "",
        next=visit.with_query(after=found.next) if found.next else "",
        question=visit.query.get("q", "") if visit.query.get("pick") else "",
        pick=visit.query.get("pick", ""),
        is_filtered=bool(words or channels or known or bought or query.city or behind),
    )
    return page(visit, "people.html", [_sheet(visit, query, among, found)], view=view)


def _sheet(visit: Visit, query: PeopleQuery, among: Rows | Persons | None, found: PeoplePage) -> Sheet:
    """The page that is shown; an export has everybody whom the filters select."""
    everybody = visit.workspace.people.every(query, among)
    every = lambda: (views.person_row(visit, one) for one in everybody)  # noqa: E731
    return replace(views.people_sheet(visit, found), every=every, count=found.count)


def _behind(visit: Visit) -> tuple[Rows | Persons | None, str]:
    """The people behind the number that the address names, and the number in words."""
    if (found := behind(visit)) is not None:
        return found
    stops = tuple(visit.request.query_params.getlist("stop"))
    if stops:
        return _at_stops(visit, stops)
    name = visit.query.get("metric", "")
    if not name:
        return None, ""
    metrics = visit.workspace.metrics
    by, value = visit.query.get("by", ""), visit.query.get("value", "")
    where = [Condition(column=by, op="is", value=value) if value else Condition(column=by, op="unknown")] if by else []
    if visit.scope.channels and "channel" in metrics.catalogue().dimensions(name):
        where.append(Condition(column="channel", op="among", value=visit.scope.channels))
    told = metrics.catalogue().get(name).label(visit.locale)
    if by:
        told = f"{told} · {figures.dimension_label(visit, by)}: {figures.value_label(visit, by, value or None)}"
    period = visit.scope.period
    sentence = _("The people behind {number}, {first} to {last}.")
    return metrics.people(name, period, tuple(where)), visit.text(
        sentence, number=told, first=period.first, last=period.last
    )


def _at_stops(visit: Visit, stops: tuple[str, ...]) -> tuple[Rows, str]:
    """The people of the river who came through all of ``stops``."""
    scope = visit.scope
    told = " → ".join(overview.stop_label(visit, key) for key in stops)
    sentence = visit.text(
        _("The people of {stops}, {first} to {last}."), stops=told, first=scope.period.first, last=scope.period.last
    )
    return visit.workspace.metrics.river_people(scope.period, stops, scope.channels), sentence


def _person_page(visit: Visit, *, reveal: bool) -> Response:
    workspace = visit.workspace
    day = _as_of(visit)
    at = workspace.day_start(day) if day else None
    found = workspace.people.get(asked(visit), at)
    who = found.profile.person
    clear = None
    if reveal:
        workspace.record(visit.actor, "person.reveal", person_id(who))
        clear = workspace.people.clear_identifiers(who)
    values, fresh = workspace.tags.of_person(who, at), workspace.tags.fresh()
    related = workspace.relations.of_person(who)
    graph = workspace.identity_graphs.of(who, workspace.identifier_types)
    seams = workspace.identity_desk.seams(who)
    sheets = [
        identity_graph.sheet(visit, graph),
        relation_views.sheet(visit, related),
        relation_views.sheet(visit, workspace.relations.around(who), "relations-around"),
        _orders(visit, found),
        views.channels_sheet(visit, found),
        tag_views.consents_sheet(visit, found.consents),
    ]
    return page(
        visit,
        "person.html",
        sheets,
        view=views.person(visit, found, clear, day),
        graph=identity_graph.view(visit, graph, seams),
        timeline=_timeline(visit, found.profile.person, at),
        path=f"/people/{person_id(who)}",
        doings=_doings(visit, found),
        tags=tag_views.of_person(visit, values),
        reach=tag_views.reach(visit, values),
        marks=found.marks,
        media=tag_views.labels(visit, tag_views.MEDIUM_LABELS),
        states=tuple((key, visit.text(label)) for key, (label, _tone) in tag_views.STATES.items()),
        active=hours.person(visit, workspace.hours.of_person(who)) if at is None else None,
        life=lifecycle.person_life(visit, workspace.life.person(who)) if at is None else None,
        group=groups.person(visit, workspace.groups.of_person(who)) if at is None else None,
        outlook=predictions.outlook(visit, workspace.predictions.of_person(who)) if at is None else None,
        fresh_at=fresh.at if fresh and at is None else None,
        suggested=len(workspace.suggestions.list("open", person=who)) if at is None else 0,
    )


@ROOM.get("/people/{id}/timeline", allow="person.read")
def timeline(visit: Visit) -> Response:
    """More of a person's timeline, to be put below what is shown."""
    day = _as_of(visit)
    who = visit.workspace.people.get(asked(visit)).profile.person
    path = f"/people/{person_id(who)}"
    at = visit.workspace.day_start(day) if day else None
    return render(visit, "components/timeline.html", timeline=_timeline(visit, who, at), path=path)


@ROOM.get("/people/{id}/orders", allow="person.read")
def orders(visit: Visit) -> Response:
    """A person's orders, as many as the address asks for."""
    day = _as_of(visit)
    found = visit.workspace.people.get(asked(visit), visit.workspace.day_start(day) if day else None)
    path = f"/people/{person_id(found.profile.person)}"
    return page(
        visit, "components/person_orders.html", [_orders(visit, found)], path=path, doings=_doings(visit, found)
    )


@dataclass(frozen=True)
class _Doings:
    """Which of a person's doings are shown, and how many orders."""

    channel: str
    kind: str
    channels: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    more: str


def _doings(visit: Visit, found: PersonPage) -> _Doings:
    query = visit.with_query(orders=_shown(visit) + views.PART).partition("?")[2]
    return _Doings(
        channel=visit.query.get("channel", ""),
        kind=visit.query.get("kind", ""),
        channels=views.channel_choices(visit, found.profile.channels),
        kinds=views.choices(visit, views.KINDS),
        more=query if len(_chosen_orders(visit, found)) > _shown(visit) else "",
    )


def _orders(visit: Visit, found: PersonPage) -> Sheet:
    return views.orders_sheet(visit, _chosen_orders(visit, found), _shown(visit))


def _chosen_orders(visit: Visit, found: PersonPage) -> Sequence[PersonOrder]:
    """Every order that the channel in the address leaves."""
    every, day = found.orders, _as_of(visit)
    if len(every) == ORDERS_SHOWN:
        at = visit.workspace.day_start(day) if day else None
        every = visit.workspace.people.orders(found.profile.person, at)
    channel = visit.query.get("channel", "")
    return [one for one in every if not channel or one.channel == channel]


def _shown(visit: Visit) -> int:
    text = visit.query.get("orders", "")
    return max(int(text), views.PART) if text.isascii() and text.isdigit() and len(text) < 7 else views.PART


def _timeline(visit: Visit, who: int, at: datetime | None) -> views.TimelineView:
    channel, kind = visit.query.get("channel", ""), visit.query.get("kind", "")
    found = visit.workspace.people.timeline(
        who,
        visit.query.get("before", "") or timeline_until(at),
        views.PART,
        (channel,) if channel else (),
        tuple(one for one in get_args(EntryKind) if one == kind) or get_args(EntryKind),
    )
    return views.timeline(visit, found, f"/people/{person_id(who)}")


def _as_of(visit: Visit) -> date | None:
    """The day that the address looks back to; None for today, and for what is no day."""
    try:
        return read_day(visit.query.get("as_of", ""))
    except ValueError:
        return None


def asked(visit: Visit) -> int:
    """The person that the address names.

    Raises:
        NotFound: ``people.unknown``.
    """
    return numbered(visit.request.path_params["id"])


def numbered(text: str) -> int:
    """The number of the person with this id.

    Raises:
        NotFound: ``people.unknown``.
    """
    number = parse_person_id(text)
    if number is None:
        raise NotFound(
            "people.unknown", _("There is no person {person}. Look for them in the list of people."), person=text[:20]
        )
    return number
