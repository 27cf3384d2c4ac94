"""Which rows are of which kinds, and how many of them each person has: what other passes start from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from dujiang.engine.columns import Columns, Whole

Bits = npt.NDArray[np.uint8]
KINDS_MAX: Final = 8
ANY_PAGE: Final[Bits] = np.empty(0, np.uint8)


@dataclass(frozen=True)
class Kinds:
    """Up to eight kinds of rows; a row is of kind ``k`` where the bit ``1 << k`` is set for its event, channel and page.

    Attributes:
        event: bits by code of the event, laid out as :data:`~dujiang.engine.columns.OTHERS` says: those without a name last.
        channel: bits by code of the channel.
        from_ms: only rows from this moment on, in milliseconds since 1970.
        to_ms: only rows before this moment.
        page: bits by code of the page, those of rows without a page last; empty where pages are all the same.
    """

    event: Bits
    channel: Bits
    from_ms: int
    to_ms: int
    page: Bits = field(default_factory=lambda: ANY_PAGE)


def marked(rows: Columns, kinds: Kinds) -> Bits:
    """The kinds of each of ``rows``; none for rows of persons that are to be passed over.

    >>> whole, code = np.array([1, 1]), np.array([0, 1], np.int32)
    >>> two = Columns(whole, np.array([5, 6]), code, code * 0, code, whole, whole, whole)
    >>> marked(two, Kinds(np.array([1, 2, 0], np.uint8), np.array([3], np.uint8), 0, 6)).tolist()
    [1, 0]
    """
    kernel: Any = _marked
    person, at_ms, event, channel, page = rows[:5]
    of = kinds.event, kinds.channel, kinds.page, kinds.from_ms, kinds.to_ms
    return kernel(person, at_ms, event, channel, page, rows.skip, *of)


def picked(rows: Columns, kinds: Kinds) -> tuple[Whole, Whole, Bits]:
    """Person, moment and kinds of those of ``rows`` that are of any kind, in their order.

    >>> whole, code = np.array([1, 1]), np.array([0, 1], np.int32)
    >>> two = Columns(whole, np.array([5, 6]), code, code * 0, code, whole, whole, whole)
    >>> every = Kinds(np.array([0, 2, 0], np.uint8), np.array([3], np.uint8), 0, 9)
    >>> [column.tolist() for column in picked(two, every)]
    [[1], [6], [2]]
    """
    kernel: Any = _picked
    return kernel(rows.person, rows.at_ms, marked(rows, kinds))


def counted(person: Whole, bits: Bits) -> tuple[Whole, Whole]:
    """The persons with rows of any kind, in the order of rows, and how many each has.

    Args:
        person: whose row it is; rows of one person lie together.
        bits: of :func:`marked`.

    >>> [column.tolist() for column in counted(np.array([4, 4, 7, 9]), np.array([1, 2, 0, 1], np.uint8))]
    [[4, 9], [2, 1]]
    """
    kernel: Any = _counted
    return kernel(person, bits)


def summed(person: Whole, bits: Bits, values: Whole) -> tuple[Whole, Whole]:
    """The persons with rows of any kind, in the order of rows, and the sum of ``values`` over each one's.

    >>> [one.tolist() for one in summed(np.array([4, 4, 7]), np.array([1, 1, 0], np.uint8), np.array([3, 4, 5]))]
    [[4], [7]]
    """
    kernel: Any = _summed
    return kernel(person, bits, values)


@njit(cache=True, nogil=True)
def _marked(
    person: Any,
    at_ms: Any,
    event: Any,
    channel: Any,
    page: Any,
    skip: Any,
    of_event: Any,
    of_channel: Any,
    of_page: Any,
    from_ms: Any,
    to_ms: Any,
) -> Any:  # pragma: no cover - compiled
    bits = np.zeros(len(person), np.uint8)
    skipped = 0
    for row in range(len(person)):
        found = of_event[event[row]]  # the code of none is -1, which is the last place; so it is with pages
        if found and from_ms <= at_ms[row] < to_ms:
            who = person[row]
            while skipped < len(skip) and skip[skipped] < who:
                skipped += 1
            if skipped == len(skip) or skip[skipped] != who:
                found &= of_channel[channel[row]]
                bits[row] = found & of_page[page[row]] if len(of_page) else found
    return bits


@njit(cache=True, nogil=True)
def _picked(person: Any, at_ms: Any, bits: Any) -> Any:  # pragma: no cover - compiled
    many = np.count_nonzero(bits)
    persons, moments = np.empty(many, np.int64), np.empty(many, np.int64)
    kinds = np.empty(many, np.uint8)
    found = 0
    for row in range(len(person)):
        if bits[row]:
            persons[found], moments[found], kinds[found] = person[row], at_ms[row], bits[row]
            found += 1
    return persons, moments, kinds


@njit(cache=True, nogil=True)
def _counted(person: Any, bits: Any) -> Any:  # pragma: no cover - compiled
    persons = np.empty(len(person), np.int64)
    counts = np.empty(len(person), np.int64)
    found = 0
    for row in range(len(person)):
        if bits[row]:
            if found and persons[found - 1] == person[row]:
                counts[found - 1] += 1
            else:
                persons[found] = person[row]
                counts[found] = 1
                found += 1
    return persons[:found].copy(), counts[:found].copy()


@njit(cache=True, nogil=True)
def _summed(person: Any, bits: Any, values: Any) -> Any:  # pragma: no cover - compiled
    persons = np.empty(len(person), np.int64)
    sums = np.empty(len(person), np.int64)
    found = 0
    for row in range(len(person)):
        if bits[row]:
            if found and persons[found - 1] == person[row]:
                sums[found - 1] += values[row]
            else:
                persons[found] = person[row]
                sums[found] = values[row]
                found += 1
    return persons[:found].copy(), sums[:found].copy()
