"""OneID where identities mislead: three seeds and three levels of hazard, held against other ways of doing it.

Everybody gets the same identifiers and links and is judged on the same records:

* *naive*: connected components of all links;
* *careful*: placeholders and identifiers with many counterparts dropped, one member number and one WeChat user a person,
  links believed in the order in which they came;
* *Splink*: its records are the sets of identifiers that facts state together, compared exactly with term frequencies, blocked
  on every identifier that is not a hub; the threshold is the one of a grid that the truth likes best, which no user could
  choose.

A record, precision and recall are as in :mod:`bench_oneid`. Churn is the share of identifiers whose person has another number
at the end than after four fifths of the time.
"""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench_oneid import connected_by_facts, records
from harness import Measurement
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dujiang.cli.demo import bring_in
from dujiang.engine.contract import FACTS
from dujiang.foundation.progress import silent
from dujiang.identity.evaluate import Evaluation, evaluate
from dujiang.identity.model import Graph, Rules
from dujiang.identity.reading import read_graph
from dujiang.identity.resolve import resolve, shared_identifiers
from dujiang.simulate import SimulationSpec, simulate
from dujiang.workspace import Workspace

PEOPLE = int(os.environ.get("BENCH_HAZARD_PEOPLE", "3000"))
MONTHS = 12
SEEDS = (20260618, 7, 424242)
LEVELS = ("low", "normal", "high")
HUB = 30
"""Counterparts above which the careful way drops an identifier, and Splink does not block on it."""
THRESHOLDS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99)
_SINGLE = ("member_no", "user_id", "wechat_unionid")
_COLUMN = "regexp_replace(x.type, '[^a-z0-9_]', '_', 'g')"
_SETS = """
    WITH stated AS (
        SELECT list_transform(identifiers, lambda x: {{'type': {name}, 'node': x.node}}) AS set
        FROM ({facts}) WHERE len(identifiers) > 0
    )
    SELECT row_number() OVER () AS unique_id, set, facts
    FROM (SELECT list_sort(list_distinct(set)) AS set, count(*) AS facts FROM stated GROUP BY 1)
"""


@dataclass(frozen=True)
class Brand:
    """What every way of finding persons is given, and what is true."""

    graph: Graph
    rules: Rules
    early: Graph
    sets: pa.Table
    node: np.ndarray
    true: np.ndarray
    kinds: dict[str, np.ndarray]
    """By hazard the true persons it touches."""


def measure() -> list[Measurement]:
    """Every way at every level."""
    rows = []
    for level in LEVELS:
        found: dict[str, list[Evaluation]] = {}
        linkable: dict[str, list[Evaluation]] = {}
        kinds: dict[str, Counter[str]] = {}
        churn = []
        for seed in SEEDS:
            brand = _brand(level, seed)
            connected = connected_by_facts(
                brand.node, brand.true, brand.graph.node[brand.graph.a], brand.graph.node[brand.graph.b]
            )
            for name, way in WAYS.items():
                persons = _of(brand, way(brand))
                found.setdefault(name, []).append(evaluate(persons, brand.true))
                linkable.setdefault(name, []).append(evaluate(persons, connected))
                for kind, people in brand.kinds.items():
                    kinds.setdefault(name, Counter())[kind] += _over_merged(persons, brand.true, people)
            churn.append(_churn(brand))
        for name, results in found.items():
            rows.append(_row(level, name, results, linkable[name], kinds[name]))
        rows.append(
            Measurement(f"hazards {level}, Dujiang: identifiers whose person changed its number", _percent(churn))
        )
    return rows


def _row(
    level: str, name: str, found: list[Evaluation], linkable: list[Evaluation], kinds: Counter[str]
) -> Measurement:
    precision, recall = _mean(one.precision for one in found), _mean(one.recall for one in linkable)
    f1 = _mean(_f1(one, other) for one, other in zip(found, linkable, strict=True))
    value = f"precision {precision}, recall of what is linkable {recall}, F1 {f1}"
    note = f"B-cubed {_mean(one.bcubed_precision for one in found)} / {_mean(one.bcubed_recall for one in linkable)}; "
    note += f"over-merged {statistics.mean(one.over_merged_per_10k or 0 for one in found):.1f} per 10,000; "
    note += f"largest {max(one.largest for one in found)} true persons; over-merged persons by hazard: "
    note += ", ".join(f"{kind} {many}" for kind, many in kinds.items())
    return Measurement(f"hazards {level}, {name}", value, "precision ≥ 0.999" if name == "Dujiang" else "", note)


