"""What the command palette finds: pages, people by an identifier, metrics and definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from dujiang.console.visit import Visit
from dujiang.console.web import Room, render
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import parse_person_id

ROOM = Room()
_MOST: Final = 12


@dataclass(frozen=True)
class Hit:
    """One find: where it leads, what it is called, what kind of thing it is."""

    href: str
    label: str
    kind: str


@ROOM.get("/palette")
def palette(visit: Visit) -> Response:
    """The finds for what has been typed; pages where nothing has."""
    words = visit.query.get("q", "").strip()[:100]
    return render(
        visit,
        "palette_hits.html",
        hits=[*_people(visit, words), *_pages(visit, words), *_defined(visit, words)][:_MOST],
        words=words,
    )


def _pages(visit: Visit, words: str) -> list[Hit]:
    items = [item for group in visit.rail_groups for item in group.items]
    hits = [Hit(item.path, visit.text(item.label), visit.text(_("page"))) for item in items]
    return [hit for hit in hits if words.lower() in hit.label.lower() or words.lower() in hit.href]


def _people(visit: Visit, words: str) -> list[Hit]:
    if len(words) < 5 or " " in words:
        return []
    kind = visit.text(_("person"))
    if parse_person_id(words) is not None:
        return [Hit(f"/people/{words}", words, kind)]
    return [Hit("/people?" + urlencode({"q": words}), visit.text(_("People with “{words}”"), words=words), kind)]


def _defined(visit: Visit, words: str) -> list[Hit]:
    if not words:
        return []
    hits = []
    for one in visit.workspace.definitions.current().values():
        label = one.label(visit.locale)
        if words.lower() in one.name or words.lower() in label.lower():
            path = f"/metrics/{one.name}" if one.kind == "metric" else f"/definitions/{one.kind}/{one.name}"
            hits.append(Hit(path, label, visit.text(_("metric")) if one.kind == "metric" else one.kind))
    return hits
