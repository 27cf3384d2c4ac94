"""Relations of the simulated brand against its truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from dujiang.cli.demo import bring_in
from dujiang.foundation.progress import silent
from dujiang.simulate import Simulated, SimulationSpec, simulate
from dujiang.simulate.relations import measure_relations
from dujiang.workspace import Workspace


def test_what_records_of_a_small_brand_show_is_found(opened: Callable[[], Workspace], simulated: Simulated) -> None:
    found = measure_relations(opened(), simulated.folder / "truth")
    household, scalper = found["household"], found["scalper"]
    assert household.visible >= 1
    assert (household.precision, household.recall) == (1, 1)
    assert scalper.visible >= 10
    assert (scalper.precision, scalper.recall) == (1, 1)


@pytest.mark.slow
def test_relations_where_hazards_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(tmp_path / "keys"))
    spec = SimulationSpec(end=date(2026, 11, 22), people=2_500, months=4, hazard="high", seed=3)
    made = simulate(spec, tmp_path / "simulated", silent)
    with Workspace.create(tmp_path / "brand") as workspace:
        bring_in(workspace, made, silent)
        found = measure_relations(workspace, made.folder / "truth")
    household, scalper, staff = (found[kind] for kind in ("household", "scalper", "staff"))
    assert household.visible > 50
    assert household.recall == 1
    # Presents sent to a friend's door make households that are none.
    assert (household.precision or 0) > 0.9
    assert scalper.visible > 100
    assert (scalper.precision, scalper.recall) == (1, 1)
    assert staff.visible > 20
    assert staff.precision == 1
    # A card with two customers cannot be told from one that a couple uses.
    assert (staff.recall or 0) > 0.7
