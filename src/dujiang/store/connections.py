"""Connections to SQLite and PostgreSQL that keep the promise: what is committed is on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.store.keyring import sync_folder

BUSY_SECONDS: Final = 30
"""How long a writer waits for another before it gives up."""

_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_SECONDS * 1000}",
    "trusted_schema = OFF",
    "mmap_size = 0",
)


def checked_url(url: str) -> URL:
    """``url`` as an address of SQLite or PostgreSQL.

    Raises:
        InvalidInput: ``store.bad_url``.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    known = ("sqlite", "postgresql", "postgresql+psycopg")
    if parsed is None or parsed.drivername not in known or parsed.database in (None, "", ":memory:"):
        sentence = _("The store address is not one of SQLite (sqlite:///file) or PostgreSQL (postgresql+psycopg://…).")
        raise InvalidInput("store.bad_url", sentence)
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


def open_engine(url: URL) -> Engine:
    """An engine whose transactions begin as :func:`begin_write` and :func:`begin_read` say."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(Path(str(url.database)), url)
    return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=16, hide_parameters=True)


def _open_sqlite(file: Path, url: URL) -> Engine:
    file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not file.exists()
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True)  # values stay out of every log
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    if is_new:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        sync_folder(file.parent)
    return engine


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get("dujiang_writes"))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(not writes)}")
    # A writer takes the lock at once: upgrading a reader later fails when another has written meanwhile.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def begin_write(engine: Engine) -> Connection:
    """A connection whose transaction may write."""
    return engine.connect().execution_options(dujiang_writes=True)


def begin_read(engine: Engine) -> Connection:
    """A connection that sees one moment of the database and cannot write."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def serialise(tx: Connection, name: str = "store") -> None:
    """Let no other transaction that serialises on ``name`` proceed until this one ends.

    SQLite has one writer anyway; on PostgreSQL it is an advisory lock. Rows numbered or chained under it are committed in
    the order of their numbers, so that a reader never finds a gap that is filled later.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"dujiang {name}"})
