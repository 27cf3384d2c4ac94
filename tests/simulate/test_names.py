"""Invented names, birthdays and addresses: who shares what, and how often sources get it wrong."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from dujiang.simulate import SimulationSpec
from dujiang.simulate.names import birthday, full_name, households, is_twin, written_address, written_name
from dujiang.simulate.world import World

PERSON = np.arange(20_000)
WORLD = World(SimulationSpec(end=date(2026, 11, 22)))


def test_twins_share_address_birthday_and_surname_but_no_name():
    twin = PERSON[is_twin(WORLD, PERSON)]
    house = households(WORLD, twin)[0]
    pairs = {}
    city = np.zeros(len(twin), np.int64)
    told = zip(
        house.tolist(),
        full_name(WORLD, twin).to_pylist(),
        birthday(WORLD, twin, np.full(len(twin), 1990)).to_pylist(),
        written_address(WORLD, "any", house, city, since_moved=False).to_pylist(),
        strict=True,
    )
    for home, name, born, address in told:
        pairs.setdefault(home, []).append((name, born, address))
    assert len(pairs) > 40
    assert all(len(pair) == 2 for pair in pairs.values())
    assert all(one[0][0] == other[0][0] and one[1:] == other[1:] for one, other in pairs.values())
    assert np.mean([one[0] != other[0] for one, other in pairs.values()]) > 0.8


def test_sources_get_names_wrong_as_often_as_said():
    true, written = full_name(WORLD, PERSON).to_pylist(), written_name(WORLD, "any", PERSON).to_pylist()
    wrong = np.mean([one != other for one, other in zip(true, written, strict=True)])
    hazards = WORLD.hazards
    assert wrong == pytest.approx(hazards.name_typo + hazards.nickname, abs=0.02)


def test_a_person_is_the_same_whoever_else_is_asked_about():
    some = PERSON[[3, 77, 19_999]]
    assert full_name(WORLD, some).to_pylist() == [full_name(WORLD, PERSON).to_pylist()[one] for one in some]
