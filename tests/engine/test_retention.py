"""Retention against its definition, read row by row; and the published example of three users."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.kernels.retention import BACK, START, Starts, retention

BORDERS = np.arange(0, 201, 10)
Row = tuple[int, int, int]


def asked(rows: list[Row], periods: int, *, first_only: bool, step_ms: int = 0) -> Starts:
    person, at_ms, bits = (np.array([row[side] for row in rows], np.int64) for side in range(3))
    return retention(person, at_ms, bits.astype(np.uint32), BORDERS, periods, first_only=first_only, step_ms=step_ms)


def obvious(rows: list[Row], periods: int, *, first_only: bool, step_ms: int) -> dict[tuple[int, int], list[int]]:
    """Each start by person and cohort, with the periods in which a later row says that they were back."""
    found: dict[tuple[int, int], list[int]] = {}
    for place, (who, at, kind) in enumerate(rows):
        earlier = [one for one in rows[:place] if one[0] == who and one[2] & START]
        cohort = bisect_right(BORDERS.tolist(), at) - 1
        if not kind & START or cohort < 0 or (who, cohort) in found or (first_only and earlier):
            continue
        later = [one for one in rows[place + 1 :] if one[0] == who and one[2] & BACK]
        gone = [
            (one[1] - at) // step_ms if step_ms else bisect_right(BORDERS.tolist(), one[1]) - 1 - cohort
            for one in later
        ]
        found[who, cohort] = [int(number in gone) for number in range(periods + 1)]
    return found


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(-15, 199), st.integers(0, 3)), max_size=40),
    st.integers(1, 6),
    st.booleans(),
    st.sampled_from([0, 10, 7]),
)
def test_every_start_and_return_is_found(rows: list[Row], periods: int, first_only: bool, step_ms: int) -> None:
    rows = sorted(rows, key=lambda row: row[:2])
    found = asked(rows, periods, first_only=first_only, step_ms=step_ms)
    keys = zip(found.person.tolist(), found.cohort.tolist(), strict=True)
    told = dict(zip(keys, found.back.tolist(), strict=True))
    assert told == obvious(rows, periods, first_only=first_only, step_ms=step_ms)
    assert [rows[place][1] for place in found.row] == found.at_ms.tolist()


def test_the_published_example_of_three_users() -> None:
    """One is back on day 1, one on day 5, one never: 33/0/0/0/33/0 on the day, 66/33/33/33/33/0 on it or after."""
    rows = [(1, 0, START), (1, 15, BACK), (2, 2, START), (2, 55, BACK), (3, 4, START)]
    back = asked(rows, 6, first_only=True).back
    on = back[:, 1:].mean(axis=0)
    after = np.maximum.accumulate(back[:, :0:-1], axis=1)[:, ::-1].mean(axis=0)
    assert on == pytest.approx([1 / 3, 0, 0, 0, 1 / 3, 0])
    assert after == pytest.approx([2 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 0])
