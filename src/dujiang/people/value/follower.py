"""Keeps ``person_value`` in step with every refresh.

Bands that are quantiles depend on everybody, and all windows on the day. Finding everybody's facts and edges is one pass over
days of people; it is done where a touched person, the day or the rules may have moved them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import duckdb

from dujiang.engine.question import compiled
from dujiang.engine.refresh import Change
from dujiang.engine.schema import count
from dujiang.people.following import remember, remembered
from dujiang.people.value.model import RfmSpec, ValueMatrixSpec
from dujiang.people.value.service import judged_at

_STATE: Final = "value"


class ValueFollower:
    """Computes everybody's bands and layers again when anybody's may have changed.

    Args:
        rules: the rules in force, asked for at every refresh.
    """

    def __init__(self, rules: Callable[[], tuple[RfmSpec, ValueMatrixSpec]]) -> None:
        self._rules = rules

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """See :class:`dujiang.engine.refresh.Follower`."""
        rfm, matrix = self._rules()
        texts = rfm.model_dump_json() + matrix.model_dump_json()
        state = f"{hashlib.sha256(texts.encode()).hexdigest()[:16]} {change.today}"
        if not change.full and remembered(con, _STATE) == state and count(con, "touched") == 0:
            return
        judged, _edges = judged_at(con, rfm, matrix, change.today)
        con.execute("DELETE FROM person_value")
        con.execute(f"INSERT INTO person_value BY NAME {compiled(judged)}")
        remember(con, _STATE, state)
