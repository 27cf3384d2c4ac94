"""Groups and active hours of the simulated brand against the traits that its people were given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from dujiang.cli.demo import bring_in
from dujiang.foundation.definitions import parse
from dujiang.foundation.progress import silent
from dujiang.people.hours.model import SLOTS
from dujiang.people.hours.shrinkage import hours_of
from dujiang.simulate import SimulationSpec, simulate
from dujiang.simulate.planted import measure_groups, planted
from dujiang.workspace import Workspace

pytestmark = pytest.mark.slow
END = date(2026, 11, 22)
SIX = {
    "groups_max": 6, "resamples": 5, "starts": 10, "least_share": 0.001, "prediction_strength": 0.01, "jaccard": 0.01,
    "least_occasions": 2,
}  # fmt: skip
"""Six groups whatever their stability: how many are stable among so few people depends on who is drawn."""
NIGHT = {22, 23, 0, 1, 2, 3, 4}
Brought = tuple[Workspace, Path]


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brought]:
    """A brand of three thousand people over eight months."""
    folder = tmp_path_factory.mktemp("planted")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        made = simulate(SimulationSpec(end=END, people=3_000, months=8, seed=5), folder / "simulated", silent)
        with Workspace.create(folder / "brand") as workspace:
            bring_in(workspace, made, silent)
            yield workspace, made.folder / "truth"


def test_people_are_seen_to_differ_in_their_hours(brought: Brought) -> None:
    everybody = brought[0].hours.prior()
    assert not everybody.alike
    assert everybody.strength is not None
    assert everybody.strength < 1_000  # where people are alike it runs to its bound, a hundred thousand


def test_night_owls_are_sent_to_at_night_more_often_than_others(brought: Brought) -> None:
    workspace, truth = brought
    behind, everybody = planted(workspace, truth), workspace.hours.prior()
    with workspace.engine.read() as con:
        rows = con.execute("SELECT person, slot, hours FROM active_hour").fetchall()
    own: dict[int, np.ndarray] = {}
    for person, slot, hours in rows:
        own.setdefault(person, np.zeros(SLOTS))[slot] = hours
    night: dict[bool, list[bool]] = {True: [], False: []}
    for person, hours in own.items():
        if person in behind and hours.sum() >= 3:
            best = hours_of(hours, everybody, range(24)).best[0].hour
            night[behind[person]["habit"] == "night"].append(best in NIGHT)
    owls, others = (np.array(night[one]) for one in (True, False))
    assert len(owls) > 100
    error = np.sqrt(others.mean() * (1 - others.mean()) / len(owls)) + 1 / len(owls)
    assert owls.mean() > others.mean() + 5 * error


def test_groups_follow_the_planted_types_better_than_chance(brought: Brought) -> None:
    workspace, truth = brought
    rules = parse({"kind": "group_rules", "name": "default", "spec": SIX})
    workspace.definitions.apply(workspace.definitions.plan([rules]), actor="test")
    assert workspace.groups.fit(as_of=END + timedelta(1)).state == "fitted"
    workspace.refresh()
    found = measure_groups(workspace, truth)
    assert found.people > 800
    # Groups are of all that people do, channels above all, so most of them cut across the types; but never as chance would.
    assert found.adjusted_rand > found.by_chance
    assert found.adjusted_rand > 0.03
    lifts = {
        persona: max(shares.get(persona, 0) / share for shares in found.shares.values())
        for persona, share in found.overall.items()
    }
    assert max(lifts.values()) > 1.5
