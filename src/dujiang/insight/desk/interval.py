"""Intervals of shares."""

from __future__ import annotations

from math import sqrt
from typing import Final

_Z95: Final = 1.959964


def wilson(hits: int, trials: int) -> tuple[float, float] | None:
    """The 95% interval of a share (Wilson, 1927); None without trials.

    >>> tuple(round(one, 4) for one in wilson(1, 10))
    (0.0179, 0.4042)
    """
    if not trials:
        return None
    share, z = hits / trials, _Z95
    middle = share + z * z / (2 * trials)
    around = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    return max((middle - around) / whole, 0.0), min((middle + around) / whole, 1.0)
