"""A relation in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dujiang.foundation.i18n import _, translate
from dujiang.people.relations.model import Part, Relation

_SENTENCES: Final[dict[Part, str]] = {
    "pair": _("Both were seen with {things}, as {people} people are: {facts} records, {first} to {last}."),
    "spoke": _("Was seen with {things}, which {people} people have in common: {facts} records, {first} to {last}."),
    "hub": _("{people} people were seen with {things}: {facts} records, {first} to {last}."),
}


def sentence(relation: Relation, label: Callable[[str, str], str], locale: str) -> str:
    """Why the relation is believed, in ``locale``.

    Args:
        label: what people of a locale call a type of identifier.
    """
    named = [f"{label(one.type, locale)} {one.shown}" for one in relation.things]
    return translate(_SENTENCES[relation.part], locale).format(
        things=(", " if locale == "en" else "、").join(named),
        people=relation.people,
        facts=relation.facts,
        first=relation.first,
        last=relation.last,
    )
