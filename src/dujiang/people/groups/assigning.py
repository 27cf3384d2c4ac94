"""A fitted grouping: which group somebody is in, how near the boundary they are, and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dujiang.people.groups.features import Counts, Ints, Reals
from dujiang.people.groups.scaling import Scale, scaled


@dataclass(frozen=True)
class GroupModel:
    """What people are assigned with. The store keeps it, so that a rebuild gives the same groups.

    Attributes:
        scales: how features are put on one scale.
        window_days, least_occasions: as the rules said at the fit.
        channels: channels by their group, as defined at the fit.
        ids: ids of the groups.
        centres: of each group, one number for each feature, on the common scale.
        natural: of each group, each feature as it is for its people together; None where nobody does anything of the sort.
        everybody: the same for everybody.
    """

    scales: tuple[Scale, ...]
    window_days: int
    least_occasions: int
    channels: dict[str, tuple[str, ...]]
    ids: tuple[str, ...]
    centres: tuple[tuple[float, ...], ...]
    natural: tuple[tuple[float | None, ...], ...]
    everybody: tuple[float | None, ...]

    @cached_property
    def weights(self) -> Reals:
        """What each feature weighs."""
        return np.array([one.weight for one in self.scales])

    def scaled(self, counts: Counts) -> Reals:
        """People on the common scale."""
        return scaled(counts, self.scales)

    def assign(self, counts: Counts) -> Assigned:
        """The group of each person."""
        return assign(self.scaled(counts), np.array(self.centres), self.weights)


@dataclass(frozen=True)
class Assigned:
    """The groups of people, by place.

    Attributes:
        own, next: places of the nearest and the next-nearest centre.
        margin: 0 on the boundary between the two, 1 as far from it as the own centre; more beyond.
    """

    own: Ints
    next: Ints
    margin: Reals


def distances(z: Reals, centres: Reals, weights: Reals) -> Reals:
    """Squared distances of people (rows) to centres (columns).

    Added up feature by feature and not as a product of matrices, whose last bits depend on how many people are computed at
    once: a person has to come out the same alone and among a million.
    """
    found = np.zeros((len(z), len(centres)))
    for feature, weight in enumerate(weights):
        for place, centre in enumerate(centres[:, feature]):
            found[:, place] += weight * (z[:, feature] - centre) ** 2
    return found


def assign(z: Reals, centres: Reals, weights: Reals) -> Assigned:
    """The nearest and the next-nearest of at least two centres."""
    d = distances(z, centres, weights)
    order = np.argsort(d, axis=1, kind="stable")[:, :2]
    own, after = order[:, 0], order[:, 1]
    rows = np.arange(len(z))
    apart = distances(centres, centres, weights)[own, after]
    margin = (d[rows, after] - d[rows, own]) / np.where(apart > 0, apart, 1.0)
    return Assigned(own, after, np.round(margin, 6))


def reasons(z: Reals, own: Reals, after: Reals, weights: Reals) -> Reals:
    """What each feature contributes to being nearer to ``own`` than to ``after``, as shares of the whole difference.

    The squared distance is a sum over features, so the difference of two is one as well: nothing is approximated.
    """
    parts = weights * ((z - after) ** 2 - (z - own) ** 2)
    whole = parts.sum()
    return parts / whole if whole else parts
