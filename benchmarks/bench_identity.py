"""Ten million observed identifiers resolved from scratch, and one percent more on top of them.

Scipy's connected components of the same edges, already as numbers in memory and with no rule at all, are the physical floor;
Splink's clustering of the same edges is the peer.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from harness import Measurement, peak_megabytes, repeated, stopwatch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.engine.contract import IDENTIFIER, IDENTITY_DECISION, LINK, PERSON_LINK, PERSON_NODE
from dujiang.engine.schema import create_tables
from dujiang.identity.service import Resolver

OBSERVATIONS = int(os.environ.get("BENCH_OBSERVATIONS", "10000000"))
CHUNK = 500_000
TYPES = np.array(
    ["mobile", "wechat_unionid", "member_no", "taobao_ouid", "email", "wechat_openid", "device_id", "anonymous_id"]
)
"""What a person has one of; the last two are a device and a cookie, which some share."""
STATED = np.array([[0, 2], [0, 3], [0, 4], [1, 5], [1, 0], [2, 1], [5, 7], [6, 0], [7, 2], [6, 7]])
"""Which two of them one fact states together."""
_SHARED_DEVICE, _SHARED_PHONE = 0.02, 0.005

_SEEN = 'min(seq) AS first_seq, min("at") AS first_at, max("at") AS last_at, count(*) AS facts'
_IDENTIFIERS = f"""
    SELECT node, any_value(type) AS type, {_SEEN} FROM (
        SELECT one AS node, one_type AS type, seq, "at" FROM told
        UNION ALL
        SELECT other, other_type, seq, "at" FROM told
    ) GROUP BY node
"""
_LINKS = f"""
    SELECT least(one, other) AS a, greatest(one, other) AS b,
        any_value(IF(one < other, one_type, other_type)) AS a_type, any_value(IF(one < other, other_type, one_type)) AS b_type,
        {_SEEN}, ['shop'] AS sources
    FROM told GROUP BY ALL
"""


def measure() -> list[Measurement]:
    """From scratch, then one percent more, then the floor and the peer."""
    with tempfile.TemporaryDirectory() as folder:
        con = duckdb.connect(str(Path(folder) / "identity.duckdb"))
        con.execute("SET TimeZone = 'UTC'")
        create_tables(con, (IDENTIFIER, LINK, PERSON_NODE, PERSON_LINK, IDENTITY_DECISION))
        _empty(con)
        facts = OBSERVATIONS // 2
        _tell(con, 0, facts)
        _take_in(con, 0)
        resolver = Resolver(IdentifierTypes.of())
        with stopwatch() as full:
            _touched(con, nothing=True)
            con.execute("BEGIN")
            resolution = resolver.resolve(con, full=True)
            con.execute("COMMIT")
        memory = peak_megabytes()
        _empty(con)
        _tell(con, facts, facts // 100)
        _take_in(con, facts)
        with stopwatch() as more:
            _touched(con)
            con.execute("BEGIN")
            resolver.resolve(con, full=False)
            con.execute("COMMIT")
        same = _equals_full(con, resolver)
        floor, edges = _floor(con)
        peer = _peer(con)
        size = f"{OBSERVATIONS:,} identifiers observed, {resolution.nodes:,} different, {resolution.links:,} links"
        rows = [
            Measurement(
                "OneID resolved from scratch", f"{full.seconds:.1f} s", "", f"{size}, {resolution.persons:,} persons"
            ),
            Measurement("the same, peak memory of the process", f"{memory:,} MB"),
            Measurement(
                "one percent more on top",
                f"{more.seconds:.1f} s",
                "",
                f"equal to a full resolution: {'yes' if same else 'NO'}",
            ),
            Measurement(
                "scipy connected components, edges in memory",
                f"{floor:.2f} s",
                "",
                f"{edges:,} edges; no rule, no evidence, nothing written: the floor, {full.seconds / floor:.0f} × faster",
            ),
        ]
        con.close()
    rows.append(
        Measurement("Splink's clustering of the same edges", f"{peer:.1f} s", "", "nodes and edges in DuckDB, no rule")
    )
    return rows


def _empty(con: duckdb.DuckDBPyConnection) -> None:
    columns = 'seq BIGINT, one BIGINT, one_type TEXT, other BIGINT, other_type TEXT, "at" TIMESTAMPTZ'
    con.execute(f"CREATE OR REPLACE TABLE told ({columns})")


def _tell(con: duckdb.DuckDBPyConnection, first: int, facts: int) -> None:
    for table in _facts(first, facts):
        con.register("chunk", table)
        con.execute("INSERT INTO told FROM chunk")
        con.unregister("chunk")


def _facts(first: int, facts: int) -> Iterator[pa.Table]:
    """Facts that state two identifiers each; people who come later are partly new."""
    rng = np.random.default_rng(first + 1)
    people = OBSERVATIONS // 8
    for start in range(0, facts, CHUNK):
        rows = min(CHUNK, facts - start)
        person = rng.integers(0, int(people * (1.0 if not first else 1.01)), rows)
        kind = STATED[rng.integers(0, len(STATED), rows)]
        seq = np.arange(first + start, first + start + rows, dtype=np.int64)
        ends = [_node(person, kind[:, side]) for side in (0, 1)]
        yield pa.table(
            {
                "seq": seq,
                "one": ends[0],
                "one_type": TYPES[kind[:, 0]].astype(object),
                "other": ends[1],
                "other_type": TYPES[kind[:, 1]].astype(object),
                "at": pa.array(1_700_000_000_000_000 + seq * 5_000_000, pa.timestamp("us", "UTC")),
            }
        )


def _node(person: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Number of the person's identifier of that kind; some share a device or a phone with the person before them."""
    luck = (person * 2_654_435_761 % 1_000_003) / 1_000_003
    shares = ((kind >= 6) & (luck < _SHARED_DEVICE)) | ((kind == 0) & (luck < _SHARED_PHONE))
    owner = np.where(shares & (person > 0), person - 1, person)
    # Numbers of identifiers are keyed tokens: without order.
    mixed = (owner * 16 + kind).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return mixed.view(np.int64)


