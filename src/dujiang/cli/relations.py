"""``dujiang relations``: who belongs together without being one person."""

from __future__ import annotations

from typing import Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import locale, show_json, show_table
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id


@app.command()
def relations(
    words: Annotated[
        str,
        typer.Argument(
            help="A phone, member number … or a person's id; none: how many of each kind / 手机号、会员号或用户编号"
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many / 数量")] = 50,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Households, shared phones and devices, staff, scalpers / 关系：同住、共用、店员、刷单"""
    from dujiang.people.relations.sentence import sentence

    with opened(folder) as workspace:
        kinds = {name: one.label(locale()) for name, one in workspace.relations.kinds().items()}
        if not words:
            counts, hubs = workspace.relations.counts(), workspace.relations.hubs(limit=limit)
            if as_json:
                show_json({"kinds": counts, "hubs": hubs})
                return
            show_table(
                [_("Relation"), _("People"), _("Through")],
                [(kinds.get(one.kind, one.kind), one.people, one.things) for one in counts],
            )
            label = workspace.identifier_types.label
            named = [f"{label(one.things[0].type, locale())} {one.things[0].shown}" for one in hubs]
            show_table(
                [_("Shared by many"), _("Relation"), _("People"), _("Facts")],
                [
                    (name, kinds.get(one.kind, one.kind), one.people, one.facts)
                    for name, one in zip(named, hubs, strict=True)
                ],
            )
            return
        persons = workspace.people.find(words)
        if not persons:
            raise NotFound("people.none", _("Nobody has this identifier. It has to be complete."))
        person = workspace.people.get(persons[0]).profile.person
        found = [*workspace.relations.of_person(person, limit), *workspace.relations.around(person, limit)]
        label = workspace.identifier_types.label
        if as_json:
            show_json({"id": person_id(person), "relations": found})
            return
        told = [
            (
                kinds.get(one.kind, one.kind),
                "" if one.other is None else person_id(one.other),
                sentence(one, label, locale()),
                f"{one.strength:.2f}",
            )
            for one in found
        ]
    show_table([_("Relation"), _("With"), _("Why it is believed"), _("Strength")], told)