def _f1(found: Evaluation, linkable: Evaluation) -> float:
    precision, recall = found.precision or 0.0, linkable.recall or 0.0
    return 2 * precision * recall / (precision + recall)


def _mean(values: Iterable[float | None]) -> str:
    return f"{statistics.mean(value or 0.0 for value in values):.4f}"


def _percent(values: list[float]) -> str:
    return f"{statistics.mean(values):.2%} (worst {max(values):.2%})"


def _brand(level: str, seed: int) -> Brand:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUJIANG_KEYS_FOLDER"] = folder + "/keys"
        spec = SimulationSpec(end=date(2026, 11, 22), people=PEOPLE, months=MONTHS, seed=seed, hazard=level)
        made = simulate(spec, Path(folder) / "simulated", silent)
        with Workspace.create(Path(folder) / "brand") as workspace:
            bring_in(workspace, made, silent)
            truth = made.folder / "truth"
            node, true = records(workspace, truth / "identifier.parquet")
            with workspace.engine.read() as con:
                return _read(con, workspace, node, true, truth)


def _read(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, node: np.ndarray, true: np.ndarray, truth: Path
) -> Brand:
    # Nobody decided anything by hand here: every source is trusted.
    con.execute("CREATE OR REPLACE TEMP TABLE untrusted_link (a BIGINT, b BIGINT)")
    graph, rules = read_graph(con, workspace.identifier_types)
    seen = con.sql("SELECT epoch_us(first_at) AS at FROM identifier ORDER BY node").to_arrow_table()["at"].to_numpy()
    stated = " UNION ALL ".join(
        f"SELECT identifiers FROM {table.name}" for table in FACTS.values() if "identifiers" in table.columns.names
    )
    known = np.isin(node, graph.node)
    return Brand(
        graph,
        rules,
        _until(graph, seen, int(np.quantile(seen, 0.8))),
        con.sql(_SETS.format(facts=stated, name=_COLUMN)).to_arrow_table(),
        node[known],
        true[known],
        _kinds(truth),
    )


def _until(graph: Graph, seen: np.ndarray, moment: int) -> Graph:
    """What was known at ``moment``."""
    kept = seen <= moment
    place = np.cumsum(kept) - 1
    links = kept[graph.a] & kept[graph.b] & (graph.first_at <= moment)
    return Graph(
        node=graph.node[kept],
        type=graph.type[kept],
        first_seq=graph.first_seq[kept],
        a=place[graph.a[links]].astype(np.int32),
        b=place[graph.b[links]].astype(np.int32),
        facts=graph.facts[links],
        first_at=graph.first_at[links],
        last_at=np.minimum(graph.last_at[links], moment),
        trusted=graph.trusted[links],
        seen_from=graph.seen_from[kept],
        seen_to=np.minimum(graph.seen_to[kept], moment),
        unbound=graph.unbound[:0],
        unbound_at=graph.unbound_at[:0],
    )


def _kinds(truth: Path) -> dict[str, np.ndarray]:
    shared = pq.read_table(truth / "shared_device.parquet")
    recycled = pq.read_table(truth / "recycled_phone.parquet")
    people = pq.read_table(truth / "person.parquet")
    kinds = {
        str(kind): shared.filter(pa.compute.equal(shared["kind"], kind))["person"].to_numpy()
        for kind in sorted(pa.compute.unique(shared["kind"]).to_pylist())
    }
    kinds["recycled_phone"] = np.concatenate([recycled["old_person"].to_numpy(), recycled["new_person"].to_numpy()])
    kinds["household"] = pq.read_table(truth / "household.parquet")["person"].to_numpy()
    kinds["gang"] = people.filter(pa.compute.is_valid(people["gang"]))["person"].to_numpy()
    return kinds


def _over_merged(found: np.ndarray, true: np.ndarray, people: np.ndarray) -> int:
    """Found persons that hold records of several true ones, one of whom is among ``people``."""
    pairs = np.unique(np.stack([found, true]), axis=1)
    persons, size = np.unique(pairs[0], return_counts=True)
    touched = np.unique(pairs[0][np.isin(pairs[1], people)])
    return int(np.isin(persons[size > 1], touched).sum())


def _of(brand: Brand, persons: np.ndarray) -> np.ndarray:
    """Persons of the records, from those of all identifiers."""
    return persons[np.searchsorted(brand.graph.node, brand.node)]


