"""The one DuckDB file that holds the answers: who may read it, who may write it, and what happens when it is damaged.

One process owns the file. It is opened without access to anything outside it and with its configuration locked, so no
question can reach files or the network. There is one writer at a time; readers see the last committed state meanwhile.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import ibis
import pyarrow as pa

from dujiang.engine.contract import ALL
from dujiang.engine.gate import Gate
from dujiang.engine.question import ask, bounded
from dujiang.engine.schema import create_own_tables, create_tables, ibis_table, layout
from dujiang.foundation.errors import Conflict, DujiangError, InvalidInput, InvariantBroken, NotFound, Unavailable
from dujiang.foundation.i18n import _

_DAMAGE: Final = (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
_DAMAGE_WORDS: Final = (
    "corrupt", "checksum", "not a valid duckdb", "failed to replay", "failure while replaying", "enough bytes",
)  # fmt: skip


class EngineDamaged(InvariantBroken):
    """The engine's file cannot be read; nothing is lost, but the answers have to be rebuilt."""


class Engine:
    """The answers' database.

    Attributes:
        file: where it lies.
        rebuild_reason: why it is empty and has to be rebuilt: ``new``, ``damaged`` or ``outdated`` (written by another
            version of Dujiang); None when it holds what the last refresh left.
    """

    def __init__(self, file: Path, *, memory_mb: int, threads: int) -> None:
        self.file, self._memory_mb, self._threads = file, memory_mb, threads
        self._gate = Gate()
        self._writing = threading.RLock()
        self.rebuild_reason: str | None = None
        self._con = self._open_or_renew()
        self._writer = self._con.cursor()

    @classmethod
    def open(cls, file: Path, *, memory_mb: int = 4096, threads: int = 0) -> Engine:
        """Open ``file``; a new one is made where there is none, where it is damaged, or where it is of another version.

        Args:
            file: the DuckDB file.
            memory_mb: memory that DuckDB may use before it spills to disk.
            threads: 0 for one per processor.

        Raises:
            Conflict: ``engine.in_use`` while another process has it open.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        return cls(file, memory_mb=memory_mb, threads=threads)

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection on which every question sees the same committed state."""
        with self._gate.inside(), _translated():
            cursor = self._con.cursor()
            try:
                cursor.begin()
                yield cursor
            finally:
                cursor.close()

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The writing connection inside a transaction, which commits unless the block raises."""
        with self._writing, self._gate.inside(), _translated():
            self._writer.begin()
            try:
                yield self._writer
                self._writer.commit()
            except BaseException:
                _roll_back(self._writer)
                raise

    def table(self, name: str) -> ibis.Table:
        """The contract's table ``name`` for Ibis expressions; run them with :meth:`query`.

        Raises:
            NotFound: ``engine.no_table``.
        """
        if name not in ALL:
            sentence = _("There is no table {name}. The tables are listed in the engine's contract.")
            raise NotFound("engine.no_table", sentence, name=name)
        return ibis_table(name)

    def query(self, expression: ibis.Table, *, seconds_max: float = 120.0) -> pa.Table:
        """The rows that ``expression`` (over tables of :meth:`table`) asks for.

        Args:
            expression: an Ibis table expression.
            seconds_max: how long it may take.

        Raises:
            Unavailable: ``engine.too_long`` or ``engine.memory``.
        """
        with bounded(self, seconds_max) as con:
            return ask(con, expression)

    def checkpoint(self) -> None:
        """Move what was committed from the log into the file."""
        with self._writing, self._gate.inside(), _translated():
            try:
                self._writer.execute("CHECKPOINT")
            except duckdb.TransactionException:
                return  # a reader holds an older state; the next checkpoint takes it along

    def replace(self, build: Callable[[Engine], None], *, seconds_max: float = 120.0) -> None:
        """Fill a new file with ``build`` and put it in place of this one, at once for everyone who reads.

        A process killed in the middle leaves the file as it was. Readers keep the old state until the new one is complete.

        Raises:
            Unavailable: ``engine.busy`` if readers did not finish within ``seconds_max``; the old file stays.
        """
        fresh = self.file.with_name(self.file.name + ".new")
        with self._writing:
            _remove(fresh)
            other = Engine.open(fresh, memory_mb=self._memory_mb, threads=self._threads)
            try:
                build(other)
                other.checkpoint()
            except BaseException:
                other.close()
                _remove(fresh)
                raise
            other.close()
            with self._gate.alone(seconds_max):
                self._swap(fresh)
            self.rebuild_reason = None

    def set_aside(self) -> None:
        """Put the file aside as damaged and go on with an empty one."""
        with self._writing, self._gate.alone(120.0):
            self._shut()
            _put_aside(self.file)
            self._con = self._open_or_renew()
            self._writer = self._con.cursor()
            self.rebuild_reason = "damaged"

    def close(self) -> None:
        """Close the file; reading and writing are over."""
        with self._writing:
            self._shut()

    def _shut(self) -> None:
        self._writer.close()
        self._con.close()

    def _swap(self, fresh: Path) -> None:
        self._shut()  # closing checkpoints, so that no log of the old file is left to be replayed into the new one
        _log(self.file).unlink(missing_ok=True)
        fresh.replace(self.file)
        self._con = self._open_or_renew()
        self._writer = self._con.cursor()

    def _open_or_renew(self) -> duckdb.DuckDBPyConnection:
        self.rebuild_reason = None if self.file.exists() else "new"
        try:
            return self._connect()
        except _Outdated:
            self.rebuild_reason = "outdated"
            _remove(self.file)
        except duckdb.Error as error:
            if "could not set lock" in str(error).lower():
                sentence = _("The engine is in use by another process. Stop the other one, then try again.")
                raise Conflict("engine.in_use", sentence) from None
            self.rebuild_reason = "damaged"
            _put_aside(self.file)
        return self._connect()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect(
            self.file,
            config={
                "enable_external_access": "false",
                "memory_limit": f"{self._memory_mb}MiB",
                "threads": self._threads or os.cpu_count() or 1,
                "temp_directory": str(self.file.with_name(self.file.name + ".spill")),
                "preserve_insertion_order": "false",
            },
        )
        try:
            con.execute("SET GLOBAL TimeZone = 'UTC'")
            con.execute("SET GLOBAL lock_configuration = true")
            self._prepare(con)
        except BaseException:
            con.close()
            raise
        return con

    def _prepare(self, con: duckdb.DuckDBPyConnection) -> None:
        create_own_tables(con)
        found = con.execute('SELECT "value" FROM engine_state WHERE "name" = \'layout\'').fetchone()
        if found is None:
            con.execute("INSERT INTO engine_state VALUES ('layout', ?)", [layout()])
        elif found[0] != layout():
            raise _Outdated
        create_tables(con)


class _Outdated(Exception):
    """The file was written under another contract."""


@contextmanager
def _translated() -> Iterator[None]:
    """DuckDB's errors as ours; its texts, which quote queries and paths, stay inside."""
    try:
        yield
    except duckdb.Error as error:
        raise _as_ours(error) from error


