"""Funnels: how far persons come along steps, in one pass over rows sorted by person and time.

**Definition.** A *chain* is one row for each step that it takes, all different rows, so that each row comes after the one of
the step taken before. A person's result is the chain that comes *furthest*; of those the one that gets there *first*; of
those the one that takes most optional steps; of those the one that *starts last*; of those, going back from its end, the one
with the later row at each step. What "after" and "between" mean, and what else a chain has to fulfil, :class:`Funnel` says.
Where the order of rows of one moment does not count (``either``, ``never``), they get there at the same time; with ``either``
they are as good as each other in every way.

Nothing here remembers a single attempt only: a chain that breaks does not hinder another from being found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from dujiang.engine.columns import Code, Whole
from dujiang.engine.kernels.attempts import Room, attempted, pool
from dujiang.engine.kernels.plain import Slots, plain
from dujiang.engine.kernels.rules import EITHER, EVER, NEVER, ROWS, STEPS, Rules
from dujiang.engine.kernels.skipping import Stages, skipping
from dujiang.engine.kernels.steps import Steps
from dujiang.engine.kernels.subsets import in_sets
from dujiang.engine.kernels.unordered import apart, unordered
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Order = Literal["ordered", "strict", "any"]
Ties = Literal["rows", "steps", "either", "never"]

STEPS_MAX: Final = 10
_TIES: Final[dict[Ties, int]] = {"rows": ROWS, "steps": STEPS, "either": EITHER, "never": NEVER}
# What is compiled here holds the code of the modules it calls, too: a change there needs this file's kept code removed.
_PLAIN, _SKIPPING, _GENERAL, _UNORDERED, _SETS = 0, 1, 2, 3, 4
_NO_CODES: Final = np.empty(0, np.int32)
_NO_DAYS: Final = np.empty(0, np.int64)


@dataclass(frozen=True)
class Exclusion:
    """Rows that must not lie between two steps: the first of them ends the attempt, unless it is itself the later step.

    Attributes:
        after: number of the earlier step, from 0; it is not optional.
        before: number of the later step; not optional either.
    """

    after: int
    before: int


@dataclass(frozen=True)
class Funnel:
    """What a chain has to fulfil.

    Step ``k`` is bit ``1 << k`` of a row, exclusion ``e`` bit ``1 << (steps + e)``. A row may be of several steps, and takes
    one of them in a chain: who looked twice has done "looked, then looked", who looked once has not.

    Attributes:
        steps: how many there are, at most :data:`STEPS_MAX`.
        order: ``ordered``: each step after the one before, whatever lies between. ``strict``: besides, no row of a step lies
            between two steps of the chain, unless it repeats the earlier of the two. ``any``: as many different steps as
            possible by different rows, in any order; what is reported are the rows in their order.
        ties: what "after" means for rows of the same moment. ``rows``: as they lie. ``steps``: as if sorted by their lowest
            step, those of no step last. ``either``: each of two comes after the other; a row lies between two others only if
            its moment does. ``never``: neither comes after the other (strict increase); between is as with ``either``.
        once: strict deduplication: between two steps of a chain lies no row of the earlier of the two, or of one before it.
        optional: steps that may be left out; never the first or the last.
        window_ms: the last row of a chain is at most so much later than its first.
        step_ms: by step: its row is at most so much later than that of the step taken before; the first of a chain is passed
            over, whichever that is in any order.
        days: a chain ends at the latest on this day, 1 being the day of its first row; None for no such bound.
        exclusions: what must not lie between.
        reentry: count every chain to the last step, each of rows after the one before was complete; else only the first.
    """

    steps: int
    order: Order = "ordered"
    ties: Ties = "rows"
    once: bool = False
    optional: frozenset[int] = frozenset()
    window_ms: int = EVER
    step_ms: tuple[int, ...] = ()
    days: int | None = None
    exclusions: tuple[Exclusion, ...] = ()
    reentry: bool = False

    def __post_init__(self) -> None:
        """Refuse what does not fit together.

        Raises:
            InvalidInput: ``funnel.steps``, ``funnel.optional``, ``funnel.step_windows``, ``funnel.exclusion`` or
                ``funnel.any_order``.
        """
        last = self.steps - 1
        if not 1 <= self.steps <= STEPS_MAX:
            raise InvalidInput("funnel.steps", _("A funnel has from 1 to {most} steps."), most=STEPS_MAX)
        if not self.optional <= frozenset(range(1, last)):
            raise InvalidInput("funnel.optional", _("The first and the last step of a funnel cannot be left out."))
        if self.step_ms and len(self.step_ms) != self.steps:
            raise InvalidInput("funnel.step_windows", _("Every step needs its own window, or none does."))
        for one in self.exclusions:
            if not 0 <= one.after < one.before <= last or {one.after, one.before} & self.optional:
                raise InvalidInput(
                    "funnel.exclusion",
                    _("An exclusion lies between an earlier and a later step that are not optional."),
                )
        whole = all(one == Exclusion(0, last) for one in self.exclusions)
        timed = self.ties in ("either", "never")
        if self.order == "any" and (self.optional or self.once or timed or not whole):
            raise InvalidInput(
                "funnel.any_order",
                _("Steps in any order have windows, and exclusions anywhere between; nothing else fits them."),
            )


class Chains(NamedTuple):
    """The furthest chain of everyone who took the first step (in any order: any step).

    Attributes:
        person: whose; sorted, several times the same where a property is held constant.
        reached: the furthest step, from 1 (in any order: how many steps).
        rows: by chain and step the row that took it; -1 where none did (in any order: the first, second, … row).
        completed: chains to the last step, one after the other.
    """

    person: Whole
    reached: npt.NDArray[np.int8]
    rows: npt.NDArray[np.int32]
    completed: npt.NDArray[np.int32]


def funnel(
    person: Whole, at_ms: Whole, bits: Steps, of: Funnel, held: Code = _NO_CODES, day_starts: Whole = _NO_DAYS
) -> Chains:
    """How far everyone comes.

    Args:
        person: whose row it is; rows of one person lie together, in the order in which they happened.
        at_ms: when, in milliseconds since 1970.
        bits: steps and exclusions of each row; rows of neither count for nothing.
        of: what a chain has to fulfil.
        held: code of a property that all rows of a chain, and what must not lie between them, have to share, so that a result
            is one for each person and value; rows with a code below 0 count for nothing. Empty: no property is held.
        day_starts: moments at which days begin, one after the other, from before the first row; needed for ``of.days``. What
            lies after the last is one day.

    >>> rows = np.array([7, 7, 8]), np.array([0, 5, 9]), np.array([1, 2, 1], np.uint32)
    >>> found = funnel(*rows, Funnel(2, window_ms=10))
    >>> found.reached.tolist(), found.rows.tolist()
    ([2, 1], [[0, 1], [2, -1]])
    """
    ordered = _PLAIN if not of.optional else _GENERAL if of.step_ms else _SKIPPING
    any_order = _SETS if of.step_ms else _UNORDERED
    way = any_order if of.order == "any" else ordered
    rules, slots, stages = (
        _rules(of)._replace(day_starts=day_starts),
        Slots.of(of.steps, len(bits)),
        Stages.of(of.steps),
    )
    room = Room.of(1 << of.steps, 1) if way == _SETS else Room.of(of.steps, of.steps + 1)
    kernel: Any = _funnel
    return Chains(*kernel(person, at_ms, bits, held, rules, way, slots, stages, pool(of.steps, room), room))


@lru_cache(maxsize=64)
def _rules(of: Funnel) -> Rules:
    sets, every = np.arange(1 << of.steps), (1 << of.steps) - 1
    ended = every & ~np.where(sets > 0, sets, every) if of.order == "strict" else np.zeros_like(sets)
    if of.once:
        ended = ended | every & (sets | -sets)  # the lowest of them and all above
    has = (sets[:, None] >> np.arange(of.steps)) & 1 > 0
    return Rules(
        of.steps,
        _TIES[of.ties],
        of.order == "strict",
        of.once,
        of.reentry,
        of.window_ms,
        of.days or 0,
        _NO_DAYS,
        np.array([*(of.step_ms or [EVER] * of.steps), EVER, EVER], np.int64),
        np.array([step in of.optional for step in range(of.steps)], np.bool_),
        np.array([1 + step - sum(one <= step for one in of.optional) for step in range(of.steps)], np.int64),
        ended,
        np.where(sets > 0, has.argmax(1), of.steps),
        np.where(sets > 0, of.steps - 1 - has[:, ::-1].argmax(1), 0).astype(np.uint32),
        np.array([one.after for one in of.exclusions], np.int64),
        np.array([one.before for one in of.exclusions], np.int64),
    )


@njit(cache=True, nogil=True)
def _funnel(
    person: Any, at_ms: Any, bits: Any, held: Any, rules: Any, way: Any, slots: Any, stages: Any, pool: Any, room: Any
) -> Any:  # pragma: no cover - compiled
    every = np.uint32((1 << rules.steps) - 1)
    begins = every if way >= _UNORDERED else np.uint32(1)
    # Room for all that there may be: room that grows within the loop makes it slower, and only what is written to takes memory.
    most = _count(bits, begins)
    whose, reached = np.empty(most, np.int64), np.empty(most, np.int8)
    rows, completed = np.empty((most, rules.steps), np.int32), np.empty(most, np.int32)
    kept, own = np.empty(rules.steps + 1, np.int64), np.empty(len(bits), np.int64)
    chains, row = 0, 0
    while row < len(bits):
        row, many, tied, several = _gathered(row, person, at_ms, bits, begins, every, own)
        if len(held):
            many = _by_value(own, many, held)
        begin = 0
        while begin < many:
            end = _end(own, begin, many, held)
            if tied and rules.ties == STEPS:
                _by_step(own, begin, end, at_ms, bits, rules.lowest)
            if way == _UNORDERED and not several:
                far, done = apart(own, begin, end, at_ms, bits, rules, slots, rows, chains)
            elif way >= _UNORDERED:
                far, done, pool = _whichever(own, begin, end, at_ms, bits, rules, way, kept, pool, room, rows, chains)
            elif way == _GENERAL or (tied and rules.ties >= EITHER):
                mine, best = own[begin:end], rows[chains]
                far, done, pool = attempted(mine, at_ms, bits, rules, pool, room, best)
            elif way == _SKIPPING:
                far, done = skipping(own, begin, end, at_ms, bits, rules, stages, rows, chains)
            else:
                far, done = plain(own, begin, end, at_ms, bits, rules, slots, rows, chains)
            if far:
                whose[chains], reached[chains], completed[chains] = person[own[begin]], far, done
                chains += 1
            begin = end
    return whose[:chains].copy(), reached[:chains].copy(), rows[:chains].copy(), completed[:chains].copy()


@njit(cache=True, nogil=True)
def _whichever(
    own: Any,
    begin: Any,
    end: Any,
    at_ms: Any,
    bits: Any,
    rules: Any,
    way: Any,
    kept: Any,
    pool: Any,
    room: Any,
    rows: Any,
    at: Any,
) -> Any:  # pragma: no cover - compiled
    """In any order, with windows between steps or without."""
    if way == _SETS:
        return in_sets(own, begin, end, at_ms, bits, rules, pool, room, rows, at)
    far, done = unordered(own, begin, end, at_ms, bits, rules, kept, rows, at)
    return far, done, pool


@njit(cache=True, nogil=True)
def _count(bits: Any, begins: Any) -> Any:  # pragma: no cover - compiled
    """One more than there are rows with which somebody begins."""
    count = 1
    for row in range(len(bits)):
        count += bits[row] & begins != 0
    return count


@njit(cache=True, nogil=True)
def _gathered(
    row: Any, person: Any, at_ms: Any, bits: Any, begins: Any, every: Any, own: Any
) -> Any:  # pragma: no cover - compiled
    """Write to ``own`` the rows that count of the next person from ``row`` on who begins, from that moment on.

    Returns where they end, how many they are, whether two may be of the same moment, and whether one is of several steps.
    """
    while row < len(bits) and not bits[row] & begins:
        row += 1
    many, tied, several = 0, False, np.uint32(0)
    if row == len(bits):
        return row, many, tied, False
    who = person[row]
    while row and person[row - 1] == who and at_ms[row - 1] == at_ms[row]:
        row -= 1
    while row < len(bits) and person[row] == who:  # without a branch: which rows count no processor can foresee
        own[many] = row
        many += bits[row] != 0
        tied |= (at_ms[row] == at_ms[row - 1]) & (many > 1)
        several |= bits[row] & every & (bits[row] - np.uint32(1))
        row += 1
    return row, many, tied, several != 0


@njit(cache=True, nogil=True)
def _by_value(own: Any, many: Any, held: Any) -> Any:  # pragma: no cover - compiled
    """Leave of the rows those with a value, sorted by it; how many they are."""
    left = 0
    for place in range(many):
        if held[own[place]] >= 0:
            own[left] = own[place]
            left += 1
    own[:left] = own[:left][np.argsort(held[own[:left]], kind="mergesort")]
    return left


@njit(cache=True, nogil=True)
def _end(own: Any, begin: Any, many: Any, held: Any) -> Any:  # pragma: no cover - compiled
    """Where the rows of one value end that begin at ``begin``."""
    if not len(held):
        return many
    end = begin + 1
    while end < many and held[own[end]] == held[own[begin]]:
        end += 1
    return end


@njit(cache=True, nogil=True)
def _by_step(own: Any, begin: Any, end: Any, at_ms: Any, bits: Any, lowest: Any) -> None:  # pragma: no cover - compiled
    """Sort rows of the same moment by their lowest step; those of none stay behind, and equal ones in their order."""
    every = np.uint32(len(lowest) - 1)
    for place in range(begin + 1, end):
        row, to = own[place], place
        if at_ms[own[to - 1]] != at_ms[row]:
            continue
        step = lowest[bits[row] & every]
        while to > begin and at_ms[own[to - 1]] == at_ms[row] and lowest[bits[own[to - 1]] & every] > step:
            own[to] = own[to - 1]
            to -= 1
        own[to] = row
