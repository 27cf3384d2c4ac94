"""Worlds of markets whose true effect is known."""

from __future__ import annotations

import numpy as np

from dujiang.insight.incrementality.model import Estimate, Panel


def markets(
    seed: int,
    *,
    units: int = 12,
    treated: int = 1,
    periods: int = 40,
    start: int = 30,
    effect: float = 0.0,
    noise: float = 1.0,
) -> Panel:
    """Markets that follow two common waves in proportions of their own; ``effect`` is added to the treated from ``start`` on.

    The treated follow the waves like a mixture of the others, so that a mixture can stand for them.
    """
    rng = np.random.default_rng(seed)
    waves = rng.normal(0, 2, (2, periods)) + 5 * np.sin(np.arange(periods) / 7 + rng.uniform(0, 6, (2, 1)))
    others = rng.uniform(0.2, 1.8, (units - treated, 2))
    own = rng.dirichlet(np.ones(units - treated), treated) @ others
    outcome = 100 + np.vstack([own, others]) @ waves + rng.normal(0, noise, (units, periods))
    outcome[:treated, start:] += effect
    return Panel(outcome, np.arange(units) < treated, start)


def holds(estimate: Estimate, truth: float) -> bool:
    """Whether the interval holds the truth."""
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low <= truth <= estimate.high


def looks_uniform(ps: list[float]) -> float:
    """The largest distance between the p-values' distribution and the uniform one, in units of its 1% critical value."""
    found = np.sort(ps)
    steps = np.arange(1, len(found) + 1) / len(found)
    return float(np.maximum(steps - found, found - steps + 1 / len(found)).max() * len(found) ** 0.5 / 1.628)
