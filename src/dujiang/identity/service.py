"""Identity on the engine: decide again about what was touched, or about everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.engine.touching import NEVER
from dujiang.foundation.facts import MOMENT
from dujiang.identity.evidence import Evidence, explain
from dujiang.identity.model import ROLES, Decision, Graph, Ints, Resolution, Rules
from dujiang.identity.moves import moves
from dujiang.identity.reading import read_graph
from dujiang.identity.region import Region, find_region
from dujiang.identity.resolve import resolve, shared_identifiers
from dujiang.identity.rulings import Ruling, Rulings, keep
from dujiang.identity.sets import among, distinct

_IN_REGION: Final = "SEMI JOIN identity_region USING (node)"
_LINKS_IN_REGION: Final = """
    WHERE a IN (SELECT node FROM identity_region) AND b IN (SELECT node FROM identity_region)
"""
_FORGET_NODES: Final = "DELETE FROM person_node WHERE node IN (SELECT node FROM identity_region WHERE decided)"
_FORGET_LINKS: Final = f"DELETE FROM person_link {_LINKS_IN_REGION}"
_OWNERS: Final = "SELECT node, person, epoch_us(from_at) AS from_at, epoch_us(to_at) AS to_at, role FROM {table}"
_BEFORE: Final = _OWNERS.format(table="person_node WHERE node IN (SELECT node FROM identity_region WHERE decided)")
_CHANGED: Final = """
    INSERT INTO touched_person
    SELECT DISTINCT person FROM (
        SELECT person FROM ((FROM owners_before EXCEPT FROM owners_now) UNION ALL (FROM owners_now EXCEPT FROM owners_before))
        UNION ALL
        SELECT person FROM (FROM owners_before UNION ALL FROM owners_now) SEMI JOIN touched_node USING (node)
    )
"""


class Resolver:
    """Decides who is who, from the tables ``identifier`` and ``link``.

    Args:
        types: the types in force.
        rulings: gives the decisions in force.
        watch: looks at what arrived before anything is decided, and may bring a decision into force.
        step_share: part of all identifiers up to which what hangs together is looked for step by step.
    """

    def __init__(
        self,
        types: IdentifierTypes,
        rulings: Callable[[], Sequence[Ruling]] = tuple,
        *,
        watch: Callable[[duckdb.DuckDBPyConnection], None] = lambda _con: None,
        step_share: float = 0.05,
    ) -> None:
        self.types = types
        self._in_force, self._watch = rulings, watch
        self._step_share = step_share

    def resolve(self, con: duckdb.DuckDBPyConnection, *, full: bool) -> Resolution:
        """Decide about the identifiers that hang together with ``touched_node``, or about all.

        Replaces the rows concerned of ``person_node`` and ``person_link``. Unless ``full``, adds to the temporary table
        ``touched_person`` every person, old or new, that changed or owns a touched identifier. What an incremental run
        leaves in the tables is exactly what a full one would. Decisions that came or went since the last run are found by
        comparison with ``identity_decision``, which then holds those in force.

        Args:
            con: a connection in a transaction.
            full: decide about everybody: needed after a definition of an identifier type changed.
        """
        self._watch(con)
        in_force = self._in_force()
        ruled = keep(con, in_force)
        rulings = Rulings.of(in_force)
        return self._everybody(con, rulings) if full else self._touched(con, rulings, ruled)

    def explain(
        self, con: duckdb.DuckDBPyConnection, person: int, *, in_zone: ZoneInfo | None = None, limit: int = 200
    ) -> list[Evidence]:
        """Every decision about the identifiers of ``person`` (:func:`dujiang.identity.evidence.explain`)."""
        return explain(con, person, self.types, in_zone=in_zone, limit=limit)

    def _everybody(self, con: duckdb.DuckDBPyConnection, rulings: Rulings) -> Resolution:
        graph, rules = read_graph(con, self.types)
        closed = rulings.closed(graph.node, shared_identifiers(graph, rules))
        graph, imposed = rulings.impose(graph)
        before = owners(con)
        decision = resolve(graph, rules, closed, imposed)
        con.execute("DELETE FROM person_node")
        con.execute("DELETE FROM person_link")
        everything = np.ones(len(graph.node), np.bool_)
        _write(con, graph, rules, decision, everything)
        return report(graph, decision, before, everything, full=True)

    def _touched(self, con: duckdb.DuckDBPyConnection, rulings: Rulings, ruled: Ints) -> Resolution:
        _touch(con, ruled)
        region = find_region(con, self.types, self._step_share, rulings, ruled)
        con.register("found_region", _region_table(region))
        con.execute("CREATE OR REPLACE TEMP TABLE identity_region AS FROM found_region")
        con.unregister("found_region")
        graph, rules = read_graph(con, self.types, _IN_REGION, _LINKS_IN_REGION)
        closed = among(graph.node, distinct(region.touched_shared, region.border))
        graph, imposed = rulings.impose(graph)
        decision = resolve(graph, rules, closed, imposed)
        before = con.sql(_BEFORE).to_arrow_table()
        con.execute(_FORGET_NODES)
        con.execute(_FORGET_LINKS)
        decided = ~among(graph.node, region.border)
        now = _write(con, graph, rules, decision, decided)
        _tell_changed(con, before, now)
        return report(graph, decision, before, decided, full=False)


def owners(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Whose every identifier is, as it was decided last."""
    return con.sql(_OWNERS.format(table="person_node")).to_arrow_table()


