"""Definitions: the list, one with its versions, and the editor with plan and apply."""

from __future__ import annotations

import hashlib

from starlette.responses import Response

from dujiang.collect.identifier_types import KIND
from dujiang.console.views import definitions as views
from dujiang.console.views.decisions import DryRunView, dry_run
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.definitions import Definition, PlannedChange, dump_yaml, kinds, load_yaml
from dujiang.foundation.errors import Conflict, DujiangError
from dujiang.foundation.i18n import _

ROOM = Room()


@ROOM.get("/definitions", allow="definition.read")
def listing(visit: Visit) -> Response:
    """Every definition, filtered by kind, words and whose they are."""
    kind, words, whose = (visit.query.get(key, "") for key in ("kind", "q", "whose"))
    found = [
        one
        for one in visit.workspace.definitions.listed(kind or None)
        if views.fits(one, words, visit.locale) and (whose != "own" or one.own)
    ]
    return page(visit, "definitions.html", [views.sheet(visit, found)], kind=kind, q=words, whose=whose, kinds=kinds())


@ROOM.get("/definitions/edit", allow="definition.apply")
def edit(visit: Visit) -> Response:
    """The editor, filled with the definition that the address names."""
    kind, name = visit.query.get("kind", ""), visit.query.get("name", "")
    definition = visit.workspace.definitions.get(kind, name) if kind and name else None
    return _editor(visit, dump_yaml([definition]) if definition else _EXAMPLE)


@ROOM.post("/definitions/plan", allow="definition.apply")
def show_plan(visit: Visit) -> Response:
    """What applying would change; nothing changes yet."""
    text = visit.field("yaml", strip=False)
    try:
        planned = visit.workspace.definitions.plan(load_yaml(text))
    except DujiangError as error:
        return _editor(visit, text, problem=visit.error(error), status=error.status)
    return _editor(visit, text, planned=planned)


@ROOM.post("/definitions/apply", allow="definition.apply")
def apply(visit: Visit) -> Response:
    """Do what the reader has seen, unless something changed in between."""
    text = visit.field("yaml", strip=False)
    planned = visit.workspace.definitions.plan(load_yaml(text))
    if _digest(planned) != visit.field("digest"):
        sentence = _("Something changed since you looked. See again what would change, then apply.")
        raise Conflict("definition.plan_outdated", sentence)
    changed = visit.workspace.definitions.apply(planned, actor=visit.actor, note=visit.field("note"))
    one = planned[0].key if len(planned) == 1 else None
    path = f"/definitions/{one[0]}/{one[1]}" if one else "/definitions"
    return done(visit, path, _("{n} definitions were changed."), n=changed)


@ROOM.get("/definitions/{kind}/{name}", allow="definition.read")
def single(visit: Visit) -> Response:
    """One definition with its versions."""
    kind, name = visit.request.path_params["kind"], visit.request.path_params["name"]
    definition: Definition = visit.workspace.definitions.get(kind, name)
    return render(
        visit,
        "definition.html",
        definition=definition,
        status=views.status(visit, definition),
        yaml=dump_yaml([definition]),
        versions=views.versions(visit.workspace.definitions.versions(kind, name)),
    )


def _editor(
    visit: Visit, text: str, *, planned: list[PlannedChange] | None = None, problem: str = "", status: int = 200
) -> Response:
    return render(
        visit,
        "definition_edit.html",
        http_status=status,
        yaml=text,
        changes=None if planned is None else views.changes(visit, planned),
        trial=_trial(visit, planned or []),
        digest="" if planned is None else _digest(planned),
        problem=problem,
        kinds=kinds(),
    )


def _trial(visit: Visit, planned: list[PlannedChange]) -> DryRunView | None:
    """What changed identifier types would do to people; None where none changes."""
    types = [one.after for one in planned if one.change != "unchanged" and one.after and one.after.kind == KIND]
    return dry_run(visit, visit.workspace.identity_desk.dry_run(types)) if types else None


def _digest(planned: list[PlannedChange]) -> str:
    """Stands for a plan: the same only while it would do the same."""
    told = "\0".join(f"{one.change} {'/'.join(one.key)} {one.diff()}" for one in planned)
    return hashlib.sha256(told.encode()).hexdigest()


_EXAMPLE = """kind: source
name: site
title: {zh: 官网, en: Web site}
owner: growth
spec:
  type: tracking
  channel: site
"""
