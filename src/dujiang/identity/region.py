"""What a refresh has to decide again: everything that hangs together with a touched identifier.

Identifiers hang together through links, but not through shared identifiers: who else uses a shop's phone is no matter of
anybody's. Whether one is shared depends on its own links alone, so it can only change when it is touched itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.identity.kernels import most_counterparts
from dujiang.identity.model import SHARED_IDENTIFIER, Flags, Ints, Rules

_NEIGHBOURS = """
    SELECT a, b, a_type, b_type FROM link SEMI JOIN frontier ON a = frontier.node
    UNION
    SELECT a, b, a_type, b_type FROM link SEMI JOIN frontier ON b = frontier.node
"""
# A shared identifier that joined someone until now: its former companions have to be looked at without it.
_NEWLY_SHARED = f"""
    SELECT DISTINCT node FROM (SELECT unnest([a, b]) AS node FROM person_link WHERE reason <> '{SHARED_IDENTIFIER}')
    SEMI JOIN frontier USING (node)
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


def find_region(con: duckdb.DuckDBPyConnection, types: IdentifierTypes) -> Region:
    """The region around ``touched_node``."""
    touched = _nodes(con.sql("SELECT DISTINCT node FROM touched_node SEMI JOIN identifier USING (node)"))
    gone = _nodes(con.sql("SELECT DISTINCT node FROM touched_node ANTI JOIN identifier USING (node)"))
    inside, shared = touched[:0], touched[:0]
    frontier = touched
    while len(frontier):
        links = _around(con, frontier)
        is_shared = _shared(frontier, links, types)
        opening = frontier[~is_shared]
        if frontier is touched:
            opening = np.union1d(opening, _newly_shared(con, frontier[is_shared]))
        inside, shared = np.union1d(inside, frontier[~is_shared]), np.union1d(shared, frontier[is_shared])
        frontier = np.setdiff1d(links.beside(opening), np.union1d(inside, shared))
    return Region(inside, np.intersect1d(shared, touched), np.setdiff1d(shared, touched), gone)


@dataclass(frozen=True)
class _Links:
    a: Ints
    b: Ints
    a_type: pa.ChunkedArray
    b_type: pa.ChunkedArray

    def beside(self, nodes: Ints) -> Ints:
        """Nodes linked with one of ``nodes``."""
        return np.union1d(self.b[np.isin(self.a, nodes)], self.a[np.isin(self.b, nodes)])


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
    every = np.unique(np.concatenate([links.a, links.b, nodes]))
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
