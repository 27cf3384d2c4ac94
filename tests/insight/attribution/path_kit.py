"""Paths for tests, written as plain lists, and attribution done the slow and obvious way."""

from __future__ import annotations

from collections import defaultdict
from itertools import permutations
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dujiang.insight.attribution.model import Paths

Journeys = list[tuple[list[int], int, int, int]]
"""Channels, conversions, value, journeys without a conversion."""


def paths_of(journeys: Journeys, channels: int, before: list[list[int]] | None = None) -> Paths:
    lengths = [len(touches) for touches, *_rest in journeys]
    column = lambda place: np.array([journey[place] for journey in journeys], np.float64)  # noqa: E731
    return Paths(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array([touch for touches, *_rest in journeys for touch in touches], np.int32),
        column(1), column(2), column(3), channels,
        None if before is None else np.array([ms for path in before for ms in path], np.int64),
    )  # fmt: skip


@st.composite
def journeys(draw: Any, channels: int = 4, longest: int = 6) -> Journeys:
    one = st.tuples(
        st.lists(st.integers(0, channels - 1), min_size=1, max_size=longest),
        st.integers(0, 5), st.integers(0, 1000), st.integers(0, 5),
    )  # fmt: skip
    found = draw(st.lists(one, min_size=1, max_size=12))
    return [(touches, converted, value if converted else 0, nulls) for touches, converted, value, nulls in found]


def chance_to_convert(found: Journeys, order: int, without: int | None, money: bool = False) -> float:
    """Conversions (or value) per walk of the chain of the last ``order`` touches; who meets ``without`` is lost."""
    follows: dict[Any, dict[Any, float]] = defaultdict(lambda: defaultdict(float))
    earned: dict[Any, float] = defaultdict(float)
    for touches, converted, value, nulls in found:
        state: Any = ()
        for touch in touches:
            after = (*state, touch)[-order:]
            follows[state][after] += converted + nulls
            state = after
        follows[state]["converted"] += converted
        follows[state]["nothing"] += nulls
        earned[state] += value
    states = [state for state, after in follows.items() if sum(after.values()) > 0]
    if () not in states:
        return 0.0
    place = {state: row for row, state in enumerate(states)}
    matrix, right = np.eye(len(states)), np.zeros(len(states))
    for state in states:
        total = sum(follows[state].values())
        for after, times in follows[state].items():
            if after in place and (without is None or after[-1] != without):
                matrix[place[state], place[after]] -= times / total
        right[place[state]] = (earned[state] if money else follows[state]["converted"]) / total
    return float(np.linalg.solve(matrix, right)[place[()]])


def removal_effects(found: Journeys, channels: int, order: int, money: bool = False) -> list[float]:
    """What is lost without each channel, by solving the chain once more for each."""
    base = chance_to_convert(found, order, None, money)
    return [1 - chance_to_convert(found, order, channel, money) / base for channel in range(channels)]


def shapley_by_definition(worth: Any, channels: int) -> list[float]:
    """The mean of what each channel adds, over all orders in which channels can come."""
    added = [0.0] * channels
    orders = list(permutations(range(channels)))
    for order in orders:
        for place, channel in enumerate(order):
            added[channel] += worth(set(order[: place + 1])) - worth(set(order[:place]))
    return [one / len(orders) for one in added]
