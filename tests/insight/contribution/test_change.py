"""Parts of a change: nothing is left over, whoever did not move gets nothing, and the order does not matter."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dujiang.insight.contribution.change import by_factor

NUMBERS = some.floats(0, 1e4)
TRIPLES = some.tuples(NUMBERS, NUMBERS, NUMBERS)


@given(TRIPLES, TRIPLES)
def test_nothing_is_left_over(before: tuple[float, ...], now: tuple[float, ...]) -> None:
    assert sum(by_factor(before, now)) == pytest.approx(prod(now) - prod(before), rel=1e-9, abs=1e-3)


@given(TRIPLES, TRIPLES)
def test_what_did_not_move_gets_nothing(before: tuple[float, ...], now: tuple[float, ...]) -> None:
    assert by_factor(before, (before[0], *now[1:]))[0] == 0


@given(TRIPLES, TRIPLES)
def test_backwards_is_the_opposite(before: tuple[float, ...], now: tuple[float, ...]) -> None:
    back = by_factor(now, before)
    assert by_factor(before, now) == pytest.approx(tuple(-one for one in back), rel=1e-9, abs=1e-3)


@given(TRIPLES, TRIPLES)
def test_three_factors_by_the_formula(before: tuple[float, float, float], now: tuple[float, float, float]) -> None:
    (reach, rate, worth), (more, quicker, dearer) = before, now
    expected = (more - reach) * ((rate * worth + quicker * dearer) / 3 + (rate * dearer + quicker * worth) / 6)
    assert by_factor(before, now)[0] == pytest.approx(expected, rel=1e-9, abs=1e-3)


@pytest.mark.parametrize(
    ("before", "now", "effects"),
    [
        ((0.0, None, None), (10.0, 0.5, 20.0), (100.0, 0.0, 0.0)),
        ((10.0, 0.5, 20.0), (0.0, None, None), (-100.0, 0.0, 0.0)),
        ((10.0, 0.0, None), (10.0, 0.5, 20.0), (0.0, 100.0, 0.0)),
        ((10.0, 0.0, None), (20.0, 0.0, None), (0.0, 0.0, 0.0)),
    ],
)
def test_what_is_undefined_did_not_change(
    before: tuple[float | None, ...], now: tuple[float | None, ...], effects: tuple[float, ...]
) -> None:
    assert by_factor(before, now) == pytest.approx(effects)
