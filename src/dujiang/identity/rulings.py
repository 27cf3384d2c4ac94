"""Decisions beyond the rules, as identity resolution takes them: who is one person, who is not, whom not to believe.

Truth lies in the store (:mod:`dujiang.identity.decisions`). The engine keeps a copy of what was in force when it last decided,
so that a refresh finds out by itself what has to be decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Literal

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.contract import IDENTITY_DECISION
from dujiang.identity.model import Flags, Graph, Imposed, Ints
from dujiang.identity.ruling_kinds import Kind as Kind
from dujiang.identity.sets import among, distinct
from dujiang.store.columns import to_micros

Origin = Literal["hand", "suggestion", "hold", "junk"]


@dataclass(frozen=True)
class Ruling:
    """One decision in force.

    Attributes:
        id: its id.
        kind: ``separate`` (``a`` and ``b`` are never one person), ``join`` (they are one person), ``bar`` (``a`` joins no
            one), ``unbind`` (``a`` was taken off whomever it was bound to, at ``moment``), ``distrust`` (links that only
            ``source`` states do not join).
        a: a node; None for ``distrust``.
        b: another, of ``separate`` and ``join``; otherwise None.
        source: the source that is distrusted; empty otherwise.
        from_seq: of ``distrust``, the first fact that is not believed; None: from the beginning.
        to_seq: the last such fact; None: without end.
        at: when it was decided.
        actor: by whom.
        reason: why, in their words.
        origin: by hand, by accepting a suggestion, by holding a source that merged more than it used to, or because a list of
            junk values names the identifier.
        moment: of ``unbind``, when that was; otherwise None.
    """

    id: str
    kind: Kind
    a: int | None
    b: int | None
    source: str
    from_seq: int | None
    to_seq: int | None
    at: datetime
    actor: str
    reason: str
    origin: Origin = "hand"
    moment: datetime | None = None

    @property
    def nodes(self) -> tuple[int, ...]:
        """The identifiers it is about."""
        return tuple(node for node in (self.a, self.b) if node is not None)


_FOR_EVER: Final = (1 << 63) - 1
_FIELDS: Final = tuple(one.name for one in fields(Ruling))

_COLUMNS: Final = ", ".join(f'"{name}"' for name in _FIELDS)
_KEPT: Final = f"SELECT {_COLUMNS} FROM identity_decision ORDER BY id"
_UNTRUSTED: Final = """
    CREATE OR REPLACE TEMP TABLE untrusted_link AS
    SELECT a, b
    FROM (
        SELECT a, b, first_seq, unnest(sources) AS source FROM link
        WHERE list_has_any(sources, (SELECT list(source) FROM distrusted))
    ) stated
    LEFT JOIN distrusted d ON d.source = stated.source AND first_seq BETWEEN from_seq AND to_seq
    GROUP BY a, b HAVING bool_and(d.source IS NOT NULL)
"""
_ALL_TRUSTED: Final = "CREATE OR REPLACE TEMP TABLE untrusted_link (a BIGINT, b BIGINT)"
_STATED_BY: Final = """
    SELECT unnest([a, b]) AS node FROM link
    WHERE list_contains(sources, $source) AND first_seq >= coalesce($from_seq, first_seq)
        AND first_seq <= coalesce($to_seq, first_seq)
