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

from dujiang.engine.columns import NOBODY, Code, Whole, stretches
from dujiang.engine.kernels.attempts import Room, attempted, pool
from dujiang.engine.kernels.compiled import kernel, read_only
from dujiang.engine.kernels.plain import Slots, plain
from dujiang.engine.kernels.reading import by_step, gathered
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
_SKIPPING, _GENERAL, _UNORDERED, _SETS = 0, 1, 2, 3
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
        person: whose row it is, sorted; rows of one person in the order in which they happened.
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
    rules = _rules(of)._replace(day_starts=day_starts)
    if not len(held):
        return _chains(person, at_ms, bits, of, rules)
    rows = np.flatnonzero((held >= 0) & (bits > 0))
    rows = rows[np.lexsort((held[rows], person[rows]))]
    group: Whole = np.cumsum(_differs(person[rows]) | _differs(held[rows]), dtype=np.int64)
    found = _numbered(_chains(group, at_ms[rows], bits[rows], of, rules), rows)
    return found._replace(person=person[found.rows[:, 0]])


def _differs(column: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which entries are other than the one before; the first is not."""
    return np.diff(column, prepend=column[:1]) != 0


def _numbered(found: Chains, rows: Whole) -> Chains:
    """Chains of some ``rows`` alone, with the numbers that these have among all."""
    return found._replace(rows=np.append(rows, -1).astype(np.int32)[found.rows])  # the last place for none


def _chains(person: Whole, at_ms: Whole, bits: Steps, of: Funnel, rules: Rules) -> Chains:
    if of.optional or of.order == "any":
        return _by_attempts(person, at_ms, bits, of, rules)
    many = len(bits)
    # Room for all that there may be: only what is written to takes memory.
    reached, completed, tied = np.empty(many, np.int8), np.empty(many, np.int32), np.empty(many, np.bool_)
    rows = np.empty((many, of.steps), np.int32)
    slots = Slots.of(of.steps, many)
    chains = plain(*read_only(person, at_ms, bits), rules, slots, reached, rows, completed, tied)
    rows = rows[:chains].copy()
    found = Chains(person[rows[:, 0]], reached[:chains].copy(), rows, completed[:chains].copy())
    again = np.flatnonzero(tied[:chains]) if rules.ties >= EITHER else NOBODY
    return _again(found, again, person, at_ms, bits, of, rules) if len(again) else found


def _again(found: Chains, chains: Whole, person: Whole, at_ms: Whole, bits: Steps, of: Funnel, rules: Rules) -> Chains:
    """``found`` with other chains in place of those numbered ``chains``: of persons with several rows of one moment."""
    who = found.person[chains]
    first = np.searchsorted(person, who, "left")
    rows = stretches(first, np.searchsorted(person, who, "right") - first)
    other = _numbered(_by_attempts(person[rows], at_ms[rows], bits[rows], of, rules), rows)
    found.reached[chains], found.rows[chains], found.completed[chains] = other.reached, other.rows, other.completed
    return found


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


def _by_attempts(person: Whole, at_ms: Whole, bits: Steps, of: Funnel, rules: Rules) -> Chains:
    any_order = _SETS if of.step_ms else _UNORDERED
    ordered = _SKIPPING if rules.ties < EITHER and not of.step_ms else _GENERAL
    way = any_order if of.order == "any" else ordered
    room = Room.of(1 << of.steps, 1) if way == _SETS else Room.of(of.steps, of.steps + 1)
    scratch = Slots.of(of.steps, 0), Stages.of(of.steps), pool(of.steps, room), room
    rows, reached, completed = _attempts(*read_only(person, at_ms, bits), rules, way, *scratch)
    return Chains(person[rows[:, 0]], reached, rows, completed)


@kernel
def _attempts(
    person: Any, at_ms: Any, bits: Any, rules: Any, way: Any, slots: Any, stages: Any, pool: Any, room: Any
) -> Any:  # pragma: no cover - compiled
    """The furthest chains, how far they come, and how often to the end."""
    every = np.uint32((1 << rules.steps) - 1)
    begins = every if way >= _UNORDERED else np.uint32(1)
    # Room for all that there may be: room that grows within the loop makes it slower, and only what is written to takes memory.
    reached, completed = np.empty(len(bits), np.int8), np.empty(len(bits), np.int32)
    rows, own = np.empty((len(bits), rules.steps), np.int32), np.empty(len(bits), np.int64)
    kept = np.empty(rules.steps + 1, np.int64)
    chains, row = np.int64(0), np.int64(0)
    while True:
        row, many, tied, several = gathered(row, person, at_ms, bits, begins, own)
        if not many:
            return rows[:chains].copy(), reached[:chains].copy(), completed[:chains].copy()
        if tied and rules.ties == STEPS:
            by_step(own, np.int64(0), many, at_ms, bits, rules.lowest)
        if way == _UNORDERED and not several & every:
            far, done = apart(own, many, at_ms, bits, rules, slots, rows, chains)
        elif way == _UNORDERED:
            far, done = unordered(own, many, at_ms, bits, rules, kept, rows, chains)
        elif way == _SETS:
            far, done, pool = in_sets(own, many, at_ms, bits, rules, pool, room, rows, chains)
        elif way == _SKIPPING:
            far, done = skipping(own, many, at_ms, bits, rules, stages, rows, chains)
        else:
            far, done, pool = attempted(own, many, at_ms, bits, rules, pool, room, rows, chains)
        reached[chains], completed[chains] = far, done
        chains += 1
