"""OneID on the simulated brand: who was found, against who is who.

A record is an identifier that belongs to one true person. Precision is over all pairs of records that were joined. Recall is
over the pairs that could be joined: both of one person, and connected through facts about that person.
"""

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from harness import Measurement, stopwatch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dujiang.cli.demo import bring_in
from dujiang.foundation.progress import silent
from dujiang.identity.evaluate import Evaluation, evaluate
from dujiang.simulate import SimulationSpec, simulate
from dujiang.workspace import Workspace

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "20000"))
MONTHS = int(os.environ.get("BENCH_MONTHS", "18"))


def measure() -> list[Measurement]:
    """Build the brand and compare."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUJIANG_KEYS_FOLDER"] = folder + "/keys"
        spec = SimulationSpec(end=date(2026, 11, 22), people=PEOPLE, months=MONTHS)
        with stopwatch() as writing:
            made = simulate(spec, Path(folder) / "simulated", silent)
        with Workspace.create(Path(folder) / "brand") as workspace:
            with stopwatch() as building:
                bring_in(workspace, made, silent)
            status = workspace.status()
            precise, linkable = compare(workspace, made.folder / "truth" / "identifier.parquet")
    size = f"{made.people:,} people, {made.orders:,} orders, {made.events:,} events, {status.identifiers:,} identifiers"
    return [
        Measurement("simulate the demo brand", f"{writing.seconds:,.0f} s", "", size),
        Measurement(
            "import its files, replay its calls, compute its answers",
            f"{building.seconds:,.0f} s",
            "",
            f"{len(made.files)} files",
        ),
        Measurement(
            "OneID, pairwise precision", f"{precise.precision:.5f}", "≥ 0.999", f"{precise.pairs_found:,} joined pairs"
        ),
        Measurement(
            "OneID, pairwise recall of what facts connect",
            f"{linkable.recall:.5f}",
            "≥ 0.97",
            f"{linkable.pairs_true:,} pairs",
        ),
        Measurement(
            "OneID, recall of all true pairs", f"{precise.recall:.5f}", "", "those that no fact connects included"
        ),
        Measurement(
            "OneID, B-cubed precision and recall", f"{precise.bcubed_precision:.5f}, {precise.bcubed_recall:.5f}"
        ),
        Measurement(
            "OneID, over-merged persons",
            f"{precise.over_merged_per_10k:.1f} per 10,000",
            "",
            f"the worst holds {precise.largest} true persons",
        ),
    ]


def compare(workspace: Workspace, truth: Path) -> tuple[Evaluation, Evaluation]:
    """Found persons against true ones, and against what facts connect at all."""
    node, true = records(workspace, truth)
    with workspace.engine.read() as con:
        owners = con.sql(
            "select node, any_value(person) person, count(*) n from person_node group by node"
        ).to_arrow_table()
        links = con.sql("select a, b from link").to_arrow_table()
    once = owners["n"].to_numpy() == 1
    seen, found = owners["node"].to_numpy()[once], owners["person"].to_numpy()[once]
    order = np.argsort(seen)
    place = np.searchsorted(seen, node, sorter=order)
    known = (place < len(seen)) & (seen[order[np.minimum(place, len(seen) - 1)]] == node)
    node, true = node[known], true[known]
    persons = found[order[place[known]]]
    connected = connected_by_facts(node, true, links["a"].to_numpy(), links["b"].to_numpy())
    return evaluate(persons, true), evaluate(persons, connected)


def records(workspace: Workspace, truth: Path) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and true persons of the identifiers that belong to one person only."""
    table = pq.read_table(truth).filter(pa.compute.invert(pa.compute.field("shared")))
    tokeniser = workspace.tokeniser()
    pairs: dict[int, set[int]] = {}
    columns = (table[name].to_pylist() for name in ("type", "value", "person"))
    for type_, value, person in zip(*columns, strict=True):
        identifier = tokeniser.identifier(type_, value)
        if identifier:
            pairs.setdefault(identifier.node, set()).add(person)
    single = [(node, *people) for node, people in pairs.items() if len(people) == 1]
    return np.array([one[0] for one in single], np.int64), np.array([one[1] for one in single], np.int64)


def connected_by_facts(node: np.ndarray, true: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A number for each record: equal for records of one true person that facts about that person connect."""
    order = np.argsort(node)
    at = np.searchsorted(node, a, sorter=order), np.searchsorted(node, b, sorter=order)
    inside = (at[0] < len(node)) & (at[1] < len(node))
    left, right = order[at[0][inside]], order[at[1][inside]]
    real = (node[left] == a[inside]) & (node[right] == b[inside]) & (true[left] == true[right])
    left, right = left[real], right[real]
    graph = coo_matrix((np.ones(len(left)), (left, right)), shape=(len(node), len(node)))
    return connected_components(graph, directed=False)[1].astype(np.int64)
