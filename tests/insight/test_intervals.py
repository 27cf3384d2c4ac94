"""Intervals of shares against published values."""

from __future__ import annotations

import pytest

from dujiang.insight.intervals import wilson


@pytest.mark.parametrize(
    ("hits", "trials", "interval"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (1, 10, (0.0179, 0.4042)), (81, 263, (0.2553, 0.3662))],
)
def test_wilson_against_published_values(hits: int, trials: int, interval: tuple[float, float]) -> None:
    """The last is example 1 of Newcombe (1998), method 3."""
    assert wilson(hits, trials) == pytest.approx(interval, abs=5e-5)
    assert wilson(0, 0) is None
