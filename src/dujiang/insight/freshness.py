"""How current the answers are."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Final

import duckdb
import ibis

from dujiang.engine.contract import FACTS
from dujiang.engine.question import Query, ask, table
from dujiang.insight.answer import Freshness

_TABLES: Final = tuple(one.name for one in FACTS.values())


def freshness(con: duckdb.DuckDBPyConnection, today: date) -> Freshness:
    """When the newest fact that the engine holds was received (None where it holds none), and what day answers look from."""
    answer = ask(con, _newest())["at"].drop_null().to_pylist()
    return Freshness(max(answer, default=None), today)


@cache
def _newest() -> Query:
    newest = [table(name).aggregate(at=table(name).received_at.max()) for name in _TABLES]
    return Query(ibis.union(*newest, distinct=False))
