"""The store's database: opened, migrated to the newest form, and used through two kinds of transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from dujiang.store import migrations
from dujiang.store.connections import BUSY_SECONDS, begin_read, begin_write, checked_url, open_engine
from dujiang.store.faults import as_error, fault_of


class Database:
    """The store. Safe to use from several threads; several processes may open the same one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect: str = engine.dialect.name
        """``sqlite`` or ``postgresql``."""
        self._writer = threading.Lock()
        self._broken = False

    @classmethod
    def open(cls, url: str) -> Database:
        """The database at ``url`` (``sqlite:///…/dujiang.db`` or ``postgresql+psycopg://…``), migrated to the newest form.

        Raises:
            InvalidInput: ``store.bad_url``.
            Conflict: ``store.newer`` if a newer Dujiang has migrated it.
            Unavailable: ``store.unreachable``, ``store.busy`` or ``store.full``.
            InvariantBroken: ``store.broken``.
        """
        database = cls(open_engine(checked_url(url)))
        try:
            with database._translated():
                migrations.upgrade(database.engine)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def folder(self) -> Path | None:
        """Where its file lies; None for a database server."""
        return Path(str(self.engine.url.database)).parent if self.dialect == "sqlite" else None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that may write: committed and on disk when the block ends, undone if it raises.

        On SQLite one writer works at a time. A transaction inside another of the same thread waits for itself and fails
        with ``store.busy``; pass the connection on instead.

        Raises:
            Unavailable: ``store.busy``, ``store.full`` or ``store.unreachable``.
            InvariantBroken: ``store.broken``; from then on every transaction is refused until the store is opened again.
        """
        if self._broken:
            raise as_error("broken")
        with self._turn(), self._translated(), begin_write(self.engine) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the store and cannot write."""
        with self._translated(), begin_read(self.engine) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        # Threads queue here instead of polling SQLite's file lock.
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            raise as_error("busy")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            fault = fault_of(error)
            if fault == "other":
                raise
            # After a failed fsync the pages count as clean: trying again would lie. So the first error ends the writing.
            self._broken = self._broken or fault == "broken"
            raise as_error(fault) from None
        except OverflowError:  # SQLite's driver, of a number beyond 64 bits
            raise as_error("value") from None
