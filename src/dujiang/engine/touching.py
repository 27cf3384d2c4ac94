"""What a refresh has to compute again: from what facts touched, to the persons, orders and days behind it.

Facts name nodes; identity says whose they are, before and after. A node that changes hands takes its whole history along,
from the first moment it was seen; a person whose nodes stay is computed again only from the earliest fact that came or went.
"""

from __future__ import annotations

from typing import Final

import duckdb
import pyarrow as pa

NEVER: Final = "TIMESTAMPTZ '9999-01-01 00:00:00+00'"
"""The moment from which nothing of what somebody did has changed."""

_NODES: Final = "SELECT node, min(since) AS since FROM pending_node GROUP BY node"

# ── whose are they, before and after ────────────────────────────────────────────────────────────────────────────────
_BEFORE: Final = """
    SELECT node, person, from_at, to_at FROM person_node
    WHERE person IN (SELECT person FROM asked_person) OR node IN (SELECT node FROM asked_node)
"""
_AFTER: Final = "SELECT node, person, from_at, to_at FROM person_node SEMI JOIN touched_person USING (person)"

# A node that had an owner before, and has another one, or in another time.
_MOVED: Final = """
    SELECT DISTINCT node FROM (
        (FROM owner_before EXCEPT FROM owner_after)
        UNION ALL
        (FROM (FROM owner_after SEMI JOIN owner_before USING (node)) EXCEPT FROM owner_before)
    )
"""
_SINCE: Final = f"""
    WITH moved AS ({_MOVED}), moment AS (
        SELECT node, since FROM touched_node
        UNION ALL
        SELECT node, first_at FROM moved JOIN identifier USING (node)
    ), owner AS (FROM owner_before UNION ALL FROM owner_after)
    SELECT person, min(since) AS since FROM owner JOIN moment USING (node) GROUP BY person
    UNION ALL
    SELECT person, {NEVER} FROM touched_person
"""

# ── orders and conversations that are touched, and through them persons ─────────────────────────────────────────────
# Facts of an order touch whoever may own it; a touched person in turn touches the orders owned so far. No more is needed:
# when a node changes hands, both hands are touched.
_ORDER_FACTS: Final = " UNION ALL ".join(
    f"SELECT order_key, anchor FROM {name}" for name in ("fact_order", "fact_order_line", "fact_refund")
)
_ORDER_OWNERS: Final = f"""
    INSERT INTO since
    SELECT DISTINCT person, {NEVER} FROM (FROM ({_ORDER_FACTS}) SEMI JOIN touched_order USING (order_key))
    JOIN person_node ON node = anchor
    UNION
    SELECT person, {NEVER} FROM orders SEMI JOIN touched_order USING (order_key) WHERE person IS NOT NULL
"""
_ORDERS_OF_OWNERS: Final = """
    INSERT INTO touched_order
    SELECT order_key FROM orders SEMI JOIN touched USING (person)
    UNION
    SELECT order_key FROM refunds SEMI JOIN touched USING (person)
"""
_CONVERSATION_OWNERS: Final = f"""
    INSERT INTO since
    SELECT DISTINCT person, {NEVER} FROM (FROM fact_conversation SEMI JOIN touched_conversation USING (key))
    JOIN person_node ON node = anchor
    UNION
    SELECT person, {NEVER} FROM conversation WHERE person IS NOT NULL
        AND conversation_key IN (SELECT key FROM touched_conversation)
"""
_CONVERSATIONS_OF_OWNERS: Final = """
    INSERT INTO touched_conversation
    SELECT conversation_key FROM conversation SEMI JOIN touched USING (person)
"""

