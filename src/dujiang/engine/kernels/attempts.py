"""Funnels with every rule: all attempts of a person that may still come further, side by side.

Attempts lie in a *pool*, a row each. Those that have come to the same step, and have taken the same number of steps on the way,
stand in one *queue*: from front to back their last rows are later and their starts earlier, since an attempt that starts
earlier and has its last row no later is of no use. So the first of a queue that is not too old is the best of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.matching import augmented
from dujiang.engine.kernels.rules import EITHER, broken, deadline, excluded, is_step, seen

# The columns of the pool: where the first row stands among the person's, the last moment of the chain, the moment of the last
# row, the neighbours in the queue, and from there on the rows by step.
_START, _UNTIL, _AT, _OLDER, _NEWER, _CHAIN = 0, 1, 2, 3, 4, 5


class Room(NamedTuple):
    """Where attempts lie, besides the pool.

    Attributes:
        front: the first of each queue, by step and number of steps taken; -1 where it is empty.
        back: the last of each queue.
        fresh: what is about to join it.
        free: the first place of the pool that is free again, and where those begin that never were used.
    """

    front: Whole
    back: Whole
    fresh: Whole
    free: Whole

    @classmethod
    def of(cls, steps: int) -> Room:
        """Room for the attempts of one person after the other."""
        shape = (steps, steps + 1)
        return cls(
            np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(2, np.int64)
        )


def pool(steps: int) -> Whole:
    """An empty pool; it grows where it has to."""
    return np.empty((steps * (steps + 1) + 64, _CHAIN + steps), np.int64)


@njit(cache=True, nogil=True)
def attempted(
    own: Any, at_ms: Any, bits: Any, rules: Any, pool: Any, room: Any, best: Any
) -> Any:  # pragma: no cover - compiled
    """How far the rows ``own`` of one person come, and how often to the end; ``best`` becomes the furthest chain."""
    best[:] = -1
    _emptied(room)
    breaks = rules.strict or rules.once or len(rules.after) > 0
    far, done, begin = 0, 0, 0
    while begin < len(own):
        end = _moment(own, begin, at_ms) if rules.ties >= EITHER else begin + 1
        some, common = seen(own, begin, end, bits, rules)
        barred = some >> np.uint32(rules.steps)
        if room.free[1] + room.fresh.size > len(pool):
            pool = np.concatenate((pool, pool))
        made = False
        for place in range(begin, end):
            made |= _continued(own, place, begin, at_ms, bits, barred, rules, pool, room)
        if rules.ties == EITHER and end - begin > 1:
            _several(own[begin:end], begin, at_ms, bits, barred, rules, pool, room)
            made = True
        step, one = _furthest(room.fresh, rules) if made else (-1, -1)
        if step >= far and not done:
            far = step + 1
            best[:] = pool[one, _CHAIN:]
        if step == rules.steps - 1:
            done += 1
            if not rules.reentry:
                break
            _emptied(room)
        else:
            if breaks:
                _ended(broken(some, common, rules), rules, pool, room)
            _joined(rules, step, pool, room)
        begin = end
    return far, done, pool


@njit(cache=True, nogil=True)
def _moment(own: Any, begin: Any, at_ms: Any) -> Any:  # pragma: no cover - compiled
    """Where the rows of one moment end that begin at ``begin``."""
    end = begin + 1
    while end < len(own) and at_ms[own[end]] == at_ms[own[begin]]:
        end += 1
    return end


@njit(cache=True, nogil=True)
def _emptied(room: Any) -> None:  # pragma: no cover - compiled
    room.front[:] = -1
    room.back[:] = -1
    room.fresh[:] = -1
    room.free[0], room.free[1] = -1, 0


@njit(cache=True, nogil=True)
def _continued(
    own: Any, place: Any, begin: Any, at_ms: Any, bits: Any, barred: Any, rules: Any, pool: Any, room: Any
) -> Any:  # pragma: no cover - compiled
    """Take one step with the row at ``place``, for each of its steps, from the best attempts so far; whether any was taken."""
    row, made = own[place], False
    if is_step(bits[row], 0):
        _offered(pool, room, 0, 1, begin if rules.ties == EITHER else place, -1, at_ms[row])
        pool[room.fresh[0, 1], _UNTIL] = deadline(at_ms[row], rules)
        pool[room.fresh[0, 1], _CHAIN] = row
        made = True
    for step in range(1, rules.steps):
        came = step - 1 if is_step(bits[row], step) else -1
        while came >= 0:
            if not excluded(barred, rules, came, step):
                for taken in range(rules.least[came], came + 2):
                    made |= _advanced(row, at_ms[row], came, step, taken, rules, pool, room)
            came = came - 1 if rules.optional[came] else -1
    return made


@njit(cache=True, nogil=True)
def _advanced(
    row: Any, now: Any, came: Any, step: Any, taken: Any, rules: Any, pool: Any, room: Any
) -> Any:  # pragma: no cover - compiled
    """Let the best attempt that has come to ``came`` with ``taken`` steps take ``step`` by ``row``, if nothing better does."""
    fresh = room.fresh
    origin = _best(pool, room.front[came, taken], now, rules.step_ms[step])
    if origin < 0:
        return False
    start, rival = pool[origin, _START], fresh[step, taken + 1]
    if rival >= 0:
        ahead = pool[rival, _START]
        if start < ahead or (start == ahead and pool[rival, _CHAIN + step] == row):
            return False
    _offered(pool, room, step, taken + 1, start, origin, now)
    pool[fresh[step, taken + 1], _CHAIN + step] = row
    return True


@njit(cache=True, nogil=True)
def _several(
    rows: Any, begin: Any, at_ms: Any, bits: Any, barred: Any, rules: Any, pool: Any, room: Any
) -> None:  # pragma: no cover - compiled
    """Take more than one step with ``rows`` of one moment: match steps with rows, a step more at a time."""
    steps, now = rules.steps, at_ms[rows[0]]
    fits = np.zeros((steps, len(rows)), np.bool_)
    for step in range(steps):
        for place in range(len(rows)):
            fits[step, place] = is_step(bits[rows[place]], step)
    for came in range(-1, steps - 1):
        origin = -1
        if came >= 0:
            origin = _best(pool, room.front[came, came + 1], now, rules.step_ms[came + 1])
        if came < 0 or origin >= 0:
            start = begin if came < 0 else pool[origin, _START]
            _matched(rows, fits, came, origin, start, now, barred, rules, pool, room)


@njit(cache=True, nogil=True)
def _matched(
    rows: Any, fits: Any, came: Any, origin: Any, start: Any, now: Any, barred: Any, rules: Any, pool: Any, room: Any
) -> None:  # pragma: no cover - compiled
    fresh = room.fresh
    place_of, step_of = np.full(rules.steps, -1), np.full(len(rows), -1)
    for step in range(came + 1, rules.steps):
        if not augmented(fits, step, place_of, step_of):
            break
        rival = fresh[step, step + 1]
        better = rival < 0 or pool[rival, _START] < start
        # A single step is taken elsewhere.
        if step == came + 1 or not better or (came >= 0 and excluded(barred, rules, came, step)):
            continue
        _offered(pool, room, step, step + 1, start, origin, now)
        one = fresh[step, step + 1]
        if origin < 0:
            pool[one, _UNTIL] = deadline(now, rules)
        for of in range(came + 1, step + 1):
            pool[one, _CHAIN + of] = rows[place_of[of]]


@njit(cache=True, nogil=True)
def _best(pool: Any, first: Any, now: Any, step_ms: Any) -> Any:  # pragma: no cover - compiled
    """The first of a queue whose last row is not too old, if its chain is not either; else -1."""
    while first >= 0 and pool[first, _AT] < now - step_ms:
        first = pool[first, _NEWER]
    return first if first >= 0 and pool[first, _UNTIL] >= now else -1


@njit(cache=True, nogil=True)
def _offered(
    pool: Any, room: Any, step: Any, taken: Any, start: Any, origin: Any, now: Any
) -> None:  # pragma: no cover - compiled
    """Make room for the new attempt that comes to ``step``, in place of a worse one, with what its ``origin`` did."""
    fresh, free = room.fresh, room.free
    if fresh[step, taken] < 0:
        if free[0] >= 0:
            fresh[step, taken] = free[0]
            free[0] = pool[free[0], _NEWER]
        else:
            fresh[step, taken] = free[1]
            free[1] += 1
    one = fresh[step, taken]
    for column in range(_CHAIN, pool.shape[1]):
        pool[one, column] = pool[origin, column] if origin >= 0 else -1
    if origin >= 0:
        pool[one, _UNTIL] = pool[origin, _UNTIL]
    pool[one, _START], pool[one, _AT] = start, now


@njit(cache=True, nogil=True)
def _furthest(fresh: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The furthest step that new attempts come to, and of them the one with the most steps; -1 where there are none."""
    for step in range(rules.steps - 1, -1, -1):
        for taken in range(step + 1, rules.least[step] - 1, -1):
            if fresh[step, taken] >= 0:
                return step, fresh[step, taken]
    return -1, -1


