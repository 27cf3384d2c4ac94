"""What a chain of a funnel has to fulfil, as compiled passes read it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import inlined, inner

ROWS, STEPS, EITHER, NEVER = 0, 1, 2, 3
EVER: Final = 1 << 62
"""A window without an end."""
LONG_AGO: Final = -EVER
"""A moment before which every other is."""
_DAY_MS: Final = 24 * 3600 * 1000


class Rules(NamedTuple):
    """The fields of :class:`dujiang.engine.kernels.funnel.Funnel` as numbers and arrays.

    Attributes:
        step_ms: by step, and as long as anything for what lies behind the last.
        least: by step how many steps a chain that comes to it has taken at least.
        ended: by the steps that a row is of, as bits, the steps at which attempts end that do not take one of them by it.
        lowest: by the steps that a row is of, as bits, the first of them; the number of steps for none.
        highest: by the same, the last of them.
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
    ended: Whole
    lowest: Whole
    highest: npt.NDArray[np.uint32]
    after: Whole
    before: Whole


@inner
def is_step(bits: Any, step: Any) -> Any:  # pragma: no cover - compiled
    """Whether a row with ``bits`` is of ``step``."""
    return (bits >> np.uint32(step)) & np.uint32(1) != 0


@inner
def deadline(moment: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The last moment of a chain that starts at ``moment``."""
    end = moment + rules.window_ms
    return min(end, day(moment, rules)[1]) if rules.days else end


@inner
def day(moment: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The moment at which the day of ``moment`` is over, and the last moment of chains that start on it."""
    starts = rules.day_starts
    here = _day(moment, starts)
    over = starts[here + 1] if here + 1 < len(starts) else EVER
    last = starts[here + rules.days] - 1 if here + rules.days < len(starts) else EVER
    return over, last


@inner
def _day(moment: Any, starts: Any) -> Any:  # pragma: no cover - compiled
    """The number of the day of a moment; -1 before the first.

    Days are about equally long: a division says almost where it is, which a search would take many steps to find.
    """
    place = max(0, min(len(starts) - 1, (moment - starts[0]) // _DAY_MS))
    while place >= 0 and starts[place] > moment:
        place -= 1
    while place + 1 < len(starts) and starts[place + 1] <= moment:
        place += 1
    return place


@inlined
def excluded(barred: Any, rules: Any, came: Any, to: Any) -> Any:  # pragma: no cover - compiled
    """Whether an exclusion among the rows ends attempts that had taken ``came`` and have not gone past ``to``."""
    found = False
    for one in range(len(rules.after)):
        found |= is_step(barred, one) and came >= rules.after[one] and to < rules.before[one]
    return found


@inner
def broken(some: Any, common: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The steps, as bits, at which attempts that had come to them end with some rows.

    Args:
        some: the bits that any of the rows has.
        common: the steps that all of those are of that are of any.
    """
    every = (np.int64(1) << rules.steps) - 1
    found = every & ~np.int64(common) if rules.strict else np.int64(0)
    if rules.once:
        found |= every & ((np.int64(some) & every) | -(np.int64(some) & every))  # the lowest of them and all above
    return found | cut(some >> np.uint32(rules.steps), rules)


@inlined
def cut(barred: Any, rules: Any) -> Any:  # pragma: no cover - compiled
    """The steps, as bits, at which attempts that had come to them end with exclusions."""
    found = np.int64(0)
    for one in range(len(rules.after)):
        if is_step(barred, one):
            found |= (np.int64(1) << rules.before[one]) - (np.int64(1) << rules.after[one])
    return found


@inner
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
