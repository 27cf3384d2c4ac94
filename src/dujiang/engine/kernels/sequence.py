"""Who did one thing, then another, with nothing of a third kind in between: one pass over rows sorted by person and time."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import kernel, read_only

WITHOUT: Final = 1 << 7
"""The bit of events that may not lie in between; step ``k`` has the bit ``1 << k``."""
NO_LIMIT: Final = np.iinfo(np.int64).max


def followed(
    person: Whole, at_ms: Whole, bits: npt.NDArray[np.uint8], *, steps: int, within_ms: int = NO_LIMIT
) -> Whole:
    """The sorted persons who did all steps in order.

    Each step has to come after the one before in the order of rows, at most ``within_ms`` later, with no row of bit
    :data:`WITHOUT` strictly between the two.

    Args:
        person: whose row it is; rows of one person lie together, in the order in which they happened.
        at_ms: when, in milliseconds since 1970.
        bits: which steps the row is.
        steps: how many, from 2 to 7.
        within_ms: milliseconds between two steps at most.

    >>> rows = np.array([7, 7, 8, 8]), np.array([0, 5, 0, 50])
    >>> followed(*rows, np.array([1, 2, 1, 2], np.uint8), steps=2, within_ms=10).tolist()
    [7]
    """
    return np.sort(_followed(*read_only(person, at_ms, bits), steps, within_ms))


@kernel
def _followed(person: Any, at_ms: Any, bits: Any, steps: Any, within_ms: Any) -> Any:  # pragma: no cover - compiled
    found = np.empty(len(person), np.int64)
    count, row = 0, 0
    # Of each step the latest moment at which it and all before it were done: none earlier reaches further.
    reached = np.zeros(8, np.int64)
    alive = np.zeros(8, np.bool_)
    while row < len(person):
        who = person[row]
        alive[:] = False
        done = False
        while row < len(person) and person[row] == who:
            now, what = at_ms[row], bits[row]
            advanced = 0
            for step in range(steps - 1, 0, -1):
                if what & (1 << step) and alive[step - 1] and now - reached[step - 1] <= within_ms:
                    reached[step] = now
                    advanced |= 1 << step
                    if step == steps - 1:
                        done = True
            blocked = what & 128
            for step in range(1, steps):
                alive[step] = (advanced >> step) & 1 or (alive[step] and not blocked)
            if what & 1:
                reached[0] = now
                alive[0] = True
            elif blocked:
                alive[0] = False
            row += 1
        if done:
            found[count] = who
            count += 1
    return found[:count].copy()
