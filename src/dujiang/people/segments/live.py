"""How many, and who, while a segment is being built: each condition is a mask over everybody, and groups combine masks.

A mask is kept until the next refresh, so that whoever changes one condition waits for that one alone. Counts by timelines are
passes over mapped columns; all other conditions that are new together are one question to the engine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Whole
from dujiang.engine.question import mark
from dujiang.engine.timeline import Timeline
from dujiang.people.behaviour import AsOf
from dujiang.people.conditions import All, Any_, Condition, Not, Sample, leaves
from dujiang.people.segments.compile import Compiler, TagKinds
from dujiang.people.segments.fast import Found, Timelines
from dujiang.people.segments.sampling import sampled
from dujiang.people.segments.sequences import found

Mask = npt.NDArray[np.bool_]
KEPT_BYTES_MAX: Final = 256 * 1024 * 1024
"""Memory for the masks of one state; the oldest go first."""


@dataclass
class _State:
    """What is known of one state of the engine."""

    key: tuple[str, date, str]
    as_of: AsOf
    persons: Whole
    masks: dict[str, Mask] = field(default_factory=dict)


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
        state, masks = self._masks(con, parts, as_of)
        return (*(int(np.count_nonzero(_combined(one, masks))) for one in parts), len(state.persons))

    def people(self, con: duckdb.DuckDBPyConnection, tree: Condition, as_of: AsOf) -> Whole:
        """The sorted persons who fulfil ``tree`` (expanded)."""
        state, masks = self._masks(con, [tree], as_of)
        return state.persons[_combined(tree, masks)]

    def _masks(
        self, con: duckdb.DuckDBPyConnection, trees: Iterable[Condition], as_of: AsOf
    ) -> tuple[_State, dict[str, Mask]]:
        """The masks of all single conditions in ``trees``. One question at a time: the next finds what this one made."""
        asked = {_name(one): one for tree in trees for one in leaves(tree)}
        with self._lock:
            state = self._current(con, as_of)
            known = {name: state.masks[name] for name in asked if name in state.masks}
            new = {name: one for name, one in asked.items() if name not in known}
            masks = known | self._made(con, state, new)
            state.masks = {name: one for name, one in state.masks.items() if name not in known} | masks
            while sum(one.nbytes for one in state.masks.values()) > KEPT_BYTES_MAX and len(state.masks) > len(masks):
                state.masks.pop(next(iter(state.masks)))
        return state, masks

    def _current(self, con: duckdb.DuckDBPyConnection, as_of: AsOf) -> _State:
        """What is known of the state that ``con`` sees; conditions look from the first moment at which it was asked."""
        key = (mark(con), as_of.today, self._tags().mark)
        if self._state is None or self._state.key != key:
            persons = np.sort(con.sql("SELECT person FROM person").to_arrow_table()["person"].to_numpy())
            at = as_of.at.replace(microsecond=as_of.at.microsecond // 1000 * 1000)
            self._state = _State(key, AsOf(at, as_of.zone), persons)
        return self._state

    def _made(self, con: duckdb.DuckDBPyConnection, state: _State, new: Mapping[str, Condition]) -> dict[str, Mask]:
        timelines = Timelines.of(self._timeline, state.key[0]) if self._timeline else None
        made: dict[str, Mask] = {}
        for name, one in new.items():
            if isinstance(one, Sample):
                made[name] = sampled(state.persons, one.percent, one.seed)
                continue
            answer = timelines.answer(con, one, state.as_of) if timelines else None
            if answer is not None:
                made[name] = _mask(state.persons, answer)
        rest = {name: one for name, one in new.items() if name not in made}
        return made | (self._asked(con, state, rest) if rest else {})

    def _asked(self, con: duckdb.DuckDBPyConnection, state: _State, new: Mapping[str, Condition]) -> dict[str, Mask]:
        """One question to the engine for all of ``new``."""
        compiler = Compiler(state.as_of, self._tags())
        columns = {f"m{place}": compiler.holds(one) for place, one in enumerate(new.values())}
        question = compiler.question({"person": "p.person", **columns})
        with found(con, compiler.sequences, state.as_of):
            rows = question.answer(con)
        order = np.argsort(rows["person"].to_numpy())
        return {
            name: rows[f"m{place}"].to_numpy(zero_copy_only=False).astype(np.bool_)[order]
            for place, name in enumerate(new)
        }


def _name(one: Condition) -> str:
    return one.model_dump_json()


def _mask(persons: Whole, answer: Found) -> Mask:
    mask = np.full(len(persons), answer.others)
    place = np.searchsorted(persons, answer.persons)
    there = place < len(persons)
    there[there] = persons[place[there]] == answer.persons[there]
    mask[place[there]] = not answer.others
    return mask


def _combined(tree: Condition, masks: dict[str, Mask]) -> Mask:
    if isinstance(tree, Not):
        return ~_combined(tree.of, masks)
    if isinstance(tree, All | Any_):
        combine = np.logical_and if isinstance(tree, All) else np.logical_or
        return combine.reduce([_combined(part, masks) for part in tree.of])
    return masks[_name(tree)]
