"""Members of segments in the engine: who is in now, since when, and what has still to be recorded and announced.

``segment_member`` is derived. What it was is recorded as facts of the family ``membership``, against a node of the person, so
that merges carry it along and unmerges give it back. What was recorded and what is computed are compared at every refresh;
the difference waits in ``segment_change`` until it is recorded and announced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import duckdb

from dujiang.people.behaviour import AsOf
from dujiang.people.bound import Binder
from dujiang.people.conditions import Condition
from dujiang.people.segments.compile import Compiler, TagKinds, compiled_all
from dujiang.people.segments.sequences import found

AT_ONCE: Final = 50
"""Segments of one question: each is a column of it."""

_RECORDED: Final = """
    SELECT segment, coalesce(owner.person, told.node) AS person, told.node, told.since FROM (
        SELECT segment, node, arg_max(entered, seq) AS entered, arg_max("at", seq) AS since
        FROM fact_membership {only} GROUP BY segment, node
    ) AS told LEFT JOIN (SELECT node, person FROM person_node WHERE to_at IS NULL) AS owner ON owner.node = told.node
    WHERE told.entered
"""


def recorded(among: str = "") -> str:
    """Members as they were last recorded: ``segment``, ``person`` (whose the node is now), ``node`` and ``since``.

    Args:
        among: a table with the column ``person``; what was recorded of nodes that are none of theirs is passed over. Empty
            for everything.
    """
    if not among:
        return _RECORDED.format(only="")
    nodes = (
        f"SELECT node FROM person_node WHERE person IN (SELECT person FROM {among}) UNION SELECT person FROM {among}"
    )
    return _RECORDED.format(only=f"WHERE node IN ({nodes})")


_RECORDED_NOW: Final = """
    CREATE OR REPLACE TEMP TABLE segment_recorded AS
    SELECT segment, person, min(since) AS since FROM ({recorded})
    WHERE list_contains($segments, segment) {scope} GROUP BY ALL
"""
_OLD: Final = """
    CREATE OR REPLACE TEMP TABLE segment_old AS FROM segment_member WHERE list_contains($segments, segment) {scope}
"""
_RENEW: Final = """
    INSERT INTO segment_member
    SELECT segment, person, coalesce(recorded.since, old.since, $now)
    FROM segment_now
    LEFT JOIN segment_recorded AS recorded USING (segment, person) LEFT JOIN segment_old AS old USING (segment, person)
"""
_ENTERED: Final = """
    INSERT INTO segment_change
    SELECT segment, person, true, coalesce(old.since, $now), list_contains($filled, segment)
    FROM (FROM segment_now ANTI JOIN segment_recorded USING (segment, person))
    LEFT JOIN segment_old AS old USING (segment, person)
"""
_LEFT: Final = """
    INSERT INTO segment_change
    SELECT segment, person, false, $now, list_contains($filled, segment)
    FROM segment_recorded ANTI JOIN segment_now USING (segment, person)
"""


def renew(
    con: duckdb.DuckDBPyConnection,
    trees: Mapping[str, Condition],
    as_of: AsOf,
    tags: TagKinds,
    *,
    touched: bool,
    filled: Sequence[str] = (),
) -> None:
    """Compute the members of ``trees`` (expanded, by the name of their segment) again.

    Args:
        con: the writing connection.
        trees: which segments.
        as_of: the moment of the refresh.
        tags: tags that conditions may name.
        touched: only the persons in the temporary table ``touched``.
        filled: segments that are new or were defined anew: who enters or leaves them did nothing for it.
    """
    among = "segment_among" if touched else ""
    if touched:
        con.execute("CREATE OR REPLACE TEMP TABLE segment_among AS SELECT DISTINCT person FROM touched")
    names = list(trees)
    for first in range(0, len(names), AT_ONCE):
        some = {name: trees[name] for name in names[first : first + AT_ONCE]}
        _compute(con, some, as_of, tags, among)
        _settle(con, list(some), as_of.at, list(filled), among)


def forget(con: duckdb.DuckDBPyConnection, names: Sequence[str], now: datetime) -> None:
    """Take segments away that are defined no more."""
    con.execute("CREATE OR REPLACE TEMP TABLE segment_now (segment VARCHAR, person BIGINT)")
    _settle(con, list(names), now, list(names), "")


def _compute(
    con: duckdb.DuckDBPyConnection, trees: Mapping[str, Condition], as_of: AsOf, tags: TagKinds, among: str
) -> None:
    compiler = Compiler(as_of, tags, among)
    question = compiled_all(list(trees.values()), compiler)
    with found(con, compiler.sequences, as_of, among):
        question.into(con, "segment_wide")
    binder = Binder()
    members = (
        f"SELECT {binder.bind(name)} AS segment, person FROM segment_wide WHERE s{number}"
        for number, name in enumerate(trees)
    )
    binder.question(" UNION ALL ".join(members)).into(con, "segment_now")
    con.execute("DROP TABLE segment_wide")


def _settle(con: duckdb.DuckDBPyConnection, names: list[str], now: datetime, filled: list[str], among: str) -> None:
    """Put ``segment_now`` in the place of what was there, and note what is to be recorded."""
    scope = f"AND person IN (SELECT person FROM {among})" if among else ""
    asked = {"segments": names}
    con.execute(_RECORDED_NOW.format(recorded=recorded(among), scope=scope), asked)
    con.execute(_OLD.format(scope=scope), asked)
    for table in ("segment_member", "segment_change"):
        con.execute(f"DELETE FROM {table} WHERE list_contains($segments, segment) {scope}", asked)
    con.execute(_RENEW, {"now": now})
    con.execute(_ENTERED, {"now": now, "filled": filled})
    con.execute(_LEFT, {"now": now, "filled": filled})
