"""Named positions: how far something was read, and how many numbers were given out."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dujiang.store.connections import serialise
from dujiang.store.tables import cursor

JOURNAL_CURSOR: Final = "journal"
"""How far the journal was loaded; held against the journal's end when it is opened."""

ARCHIVE_CURSOR: Final = "archive"
"""The last number given to a fact."""

WATCH_CURSOR: Final = "identity_watch"
"""The last fact whose joins the circuit breaker has judged."""


def cursor_value(rx: Connection, name: str) -> int:
    """The value of a cursor; 0 where it was never set."""
    return rx.execute(select(cursor.c.value).where(cursor.c.name == name)).scalar() or 0


def set_cursor_value(tx: Connection, name: str, value: int) -> None:
    """Set a cursor."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = insert(cursor).values(name=name, value=value)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def advance_cursor(tx: Connection, name: str, by: int) -> int:
    """Move a cursor on by ``by``; its value before. Two transactions never get the same numbers."""
    serialise(tx)
    before = cursor_value(tx, name)
    if tx.execute(update(cursor).where(cursor.c.name == name).values(value=before + by)).rowcount == 0:
        set_cursor_value(tx, name, before + by)
    return before
