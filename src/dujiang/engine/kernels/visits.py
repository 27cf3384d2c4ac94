"""Visits by a pause, and which of several things each person did at all: single passes over rows sorted by person and time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Code, Whole
from dujiang.engine.kernels.compiled import kernel, read_only
from dujiang.engine.kernels.steps import Steps


class Visits(NamedTuple):
    """Runs of one person's rows without a pause that is too long.

    Attributes:
        first: row with which each begins.
        last: row with which it ends.
        rows: how many rows of any kind it has.
    """

    first: Whole
    last: Whole
    rows: Whole


def visits(person: Whole, at_ms: Whole, bits: Steps, gap_ms: int) -> Visits:
    """The visits of everybody, in the order of rows.

    Args:
        person: whose row it is; rows of one person lie together, in the order in which they happened.
        at_ms: when, in milliseconds since 1970.
        bits: rows of no kind are passed over.
        gap_ms: a longer pause begins another visit.

    >>> found = visits(np.array([1, 1, 1, 2]), np.array([0, 5, 99, 99]), np.ones(4, np.uint32), 10)
    >>> found.first.tolist(), found.rows.tolist()
    ([0, 2, 3], [2, 1, 1])
    """
    return Visits(*_visits(*read_only(person, at_ms, bits), gap_ms))


def combinations(person: Whole, bits: Steps, code: Code) -> tuple[Whole, npt.NDArray[np.uint64]]:
    """Each person with rows of any kind, and the codes of them as bits: who used which channels at all.

    Args:
        person: whose row it is; rows of one person lie together.
        bits: rows of no kind are passed over.
        code: below 64; rows with one below 0 are passed over.

    >>> [one.tolist() for one in combinations(np.array([4, 4, 7]), np.ones(3, np.uint32), np.array([0, 2, -1], np.int32))]
    [[4], [5]]
    """
    return _combinations(*read_only(person, bits, code))


@kernel
def _visits(person: Any, at_ms: Any, bits: Any, gap_ms: Any) -> Any:  # pragma: no cover - compiled
    # Room for all that there may be; only what is written to takes memory.
    first, last, rows = np.empty(len(bits), np.int64), np.empty(len(bits), np.int64), np.empty(len(bits), np.int64)
    found, before = 0, -1
    for row in range(len(bits)):
        if bits[row] == 0:
            continue
        if before < 0 or person[row] != person[before] or at_ms[row] - at_ms[before] > gap_ms:
            first[found], rows[found] = row, 0
            found += 1
        last[found - 1] = row
        rows[found - 1] += 1
        before = row
    return first[:found].copy(), last[:found].copy(), rows[:found].copy()


@kernel
def _combinations(person: Any, bits: Any, code: Any) -> Any:  # pragma: no cover - compiled
    persons, sets = np.empty(len(bits), np.int64), np.empty(len(bits), np.uint64)
    found = 0
    for row in range(len(bits)):
        if bits[row] == 0 or code[row] < 0:
            continue
        if not found or persons[found - 1] != person[row]:
            persons[found], sets[found] = person[row], np.uint64(0)
            found += 1
        sets[found - 1] |= np.uint64(1) << np.uint64(code[row])
    return persons[:found].copy(), sets[:found].copy()
