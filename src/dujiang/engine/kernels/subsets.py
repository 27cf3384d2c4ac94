"""Funnels in any order with windows between steps: the sets of steps that attempts have taken, side by side.

Which steps an attempt has taken is all that its future depends on, beside its start and its last row. So there is a queue of
attempts, as :mod:`dujiang.engine.kernels.attempts` describes it, for each set of steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dujiang.engine.kernels.attempts import CHAIN, FIRST, NONE, START, UNTIL, emptied, grown, join, offered, usable
from dujiang.engine.kernels.compiled import inlined, inner, making
from dujiang.engine.kernels.rules import deadline


@making
def in_sets(
    own: Any, length: Any, at_ms: Any, bits: Any, rules: Any, pool: Any, room: Any, rows: Any, at: Any
) -> Any:  # pragma: no cover - compiled
    """What :func:`dujiang.engine.kernels.unordered.unordered` says, where steps have windows; the pool, too."""
    for step in range(rules.steps):
        rows[at, step] = -1
    emptied(room)
    far, done, steps = 0, 0, 0
    for place in range(length):
        row = own[place]
        now, mine = at_ms[row], np.int64(bits[row])
        pool = grown(pool, room)
        steps |= mine & ((1 << rules.steps) - 1)
        _continued(place, steps, now, mine, rules, pool, room)
        one, many = _best(steps, pool, room)
        if many > far and not done:
            far = many
            for taken in range(many):
                rows[at, taken] = own[pool[one, CHAIN + taken]]
        if many == rules.steps:
            done += 1
            if not rules.reentry:
                break
            emptied(room)
            steps = 0
            continue
        if mine >> rules.steps:  # what is excluded may stand at the ends
            emptied(room)
            steps = mine & ((1 << rules.steps) - 1)
            _continued(place, steps, now, mine, rules, pool, room)
        _joined(steps, pool, room)
    return far, done, pool


@inner
def _continued(
    place: Any, steps: Any, now: Any, mine: Any, rules: Any, pool: Any, room: Any
) -> None:  # pragma: no cover - compiled
    """Take each step of the row at ``place``, given as bits, by it."""
    for step in range(rules.steps):
        if mine >> step & 1:
            _taken(place, step, steps & ~(1 << step), now, rules, pool, room)


@inner
def _taken(
    place: Any, step: Any, others: Any, now: Any, rules: Any, pool: Any, room: Any
) -> None:  # pragma: no cover - compiled
    """Take ``step`` by the row at ``place``, as the first, and after the best attempts that have taken some of ``others``."""
    sets = others
    while sets:
        origin = usable(pool, room.front[sets, 0], now, rules.step_ms[step])
        if origin >= 0:
            many, rival = _count(sets), room.fresh[sets | 1 << step, 0]
            if rival < 0 or _later(pool, origin, rival, many):
                offered(pool, room, sets | 1 << step, FIRST, pool[origin, START], origin, now)
                pool[room.fresh[sets | 1 << step, 0], CHAIN + many] = place
        sets = (sets - 1) & others
    offered(pool, room, 1 << step, FIRST, place, NONE, now)
    one = room.fresh[1 << step, 0]
    pool[one, UNTIL], pool[one, CHAIN] = deadline(now, rules), place


@inner
def _best(steps: Any, pool: Any, room: Any) -> Any:  # pragma: no cover - compiled
    """The new attempt with the most steps, of those the best, and how many they are; -1 and 0 where there is none."""
    best, most, sets = NONE, 0, steps
    while sets:
        one = room.fresh[sets, 0]
        if one >= 0:
            many = _count(sets)
            if many > most or (many == most and _later(pool, one, best, many)):
                best, most = one, many
        sets = (sets - 1) & steps
    return best, most


@inner
def _later(pool: Any, one: Any, other: Any, many: Any) -> Any:  # pragma: no cover - compiled
    """Whether an attempt starts later than another, or at the same row and has a later one, going back from its ``many``-th."""
    if pool[one, START] != pool[other, START]:
        return pool[one, START] > pool[other, START]
    for taken in range(many - 1, -1, -1):
        if pool[one, CHAIN + taken] != pool[other, CHAIN + taken]:
            return pool[one, CHAIN + taken] > pool[other, CHAIN + taken]
    return False


@inner
def _joined(steps: Any, pool: Any, room: Any) -> None:  # pragma: no cover - compiled
    """Let the new attempts join their queues."""
    sets = steps
    while sets:
        if room.fresh[sets, 0] >= 0:
            join(pool, room, sets, FIRST)
        sets = (sets - 1) & steps


@inlined
def _count(sets: Any) -> Any:  # pragma: no cover - compiled
    """How many steps a set has."""
    many = 0
    while sets:
        sets &= sets - 1
        many += 1
    return many
