"""Groups of a new fit matched with those of the fit before, so that ids and names stay while the people do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy

from dujiang.people.groups.features import Reals

LEAST_OVERLAP: Final = 0.3
"""Jaccard from which on a group is the same one (Greene, Doyle and Cunningham 2010, on groups that change over time)."""
_ID: Final = re.compile(r"g(\d+)")


def matched(overlap: Reals, before: Sequence[str], used: Sequence[str]) -> list[tuple[str, float | None]]:
    """An id for each new group, and its overlap with the group that had it; None where the id is new.

    The assignment of new to old groups is the one with the largest total overlap (Kuhn 1955, the Hungarian method).

    Args:
        overlap: Jaccard of each new group (rows) with each of ``before`` (columns).
        before: ids of the fit before.
        used: every id ever given; a new group never takes one of them over.
    """
    found: dict[int, tuple[str, float]] = {}
    if before:
        for row, column in zip(*scipy.optimize.linear_sum_assignment(-overlap), strict=True):
            if overlap[row, column] >= LEAST_OVERLAP:
                found[int(row)] = (before[int(column)], float(overlap[row, column]))
    fresh = itertools.count(1 + max((int(match[1]) for one in used if (match := _ID.fullmatch(one))), default=0))
    return [found[row] if row in found else (f"g{next(fresh)}", None) for row in range(len(overlap))]


def crossed(before: np.ndarray, after: np.ndarray, groups_before: int, groups_after: int) -> np.ndarray:
    """How many people are in each old (rows) and new group (columns); the last row and column are those in none (−1)."""
    width = groups_after + 1
    a, b = np.where(before < 0, groups_before, before), np.where(after < 0, groups_after, after)
    return np.bincount(a * width + b, minlength=(groups_before + 1) * width).reshape(groups_before + 1, width)
