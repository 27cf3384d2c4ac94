"""Matching of one kind of things to another, a thing at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from dujiang.engine.kernels.compiled import inner, kernel


@kernel
def augmented(fits: Any, one: Any, partner: Any, taken: Any) -> Any:  # pragma: no cover - compiled
    """Give ``one`` a partner among those that it fits, moving others along an alternating path (Kuhn 1955).

    Args:
        fits: whom each of them fits, by both numbers.
        one: who has no partner yet.
        partner: the partner of each of them, -1 for none; changed in place.
        taken: whose partner each of the others is, -1 for nobody's; changed in place.

    Returns:
        Whether there was a way to give it one. Where there was none, none comes up later either.

    >>> partner, taken = np.full(2, -1), np.full(2, -1)
    >>> fits = np.array([[True, True], [True, False]])
    >>> augmented(fits, 0, partner, taken), augmented(fits, 1, partner, taken), partner.tolist()
    (True, True, [1, 0])
    """
    via = np.full(fits.shape[1], np.int64(-1))
    queue = np.empty(fits.shape[0] + 1, np.int64)
    queue[0] = one
    first, last = 0, 1
    while first < last:
        asks = queue[first]
        first += 1
        for other in range(fits.shape[1]):
            if not fits[asks, other] or via[other] >= 0:
                continue
            via[other] = asks
            if taken[other] < 0:
                _moved(one, other, via, partner, taken)
                return True
            queue[last] = taken[other]
            last += 1
    return False


@inner
def _moved(one: Any, other: Any, via: Any, partner: Any, taken: Any) -> None:  # pragma: no cover - compiled
    while True:
        asks = via[other]
        given_up = partner[asks]
        partner[asks], taken[other] = other, asks
        if asks == one:
            return
        other = given_up
