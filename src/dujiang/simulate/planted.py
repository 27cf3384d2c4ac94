"""Traits of the simulated brand against what was found of its people: planted types in groups, habits in active hours."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import adjusted_rand_score

from dujiang.simulate.behind import nodes, owners, rows, true_people
from dujiang.workspace import Workspace

SHUFFLES: Final = 99


@dataclass(frozen=True)
class Recovered:
    """How far groups follow the planted types.

    Attributes:
        people: grouped people behind whom a true person is known; accounts of bonus hunters are left out.
        adjusted_rand: of groups and types (Hubert and Arabie 1985): 0 is what chance gives, 1 is the same partition.
        by_chance: the largest of :data:`SHUFFLES` values of it where types are dealt out anew at random.
        shares: of each group, the share of each type in it.
        overall: the share of each type among all of them.
    """

    people: int
    adjusted_rand: float
    by_chance: float
    shares: dict[str, dict[str, float]]
    overall: dict[str, float]


def planted(workspace: Workspace, truth: Path) -> dict[int, dict[str, object]]:
    """The row of the truth's table ``person`` behind each person that was found.

    Args:
        workspace: the simulated brand, brought in.
        truth: folder of the truth's tables.
    """
    true = {row["person"]: row for row in rows(truth, "person")}
    owner = owners(truth, nodes(workspace))
    with workspace.engine.read() as con:
        return {person: true[one] for person, one in true_people(con, owner).items()}


def measure_groups(workspace: Workspace, truth: Path) -> Recovered:
    """How far today's groups follow the planted types; the brand's groups have to be fitted and refreshed."""
    behind = planted(workspace, truth)
    with workspace.engine.read() as con:
        found = con.execute("SELECT person, group_id FROM person_group WHERE moment = 'now' ORDER BY person").fetchall()
    pairs = [
        (group, str(behind[person]["persona"]))
        for person, group in found
        if person in behind and behind[person]["gang"] is None
    ]
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for group, persona in pairs:
        table[group][persona] += 1
    groups, types = (np.array([pair[place] for pair in pairs]) for place in (0, 1))
    rng = np.random.default_rng(0)
    return Recovered(
        len(pairs),
        float(adjusted_rand_score(types, groups)),
        max(float(adjusted_rand_score(rng.permutation(types), groups)) for _ in range(SHUFFLES)),
        {group: _shares(count) for group, count in sorted(table.items())},
        _shares(Counter(persona for _group, persona in pairs)),
    )


def _shares(count: Counter[str]) -> dict[str, float]:
    return {name: many / count.total() for name, many in sorted(count.items())}
