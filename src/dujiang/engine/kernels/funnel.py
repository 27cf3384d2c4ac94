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
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from dujiang.engine.columns import Code, Whole
from dujiang.engine.kernels.attempts import Room, attempted, pool
from dujiang.engine.kernels.rules import EITHER, EVER, NEVER, ROWS, STEPS, Rules, broken, deadline, excluded, seen
from dujiang.engine.kernels.steps import Steps
from dujiang.engine.kernels.unordered import unordered
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Order = Literal["ordered", "strict", "any"]
Ties = Literal["rows", "steps", "either", "never"]

STEPS_MAX: Final = 10
_TIES: Final[dict[Ties, int]] = {"rows": ROWS, "steps": STEPS, "either": EITHER, "never": NEVER}
# What is compiled here holds the code of the modules it calls, too: a change there needs this file's kept code removed.
_PLAIN, _GENERAL, _UNORDERED = 0, 1, 2
_LONG_AGO: Final = -EVER
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
        step_ms: by step: its row is at most so much later than that of the step taken before; the first is passed over.
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
            InvalidInput: ``funnel.steps``, ``funnel.optional``, ``funnel.step_windows``, ``funnel.exclusion``,
                ``funnel.any_order`` or ``funnel.either``.
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
        if self.order == "any" and (self.optional or self.step_ms or self.once or timed or not whole):
            raise InvalidInput(
                "funnel.any_order",
                _("Steps in any order have one window, and exclusions anywhere between; nothing else fits them."),
            )
        if self.ties == "either" and self.optional:
            raise InvalidInput(
                "funnel.either", _("Optional steps need an order of events of the same moment; choose rows or steps.")
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
    plain = not (of.optional or of.step_ms)
    way = _UNORDERED if of.order == "any" else _PLAIN if plain else _GENERAL
    kernel: Any = _funnel
    return Chains(*kernel(person, at_ms, bits, held, _rules(of, day_starts), way, pool(of.steps), Room.of(of.steps)))


def _rules(of: Funnel, day_starts: Whole) -> Rules:
    sets = np.arange(1 << of.steps)
    has = (sets[:, None] >> np.arange(of.steps)) & 1 > 0
    return Rules(
        of.steps,
        _TIES[of.ties],
        of.order == "strict",
        of.once,
        of.reentry,
        of.window_ms,
        of.days or 0,
        day_starts if of.days else _NO_DAYS,
        np.array(of.step_ms or [EVER] * of.steps, np.int64),
        np.array([step in of.optional for step in range(of.steps)], np.bool_),
        np.array([1 + step - sum(one <= step for one in of.optional) for step in range(of.steps)], np.int64),
        np.where(sets > 0, has.argmax(1), of.steps),
        np.array([one.after for one in of.exclusions], np.int64),
        np.array([one.before for one in of.exclusions], np.int64),
    )


@njit(cache=True, nogil=True)
def _funnel(
    person: Any, at_ms: Any, bits: Any, held: Any, rules: Any, way: Any, pool: Any, room: Any
) -> Any:  # pragma: no cover - compiled
    # Room for all that there may be: room that grows within the loop makes it slower, and only what is written to takes memory.
    begins = np.uint32((1 << rules.steps) - 1) if way == _UNORDERED else np.uint32(1)
    most = np.count_nonzero(bits & begins) + 1
    whose, reached = np.empty(most, np.int64), np.empty(most, np.int8)
    rows, completed = np.empty((most, rules.steps), np.int32), np.empty(most, np.int32)
    chain, until = np.empty((rules.steps, rules.steps), np.int32), np.empty(rules.steps, np.int64)
    kept = np.empty(rules.steps + 1, np.int64)
    own = np.empty(len(bits), np.int64)
    chains, row = 0, 0
    while row < len(bits):
        row, many = _gathered(row, person, bits, held, own)
        begin = 0
        while begin < many:
            end = begin + 1
            while end < many and (len(held) == 0 or held[own[end]] == held[own[begin]]):
                end += 1
            if rules.ties == STEPS:
                _by_step(own, begin, end, at_ms, bits, rules.lowest)
            if way == _PLAIN and not (rules.ties == EITHER and _has_ties(own, begin, end, at_ms)):
                far, done = _plain(own, begin, end, at_ms, bits, rules, until, chain, rows, chains)
            elif way != _UNORDERED:
                mine, best = own[begin:end], rows[chains]
                far, done, pool = attempted(mine, at_ms, bits, rules, pool, room, best)
            else:
                far, done = unordered(own, begin, end, at_ms, bits, rules, kept, rows, chains)
            if far:
                whose[chains], reached[chains], completed[chains] = person[own[begin]], far, done
                chains += 1
            begin = end
    return whose[:chains].copy(), reached[:chains].copy(), rows[:chains].copy(), completed[:chains].copy()


@njit(cache=True, nogil=True)
def _gathered(row: Any, person: Any, bits: Any, held: Any, own: Any) -> Any:  # pragma: no cover - compiled
    """Write to ``own`` the rows that count of the next person from ``row`` on: where they end, and how many they are."""
    while row < len(bits) and bits[row] == 0:
        row += 1
    begin, many = row, 0
    while row < len(bits) and (bits[row] == 0 or person[row] == person[begin]):
        if bits[row]:
            own[many] = row
            many += 1
        row += 1
    return row, _by_value(own, many, held) if len(held) else many


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


@njit(cache=True, nogil=True)
def _has_ties(own: Any, begin: Any, end: Any, at_ms: Any) -> Any:  # pragma: no cover - compiled
    place = begin + 1
    while place < end and at_ms[own[place]] != at_ms[own[place - 1]]:
        place += 1
    return place < end


@njit(cache=True, nogil=True)
def _plain(
    own: Any, begin: Any, end: Any, at_ms: Any, bits: Any, rules: Any, until: Any, chain: Any, rows: Any, at: Any
) -> Any:  # pragma: no cover - compiled
    """No window between steps: of each step the latest chain to it starts last, so that one for each step is enough."""
    steps, by_day, reentry, window_ms = rules.steps, rules.days > 0, rules.reentry, rules.window_ms
    breaks = rules.strict or rules.once or len(rules.after) > 0
    for step in range(steps):
        rows[at, step], until[step] = -1, _LONG_AGO
    far, done, place = 0, 0, begin
    while place < end:
        now, first = at_ms[own[place]], place
        place += 1
        while rules.ties == NEVER and place < end and at_ms[own[place]] == now:
            place += 1
        mine = bits[own[first]]
        for other in range(first + 1, place):
            mine |= bits[own[other]]
        ends = deadline(now, rules) if by_day and mine & np.uint32(1) else now + window_ms
        made = _taken(own, first, place, now, bits, mine, ends, breaks, rules, steps, until, chain)
        if not done:
            far = _noted(far, made, chain, rows, at)
        if made >> (steps - 1) & 1:
            done += 1
            until[:] = _LONG_AGO
            if not reentry:
                break
        elif breaks:
            _some, common = seen(own, first, place, bits, rules)
            _forgotten(broken(mine, common, rules) & ~made, until)
    return far, done


@njit(cache=True, nogil=True, inline="always")
def _noted(far: Any, made: Any, chain: Any, rows: Any, at: Any) -> Any:  # pragma: no cover - compiled
    """Keep the chain that has come further than any before; how far."""
    while made >> far & 1:
        for taken in range(far + 1):
            rows[at, taken] = chain[far, taken]
        far += 1
    return far


@njit(cache=True, nogil=True, inline="always")
def _forgotten(ended: Any, until: Any) -> None:  # pragma: no cover - compiled
    for step in range(len(until)):
        if ended >> step & 1:
            until[step] = _LONG_AGO


@njit(cache=True, nogil=True, inline="always")
def _taken(
    own: Any, first: Any, last: Any, now: Any, bits: Any, mine: Any, ends: Any, breaks: Any, rules: Any, steps: Any,
    until: Any, chain: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """Take a step with rows of one moment, the last step first, so that no chain takes two; which were taken, as bits."""
    made = 0
    for step in range(steps - 1, -1, -1):
        if not (mine >> np.uint32(step)) & np.uint32(1) or (step and until[step - 1] < now):
            continue
        if breaks and step and excluded(mine >> np.uint32(steps), rules, step - 1, step):
            continue
        until[step] = until[step - 1] if step else ends
        for earlier in range(step):  # a copied slice would cost more than all the rest
            chain[step, earlier] = chain[step - 1, earlier]
        chain[step, step] = own[first] if last == first + 1 else _of_step(own, first, last, bits, step)
        made |= 1 << step
    return made


@njit(cache=True, nogil=True)
def _of_step(own: Any, first: Any, last: Any, bits: Any, step: Any) -> Any:  # pragma: no cover - compiled
    """The last of some rows that is of a step that one of them is of."""
    place = last - 1
    while place > first and not (bits[own[place]] >> np.uint32(step)) & np.uint32(1):
        place -= 1
    return own[place]