def _take_in(con: duckdb.DuckDBPyConnection, first: int) -> None:
    """What the loader does: identifiers and links, each once."""
    for name, query, keys in (("identifier", _IDENTIFIERS, ("node",)), ("link", _LINKS, ("a", "b"))):
        con.execute(f"CREATE OR REPLACE TEMP TABLE arrived AS {query}")
        if first:
            same = " AND ".join(f"old.{key} = new.{key}" for key in keys)
            con.execute(
                f"UPDATE {name} AS old SET last_at = greatest(old.last_at, new.last_at), facts = old.facts + new.facts "
                f"FROM arrived AS new WHERE {same}"
            )
            con.execute(f"DELETE FROM arrived AS new WHERE EXISTS (FROM {name} AS old WHERE {same})")
        con.execute(f"INSERT INTO {name} BY NAME FROM arrived")


def _touched(con: duckdb.DuckDBPyConnection, *, nothing: bool = False) -> None:
    told = "SELECT one AS node FROM told UNION SELECT other FROM told"
    told = "SELECT 0::BIGINT AS node LIMIT 0" if nothing else told
    con.execute(f"CREATE OR REPLACE TEMP TABLE touched_node AS SELECT node, now() AS since FROM ({told})")
    con.execute("CREATE OR REPLACE TEMP TABLE touched_person (person BIGINT)")


def _equals_full(con: duckdb.DuckDBPyConnection, resolver: Resolver) -> bool:
    con.execute("CREATE TEMP TABLE step AS FROM person_node")
    con.execute("BEGIN")
    resolver.resolve(con, full=True)
    con.execute("COMMIT")
    left = con.execute("SELECT count(*) FROM (FROM step EXCEPT FROM person_node)").fetchall()[0][0]
    right = con.execute("SELECT count(*) FROM (FROM person_node EXCEPT FROM step)").fetchall()[0][0]
    return left == right == 0


def _floor(con: duckdb.DuckDBPyConnection) -> tuple[float, int]:
    node = con.sql("SELECT node FROM identifier ORDER BY node").to_arrow_table()["node"].to_numpy()
    links = con.sql("SELECT a, b FROM link").to_arrow_table()
    a, b = (np.searchsorted(node, links[name].to_numpy()).astype(np.int32) for name in ("a", "b"))
    weight = np.ones(len(a), np.int8)
    size = (len(node), len(node))
    return min(repeated(lambda: connected_components(coo_matrix((weight, (a, b)), size), directed=False), 3)), len(a)


def _peer(con: duckdb.DuckDBPyConnection) -> float:
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    nodes = con.sql("SELECT node FROM identifier").to_arrow_table()
    edges = con.sql("SELECT a, b FROM link").to_arrow_table()
    api = DuckDBAPI()
    with stopwatch() as watch:
        cluster_pairwise_predictions_at_threshold(api.register(nodes), api.register(edges), api, "node", "a", "b")
    return watch.seconds
