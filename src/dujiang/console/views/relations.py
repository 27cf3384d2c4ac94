"""Relations of a person, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dujiang.console.components import Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.people.relations.model import Relation
from dujiang.people.relations.sentence import sentence

_TONES: Final = {"scalper": "warn", "staff": "warn", "store_device": "warn"}


def sheet(visit: Visit, found: Sequence[Relation], name: str = "relations") -> Sheet:
    """A row for each relation: with whom, of what kind, and why."""
    columns = (
        Column("other", visit.text(_("With")), "code"),
        Column("kind", visit.text(_("Relation")), "tag"),
        Column("why", visit.text(_("Why it is believed"))),
        Column("people", visit.text(_("People involved")), "count"),
        Column("strength", visit.text(_("Strength")), "percent", bar=True),
    )
    label = visit.workspace.identifier_types.label
    kinds = visit.workspace.relations.kinds()
    rows = [
        (
            _other(visit, one),
            Tag(kinds[one.kind].label(visit.locale) if one.kind in kinds else one.kind, _TONES.get(one.kind, "")),
            sentence(one, label, visit.locale),
            one.people,
            one.strength,
        )
        for one in found
    ]
    links = [f"/people/{person_id(one.other)}" if one.known and one.other is not None else "" for one in found]
    return Sheet(name, columns, rows, links, caption=visit.text(_("Relations")))


def _other(visit: Visit, one: Relation) -> str:
    if one.part == "hub":
        return visit.text(_("{n} people"), n=visit.show(one.people, "count"))
    if one.known and one.other is not None:
        return person_id(one.other)
    return one.things[0].shown
