"""Bars with intervals: where they stand, whatever the numbers are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.console.charts.whiskers import BAR, NARROW, WIDE, Bar, Group, Size, draw

VALUES = st.one_of(st.none(), st.floats(-1e9, 1e9), st.just(math.inf), st.just(-math.inf))


@st.composite
def groups(draw_one: st.DrawFn) -> list[Group]:
    found = []
    for nth in range(draw_one(st.integers(0, 5))):
        bars = [
            Bar(draw_one(st.floats(-1e9, 1e9)), "", 1, draw_one(VALUES), draw_one(VALUES))
            for _ in range(draw_one(st.integers(1, 4)))
        ]
        found.append(Group(str(nth), tuple(bars), mark=draw_one(st.one_of(st.none(), st.floats(-1e9, 1e9)))))
    return found


@pytest.mark.parametrize("size", [WIDE, NARROW])
@given(found=groups())
def test_nothing_lies_outside_or_over_each_other(size: Size, found: list[Group]) -> None:
    picture = draw(found, size)
    below = 0.0
    for one in picture.groups:
        for drawn in one.bars:
            places = [drawn.x, drawn.x + drawn.width - 1, drawn.low, drawn.high]
            assert all(0 <= place <= size.width for place in places if place is not None)
            assert drawn.y >= below
            below = drawn.y + BAR
        assert one.mark is None or picture.left - 0.1 <= one.mark <= size.width
    assert below <= picture.height
    values = [value for _place, value in picture.ticks]
    assert values == sorted(values)
    assert 0.0 in values


def test_lengths_are_in_proportion_and_intervals_stand_around_them() -> None:
    half, whole = draw([Group("a", (Bar(50, "", 1, 40, 60), Bar(100, "", 2)))], WIDE).groups[0].bars
    assert whole.width == pytest.approx(2 * half.width, abs=0.3)
    assert half.low is not None
    assert half.high is not None
    assert half.low < half.x + half.width < half.high
    assert half.high - half.low == pytest.approx(whole.width / 5, abs=0.3)


def test_what_is_less_than_nothing_lies_left_of_zero() -> None:
    less, more = draw([Group("a", (Bar(-10, "", 1), Bar(30, "", 1)))], WIDE).groups[0].bars
    assert less.x + less.width == pytest.approx(more.x, abs=0.2)
