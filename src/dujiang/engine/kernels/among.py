"""Rows of some persons only: one pass over rows and persons, both sorted."""

from __future__ import annotations

from typing import Any

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import kernel, read_only
from dujiang.engine.kernels.steps import Steps


def only(bits: Steps, person: Whole, people: Whole) -> None:
    """Make every row that is not of one of ``people`` be of no kind.

    Args:
        bits: kinds of each row; changed.
        person: whose row it is, sorted.
        people: sorted persons.

    >>> import numpy as np
    >>> bits = np.array([1, 1, 3], np.uint32)
    >>> only(bits, np.array([4, 5, 5]), np.array([5, 9]))
    >>> bits.tolist()
    [0, 1, 3]
    """
    _only(bits, *read_only(person, people))


@kernel
def _only(bits: Any, person: Any, people: Any) -> None:  # pragma: no cover - compiled
    place = 0
    for row in range(len(person)):
        while place < len(people) and people[place] < person[row]:
            place += 1
        if place == len(people) or people[place] != person[row]:
            bits[row] = 0
