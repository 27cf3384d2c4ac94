"""When people act, hour by hour: as everybody does, and as each habit has it."""

from __future__ import annotations

from typing import Final

import numpy as np

HABITS: Final = ("early", "office", "evening", "night", "weekend")
"""Habits of time that somebody can have."""
USUAL, SALE, STORE_OPEN = range(3)
"""A usual day, a day on which a sale opens at midnight and eight, an open store."""
_EVERYBODY: Final = np.array([
    [2, 1, .5, .3, .2, .3, .8, 1.8, 3, 4, 5, 5.2, 5.5, 4.8, 4.5, 4.6, 4.6, 4.4, 4.6, 5.6, 7.5, 8.5, 7.5, 4.5],
    [14, 5, 1.5, .5, .3, .3, .8, 1.8, 3.5, 4.5, 5, 5, 4.8, 4.2, 4, 4, 4, 4, 4, 5.5, 15, 10, 8, 8],
    [0] * 10 + [2, 4, 5, 5, 6, 7, 7, 6, 6, 7, 6, 3] + [0, 0],
])  # fmt: skip
_TILTS: Final = np.array([
    [.3, .1, .1, .1, 2, 8, 16, 16, 9, 4, 2, 1, .6, .5, .5, .5, .5, .5, .4, .3, .2, .1, .1, .1],
    [.1, .1, .1, .1, .1, .1, .2, .6, 1.5, 3, 3.2, 2.6, 2.6, 2.6, 2.6, 2.6, 2.4, 1.6, .7, .3, .2, .1, .1, .1],
    [.2, .1, .1, .1, .1, .1, .2, .3, .3, .3, .3, .4, .5, .4, .3, .3, .4, 1, 2, 3, 3, 2.4, 1.4, .5],
    [9, 9, 9, 6, 3, 1, .3, .2, .2, .2, .2, .2, .3, .3, .2, .2, .2, .2, .2, .3, .6, 1.6, 4, 8],
    [.6, .4, .2, .1, .1, .1, .2, .4, .8, 1.4, 1.8, 1.8, 1.5, 1.6, 1.8, 1.8, 1.6, 1.2, .9, .8, .8, .7, .6, .6],
])  # fmt: skip
"""By how much likelier each hour is, for each habit."""
HOURS: Final = np.concatenate([_EVERYBODY, *(_EVERYBODY * tilt for tilt in _TILTS)])
"""Weights by hour: the three kinds of day as everybody has them, then as each habit has them."""
KINDS: Final = len(_EVERYBODY)


def hours_row(habit: np.ndarray, kind: np.ndarray | int) -> np.ndarray:
    """The row of :data:`HOURS` of a habit on a ``kind`` of day."""
    return (habit + 1) * KINDS + kind
