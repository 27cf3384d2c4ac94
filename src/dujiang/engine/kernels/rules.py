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
    """The fields of :class:`dujiang.engine.kernels.funnel.Funnel` as numbers and arrays."""

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
