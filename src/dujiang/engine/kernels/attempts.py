"""Funnels with every rule: all attempts of a person that may still come further, side by side.

Attempts lie in a *pool*, a row each. Those that have come to the same step, and have taken the same number of steps on the way,
stand in one *queue*: from front to back their last rows are later and their starts earlier, since an attempt that starts
earlier and has its last row no later is of no use. So the first of a queue that is not too old is the best of it.
:mod:`dujiang.engine.kernels.subsets` has a queue for each set of steps instead.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import inner, making
from dujiang.engine.kernels.matching import augmented
from dujiang.engine.kernels.rules import EITHER, broken, deadline, excluded, is_step, seen

# The columns of the pool: where the first row stands among the person's, the last moment of the chain, the moment of the last
# row, the neighbours in the queue, and from there on the rows by step.
START, UNTIL, _AT, _OLDER, _NEWER, CHAIN = 0, 1, 2, 3, 4, 5
NONE: Final = np.int64(-1)
FIRST: Final = np.int64(0)


class Room(NamedTuple):
    """Where attempts lie, besides the pool.

    Attributes:
        front: the first of each queue, by step and number of steps taken (else: by set of steps and 0); -1 where it is empty.
        back: the last of each queue.
        fresh: what is about to join it.
        free: the first place of the pool that is free again, and where those begin that never were used.
    """

    front: Whole
    back: Whole
    fresh: Whole
    free: Whole

    @classmethod
    def of(cls, *shape: int) -> Room:
        """Room for the attempts of one person after the other, in as many queues."""
        return cls(
            np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(2, np.int64)
        )


def pool(steps: int, room: Room) -> Whole:
    """An empty pool; it grows where it has to."""
    return np.empty((room.fresh.size + 64, CHAIN + steps), np.int64)


@making
def grown(pool: Any, room: Any) -> Any:  # pragma: no cover - compiled
    """The pool, with a place for a new attempt of each queue."""
    if room.free[1] + room.fresh.size <= len(pool):
        return pool
    more = np.empty((2 * len(pool), pool.shape[1]), np.int64)
    for one in range(len(pool)):
        for column in range(pool.shape[1]):
            more[one, column] = pool[one, column]
    return more


@making
def attempted(
    own: Any, length: Any, at_ms: Any, bits: Any, rules: Any, pool: Any, room: Any, rows: Any, at: Any
) -> Any:  # pragma: no cover - compiled
    """How far the rows ``own`` of one person come, and how often to the end; ``rows[at]`` becomes the furthest chain."""
    for step in range(rules.steps):
        rows[at, step] = -1
    emptied(room)
    breaks = rules.strict or rules.once or len(rules.after) > 0
    far, done, begin = 0, 0, np.int64(0)
    while begin < length:
        end = _moment(own, length, begin, at_ms) if rules.ties >= EITHER else begin + 1
        some, common = seen(own, begin, end, bits, rules)
        barred = some >> np.uint32(rules.steps)
        pool = grown(pool, room)
        made = False
        for place in range(begin, end):
            made |= _continued(own, place, begin, at_ms, bits, barred, rules, pool, room)
        if rules.ties == EITHER and end - begin > 1:
            _several(own[begin:end], begin, at_ms, bits, barred, rules, pool, room)
            made = True
        step, one = _furthest(room.fresh, rules) if made else (-1, -1)
        if step >= far and not done:
            far = step + 1
            for taken in range(rules.steps):
                rows[at, taken] = pool[one, CHAIN + taken]
        if step == rules.steps - 1:
            done += 1
            if not rules.reentry:
                break
            emptied(room)
        else:
            if breaks:
                _ended(broken(some, common, rules), rules, pool, room)
            _joined(rules, step, pool, room)
        begin = end
    return far, done, pool


@inner
def _moment(own: Any, length: Any, begin: Any, at_ms: Any) -> Any:  # pragma: no cover - compiled
    """Where the rows of one moment end that begin at ``begin``."""
    end = begin + 1
    while end < length and at_ms[own[end]] == at_ms[own[begin]]:
        end += 1
    return end


@inner
def emptied(room: Any) -> None:  # pragma: no cover - compiled
    """No attempts at all."""
    for queue in range(room.front.shape[0]):
        for taken in range(room.front.shape[1]):
            room.front[queue, taken] = room.back[queue, taken] = room.fresh[queue, taken] = -1
    room.free[0], room.free[1] = -1, 0


@inner
def _continued(
    own: Any, place: Any, begin: Any, at_ms: Any, bits: Any, barred: Any, rules: Any, pool: Any, room: Any
) -> Any:  # pragma: no cover - compiled
    """Take one step with the row at ``place``, for each of its steps, from the best attempts so far; whether any was taken."""
    row, made = own[place], False
    if is_step(bits[row], 0):
        offered(pool, room, FIRST, np.int64(1), begin if rules.ties == EITHER else place, NONE, at_ms[row])
        pool[room.fresh[0, 1], UNTIL] = deadline(at_ms[row], rules)
        pool[room.fresh[0, 1], CHAIN] = row
        made = True
    for step in range(1, rules.steps):
        came = step - 1 if is_step(bits[row], step) else -1
        while came >= 0:
            if not excluded(barred, rules, came, step):
                for taken in range(rules.least[came], came + 2):
                    made |= _advanced(row, at_ms[row], came, step, taken, rules, pool, room)
            came = came - 1 if rules.optional[came] else -1
    return made


@inner
def _advanced(
    row: Any, now: Any, came: Any, step: Any, taken: Any, rules: Any, pool: Any, room: Any
) -> Any:  # pragma: no cover - compiled
    """Let the best attempt that has come to ``came`` with ``taken`` steps take ``step`` by ``row``, if nothing better does."""
    fresh = room.fresh
    origin = usable(pool, room.front[came, taken], now, rules.step_ms[step])
    if origin < 0:
        return False
    start, rival = pool[origin, START], fresh[step, taken + 1]
    if rival >= 0:
        ahead = pool[rival, START]
        if start < ahead or (start == ahead and pool[rival, CHAIN + step] == row):
            return False
    offered(pool, room, step, taken + 1, start, origin, now)
    pool[fresh[step, taken + 1], CHAIN + step] = row
    return True


@making
def _several(
    rows: Any, begin: Any, at_ms: Any, bits: Any, barred: Any, rules: Any, pool: Any, room: Any
) -> None:  # pragma: no cover - compiled
    """Take more than one step with ``rows`` of one moment, from the best attempts so far and from the beginning."""
    steps, now = rules.steps, at_ms[rows[0]]
    fits = np.zeros((steps, len(rows)), np.bool_)
    for step in range(steps):
        for place in range(len(rows)):
            fits[step, place] = is_step(bits[rows[place]], step)
    for came in range(-1, steps - 1):
        first, is_last = came + 1, False
        while first < steps - 1 and not is_last:
            for taken in range(rules.least[came] if came >= 0 else 0, came + 2):
                origin = usable(pool, room.front[came, taken], now, rules.step_ms[first]) if came >= 0 else -1
                if came < 0 or origin >= 0:
                    start = begin if came < 0 else pool[origin, START]
                    _matched(rows, fits, came, first, taken, origin, start, now, barred, rules, pool, room)
            is_last = not rules.optional[first]
            first += 1


@making
def _matched(
    rows: Any,
    fits: Any,
    came: Any,
    first: Any,
    taken: Any,
    origin: Any,
    start: Any,
    now: Any,
    barred: Any,
    rules: Any,
    pool: Any,
    room: Any,
) -> None:  # pragma: no cover - compiled
    """Match steps from ``first`` on with ``rows``: those that cannot be left out, then one more that can at a time."""
    place_of, step_of = np.full(rules.steps, NONE), np.full(len(rows), NONE)
    if not augmented(fits, first, place_of, step_of):
        return
    many = taken + 1
    for step in range(first + 1, rules.steps):
        places, steps = place_of.copy(), step_of.copy()
        if not augmented(fits, step, places, steps):
            if rules.optional[step]:
                continue
            return
        here = many + 1
        if not rules.optional[step]:
            place_of, step_of, many = places.copy(), steps.copy(), here
        if came >= 0 and excluded(barred, rules, came, step):
            continue
        _jumped(rows, places, first, step, here, origin, start, now, rules, pool, room)
        for one in range(first + 1, step):
            if rules.optional[one] and augmented(fits, one, places, steps):
                here += 1
                _jumped(rows, places, first, step, here, origin, start, now, rules, pool, room)


@inner
def _jumped(
    rows: Any,
    places: Any,
    first: Any,
    step: Any,
    taken: Any,
    origin: Any,
    start: Any,
    now: Any,
    rules: Any,
    pool: Any,
    room: Any,
) -> None:  # pragma: no cover - compiled
    """Take the steps from ``first`` to ``step`` that have a place among ``rows``, if no new attempt is better."""
    rival = room.fresh[step, taken]
    if rival >= 0 and pool[rival, START] >= start:
        return
    offered(pool, room, step, taken, start, origin, now)
    one = room.fresh[step, taken]
    if origin < 0:
        pool[one, UNTIL] = deadline(now, rules)
    for of in range(first, step + 1):
        pool[one, CHAIN + of] = rows[places[of]] if places[of] >= 0 else -1


@inner
def usable(pool: Any, first: Any, now: Any, step_ms: Any) -> Any:  # pragma: no cover - compiled
    """The first of a queue whose last row is not too old, if its chain is not either; else -1."""
    while first >= 0 and pool[first, _AT] < now - step_ms:
        first = pool[first, _NEWER]
    return first if first >= 0 and pool[first, UNTIL] >= now else -1


@inner
def offered(
    pool: Any, room: Any, step: Any, taken: Any, start: Any, origin: Any, now: Any
) -> None:  # pragma: no cover - compiled
    """Make room for the new attempt of a queue, in place of a worse one, with what its ``origin`` did."""
    fresh, free = room.fresh, room.free
    if fresh[step, taken] < 0:
        if free[0] >= 0:
            fresh[step, taken] = free[0]
            free[0] = pool[free[0], _NEWER]
        else:
            fresh[step, taken] = free[1]
            free[1] += 1
    one = fresh[step, taken]
    for column in range(CHAIN, pool.shape[1]):
        pool[one, column] = pool[origin, column] if origin >= 0 else -1
    if origin >= 0:
        pool[one, UNTIL] = pool[origin, UNTIL]
    pool[one, START], pool[one, _AT] = start, now


@inner
def _furthest(fresh: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The furthest step that new attempts come to, and of them the one with the most steps; -1 where there are none."""
    for step in range(rules.steps - 1, -1, -1):
        for taken in range(step + 1, rules.least[step] - 1, -1):
            if fresh[step, taken] >= 0:
                return step, fresh[step, taken]
    return -1, -1


@inner
def _ended(breaks: Any, rules: Any, pool: Any, room: Any) -> None:  # pragma: no cover - compiled
    """Empty the queues of the steps ``breaks``, given as bits."""
    front, back, free = room.front, room.back, room.free
    for step in range(rules.steps):
        for taken in range(rules.least[step], step + 2):
            if breaks >> step & 1 and front[step, taken] >= 0:
                pool[back[step, taken], _NEWER] = free[0]
                free[0] = front[step, taken]
                front[step, taken] = back[step, taken] = -1


@inner
def _joined(rules: Any, furthest: Any, pool: Any, room: Any) -> None:  # pragma: no cover - compiled
    """Let the new attempts join their queues."""
    for step in range(furthest + 1):
        for taken in range(rules.least[step], step + 2):
            if room.fresh[step, taken] >= 0:
                join(pool, room, step, taken)


@inner
def join(pool: Any, room: Any, step: Any, taken: Any) -> None:  # pragma: no cover - compiled
    """Let a new attempt join its queue, in which those that start no later are of no use any more."""
    front, back, fresh, free = room.front, room.back, room.fresh, room.free
    one, last = fresh[step, taken], back[step, taken]
    while last >= 0 and pool[last, START] <= pool[one, START]:
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