"""


@dataclass(frozen=True)
class Rulings:
    """All decisions in force, as pairs of nodes.

    Attributes:
        joined_a: one end of each pair that is one person, the earliest decision first; ``joined_b`` the other.
        joined_at: when that was decided, in microseconds since 1970.
        apart_a: one end of each pair that never is, ``apart_b`` the other.
        barred: nodes that join no one, in ascending order.
        given: nodes that were joined with another, in ascending order: these are not shared.
        unbound: nodes that were unbound, one may be there several times; ``unbound_at`` when, in microseconds since 1970.
    """

    joined_a: Ints
    joined_b: Ints
    joined_at: Ints
    apart_a: Ints
    apart_b: Ints
    barred: Ints
    given: Ints
    unbound: Ints
    unbound_at: Ints

    @classmethod
    def of(cls, rulings: Sequence[Ruling]) -> Rulings:
        """The pairs that ``rulings`` name."""
        in_time = sorted(rulings, key=lambda one: (one.at, one.id))
        joins = {_pair(one): to_micros(one.at) for one in reversed(in_time) if one.kind == "join"}
        apart = sorted({_pair(one) for one in in_time if one.kind == "separate"})
        pairs = list(reversed(joins))
        joined_a, joined_b = _column(pairs, 0), _column(pairs, 1)
        unbound = sorted({(one.a, to_micros(one.moment)) for one in in_time if one.a and one.moment})
        return cls(
            joined_a,
            joined_b,
            np.array([joins[pair] for pair in pairs], np.int64),
            _column(apart, 0),
            _column(apart, 1),
            distinct(np.array([one.a for one in in_time if one.kind == "bar"], np.int64)),
            distinct(joined_a, joined_b),
            _column(unbound, 0),
            _column(unbound, 1),
        )

    def closed(self, node: Ints, shared: Flags) -> Flags:
        """Which of ``node`` connect no one: shared and not given to anybody by hand, or barred."""
        return (shared & ~among(node, self.given)) | among(node, self.barred)

    def partners(self, nodes: Ints) -> Ints:
        """Nodes that somebody joined with one of ``nodes`` or separated from it."""
        a, b = np.append(self.joined_a, self.apart_a), np.append(self.joined_b, self.apart_b)
        return distinct(b[among(a, nodes)], a[among(b, nodes)])

    def impose(self, graph: Graph) -> tuple[Graph, Imposed]:
        """What the decisions demand of ``graph``; pairs joined by hand that no fact states become links of no facts.

        Identifiers that are not in ``graph`` are left out, and pairs with one.
        """
        place_a, place_b, at = _placed(graph.node, self.joined_a, self.joined_b, self.joined_at)
        apart_a, apart_b, _at = _placed(graph.node, self.apart_a, self.apart_b, np.zeros_like(self.apart_a))
        graph, by_time = _with_links(_with_unbound(graph, self.unbound, self.unbound_at), place_a, place_b, at)
        together = np.zeros(len(graph.a), np.bool_)
        together[by_time] = True
        barred = among(graph.node, self.barred)
        return graph, Imposed(together, by_time, at, apart_a.astype(np.int32), apart_b.astype(np.int32), barred)


def _pair(ruling: Ruling) -> tuple[int, int]:
    assert ruling.a is not None and ruling.b is not None
    return min(ruling.a, ruling.b), max(ruling.a, ruling.b)


def _column(pairs: Sequence[tuple[int, int]], end: int) -> Ints:
    return np.array([pair[end] for pair in pairs], np.int64)


def _placed(node: Ints, a: Ints, b: Ints, at: Ints) -> tuple[Ints, Ints, Ints]:
    there = among(a, node) & among(b, node)
    return np.searchsorted(node, a[there]), np.searchsorted(node, b[there]), at[there]


def _with_unbound(graph: Graph, node: Ints, at: Ints) -> Graph:
    there = among(node, graph.node)
    place = np.searchsorted(graph.node, node[there]).astype(np.int32)
    return replace(graph, unbound=np.append(graph.unbound, place), unbound_at=np.append(graph.unbound_at, at[there]))


def _with_links(graph: Graph, a: Ints, b: Ints, at: Ints) -> tuple[Graph, Ints]:
    """``graph`` with a link for each pair of places, and where these links are."""
    if not len(a):
        return graph, np.zeros(0, np.int64)
    width = len(graph.node)
    have, want = graph.a.astype(np.int64) * width + graph.b, a * width + b
    order = np.argsort(have, kind="stable")
    place = np.searchsorted(have[order], want)
    found = place < len(have)
    found[found] = have[order[place[found]]] == want[found]
    by_time = np.empty(len(want), np.int64)
    by_time[found] = order[place[found]]
    by_time[~found] = len(have) + np.arange(int((~found).sum()))
    new = ~found
    more = replace(
        graph,
        a=np.append(graph.a, a[new].astype(np.int32)),
        b=np.append(graph.b, b[new].astype(np.int32)),
        facts=np.append(graph.facts, np.zeros(int(new.sum()), np.int64)),
        first_at=np.append(graph.first_at, at[new]),
        last_at=np.append(graph.last_at, at[new]),
        trusted=np.append(graph.trusted, np.ones(int(new.sum()), np.bool_)),
    )
    return more, by_time


def kept(con: duckdb.DuckDBPyConnection) -> list[Ruling]:
    """The decisions that were in force when the engine last decided."""
    return [Ruling(*row) for row in con.execute(_KEPT).fetchall()]


def keep(con: duckdb.DuckDBPyConnection, rulings: Sequence[Ruling]) -> Ints:
    """Keep ``rulings`` in place of what was in force, and say which links nobody vouches for.

    Returns:
        The nodes that have to be decided about again because a decision came or went.
    """
    before, now = {one.id: one for one in kept(con)}, {one.id: one for one in rulings}
    changed = [one for one in before.values() if now.get(one.id) != one]
    changed += [one for one in rulings if before.get(one.id) != one]
    con.execute("DELETE FROM identity_decision")
    if rulings:
        rows: list[dict[str, Any]] = [{name: getattr(one, name) for name in _FIELDS} for one in rulings]
        con.register("ruled", pa.Table.from_pylist(rows, IDENTITY_DECISION.columns))
        con.execute("INSERT INTO identity_decision BY NAME FROM ruled")
        con.unregister("ruled")
    trust(con, rulings)
    return distinct(np.array([], np.int64), *(_concerned(con, one) for one in changed))


def trust(con: duckdb.DuckDBPyConnection, rulings: Sequence[Ruling]) -> None:
    """Make the temporary table ``untrusted_link``: the links that nobody vouches for under ``rulings``."""
    rows = [
        {"source": one.source, "from_seq": _or(one.from_seq, -_FOR_EVER), "to_seq": _or(one.to_seq, _FOR_EVER)}
        for one in rulings
        if one.kind == "distrust"
    ]
    if not rows:
        con.execute(_ALL_TRUSTED)
        return
    con.register("distrusted", pa.Table.from_pylist(rows))
    con.execute(_UNTRUSTED)
    con.unregister("distrusted")


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _concerned(con: duckdb.DuckDBPyConnection, ruling: Ruling) -> Ints:
    if ruling.kind != "distrust":
        return np.array(ruling.nodes, np.int64)
    values = {"source": ruling.source, "from_seq": ruling.from_seq, "to_seq": ruling.to_seq}
    return con.sql(_STATED_BY, params=values).to_arrow_table()["node"].to_numpy()
