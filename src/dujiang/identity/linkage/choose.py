"""Which pairs may be joined without asking anybody, and what stands against the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.foundation.i18n import _
from dujiang.identity.kernels import join_in_order
from dujiang.identity.linkage.model import FieldEvidence

_ALIKE: Final = frozenset({"equal", "same_sound"})
_AGAINST: Final = frozenset({"different"})
OBSTACLES: Final = {
    "name": _("The names are not the same."),
    "gender": _("The genders contradict each other."),
    "birthday": _("The birthdays contradict each other."),
    "several_names": _("One side is known by several names, as whoever sends parcels to friends."),
    "limit": _("Together they would have more identifiers of one kind than a person may have."),
}
"""Why a pair is shown to somebody although it is likely enough, by code."""
_IDENTIFIERS: Final = """
    SELECT node, type, person FROM person_node
    WHERE person IN (SELECT person FROM candidate_persons) ORDER BY node
"""


def obstacle(evidence: Sequence[FieldEvidence], *, single: bool) -> str:
    """Code of what forbids joining a pair without asking, as far as its records tell; empty if nothing does.

    People of one household share surname and address, twins a birthday as well: a pair is never joined unless the names
    are the same.

    Args:
        evidence: by field.
        single: each side is known by one name.
    """
    level = {one.field: one.level for one in evidence}
    if level.get("name") not in _ALIKE:
        return "name"
    for field in ("gender", "birthday"):
        if level.get(field) in _AGAINST or (field == "birthday" and level.get(field) == "same_year"):
            return field
    return "" if single else "several_names"


def within_limits(
    con: duckdb.DuckDBPyConnection, types: IdentifierTypes, pairs: Sequence[tuple[int, int]]
) -> list[bool]:
    """Of each pair of persons whether both together keep every limit, if those before it are joined too.

    Args:
        con: the engine's connection.
        types: the types in force.
        pairs: two persons each, the likeliest first.
    """
    if not pairs:
        return []
    persons = np.unique(np.array(pairs, np.int64))
    con.register("candidate_persons", pa.table({"person": persons}))
    try:
        found = con.sql(_IDENTIFIERS).fetchall()
    finally:
        con.unregister("candidate_persons")
    first: dict[int, int] = {}
    for place, (_node, _type, person) in enumerate(found):
        first.setdefault(person, place)
    names = sorted({type_ for _node, type_, _person in found if types.limit(type_) is not None})
    place_of = {name: place for place, name in enumerate(names)}
    column = np.array([place_of.get(type_, -1) for _node, type_, _person in found], np.int32)
    limits = np.array([types.limit(name) for name in names], np.int64)
    own = [(first[person], place) for place, (_node, _type, person) in enumerate(found) if first[person] != place]
    asked = [(first[a], first[b]) if a in first and b in first else (0, 0) for a, b in pairs]
    ends = np.array([*own, *asked], np.int32).reshape(-1, 2)
    # What a person has already is theirs, whatever the limit says today.
    a, b = np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1])
    forced = np.arange(len(ends)) < len(own)
    refused = join_in_order(len(found), a, b, column, limits, forced=forced).refused
    known = [a in first and b in first for a, b in pairs]
    return [there and code < 0 for there, code in zip(known, refused[len(own) :].tolist(), strict=True)]
