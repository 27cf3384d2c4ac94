"""Touch lists: what came before each conversion, in one pass over rows sorted by person and time.

**Definition.** A conversion's list has its person's touches from ``look_back_ms`` before it to its own moment, both included;
with ``restart`` only those after the moment of the conversion before. Touches of the same code that follow each other in the
list, each at most ``collapse_ms`` after the one before, are one, for which the last of them stands. Of longer lists the last
``limit`` touches count. Whoever was touched in the last ``look_back_ms`` before ``to_ms``, and after their last conversion if
they have one, has a list without a conversion besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from dujiang.engine.columns import Code, Whole
from dujiang.engine.kernels.compiled import inner, kernel, read_only
from dujiang.engine.kernels.steps import Steps

TOUCH: Final = 1
"""The bit of rows that are touches."""
CONVERSION: Final = 2
"""The bit of rows that are conversions; a row may be both."""
AT_ONCE: Final = 1 << 22
"""Touches of one turn at most, unless a single list has more: who is often touched and converts often has very many."""


class TouchLists(NamedTuple):
    """Lists by person; of one person the conversions in their order, then the list without one.

    Attributes:
        person: whose.
        conversion: row of the conversion; -1 for none.
        offsets: where the touches of each list begin, and the number of touches at the end. A conversion without a touch has an
            empty list, so that it is not lost.
        rows: rows of the touches.
    """

    person: Whole
    conversion: Whole
    offsets: Whole
    rows: Whole


def touch_lists(
    person: Whole,
    at_ms: Whole,
    bits: Steps,
    code: Code,
    *,
    from_ms: int,
    to_ms: int,
    look_back_ms: int,
    restart: bool = False,
    collapse_ms: int = -1,
    limit: int = 1 << 30,
    at_once: int = AT_ONCE,
) -> Iterator[TouchLists]:
    """The touches before each conversion from ``from_ms`` (included) to ``to_ms`` (excluded), in turns.

    Args:
        person: whose row it is; rows of one person lie together, in the order in which they happened.
        at_ms: when, in milliseconds since 1970.
        bits: :data:`TOUCH`, :data:`CONVERSION`, both or none for each row. Touches have to go back ``look_back_ms`` before
            ``from_ms``, and so do conversions for ``restart``.
        code: what was touched; touches with a code below 0 are passed over.
        from_ms: first moment of conversions that have a list.
        to_ms: end of the period.
        look_back_ms: how far a touch may lie before its conversion.
        restart: whether a conversion takes the touches before it from those after it.
        collapse_ms: longest pause within which touches of one code are one; -1 for none.
        limit: touches of a list at most.
        at_once: touches of one turn at most, unless a single list has more.

    >>> rows = np.array([1, 1, 1]), np.array([0, 5, 9]), np.array([1, 1, 2], np.uint32), np.array([4, 5, -1], np.int32)
    >>> (found,) = touch_lists(*rows, from_ms=0, to_ms=10, look_back_ms=6)
    >>> found.offsets.tolist(), found.rows.tolist()
    ([0, 1], [1])
    """
    rules, row, nth = (from_ms, to_ms, look_back_ms, restart, collapse_ms, limit), 0, 0
    while row < len(bits):
        *found, row, nth = _touch_lists(*read_only(person, at_ms, bits, code), *rules, at_once, row, nth)
        yield TouchLists(*found)


@kernel
def _touch_lists(
    person: Any, at_ms: Any, bits: Any, code: Any, from_ms: Any, to_ms: Any, look_back_ms: Any, restart: Any,
    collapse_ms: Any, limit: Any, at_once: Any, row: Any, done: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """The lists from the person at ``row`` on, without the first ``done`` of theirs; then where the next turn goes on."""
    # Room for all that there may be: only what is written to takes memory.
    touched, converted, most = np.empty(len(bits), np.int64), np.empty(len(bits), np.int64), 2 * len(bits)
    whose, conversion, offsets = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most + 1, np.int64)
    rows, lists = np.empty(at_once, np.int64), 0
    offsets[0] = 0
    while row < len(bits):
        begin = row
        row, touches, conversions = _gathered(row, person, bits, code, touched, converted)
        first, last, earlier = np.int64(0), np.int64(0), np.int64(-(1 << 62))
        for nth in range(conversions + 1):
            own, end = converted[nth] if nth < conversions else -1, to_ms - 1
            if own >= 0:
                end = at_ms[own]
            since = (end if own >= 0 else to_ms) - look_back_ms
            if restart or own < 0:
                since = max(since, earlier + 1)
            first = _passed(touched, first, touches, at_ms, since)
            last = _passed(touched, max(first, last), touches, at_ms, end + 1)
            earlier = end
            outside = (own >= 0 and not from_ms <= end < to_ms) or (own < 0 and first >= last)
            if nth < done or outside:
                continue
            needed = offsets[lists] + last - first
            if needed > len(rows) and lists:
                many = offsets[lists]
                found = whose[:lists].copy(), conversion[:lists].copy(), offsets[: lists + 1].copy(), rows[:many].copy()
                return (*found, begin, nth)
            if needed > len(rows):
                rows = np.empty(needed, np.int64)
            whose[lists], conversion[lists] = person[touched[first] if own < 0 else own], own
            offsets[lists + 1] = _listed(touched, first, last, at_ms, code, collapse_ms, limit, rows, offsets[lists])
            lists += 1
        done = np.int64(0)
    many = offsets[lists]
    found = whose[:lists].copy(), conversion[:lists].copy(), offsets[: lists + 1].copy(), rows[:many].copy()
    return (*found, row, done)


@inner
def _gathered(
    row: Any, person: Any, bits: Any, code: Any, touched: Any, converted: Any
) -> Any:  # pragma: no cover - compiled
    """The touches and conversions of the next person from ``row`` on: where their rows end, and how many there are of each."""
    while row < len(bits) and bits[row] == 0:
        row += 1
    begin, touches, conversions = row, 0, 0
    while row < len(bits) and (bits[row] == 0 or person[row] == person[begin]):
        if bits[row] & np.uint32(TOUCH) and code[row] >= 0:
            touched[touches] = row
            touches += 1
        if bits[row] & np.uint32(CONVERSION):
            converted[conversions] = row
            conversions += 1
        row += 1
    return row, touches, conversions


@inner
def _passed(touched: Any, place: Any, touches: Any, at_ms: Any, moment: Any) -> Any:  # pragma: no cover - compiled
    """The first place from ``place`` on of a touch not before ``moment``."""
    while place < touches and at_ms[touched[place]] < moment:
        place += 1
    return place


@inner
def _listed(
    touched: Any, first: Any, last: Any, at_ms: Any, code: Any, collapse_ms: Any, limit: Any, rows: Any, start: Any
) -> Any:  # pragma: no cover - compiled
    """Write touches to ``rows`` from ``start`` on; where they end."""
    end = start
    for place in range(first, last):
        row = touched[place]
        same = end > start and code[rows[end - 1]] == code[row] and at_ms[row] - at_ms[rows[end - 1]] <= collapse_ms
        if not same:
            end += 1
        rows[end - 1] = row
    surplus = end - start - limit
    if surplus > 0:
        for place in range(start, end - surplus):
            rows[place] = rows[place + surplus]
        end -= surplus
    return end
