"""Counting people exactly with marks: one bit for each person and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BITS_MAX: Final = 1 << 31
_SPREAD_MAX: Final = 100_000
_SLOTS_FIRST: Final = 1 << 20
"""Places for people at most before any are known: making room for more costs less than going through empty ones."""
_ALL: Final = np.ones(0, np.bool_)
"""Stands for all rows where some may be chosen: a compiled loop takes one type."""


@dataclass(frozen=True)
class Codes:
    """A column as small numbers.

    Attributes:
        code: of each row, from 0.
        values: what the codes stand for, at their positions.
    """

    code: npt.NDArray[np.int32]
    values: list[Any]

    def translated(self, numbers: list[int]) -> Whole:
        """Each row's number, from the numbers of the codes."""
        return np.array(numbers, np.int64)[self.code]


@dataclass(frozen=True)
class People:
    """A column of people as small numbers.

    Attributes:
        code: of each row, from 0 in the order in which they appear.
        size: how many people there are.
        table: by the hash of the person, the person and the number plus one; 0 where nobody is.
    """

    code: npt.NDArray[np.int32]
    size: int
    table: Whole

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> People:
        """The people of a column without nulls.

        >>> People.of(pa.chunked_array([[7, 5, 7]])).code.tolist()
        [0, 1, 0]
        """
        kernel: Any = _numbered
        return cls(*kernel(column.to_numpy()))

    def among(self, chosen: pa.ChunkedArray) -> Flags:
        """Of each number, whether the person is among the ``chosen``.

        >>> People.of(pa.chunked_array([[7, 5, 7]])).among(pa.chunked_array([[5, 6]])).tolist()
        [False, True]
        """
        kernel: Any = _among
        return kernel(self.table, self.size, chosen.to_numpy())


@njit(cache=True, nogil=True, inline="always")
def _place(table: Any, who: Any) -> Any:  # pragma: no cover - compiled
    """Where ``who`` is, or would be: open addressing, multiplicative hashing (Knuth, TAOCP 3, 6.4)."""
    last = np.uint64(len(table) // 2 - 1)
    at = ((np.uint64(who) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(24)) & last
    while table[2 * at + 1] and table[2 * at] != who:
        at = (at + np.uint64(1)) & last
    return 2 * at


@njit(cache=True, nogil=True)
def _numbered(persons: Any) -> Any:  # pragma: no cover - compiled
    slots = 1 << 12
    while 2 * slots < len(persons) and slots < _SLOTS_FIRST:
        slots *= 2
    table = np.zeros(2 * slots, np.int64)
    code = np.empty(len(persons), np.int32)
    size = 0
    for row in range(len(persons)):
        at = _place(table, persons[row])
        if not table[at + 1]:
            size += 1
            table[at], table[at + 1] = persons[row], size
        code[row] = table[at + 1] - 1
        if 4 * size > len(table):
            table = _wider(table)
    return code, size, table


@njit(cache=True, nogil=True)
def _wider(table: Any) -> Any:  # pragma: no cover - compiled
    wide = np.zeros(4 * len(table), np.int64)
    for old in range(0, len(table), 2):
        if table[old + 1]:
            new = _place(wide, table[old])
            wide[new], wide[new + 1] = table[old], table[old + 1]
    return wide


@njit(cache=True, nogil=True)
def _among(table: Any, size: Any, chosen: Any) -> Any:  # pragma: no cover - compiled
    found = np.zeros(size, np.bool_)
    for row in range(len(chosen)):
        code = table[_place(table, chosen[row]) + 1]
        if code:
            found[code - 1] = True
    return found


class Counted(NamedTuple):
    """How many different people and how many rows there are in each place."""

    people: Whole
    rows: Whole


def coded(column: pa.ChunkedArray) -> Codes:
    """A column without nulls as codes.

    >>> coded(pa.chunked_array([["b", "a", "b"]])).code.tolist()
    [0, 1, 0]
    """
    whole = column.combine_chunks()
    if len(whole) and (pa.types.is_integer(whole.type) or pa.types.is_date32(whole.type)):
        found = _coded_numbers(whole)
        if found is not None:
            return found
    encoded = whole.dictionary_encode()
    return Codes(encoded.indices.to_numpy(), encoded.dictionary.to_pylist())


def _coded_numbers(column: pa.Array) -> Codes | None:
    """Numbers or days as codes by counting, which is faster than hashing; None where they lie too far apart."""
    numbers = column.view(pa.int32()).to_numpy() if pa.types.is_date32(column.type) else column.to_numpy()
    low, high = int(numbers.min()), int(numbers.max())
    if high - low >= _SPREAD_MAX:
        return None
    numbers = numbers - numbers.dtype.type(low)
    present = np.flatnonzero(np.bincount(numbers))
    rank = np.zeros(high - low + 1, np.int32)
    rank[present] = np.arange(len(present), dtype=np.int32)
    values = pa.array(present + low, pa.int64())
    days = pa.types.is_date32(column.type)
    return Codes(rank[numbers], (values.cast(pa.int32()).cast(pa.date32()) if days else values).to_pylist())


def counted(place: Whole, places: int, person: People, which: Flags | None = None) -> Counted:
    """People and rows of each of ``places``, among the rows ``which`` (None: all)."""
    if places * person.size > _BITS_MAX:
        return _counted_sorted(place, places, person, which)
    kernel: Any = _counted
    return Counted(*kernel(place, places, person.code, person.size, _ALL if which is None else which))


def _counted_sorted(place: Whole, places: int, person: People, which: Flags | None) -> Counted:
    """The same without a mark for each person and place."""
    pair = place * person.size + person.code
    pair = pair if which is None else pair[which]
    people = np.bincount(np.unique(pair) // person.size, minlength=places)
    return Counted(people, np.bincount(pair // person.size, minlength=places))


@njit(cache=True, nogil=True)
def _counted(place: Any, places: Any, person: Any, size: Any, which: Any) -> Any:  # pragma: no cover - compiled
    # A person's marks lie side by side, so that a million people's fit the processor's cache.
    words = (places + 63) // 64
    marks = np.zeros(size * words, np.uint64)
    people, rows = np.zeros(places, np.int64), np.zeros(places, np.int64)
    for row in range(len(place)):
        if len(which) and not which[row]:
            continue
        at = place[row]
        word = person[row] * words + at // 64
        bit = np.uint64(1) << np.uint64(at % 64)
        people[at] += not marks[word] & bit
        rows[at] += 1
        marks[word] |= bit
    return people, rows


def in_several(scope: Whole, person: People, channel: Codes, which: Flags | None = None) -> Flags:
    """Those of the rows ``which`` (None: all) whose person has rows of at least two channels in the same scope."""
    scopes = int(scope.max(initial=-1)) + 1
    kernel: Any = _in_several
    return kernel(scope, scopes, person.code, person.size, channel.code, _ALL if which is None else which)


@njit(cache=True, nogil=True)
def _in_several(
    scope: Any, scopes: Any, person: Any, size: Any, channel: Any, which: Any
) -> Any:  # pragma: no cover - compiled
    first = np.full(size * scopes, -1, np.int32)
    several = np.zeros(size * scopes, np.bool_)
    for row in range(len(scope)):
        if len(which) and not which[row]:
            continue
        pair = person[row] * scopes + scope[row]
        if first[pair] < 0:
            first[pair] = channel[row]
        elif first[pair] != channel[row]:
            several[pair] = True
    found = np.zeros(len(scope), np.bool_)
    for row in range(len(scope)):
        if len(which) == 0 or which[row]:
            found[row] = several[person[row] * scopes + scope[row]]
    return found
