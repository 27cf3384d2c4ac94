"""Who did one thing and, within a window, another: one pass over rows sorted by person and time."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from dujiang.engine.columns import NOBODY, Columns, Whole


@dataclass(frozen=True)
class Conversion:
    """Persons who began, and those among them who went on.

    Attributes:
        began: sorted persons who did the first thing in the period.
        converted: sorted persons who then did the other within the window.
    """

    began: Whole
    converted: Whole

    @property
    def rate(self) -> float | None:
        """Share of those who went on; None where nobody began."""
        return len(self.converted) / len(self.began) if len(self.began) else None


def conversion(
    parts: Iterable[Columns], *, first: int, then: int, window_ms: int, from_ms: int, to_ms: int, threads: int = 2
) -> Conversion:
    """Persons who did ``first`` from ``from_ms`` (included) to ``to_ms`` (excluded), and ``then`` within ``window_ms``.

    The other thing has to come after the first in the order of rows, at the latest ``window_ms`` later; it may come after
    the period. Where both are the same thing, it has to be done twice.

    Args:
        parts: columns of :meth:`dujiang.engine.timeline.Timeline.columns`.
        first: code of the first event.
        then: code of the other.
        window_ms: milliseconds between the two at most.
        from_ms: start of the period, in milliseconds since 1970.
        to_ms: end of the period.
        threads: parts that are passed over at the same time.
    """
    kernel: Any = _conversion

    def passed(rows: Columns) -> Any:
        return kernel(rows.person, rows.at_ms, rows.event, rows.skip, first, then, window_ms, from_ms, to_ms)

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(passed, parts))
    return Conversion(*(np.sort(np.concatenate([NOBODY, *(one[side] for one in found)])) for side in (0, 1)))


@njit(cache=True, nogil=True)
def _conversion(
    person: Any,
    at_ms: Any,
    event: Any,
    skip: Any,
    first: Any,
    then: Any,
    window_ms: Any,
    from_ms: Any,
    to_ms: Any,
) -> Any:  # pragma: no cover - compiled
    began = np.empty(len(person), np.int64)
    converted = np.empty(len(person), np.int64)
    beginners, converts, skipped, row = 0, 0, 0, 0
    while row < len(person):
        who = person[row]
        while skipped < len(skip) and skip[skipped] < who:
            skipped += 1
        passed_over = skipped < len(skip) and skip[skipped] == who
        has_begun, has_converted, latest = False, False, 0
        while row < len(person) and person[row] == who:
            if not passed_over:
                # The latest beginning reaches furthest, so no earlier one has to be remembered.
                if has_begun and event[row] == then and at_ms[row] - latest <= window_ms:
                    has_converted = True
                if event[row] == first and from_ms <= at_ms[row] < to_ms:
                    has_begun, latest = True, at_ms[row]
            row += 1
        if has_begun:
            began[beginners] = who
            beginners += 1
        if has_converted:
            converted[converts] = who
            converts += 1
    return began[:beginners].copy(), converted[:converts].copy()
