"""How many, and who, while a segment is being built: each condition is a mask over everybody, and groups combine masks.

A mask is kept until the next refresh, so that whoever changes one condition waits for that one alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import duckdb
import numpy as np

from dujiang.engine.columns import Whole
from dujiang.engine.question import mark
from dujiang.engine.timeline import Timeline
from dujiang.people.behaviour import AsOf
from dujiang.people.conditions import Condition, leaves
from dujiang.people.segments.crowd import Crowd, Masks, combined, everybody, name_of
from dujiang.people.segments.fast import Timelines
from dujiang.people.segments.tags import TagKinds

KEPT_BYTES_MAX: Final = 256 * 1024 * 1024
"""Memory for the masks of one state; the oldest go first."""


@dataclass
class _State:
    """What is known of one state of the engine."""

    key: tuple[str, date, str]
    crowd: Crowd
    masks: Masks = field(default_factory=dict)


class Live:
    """Answers for trees that need not be saved.

    Args:
        timeline: sorted events, if they are kept.
        tags: the tags in force.
    """

    def __init__(self, timeline: Timeline | None, tags: Callable[[], TagKinds]) -> None:
        self._timeline, self._tags = timeline, tags
        self._state: _State | None = None
        self._lock = threading.Lock()

    def counts(self, con: duckdb.DuckDBPyConnection, parts: list[Condition], as_of: AsOf) -> tuple[int, ...]:
        """How many fulfil each of ``parts`` (expanded), and how many there are, last."""
        crowd, masks = self._masks(con, parts, as_of)
        return (*(int(np.count_nonzero(combined(one, masks))) for one in parts), len(crowd.persons))

    def people(self, con: duckdb.DuckDBPyConnection, tree: Condition, as_of: AsOf) -> Whole:
        """The sorted persons who fulfil ``tree`` (expanded)."""
        crowd, masks = self._masks(con, [tree], as_of)
        return crowd.persons[combined(tree, masks)]

    def _masks(self, con: duckdb.DuckDBPyConnection, trees: Iterable[Condition], as_of: AsOf) -> tuple[Crowd, Masks]:
        """The masks of all single conditions in ``trees``. One question at a time: the next finds what this one made."""
        asked = {name_of(one): one for tree in trees for one in leaves(tree)}
        with self._lock:
            state = self._current(con, as_of)
            known = {name: state.masks[name] for name in asked if name in state.masks}
            new = {name: one for name, one in asked.items() if name not in known}
            masks = known | (state.crowd.masks(con, new) if new else {})
            state.masks = {name: one for name, one in state.masks.items() if name not in known} | masks
            while sum(one.nbytes for one in state.masks.values()) > KEPT_BYTES_MAX and len(state.masks) > len(masks):
                state.masks.pop(next(iter(state.masks)))
        return state.crowd, masks

    def _current(self, con: duckdb.DuckDBPyConnection, as_of: AsOf) -> _State:
        """What is known of the state that ``con`` sees; conditions look from the first moment at which it was asked."""
        tags = self._tags()
        key = (mark(con), as_of.today, tags.mark)
        if self._state is None or self._state.key != key:
            self._state = _State(key, Crowd(everybody(con), as_of.whole_milliseconds, tags))
        crowd = self._state.crowd
        if crowd.timelines is None and self._timeline is not None and (rows := self._timeline.rows(key[0])):
            crowd.timelines = Timelines(rows.columns(), rows, crowd.persons)
        return self._state
