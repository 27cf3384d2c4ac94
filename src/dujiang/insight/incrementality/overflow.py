"""New money or money from elsewhere: what a channel gained, what the others lost, and what remains.

When a channel is pushed, some of what it gains would have been bought in another channel. People (or markets) that were
pushed by lot are compared with the others, in every channel at once; the accounts then add up by themselves:

    gain of the pushed channels − loss of the others = net gain of the brand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.model import LEVEL, Doubt, Estimate, Reals, by_t, checked_level, welch


@dataclass(frozen=True, eq=False)
class Group:
    """Sums over the people of a group, for several columns (buyers or money by channel, new and known apart).

    Attributes:
        n: people.
        total: sum of each column.
        products: sums of products of each pair of columns.
    """

    n: int
    total: Reals
    products: Reals

    @classmethod
    def of(cls, rows: Reals) -> Group:
        """The sums of ``rows``, one per person."""
        return cls(len(rows), rows.sum(axis=0), rows.T @ rows)

    @property
    def mean(self) -> Reals:
        """Per person."""
        return self.total / self.n

    @property
    def covariance(self) -> Reals:
        """Between columns, over people."""
        return (self.products - np.outer(self.total, self.total) / self.n) / (self.n - 1)


@dataclass(frozen=True)
class Overflow:
    """The accounts of a push, for all people pushed.

    Attributes:
        columns: change of each column.
        gain: change of the pushed columns together.
        loss: what the others lost (negative where they gained too).
        net: ``gain`` − ``loss``: what the brand gained.
        overflow_share: ``loss`` as a share of ``gain``: 0 where all is new, 1 where all comes from elsewhere.
        new_share: share of ``gain`` in the columns of new buyers.
        doubts: reasons to believe it less; shares are None where the gain is not clearly above zero.
    """

    columns: tuple[Estimate, ...]
    gain: Estimate
    loss: Estimate
    net: Estimate
    overflow_share: Estimate | None
    new_share: Estimate | None
    doubts: tuple[Doubt, ...]


def overflow(
    pushed: Group, others: Group, own: tuple[int, ...], *, new: tuple[int, ...] = (), level: float = LEVEL
) -> Overflow:
    """Where the gain of a pushed channel came from.

    Args:
        pushed: people who were pushed.
        others: people who, by lot, were not.
        own: columns of the pushed channel.
        new: those of them that count new buyers; none where new and known are not told apart.
        level: how often intervals are to hold the truth.

    Raises:
        InvalidInput: fewer than two people in a group, no own column, or a column that does not exist.
    """
    checked_level(level)
    columns = len(pushed.total)
    if min(pushed.n, others.n) < 2 or not own or not set(new) <= set(own) <= set(range(columns)):
        raise InvalidInput("incrementality.overflow", _("Two people in each group are needed, and columns that exist."))
    is_own, is_new = (np.isin(np.arange(columns), one).astype(np.float64) for one in (own, new))

    def sums(weights: Reals) -> Estimate:
        value = float(weights @ (pushed.mean - others.mean))
        error, degrees = welch(
            float(weights @ pushed.covariance @ weights),
            pushed.n,
            float(weights @ others.covariance @ weights),
            others.n,
        )
        return by_t(value, error, degrees, level).times(pushed.n)

    gain = sums(is_own)
    loss_share = _ratio(pushed, others, is_own - 1, is_own, level)
    new_share = _ratio(pushed, others, is_new, is_own, level) if new else None
    return Overflow(
        tuple(sums(one) for one in np.eye(columns)),
        gain,
        sums(is_own - 1),
        sums(np.ones(columns)),
        loss_share,
        new_share,
        (Doubt.NO_BASE,) if loss_share is None else (),
    )


def _ratio(pushed: Group, others: Group, above: Reals, below: Reals, level: float) -> Estimate | None:
    """A ratio of two differences with the interval of Fieller (1954); None where what divides is not clearly above zero."""
    both = np.stack([above, below])
    over, under = both @ (pushed.mean - others.mean)
    spread = both @ (pushed.covariance / pushed.n + others.covariance / others.n) @ both.T
    z = float(scipy.stats.norm.ppf((1 + level) / 2))
    a = under**2 - z**2 * spread[1, 1]
    if under <= 0 or a <= 0:
        return None
    b = over * under - z**2 * spread[0, 1]
    c = over**2 - z**2 * spread[0, 0]
    reach = math.sqrt(max(b**2 - a * c, 0.0))
    p = float(2 * scipy.stats.norm.sf(abs(over) / math.sqrt(spread[0, 0]))) if spread[0, 0] > 0 else None
    return Estimate(float(over / under), (b - reach) / a, (b + reach) / a, p, level)
