"""Identity quality: how well identifiers find their person, and what was kept apart."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from starlette.responses import Response

from dujiang.console.views import decisions as decided
from dujiang.console.views import identity as views
from dujiang.console.views.holds import hold
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import parse_person_id, person_id
from dujiang.identity.decisions import Wish, checked
from dujiang.identity.parting import Parting
from dujiang.identity.quality import quality
from dujiang.store.command import Actor

ROOM = Room()
_LISTED: Final = 500
_ACTS: Final = {"take_out": _("Take an identifier out"), "unbind": _("Unbind an identifier")}
_DAYS: Final = 90


@ROOM.get("/identity", allow="person.read")
def identity(visit: Visit) -> Response:
    """The state of identity over all channels."""
    with visit.workspace.engine.read() as con:
        found, held = quality(con), visit.workspace.identity_watch.held(con)
    days = visit.workspace.identity_history.recent(_DAYS)
    view = views.view(visit, found, visit.workspace.ignored_identifiers(), days)
    sheets = [sheet for _title, _note, sheet in view.tables] + [sheet for _chart, sheet in view.charts]
    return page(visit, "identity.html", sheets, view=view, holds=[hold(visit, one) for one in held])


@ROOM.get("/identity/decisions", allow="person.read")
def decisions(visit: Visit) -> Response:
    """What was decided by hand, the newest first."""
    found = visit.workspace.identity_decisions.listed(limit=_LISTED)[::-1]
    shown = [decided.decision(visit, one) for one in found]
    return page(visit, "identity_decisions.html", [decided.sheet(visit, found)], decisions=shown)


@ROOM.get("/identity/decide", allow="identity.decide")
def consider(visit: Visit) -> Response:
    """A decision and what it would do; nothing is decided yet."""
    parting = _parting(visit)
    found = visit.workspace.identity_desk.try_parting(parting)
    return render(
        visit,
        "identity_decide.html",
        label=_label(visit, parting),
        about=_about(visit, parting),
        asked={key: visit.query.get(key, "") for key in ("kind", "a", "b", "source", "person", "day")},
        trial=decided.dry_run(visit, found),
    )


@ROOM.post("/identity/decide", allow="identity.decide")
def decide(visit: Visit) -> Response:
    """Do what the reader has seen."""
    parting, reason = _parting(visit), visit.field("reason")
    visit.workspace.identity_desk.part(parting, actor=_actor(visit), reason=reason)
    said = _("Decided. People are brought up to date at the next refresh. Here it can be undone.")
    return done(visit, "/identity/decisions", said)


@ROOM.post("/identity/decisions/{id}/revoke", allow="identity.decide")
def revoke(visit: Visit) -> Response:
    """Take a decision back."""
    id_ = visit.request.path_params["id"]
    visit.workspace.identity_desk.revoke(id_, actor=_actor(visit), reason=visit.field("reason")[:400])
    return done(visit, "/identity/decisions", _("Revoked. At the next refresh people are what they were without it."))


@ROOM.post("/identity/decisions/{id}/restore", allow="identity.decide")
def restore(visit: Visit) -> Response:
    """Bring a revoked decision back."""
    id_ = visit.request.path_params["id"]
    visit.workspace.identity_desk.restore(id_, actor=_actor(visit), reason=visit.field("reason")[:400])
    return done(visit, "/identity/decisions", _("In force again. People are brought up to date at the next refresh."))


@ROOM.get("/identity/holds/{id}", allow="person.read")
def consider_hold(visit: Visit) -> Response:
    """A held source, and what believing it would do."""
    with visit.workspace.engine.read() as con:
        found = visit.workspace.identity_watch.one_held(con, visit.request.path_params["id"])
    trial = visit.workspace.identity_desk.dry_run(revoke=[found.decision.ruling.id])
    return render(visit, "identity_hold.html", hold=hold(visit, found), trial=decided.dry_run(visit, trial))


@ROOM.post("/identity/holds/{id}", allow="identity.decide")
def settle_hold(visit: Visit) -> Response:
    """Believe a held source, or reject what it said."""
    id_, reason = visit.request.path_params["id"], visit.field("reason")[:400]
    verdict = visit.field("verdict")
    if verdict not in ("release", "reject"):
        raise InvalidInput("identity.no_verdict", _("Say whether the source is believed or rejected."))
    if verdict == "reject":
        visit.workspace.identity_decisions.reject(id_, actor=_actor(visit), reason=reason)
        return done(visit, "/identity", _("Rejected. What the source said since the hold joins nobody."))
    visit.workspace.identity_decisions.release(id_, actor=_actor(visit), reason=reason)
    said = _("Believed. People are brought up to date at the next refresh. Here it can be undone.")
    return done(visit, "/identity/decisions", said)


def _label(visit: Visit, parting: Parting) -> str:
    kind = str((visit.form or visit.query).get("kind", ""))
    if kind in _ACTS:
        return visit.text(_ACTS[kind])
    return decided.kind_text(visit, kind) if parting.wishes else visit.text(_("Take back what was joined by hand"))


def _about(visit: Visit, parting: Parting) -> str:
    asked = visit.form or visit.query
    if asked.get("kind") == "take_out":
        return str(asked.get("a", ""))
    if not parting.wishes:
        return " · ".join(
            decided.about(visit, visit.workspace.identity_decisions.get(one).ruling) for one in parting.revoke
        )
    (wish,) = parting.wishes
    return wish.source or " · ".join(person_id(node) for node in (wish.a, wish.b) if node is not None)


def _parting(visit: Visit) -> Parting:
    """The decision that the address or the form names.

    ``take_out`` parts an identifier from the rest of a person, ``unmerge`` the number that a person had before a merge.
    """
    asked = visit.form or visit.query
    kind, a, b, person = (str(asked.get(key, "")) for key in ("kind", "a", "b", "person"))
    source = str(asked.get("source", ""))[:200]
    node, who, desk = parse_person_id(a), parse_person_id(person), visit.workspace.identity_desk
    if kind in ("take_out", "unmerge") and node is not None and who is not None:
        return desk.taking_out(node, who) if kind == "take_out" else desk.unmerging(node, who)
    if kind not in decided.KINDS:
        sentence = _("A decision of the kind “{kind}” needs two different identifiers, one identifier or a source.")
        raise InvalidInput("identity.decision_incomplete", sentence, kind=kind[:20])
    nodes = [parse_person_id(one) for one in (a, b) if one]
    moment = _moment(visit, str(asked.get("day", ""))) if kind == "unbind" else None
    return Parting((checked(Wish(kind, *(*nodes, None, None)[:2], source=source, moment=moment)),))  # type: ignore[arg-type]


def _moment(visit: Visit, day: str) -> datetime | None:
    """The beginning of the day on which an identifier was unbound; None for now.

    Raises:
        InvalidInput: ``identity.no_day``.
    """
    try:
        return visit.workspace.day_start(date.fromisoformat(day)) if day else None
    except ValueError as error:
        sentence = _("“{day}” is no day. Write it as year-month-day, such as 2026-11-01.")
        raise InvalidInput("identity.no_day", sentence, day=day[:20]) from error


def _actor(visit: Visit) -> Actor:
    assert visit.reader is not None
    return Actor(visit.reader.name, visit.reader.role)
