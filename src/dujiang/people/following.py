"""What followers of a refresh keep for themselves: a line of the engine's state."""

from __future__ import annotations

import duckdb


def remembered(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """What :func:`remember` kept under ``name``; empty where it kept nothing."""
    # Fetched to the end: an open result would bar the connection from the next question.
    rows = con.execute('SELECT "value" FROM engine_state WHERE "name" = ?', [name]).fetchall()
    return rows[0][0] if rows else ""


def remember(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Keep ``value`` under ``name`` instead of what was there."""
    con.execute('DELETE FROM engine_state WHERE "name" = ?', [name])
    con.execute("INSERT INTO engine_state VALUES (?, ?)", [name, value])
