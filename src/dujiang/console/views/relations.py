"""Relations of a person, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dujiang.console.components import Card, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.people.relations.model import Relation
from dujiang.people.relations.sentence import sentence
from dujiang.people.relations.service import KindCount

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
    rows = [
        (
            _other(visit, one),
            _kind(visit, one),
            sentence(one, label, visit.locale),
            one.people,
            one.strength,
        )
        for one in found
    ]
    links = [f"/people/{person_id(one.other)}" if one.known and one.other is not None else "" for one in found]
    return Sheet(name, columns, rows, links, caption=visit.text(_("Relations")))


@dataclass(frozen=True)
class RelationsView:
    """How many people each kind relates."""

    cards: tuple[Card, ...]


def overview(visit: Visit, counts: Sequence[KindCount], kind: str) -> RelationsView:
    """A card for each kind; of a chosen one that one is not a link."""
    kinds = visit.workspace.relations.kinds()
    return RelationsView(
        tuple(
            Card(
                one.kind,
                kinds[one.kind].label(visit.locale) if one.kind in kinds else one.kind,
                visit.show(one.people, "count"),
                basis=visit.text(_("through {n} identifiers"), n=visit.show(one.things, "count")),
                href="" if one.kind == kind else f"/relations?kind={one.kind}",
            )
            for one in counts
        )
    )


def hubs_sheet(visit: Visit, found: Sequence[Relation]) -> Sheet:
    """A row for each thing that many people have in common."""
    columns = (
        Column("thing", visit.text(_("Identifier"))),
        Column("kind", visit.text(_("Relation")), "tag"),
        Column("people", visit.text(_("People involved")), "count"),
        Column("facts", visit.text(_("Records")), "count"),
        Column("first", visit.text(_("First seen")), "day"),
        Column("last", visit.text(_("Last seen")), "day"),
    )
    rows = [(thing(visit, one), _kind(visit, one), one.people, one.facts, one.first, one.last) for one in found]
    links = [f"/relations/{person_id(one.things[0].node)}" for one in found]
    return Sheet("relation-hubs", columns, rows, links, caption=visit.text(_("Shared by many")))


def thing(visit: Visit, one: Relation) -> str:
    """What the relation goes through, by type and masked value."""
    label = visit.workspace.identifier_types.label
    return f"{label(one.things[0].type, visit.locale)} {one.things[0].shown}"


def _kind(visit: Visit, one: Relation) -> Tag:
    kinds = visit.workspace.relations.kinds()
    return Tag(kinds[one.kind].label(visit.locale) if one.kind in kinds else one.kind, _TONES.get(one.kind, ""))


def _other(visit: Visit, one: Relation) -> str:
    if one.part == "hub":
        return visit.text(_("{n} people"), n=visit.show(one.people, "count"))
    if one.known and one.other is not None:
        return person_id(one.other)
    return one.things[0].shown