@njit(cache=True, nogil=True)
def _ended(breaks: Any, rules: Any, pool: Any, room: Any) -> None:  # pragma: no cover - compiled
    """Empty the queues of the steps ``breaks``, given as bits."""
    front, back, free = room.front, room.back, room.free
    for step in range(rules.steps):
        for taken in range(rules.least[step], step + 2):
            if breaks >> step & 1 and front[step, taken] >= 0:
                pool[back[step, taken], _NEWER] = free[0]
                free[0] = front[step, taken]
                front[step, taken] = back[step, taken] = -1


@njit(cache=True, nogil=True)
def _joined(rules: Any, furthest: Any, pool: Any, room: Any) -> None:  # pragma: no cover - compiled
    """Let the new attempts join their queues, in which those that start no later are of no use any more."""
    front, back, fresh, free = room.front, room.back, room.fresh, room.free
    for step in range(furthest + 1):
        for taken in range(rules.least[step], step + 2):
            one, last = fresh[step, taken], back[step, taken]
            if one < 0:
                continue
            while last >= 0 and pool[last, _START] <= pool[one, _START]:
                older = pool[last, _OLDER]
                pool[last, _NEWER] = free[0]
                free[0] = last
                last = older
            pool[one, _OLDER], pool[one, _NEWER] = last, -1
            if last >= 0:
                pool[last, _NEWER] = one
            else:
                front[step, taken] = one
            back[step, taken] = one
            fresh[step, taken] = -1
