"""Facts into the engine and out of it, with a note of what they touch, which stays until the next refresh has seen to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import duckdb
import pyarrow as pa

from dujiang.engine.contract import FACTS
from dujiang.engine.naming import MOVED_NAMES, NO_NAMES, add_names, forget_names, rebuild_names
from dujiang.engine.rules import IdentifierRules, anchors, rule_table
from dujiang.engine.schema import count

_DAY: Final = 'CAST(timezone($zone, "at") AS DATE)'
# MD5 rather than hash(): DuckDB may change hash() in any version, and order keys appear in addresses of pages.
_ORDER_KEY: Final = (
    "CAST(CAST(md5_number_lower(concat_ws(chr(31), channel, coalesce(shop, ''), order_no)) AS HUGEINT)"
    " - 9223372036854775808 AS BIGINT)"
)

_NEW_NODES: Final = f"""
    INSERT INTO pending_node
    SELECT named.node, min(moment)
    FROM (SELECT moment, unnest(identifiers) AS named FROM {MOVED_NAMES}) GROUP BY 1
"""
_NOTES: Final = {
    "order": "INSERT INTO pending_order SELECT DISTINCT order_key FROM moved",
    "order_line": "INSERT INTO pending_order SELECT DISTINCT order_key FROM moved",
    "refund": "INSERT INTO pending_order SELECT DISTINCT order_key FROM moved",
    "unbinding": """INSERT INTO pending_node SELECT node, min("at") FROM moved GROUP BY node""",
    "conversation": "INSERT INTO pending_conversation SELECT DISTINCT key FROM moved",
    "spend": "INSERT INTO pending_spend SELECT DISTINCT channel, account, day FROM moved",
    "traffic": "INSERT INTO pending_traffic SELECT DISTINCT channel, shop, day FROM moved",
}


def load(
    con: duckdb.DuckDBPyConnection, parts: Iterable[tuple[str, pa.Table]], rules: IdentifierRules, zone: str
) -> int:
    """Add the facts of ``parts`` (family and table) and note what they touch; how many facts there were."""
    rows = 0
    _forget_moved_names(con)
    for family, facts in parts:
        with _arriving(con, facts, rules) as columns:
            con.execute(f"CREATE OR REPLACE TEMP TABLE moved AS SELECT {columns} FROM arriving", _values(columns, zone))
        con.execute(f"INSERT INTO fact_{family} BY NAME FROM moved")
        _record_part(con, family, facts)
        _note(con, family)
        rows += facts.num_rows
    con.execute(_NEW_NODES)
    add_names(con)
    return rows


def load_all(
    con: duckdb.DuckDBPyConnection, parts: Iterable[tuple[str, pa.Table]], rules: IdentifierRules, zone: str
) -> int:
    """Fill empty tables with the facts of ``parts``; nothing is noted, because everything will be computed."""
    rows = 0
    for family, facts in parts:
        with _arriving(con, facts, rules) as columns:
            con.execute(f"INSERT INTO fact_{family} BY NAME SELECT {columns} FROM arriving", _values(columns, zone))
        _record_part(con, family, facts)
        rows += facts.num_rows
    rebuild_names(con)
    return rows


def retract(con: duckdb.DuckDBPyConnection, batches: Sequence[str]) -> int:
    """Take away every fact of ``batches`` and note what they touched; how many facts went."""
    rows = 0
    _forget_moved_names(con)
    for family, table in FACTS.items():
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE moved AS FROM {table.name} WHERE list_contains($batches, batch)",
            {"batches": list(batches)},
        )
        con.execute(f"DELETE FROM {table.name} WHERE list_contains($batches, batch)", {"batches": list(batches)})
        _note(con, family)
        rows += count(con, "moved")
    con.execute("DELETE FROM loaded_part WHERE list_contains($batches, batch)", {"batches": list(batches)})
    con.execute(_NEW_NODES)
    forget_names(con)
    return rows


@contextmanager
def _arriving(con: duckdb.DuckDBPyConnection, facts: pa.Table, rules: IdentifierRules) -> Iterator[str]:
    """``facts`` as the relation ``arriving``; yields the columns to select from it."""
    _learn_types(con, facts["identifiers"], rules)
    con.register("arriving", facts.append_column("anchor", anchors(facts["identifiers"], rules)))
    yield _columns(facts)
    con.unregister("arriving")


def arrived(con: duckdb.DuckDBPyConnection, facts: pa.Table, rules: IdentifierRules, zone: str) -> pa.Table:
    """``facts`` with the columns that the engine adds to what the archive holds; ``con`` needs no table of the engine's."""
    con.register("arriving", facts.append_column("anchor", anchors(facts["identifiers"], rules)))
    columns = _columns(facts)
    found = con.sql(f"SELECT {columns} FROM arriving", params=_values(columns, zone)).to_arrow_table()
    con.unregister("arriving")
    return found


def _columns(facts: pa.Table) -> str:
    columns = ["*"]
    if "day" not in facts.column_names:
        columns.append(f"{_DAY} AS day")
    if "order_no" in facts.column_names:
        columns.append(f"{_ORDER_KEY} AS order_key")
    return ", ".join(columns)


def _values(columns: str, zone: str) -> dict[str, str]:
    return {"zone": zone} if "$zone" in columns else {}


def _record_part(con: duckdb.DuckDBPyConnection, family: str, facts: pa.Table) -> None:
    seq = facts["seq"]
    first, last, batch = seq[0].as_py(), seq[-1].as_py(), facts["batch"][0].as_py()
    con.execute("INSERT INTO loaded_part VALUES (?, ?, ?, ?)", [family, first, last, batch])


def _forget_moved_names(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {MOVED_NAMES} AS {NO_NAMES}")


def _note(con: duckdb.DuckDBPyConnection, family: str) -> None:
    con.execute(
        f"""INSERT INTO {MOVED_NAMES} SELECT seq, source, coalesce("at", received_at), identifiers FROM moved"""
    )
    if family in _NOTES:
        con.execute(_NOTES[family])


def _learn_types(con: duckdb.DuckDBPyConnection, identifiers: pa.ChunkedArray, rules: IdentifierRules) -> None:
    known = {row[0] for row in con.execute("SELECT type FROM identifier_rule").fetchall()}
    found = set(identifiers.combine_chunks().flatten().field("type").unique().to_pylist())
    if found - known:
        con.register("learned", rule_table(sorted(found - known), rules))
        con.execute("INSERT INTO identifier_rule BY NAME FROM learned")
        con.unregister("learned")
