"""Funnels in any order: the most steps by different rows within a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from dujiang.engine.kernels.compiled import inlined, inner, making
from dujiang.engine.kernels.matching import augmented
from dujiang.engine.kernels.rules import EVER, LONG_AGO, day, deadline, is_step


# Written into its caller, as :func:`dujiang.engine.kernels.plain.plain` is.
@inlined
def apart(
    own: Any, length: Any, at_ms: Any, bits: Any, rules: Any, slots: Any, rows: Any, at: Any
) -> Any:  # pragma: no cover - compiled
    """What :func:`unordered` says, of rows that are of one step each: of each step the last row is all that matters."""
    steps, lowest, until, last = rules.steps, rules.lowest, slots.until, slots.last
    every = np.uint32((1 << steps) - 1)
    until[:] = LONG_AGO
    for step in range(steps):
        rows[at, step] = -1
    far, done = 0, 0
    over, last_of_day = LONG_AGO if rules.days else EVER, EVER
    for place in range(length):
        now, kinds = at_ms[own[place]], bits[own[place]]
        if now >= over:
            over, last_of_day = day(now, rules)
        step = lowest[kinds & every]  # the place after all steps where it is of none
        until[step], last[step] = min(now + rules.window_ms, last_of_day), place
        many = 0
        for one in range(steps):
            many += until[one] >= now
        if many > far and not done:
            far = many
            _in_order(own, now, until, last, rows, at)
        if many == steps:
            done += 1
            if not rules.reentry:
                break
            until[:] = LONG_AGO
        elif kinds >> np.uint32(steps):
            again = until[step]  # what is excluded may stand at the ends
            until[:] = LONG_AGO
            until[step] = again
    return far, done


@inner
def _in_order(own: Any, now: Any, until: Any, last: Any, rows: Any, at: Any) -> None:  # pragma: no cover - compiled
    """Write the last rows of the steps that are in time to ``rows[at]``, sorted by their places."""
    many = 0
    for step in range(rows.shape[1]):
        if until[step] < now:
            continue
        to = many
        while to > 0 and rows[at, to - 1] > last[step]:
            rows[at, to] = rows[at, to - 1]
            to -= 1
        rows[at, to] = last[step]
        many += 1
    for place in range(many):
        rows[at, place] = own[rows[at, place]]


@inner
def unordered(
    own: Any, length: Any, at_ms: Any, bits: Any, rules: Any, kept: Any, rows: Any, at: Any
) -> Any:  # pragma: no cover - compiled
    """How many steps some rows ``own`` of one person do, and how often all; ``rows[at]`` becomes the rows that do.

    Sets of rows that different steps can be given to are the independent sets of a matroid. So going back from the newest row,
    and taking each that can be added, finds a largest set with the latest rows; and what is not in it is of no use later.
    """
    every = np.uint32((1 << rules.steps) - 1)
    for step in range(rules.steps):
        rows[at, step] = -1
    many, far, done = np.int64(0), 0, 0
    for number in range(length):
        row = own[number]
        whole = False
        if bits[row] & every:
            many = _in_time(kept, many, at_ms[row], at_ms, rules)
            place = _place(kept, many, bits[row] & every, bits)
            kept[many] = row
            many = _without(kept, many + 1, place) if place >= 0 else _largest(kept, many + 1, bits, rules)
            if many > far and not done:
                far = many
                for step in range(many):
                    rows[at, step] = kept[step]
            whole = many == rules.steps
        if whole:
            done += 1
            many = 0
            if not rules.reentry:
                break
        elif bits[row] >> np.uint32(rules.steps):
            kept[0] = row  # what is excluded may stand at the ends
            many = 1 if bits[row] & every else 0
    return far, done


@inner
def _in_time(kept: Any, many: Any, now: Any, at_ms: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """Drop rows from which the window does not reach ``now``; how many are left."""
    first = 0
    while first < many and deadline(at_ms[kept[first]], rules) < now:
        first += 1
    for place in range(first, many):
        kept[place - first] = kept[place]
    return many - first


@inner
def _place(kept: Any, many: Any, mine: Any, bits: Any) -> Any:  # pragma: no cover - compiled
    """Which row a new one of a single step replaces: one of the same step; ``many`` if none has it, -1 if that is not all."""
    if mine & (mine - np.uint32(1)):
        return -1
    found = many
    for place in range(many):
        if bits[kept[place]] & mine:
            if bits[kept[place]] & (bits[kept[place]] - np.uint32(1)) or found < many:
                return -1
            found = place
    return found


@inner
def _without(kept: Any, many: Any, gone: Any) -> Any:  # pragma: no cover - compiled
    """Take out the row at place ``gone`` unless it is the last, which is new; how many are left."""
    if gone == many - 1:
        return many
    for place in range(gone, many - 1):
        kept[place] = kept[place + 1]
    return many - 1


@making
def _largest(kept: Any, many: Any, bits: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """Leave of the first ``many`` rows of ``kept`` a largest set with the latest; how many are left."""
    fits = np.zeros((many, rules.steps), np.bool_)
    for place in range(many):
        for step in range(rules.steps):
            fits[place, step] = is_step(bits[kept[place]], step)
    step_of, row_of = np.full(many, np.int64(-1)), np.full(rules.steps, np.int64(-1))
    for place in range(many - 1, -1, -1):
        augmented(fits, place, step_of, row_of)
    left = 0
    for place in range(many):
        if step_of[place] >= 0:
            kept[left] = kept[place]
            left += 1
    return left