def _as_ours(error: duckdb.Error) -> DujiangError:
    words = str(error).lower()
    if isinstance(error, _DAMAGE) or any(word in words for word in _DAMAGE_WORDS):
        sentence = _("The engine's file is damaged. Nothing is lost: run dujiang rebuild to compute the answers again.")
        return EngineDamaged("engine.damaged", sentence)
    if isinstance(error, duckdb.OutOfMemoryException):
        sentence = _("The question needs more memory than the engine may use. Ask for less, or raise engine.memory_mb.")
        return Unavailable("engine.memory", sentence)
    if isinstance(error, duckdb.InterruptException):
        return Unavailable(
            "engine.too_long", _("The question took too long and was stopped. Ask for a shorter period.")
        )
    if isinstance(error, duckdb.IOException):
        return Unavailable("engine.disk", _("The engine cannot use its disk. Check free space, then try again."))
    if isinstance(error, duckdb.DataError):
        sentence = _("A value is outside what the engine can compute with. Check the numbers in the question.")
        return InvalidInput("engine.value", sentence)
    return InvariantBroken("engine.failed", _("The engine could not answer. Run dujiang doctor to see what is wrong."))


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    try:
        con.rollback()
    except duckdb.Error:
        return  # a fatal error has ended the transaction already


def _log(file: Path) -> Path:
    return file.with_name(file.name + ".wal")


def _remove(file: Path) -> None:
    for part in (file, _log(file)):
        part.unlink(missing_ok=True)
    shutil.rmtree(file.with_name(file.name + ".spill"), ignore_errors=True)


def _put_aside(file: Path) -> None:
    """Keep one damaged copy for whoever wants to look into it."""
    for part in (file, _log(file)):
        if part.exists():
            part.replace(part.with_name(part.name + ".damaged"))
