"""Keeps ``life_stage`` and ``life_transition`` in step with every refresh."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Final

import duckdb

from dujiang.engine.refresh import Change
from dujiang.people.following import remember, remembered
from dujiang.people.lifecycle.history import compute
from dujiang.people.lifecycle.model import LifeCycleSpec

_STATE: Final = "life_cycle"
_DUE: Final = """
    CREATE OR REPLACE TEMP TABLE life_person AS
    SELECT person FROM touched
    UNION SELECT person FROM life_stage WHERE next_day <= $today
    UNION SELECT person FROM person_day WHERE day > $then AND day <= $today
    UNION SELECT person FROM person WHERE first_day > $then AND first_day <= $today
"""
"""Whom facts touched, for whom the time has come, and who has facts on days that had not come yet."""
_TRANSITIONS: Final = "INSERT INTO life_transition BY NAME SELECT * FROM life_change WHERE day <= $today"
_STAGES: Final = """
    INSERT INTO life_stage BY NAME
    SELECT person, arg_max(to_stage, nth) FILTER (day <= $today) AS stage, max(day) FILTER (day <= $today) AS since,
        min(day) FILTER (day > $today) AS next_day, arg_min(to_stage, nth) FILTER (day > $today) AS next_stage
    FROM life_change GROUP BY person HAVING min(day) <= $today
"""


class LifeCycleFollower:
    """Computes stage histories of those whose facts changed, and of those for whom the time has come.

    Args:
        spec: the life cycle in force, asked for at every refresh.
    """

    def __init__(self, spec: Callable[[], LifeCycleSpec]) -> None:
        self._spec = spec

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """See :class:`dujiang.engine.refresh.Follower`."""
        spec, today = self._spec(), change.today
        rules = hashlib.sha256(spec.model_dump_json().encode()).hexdigest()[:16]
        state = remembered(con, _STATE)
        if change.full or not state.startswith(rules) or (then := date.fromisoformat(state[17:])) > today:
            compute(con, spec, today)
            for table in ("life_transition", "life_stage"):
                con.execute(f"DELETE FROM {table}")
        else:
            con.execute(_DUE, {"then": then, "today": today})
            compute(con, spec, today, only="life_person")
            for table in ("life_transition", "life_stage"):
                con.execute(f"DELETE FROM {table} USING life_person l WHERE {table}.person = l.person")
        con.execute(_TRANSITIONS, {"today": today})
        con.execute(_STAGES, {"today": today})
        remember(con, _STATE, f"{rules} {today}")
