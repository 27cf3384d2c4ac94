"""One person as of a moment: the facts before it, computed again in a small engine of their own by the same expressions.

So a profile as of a day is what the brand would have seen that day had it known who is who as it does now.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Final, Protocol

import duckdb

from dujiang.engine.contract import FACTS
from dujiang.engine.expressions import Scope
from dujiang.engine.graph import compute
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.engine.touching import touch_everything
from dujiang.people.behaviour import AsOf

_OF_NODES: Final = """
    SELECT {columns} FROM {table} AS f WHERE f.anchor IN (SELECT node FROM mine) AND f."at" < $moment
"""
# Lines and refunds belong to whom their order belongs to, and may leave the moment to it.
_OF_ORDERS: Final = """
    SELECT {columns} FROM {table} AS f JOIN (
        SELECT order_key, "at" FROM orders WHERE person = $person
    ) AS o USING (order_key) WHERE coalesce(f."at", o."at") < $moment
"""
_NODES: Final = """
    SELECT n.* FROM person_node AS n JOIN identifier AS i USING (node)
    WHERE n.person = $person AND (i.first_at IS NULL OR i.first_at < $moment)
"""
# Relations are as known now, as is who is who.
_RELATIONS: Final = "FROM person_relation WHERE person = $person"
_IDENTIFIERS: Final = "SELECT i.* FROM identifier AS i WHERE node IN (SELECT node FROM mine)"


class Replays(Protocol):
    """Makes small engines of one person as of a moment."""

    def __call__(
        self, con: duckdb.DuckDBPyConnection, person: int, as_of: AsOf, /
    ) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """The engine of ``person``; ``con`` reads the real one."""
        ...


@contextmanager
def replayed(
    con: duckdb.DuckDBPyConnection, person: int, moment: datetime, *, zone: str, gap_seconds: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with the derived tables of ``person`` as of ``moment``.

    Args:
        con: reads the real engine.
        person: the person's number now.
        moment: facts at or after it are left out; so are identifiers first seen later.
        zone: the brand's time zone.
        gap_seconds: silence that ends a visit.
    """
    small = duckdb.connect(config={"threads": 1, "memory_limit": "256MB"})
    try:
        small.execute("SET TimeZone = 'UTC'")
        create_tables(small)
        create_own_tables(small)
        _fill(con, small, person, moment)
        touch_everything(small)
        compute(small, Scope(True, zone, gap_seconds))
        yield small
    finally:
        small.close()


def _fill(con: duckdb.DuckDBPyConnection, small: duckdb.DuckDBPyConnection, person: int, moment: datetime) -> None:
    asked = {"person": person, "moment": moment}
    mine = con.sql(_NODES, params=asked).to_arrow_table()
    con.register("mine", mine)
    try:
        _copy(small, "person_node", mine)
        _copy(small, "identifier", con.sql(_IDENTIFIERS).to_arrow_table())
        _copy(small, "person_relation", con.sql(_RELATIONS, params={"person": person}).to_arrow_table())
        _copy(small, "identifier_rule", con.sql("FROM identifier_rule").to_arrow_table())
        for family, table in FACTS.items():
            if "identifiers" in table.columns.names and family not in ("spend", "traffic", "platform_total"):
                chosen = ", ".join(f'f."{name}"' for name in table.columns.names)
                of_order = "order_key" in table.columns.names
                text = (_OF_ORDERS if of_order else _OF_NODES).format(columns=chosen, table=table.name)
                values = asked if of_order else {"moment": moment}
                _copy(small, table.name, con.sql(text, params=values).to_arrow_table())
    finally:
        con.unregister("mine")


def _copy(small: duckdb.DuckDBPyConnection, name: str, rows: object) -> None:
    small.register("copied", rows)
    small.execute(f"INSERT INTO {name} BY NAME FROM copied")
    small.unregister("copied")
