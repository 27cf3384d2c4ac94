"""Rules against shares written by hand and against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from path_kit import Journeys, journeys, paths_of

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.attribution.model import Paths
from dujiang.insight.attribution.rules import (
    Custom,
    First,
    Last,
    LastNonDirect,
    Linear,
    Position,
    Rule,
    TimeDecay,
    by_rule,
    touch_shares,
)

DAY = 86_400_000
ONE: Journeys = [([2, 0, 1, 0], 1, 100, 0)]
TIMES = [[3 * DAY, 2 * DAY, DAY, 0]]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (First(), [1, 0, 0, 0]),
        (Last(), [0, 0, 0, 1]),
        (LastNonDirect((0,)), [0, 0, 1, 0]),
        (LastNonDirect((0, 1)), [1, 0, 0, 0]),
        (LastNonDirect((0, 1, 2)), [0, 0, 0, 1]),
        (Linear(), [0.25, 0.25, 0.25, 0.25]),
        (TimeDecay(DAY), [1 / 15, 2 / 15, 4 / 15, 8 / 15]),
        (Position(), [0.4, 0.1, 0.1, 0.4]),
        (Position(0.3, 0.5), [0.3, 0.1, 0.1, 0.5]),
        (Custom((1.0, 3.0, 0.0)), [0, 0.2, 0.6, 0.2]),
        (Custom((0.0, 0.0, 0.0)), [0.25, 0.25, 0.25, 0.25]),
        (Custom((1.0, 3.0, 1.0), Position()), [0.4 / 1.2, 0.1 / 1.2, 0.3 / 1.2, 0.4 / 1.2]),
    ],
)
def test_shares_of_one_path(rule: Rule, expected: list[float]) -> None:
    assert touch_shares(paths_of(ONE, 3, TIMES), rule) == pytest.approx(expected)


def test_short_paths_by_position() -> None:
    paths = paths_of([([0], 1, 0, 0), ([0, 1], 1, 0, 0)], 2)
    assert touch_shares(paths, Position(0.6, 0.2)) == pytest.approx([1, 0.75, 0.25])
    assert touch_shares(paths, Position(0.0, 0.0)) == pytest.approx([1, 0.5, 0.5])


def test_time_decay_of_a_path_that_lies_years_back() -> None:
    paths = paths_of([([0, 1], 1, 0, 0)], 2, [[4000 * DAY, 3999 * DAY]])
    assert touch_shares(paths, TimeDecay(DAY)) == pytest.approx([1 / 3, 2 / 3])


def test_repeated_channels_get_all_their_shares() -> None:
    shared = by_rule(paths_of(ONE, 3), Position())
    assert shared.conversions == pytest.approx([0.5, 0.1, 0.4])
    assert shared.value == pytest.approx([50, 10, 40])


@settings(deadline=None, max_examples=50)
@given(journeys())
def test_linear_as_fractions(found: Journeys) -> None:
    expected = [Fraction(0)] * 4
    for touches, converted, *_rest in found:
        for touch in touches:
            expected[touch] += Fraction(converted, len(touches))
    assert by_rule(paths_of(found, 4), Linear()).conversions == pytest.approx([float(one) for one in expected])


RULES = st.sampled_from(
    [First(), Last(), LastNonDirect((1,)), Linear(), TimeDecay(7.0), Position(), Custom((1.0, 0.5, 0.0, 2.0))]
)


@settings(deadline=None, max_examples=50)
@given(journeys(), RULES)
def test_credits_sum_to_what_happened_and_are_never_negative(found: Journeys, rule: Rule) -> None:
    paths = paths_of(found, 4, [list(range(len(touches), 0, -1)) for touches, *_rest in found])
    shared = by_rule(paths, rule)
    assert shared.conversions.sum() == pytest.approx(paths.conversions)
    assert shared.value.sum() == pytest.approx(paths.value.sum())
    assert min(shared.conversions.min(), shared.value.min()) >= 0


@pytest.mark.parametrize(
    "rule",
    [TimeDecay(1.0), TimeDecay(0.0), Position(0.8, 0.3), Position(-0.1, 0.3), Custom((1.0,)), Custom((1.0, -1.0, 0))],
)
def test_rules_that_make_no_sense(rule: Rule) -> None:
    paths = paths_of(ONE, 3, None if rule == TimeDecay(1.0) else TIMES)
    with pytest.raises(InvalidInput):
        touch_shares(paths, rule)


@pytest.mark.parametrize(
    "changed",
    [
        {"offsets": np.array([0, 3])},
        {"offsets": np.array([0, 0, 4]), "converted": np.ones(2), "value": np.ones(2), "nulls": np.ones(2)},
        {"channels": 2},
        {"converted": np.ones(2)},
        {"nulls": np.array([-1.0])},
        {"value": np.array([np.nan])},
        {"converted": np.zeros(1)},
        {"before_ms": np.array([1])},
    ],
)
def test_columns_that_do_not_fit(changed: dict[str, Any]) -> None:
    good = paths_of(ONE, 3)
    columns = {name: getattr(good, name) for name in good.__dataclass_fields__}
    with pytest.raises(InvalidInput):
        Paths(**(columns | changed))
