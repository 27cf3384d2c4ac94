"""Questions: what can be asked, the builder with its answer, saved questions, and the people behind a number as a list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.responses import Response

from dujiang.console import session
from dujiang.console.filters import read_day, read_scope
from dujiang.console.rooms.behind import picked, read_plain
from dujiang.console.views import ask as views
from dujiang.console.views.asked import view_of
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, own_path, page
from dujiang.engine.question import Persons
from dujiang.foundation.definitions import NAME, Definition, parse
from dujiang.foundation.errors import DujiangError, InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.insight.model import AnnotationSpec
from dujiang.insight.questions.registry import ANALYSES, parse_question
from dujiang.insight.questions.saved import KIND

ROOM = Room()
NOTE: Final = "annotation"


@ROOM.get("/ask", allow="metric.read")
def hub(visit: Visit) -> Response:
    """Saved questions, and what can be asked."""
    sheet = views.listing(visit, visit.workspace.questions.list())
    return page(visit, "ask.html", [sheet], kinds=views.kinds(visit))


@ROOM.get("/ask/{type}", allow="metric.read")
def asked(visit: Visit) -> Response:
    """The builder of one kind of question, and the answer."""
    kind = visit.request.path_params["type"]
    if kind not in ANALYSES:
        sentence = _("There is no kind of analysis “{kind}”. The page of questions lists all of them.")
        raise NotFound("question.unknown_kind", sentence, kind=kind[:40])
    saved = _saved(visit, visit.query.get("saved", ""))
    plain, problem, typed = {"type": kind}, "", ""
    try:
        plain = _plain(visit, kind, saved)
        visit.scope = views.scope_of(visit, plain)
    except DujiangError as error:  # what was typed stays, so that it can be corrected
        problem, typed = visit.error(error), visit.query.get("q", "") if len(plain) == 1 else ""
        visit.scope = read_scope(QueryParams(), visit.today)
    return _page(visit, kind, saved, plain, problem, typed)


@ROOM.post("/ask/save", allow="definition.apply")
def save(visit: Visit) -> Response:
    """Keep a question as a definition."""
    plain = read_plain(visit.field("q"))
    parse_question(plain)
    title, name = visit.field("title"), visit.field("name") or name_for(visit.field("title"), plain)
    definitions = visit.workspace.definitions
    before = definitions.current(KIND, retired=True).get((KIND, name))
    kept: Mapping[str, Any] = before.model_dump() if before else {"kind": KIND, "name": name, "owner": visit.actor}
    titles = {**kept.get("title", {}), visit.locale: title or name}
    wanted = parse({**kept, "title": titles, "status": "active", "spec": {"question": plain}})
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, views.saved_address(wanted), _("Saved."))


@ROOM.post("/ask/retire", allow="definition.apply")
def retire(visit: Visit) -> Response:
    """Take a saved question out of the list; its definition keeps every version."""
    definitions = visit.workspace.definitions
    before = definitions.get(KIND, visit.field("name"))
    wanted = before.model_copy(update={"status": "retired"})
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, "/ask", _("“{title}” is no longer listed."), title=before.label(visit.locale))


@ROOM.post("/ask/list", allow="person.mark")
def make_list(visit: Visit) -> Response:
    """Put the people behind a number on a list, and make a segment of it where that is wanted."""
    return keep_people(
        visit, lambda: picked(visit, visit.field("q"), visit.field("pick")), segment=bool(visit.field("segment"))
    )


def keep_people(visit: Visit, find: Callable[[], tuple[Persons, str]], *, segment: bool) -> Response:
    """Put people on a list by the tag of the form, and make a segment of it where that is wanted.

    Args:
        find: the people, and who they are in words.
        segment: make a segment, too.
    """
    tag = visit.field("tag")
    if not NAME.fullmatch(tag):
        raise InvalidInput("question.list_name", _("The name of a list has small letters, digits, points and dashes."))
    if segment:
        session.require(visit.reader, "definition.apply")
    people, told = find()
    visit.workspace.list_people(people, tag, actor=visit.actor)
    if not segment:
        sentence = _("{n} people are on the list “{tag}”. Segments can name it as soon as the next refresh is over.")
        return done(visit, "/segments", sentence, n=len(people), tag=tag)
    wanted = {
        "kind": "segment",
        "name": tag,
        "owner": visit.actor,
        "title": {visit.locale: visit.field("title") or tag},
    }
    definitions = visit.workspace.definitions
    spec = {"condition": {"type": "list", "tag": tag}}
    made = parse({**wanted, "description": {visit.locale: told}, "spec": spec})
    definitions.apply(definitions.plan([made]), actor=visit.actor)
    sentence = _("{n} people are on the list “{tag}”, and it is a segment. Its members follow with the next refresh.")
    return done(visit, f"/segments/{tag}", sentence, n=len(people), tag=tag)


@ROOM.post("/annotations", allow="definition.apply")
def annotate(visit: Visit) -> Response:
    """Note on every time chart what happened on a day, or change the note that is named: definitions, as those by hand."""
    title, day, name = visit.field("title")[:80], read_day(visit.field("day")), visit.field("name")
    if not title:
        raise InvalidInput("annotation.untitled", _("A note needs a text: what happened?"))
    definitions = visit.workspace.definitions
    if name:
        kept = _moved(definitions.get(NOTE, name), day)
    else:
        made = f"note_{hashlib.sha256(f'{day} {title}'.encode()).hexdigest()[:12]}"
        kept = {"kind": NOTE, "name": made, "owner": visit.actor, "spec": {"first": str(day)}}
    titles = {**kept.get("title", {}), visit.locale: title}
    wanted = parse({**kept, "title": titles, "status": "active"})
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, own_path(visit.field("back")), _("The note stands on every time chart now."))


def _moved(note: Definition, day: date) -> dict[str, Any]:
    """A note that begins on ``day`` and lasts as long as before."""
    plain, days = note.model_dump(), AnnotationSpec.model_validate(note.spec).period.days
    plain["spec"] |= {"first": str(day), "last": str(day + timedelta(days - 1)) if days > 1 else None}
    return plain


@ROOM.post("/annotations/remove", allow="definition.apply")
def remove_note(visit: Visit) -> Response:
    """Take a note off the charts; its definition keeps every version."""
    definitions = visit.workspace.definitions
    wanted = definitions.get(NOTE, visit.field("name")).model_copy(update={"status": "retired"})
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, own_path(visit.field("back")), _("The note stands on no chart any more."))


def _plain(visit: Visit, kind: str, saved: Definition | None) -> dict[str, Any]:
    """The question that the address states: written out, saved, or the one to begin with."""
    if text := visit.query.get("q"):
        return {**read_plain(text), "type": kind}
    if saved:
        return {**saved.spec["question"], "type": kind}
    return {**view_of(kind).start(visit), "type": kind}


def _saved(visit: Visit, name: str) -> Definition | None:
    if not name:
        return None
    visit.workspace.questions.saved(name)
    return visit.workspace.definitions.get(KIND, name)


def _page(
    visit: Visit, kind: str, saved: Definition | None, plain: dict[str, Any], problem: str, typed: str
) -> Response:
    sheets, shown, whole = [], {}, plain
    if not problem:
        whole = views.scoped(plain, visit.scope)
        try:
            sheets, shown = views.answered(visit, visit.workspace.questions.ask(parse_question(whole)))
        except DujiangError as error:
            problem = visit.error(error)
    view = views.AskedView(
        type=kind,
        title=saved.label(visit.locale) if saved else visit.text(ANALYSES[kind].title),
        about=visit.text(view_of(kind).about),
        saved=saved,
        plain=typed or json.dumps({**views.unscoped(plain), "type": kind}, ensure_ascii=False, indent=2),
        whole=views.compact(whole),
        builder=views.builder(visit, kind, plain),
        problem=problem,
        **shown,
    )
    dashboards = [(one.name, one.definition.label(visit.locale)) for one in visit.workspace.dashboards.list()]
    return page(visit, "asked.html", sheets, view=view, scope=visit.scope, dashboards=dashboards)


def name_for(title: str, plain: Mapping[str, Any]) -> str:
    """A name for a question that was given a title only: from its words, else from what it asks."""
    words = "_".join("".join(one if one.isascii() and one.isalnum() else " " for one in title.lower()).split())
    return words[:60] or f"{plain['type']}_{hashlib.sha256(views.compact(plain).encode()).hexdigest()[:8]}"
