"""Keeps the table of tags in step with every refresh."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import duckdb

from dujiang.engine.refresh import Change
from dujiang.foundation.clock import Clock, SystemClock
from dujiang.people.behaviour import AsOf
from dujiang.people.bound import Question
from dujiang.people.following import remember, remembered
from dujiang.people.tags.catalogue import Catalogue
from dujiang.people.tags.compute import columns, valued
from dujiang.people.tags.outputs import models_in_use

TABLE: Final = "person_tag"
"""``person`` and a column for each tag, named as the tag; a row for each person of the table ``person``."""
AT_ONCE: Final = 250_000
"""People whose tags are computed in one statement, so that its memory does not grow with the brand."""
_STATE: Final = "tags"
_AMONG: Final = "tag_among"


@dataclass(frozen=True)
class Freshness:
    """What the table of tags was last computed for.

    Attributes:
        definitions: fingerprint of the tags.
        models: the models in use, whose outputs are tags.
        day: the brand's day.
        at: when somebody was last computed.
        everybody_at: when everybody was.
    """

    definitions: str
    models: str
    day: str
    at: datetime
    everybody_at: datetime

    @property
    def basis(self) -> tuple[str, str, str]:
        """What everybody has to be computed again for, once it is another one."""
        return self.definitions, self.models, self.day


class TagFollower:
    """Computes the tags of touched people; of everybody when the day, a definition or a model changed.

    Args:
        tags: the tags in force.
        clock: tells when they were computed, which need not be the moment that they are about.
    """

    def __init__(self, tags: Callable[[], Catalogue], clock: Clock | None = None) -> None:
        self._tags, self._clock = tags, clock or SystemClock()

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Bring the table to what the refresh computed."""
        tags, before, made = self._tags(), freshness(con), self._clock.now()
        now = Freshness(tags.fingerprint, models_in_use(con), str(change.today), made, made)
        same = before is not None and before.basis == now.basis
        as_of = AsOf(change.now, ZoneInfo(change.zone))
        if before is None or change.full or not same:
            con.execute(f"CREATE OR REPLACE TABLE {TABLE} ({columns(tags)})")
            _insert_everybody(con, tags, as_of)
            _remember(con, now)
            return
        con.execute(f"DELETE FROM {TABLE} USING touched WHERE {TABLE}.person = touched.person")
        _choose(con, "SELECT DISTINCT person FROM touched SEMI JOIN person USING (person)")
        if con.execute(f"SELECT 1 FROM {_AMONG} LIMIT 1").fetchall():
            _insert(con, valued(tags, as_of, _AMONG))
            _remember(con, replace(before, at=made))


def freshness(con: duckdb.DuckDBPyConnection) -> Freshness | None:
    """What the table was last computed for; None before the first time, and where an older version remembered less."""
    kept = json.loads(remembered(con, _STATE) or "{}")
    if not kept.keys() >= Freshness.__dataclass_fields__.keys():
        return None
    moments = {name: datetime.fromisoformat(kept[name]) for name in ("at", "everybody_at")}
    return Freshness(kept["definitions"], kept["models"], kept["day"], **moments)


def _remember(con: duckdb.DuckDBPyConnection, state: Freshness) -> None:
    kept = {**vars(state), "at": state.at.isoformat(), "everybody_at": state.everybody_at.isoformat()}
    remember(con, _STATE, json.dumps(kept))


def _insert_everybody(con: duckdb.DuckDBPyConnection, tags: Catalogue, as_of: AsOf) -> None:
    ((people,),) = con.execute("SELECT count(*) FROM person").fetchall()
    parts = -(-people // AT_ONCE)
    for part in range(parts):
        _choose(con, f"SELECT person FROM person WHERE hash(person) % {parts} = {part}")
        _insert(con, valued(tags, as_of, _AMONG if parts > 1 else ""))


def _choose(con: duckdb.DuckDBPyConnection, people: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_AMONG} AS {people}")


def _insert(con: duckdb.DuckDBPyConnection, question: Question) -> None:
    con.execute(f"INSERT INTO {TABLE} {question.text}", question.values)
