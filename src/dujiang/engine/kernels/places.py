"""Where numbers lie in a sorted list: one step into a table by the first bits of each, and a short search from there."""

from __future__ import annotations

from typing import Any

import numpy as np

from dujiang.engine.columns import Whole
from dujiang.engine.kernels.compiled import kernel, read_only


class Places:
    """The places of sorted, different numbers.

    Numbers of persons are spread evenly, so that a bucket holds about one of them; where they are not, the search in a bucket
    takes as long as it would take among all.

    >>> Places(np.array([-5, 3, 1 << 62])).of(np.array([3, 4, -5])).tolist()
    [1, -1, 0]
    """

    def __init__(self, numbers: Whole) -> None:
        self._numbers = numbers
        low, high = (int(numbers[0]), int(numbers[-1])) if len(numbers) else (0, 0)
        self._shift = max(0, (high - low).bit_length() - len(numbers).bit_length())
        self._low = np.uint64(low % (1 << 64))
        buckets = (numbers.view(np.uint64) - self._low) >> np.uint64(self._shift)
        self._starts = np.searchsorted(buckets, np.arange(((high - low) >> self._shift) + 2, dtype=np.uint64))

    def of(self, asked: Whole) -> Whole:
        """The place of each of ``asked``; -1 for a number that is not there."""
        return _places(*read_only(asked), self._numbers, self._low, np.uint64(self._shift), self._starts)

    def rows(self, found: Whole) -> Whole:
        """For each number its place in ``found``, which are different and in any order; -1 where it is none of them.

        >>> Places(np.array([2, 4, 6])).rows(np.array([6, 9, 2])).tolist()
        [2, -1, 0]
        """
        place = self.of(found)
        known = place >= 0
        rows = np.full(len(self._numbers), -1)
        rows[place[known]] = np.flatnonzero(known)
        return rows


@kernel
def _places(asked: Any, numbers: Any, low: Any, shift: Any, starts: Any) -> Any:  # pragma: no cover - compiled
    found = np.full(len(asked), -1, np.int64)
    for place in range(len(asked)):
        number = asked[place]
        if not len(numbers) or number < numbers[0] or number > numbers[-1]:
            continue
        bucket = (np.uint64(number) - low) >> shift
        first, last = starts[bucket], starts[bucket + np.uint64(1)]
        while first < last:
            middle = (first + last) // 2
            if numbers[middle] < number:
                first = middle + 1
            else:
                last = middle
        if first < len(numbers) and numbers[first] == number:
            found[place] = first
    return found
