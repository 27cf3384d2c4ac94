"""Who the facts name: every identifier, and every two that one fact states together."""

from __future__ import annotations

from typing import Final

import duckdb

from dujiang.engine.contract import FACTS

MOVED_NAMES: Final = "moved_name"
"""Temporary table of facts that came or went: ``seq``, ``source``, ``moment``, ``identifiers``."""

NO_NAMES: Final = """SELECT seq, source, "at" AS moment, identifiers FROM fact_event LIMIT 0"""

_FACTS: Final = " UNION ALL ".join(
    f"""SELECT seq, source, coalesce("at", received_at) AS moment, identifiers FROM {table.name}"""
    for table in FACTS.values()
)
_SINGLE: Final = """
    SELECT seq, source, moment, named.node AS node, named.type AS type
    FROM (SELECT seq, source, moment, unnest(identifiers) AS named FROM ({facts}))
"""
_PAIRED: Final = """
    SELECT seq, source, moment, one.node AS a, other.node AS b, one.type AS a_type, other.type AS b_type
    FROM (
        SELECT seq, source, moment, one, unnest(identifiers) AS other
        FROM (
            SELECT seq, source, moment, identifiers, unnest(identifiers) AS one
            FROM ({facts}) WHERE len(identifiers) > 1
        )
    )
    WHERE one.node < other.node
        AND one.type IN (SELECT type FROM identifier_rule WHERE linked)
        AND other.type IN (SELECT type FROM identifier_rule WHERE linked)
"""
_AS_IDENTIFIER: Final = """
    SELECT node, type, seq AS first_seq, moment AS first_at, moment AS last_at, 1 AS facts FROM ({rows})
"""
_IDENTIFIERS: Final = """
    SELECT node, min(type) AS type, min(first_seq) AS first_seq, min(first_at) AS first_at, max(last_at) AS last_at,
        CAST(sum(facts) AS BIGINT) AS facts
    FROM ({rows}) GROUP BY node
"""
_AS_LINK: Final = """
    SELECT a, b, a_type, b_type, source, seq AS first_seq, moment AS first_at, moment AS last_at, 1 AS facts
    FROM ({rows})
"""
_LINKS: Final = """
    SELECT a, b, min(a_type) AS a_type, min(b_type) AS b_type, min(first_seq) AS first_seq, min(first_at) AS first_at,
        max(last_at) AS last_at, CAST(sum(facts) AS BIGINT) AS facts, list(source ORDER BY source) AS sources
    FROM (
        SELECT a, b, min(a_type) AS a_type, min(b_type) AS b_type, source, min(first_seq) AS first_seq,
            min(first_at) AS first_at, max(last_at) AS last_at, sum(facts) AS facts
        FROM ({rows}) GROUP BY a, b, source
    ) GROUP BY a, b
"""
# A known link as one row for each of its sources; only the first of them carries the number of facts.
_KNOWN_LINKS: Final = """
    SELECT a, b, a_type, b_type, source, first_seq, first_at, last_at, if(source = sources[1], facts, 0) AS facts
    FROM (SELECT *, unnest(sources) AS source FROM link SEMI JOIN stale_link USING (a, b))
"""
_MOVED_SINGLE: Final = _SINGLE.format(facts=f"FROM {MOVED_NAMES}")
_MOVED_PAIRED: Final = _PAIRED.format(facts=f"FROM {MOVED_NAMES}")
_ALL_IDENTIFIERS: Final = _AS_IDENTIFIER.format(rows=_SINGLE.format(facts=_FACTS))
_ALL_LINKS: Final = _AS_LINK.format(rows=_PAIRED.format(facts=_FACTS))


def add_names(con: duckdb.DuckDBPyConnection) -> None:
    """Add what the facts in :data:`MOVED_NAMES`, which came, state to what is known."""
    _find_stale(con)
    known = "SELECT * FROM identifier SEMI JOIN stale_node USING (node)"
    _renew_identifiers(con, f"{_AS_IDENTIFIER.format(rows=_MOVED_SINGLE)} UNION ALL BY NAME {known}")
    _renew_links(con, f"{_AS_LINK.format(rows=_MOVED_PAIRED)} UNION ALL BY NAME {_KNOWN_LINKS}")


def forget_names(con: duckdb.DuckDBPyConnection) -> None:
    """Count again, from the facts that are left, what the facts in :data:`MOVED_NAMES`, which went, had stated."""
    _find_stale(con)
    _renew_identifiers(con, f"FROM ({_ALL_IDENTIFIERS}) SEMI JOIN stale_node USING (node)")
    _renew_links(con, f"FROM ({_ALL_LINKS}) SEMI JOIN stale_link USING (a, b)")


def rebuild_names(con: duckdb.DuckDBPyConnection) -> None:
    """Count all identifiers and links from all facts."""
    con.execute("DELETE FROM identifier")
    con.execute(f"INSERT INTO identifier BY NAME {_IDENTIFIERS.format(rows=_ALL_IDENTIFIERS)}")
    con.execute("DELETE FROM link")
    con.execute(f"INSERT INTO link BY NAME {_LINKS.format(rows=_ALL_LINKS)}")


def _find_stale(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE stale_node AS SELECT DISTINCT node FROM ({_MOVED_SINGLE})")
    con.execute(f"CREATE OR REPLACE TEMP TABLE stale_link AS SELECT DISTINCT a, b FROM ({_MOVED_PAIRED})")


def _renew_identifiers(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE renewed AS {_IDENTIFIERS.format(rows=rows)}")
    con.execute("DELETE FROM identifier WHERE node IN (SELECT node FROM stale_node)")
    con.execute("INSERT INTO identifier BY NAME FROM renewed")


def _renew_links(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE renewed AS {_LINKS.format(rows=rows)}")
    con.execute("DELETE FROM link USING stale_link WHERE link.a = stale_link.a AND link.b = stale_link.b")
    con.execute("INSERT INTO link BY NAME FROM renewed")
