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
from dujiang.identity.kernels import connected
from dujiang.identity.model import BARRED, SHARED_IDENTIFIER, Flags, Ints, Rules
from dujiang.identity.reading import read_graph
from dujiang.identity.resolve import nobodys, shared_identifiers
from dujiang.identity.rulings import Rulings
from dujiang.identity.sets import among, distinct

_ROUNDS_MAX: Final = 16

_NEIGHBOURS = """
    SELECT a, b, a_type, b_type, (a, b) NOT IN (SELECT (a, b) FROM untrusted_link) AS trusted FROM (
        SELECT a, b, a_type, b_type FROM link SEMI JOIN frontier ON a = frontier.node
        UNION ALL
        SELECT a, b, a_type, b_type FROM link SEMI JOIN frontier ON b = frontier.node
        WHERE a NOT IN (SELECT node FROM frontier)
    )
"""
# A shared identifier that joined someone until now: its former companions have to be looked at without it.
_NEWLY_SHARED = f"""
    SELECT a AS node FROM person_link SEMI JOIN frontier ON a = frontier.node
    WHERE reason NOT IN ('{SHARED_IDENTIFIER}', '{BARRED}')
    UNION
    SELECT b FROM person_link SEMI JOIN frontier ON b = frontier.node
    WHERE reason NOT IN ('{SHARED_IDENTIFIER}', '{BARRED}')
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


def find_region(
    con: duckdb.DuckDBPyConnection, types: IdentifierTypes, step_share: float, rulings: Rulings, ruled: Ints
) -> Region:
    """The region around ``touched_node``.

    Args:
        con: the engine's connection.
        types: the types in force.
        step_share: part of all identifiers up to which going on step by step is faster than one look at all links.
        rulings: the decisions in force.
        ruled: those of the touched that a decision which came or went is about: all their links are decided again.
    """
    touched = _nodes(con.sql("SELECT DISTINCT node FROM touched_node SEMI JOIN identifier USING (node)"))
    gone = _nodes(con.sql("SELECT DISTINCT node FROM touched_node ANTI JOIN identifier USING (node)"))
    touched = distinct(touched, _existing(con, rulings.partners(gone)))
    step_max = step_share * con.sql("SELECT count(*) FROM identifier").fetchall()[0][0]
    inside, closed, frontier = touched[:0], touched[:0], touched
    for _round in range(_ROUNDS_MAX):
        if not 0 < len(frontier) <= step_max:
            break
        links = _around(con, frontier)
        is_closed = rulings.closed(frontier, _shared(frontier, links, types))
        opening = frontier[~is_closed]
        if frontier is touched:
            newly = _newly_shared(con, frontier[is_closed])
            opening = distinct(opening, newly, frontier[is_closed & among(frontier, ruled)])
        inside, closed = distinct(inside, frontier[~is_closed]), distinct(closed, frontier[is_closed])
        beside = distinct(links.beside(opening), _existing(con, rulings.partners(frontier)))
        frontier = beside[~among(beside, inside) & ~among(beside, closed)]
    if len(frontier):
        inside, closed = _at_once(con, types, touched, rulings, ruled)
    is_touched = among(closed, touched)
    return Region(inside, closed[is_touched], closed[~is_touched], gone)


def _existing(con: duckdb.DuckDBPyConnection, nodes: Ints) -> Ints:
    """Those of ``nodes`` that have been seen."""
    if not len(nodes):
        return nodes
    con.register("frontier", pa.table({"node": nodes}))
    found = _nodes(con.sql("SELECT node FROM identifier SEMI JOIN frontier USING (node)"))
    con.unregister("frontier")
    return found


def _at_once(
    con: duckdb.DuckDBPyConnection, types: IdentifierTypes, touched: Ints, rulings: Rulings, ruled: Ints
) -> tuple[Ints, Ints]:
    """What is inside, and the closed that are touched or border on it, by one look at all links."""
    graph, rules = read_graph(con, types)
    closed = rulings.closed(graph.node, shared_identifiers(graph, rules))
    graph, imposed = rulings.impose(graph)
    usable = ~(closed[graph.a] | closed[graph.b])
    a, b = np.append(graph.a[usable], imposed.apart_a), np.append(graph.b[usable], imposed.apart_b)
    group = connected(len(graph.node), a, b)
    seed = among(graph.node, distinct(touched, rulings.partners(touched)))
    reopened = distinct(_newly_shared(con, graph.node[seed & closed]), ruled)
    opening = among(graph.node, reopened)
    seed[graph.a[opening[graph.b]]] = seed[graph.b[opening[graph.a]]] = True
    wanted = np.zeros(len(group), np.bool_)
    wanted[group[seed & ~closed]] = True
    inside = wanted[group] & ~closed
    border = among(graph.node, touched) | opening
    border[graph.a[inside[graph.b]]] = border[graph.b[inside[graph.a]]] = True
    # Beside a closed identifier another one: the other end of a link or pair that is decided about has to be at hand too.
    for one, other in ((imposed.apart_a, imposed.apart_b), (imposed.apart_b, imposed.apart_a)):
        border[one[inside[other]]] = True
    border[graph.a[opening[graph.b]]] = border[graph.b[opening[graph.a]]] = True
    return graph.node[inside], graph.node[border & closed]


@dataclass(frozen=True)
class _Links:
    a: Ints
    b: Ints
    a_type: pa.ChunkedArray
    b_type: pa.ChunkedArray
    trusted: Flags

    def beside(self, nodes: Ints) -> Ints:
        """Nodes linked with one of ``nodes``."""
        return distinct(self.b[among(self.a, nodes)], self.a[among(self.b, nodes)])


def _around(con: duckdb.DuckDBPyConnection, nodes: Ints) -> _Links:
    con.register("frontier", pa.table({"node": nodes}))
    found = con.sql(_NEIGHBOURS).to_arrow_table()
    con.unregister("frontier")
    return _Links(
        found["a"].to_numpy(), found["b"].to_numpy(), found["a_type"], found["b_type"], found["trusted"].to_numpy()
    )


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
    a, b = at_a[links.trusted].astype(np.int32), at_b[links.trusted].astype(np.int32)
    return nobodys(kind, a, b, rules)[np.searchsorted(every, nodes)]


def _nodes(relation: duckdb.DuckDBPyRelation) -> Ints:
    return np.sort(relation.to_arrow_table()["node"].to_numpy())
