"""The one place that turns questions into queries.

A question is an Ibis expression over unbound tables of the contract, so that it knows neither connection nor dialect until
it is asked. Values in it are literals that Ibis quotes: nothing that a person typed is ever pasted into text.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import duckdb
import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.engine.schema import ibis_table

__all__ = [
    "Answers",
    "Column",
    "Persons",
    "Query",
    "Reader",
    "Rows",
    "ask",
    "ask_text",
    "bounded",
    "compiled",
    "days_given",
    "given",
    "given_before",
    "given_days",
    "keep",
    "kept",
    "mark",
    "table",
]

Rows: TypeAlias = Any
"""An Ibis table. Ibis's annotations do not tell one kind of column from another, so naming its class would say less."""

Column: TypeAlias = Any
"""An Ibis column or scalar."""


Persons: TypeAlias = npt.NDArray[np.int64]
"""Numbers of persons, sorted, each once."""


class Answers(Protocol):
    """Where questions are asked: the engine, or a single connection in a test."""

    def read(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection that sees one committed state until it is closed."""
        ...


def table(name: str) -> Rows:
    """The contract's table ``name``, bound to no connection.

    >>> table("spend_day").columns[:2]
    ('channel', 'account')
    """
    return ibis_table(name)


def given(connection: duckdb.DuckDBPyConnection | Reader, persons: Persons) -> Rows:
    """``persons`` as a table with the one column ``person``, for questions on ``connection``; the last given are known."""
    connection.register("given_persons", pa.table({"person": persons}))
    return given_before()


def given_before() -> Rows:
    """The persons last :func:`given` to the connection that a question is asked on."""
    return ibis.table({"person": "int64"}, name="given_persons")


def given_days(connection: duckdb.DuckDBPyConnection | Reader, days: Sequence[date]) -> None:
    """Give ``days`` to questions on ``connection`` about :func:`days_given`; the last given are known."""
    connection.register("given_days", pa.table({"day": pa.array(days, pa.date32())}))


def days_given() -> Rows:
    """The days last :func:`given_days` to the connection that a question is asked on, as a table with the column ``day``."""
    return ibis.table({"day": "date"}, name="given_days")


def kept(connection: duckdb.DuckDBPyConnection | Reader, question: Rows, name: str) -> Rows:
    """The answer to ``question`` as a table of ``connection`` alone, for several questions about the same rows.

    Args:
        name: of the table; one kept under it before is replaced.
    """
    if not isinstance(connection, duckdb.DuckDBPyConnection):
        connection.keep(name, question, {})
    else:
        keep(connection, name, compiled(question))
    return ibis.table(question.schema(), name=name)


def compiled(question: Rows | Column) -> str:
    """The question as a query of DuckDB's dialect."""
    return str(ibis.to_sql(question, dialect="duckdb"))


@dataclass(frozen=True, eq=False)
class Query:
    """A question that is asked again and again: writing it takes longer than answering it, so it is written once."""

    question: Rows

    @cached_property
    def text(self) -> str:
        """In DuckDB's dialect."""
        return compiled(self.question)


class Reader(Protocol):
    """A connection of another engine than DuckDB, which writes questions in its own dialect."""

    mark: str

    def ask(self, question: Rows, told: Mapping[str, date]) -> pa.Table:
        """The answer; ``told`` as in :func:`ask`."""
        ...

    def ask_text(self, text: str, values: Mapping[str, Any]) -> pa.Table:
        """The answer, as in :func:`ask_text`."""
        ...

    def keep(self, name: str, question: Rows | str, values: Mapping[str, Any]) -> None:
        """As in :func:`keep` and :func:`kept`."""
        ...

    def register(self, name: str, rows: pa.Table) -> None:
        """Make ``rows`` known as the table ``name``."""
        ...

    def view(self) -> Any:
        """The rows of its state for passes: a :class:`dujiang.engine.view.View`."""
        ...


def ask(
    connection: duckdb.DuckDBPyConnection | Reader, question: Rows | Query, told: Mapping[str, date] | None = None
) -> pa.Table:
    """The answer to a question.

    Args:
        told: days that the question leaves open, by the names of its variables: a query written once serves all periods.
    """
    query = question if isinstance(question, Query) else Query(question)
    if not isinstance(connection, duckdb.DuckDBPyConnection):
        return connection.ask(query.question, told or {})
    for name, day in (told or {}).items():
        connection.execute(f"SET VARIABLE {name} = ?", [day]).fetchall()
    return _in_64_bits(connection.sql(query.text).to_arrow_table())


def ask_text(
    connection: duckdb.DuckDBPyConnection | Reader, text: str, values: Mapping[str, Any] | None = None
) -> pa.Table:
    """The answer to a question in DuckDB's SQL, which other engines translate.

    Args:
        text: of this package.
        values: of its gaps (``$name``), by name.
    """
    if not isinstance(connection, duckdb.DuckDBPyConnection):
        return connection.ask_text(text, values or {})
    return _in_64_bits(connection.sql(text, params=dict(values or {})).to_arrow_table())


def keep(
    connection: duckdb.DuckDBPyConnection | Reader, name: str, text: str, values: Mapping[str, Any] | None = None
) -> None:
    """Keep the answer of :func:`ask_text` as the table ``name`` for later questions on ``connection``; the last one counts."""
    if not isinstance(connection, duckdb.DuckDBPyConnection):
        connection.keep(name, text, values or {})
    else:
        connection.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {text}', dict(values or {}))


def _in_64_bits(answer: pa.Table) -> pa.Table:
    """``answer`` without decimals: DuckDB sums whole numbers into 128 bits, which arrive as such."""
    return answer.cast(pa.schema([_whole(field) for field in answer.schema]))


def _whole(field: pa.Field) -> pa.Field:
    is_sum = pa.types.is_decimal(field.type) and field.type.scale == 0
    return field.with_type(pa.int64()) if is_sum else field


def mark(connection: duckdb.DuckDBPyConnection | Reader) -> str:
    """The mark of the state that the connection sees: it changes with every refresh; empty before the first."""
    if not isinstance(connection, duckdb.DuckDBPyConnection):
        return connection.mark
    found = connection.execute('SELECT "value" FROM engine_state WHERE "name" = \'mark\'').fetchall()
    return found[0][0] if found else ""


@contextmanager
def bounded(answers: Answers, seconds_max: float = 60.0) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reading connection whose questions are stopped after ``seconds_max`` together."""
    with answers.read() as connection:
        over = threading.Event()
        watch = threading.Thread(target=_interrupt, args=(connection, over, seconds_max), daemon=True)
        watch.start()
        try:
            yield connection
        finally:
            over.set()
            watch.join()


def _interrupt(connection: duckdb.DuckDBPyConnection, over: threading.Event, seconds: float) -> None:
    """Interrupt whatever runs after ``seconds``, again and again: an interrupt between two questions goes unheard."""
    over.wait(seconds)
    while not over.is_set():
        connection.interrupt()
        over.wait(0.02)
