"""Rows to repair: rejected events, looked at, mended by a rule, replayed or discarded."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from pydantic import ValidationError
from starlette.responses import Response

from dujiang.collect.mending import RuleSpec
from dujiang.console.filters import read_whole
from dujiang.console.views import dead_letters as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.reasons import Reason
from dujiang.store.dead_letters import LetterState

ROOM = Room()
_PAGE: Final = 50
_SHOWN: Final = 5
_STEPS: Final = 3
DOINGS: Final = {
    "": _("nothing"),
    "set": _("set to a value"),
    "rename": _("move to another field"),
    "cast": _("read as another type"),
    "drop": _("take out"),
}


@ROOM.get("/dead-letters", allow="dead_letter.read")
def listing(visit: Visit) -> Response:
    """Letters of one state, by reason and one by one."""
    state = _state(visit)
    groups = visit.workspace.dead_letters.groups()
    rows = visit.workspace.dead_letters.list(
        state=state,
        source=visit.query.get("source") or None,
        reason_code=visit.query.get("reason") or None,
        before=read_whole(visit.query.get("before", "")),
        limit=_PAGE,
    )
    older = visit.with_query(before=rows[-1].id) if len(rows) == _PAGE else ""
    view = views.LettersView(state, views.states(visit, groups), older)
    sheets = [views.groups_sheet(visit, groups, state), views.letters_sheet(visit, rows)]
    return page(visit, "dead_letters.html", sheets, view=view)


@ROOM.get("/dead-letters/repair", allow="dead_letter.repair")
def repair(visit: Visit) -> Response:
    """A rule for one group of letters: written, tried, applied."""
    return _repair_page(visit, {key: visit.query.get(key, "") for key in ("reason", "field", "source", "event")})


@ROOM.post("/dead-letters/repair", allow="dead_letter.repair")
def try_or_replay(visit: Visit) -> Response:
    """Try the rule on the first letters, or send all of them in once more."""
    match = {key: visit.field(key) for key in ("reason", "field", "source", "event")}
    try:
        rule = _rule(visit, match)
    except InvalidInput as error:
        return _repair_page(visit, match, problem=visit.error(error), status=error.status)
    service = visit.workspace.dead_letters
    if visit.field("do") != "replay":
        ids = service.matching(rule)
        tried = views.mended(visit, service.preview(rule, ids[:_SHOWN]))
        return _repair_page(visit, match, tried=tried, fitting=len(ids))
    visit.workspace.jobs.create("replay", {"rule": rule.model_dump(mode="json")}, visit.actor)
    return done(visit, "/jobs", _("The events are being repaired and sent in. You may leave this page."))


@ROOM.get("/dead-letters/{id}", allow="dead_letter.read")
def single(visit: Visit) -> Response:
    """One letter: the event as it came, without personal data, and the reason."""
    return _letter_page(visit, reveal=False)


@ROOM.post("/dead-letters/{id}/reveal", allow="person.reveal")
def reveal(visit: Visit) -> Response:
    """The same with personal data; the audit log says who looked."""
    return _letter_page(visit, reveal=True)


@ROOM.post("/dead-letters/discard", allow="dead_letter.repair")
def discard(visit: Visit) -> Response:
    """Give letters up, with a reason."""
    changed = visit.workspace.dead_letters.discard(_chosen(visit), reason=visit.field("reason"), actor=visit.actor)
    return done(visit, "/dead-letters", _("{n} events were given up. They can be taken back."), n=changed)


@ROOM.post("/dead-letters/reopen", allow="dead_letter.repair")
def reopen(visit: Visit) -> Response:
    """Take given-up letters back."""
    changed = visit.workspace.dead_letters.reopen(_chosen(visit), actor=visit.actor)
    return done(visit, "/dead-letters", _("{n} events are open again."), n=changed)


def _chosen(visit: Visit) -> list[int]:
    """The letters that the form names.

    Raises:
        InvalidInput: ``dead_letter.none_chosen``.
    """
    ids = [read_whole(one) for one in visit.form.getlist("id") if isinstance(one, str)]
    chosen = [one for one in ids if one is not None]
    if not chosen or len(chosen) < len(ids):
        raise InvalidInput("dead_letter.none_chosen", _("No event was chosen. Choose one from the list."))
    return chosen


def _letter_page(visit: Visit, *, reveal: bool) -> Response:
    asked = visit.request.path_params["id"]
    id_ = read_whole(asked)
    if id_ is None:
        raise NotFound("dead_letter.unknown", _("There is no dead letter {id}."), id=asked[:40])
    letter = visit.workspace.dead_letters.get(id_, reveal_to=visit.actor if reveal else "")
    return render(
        visit,
        "dead_letter.html",
        state=visit.text(views.STATES[letter.row.state]),
        letter=letter,
        reason=views.reason(visit, letter.row),
        event=views.pretty(letter.event),
    )


def _repair_page(
    visit: Visit,
    match: dict[str, str],
    *,
    tried: list[views.MendedView] | None = None,
    fitting: int = 0,
    problem: str = "",
    status: int = 200,
) -> Response:
    steps = [{key: visit.field(f"{key}{n}") for key in ("what", "at", "to", "value")} for n in range(_STEPS)]
    if not any(step["what"] for step in steps):
        steps[0] |= {"at": match["field"]}
    return render(
        visit,
        "repair.html",
        http_status=status,
        match=match,
        steps=steps,
        doings=[(key, visit.text(label)) for key, label in DOINGS.items()],
        tried=tried,
        fitting=fitting,
        problem=problem,
    )


def _rule(visit: Visit, match: dict[str, str]) -> RuleSpec:
    steps: list[dict[str, Any]] = []
    for n in range(_STEPS):
        what = visit.field(f"what{n}")
        if what:
            step = {"do": what, "at": visit.field(f"at{n}"), "to": visit.field(f"to{n}")}
            steps.append(step | ({"value": _value(visit.field(f"value{n}"))} if what == "set" else {}))
    found = {
        "reason_code": match["reason"],
        "field": match["field"],
        "source": match["source"],
        "event": match["event"],
    }
    try:
        return RuleSpec.model_validate({"match": found, "steps": steps})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        sentence = _("The rule is not complete at {field}: {reason}.")
        raise InvalidInput("dead_letter.bad_rule", sentence, field=where, reason=Reason.of(error)) from None


def _value(text: str) -> Any:
    """What somebody typed: a number, true, false or a list where it reads as one, else text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _state(visit: Visit) -> LetterState:
    wanted = visit.query.get("state", "open")
    return cast(LetterState, wanted) if wanted in views.STATES else "open"
