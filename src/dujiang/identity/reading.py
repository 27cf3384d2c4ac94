"""The engine's identifiers and links as arrays."""

from __future__ import annotations

from typing import Final

import duckdb
import numpy as np

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.identity.model import Graph, Indexes, Ints, Rules

_NODES: Final = """
    SELECT node, type, first_seq, epoch_us(first_at) AS first_at, epoch_us(last_at) AS last_at
    FROM identifier {only} ORDER BY node
"""
_UNBOUND: Final = """
    SELECT DISTINCT node, epoch_us("at") AS unbound_at FROM fact_unbinding SEMI JOIN (FROM identifier {only}) USING (node)
    ORDER BY ALL
"""
_LINKS: Final = """
    SELECT a, b, facts, epoch_us(first_at) AS first_at, epoch_us(last_at) AS last_at, untrusted.a IS NULL AS trusted
    FROM (FROM link {only}) LEFT JOIN untrusted_link untrusted USING (a, b)
"""


def read_graph(
    con: duckdb.DuckDBPyConnection, types: IdentifierTypes, nodes: str = "", links: str = ""
) -> tuple[Graph, Rules]:
    """Identifiers and links, and the rules of the types that occur; ``untrusted_link`` says which links nobody vouches for.

    Args:
        con: the engine's connection.
        types: the types in force.
        nodes: clause that restricts ``identifier``; empty: all.
        links: clause that restricts ``link``, whose ends have to be among the identifiers read; empty: all.
    """
    found = con.sql(_NODES.format(only=nodes)).to_arrow_table()
    kinds = found["type"].combine_chunks().dictionary_encode()
    names = kinds.dictionary.to_pylist()
    rules = Rules.of(names, types)
    codes = np.array([rules.names.index(name) for name in names], np.int32)
    node = found["node"].to_numpy()
    linked = con.sql(_LINKS.format(only=links)).to_arrow_table()
    unbound = con.sql(_UNBOUND.format(only=nodes)).to_arrow_table()
    graph = Graph(
        node=node,
        type=codes[kinds.indices.to_numpy()],
        first_seq=found["first_seq"].to_numpy(),
        a=_places(node, linked["a"].to_numpy()),
        b=_places(node, linked["b"].to_numpy()),
        facts=linked["facts"].to_numpy(),
        first_at=linked["first_at"].to_numpy(),
        last_at=linked["last_at"].to_numpy(),
        trusted=linked["trusted"].to_numpy(),
        seen_from=found["first_at"].to_numpy(),
        seen_to=found["last_at"].to_numpy(),
        unbound=_places(node, unbound["node"].to_numpy()),
        unbound_at=unbound["unbound_at"].to_numpy(),
    )
    return graph, rules


def _places(node: Ints, ends: Ints) -> Indexes:
    return np.searchsorted(node, ends).astype(np.int32)
