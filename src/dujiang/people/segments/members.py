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
import numpy as np
import pyarrow as pa

from dujiang.engine.columns import NOBODY, Whole
from dujiang.people.conditions import Condition, leaves
from dujiang.people.segments.crowd import Crowd, combined, name_of

MASKS_AT_ONCE: Final = 50_000_000
"""Segments times persons that are computed together: what keeps memory within bounds."""

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
    SELECT segment, person, min(since) AS since
    FROM ({recorded}) SEMI JOIN segment_asked USING (segment) {scope} GROUP BY ALL
"""
_OLD: Final = """
    CREATE OR REPLACE TEMP TABLE segment_old AS FROM segment_member SEMI JOIN segment_asked USING (segment) {scope}
"""
_NEXT: Final = """
    CREATE OR REPLACE TEMP TABLE segment_next AS
    SELECT segment, person, coalesce(recorded.since, old.since, $now) AS since
    FROM segment_now
    LEFT JOIN segment_recorded AS recorded USING (segment, person) LEFT JOIN segment_old AS old USING (segment, person)
"""
_GO: Final = """
    DELETE FROM segment_member USING (FROM segment_old ANTI JOIN segment_next USING (segment, person, since)) AS gone
    WHERE segment_member.segment = gone.segment AND segment_member.person = gone.person
"""
_COME: Final = "INSERT INTO segment_member FROM segment_next ANTI JOIN segment_old USING (segment, person, since)"
_FORGET: Final = """
    DELETE FROM segment_change WHERE segment IN (SELECT segment FROM segment_asked) {scope}
"""
_ENTERED: Final = """
    INSERT INTO segment_change
    SELECT segment, person, true, coalesce(old.since, $now), filled
    FROM (FROM segment_now ANTI JOIN segment_recorded USING (segment, person)) JOIN segment_asked USING (segment)
    LEFT JOIN segment_old AS old USING (segment, person)
"""
_LEFT: Final = """
    INSERT INTO segment_change
    SELECT segment, person, false, $now, filled
    FROM (FROM segment_recorded ANTI JOIN segment_now USING (segment, person)) JOIN segment_asked USING (segment)
"""


def renew(
    con: duckdb.DuckDBPyConnection,
    trees: Mapping[str, Condition],
    crowd: Crowd,
    now: datetime,
    *,
    among: str = "",
    filled: Sequence[str] = (),
) -> None:
    """Compute the members of ``trees`` (expanded, by the name of their segment) again.

    Args:
        con: the writing connection.
        trees: which segments.
        crowd: whom to look at.
        now: the moment of the refresh.
        among: the temporary table ``person`` of whom something changed, gone persons too; empty for everybody.
        filled: segments that are new or were defined anew: who enters or leaves them did nothing for it.
    """
    names = list(trees)
    at_once = max(1, MASKS_AT_ONCE // max(1, len(crowd.persons)))
    for first in range(0, len(names), at_once):
        some = {name: trees[name] for name in names[first : first + at_once]}
        masks = crowd.masks(con, {name_of(one): one for tree in some.values() for one in leaves(tree)})
        members = {name: crowd.persons[combined(tree, masks)] for name, tree in some.items()}
        _settle(con, members, now, list(filled), among)


def forget(con: duckdb.DuckDBPyConnection, names: Sequence[str], now: datetime) -> None:
    """Take segments away that are defined no more."""
    _settle(con, dict.fromkeys(names, NOBODY), now, list(names), "")


def _settle(
    con: duckdb.DuckDBPyConnection, members: Mapping[str, Whole], now: datetime, filled: list[str], among: str
) -> None:
    """Put ``members`` in the place of what was there, and note what is to be recorded."""
    _hand_over(con, members, filled)
    scope = f"SEMI JOIN {among} USING (person)" if among else ""
    con.execute(_RECORDED_NOW.format(recorded=recorded(among), scope=scope))
    con.execute(_OLD.format(scope=scope))
    con.execute(_NEXT, {"now": now})
    con.execute(_GO)
    con.execute(_COME)
    con.execute(_FORGET.format(scope=f"AND person IN (SELECT person FROM {among})" if among else ""))
    con.execute(_ENTERED, {"now": now})
    con.execute(_LEFT, {"now": now})


def _hand_over(con: duckdb.DuckDBPyConnection, members: Mapping[str, Whole], filled: list[str]) -> None:
    """The temporary tables ``segment_asked`` (``segment``, ``filled``) and ``segment_now`` (``segment``, ``person``)."""
    names = pa.array(list(members), pa.string())
    counts = [len(persons) for persons in members.values()]
    segments = pa.DictionaryArray.from_arrays(np.repeat(np.arange(len(members), dtype=np.int32), counts), names)
    persons = np.concatenate([NOBODY, *members.values()])
    tables = {
        "segment_asked": pa.table({"segment": names, "filled": pa.array([name in filled for name in members])}),
        "segment_now": pa.table({"segment": segments, "person": persons}),
    }
    for name, table in tables.items():
        con.register("segment_given", table)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT CAST(segment AS VARCHAR) AS segment, * EXCLUDE (segment)"
            " FROM segment_given"
        )
        con.unregister("segment_given")
