"""What the command palette finds: pages, people by an identifier, metrics and definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from dujiang.console.visit import Visit
from dujiang.console.web import Room, render
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id

ROOM = Room()
_MOST: Final = 12
_PEOPLE: Final = 3
_LEAST: Final = 5


@dataclass(frozen=True)
class Hit:
    """One find: where it leads, what it is called, what kind of thing it is."""

    href: str
    label: str
    kind: str


@ROOM.post("/palette", allow="person.read")
def palette(visit: Visit) -> Response:
    """The finds for what has been typed; pages where nothing has."""
    words = visit.field("q")[:100]
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
    """People whose number or identifier has been typed in full; what cannot be one is not looked for."""
    if len(words) < _LEAST or not any(letter.isdigit() or letter == "@" for letter in words):
        return []
    found = visit.workspace.people.find(words)[:_PEOPLE]
    return [Hit(f"/people/{person_id(one)}", person_id(one), visit.text(_("person"))) for one in found]


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
