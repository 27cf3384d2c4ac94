"""What a new decision means for the persons that were: who became part of whom, and who was separated."""

from __future__ import annotations

import numpy as np

from dujiang.identity.model import Flags, Ints, Merge, Split
from dujiang.identity.sets import among, distinct


def moves(
    node: Ints, before: Ints, known: Flags, after: Ints, a: Ints, b: Ints
) -> tuple[tuple[Merge, ...], tuple[Split, ...]]:
    """Compare two decisions about the same identifiers.

    Args:
        node: the identifiers, in ascending order.
        before: person of each before; anything where it was not ``known``.
        known: whether it was there before.
        after: person of each now.
        a: of each link that joins now, one end (a node).
        b: the other.

    Returns:
        Merges (the old person is no more) and splits (it still is), each sorted by persons.
    """
    moved = known & (before != after)
    pairs, counts = np.unique(np.stack([before[moved], after[moved]], axis=1), axis=0, return_counts=True)
    remains = among(pairs[:, 0], distinct(after))
    evidence = _evidence(node, before, known, after, a, b)
    merges = [Merge(new, old, *evidence.get((old, new), (None, None))) for old, new in pairs[~remains].tolist()]
    splits = [
        Split(old, new, count)
        for (old, new), count in zip(pairs[remains].tolist(), counts[remains].tolist(), strict=True)
    ]
    return tuple(merges), tuple(splits)


def _evidence(
    node: Ints, before: Ints, known: Flags, after: Ints, a: Ints, b: Ints
) -> dict[tuple[int, int], tuple[int, int]]:
    """By old and new person the first link that ties an identifier of the old one to one that was not its."""
    at_a, at_b = np.searchsorted(node, a), np.searchsorted(node, b)
    crossing = (before[at_a] != before[at_b]) | (known[at_a] != known[at_b])
    found: dict[tuple[int, int], tuple[int, int]] = {}
    places = np.flatnonzero(crossing)
    for place in places[np.lexsort((b[places], a[places]))].tolist():
        for end in (at_a[place], at_b[place]):
            if known[end] and before[end] != after[end]:
                found.setdefault((int(before[end]), int(after[end])), (int(a[place]), int(b[place])))
    return found
