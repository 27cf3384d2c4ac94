"""The archive's Parquet parts as the contract's tables of facts: each worker prepares its rows as the loader does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from dujiang.engine.contract import FACTS
from dujiang.engine.loading import arrived
from dujiang.engine.rules import IdentifierRules
from dujiang.engine.spark.session import Session
from dujiang.foundation.facts import FAMILIES

Batches = Iterator[pa.RecordBatch]


def fact_rows(session: Session, family: str, files: Sequence[str], rules: IdentifierRules, zone: str) -> Any:
    """The facts of ``family`` in ``files`` as a data frame with the contract's columns.

    Args:
        files: addresses of Parquet parts that Spark can read; at least one.
        rules: which identifier of a fact is the strongest.
        zone: name of the brand's time zone.
    """
    schema = spark_schema(FACTS[family].columns)
    parts = session.read.schema(spark_schema(FAMILIES[family])).parquet(*files)
    return parts.mapInArrow(_preparing(family, rules, zone), schema)


def spark_schema(columns: pa.Schema) -> Any:
    """Arrow columns as Spark's."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(columns)


def _preparing(family: str, rules: IdentifierRules, zone: str) -> Callable[[Batches], Batches]:
    columns = FACTS[family].columns

    def prepare(batches: Batches) -> Batches:
        with duckdb.connect() as con:
            for batch in batches:
                facts = pa.Table.from_batches([batch]).cast(FAMILIES[family])
                found = arrived(con, facts, rules, zone)
                yield from found.select(columns.names).cast(columns).to_batches()

    return prepare
