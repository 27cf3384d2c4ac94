"""The refresh graph: which derived table reads what, and how its touched rows are taken away and computed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import duckdb

from dujiang.engine import changes
from dujiang.engine.contract import ALL
from dujiang.engine.derived.conversation import conversation
from dujiang.engine.derived.events import touched_events
from dujiang.engine.derived.marks import consent, tagged
from dujiang.engine.derived.orders import orders
from dujiang.engine.derived.person import person
from dujiang.engine.derived.person_day import person_day
from dujiang.engine.derived.refunds import refunds
from dujiang.engine.derived.spend_day import spend_day
from dujiang.engine.derived.traffic_day import traffic_day
from dujiang.engine.derived.visit import visit
from dujiang.engine.expressions import Rows, Scope
from dujiang.engine.question import compiled
from dujiang.engine.touching import settle_days
from dujiang.foundation.errors import ensure
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent


@dataclass(frozen=True)
class Node:
    """One derived table in the graph.

    Attributes:
        table: its name in the contract.
        reads: tables that its expression reads.
        expression: the rows in a scope.
        stale: which rows of the table a partial scope replaces, as the condition of a DELETE.
        dated: the condition asks from which day on persons are touched, which undated tables decide.
        by_day: questions ask for some days of it: computed as a whole, it is laid down day after day, so that the engine
            passes over the others.
    """

    table: str
    reads: tuple[str, ...]
    expression: Callable[[Scope], Rows]
    stale: str
    dated: bool = False
    by_day: bool = False


GRAPH: Final = (
    Node(
        "orders",
        ("fact_order", "fact_order_line", "fact_refund", "person_node"),
        orders,
        "USING touched_order WHERE orders.order_key = touched_order.order_key",
        by_day=True,
    ),
    Node(
        "refunds",
        ("orders", "fact_refund", "person_node"),
        refunds,
        "USING touched_order WHERE refunds.order_key = touched_order.order_key",
    ),
    Node(
        "conversation",
        ("fact_conversation", "person_node"),
        conversation,
        "USING touched_conversation WHERE conversation_key = touched_conversation.key",
    ),
    Node(
        "visit",
        ("fact_event", "person_node"),
        visit,
        "USING touched WHERE visit.person = touched.person AND ended_at >= since - to_milliseconds($gap)",
        dated=True,
        by_day=True,
    ),
    Node(
        "person_day",
        ("fact_event", "person_node", "visit", "orders", "conversation"),
        person_day,
        "USING touched WHERE person_day.person = touched.person AND person_day.day >= touched.day",
        dated=True,
        by_day=True,
    ),
    Node(
        "person",
        ("person_day", "orders", "fact_event", "fact_customer", "person_node"),
        person,
        "USING touched WHERE person.person = touched.person",
        dated=True,
    ),
    Node("consent", ("fact_consent", "person_node"), consent, "USING touched WHERE consent.person = touched.person"),
    Node("tagged", ("fact_tag", "person_node"), tagged, "USING touched WHERE tagged.person = touched.person"),
    Node(
        "spend_day",
        ("fact_spend",),
        spend_day,
        "USING touched_spend t WHERE spend_day.channel = t.channel AND spend_day.account = t.account"
        " AND spend_day.day = t.day",
    ),
    Node(
        "traffic_day",
        ("fact_traffic",),
        traffic_day,
        "USING touched_traffic t WHERE traffic_day.channel = t.channel AND traffic_day.shop = t.shop"
        " AND traffic_day.day = t.day",
    ),
)


def in_order(nodes: Iterable[Node] = GRAPH) -> list[Node]:
    """The nodes so that each comes after those it reads.

    Raises:
        InvariantBroken: ``engine.graph_cycle`` or ``engine.graph_unknown`` if the graph is not sound.
    """
    waiting = list(nodes)
    own = {node.table for node in waiting}
    for node in waiting:
        for name in node.reads:
            ensure(
                name in ALL,
                "engine.graph_unknown",
                _("{table} reads {name}, which is no table."),
                table=node.table,
                name=name,
            )
    ready: list[Node] = []
    while waiting:
        done = {node.table for node in ready}
        free = [node for node in waiting if own.intersection(node.reads) <= done]
        ensure(bool(free), "engine.graph_cycle", _("The derived tables read each other in a circle."))
        ready += free
        waiting = [node for node in waiting if node not in free]
    return ready


def compute(con: duckdb.DuckDBPyConnection, scope: Scope, progress: Progress = silent) -> None:
    """Replace the rows in ``scope`` of every derived table; the ``touched_…`` tables and ``owner`` say which they are."""
    nodes = sorted(in_order(), key=lambda node: node.dated)
    changes.begin(con)
    for position, node in enumerate(nodes):
        progress(node.table, position, len(nodes))
        if node.dated and not scope.full and not nodes[position - 1].dated:
            settle_days(con, zone=scope.zone, gap_seconds=scope.gap_seconds)
            con.execute(f"CREATE OR REPLACE TEMP TABLE touched_event AS {_touched_events()}")
        _replace(con, node, scope)
    progress("", len(nodes), len(nodes))


def _replace(con: duckdb.DuckDBPyConnection, node: Node, scope: Scope) -> None:
    if scope.full:
        con.execute(f"DELETE FROM {node.table}")
        order = " ORDER BY day" if node.by_day else ""
        con.execute(f"INSERT INTO {node.table} BY NAME SELECT * FROM ({_question(node, scope)}){order}")
        return
    table, gap = node.table, _gap(node, scope)
    # What goes and what comes lie side by side for a moment, so that the days of what differs can be noted.
    stale = node.stale.removeprefix("USING ")
    con.execute(f"CREATE OR REPLACE TEMP TABLE gone AS SELECT {table}.* FROM {table}, {stale}", gap)
    columns = ", ".join(f'"{name}"' for name in ALL[table].columns.names)
    con.execute(f"CREATE OR REPLACE TEMP TABLE came AS SELECT {columns} FROM ({_question(node, scope)})")
    con.execute(f"DELETE FROM {table} {node.stale}", gap)
    con.execute(f"INSERT INTO {table} BY NAME FROM came")
    changes.note(con, table, scope.zone)


def _gap(node: Node, scope: Scope) -> dict[str, int]:
    return {"gap": scope.gap_seconds * 1000} if "$gap" in node.stale else {}


@cache
def _question(node: Node, scope: Scope) -> str:
    """The expression as SQL; kept, because writing it takes longer than answering it for a small batch."""
    return compiled(node.expression(scope))


@cache
def _touched_events() -> str:
    return compiled(touched_events())
