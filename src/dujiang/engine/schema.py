"""The contract as DuckDB tables and as Ibis tables, and a fingerprint of what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Final

import duckdb
import ibis
import pyarrow as pa

from dujiang.engine.contract import ALL, DERIVED, Table
from dujiang.foundation.facts import IDENTIFIERS, MOMENT
from dujiang.foundation.ids import new_id

_TYPES: Final[dict[pa.DataType, str]] = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    MOMENT: "TIMESTAMPTZ",
    pa.list_(pa.string()): "VARCHAR[]",
    IDENTIFIERS: 'STRUCT("type" VARCHAR, "node" BIGINT)[]',
}

_OWN_TABLES: Final = (
    'engine_state ("name" VARCHAR, "value" VARCHAR)',
    "loaded_part (family VARCHAR, first_seq BIGINT, last_seq BIGINT, batch VARCHAR)",
    "identifier_rule (type VARCHAR, rank BIGINT, joins BOOLEAN, linked BOOLEAN, device BOOLEAN)",
    "segment_change (segment VARCHAR, person BIGINT, entered BOOLEAN, since TIMESTAMPTZ, filled BOOLEAN)",
    'day_change (nth BIGINT, mark VARCHAR, "table" VARCHAR, "column" VARCHAR, "day" DATE)',
    "pending_node (node BIGINT, since TIMESTAMPTZ)",
    "pending_order (order_key BIGINT)",
    "pending_conversation (key BIGINT)",
    "pending_spend (channel VARCHAR, account VARCHAR, day DATE)",
    "pending_traffic (channel VARCHAR, shop VARCHAR, day DATE)",
)
PENDING: Final = ("pending_node", "pending_order", "pending_conversation", "pending_spend", "pending_traffic")
"""What facts touched that came or went since the last refresh."""


def create_tables(con: duckdb.DuckDBPyConnection, tables: Iterable[Table] = tuple(ALL.values())) -> None:
    """Create the ``tables`` that do not exist yet, empty.

    They carry no primary key and no unique index: the refresh keeps keys unique, and an index would slow every load.
    """
    for table in tables:
        columns = ", ".join(f'"{field.name}" {_TYPES[field.type]}' for field in table.columns)
        con.execute(f'CREATE TABLE IF NOT EXISTS "{table.name}" ({columns})')


def create_own_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create what the engine keeps for itself: its state, what is loaded, and what a refresh still has to do."""
    for table in _OWN_TABLES:
        con.execute(f"CREATE TABLE IF NOT EXISTS {table}")


@cache
def ibis_table(name: str) -> ibis.Table:
    """The contract's table ``name`` as an Ibis table that belongs to no connection.

    Raises:
        KeyError: the contract has no such table.
    """
    return ibis.table(ibis.Schema.from_pyarrow(ALL[name].columns), name=name)


def next_mark(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """The mark of the state so far (empty for a new file), and the one that is now set: no two states share one."""
    rows = con.execute('SELECT "value" FROM engine_state WHERE "name" = \'mark\'').fetchall()
    before, after = rows[0][0] if rows else "", new_id("state")
    con.execute("DELETE FROM engine_state WHERE \"name\" = 'mark'")
    con.execute("INSERT INTO engine_state VALUES ('mark', ?)", [after])
    return before, after


def keep_note(con: duckdb.DuckDBPyConnection, note: str) -> None:
    """Keep what has to be told of the state that is about to be committed, in place of what an earlier one left."""
    con.execute("DELETE FROM engine_state WHERE \"name\" = 'note'")
    if note:
        con.execute("INSERT INTO engine_state VALUES ('note', ?)", [note])


def kept_note(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """The mark of the state and what has to be told of it; empty where nothing has."""
    found = con.execute('SELECT "name", "value" FROM engine_state WHERE "name" IN (\'mark\', \'note\')').fetchall()
    said = dict(found)
    return said.get("mark", ""), said.get("note", "")


def layout() -> str:
    """A hash of the contract: a file written under another one has to be rebuilt."""
    digest = hashlib.sha256()
    for name, table in sorted(ALL.items()):
        digest.update(f"{name}:{table.columns}".encode())
    digest.update(repr(_OWN_TABLES).encode())
    return digest.hexdigest()[:16]


def fingerprint(con: duckdb.DuckDBPyConnection, tables: Iterable[str] = tuple(DERIVED)) -> dict[str, tuple[int, int]]:
    """Rows and a hash of all rows of each table; equal exactly when the tables hold the same rows.

    The hash adds up the hashes of the rows, so that it does not depend on the order in which rows lie in the file.
    """
    return {name: _fingerprint(con, name) for name in tables}


def _fingerprint(con: duckdb.DuckDBPyConnection, name: str) -> tuple[int, int]:
    columns = ", ".join(f'"{column}"' for column in ALL[name].columns.names)
    question = f'SELECT count(*), coalesce(sum(hash({columns})::HUGEINT % 1000000007), 0) FROM "{name}"'
    ((rows, total),) = con.execute(question).fetchall()
    return int(rows), int(total)


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of ``relation``, a table or a question in brackets."""
    # Fetched to the end: an open result would bar the connection from the next question.
    ((rows,),) = con.execute(f"SELECT count(*) FROM {relation}").fetchall()
    return int(rows)
