"""Keeps ``person_value`` in step with every refresh.

Bands that are quantiles depend on everybody, and all windows on the day. The facts of touched people alone are found anew; with
what the table knows of the others they give the edges. Where no edge moved, nobody else is judged again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import duckdb
import ibis

from dujiang.engine.question import Rows, compiled
from dujiang.engine.refresh import Change
from dujiang.engine.schema import count
from dujiang.people.following import remember, remembered
from dujiang.people.value import questions
from dujiang.people.value.model import Edges, RfmSpec, ValueMatrixSpec
from dujiang.people.value.service import edges_of

_STATE: Final = "value"
_TOUCHED: Final[Rows] = ibis.table({"person": "int64"}, name="touched")


class ValueFollower:
    """Computes bands and layers again of those who were touched; of everybody where an edge, a rule or the day moved.

    Args:
        rules: the rules in force, asked for at every refresh.
    """

    def __init__(self, rules: Callable[[], tuple[RfmSpec, ValueMatrixSpec]]) -> None:
        self._rules = rules

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """See :class:`dujiang.engine.refresh.Follower`."""
        rfm, matrix = self._rules()
        rules = hashlib.sha256((rfm.model_dump_json() + matrix.model_dump_json()).encode()).hexdigest()[:16]
        known, _line, before = remembered(con, _STATE).partition("\n")
        some = not change.full and known == f"{rules} {change.today}"
        if some and count(con, "touched") == 0:
            return
        _find_facts(con, rfm, matrix, change, some=some)
        edges = edges_of(con, questions.FACT, rfm, matrix, change.today)
        _judge(con, rfm, matrix, edges, change, only_touched=some and before == repr(edges))
        con.execute(f"DROP TABLE {questions.FACT.get_name()}")
        remember(con, _STATE, f"{rules} {change.today}\n{edges!r}")


def _find_facts(
    con: duckdb.DuckDBPyConnection, rfm: RfmSpec, matrix: ValueMatrixSpec, change: Change, *, some: bool
) -> None:
    """Everybody's facts as a temporary table; ``some``: those of the touched anew, those of the others as they are known."""
    fresh = questions.facts(rfm, matrix, change.today, _TOUCHED if some else None)
    text = compiled(fresh.select(*questions.FACT.columns))
    if some:
        text = f"({text}) UNION ALL BY NAME ({compiled(questions.known_facts(_TOUCHED))})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {questions.FACT.get_name()} AS {text}")


def _judge(
    con: duckdb.DuckDBPyConnection,
    rfm: RfmSpec,
    matrix: ValueMatrixSpec,
    edges: Edges,
    change: Change,
    *,
    only_touched: bool,
) -> None:
    rows = questions.FACT.semi_join(_TOUCHED, "person") if only_touched else questions.FACT
    con.execute("DELETE FROM person_value" + (" WHERE person IN (SELECT person FROM touched)" if only_touched else ""))
    con.execute(
        f"INSERT INTO person_value BY NAME {compiled(questions.judged(rows, rfm, matrix, edges, change.today))}"
    )
