"""Boosted trees in plain arrays: their score, and what each feature adds to it.

The arrays are what the store keeps: they can be read by anyone and run nothing. Trees are those of scikit-learn's
histogram gradient boosting; :mod:`dujiang.people.prediction.propensity` checks that both give the same scores.

Contributions are Shapley values of the path-dependent kind (Lundberg et al. 2020): a feature that is not known is averaged
over the training people of each branch. They are exact, and add up: base + Σ contributions = raw score (log-odds). Each leaf
is a product over the features on its path, so its share follows from the polynomial Π (z + o·t) over the others, without
enumerating subsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numba import njit

from dujiang.people.prediction.special import Ints, Reals

DEPTH_MAX: Final = 16


@dataclass(frozen=True)
class PropensityModel:
    """Boosted trees, one after the other in every array, and how raw scores become chances.

    Attributes:
        features: names of the features, in order.
        base: score before the first tree, in log-odds.
        roots: place of each tree's root.
        feature: place of the feature that a node asks for; -1 in a leaf.
        threshold: values up to it go left.
        missing_left: where a missing value goes.
        left, right: places of a node's children; -1 in a leaf.
        value: score of a leaf.
        people: training people that came through a node.
        raw, chance: the calibration: points of raw score, and the chance at each; linear between them.
    """

    features: tuple[str, ...]
    base: float
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    missing_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]
    people: tuple[float, ...]
    raw: tuple[float, ...]
    chance: tuple[float, ...]

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """The trees as arrays, as kernels take them."""
        whole = [np.array(one, np.int64) for one in (self.roots, self.feature)]
        children = [np.array(one, np.int64) for one in (self.left, self.right)]
        reals = [np.array(one, np.float64) for one in (self.value, self.people)]
        return (*whole, np.array(self.threshold), np.array(self.missing_left, np.bool_), *children, *reals)

    def scores(self, values: Reals) -> Reals:
        """Raw scores (log-odds) of people; ``values`` has a row for each and a column for each feature."""
        kernel: Any = _scores
        return self.base + kernel(np.ascontiguousarray(values), *self.arrays[:-1])

    def chances(self, values: Reals) -> Reals:
        """Calibrated chances of people."""
        return np.interp(self.scores(values), self.raw, self.chance)

    def contributions(self, values: Reals) -> tuple[float, Reals]:
        """The score expected of somebody of whom nothing is known, and what each feature adds for each person."""
        kernel: Any = _contributions
        expected: Any = _expected
        found = kernel(np.ascontiguousarray(values), *self.arrays)
        return self.base + float(expected(*self.arrays)), found

    @property
    def nodes(self) -> Ints:
        """Places of all nodes."""
        return np.arange(len(self.feature))


@njit(cache=True, nogil=True)
def _goes_left(x: Any, threshold: Any, missing_left: Any) -> Any:  # pragma: no cover - compiled
    return missing_left if np.isnan(x) else x <= threshold


@njit(cache=True, nogil=True)
def _scores(
    values: Any, roots: Any, feature: Any, threshold: Any, missing_left: Any, left: Any, right: Any, value: Any
) -> Any:  # pragma: no cover - compiled
    found = np.zeros(len(values))
    for i in range(len(values)):
        for node in roots:
            while feature[node] >= 0:
                is_left = _goes_left(values[i, feature[node]], threshold[node], missing_left[node])
                node = left[node] if is_left else right[node]
            found[i] += value[node]
    return found


@njit(cache=True, nogil=True)
def _expected(
    roots: Any, feature: Any, _threshold: Any, _missing: Any, left: Any, right: Any, value: Any, people: Any
) -> Any:  # pragma: no cover - compiled
    total = 0.0
    stack = np.empty(512, np.int64)
    for root in roots:
        size = 1
        stack[0] = root
        while size:
            size -= 1
            node = stack[size]
            if feature[node] < 0:
                total += value[node] * people[node] / people[root]
            else:
                stack[size], stack[size + 1] = left[node], right[node]
                size += 2
    return total


@njit(cache=True, nogil=True)
def _contributions(
    values: Any,
    roots: Any,
    feature: Any,
    threshold: Any,
    missing_left: Any,
    left: Any,
    right: Any,
    value: Any,
    people: Any,
) -> Any:  # pragma: no cover - compiled
    found = np.zeros(values.shape)
    # A stack of branches: where, and for each feature on the way there the share of people that goes along when the
    # feature is unknown (zero) and whether this person goes along when it is known (one).
    deep = 17
    where, depth = np.empty(512, np.int64), np.empty(512, np.int64)
    which = np.empty((512, deep), np.int64)
    zero, one = np.empty((512, deep)), np.empty((512, deep))
    poly = np.empty(deep + 1)
    for i in range(len(values)):
        for root in roots:
            where[0], depth[0], size = root, 0, 1
            while size:
                size -= 1
                node, many = where[size], depth[size]
                if feature[node] < 0:
                    _share(value[node], many, which[size], zero[size], one[size], poly, found[i])
                    continue
                column = feature[node]
                goes_left = _goes_left(values[i, column], threshold[node], missing_left[node])
                seen = -1
                for j in range(many):
                    if which[size, j] == column:
                        seen = j
                # The right branch goes on top first, because the left one may overwrite this one's place.
                which[size + 1, :many] = which[size, :many]
                zero[size + 1, :many] = zero[size, :many]
                one[size + 1, :many] = one[size, :many]
                for side in range(2):
                    place = size + side
                    child = left[node] if side == 0 else right[node]
                    slot = many if seen < 0 else seen
                    if seen < 0:
                        which[place, slot], zero[place, slot], one[place, slot] = column, 1.0, 1.0
                    zero[place, slot] *= people[child] / people[node]
                    if (side == 0) != goes_left:
                        one[place, slot] = 0.0
                    where[place], depth[place] = child, many + 1 if seen < 0 else many
                size += 2
    return found


@njit(cache=True, nogil=True)
def _share(
    value: Any, many: Any, which: Any, zero: Any, one: Any, poly: Any, out: Any
) -> None:  # pragma: no cover - compiled
    """Share a leaf's value among the features on its path."""
    for j in range(many):
        poly[0], degree = 1.0, 0
        for other in range(many):
            if other == j:
                continue
            degree += 1
            poly[degree] = 0.0
            for power in range(degree, 0, -1):
                poly[power] = poly[power] * zero[other] + poly[power - 1] * one[other]
            poly[0] *= zero[other]
        # The weight of a subset of size k among many features: k! (many-1-k)! / many!
        weight, total = 1.0 / many, 0.0
        for power in range(degree + 1):
            total += weight * poly[power]
            if power < degree:
                weight *= (power + 1.0) / (degree - power)
        out[which[j]] += value * (one[j] - zero[j]) * total
