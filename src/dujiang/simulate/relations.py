"""Relations of the simulated brand against its truth, kind by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Final

import duckdb

from dujiang.people.relations.evaluate import Measured, Tie, measure
from dujiang.simulate.behind import nodes, owners, rows, true_people
from dujiang.workspace import Workspace

PAIRED: Final = ("household", "shared_phone", "shared_device")
AROUND: Final = ("store_device", "scalper", "staff")
_DEVICES: Final = ("anonymous_id", "device_id")
_THROUGH: Final[Mapping[str, tuple[str, ...]]] = {
    "household": ("address",),
    "shared_phone": ("mobile",),
    "shared_device": _DEVICES,
    "store_device": _DEVICES,
    "scalper": _DEVICES,
    "staff": ("member_no",),
}


def measure_relations(workspace: Workspace, truth: Path) -> dict[str, Measured]:
    """Precision and recall of each kind.

    Ties of households, shared phones and shared devices are pairs of true people; those of store devices, scalpers and staff
    tie a thing and a true person. Whoever shares a store's tablet or a gang's handset shares a device as well, so that a
    pair on it is no mistake of the kind ``shared_device``; such pairs do not count as missed, though.

    Args:
        workspace: the simulated brand, brought in.
        truth: folder of the truth's tables.
    """
    node = nodes(workspace)
    who = owners(truth, node)
    with workspace.engine.read() as con:
        seen = _seen(con, who)
        people = true_people(con, who)
        found = _found(con, people)
    true = _true(truth, node)
    any_device = true["shared_device"] | _pairs(_groups(truth, ("store_tablet", "gang_handset")).values())
    result = {}
    for kind in (*PAIRED, *AROUND):
        visible = set(_visible(seen, kind))
        right = any_device if kind == "shared_device" else true[kind]
        precise, complete = measure(found[kind], right, visible), measure(found[kind], true[kind], visible)
        result[kind] = Measured(
            precise.found, precise.right, complete.true, complete.visible, complete.found_visible
        )  # fmt: skip
    return result


def _groups(truth: Path, kinds: tuple[str, ...]) -> dict[tuple[str, str], set[int]]:
    """True people of each shared device of some kinds."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in rows(truth, "shared_device"):
        if row["kind"] in kinds:
            found[row["type"], row["value"]].add(row["person"])
    return found


def _true(truth: Path, node: Callable[[str, str], int | None]) -> dict[str, set[Tie]]:
    households: dict[int, set[int]] = defaultdict(set)
    for row in rows(truth, "household"):
        households[row["household"]].add(row["person"])
    phones: dict[str, set[int]] = defaultdict(set)
    for row in rows(truth, "identifier"):
        if row["shared"] and row["type"] == "mobile":
            phones[row["value"]].add(row["person"])
    cards = {row["store"]: node("member_no", row["member_no"]) for row in rows(truth, "staff_card")}
    staff = {
        (card, row["person"])
        for row in rows(truth, "order")
        if row["phone_shown"] == "staff" and (card := cards.get(row["store"])) is not None
    }
    return {
        "household": _pairs(households.values()),
        "shared_phone": _pairs(phones.values()),
        "shared_device": _pairs(_groups(truth, ("household_tablet",)).values()),
        "store_device": set(_with_things(_groups(truth, ("store_tablet",)), node)),
        "scalper": set(_with_things(_groups(truth, ("gang_handset",)), node)),
        "staff": staff,
    }


def _pairs(groups: Iterable[set[int]]) -> set[Tie]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def _with_things(groups: Mapping[tuple[str, str], set[int]], node: Callable[[str, str], int | None]) -> Iterator[Tie]:
    for (type_, value), people in groups.items():
        thing = node(type_, value)
        if thing is not None:
            yield from ((thing, person) for person in people)


def _seen(con: duckdb.DuckDBPyConnection, who: Mapping[int, int]) -> dict[str, dict[int, set[int]]]:
    """By type, the true people whom records name together with each thing."""
    found: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    links = con.execute("SELECT a, a_type, b FROM link UNION ALL SELECT b, b_type, a FROM link").fetchall()
    for thing, type_, other in links:
        if other in who:
            found[type_.partition("@")[0]][thing].add(who[other])
    return found


def _visible(seen: Mapping[str, Mapping[int, set[int]]], kind: str) -> Iterator[Tie]:
    for type_ in _THROUGH[kind]:
        for thing, people in seen.get(type_, {}).items():
            if kind in PAIRED:
                yield from combinations(sorted(people), 2)
            else:
                yield from ((thing, person) for person in people)


def _found(con: duckdb.DuckDBPyConnection, people: Mapping[int, int]) -> dict[str, set[Tie]]:
    found: dict[str, set[Tie]] = {kind: set() for kind in (*PAIRED, *AROUND)}
    rows = con.execute("SELECT kind, part, person, other, thing FROM person_relation WHERE part <> 'hub'").fetchall()
    for kind, part, person, other, thing in rows:
        one = people.get(person)
        if one is None or kind not in found:
            continue
        if part == "spoke":
            found[kind].add((thing, one))
        elif (two := people.get(other)) is not None and one != two:
            found[kind].add((min(one, two), max(one, two)))
    return found
