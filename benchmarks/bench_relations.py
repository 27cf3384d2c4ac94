"""Relations on the simulated brand: households, shared phones and devices, staff and scalpers, against the truth.

Recall is of what records show at all: ties of which some record names the thing (address, phone, device, card) with both ends.
"""

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path

from harness import Measurement, stopwatch

from dujiang.cli.demo import bring_in
from dujiang.foundation.progress import silent
from dujiang.simulate import SimulationSpec, simulate
from dujiang.simulate.relations import measure_relations
from dujiang.workspace import Workspace

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "20000"))
MONTHS = int(os.environ.get("BENCH_MONTHS", "18"))


def measure() -> list[Measurement]:
    """Build the brand and compare."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUJIANG_KEYS_FOLDER"] = folder + "/keys"
        spec = SimulationSpec(end=date(2026, 11, 22), people=PEOPLE, months=MONTHS)
        made = simulate(spec, Path(folder) / "simulated", silent)
        with Workspace.create(Path(folder) / "brand") as workspace:
            bring_in(workspace, made, silent)
            found = measure_relations(workspace, made.folder / "truth")
            with workspace.engine.read() as con:
                ((rows, people),) = con.execute(
                    "SELECT count(*), count(DISTINCT person) FROM person_relation"
                ).fetchall()
            with stopwatch() as rebuilding:
                workspace._refresher.refresh(full=True)
    rows_told = [
        Measurement(
            f"relations, {kind}: precision and recall of what records show",
            f"{_share(one.precision)}, {_share(one.recall)}",
            "",
            f"{one.found:,} ties found; {one.true:,} true, of which {one.visible:,} stand in records",
        )
        for kind, one in found.items()
    ]
    size = f"{made.people:,} people, {rows:,} rows about {people:,} people; a full refresh takes {rebuilding.seconds:.1f} s"
    return [*rows_told, Measurement("relations, rows", f"{rows:,}", "", size)]


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
