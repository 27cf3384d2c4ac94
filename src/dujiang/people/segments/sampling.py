"""Fixed samples: whether somebody is in one depends on the seed and the person's number alone.

The number is put through a polynomial of the second degree over the prime field of 2³¹ − 1, with coefficients from the seed
(Carter and Wegman, 1979, of three-wise independence): a few operations on whole numbers, the same in the engine's language and
here. The engine's own hash may change with its version, and a sample has to stay.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Whole

PRIME: Final = (1 << 31) - 1


def limit(percent: float) -> int:
    """Below which value a person is in a sample of ``percent``.

    >>> limit(50)
    1073741823
    """
    return int(PRIME * percent / 100)


def coefficients(seed: str) -> tuple[int, int, int]:
    """Those of a sample: of the square (never 0), of the number, and the one alone."""
    digest = hashlib.sha256(seed.encode()).digest()
    square, line, alone = (int.from_bytes(digest[first : first + 8], "big") for first in (0, 8, 16))
    return 1 + square % (PRIME - 1), line % PRIME, alone % PRIME


def sampled(persons: Whole, percent: float, seed: str) -> npt.NDArray[np.bool_]:
    """Which of ``persons`` are in the sample.

    >>> int(sampled(np.arange(100_000), 20, "spring").sum())
    20020
    """
    square, line, alone = coefficients(seed)
    number = persons % PRIME
    value = ((square * number % PRIME + line) % PRIME * number + alone) % PRIME
    return value < limit(percent)
