"""Which days a refresh changed: the days and moments of the rows that came or went.

Whoever remembers answers day by day asks what happened since the state that they are true of. Where that is not known, as
after a rebuild, anything may have changed.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from functools import cache
from typing import Final

import duckdb
import pyarrow as pa

from dujiang.engine.contract import ALL
from dujiang.engine.question import Reader
from dujiang.foundation.facts import MOMENT

REFRESHES_KEPT: Final = 500

Days = dict[tuple[str, str], frozenset[date]]
"""By table and column."""


def begin(con: duckdb.DuckDBPyConnection) -> None:
    """Make ready for a refresh that computes only what was touched."""
    con.execute('CREATE OR REPLACE TEMP TABLE changed_day ("table" VARCHAR, "column" VARCHAR, "day" DATE)')


def note(con: duckdb.DuckDBPyConnection, table: str, zone: str) -> None:
    """Note the days of the rows of ``table`` that are in one only of the temporary tables ``gone`` and ``came``."""
    con.execute(_noting(table), {"zone": zone} if "$zone" in _noting(table) else {})


def keep(con: duckdb.DuckDBPyConnection, mark: str, *, full: bool) -> None:
    """Keep what was noted as what led to the state ``mark``; after a ``full`` refresh nothing before it is known."""
    if full:
        con.execute("DELETE FROM day_change")
    ((last,),) = con.execute("SELECT coalesce(max(nth), 0) FROM day_change").fetchall()
    con.execute("INSERT INTO day_change VALUES (?, ?, '', '', NULL)", [last + 1, mark])
    if not full:
        con.execute("INSERT INTO day_change SELECT ?, ?, * FROM changed_day", [last + 1, mark])
    con.execute("DELETE FROM day_change WHERE nth <= ?", [last + 1 - REFRESHES_KEPT])


def days_since(con: duckdb.DuckDBPyConnection | Reader, mark: str) -> Days | None:
    """The days changed between the state ``mark`` and the one that ``con`` sees; None where that is not known."""
    if not isinstance(con, duckdb.DuckDBPyConnection):
        return None
    known = con.execute("SELECT nth FROM day_change WHERE mark = ? AND \"table\" = ''", [mark]).fetchall()
    if not known:
        return None
    question = 'SELECT DISTINCT "table", "column", "day" FROM day_change WHERE nth > ? AND "table" <> \'\''
    found: dict[tuple[str, str], set[date]] = defaultdict(set)
    for table, column, day in con.execute(question, [known[0][0]]).fetchall():
        found[table, column].add(day)
    return {key: frozenset(days) for key, days in found.items()}


@cache
def _noting(table: str) -> str:
    days = ", ".join(filter(None, map(_day, ALL[table].columns)))
    return f"""
        INSERT INTO changed_day SELECT DISTINCT '{table}', "column", "day" FROM (
            UNPIVOT (SELECT {days} FROM (
                (FROM gone EXCEPT FROM came) UNION ALL (FROM came EXCEPT FROM gone)
            )) ON COLUMNS(*) INTO NAME "column" VALUE "day"
        )
    """


def _day(field: pa.Field) -> str:
    if field.type == pa.date32():
        return f'"{field.name}"'
    return f'CAST(timezone($zone, "{field.name}") AS DATE) AS "{field.name}"' if field.type == MOMENT else ""
