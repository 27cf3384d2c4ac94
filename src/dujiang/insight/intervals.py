"""How sure a share is."""

from __future__ import annotations

import math
from typing import Final

Z95: Final = 1.959963984540054
"""The normal quantile of a 95% interval."""


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float] | None:
    """The interval of a share after Wilson (1927); None where there is nothing to divide by.

    Args:
        part: how many of them.
        whole: how many there are.
        z: normal quantile of the level; 95% unless told otherwise.

    >>> tuple(round(one, 4) for one in wilson(1, 10))
    (0.0179, 0.4042)
    """
    if not whole:
        return None
    share, square = part / whole, z * z / whole
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
