"""What a chain of a funnel has to fulfil, as compiled passes read it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from dujiang.engine.columns import Whole

ROWS, STEPS, EITHER, NEVER = 0, 1, 2, 3
EVER: Final = 1 << 62
"""A window without an end."""


class Rules(NamedTuple):
    """The fields of :class:`dujiang.engine.kernels.funnel.Funnel` as numbers and arrays.

    Attributes:
        least: by step how many steps a chain that comes to it has taken at least.
        lowest: by the steps that a row is of, as bits, the first of them; the number of steps for none.
    """

    steps: int
    ties: int
    strict: bool
    once: bool
    reentry: bool
    window_ms: int
    days: int
    day_starts: Whole
    step_ms: Whole
    optional: npt.NDArray[np.bool_]
    least: Whole
    lowest: Whole
    after: Whole
    before: Whole


@njit(cache=True, nogil=True)
def is_step(bits: Any, step: Any) -> Any:  # pragma: no cover - compiled
    """Whether a row with ``bits`` is of ``step``."""
    return (bits >> np.uint32(step)) & np.uint32(1) != 0


@njit(cache=True, nogil=True)
def deadline(moment: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The last moment of a chain that starts at ``moment``."""
    end = moment + rules.window_ms
    if rules.days:
        over = np.searchsorted(rules.day_starts, moment, side="right") - 1 + rules.days
        if over < len(rules.day_starts):
            end = min(end, rules.day_starts[over] - 1)
    return end


@njit(cache=True, nogil=True)
def excluded(barred: Any, rules: Any, came: Any, to: Any) -> Any:  # pragma: no cover - compiled
    """Whether an exclusion among the rows ends attempts that had taken ``came`` and have not gone past ``to``."""
    found = False
    for one in range(len(rules.after)):
        found |= is_step(barred, one) and came >= rules.after[one] and to < rules.before[one]
    return found


@njit(cache=True, nogil=True)
def broken(some: Any, common: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The steps, as bits, at which attempts that had come to them end with some rows.

    Args:
        some: the bits that any of the rows has.
        common: the steps that all of those are of that are of any.
    """
    every = (np.int64(1) << rules.steps) - 1
    steps, barred = np.int64(some) & every, np.int64(some) >> rules.steps
    found = every & ~np.int64(common) if rules.strict else np.int64(0)
    if rules.once:
        found |= every & (steps | -steps)  # the lowest of them and all above
    for one in range(len(rules.after)):
        if barred >> one & 1:
            found |= (np.int64(1) << rules.before[one]) - (np.int64(1) << rules.after[one])
    return found


@njit(cache=True, nogil=True)
def seen(own: Any, begin: Any, end: Any, bits: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The bits that any of the rows has, and the steps that all of those have that are of any step."""
    every = np.uint32((1 << rules.steps) - 1)
    some, common = np.uint32(0), every
    for place in range(begin, end):
        mine = bits[own[place]]
        some |= mine
        if mine & every:
            common &= mine
    return some, common
