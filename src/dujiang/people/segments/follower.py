"""Segments follow every refresh: for whom something changed, and for everybody on a new day, by another definition or model."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from dujiang.engine.refresh import Change
from dujiang.foundation.errors import DujiangError
from dujiang.people.behaviour import AsOf
from dujiang.people.conditions import Condition, Tagged, leaves
from dujiang.people.following import remember, remembered
from dujiang.people.segments.crowd import Crowd, everybody
from dujiang.people.segments.fast import Timelines
from dujiang.people.segments.members import forget, renew
from dujiang.people.segments.tags import TagKinds
from dujiang.people.segments.tree import Trees, expanded
from dujiang.people.tags.outputs import models_in_use

log = logging.getLogger("dujiang.segments")

AMONG: Final = "segment_among"
_STATE: Final = "segments"


class SegmentFollower:
    """Keeps ``segment_member``.

    Args:
        trees: the segments in force.
        tags: the tags in force.
    """

    def __init__(self, trees: Callable[[], Trees], tags: Callable[[], TagKinds]) -> None:
        self._trees, self._tags = trees, tags

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Bring the members of every segment to what the refresh computed."""
        tags = self._tags()
        trees = _sound(self._trees(), tags)
        before, marks = _remembered(con), {name: _mark(tree, tags) for name, tree in trees.items()}
        known: dict[str, str] = before.get("marks", {})
        fresh = [name for name in trees if known.get(name) != marks[name]]
        gone = [name for name in known if name not in trees]
        if gone:
            forget(con, gone, change.now)
        state = {"day": str(change.today), "tags": tags.mark, "models": models_in_use(con)}
        all_again = change.full or any(before.get(key) != value for key, value in state.items())
        if all_again or fresh:
            some = trees if all_again else {name: trees[name] for name in fresh}
            renew(con, some, _everybody(con, change, tags), change.now, filled=fresh)
        rest = {} if all_again else {name: one for name, one in trees.items() if name not in fresh}
        if rest:
            renew(con, rest, _touched(con, change, tags), change.now, among=AMONG)
        _remember(con, {**state, "marks": marks})


def _everybody(con: duckdb.DuckDBPyConnection, change: Change, tags: TagKinds) -> Crowd:
    persons = everybody(con)
    lines = Timelines(change.rows.columns(), change.rows, persons) if change.rows else None
    return Crowd(persons, _as_of(change), tags, lines)


def _touched(con: duckdb.DuckDBPyConnection, change: Change, tags: TagKinds) -> Crowd:
    """Those of whom something changed and who are still there; the table :data:`AMONG` holds those who are gone too."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {AMONG} AS SELECT DISTINCT person FROM touched")
    persons = everybody(con, AMONG)
    lines = Timelines(change.rows.of(persons), change.rows, persons) if change.rows else None
    return Crowd(persons, _as_of(change), tags, lines, AMONG)


def _as_of(change: Change) -> AsOf:
    return AsOf(change.now, ZoneInfo(change.zone)).whole_milliseconds


def _sound(trees: Trees, tags: TagKinds) -> dict[str, Condition]:
    """The trees with what they name put in; without those that name what is gone, which keep nobody."""
    found: dict[str, Condition] = {}
    for name, tree in trees.items():
        try:
            found[name] = expanded(tree, trees, (name,))
            tags.check(found[name])
        except DujiangError as error:
            found.pop(name, None)
            log.warning("segment %s: %s", name, error)
    return found


def _mark(tree: Condition, tags: TagKinds) -> str:
    """Another one whenever the tree or one of the tags in it is defined anew."""
    named = sorted({one.tag for one in leaves(tree) if isinstance(one, Tagged)})
    texts = (tree.model_dump_json(), *(tags.marks.get(name, "") for name in named))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _remembered(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return json.loads(remembered(con, _STATE) or "{}")


def _remember(con: duckdb.DuckDBPyConnection, state: Mapping[str, Any]) -> None:
    remember(con, _STATE, json.dumps(state))
