"""Kinds of rows and counts of them, against a slow reading."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.columns import Columns
from dujiang.engine.kernels.marking import Kinds, counted, marked, picked

ROWS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 20), st.integers(0, 3), st.integers(0, 2)), max_size=40)
BITS = st.integers(0, 255)


@settings(deadline=None)
@given(
    ROWS,
    st.sets(st.integers(0, 6)),
    st.lists(BITS, min_size=4, max_size=4),
    st.lists(BITS, min_size=3, max_size=3),
    st.integers(0, 20),
    st.integers(0, 21),
)
def test_rows_are_marked_and_counted_as_by_hand(
    rows: list[tuple[int, int, int, int]],
    skip: set[int],
    of_event: list[int],
    of_channel: list[int],
    from_ms: int,
    to_ms: int,
) -> None:
    rows.sort(key=lambda row: row[:2])
    expected = [
        of_event[event] & of_channel[channel] if person not in skip and from_ms <= at_ms < to_ms else 0
        for person, at_ms, event, channel in rows
    ]
    columns = Columns(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int32),
        np.array([row[3] for row in rows], np.int32),
        np.array(sorted(skip), np.int64),
    )
    kinds = Kinds(np.array(of_event, np.uint8), np.array(of_channel, np.uint8), from_ms, to_ms)
    bits = marked(columns, kinds)
    assert bits.tolist() == expected
    kept = [(row[0], row[1], bit) for row, bit in zip(rows, expected, strict=True) if bit]
    assert list(zip(*(column.tolist() for column in picked(columns, kinds)), strict=True)) == kept
    persons, counts = counted(columns.person, bits)
    by_hand = Counter(row[0] for row, bit in zip(rows, expected, strict=True) if bit)
    assert dict(zip(persons.tolist(), counts.tolist(), strict=True)) == by_hand
    assert persons.tolist() == sorted(by_hand)
