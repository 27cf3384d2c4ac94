"""How stable a number of groups is: found again in other samples of the same people, or owed to chance.

Two measures, each of the weakest group, because one good group must not excuse another:

* **Prediction strength** (Tibshirani, R. and Walther, G. 2005, Cluster validation by prediction strength, Journal of
  Computational and Graphical Statistics 14): people are split into halves; both are grouped, and one half's grouping is used
  on the other. Of the pairs that are together in a group of the second half, how many does the first half put together?
* **Overlap in resampled data** (Hennig, C. 2007, Cluster-wise assessment of cluster stability, Computational Statistics & Data
  Analysis 52): people are drawn with replacement, grouped, and each group is held against its most similar one by Jaccard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dujiang.people.groups.features import Ints, Reals
from dujiang.people.groups.model import GroupRules, Stability

STABILITY_PEOPLE: Final = 8_000
"""People on whom stability is measured; more would make it slower and not surer."""
_SPLITS: Final = 10
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Resampled:
    """What resampling says of each group of one grouping."""

    jaccard: Reals
    rand: float


def grouped(z: Reals, groups: int, seed: int, starts: int) -> Any:
    """k-means with ``groups`` centres on weighed features; deterministic."""
    from sklearn.cluster import KMeans  # here, because it takes a second to load and most commands never group

    settings: dict[str, Any] = {"n_init": starts, "random_state": seed, "tol": _TOLERANCE, "algorithm": "lloyd"}
    return KMeans(groups, **settings).fit(z)


def curve(z: Reals, rules: GroupRules) -> Iterator[Stability]:
    """Stability of 2, 3 … groups; ``z`` is weighed."""
    most = min(rules.groups_max, len(z) // 50)
    for groups in range(2, most + 1):
        whole = grouped(z, groups, rules.seed, 2 * rules.starts)
        again = resampled(z, whole, rules)
        splits = [_strength(z, groups, rules.seed + split, rules.starts) for split in range(_SPLITS)]
        predicted, error = float(np.mean(splits)), float(np.std(splits, ddof=1) / np.sqrt(_SPLITS))
        smallest = float(np.bincount(whole.labels_, minlength=groups).min() / len(z))
        weakest = float(again.jaccard.min())
        stable = predicted >= rules.prediction_strength and weakest >= rules.jaccard and smallest >= rules.least_share
        yield Stability(groups, predicted, error, weakest, again.rand, smallest, stable)


def resampled(z: Reals, whole: Any, rules: GroupRules) -> Resampled:
    """The grouping ``whole`` held against groupings of people drawn with replacement."""
    from sklearn.metrics import adjusted_rand_score

    groups, resamples, seed = whole.n_clusters, rules.resamples, rules.seed
    overlaps, rands = np.zeros((resamples, groups)), np.zeros(resamples)
    for number in range(resamples):
        drawn = np.random.default_rng([seed, number]).integers(0, len(z), len(z))
        other = grouped(z[drawn], groups, seed + number, rules.starts)
        labels = other.predict(z)
        # Only people who were drawn: the grouping has to find those again that it saw.
        seen = np.unique(drawn)
        overlaps[number] = jaccard(whole.labels_[seen], labels[seen], groups).max(axis=1)
        rands[number] = adjusted_rand_score(whole.labels_[seen], labels[seen])
    return Resampled(overlaps.mean(axis=0), float(rands.mean()))


def jaccard(a: Ints, b: Ints, groups_a: int, groups_b: int | None = None) -> Reals:
    """Overlap of each group of ``a`` (rows) with each of ``b``: shared people over people in either."""
    width = groups_b or groups_a
    both = np.bincount(a * width + b, minlength=groups_a * width).reshape(groups_a, width)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return both / np.maximum(either, 1)


def _strength(z: Reals, groups: int, seed: int, starts: int) -> float:
    order = np.random.default_rng([seed, groups]).permutation(len(z))
    half = len(z) // 2
    teaches, tests = z[order[:half]], z[order[half:]]
    foretold = grouped(teaches, groups, seed, starts).predict(tests)
    found = grouped(tests, groups, seed, starts).labels_
    return strength(found, foretold, groups)


def strength(found: Ints, foretold: Ints, groups: int) -> float:
    """Prediction strength of a test half grouped as ``found``, which the other half would group as ``foretold``.

    >>> strength(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), 2)
    1.0
    """
    both = np.bincount(found * groups + foretold, minlength=groups * groups).reshape(groups, groups).astype(np.float64)
    sizes = both.sum(axis=1)
    pairs = sizes * (sizes - 1)
    together = (both * (both - 1)).sum(axis=1)
    known = pairs > 0
    return float((together[known] / pairs[known]).min()) if known.any() else 0.0
