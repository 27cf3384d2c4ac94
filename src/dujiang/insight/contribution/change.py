"""What changed a product of factors between two periods, factor by factor, without a remainder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import factorial, prod


def by_factor(before: Sequence[float | None], now: Sequence[float | None]) -> tuple[float, ...]:
    """How much of the change of the product of all factors is due to each of them; together they are the change.

    Each factor gets what moving it alone changes, on the average over all orders in which the factors could have moved (their
    Shapley values), so that no order is preferred and nothing is left over. A factor that is undefined in one period, such as
    a rate without anybody to take it of, counts as unchanged; undefined in both, as 0.

    Args:
        before: factors of the earlier period, a few of them.
        now: the same factors of the period.

    >>> by_factor((100, 0.1, 50), (200, 0.1, 50))
    (500.0, 0.0, 0.0)
    >>> by_factor((10, 2), (20, 3))
    (25.0, 15.0)
    >>> by_factor((0, None), (20, 3))
    (60.0, 0.0)
    """
    pairs = [_filled(*pair) for pair in zip(before, now, strict=True)]
    effects = [0.0] * len(pairs)
    for order in permutations(range(len(pairs))):
        moved = [then for then, _now in pairs]
        for place in order:
            product = prod(moved)
            moved[place] = pairs[place][1]
            effects[place] += prod(moved) - product
    return tuple(effect / factorial(len(pairs)) for effect in effects)


def _filled(before: float | None, now: float | None) -> tuple[float, float]:
    known = before if before is not None else now
    if known is None:
        return 0.0, 0.0
    return float(known if before is None else before), float(known if now is None else now)
