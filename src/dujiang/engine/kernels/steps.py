"""Which rows are of which kinds, as one bit for each kind, and what is known of rows by the key that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Code, Columns, Whole
from dujiang.engine.kernels.compiled import inlined, inner, kernel, read_only

Flags = npt.NDArray[np.bool_]
Steps = npt.NDArray[np.uint32]

EVENTS: Final = -1
"""Stands for rows that are events; rows of another family are told by their own code, which lies below."""
_SPARE: Final = 1 << 20
_FAR: Final = 1 << 62


class Where(NamedTuple):
    """What makes a row be of a kind: the bit of the kind is set for its event, its channel and its page, and it is in time.

    Attributes:
        event: bits by code of the event, laid out as :data:`dujiang.engine.columns.OTHERS` says, those of no name last.
        channel: bits by code of the channel; empty where channels are all the same.
        page: bits by code of the page, those of no page last; empty where pages are all the same.
        from_ms: moments from which kinds begin, in milliseconds since 1970.
        to_ms: moments before which they end.
        timed: bits of the kinds that each pair of moments is for; kinds without a beginning or an end are in none.
    """

    event: Steps
    channel: Steps
    page: Steps
    from_ms: Whole
    to_ms: Whole
    timed: Steps

    @classmethod
    def of(cls, event: Steps, channel: Steps, page: Steps, periods: Sequence[tuple[int, int]]) -> Where:
        """Kinds of which the first has the first of ``periods`` (included to excluded), and so on."""
        bits: dict[tuple[int, int], int] = {}
        for place, (first, last) in enumerate(periods):
            if first > -_FAR or last < _FAR:
                bits[first, last] = bits.get((first, last), 0) | 1 << place
        from_ms, to_ms = (np.array([period[side] for period in bits], np.int64) for side in (0, 1))
        return cls(event, channel, page, from_ms, to_ms, np.array(list(bits.values()), np.uint32))


def stepped(rows: Columns, where: Where) -> Steps:
    """The kinds of each of ``rows``; none for rows of persons that are to be passed over.

    >>> whole, code = np.array([1, 1]), np.array([0, 1], np.int32)
    >>> two = Columns(whole, np.array([5, 6]), code, code * 0, code, whole, whole, whole)
    >>> event, channel = np.array([1, 2, 0], np.uint32), np.array([3], np.uint32)
    >>> stepped(two, Where.of(event, channel, event[:0], [(0, 9), (0, 6)])).tolist()
    [1, 0]
    """
    return _stepped(*read_only(rows.person, rows.at_ms, rows.event, rows.channel, rows.page, rows.skip), *where)


class Lookup(NamedTuple):
    """A small number for each of many keys.

    Attributes:
        keys: sorted.
        values: at their positions, none below 0.
        first: the key of ``dense[0]``.
        dense: the number by key where keys lie close together, -1 where there is none; empty where they do not.
    """

    keys: Whole
    values: Code
    first: int
    dense: Code

    @classmethod
    def of(cls, keys: Whole, values: Code) -> Lookup:
        """``values`` by ``keys``, which are all different.

        >>> Lookup.of(np.array([7, 5]), np.array([1, 0], np.int32)).dense.tolist()
        [0, -1, 1]
        """
        if not len(keys):
            return cls(keys, values, 0, values)
        first, last = int(keys.min()), int(keys.max())
        if last - first < 16 * len(keys) + _SPARE:
            dense = np.full(last - first + 1, -1, np.int32)
            dense[keys - first] = values
            return cls(keys[:0], values[:0], first, dense)
        order = np.argsort(keys)
        return cls(keys[order], values[order], 0, values[:0])


def looked_up(rows: Columns, family: int, lookup: Lookup) -> Code:
    """The number of each of ``rows``; -1 for one without, and for rows of another family.

    Args:
        family: :data:`EVENTS`, or the code of another.
        lookup: by :attr:`dujiang.engine.columns.Columns.seq`.

    >>> whole, code = np.array([1, 2]), np.array([0, -2], np.int32)
    >>> two = Columns(whole, whole, code, code, code, whole, whole, whole)
    >>> looked_up(two, -2, Lookup.of(np.array([1, 2]), np.array([5, 6], np.int32))).tolist()
    [-1, 6]
    """
    return _looked_up(*read_only(rows.event, rows.seq), family, *lookup)


def masked(bits: Steps, rows: Columns, kind: int, family: int, lookup: Lookup) -> None:
    """Take the bit of ``kind`` from those of the rows of ``family`` that are not in ``lookup``."""
    _masked(bits, *read_only(rows.event, rows.seq), np.uint32(1 << kind), family, *lookup)


def chosen(bits: Steps, rows: Columns, kinds: int, family: int, code: npt.NDArray[Any], flags: Flags) -> None:
    """Take ``kinds``, given as bits, from those of the rows of ``family`` whose code is none of those chosen.

    Args:
        bits: kinds of each row; changed.
        rows: the rows.
        kinds: the bits that are taken.
        family: :data:`EVENTS`, or the code of another.
        code: of each row; -1 for none.
        flags: by code whether it is chosen, that of none last.

    >>> whole, none = np.array([1, 2, 3]), np.zeros(3, np.int32)
    >>> three = Columns(whole, whole, np.array([0, 0, -2], np.int32), none, none, whole, whole, whole)
    >>> bits = np.array([3, 3, 3], np.uint32)
    >>> chosen(bits, three, 2, EVENTS, np.array([0, 1, -1], np.int8), np.array([True, False, False]))
    >>> bits.tolist()
    [3, 1, 3]
    """
    _chosen(bits, *read_only(rows.event, code), np.uint32(kinds), family, flags)


@kernel
def _stepped(
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
    timed: Any,
) -> Any:  # pragma: no cover - compiled
    bits = np.empty(len(event), np.uint32)
    # Short loops without branches: which rows are of a kind no processor can foresee.
    for row in range(len(event)):
        bits[row] = of_event[event[row]]  # the code of none is -1, which is the last place
    if len(of_channel):
        for row in range(len(event)):
            bits[row] &= of_channel[channel[row]]
    if len(of_page):
        for row in range(len(event)):
            bits[row] &= of_page[page[row]]
    for one in range(len(timed)):
        for row in range(len(event)):
            inside = (at_ms[row] >= from_ms[one]) & (at_ms[row] < to_ms[one])
            bits[row] &= ~timed[one] | -np.uint32(inside)
    if len(skip):
        _passed_over(bits, person, skip)
    return bits


@inner
def _passed_over(bits: Any, person: Any, skip: Any) -> None:  # pragma: no cover - compiled
    place = 0
    for row in range(len(person)):
        while place < len(skip) and skip[place] < person[row]:
            place += 1
        if place < len(skip) and skip[place] == person[row]:
            bits[row] = 0


@inlined
def _found(key: Any, keys: Any, values: Any, first: Any, dense: Any) -> Any:  # pragma: no cover - compiled
    if len(dense):
        place = key - first
        return dense[place] if 0 <= place < len(dense) else np.int32(-1)
    place = np.searchsorted(keys, key)
    return values[place] if place < len(keys) and keys[place] == key else np.int32(-1)


@kernel
def _looked_up(
    event: Any, seq: Any, family: Any, keys: Any, values: Any, first: Any, dense: Any
) -> Any:  # pragma: no cover - compiled
    found = np.empty(len(seq), np.int32)
    for row in range(len(seq)):
        inside = event[row] >= -1 if family == -1 else event[row] == family
        found[row] = _found(seq[row], keys, values, first, dense) if inside else -1
    return found


@kernel
def _masked(
    bits: Any, event: Any, seq: Any, bit: Any, family: Any, keys: Any, values: Any, first: Any, dense: Any
) -> Any:  # pragma: no cover - compiled
    for row in range(len(bits)):
        if bits[row] & bit:
            inside = event[row] >= -1 if family == -1 else event[row] == family
            if inside and _found(seq[row], keys, values, first, dense) < 0:
                bits[row] &= ~bit


@kernel
def _chosen(
    bits: Any, event: Any, code: Any, kinds: Any, family: Any, flags: Any
) -> None:  # pragma: no cover - compiled
    for row in range(len(bits)):
        inside = event[row] >= -1 if family == -1 else event[row] == family
        bits[row] &= ~kinds | -np.uint32(flags[code[row]] | (not inside))
