"""Funnels of which one attempt for each step is enough: the latest to come to it, which is the best one to go on from.

Whoever comes to a step later also started no earlier, as long as each step follows the one straight before it: so nothing that
an earlier attempt may still do is out of reach of the later one, whatever windows there are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.rules import EVER, LONG_AGO, cut, day, excluded


class Slots(NamedTuple):
    """Where attempts stand: in slot ``k`` that which may take step ``k`` next; anybody may take the first.

    Which of them are taken is kept as bits beside them. What is of no use is written to a slot after all others, which nobody
    reads: a choice of slots costs less than a branch.

    Attributes:
        ends: the last moment of its chain.
        until: the last moment for its next step.
        last: its last row, by its place among the person's rows.
        link: by place and step the place of the row before in the chain.
    """

    ends: Whole
    until: Whole
    last: Whole
    link: npt.NDArray[np.int32]

    @classmethod
    def of(cls, steps: int, rows: int) -> Slots:
        """Slots for persons with so many rows at most; memory is taken by what is written to only."""
        one = np.empty(steps + 2, np.int64)
        return cls(one, one.copy(), one.copy(), np.empty((rows, steps), np.int32))


# Written into its caller: to hand over rules and slots for each person would cost more than to follow most of them.
@njit(cache=True, nogil=True, inline="always")
def plain(
    own: Any, begin: Any, end: Any, at_ms: Any, bits: Any, rules: Any, slots: Any, rows: Any, at: Any
) -> Any:  # pragma: no cover - compiled
    """How far the rows ``own`` of one person come, and how often to the end; ``rows[at]`` becomes the furthest chain."""
    steps, step_ms, highest = rules.steps, rules.step_ms, rules.highest
    ends, until, last, link = slots.ends, slots.until, slots.last, slots.link
    every, one = np.uint32((1 << steps) - 1), np.uint32(1)
    breaks = rules.strict or rules.once or len(rules.after) > 0
    until[0], over, last_of_day = EVER, LONG_AGO if rules.days else EVER, EVER
    far, done, best, taken = 0, 0, begin, 1
    for place in range(begin, end):
        now, kinds = at_ms[own[place]], bits[own[place]]
        if now >= over:
            over, last_of_day = day(now, rules)
        ends[0] = min(now + rules.window_ms, last_of_day)
        left, barred, made = kinds & every, kinds >> np.uint32(steps), 0
        while left:  # from the last step to the first, so that no chain takes two by one row
            step = highest[left]
            left ^= one << step
            fits = (taken >> step) & (until[step] >= now)
            if barred and step and excluded(barred, rules, step - 1, step):
                fits = 0
            to = step + 1 if fits else steps + 1
            ends[to], until[to], last[to] = ends[step], min(ends[step], now + step_ms[to]), place
            link[place, step] = last[step]
            made |= fits << (step + 1)
            if fits and step == far:
                far, best = step + 1, place
        taken |= made
        if made >> steps:
            done += 1
            if not rules.reentry:
                break
            taken = 1
        elif breaks:
            taken &= made | ~((rules.ended[kinds & every] | cut(barred, rules)) << 1)
    _written(own, best, far, link, rows, at)
    return far, done


@njit(cache=True, nogil=True, inline="always")
def _written(own: Any, place: Any, far: Any, link: Any, rows: Any, at: Any) -> None:  # pragma: no cover - compiled
    """Write the chain of ``far`` steps that ends at ``place`` to ``rows[at]``."""
    for step in range(far, rows.shape[1]):
        rows[at, step] = -1
    for step in range(far - 1, -1, -1):
        rows[at, step] = own[place]
        place = link[place, step]
