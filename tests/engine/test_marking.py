"""Kinds of rows and counts of them, against a slow reading."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.columns import Columns
from dujiang.engine.kernels.marking import ANY_PAGE, Kinds, counted, marked, picked, summed

ROWS = st.lists(
    st.tuples(*(st.integers(*between) for between in ((1, 5), (0, 20), (-1, 2), (0, 2), (-1, 1), (-9, 99)))),
    max_size=40,
)
BITS = st.integers(0, 255)


@settings(deadline=None)
@given(
    ROWS,
    st.sets(st.integers(0, 6)),
    st.lists(BITS, min_size=4, max_size=4),
    st.lists(BITS, min_size=3, max_size=3),
    st.none() | st.lists(BITS, min_size=3, max_size=3),
    st.integers(0, 20),
    st.integers(0, 21),
)
def test_rows_are_marked_and_counted_as_by_hand(
    rows: list[tuple[int, int, int, int, int, int]],
    skip: set[int],
    of_event: list[int],
    of_channel: list[int],
    of_page: list[int] | None,
    from_ms: int,
    to_ms: int,
) -> None:
    rows.sort(key=lambda row: row[:2])
    page_bits = {-1: 255, 0: 255, 1: 255} if of_page is None else {0: of_page[0], 1: of_page[1], -1: of_page[2]}
    expected = [
        of_event[event] & of_channel[channel] & page_bits[page]
        if person not in skip and from_ms <= at_ms < to_ms
        else 0
        for person, at_ms, event, channel, page, _value in rows
    ]
    columns = Columns(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int32),
        np.array([row[3] for row in rows], np.int32),
        np.array([row[4] for row in rows], np.int32),
        np.array([row[5] for row in rows], np.int64),
        np.zeros(len(rows), np.int64),
        np.arange(len(rows)),
        np.array(sorted(skip), np.int64),
    )
    page = ANY_PAGE if of_page is None else np.array(of_page, np.uint8)
    kinds = Kinds(np.array(of_event, np.uint8), np.array(of_channel, np.uint8), from_ms, to_ms, page)
    bits = marked(columns, kinds)
    assert bits.tolist() == expected
    kept = [(row[0], row[1], bit) for row, bit in zip(rows, expected, strict=True) if bit]
    assert list(zip(*(column.tolist() for column in picked(columns, kinds)), strict=True)) == kept
    persons, counts = counted(columns.person, bits)
    by_hand = Counter(row[0] for row, bit in zip(rows, expected, strict=True) if bit)
    assert dict(zip(persons.tolist(), counts.tolist(), strict=True)) == by_hand
    assert persons.tolist() == sorted(by_hand)
    sums = Counter[int]()
    for row, bit in zip(rows, expected, strict=True):
        if bit:
            sums[row[0]] += row[5]
    again, totals = summed(columns.person, bits, columns.dwell_ms)
    assert dict(zip(again.tolist(), totals.tolist(), strict=True)) == dict(sums)
    assert again.tolist() == persons.tolist()
