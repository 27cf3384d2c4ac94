"""What a refresh has to decide again: everything that hangs together with a touched identifier.

Identifiers hang together through links, but not through shared identifiers: who else uses a shop's phone is no matter of
anybody's. Whether one is shared depends on its own links alone, so it can only change when it is touched itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.identity.kernels import connected, most_counterparts
from dujiang.identity.model import SHARED_IDENTIFIER, Flags, Ints, Rules
from dujiang.identity.reading import read_graph
from dujiang.identity.resolve import shared_identifiers
from dujiang.identity.sets import among, distinct

_ROUNDS_MAX: Final = 16

_NEIGHBOURS = """
    SELECT a, b, a_type, b_type FROM link SEMI JOIN frontier ON a = frontier.node
    UNION ALL
    SELECT a, b, a_type, b_type FROM link SEMI JOIN frontier ON b = frontier.node
    WHERE a NOT IN (SELECT node FROM frontier)
"""
# A shared identifier that joined someone until now: its former companions have to be looked at without it.
_NEWLY_SHARED = f"""
    SELECT a AS node FROM person_link SEMI JOIN frontier ON a = frontier.node WHERE reason <> '{SHARED_IDENTIFIER}'
    UNION
    SELECT b FROM person_link SEMI JOIN frontier ON b = frontier.node WHERE reason <> '{SHARED_IDENTIFIER}'
"""


@dataclass(frozen=True)
class Region:
    """Identifiers to decide about.

    Attributes:
        inside: not shared; with all their links.
        touched_shared: shared, and touched.
        border: shared and not touched, but linked with one inside: needed to judge that link, and left as it is.
        gone: touched, and no longer there.
    """

    inside: Ints
    touched_shared: Ints
    border: Ints
    gone: Ints


def find_region(con: duckdb.DuckDBPyConnection, types: IdentifierTypes, step_share: float) -> Region:
    """The region around ``touched_node``.

    Args:
        con: the engine's connection.
        types: the types in force.
        step_share: part of all identifiers up to which going on step by step is faster than one look at all links.
    """
    touched = _nodes(con.sql("SELECT DISTINCT node FROM touched_node SEMI JOIN identifier USING (node)"))
    gone = _nodes(con.sql("SELECT DISTINCT node FROM touched_node ANTI JOIN identifier USING (node)"))
    step_max = step_share * con.sql("SELECT count(*) FROM identifier").fetchall()[0][0]
    inside, shared, frontier = touched[:0], touched[:0], touched
    for _round in range(_ROUNDS_MAX):
        if not 0 < len(frontier) <= step_max:
            break
        links = _around(con, frontier)
        is_shared = _shared(frontier, links, types)
        opening = frontier[~is_shared]
        if frontier is touched:
            opening = distinct(opening, _newly_shared(con, frontier[is_shared]))
        inside, shared = distinct(inside, frontier[~is_shared]), distinct(shared, frontier[is_shared])
        beside = links.beside(opening)
        frontier = beside[~among(beside, inside) & ~among(beside, shared)]
    if len(frontier):
        inside, shared = _at_once(con, types, touched)
    is_touched = among(shared, touched)
    return Region(inside, shared[is_touched], shared[~is_touched], gone)


def _at_once(con: duckdb.DuckDBPyConnection, types: IdentifierTypes, touched: Ints) -> tuple[Ints, Ints]:
    """What is inside, and the shared that are touched or border on it, by one look at all links."""
    graph, rules = read_graph(con, types)
    shared = shared_identifiers(graph, rules)
    usable = ~(shared[graph.a] | shared[graph.b])
    group = connected(len(graph.node), graph.a[usable], graph.b[usable])
    seed = among(graph.node, touched)
    opening = among(graph.node, _newly_shared(con, graph.node[seed & shared]))
    seed[graph.a[opening[graph.b]]] = seed[graph.b[opening[graph.a]]] = True
    wanted = np.zeros(len(group), np.bool_)
    wanted[group[seed & ~shared]] = True
    inside = wanted[group] & ~shared
    border = among(graph.node, touched) | opening
    border[graph.a[inside[graph.b]]] = border[graph.b[inside[graph.a]]] = True
    return graph.node[inside], graph.node[border & shared]


@dataclass(frozen=True)
class _Links:
    a: Ints
    b: Ints
    a_type: pa.ChunkedArray
    b_type: pa.ChunkedArray

    def beside(self, nodes: Ints) -> Ints:
        """Nodes linked with one of ``nodes``."""
        return distinct(self.b[among(self.a, nodes)], self.a[among(self.b, nodes)])


def _around(con: duckdb.DuckDBPyConnection, nodes: Ints) -> _Links:
    con.register("frontier", pa.table({"node": nodes}))
    found = con.sql(_NEIGHBOURS).to_arrow_table()
    con.unregister("frontier")
    return _Links(found["a"].to_numpy(), found["b"].to_numpy(), found["a_type"], found["b_type"])


def _newly_shared(con: duckdb.DuckDBPyConnection, nodes: Ints) -> Ints:
    if not len(nodes):
        return nodes
    con.register("frontier", pa.table({"node": nodes}))
    found = _nodes(con.sql(_NEWLY_SHARED))
    con.unregister("frontier")
    return found


def _shared(nodes: Ints, links: _Links, types: IdentifierTypes) -> Flags:
    """Which of ``nodes``, all of whose links are given, are shared."""
    if not len(links.a):
        return np.zeros(len(nodes), np.bool_)
    every = distinct(links.a, links.b, nodes)
    codes = pa.chunked_array([*links.a_type.chunks, *links.b_type.chunks]).combine_chunks().dictionary_encode()
    rules = Rules.of(codes.dictionary.to_pylist(), types)
    by_code = np.array([rules.names.index(name) for name in codes.dictionary.to_pylist()], np.int32)
    at_a, at_b = np.searchsorted(every, links.a), np.searchsorted(every, links.b)
    kind = np.zeros(len(every), np.int32)
    kind[np.concatenate([at_a, at_b])] = by_code[codes.indices.to_numpy()]
    most = most_counterparts(kind, at_a.astype(np.int32), at_b.astype(np.int32), rules.exclusive)
    return (most > rules.shared_above[kind])[np.searchsorted(every, nodes)]


def _nodes(relation: duckdb.DuckDBPyRelation) -> Ints:
    return np.sort(relation.to_arrow_table()["node"].to_numpy())
