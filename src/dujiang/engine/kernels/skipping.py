"""Funnels with steps that may be left out: by step and number of steps taken, the attempt that starts last.

What else an attempt may do depends on its start alone, as long as there are no windows between steps; those that start last are
the best, and how many steps they have taken is told apart because more of them are better at the end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import inlined, inner
from dujiang.engine.kernels.rules import EVER, LONG_AGO, cut, day, excluded, is_step


class Stages(NamedTuple):
    """Attempts by the step that they have come to, and the number of steps taken.

    Attributes:
        until: the last moment of its chain; long ago where there is none.
        start: the place of its first row among the person's rows.
        chain: its rows by step; -1 for those left out.
    """

    until: Whole
    start: Whole
    chain: npt.NDArray[np.int32]

    @classmethod
    def of(cls, steps: int) -> Stages:
        """Room for the attempts of one person after the other."""
        shape = (steps, steps + 1)
        return cls(np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty((*shape, steps), np.int32))


@inner
def skipping(
    own: Any, length: Any, at_ms: Any, bits: Any, rules: Any, stages: Any, rows: Any, at: Any
) -> Any:  # pragma: no cover - compiled
    """How far the rows ``own`` of one person come, and how often to the end; ``rows[at]`` becomes the furthest chain."""
    steps, until, chain = rules.steps, stages.until, stages.chain
    until[:] = LONG_AGO
    for step in range(steps):
        rows[at, step] = -1
    far, done = 0, 0
    over, last_of_day = LONG_AGO if rules.days else EVER, EVER
    for place in range(length):
        now, kinds = at_ms[own[place]], bits[own[place]]
        if now >= over:
            over, last_of_day = day(now, rules)
        furthest, most = _taken(own[place], now, kinds, rules, stages)
        if kinds & np.uint32(1):
            _begun(place, own[place], min(now + rules.window_ms, last_of_day), stages)
        if furthest >= far and not done:
            far = furthest + 1
            for step in range(steps):
                rows[at, step] = chain[furthest, most, step]
        if furthest == steps - 1:
            done += 1
            if not rules.reentry:
                break
            until[:] = LONG_AGO
    return far, done


@inlined
def _taken(row: Any, now: Any, kinds: Any, rules: Any, stages: Any) -> Any:  # pragma: no cover - compiled
    """Take steps by a row, and end what it ends: the furthest step taken, and of those attempts the most steps; -1 for none."""
    steps, every = rules.steps, np.uint32((1 << rules.steps) - 1)
    ended = rules.ended[kinds & every] | cut(kinds >> np.uint32(rules.steps), rules)
    furthest, most = -1, 0
    for step in range(steps - 1, -1, -1):  # so that no chain takes two steps by one row
        if ended >> step & 1:
            for taken in range(steps + 1):
                stages.until[step, taken] = LONG_AGO
        if is_step(kinds, step):
            taken = _advanced(step, row, now, kinds, rules, stages) if step else 1
            if taken and furthest < 0:
                furthest, most = step, taken
    return furthest, most


@inlined
def _begun(place: Any, row: Any, end: Any, stages: Any) -> None:  # pragma: no cover - compiled
    """Take the first step by a row."""
    stages.until[0, 1], stages.start[0, 1] = end, place
    stages.chain[0, 1, 0] = row
    for step in range(1, stages.chain.shape[2]):
        stages.chain[0, 1, step] = -1


@inlined
def _advanced(step: Any, row: Any, now: Any, kinds: Any, rules: Any, stages: Any) -> Any:  # pragma: no cover - compiled
    """Take a step by a row from the best attempts so far; the most steps that any of them has taken, 0 if none does."""
    until, start, chain = stages.until, stages.start, stages.chain
    barred, most = kinds >> np.uint32(rules.steps), 0
    for taken in range(1, step + 1):
        best, came = -1, step - 1
        while came >= 0:
            fits = until[came, taken] >= now and not (barred and excluded(barred, rules, came, step))
            if fits and (best < 0 or start[came, taken] > start[best, taken]):
                best = came
            came = came - 1 if rules.optional[came] else -1
        if best < 0:
            continue
        most = taken + 1
        if until[step, most] == LONG_AGO or start[best, taken] >= start[step, most]:
            until[step, most], start[step, most] = until[best, taken], start[best, taken]
            for earlier in range(chain.shape[2]):
                chain[step, most, earlier] = chain[best, taken, earlier]
            chain[step, most, step] = row
    return most
