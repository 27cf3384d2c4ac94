"""The one place that turns questions into queries.

A question is an Ibis expression over unbound tables of the contract, so that it knows neither connection nor dialect until
it is asked. Values in it are literals that Ibis quotes: nothing that a person typed is ever pasted into text.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Protocol

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from dujiang.engine.contract import ALL


class Answers(Protocol):
    """Where questions are asked: the engine, or a single connection in a test."""

    def read(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection that sees one committed state until it is closed."""
        ...


@cache
def table(name: str) -> ir.Table:
    """The contract's table ``name`` as an unbound Ibis table.

    >>> table("spend_day").columns[:2]
    ('channel', 'account')
    """
    return ibis.table(ibis.Schema.from_pyarrow(ALL[name].columns), name=name)


def compiled(question: ir.Expr) -> str:
    """The question as a query of the engine's dialect."""
    return str(ibis.to_sql(question, dialect="duckdb"))


def ask(connection: duckdb.DuckDBPyConnection, question: ir.Table | str) -> pa.Table:
    """The answer to a question, or to what :func:`compiled` made of it."""
    query = question if isinstance(question, str) else compiled(question)
    return connection.sql(query).to_arrow_table()
