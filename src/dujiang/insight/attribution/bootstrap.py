"""How much credits would differ with other journeys of the same kind: Poisson bootstrap by re-weighting paths.

Every journey counts Poisson(1) times, so that a path seen n times counts Poisson(n) times (Chamandy et al. 2012, Estimating
uncertainty for massive data streams). Each resample's shares are applied to the conversions that there were.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.attribution.model import LEAST_CONVERSIONS, Credits, Paths, Reals, Spread


def spread(
    paths: Paths,
    model: Callable[[Paths], Credits],
    rng: np.random.Generator,
    *,
    rounds: int = 200,
    level: float = 0.9,
) -> Spread | None:
    """Percentile intervals of the credits of ``model``; None with fewer than 30 conversions.

    Conversions of one path count as if all had its mean value, so intervals of value are too narrow where values differ much
    within paths.

    Args:
        paths: what happened, with counts of journeys (whole numbers).
        model: credits of re-weighted paths, for instance ``lambda paths: markov(paths).credits``.
        rng: draws the weights.
        rounds: resamples.
        level: share of the resamples between the ends of an interval.

    Raises:
        InvalidInput: fewer than 20 rounds, or a level that does not lie between 0 and 1.
    """
    if rounds < 20 or not 0 < level < 1:
        raise InvalidInput(
            "attribution.rounds", _("Intervals need 20 rounds or more and a level between 0 and 1, not {rounds} and {level}."),
            rounds=rounds, level=level,
        )  # fmt: skip
    if paths.conversions < LEAST_CONVERSIONS:
        return None
    drawn = np.empty((rounds, 2, paths.channels))
    for row in range(rounds):
        resample = paths.weighted(_poisson(rng, paths.converted), _poisson(rng, paths.nulls))
        found = model(resample)
        drawn[row, 0] = _share(found.conversions) * paths.conversions
        drawn[row, 1] = _share(found.value) * paths.value.sum()
    ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Spread(ends[0, 0], ends[1, 0], ends[0, 1], ends[1, 1], level, rounds)


def _poisson(rng: np.random.Generator, counts: Reals) -> Reals:
    return rng.poisson(counts).astype(np.float64)


def _share(credit: Reals) -> Reals:
    total = credit.sum()
    return credit / total if total > 0 else np.zeros_like(credit)