def _dujiang(graph: Graph, rules: Rules) -> np.ndarray:
    return resolve(graph, rules, shared_identifiers(graph, rules)).person


def _churn(brand: Brand) -> float:
    early = _dujiang(brand.early, brand.rules)
    late = _dujiang(brand.graph, brand.rules)[np.searchsorted(brand.graph.node, brand.early.node)]
    return float(np.mean(early != late))


def _components(nodes: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    edges = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(nodes, nodes))
    return connected_components(edges, directed=False)[1].astype(np.int64)


def _naive(brand: Brand) -> np.ndarray:
    return _components(len(brand.graph.node), brand.graph.a, brand.graph.b)


def _careful(brand: Brand) -> np.ndarray:
    graph = brand.graph
    many = np.bincount(np.concatenate([graph.a, graph.b]), minlength=len(graph.node)) > HUB
    usable = ~(many[graph.a] | many[graph.b])
    names = np.array([name.partition("@")[0] for name in brand.rules.names])
    single = np.array([name in _SINGLE for name in names])[graph.type]
    parent = list(range(len(graph.node)))
    held = [{(names[kind], "")} if alone else set() for kind, alone in zip(graph.type, single, strict=True)]

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for link in np.flatnonzero(usable)[np.argsort(graph.first_at[usable], kind="stable")].tolist():
        one, other = root(int(graph.a[link])), root(int(graph.b[link]))
        if one != other and not held[one] & held[other]:
            parent[other] = one
            held[one] |= held[other]
    return np.array([root(node) for node in range(len(parent))], np.int64)


def _splink(brand: Brand) -> np.ndarray:
    """Clusters of records by Splink, given to the identifiers that are in them."""
    best, score = np.arange(len(brand.graph.node)), -1.0
    for persons in _splink_clusters(brand):
        found = evaluate(_of(brand, persons), brand.true)
        if (found.f1 or 0.0) > score:
            best, score = persons, found.f1 or 0.0
    return best


def _splink_clusters(brand: Brand) -> Iterable[np.ndarray]:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    con = duckdb.connect()
    con.register("sets", brand.sets)
    kinds = [kind for (kind,) in con.sql("SELECT DISTINCT unnest(set).type FROM sets ORDER BY 1").fetchall()]
    counted = ", ".join(f"count(*) OVER (PARTITION BY {kind}) AS {kind}_many" for kind in kinds)
    plain = ", ".join(f"list_filter(set, lambda x: x.type = '{kind}')[1].node AS {kind}" for kind in kinds)
    block = ", ".join(f"IF({kind}_many > {HUB}, NULL, {kind}) AS {kind}_block" for kind in kinds)
    records = con.sql(
        f"SELECT unique_id, {', '.join(kinds)}, {block} FROM "
        f"(SELECT *, {counted} FROM (SELECT unique_id, {plain} FROM sets))"
    ).to_arrow_table()
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[cl.ExactMatch(kind).configure(term_frequency_adjustments=True) for kind in kinds],
        blocking_rules_to_generate_predictions=[block_on(f"{kind}_block") for kind in kinds],
        max_iterations=25,
    )
    api = DuckDBAPI()
    linker = Linker(api.register(records, table_name="records"), settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for kind in kinds:
        if len(pa.compute.unique(records[f"{kind}_block"].drop_null())) > 50:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(f"{kind}_block"))
    pairs = linker.inference.predict(threshold_match_probability=min(THRESHOLDS))
    for threshold in THRESHOLDS:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=threshold
        ).as_pyarrow_table()
        con.register("clusters", clusters.select(["cluster_id", "unique_id"]))
        votes = con.sql(
            "SELECT node, arg_max(cluster_id, votes) AS person FROM (SELECT node, cluster_id, sum(facts) AS votes FROM "
            "(SELECT unique_id, facts, unnest(set).node AS node FROM sets) JOIN clusters USING (unique_id) GROUP BY ALL) "
            "GROUP BY node ORDER BY node"
        ).to_arrow_table()
        persons = -1 - np.arange(len(brand.graph.node), dtype=np.int64)
        voted = votes["node"].to_numpy()
        known = np.isin(voted, brand.graph.node)
        persons[np.searchsorted(brand.graph.node, voted[known])] = votes["person"].to_numpy()[known]
        yield persons


WAYS: dict[str, Callable[[Brand], np.ndarray]] = {
    "Dujiang": lambda brand: _dujiang(brand.graph, brand.rules),
    "naive": _naive,
    "careful": _careful,
    "Splink": _splink,
}
