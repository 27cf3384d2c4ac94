"""Retention: who began, and in which later periods they came back, in one pass over rows sorted by person and time.

**Definition.** A person belongs to the cohort of the period in which they *start*; their start is their first row of the start
kind there (with ``first_only``: their first ever, so that nobody is in two cohorts). They are *back* in period ``n`` after it
when a later row of the other kind lies in it: ``n`` periods of the calendar after the cohort's, or in the ``n``-th stretch of
``step_ms`` from the moment of the start itself (*rolling*). Period 0 is that of the start.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import inlined, inner, kernel, read_only
from dujiang.engine.kernels.rules import EVER, LONG_AGO
from dujiang.engine.kernels.steps import Steps

START: Final = 1
"""The bit of rows with which somebody starts."""
BACK: Final = 2
"""The bit of rows that count as coming back."""


class Starts(NamedTuple):
    """Every start of everybody, by person and cohort.

    Attributes:
        person: whose.
        cohort: number of the period, from 0.
        at_ms: moment of the start.
        row: its row.
        back: by start and period whether the person was back; period 0 tells of rows after the start.
    """

    person: Whole
    cohort: npt.NDArray[np.int32]
    at_ms: Whole
    row: Whole
    back: npt.NDArray[np.uint8]


def retention(
    person: Whole, at_ms: Whole, bits: Steps, borders: Whole, periods: int, *, first_only: bool, step_ms: int = 0
) -> Starts:
    """Who started, and when they were back.

    Args:
        person: whose row it is; rows of one person lie together, in the order in which they happened.
        at_ms: when, in milliseconds since 1970.
        bits: :data:`START`, :data:`BACK`, both or none for each row.
        borders: moments at which periods begin, rising, far enough for the last cohort's periods. Starts before the first
            are in no cohort, and what lies after the last is in the last period.
        periods: how many periods after the start are looked at.
        first_only: only each one's first start ever counts.
        step_ms: length of a rolling period; 0 for those of the calendar.

    >>> rows = np.array([1, 1, 1]), np.array([5, 25, 26]), np.array([3, 3, 2], np.uint32)
    >>> found = retention(*rows, np.array([0, 10, 20, 30, 40]), 3, first_only=True)
    >>> found.cohort.tolist(), found.back.tolist()
    ([0], [[0, 0, 1, 0]])
    """
    return Starts(*_retention(*read_only(person, at_ms, bits), borders, periods, first_only, step_ms))


@kernel
def _retention(
    person: Any, at_ms: Any, bits: Any, borders: Any, periods: Any, first_only: Any, step_ms: Any
) -> Any:  # pragma: no cover - compiled
    # Room for all that there may be: room that grows within the loop makes it many times slower, and only what is written to
    # takes memory.
    most = _count(bits)
    whose, cohort = np.empty(most, np.int64), np.empty(most, np.int32)
    began, rows = np.empty(most, np.int64), np.empty(most, np.int64)
    back = np.empty((most, periods + 1), np.uint8)
    found, row = 0, 0
    while row < len(person):
        if bits[row] == 0:
            row += 1
            continue
        who, first = person[row], found
        period, border, has_started = 0, LONG_AGO, False
        said = np.uint32(0)  # kinds of which no row says anything new before the next border
        while row < len(person) and person[row] == who:
            now, kind = at_ms[row], bits[row]
            if kind & ~said or (kind and now >= border):
                period = _counted(borders, period, now)
                if now >= border:
                    said = np.uint32(0)
                    border = _next(borders, period, step_ms)
                if kind & BACK:
                    _returned(now, period - 1, began, cohort, first, found, step_ms, back)
                    said |= np.uint32(BACK)
                is_new = period > 0 and (found == first or cohort[found - 1] != period - 1)
                if kind & START and is_new and not (first_only and has_started):
                    back[found] = 0
                    whose[found], cohort[found], began[found], rows[found] = who, period - 1, now, row
                    found += 1
                    said = np.uint32(0)  # nobody has been back since
                if kind & START:
                    has_started = True
                    said |= np.uint32(START)
            row += 1
    return whose[:found].copy(), cohort[:found].copy(), began[:found].copy(), rows[:found].copy(), back[:found].copy()


@inner
def _count(bits: Any) -> Any:  # pragma: no cover - compiled
    """How many rows somebody may start with."""
    count = 0
    for row in range(len(bits)):
        count += bits[row] & START != 0
    return count


@inlined
def _next(borders: Any, period: Any, step_ms: Any) -> Any:  # pragma: no cover - compiled
    """Where what a row says may change: at the next border, in rolling periods with every row."""
    return LONG_AGO if step_ms else borders[period] if period < len(borders) else EVER


@inlined
def _returned(
    at_ms: Any, period: Any, began: Any, cohort: Any, first: Any, found: Any, step_ms: Any, back: Any
) -> None:  # pragma: no cover - compiled
    """Note for each start so far that the person was back at this moment."""
    for one in range(first, found):
        gone = (at_ms - began[one]) // step_ms if step_ms else period - cohort[one]
        if gone < back.shape[1]:
            back[one, gone] = 1


@inlined
def _counted(borders: Any, period: Any, at_ms: Any) -> Any:  # pragma: no cover - compiled
    """How many periods have begun by a moment, ``period`` of them before."""
    while period < len(borders) and borders[period] <= at_ms:
        period += 1
    return period