def _touch(con: duckdb.DuckDBPyConnection, nodes: Ints) -> None:
    """Add ``nodes`` to what has to be decided again; of these no fact came or went."""
    con.register("ruled", pa.table({"node": nodes}))
    con.execute(f"INSERT INTO touched_node SELECT node, {NEVER} FROM ruled")
    con.unregister("ruled")


def _region_table(region: Region) -> pa.Table:
    parts = (region.inside, region.touched_shared, region.gone, region.border)
    decided = np.repeat([True, True, True, False], [len(part) for part in parts])
    return pa.table({"node": np.concatenate(parts), "decided": decided})


def _write(
    con: duckdb.DuckDBPyConnection, graph: Graph, rules: Rules, decision: Decision, decided: np.ndarray
) -> pa.Table:
    """Add the decision to the tables; the rows of ``person_node``."""
    now = person_nodes(graph, rules, decision, decided)
    _insert(con, "person_node", now)
    _insert(con, "person_link", _person_links(graph, rules, decision))
    return now


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    con.register("decided", rows)
    con.execute(f"INSERT INTO {table} BY NAME FROM decided")
    con.unregister("decided")


def person_nodes(graph: Graph, rules: Rules, decision: Decision, decided: np.ndarray) -> pa.Table:
    """The rows of ``person_node`` of those identifiers that are ``decided``."""
    single = decided.copy()
    single[[span.index for span in decision.spans]] = False
    place = np.concatenate([np.flatnonzero(single), np.array([span.index for span in decision.spans], np.int64)])
    none = pa.nulls(int(single.sum()), pa.int64())
    from_at = pa.array([span.from_at for span in decision.spans], pa.int64())
    to_at = pa.array([span.to_at for span in decision.spans], pa.int64())
    roles = np.array([span.role for span in decision.spans], np.uint8)
    persons = np.concatenate([decision.person[single], np.array([span.person for span in decision.spans], np.int64)])
    return pa.table(
        {
            "node": graph.node[place],
            "type": _words(rules.names, graph.type[place]),
            "person": persons,
            "from_at": pa.concat_arrays([none, from_at]).cast(MOMENT),
            "to_at": pa.concat_arrays([none, to_at]).cast(MOMENT),
            "role": _words(ROLES, np.concatenate([decision.role[single], roles])),
        }
    )


def _person_links(graph: Graph, rules: Rules, decision: Decision) -> pa.Table:
    return pa.table(
        {
            "a": graph.node[graph.a],
            "b": graph.node[graph.b],
            "person": decision.link_person,
            "joined": decision.joined,
            "reason": _words(rules.reasons(), decision.reason),
            "first_at": pa.array(graph.first_at).cast(MOMENT),
            "last_at": pa.array(graph.last_at).cast(MOMENT),
            "facts": graph.facts,
        }
    )


def _words(words: tuple[str, ...], codes: np.ndarray) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(codes))


def _tell_changed(con: duckdb.DuckDBPyConnection, before: pa.Table, now: pa.Table) -> None:
    con.register("owners_before", before)
    con.register("decided", now)
    con.execute(f"CREATE OR REPLACE TEMP VIEW owners_now AS {_OWNERS.format(table='decided')}")
    con.execute(_CHANGED)
    con.execute("DROP VIEW owners_now")
    con.unregister("decided")
    con.unregister("owners_before")


def report(graph: Graph, decision: Decision, before: pa.Table, decided: np.ndarray, *, full: bool) -> Resolution:
    """What changed, in words of persons; of a number that changed hands its first owner counts."""
    node, person = graph.node[decided], decision.person[decided]
    first = before.filter(before["from_at"].is_null())
    old_node, old_person = first["node"].to_numpy(), first["person"].to_numpy()
    still = among(old_node, node)
    place = np.searchsorted(node, old_node[still])
    known, old = np.zeros(len(node), np.bool_), person.copy()
    known[place], old[place] = True, old_person[still]
    a, b = graph.node[graph.a[decision.joined]], graph.node[graph.b[decision.joined]]
    merges, splits = moves(node, old, known, person, a, b)
    in_turn = np.array([span.person for span in decision.spans if decided[span.index]], np.int64)
    return Resolution(full, len(node), len(graph.a), len(distinct(person, in_turn)), merges, splits)
