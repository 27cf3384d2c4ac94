"""Markov chains of touches, solved exactly.

Touches are a walk over states (the last ``order`` touches) that ends in a conversion or in nothing. With Q the transition
probabilities among states, R those into a conversion, N = (I − Q)⁻¹ and v = N·R the probability to convert from each state,
the removal effect of a channel is the share of conversions that pass through it. For the states S in which it was touched
last, the first of them that is entered is s with probability h_s, where h = N[start, S]·N[S, S]⁻¹, so that

    removal effect = h·v[S] / v[start]           (order 1: N[start, k]·v_k / (N[k, k]·v[start]))

One factorisation of I − Q serves all channels. Nothing is simulated: the same paths give the same credits. Touching a
channel several times in a row changes nothing at order 1. Removal effects are shares of a whole brand; to share out a single
conversion by them is wrong, which is why :func:`path_shares` does not.

Anderl, E., Becker, I., von Wangenheim, F. and Schumann, J. H. (2016), Mapping the customer journey, International Journal of
Research in Marketing 33.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy

from dujiang.foundation.errors import InvalidInput, TooLarge
from dujiang.foundation.i18n import _
from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.bootstrap import Together
from dujiang.insight.attribution.model import Credits, Paths, Reals, Wholes
from dujiang.insight.attribution.rules import by_shares

CELLS_MAX: Final = 1 << 25
STATES_MAX: Final = 6_000
_DENSE_ABOVE: Final = 0.002


@dataclass(frozen=True, eq=False)
class Markov:
    """A chain of touches and what it says of channels.

    Attributes:
        credits: conversions and value by channel.
        removal: share of conversions that pass through each channel; None where nothing converted.
        removal_value: the same of value; None where nothing was earned.
        reach: probability to convert from each state, NaN for states that never were; state 0 is the start.
        order: touches that a state remembers.
    """

    credits: Credits
    removal: Reals | None
    removal_value: Reals | None
    reach: Reals
    order: int


def markov(paths: Paths, *, order: int = 1, with_nulls: bool = True) -> Markov:
    """Credits in proportion to removal effects.

    Args:
        paths: what happened.
        order: touches that a state remembers.
        with_nulls: whether journeys without a conversion count. Without them every walk converts, and the removal effect of a
            channel is the probability to meet it.

    Raises:
        InvalidInput: the order is below 1.
        TooLarge: so many channels and states that the order has to be lowered or channels grouped.

    >>> paths = Paths(np.array([0, 2, 3]), np.array([0, 1, 1], np.int32), np.ones(2), np.ones(2), np.zeros(2), 2)
    >>> markov(paths).credits.conversions.round(3).tolist()
    [0.667, 1.333]
    """
    return solved(transitions(paths, order=order, with_nulls=with_nulls), order)


def transitions(paths: Paths, *, order: int = 1, with_nulls: bool = True) -> Reals:
    """How often each state was followed by each channel, by a conversion and by nothing, and the value that followed.

    That is all that a chain knows of paths, and it adds up: so any number of them can be counted by turns.

    Args:
        paths: as for :func:`markov`, whose errors it raises.
        order: touches that a state remembers.
        with_nulls: whether journeys without a conversion count.
    """
    if order < 1:
        raise InvalidInput("attribution.order", _("The order is {order}; it has to be 1 or more."), order=order)
    channels, all_states = paths.channels, (paths.channels + 1) ** order
    if all_states * (channels + 3) > CELLS_MAX:
        raise TooLarge(
            "attribution.states", _("{channels} channels are too many for order {order}. Lower it, or group channels."),
            channels=channels, order=order,
        )  # fmt: skip
    nulls = paths.nulls if with_nulls else np.zeros(len(paths.nulls))
    kernel: Any = kernels.transitions
    return kernel(paths.offsets, paths.channel, paths.converted, paths.value, nulls, channels, all_states)


def solved(counts: Reals, order: int = 1) -> Markov:
    """Credits in proportion to removal effects, from what :func:`transitions` counted.

    Raises:
        TooLarge: so many states that the order has to be lowered or channels grouped.
    """
    chain = _chain(counts, order)
    removal, removal_value = _removal_effects(chain)
    conversions, value = counts[:, chain.channels].sum(), counts[:, chain.channels + 2].sum()
    shared = Credits(_proportional(removal, conversions), _proportional(removal_value, value))
    reach = np.full(chain.all_states, np.nan)
    reach[chain.states] = chain.reach[:, 0]
    return Markov(
        shared,
        removal if conversions > 0 else None,
        removal_value if value > 0 else None,
        reach,
        order,
    )


@dataclass(frozen=True)
class Walks(Together):
    """Credits by a chain of order 1, of all resamples at once: so small are their chains.

    Attributes:
        with_nulls: whether journeys without a conversion count.
    """

    with_nulls: bool = True

    def __call__(self, paths: Paths) -> Credits:
        """The credits of ``paths``."""
        return markov(paths, with_nulls=self.with_nulls).credits

    def resampled(self, paths: Paths, converted: Reals, nulls: Reals) -> Reals:
        """The credits by resample."""
        nulls = nulls if self.with_nulls else np.zeros_like(nulls)
        moves, lasts = _moves(paths)
        counts = np.zeros((len(converted), paths.channels + 1, paths.channels + 3))
        moved = (moves @ (converted + nulls).T).T
        counts[:, :, : paths.channels] = moved.reshape(len(converted), paths.channels + 1, paths.channels)
        for place, times in enumerate((converted, nulls, converted * paths.value_each)):
            counts[:, 1:, paths.channels + place] = (lasts @ times.T).T
        out = counts[:, :, : paths.channels + 2].sum(axis=2, keepdims=True)
        chance = counts / np.where(out > 0, out, 1.0)
        walk = np.zeros((len(counts), paths.channels + 1, paths.channels + 1))
        walk[:, :, 1:] = chance[:, :, : paths.channels]
        inverse = np.linalg.inv(np.eye(paths.channels + 1) - walk)
        reach = inverse @ chance[:, :, [paths.channels, paths.channels + 2]]
        met = inverse[:, 0, 1:] / np.diagonal(inverse, axis1=1, axis2=2)[:, 1:]
        effects = np.maximum(met[:, :, None] * reach[:, 1:], 0.0).swapaxes(1, 2)
        totals = np.stack([converted.sum(axis=1), converted @ paths.value_each], axis=1)[:, :, None]
        weight = effects.sum(axis=2, keepdims=True)
        return np.divide(effects * totals, weight, out=np.zeros_like(effects), where=weight > 0)


def _moves(paths: Paths) -> tuple[Any, Any]:
    """By path how often each channel was touched after each state, and which was touched last."""
    count, touches = len(paths.converted), len(paths.channel)
    before = np.zeros(touches, np.int64)
    before[1:] = paths.channel[:-1] + 1
    before[paths.offsets[:-1]] = 0
    path = np.repeat(np.arange(count), np.diff(paths.offsets))
    cells = before * paths.channels + paths.channel
    sparse = scipy.sparse.csr_array
    moves = sparse((np.ones(touches), (cells, path)), shape=((paths.channels + 1) * paths.channels, count))
    ends = paths.channel[paths.offsets[1:] - 1]
    return moves, sparse((np.ones(count), (ends, np.arange(count))), shape=(paths.channels, count))


def path_shares(paths: Paths, chain: Markov) -> Reals:
    """The share of each touch in *its* path: in proportion to how much it raised the probability to convert.

    Between two touches of a path the probability of the chain rises, or does not; what rose is shared among those touches, and
    evenly where nothing rose. This is conditional on the path and uses no removal effects, which are averages over the brand.

    Args:
        paths: the paths the chain was solved for.
        chain: of :func:`markov` with journeys without a conversion; where all journeys convert, nothing rises.
    """
    kernel: Any = kernels.rises
    shares = kernel(paths.offsets, paths.channel, np.nan_to_num(chain.reach), paths.channels)
    normalise: Any = kernels.normalise
    normalise(paths.offsets, shares)
    return shares


def by_path(paths: Paths, *, order: int = 1) -> Credits:
    """Credits of channels as the sum of :func:`path_shares`."""
    return by_shares(paths, path_shares(paths, markov(paths, order=order)))


@dataclass(frozen=True, eq=False)
class _Chain:
    """``reach`` has a column for conversions and one for value; ``from_start`` and ``within`` are parts of N."""

    channels: int
    all_states: int
    states: Wholes
    reach: Reals
    from_start: Reals
    within: Callable[[Wholes], Reals]


def _chain(counts: Reals, order: int) -> _Chain:
    all_states, channels = len(counts), counts.shape[1] - 3
    out = counts[:, : channels + 2].sum(axis=1)
    out[0] = out[0] or 1.0  # the start is a state even where nobody set out
    states = np.flatnonzero(out)
    if len(states) > STATES_MAX:
        raise TooLarge(
            "attribution.too_many_states",
            _("Order {order} has {states} states; {most} are the limit. Lower it, or group channels."),
            order=order, states=len(states), most=STATES_MAX,
        )  # fmt: skip
    chance = counts[states] / out[states, None]
    place = np.zeros(all_states, np.int64)
    place[states] = np.arange(len(states))
    row, code = np.nonzero(chance[:, :channels])
    target = place[(states[row] * (channels + 1) + code + 1) % all_states]
    q = scipy.sparse.csc_array((chance[row, code], (row, target)), shape=(len(states), len(states)))
    solve, from_start, within = _factorised(
        scipy.sparse.csc_array(scipy.sparse.eye_array(len(states), format="csc") - q), len(states)
    )
    reach = solve(chance[:, [channels, channels + 2]])
    return _Chain(channels, all_states, states, reach, from_start, within)


def _factorised(
    matrix: scipy.sparse.csc_array, size: int
) -> tuple[Callable[[Reals], Reals], Reals, Callable[[Wholes], Reals]]:
    """Of the inverse of ``matrix``: its products, its first row, and its square parts of given rows."""
    if matrix.nnz > _DENSE_ABOVE * size**2:  # such a matrix fills up when it is factorised sparsely
        inverse: Reals = scipy.linalg.inv(matrix.toarray(), overwrite_a=True, check_finite=False)
        return inverse.__matmul__, inverse[0], lambda rows: inverse[np.ix_(rows, rows)]
    sparse = scipy.sparse.linalg.splu(matrix)
    unit = np.zeros(size)
    unit[0] = 1.0

    def within(rows: Wholes) -> Reals:
        columns = np.zeros((size, len(rows)))
        columns[rows, np.arange(len(rows))] = 1.0
        return sparse.solve(columns)[rows]

    return sparse.solve, sparse.solve(unit, "T"), within


def _removal_effects(chain: _Chain) -> Reals:
    """Shares of conversions and of value that pass through each channel; 0 where there are none."""
    effects = np.zeros((2, chain.channels))
    last = chain.states % (chain.channels + 1)
    for channel in range(chain.channels):
        own = np.flatnonzero(last == channel + 1)
        if len(own):
            first_met = np.linalg.solve(chain.within(own).T, chain.from_start[own])
            effects[:, channel] = first_met @ chain.reach[own]
    base = chain.reach[0].reshape(2, 1)
    return np.divide(np.maximum(effects, 0.0), base, out=np.zeros_like(effects), where=base > 0)


def _proportional(effects: Reals, total: float) -> Reals:
    weight = effects.sum()
    return effects * (total / weight) if weight > 0 else np.zeros_like(effects)
