"""Funnels of which one attempt for each step is enough: the latest to come to it, which is the best one to go on from.

Whoever comes to a step later also started no earlier, as long as each step follows the one straight before it: so nothing that
an earlier attempt may still do is out of reach of the later one, whatever windows there are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import bare, inlined
from dujiang.engine.kernels.reading import beginning, by_step
from dujiang.engine.kernels.rules import EVER, LONG_AGO, ROWS, STEPS, cut, day, excluded


class Slots(NamedTuple):
    """Where attempts stand: in slot ``k`` that which may take step ``k`` next; anybody may take the first.

    Which of them are taken is kept as bits beside them. What is of no use is written to a slot after all others, which nobody
    reads: a choice of slots costs less than a branch.

    Attributes:
        ends: the last moment of its chain.
        until: the last moment for its next step.
        last: its last row.
        link: by row (counted from the person's first) and step the row before in the chain.
        order: the rows of one moment (counted in the same way) as they are read.
    """

    ends: Whole
    until: Whole
    last: Whole
    link: npt.NDArray[np.int32]
    order: Whole

    @classmethod
    def of(cls, steps: int, rows: int) -> Slots:
        """Slots for persons with so many rows at most; memory is taken by what is written to only."""
        one = np.empty(steps + 2, np.int64)
        return cls(one, one.copy(), one.copy(), np.empty((rows, steps), np.int32), np.empty(rows, np.int64))


@bare
def plain(
    person: Any, at_ms: Any, bits: Any, rules: Any, slots: Any, reached: Any, rows: Any, completed: Any, tied: Any
) -> Any:  # pragma: no cover - compiled
    """Write by chain how far it comes, its rows, how often to the end and whether several rows are of one moment.

    Returns how many there are: one for everybody who begins.
    """
    chains, begin = 0, beginning(np.int64(0), person, at_ms, bits, np.uint32(1))
    while begin < len(bits):
        row, best, reached[chains], completed[chains], tied[chains] = _followed(
            begin, person, at_ms, bits, rules, slots
        )
        _written(begin, best, reached[chains], slots.link, rows, chains)
        chains += 1
        while row < len(bits) and person[row] == person[begin]:
            row += 1
        begin = beginning(row, person, at_ms, bits, np.uint32(1))
    return chains


@inlined
def _followed(
    begin: Any, person: Any, at_ms: Any, bits: Any, rules: Any, slots: Any
) -> Any:  # pragma: no cover - compiled
    """Follow a person from ``begin`` on.

    Returns the row after the last that was looked at, where the furthest chain ends, how far it comes, how often to the end,
    and whether several rows are of one moment.
    """
    until, order, every, steps = slots.until, slots.order, np.uint32((1 << rules.steps) - 1), rules.steps
    breaks = rules.strict or rules.once or len(rules.after) > 0
    until[0], over, last_of_day = EVER, LONG_AGO if rules.days else EVER, EVER
    far, done, best, taken = 0, 0, begin, 1
    row, tied, in_order = begin, False, True
    moment = begin if rules.ties != ROWS else np.int64(-1)  # where the next one begins, if that matters
    while row < len(bits) and person[row] == person[begin]:
        if row == moment:
            moment = _end(row, person, at_ms)
            tied |= moment - row > 1
            in_order = moment - row == 1 or rules.ties != STEPS
            if not in_order:
                for other in range(row, moment):
                    order[other - begin] = other
                by_step(order, row - begin, moment - begin, at_ms, bits, rules.lowest)
        one = row if in_order else order[row - begin]
        now, kinds = at_ms[row], bits[one]
        if now >= over:
            over, last_of_day = day(now, rules)
        slots.ends[0] = min(now + rules.window_ms, last_of_day)
        made, far, best = _taken(one, begin, now, kinds, taken, far, best, rules, slots)
        taken |= made
        row += 1
        if made >> steps:
            done += 1
            if not rules.reentry:
                break
            taken = 1
        elif breaks:
            taken &= made | ~((rules.ended[kinds & every] | cut(kinds >> np.uint32(steps), rules)) << 1)
    return row, best, far, done, tied


@inlined
def _end(row: Any, person: Any, at_ms: Any) -> Any:  # pragma: no cover - compiled
    """Where the rows of the person's moment end that begin at ``row``."""
    end = row + 1
    while end < len(person) and at_ms[end] == at_ms[row] and person[end] == person[row]:
        end += 1
    return end


@inlined
def _taken(
    row: Any, begin: Any, now: Any, kinds: Any, taken: Any, far: Any, best: Any, rules: Any, slots: Any
) -> Any:  # pragma: no cover - compiled
    """Take the steps of a row with the attempts that are ``taken``: the new ones, how far any came by now, and by which row.

    There are no branches where a processor cannot foresee which way it goes.
    """
    ends, until, last, link = slots.ends, slots.until, slots.last, slots.link
    steps, step_ms, highest, one = rules.steps, rules.step_ms, rules.highest, np.uint32(1)
    left, barred, made = kinds & ((one << np.uint32(steps)) - one), kinds >> np.uint32(steps), 0
    while True:  # from the last step to the first, so that no chain takes two by one row
        step = highest[left]
        fits = (taken >> step) & (until[step] >= now) & (left != 0)
        left &= ~(one << step)
        if barred and step and excluded(barred, rules, step - 1, step):
            fits = 0
        to = step + 1 if fits else steps + 1
        ends[to], until[to], last[to] = ends[step], min(ends[step], now + step_ms[to]), row
        link[row - begin, step] = last[step]
        made |= fits << (step + 1)
        if fits and step == far:
            far, best = step + 1, row
        if not left:
            return made, far, best


@inlined
def _written(begin: Any, row: Any, far: Any, link: Any, rows: Any, at: Any) -> None:  # pragma: no cover - compiled
    """Write the chain of ``far`` steps that ends with ``row`` to ``rows[at]``."""
    for step in range(far, rows.shape[1]):
        rows[at, step] = -1
    for step in range(far - 1, -1, -1):
        rows[at, step] = row
        row = link[row - begin, step]