# ── from when on ────────────────────────────────────────────────────────────────────────────────────────────────────
_REMEMBERED: Final = {
    "orders": "FROM orders SEMI JOIN touched_order USING (order_key)",
    "conversation": "FROM conversation WHERE conversation_key IN (SELECT key FROM touched_conversation)",
}
# Whoever gained, lost or changed an order counts again from its day on, whichever fact said when and whichever said whose.
_CHANGED: Final = """
    INSERT INTO since SELECT person, min("at") FROM (
        (FROM {table}_before EXCEPT {now}) UNION ALL ({now} EXCEPT FROM {table}_before)
    ) WHERE person IS NOT NULL AND "at" IS NOT NULL GROUP BY person
"""
_TOUCHED: Final = "SELECT person, min(since) AS since, CAST(NULL AS DATE) AS day FROM since GROUP BY person"
_OWNER: Final = "SELECT node, person, from_at, to_at FROM person_node SEMI JOIN touched USING (person)"
_VISITS: Final = f"""
    SELECT visit.person, channel, least(min(started_at), any_value(since)) AS cut
    FROM visit JOIN touched USING (person)
    WHERE since < {NEVER} AND ended_at >= since - to_milliseconds($gap)
    GROUP BY ALL
"""
_DAYS: Final = f"""
    CREATE OR REPLACE TEMP TABLE touched AS
    SELECT person, since, CAST(timezone($zone, least(since, coalesce(cut, {NEVER}))) AS DATE) AS day
    FROM touched LEFT JOIN (SELECT person, min(cut) AS cut FROM touched_visit GROUP BY person) USING (person)
"""

_DIRECT: Final = {
    "touched_order": "SELECT DISTINCT order_key FROM pending_order",
    "touched_conversation": "SELECT DISTINCT key FROM pending_conversation",
    "touched_spend": "SELECT DISTINCT channel, coalesce(account, '') AS account, day FROM pending_spend",
    "touched_traffic": "SELECT DISTINCT channel, coalesce(shop, '') AS shop, day FROM pending_traffic",
}


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``touched_node``, which identity reads, and ``touched_person``, which it fills."""
    _make(con, "touched_node", _NODES)
    con.execute("CREATE OR REPLACE TEMP TABLE touched_person (person BIGINT)")


def touch_everything(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``owner`` everybody's."""
    _forget_owner(con)
    con.execute("CREATE TEMP VIEW owner AS SELECT node, person, from_at, to_at FROM person_node")


def touch(con: duckdb.DuckDBPyConnection, before: duckdb.DuckDBPyConnection) -> None:
    """Fill the ``touched_…`` tables and ``owner`` after identity has decided.

    Args:
        con: the writing connection.
        before: a connection that still sees the state before this refresh.
    """
    for name, question in _DIRECT.items():
        _make(con, name, question)
    _make(con, "owner_after", _AFTER)
    con.register("found", _owners_before(con, before))
    _make(con, "owner_before", "FROM found")
    con.unregister("found")
    _make(con, "since", _SINCE)
    con.execute(_ORDER_OWNERS)
    con.execute(_CONVERSATION_OWNERS)
    _make(con, "touched", _TOUCHED)
    _forget_owner(con)
    _make(con, "owner", _OWNER)
    con.execute(_ORDERS_OF_OWNERS)
    con.execute(_CONVERSATIONS_OF_OWNERS)
    for name, question in _REMEMBERED.items():
        _make(con, f"{name}_before", question)


def settle_days(con: duckdb.DuckDBPyConnection, *, zone: str, gap_seconds: int) -> None:
    """Say from which moment and day on each touched person is computed, once orders and conversations are."""
    for name, now in _REMEMBERED.items():
        con.execute(_CHANGED.format(table=name, now=now))
    _make(con, "touched", _TOUCHED)
    con.execute(f"CREATE OR REPLACE TEMP TABLE touched_visit AS {_VISITS}", {"gap": gap_seconds * 1000})
    con.execute(_DAYS, {"zone": zone})


def touched_since(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The touched persons, and since when their events may have changed: :data:`NEVER` where only other things have."""
    return con.sql("SELECT person, since FROM touched").to_arrow_table()


def _owners_before(con: duckdb.DuckDBPyConnection, before: duckdb.DuckDBPyConnection) -> pa.Table:
    before.register("asked_person", con.sql("FROM touched_person").to_arrow_table())
    before.register("asked_node", con.sql("SELECT node FROM owner_after").to_arrow_table())
    found = before.sql(_BEFORE).to_arrow_table()
    before.unregister("asked_person")
    before.unregister("asked_node")
    return found


def _make(con: duckdb.DuckDBPyConnection, table: str, question: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {question}")


def _forget_owner(con: duckdb.DuckDBPyConnection) -> None:
    """Drop ``owner``, which is a view when everything is computed, and a table otherwise."""
    kind = con.execute("SELECT table_type FROM information_schema.tables WHERE table_name = 'owner'").fetchone()
    if kind:
        con.execute("DROP VIEW owner" if kind[0] == "VIEW" else "DROP TABLE owner")
