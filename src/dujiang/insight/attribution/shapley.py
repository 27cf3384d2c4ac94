"""Shapley values over the sets of channels that journeys touched.

What a set of channels is worth can be counted in two ways:

* ``conversions``: the conversions of journeys that touched only channels of the set. Every journey is then a game of its own
  in which its channels are all needed, and by additivity the Shapley value divides its conversions evenly among its distinct
  channels. No coalition has to be enumerated: exact for any number of channels.
* ``rate``: the share that converts of the journeys that touched only channels of the set (0 where there are none). Exact by a
  subset-sum (zeta) transform over all sets up to 20 observed channels, by sampled orders above. A channel may lower the rate;
  its Shapley value is then negative, and its credit 0.

Shapley, L. S. (1953), A value for n-person games. Sampling: Castro, J., Gómez, D. and Tejada, J. (2009), Polynomial
calculation of the Shapley value based on sampling, Computers & Operations Research 36; orders are drawn in pairs with their
reverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dujiang.engine.columns import stretches
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.model import Credits, Paths, Reals, Wholes

EXACT_MAX: Final = 20
LEAST_PAIRS: Final = 2


@dataclass(frozen=True, eq=False)
class Shapley:
    """Shapley values of channels and the credits that follow from them.

    Attributes:
        credits: values that are not negative, scaled to all conversions (and all value).
        worth: Shapley values in the unit of the game; they sum to the worth of all channels together.
        error: standard errors of ``worth``; 0 where the values are exact.
    """

    credits: Credits
    worth: Reals
    error: Reals

    @property
    def is_exact(self) -> bool:
        """Whether nothing was sampled."""
        return not self.error.any()


def shapley_conversions(paths: Paths) -> Shapley:
    """Credits when a set of channels is worth the conversions that it makes alone.

    >>> paths = Paths(np.array([0, 3, 4]), np.array([0, 1, 1, 1], np.int32), np.ones(2), np.ones(2), np.zeros(2), 2)
    >>> shapley_conversions(paths).credits.conversions.tolist()
    [0.5, 1.5]
    """
    starts, members, share = even_shares(paths)
    size = np.diff(starts)
    conversions, earned = (
        _summed(members, share * np.repeat(column, size), paths.channels) for column in (paths.converted, paths.value)
    )
    return Shapley(Credits(conversions, earned), conversions, np.zeros(paths.channels))


def even_shares(paths: Paths) -> tuple[Wholes, Any, Reals]:
    """What :func:`shapley_conversions` gives of each path: where its shares begin, of which channels, and how much."""
    starts, members = _sets(paths)
    size = np.diff(starts)
    return starts, members, np.repeat(1 / size, size)


def shapley_rate(
    paths: Paths, rng: np.random.Generator | None = None, *, exact_max: int = EXACT_MAX, pairs: int = 500
) -> Shapley:
    """Credits when a set of channels is worth the conversion rate of the journeys that need no other.

    Conversions are credited by the rate, value by the value per journey.

    Args:
        paths: what happened, journeys without a conversion included.
        rng: draws orders; only needed for more than ``exact_max`` observed channels.
        exact_max: observed channels up to which all sets are enumerated (20 at most).
        pairs: orders that are drawn, each with its reverse.

    Raises:
        InvalidInput: more channels than can be enumerated and no ``rng``, or fewer than two pairs.
    """
    starts, members = _sets(paths)
    observed, inside = np.unique(members, return_inverse=True)
    amounts = np.column_stack([paths.converted, paths.value, paths.converted + paths.nulls])
    if len(observed) <= min(exact_max, EXACT_MAX):
        worth, error = _exact(starts, inside, amounts, len(observed)), np.zeros((2, len(observed)))
    elif rng is None or pairs < LEAST_PAIRS:
        raise InvalidInput(
            "attribution.sampling",
            _("{channels} channels are sampled, which needs random numbers and {pairs} pairs of orders at least."),
            channels=len(observed), pairs=LEAST_PAIRS,
        )  # fmt: skip
    else:
        worth, error = _sampled(starts, inside, amounts, len(observed), rng, pairs)
    spread = np.zeros((4, paths.channels))
    spread[:, observed] = np.vstack([worth, error])
    shared = Credits(_credit(spread[0], paths.conversions), _credit(spread[1], float(paths.value.sum())))
    return Shapley(shared, spread[0], spread[2])


def _sets(paths: Paths) -> tuple[Wholes, Any]:
    kernel: Any = kernels.channel_sets
    return kernel(paths.offsets, paths.channel, paths.channels)


def _exact(starts: Wholes, members: Any, amounts: Reals, channels: int) -> Reals:
    if not channels:
        return np.zeros((2, 0))
    masks = np.add.reduceat(np.left_shift(1, members.astype(np.int64)), starts[:-1])
    totals = np.stack([_summed(masks, column, 1 << channels) for column in amounts.T])
    for bit in range(channels):
        pairs = totals.reshape(3, -1, 2, 1 << bit)
        pairs[:, :, 1] += pairs[:, :, 0]
    games = _rates(totals)
    size = np.bitwise_count(np.arange(1 << channels)).astype(np.int64)
    weight = np.array([1 / (channels * math.comb(channels - 1, taken)) for taken in range(channels)] + [0.0])[size]
    worth = np.empty((2, channels))
    for bit in range(channels):
        pairs = games.reshape(2, -1, 2, 1 << bit)
        worth[:, bit] = ((pairs[:, :, 1] - pairs[:, :, 0]) * weight.reshape(-1, 2, 1 << bit)[:, 0]).sum(axis=(1, 2))
    return worth


def _sampled(
    starts: Wholes, members: Any, amounts: Reals, channels: int, rng: np.random.Generator, pairs: int
) -> tuple[Reals, Reals]:
    kernel: Any = kernels.completed_at
    starts, members, amounts = _folded(starts, members, amounts, channels)
    found = np.empty((pairs, 2, channels))
    for pair in range(pairs):
        order = rng.permutation(channels)
        both = np.empty((2, 2, channels))
        for side, one in enumerate((order, order[::-1])):
            position = np.empty(channels, np.int64)
            position[one] = np.arange(channels)
            steps = _rates(kernel(starts, members, amounts, position, channels).T)
            both[side][:, one] = np.diff(steps, axis=1, prepend=0.0)
        found[pair] = both.mean(axis=0)
    return found.mean(axis=0), found.std(axis=0, ddof=1) / math.sqrt(pairs)


def _folded(starts: Wholes, members: Any, amounts: Reals, channels: int) -> tuple[Wholes, Any, Reals]:
    """Paths of the same set as one."""
    if channels > 63:
        return starts, members, amounts
    masks = np.add.reduceat(np.left_shift(1, members.astype(np.int64)), starts[:-1])
    sets, first, which = np.unique(masks, return_index=True, return_inverse=True)
    size = np.diff(starts)[first]
    begins = np.concatenate([[0], np.cumsum(size)])
    return (
        begins,
        members[stretches(starts[first], size)],
        np.column_stack([_summed(which, one, len(sets)) for one in amounts.T]),
    )


def _summed(codes: Any, amounts: Reals, size: int) -> Reals:
    return np.asarray(np.bincount(codes, amounts, size), np.float64)


def _rates(totals: Reals) -> Reals:
    """Conversions and value per journey; 0 where there is no journey."""
    return np.divide(totals[:2], totals[2], out=np.zeros_like(totals[:2]), where=totals[2] > 0)


def _credit(worth: Reals, total: float) -> Reals:
    positive = np.maximum(worth, 0.0)
    return positive * (total / positive.sum()) if positive.sum() > 0 else np.zeros_like(worth)
