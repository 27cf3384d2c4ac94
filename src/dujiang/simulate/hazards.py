"""The truth about what misleads identity resolution: households, shared devices, numbers that changed hands."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.draws import Ints
from dujiang.simulate.events import Events
from dujiang.simulate.identifiers import app_device, cookie, phone, phone_slot, tablet_device
from dujiang.simulate.people import People, make_people
from dujiang.simulate.texts import Moments
from dujiang.simulate.truth import owners
from dujiang.simulate.visits import GANG_HANDSET, HOUSE_TABLET, STORE_TABLET, owner_kind
from dujiang.simulate.world import World

_KINDS: Final = {HOUSE_TABLET: "household_tablet", GANG_HANDSET: "gang_handset", STORE_TABLET: "store_tablet"}
_DAY: Final = 86_400


def hazard_tables(world: World, moments: Moments, people: People, events: Events) -> dict[str, pa.Table]:
    """Tables of one block of people, by name."""
    together = np.flatnonzero(people.household_size > 1)
    return {
        "household": pa.table({"household": people.household[together], "person": people.person[together]}),
        "shared_device": _shared_devices(world, events),
        "recycled_phone": _recycled(world, moments, people),
    }


def _shared_devices(world: World, events: Events) -> pa.Table:
    parts = []
    for type_, shared, kind, person, owner, turn in owners(events):
        if shared:
            columns = {
                "kind": pa.array([_KINDS[kind]] * len(person), pa.string()),
                "type": pa.array([type_] * len(person), pa.string()),
                "value": _value(world, kind, owner, turn),
                "person": pa.array(person),
            }
            parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def _value(world: World, kind: int, owner: Ints, turn: Ints) -> pa.Array:
    if kind == STORE_TABLET:
        return tablet_device(world.draws, owner_kind(owner)[1])
    return app_device(world.draws, owner) if kind == GANG_HANDSET else cookie(world.draws, owner, turn)


def _recycled(world: World, moments: Moments, people: People) -> pa.Table:
    row = np.flatnonzero(people.heir >= 0)
    before = make_people(world, people.heir[row])
    return pa.table(
        {
            "phone": phone(world.draws, phone_slot(people, row, people.arrival[row])),
            "old_person": before.person,
            "old_until": moments.moments((before.moved_at * _DAY).astype(np.int64)),
            "new_person": people.person[row],
            "new_from": moments.moments((people.arrival[row] * _DAY).astype(np.int64)),
        }
    )
