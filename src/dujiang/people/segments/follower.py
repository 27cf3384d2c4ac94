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
from dujiang.people.conditions import Condition
from dujiang.people.following import remember, remembered
from dujiang.people.segments.compile import Compiler, TagKinds
from dujiang.people.segments.members import forget, renew
from dujiang.people.segments.tree import Trees, expanded
from dujiang.people.tags.outputs import models_in_use

log = logging.getLogger("dujiang.segments")

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
        as_of, tags = AsOf(change.now, ZoneInfo(change.zone)), self._tags()
        trees = _sound(self._trees(), as_of, tags)
        before, marks = _remembered(con), {name: _mark(tree) for name, tree in trees.items()}
        known: dict[str, str] = before.get("marks", {})
        fresh = [name for name in trees if known.get(name) != marks[name]]
        gone = [name for name in known if name not in trees]
        if gone:
            forget(con, gone, change.now)
        state = {"day": str(change.today), "tags": tags.mark, "models": models_in_use(con)}
        if change.full or any(before.get(key) != value for key, value in state.items()):
            renew(con, trees, as_of, tags, touched=False, filled=fresh)
        else:
            renew(con, {name: trees[name] for name in fresh}, as_of, tags, touched=False, filled=fresh)
            renew(con, {name: one for name, one in trees.items() if name not in fresh}, as_of, tags, touched=True)
        _remember(con, {**state, "marks": marks})


def _sound(trees: Trees, as_of: AsOf, tags: TagKinds) -> dict[str, Condition]:
    """The trees with what they name put in; without those that name what is gone, which keep nobody."""
    found: dict[str, Condition] = {}
    for name, tree in trees.items():
        try:
            found[name] = expanded(tree, trees, (name,))
            Compiler(as_of, tags).holds(found[name])
        except DujiangError as error:
            found.pop(name, None)
            log.warning("segment %s: %s", name, error)
    return found


def _mark(tree: Condition) -> str:
    return hashlib.sha256(tree.model_dump_json().encode()).hexdigest()[:16]


def _remembered(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return json.loads(remembered(con, _STATE) or "{}")


def _remember(con: duckdb.DuckDBPyConnection, state: Mapping[str, Any]) -> None:
    remember(con, _STATE, json.dumps(state))
