"""The compiled pass against a slow one that anybody can read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.columns import Columns
from dujiang.engine.kernels.conversion import Conversion, conversion

VIEW, BUY = 0, 1


def columns(rows: list[tuple[int, int, int]], skip: tuple[int, ...] = ()) -> Columns:
    """Rows of person, millisecond and event, sorted as a timeline is."""
    person, at_ms, event = (np.array(column) for column in zip(*sorted(rows, key=lambda row: row[:2]), strict=True))
    none, zero = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.int64)
    return Columns(person, at_ms, event.astype(np.int32), none, none, zero, zero, zero, np.array(skip, np.int64))


def ask(
    *parts: Columns, first: int = VIEW, then: int = BUY, window: int = 10, start: int = 0, end: int = 100
) -> Conversion:
    return conversion(parts, first=first, then=then, window_ms=window, from_ms=start, to_ms=end)


@pytest.mark.parametrize(
    ("rows", "began", "converted"),
    [
        ([(1, 5, VIEW), (1, 15, BUY)], [1], [1]),  # exactly the window
        ([(1, 5, VIEW), (1, 16, BUY)], [1], []),  # a millisecond too late
        ([(1, 5, BUY), (1, 6, VIEW)], [1], []),  # the wrong way round
        ([(1, 5, VIEW), (1, 14, VIEW), (1, 20, BUY)], [1], [1]),  # the later beginning counts
        ([(1, 99, VIEW), (1, 105, BUY)], [1], [1]),  # goes on after the period
        ([(1, 100, VIEW), (1, 105, BUY)], [], []),  # begins after the period
        ([(1, 5, VIEW), (2, 6, BUY)], [1], []),  # two persons
    ],
)
def test_who_went_on(rows: list[tuple[int, int, int]], began: list[int], converted: list[int]) -> None:
    found = ask(columns(rows))
    assert (found.began.tolist(), found.converted.tolist()) == (began, converted)


def test_the_same_thing_has_to_be_done_twice() -> None:
    found = ask(columns([(1, 5, BUY), (2, 5, BUY), (2, 9, BUY)]), first=BUY)
    assert (found.began.tolist(), found.converted.tolist()) == ([1, 2], [2])


def test_skipped_persons_do_not_count_and_others_do() -> None:
    rows = [(person, moment, kind) for person in (1, 2, 3) for moment, kind in ((5, VIEW), (6, BUY))]
    found = ask(columns(rows, skip=(0, 2)), columns([(9, 1, VIEW)]))
    assert (found.began.tolist(), found.converted.tolist()) == ([1, 3, 9], [1, 3])


def test_the_rate_of_nobody_is_undefined() -> None:
    assert ask().rate is None
    assert ask(columns([(1, 5, VIEW), (1, 6, BUY), (2, 5, VIEW)])).rate == 0.5


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=40),
    st.integers(0, 12),
    st.integers(0, 10),
)
def test_it_agrees_with_looking_at_every_pair(rows: list[tuple[int, int, int]], window: int, start: int) -> None:
    part, end = columns(rows), start + 15
    own = list(zip(part.person.tolist(), part.at_ms.tolist(), part.event.tolist(), strict=True))
    began = {person for person, moment, kind in own if kind == VIEW and start <= moment < end}
    converted = {
        one[0]
        for place, one in enumerate(own)
        for other in own[place + 1 :]
        if one[0] == other[0]
        and one[2] == VIEW
        and other[2] == BUY
        and start <= one[1] < end
        and other[1] - one[1] <= window
    }
    found = ask(part, window=window, start=start, end=end)
    assert (set(found.began.tolist()), set(found.converted.tolist())) == (began, converted)
