"""How sure a share is."""

from __future__ import annotations

import math
from typing import Final

Z: Final = 1.959963984540054
"""The normal quantile of a 95% interval."""


def wilson(part: int, whole: int) -> tuple[float | None, float | None]:
    """The 95% interval of a share after Wilson (1927); None where there is nothing to divide by.

    >>> [round(one, 4) for one in wilson(8, 10)]
    [0.4902, 0.9433]
    >>> wilson(0, 0)
    (None, None)
    """
    if not whole:
        return None, None
    share, square = part / whole, Z * Z / whole
    middle = (share + square / 2) / (1 + square)
    half = Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
