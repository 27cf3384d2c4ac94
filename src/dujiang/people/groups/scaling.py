"""Features on one scale: shares drawn towards everybody's, variances made alike, tails cut, every subject weighed the same.

1. A share or rate over n occasions becomes (n·own + s·everybody's) / (n + s): of whom little is known is near everybody, and
   who did nothing of the sort is at it. Of occurrences, s is estimated: it says how much people differ beyond chance, by the
   method of moments for the beta-binomial (shares) and gamma-Poisson distribution (rates; Kleinman 1973). Where hardly any of
   what is seen is more than chance, the feature is left out: else those whom chance gave one of something rare would be a
   "group". Of amounts, whose scatter within a person is not known, s is the rules' ``prior_occasions``.
2. Shares go through arcsin √, rates through √ (both make the variance of a count independent of its size: Anscombe 1948),
   levels and money through ln(1 + ·).
3. Values beyond the 1st and 99th percentile are taken for these; then the mean is taken off and the rest divided by the
   standard deviation (a winsorised standardisation). Quartiles would not do: most people have no coupon at all, and the
   quartiles fall together.
4. Each feature weighs as much as its subject / features of its subject, so that a subject does not count more because it has
   more features.

A feature that fewer than one in twenty have any of is left out as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dujiang.people.groups.features import FEATURES, NAMES, Counts, Family, Reals

VARIES: Final = 0.05
"""The least share of people who have any of it, and who do not have all of it."""
REAL: Final = 0.1
"""The least mean reliability, n / (n + s), of what is seen of people in a feature of occurrences."""
_TAILS: Final = (0.01, 0.99)
_PRIORS: Final = (0.5, 1_000.0)


@dataclass(frozen=True)
class Scale:
    """How one feature is put on the common scale.

    Attributes:
        feature: its name.
        everybody: the share or rate of everybody together; 0 for a level.
        prior: occasions that everybody's counts as.
        low, high: transformed values beyond which nothing more is heeded.
        mean, spread: of the transformed values within.
        weight: of the squared difference in a distance.
    """

    feature: str
    everybody: float
    prior: float
    low: float
    high: float
    mean: float
    spread: float
    weight: float


def natural(counts: Counts, name: str) -> Reals:
    """A feature as it is; not a number where nothing is known."""
    above, below, _known = counts.parts(name)
    return np.divide(above, below, out=np.full(len(counts), np.nan), where=below > 0)


def transformed(counts: Counts, name: str, everybody: float, prior: float) -> Reals:
    """A feature after steps 1 and 2."""
    one = FEATURES[name]
    own = natural(counts, name)
    if one.form == "level":
        return np.log1p(np.maximum(own, 0))
    known = np.where(np.isnan(own), 0.0, counts.parts(name)[2])
    drawn = (np.nan_to_num(own) * known + prior * everybody) / (known + prior)
    if one.form == "share":
        return np.arcsin(np.sqrt(np.clip(drawn, 0.0, 1.0)))
    return np.log1p(np.maximum(drawn, 0)) if one.money else np.sqrt(np.maximum(drawn, 0))


def varies(counts: Counts, name: str) -> bool:
    """Whether people differ enough in a feature to be grouped by it."""
    if FEATURES[name].form == "level":
        return bool(np.ptp(natural(counts, name)) > 0) if len(counts) else False
    own = natural(counts, name)
    own = own[~np.isnan(own)]
    if len(own) < max(2, VARIES * len(counts)):
        return False
    whole = np.mean(own >= 1) if FEATURES[name].form == "share" else 0.0
    return bool(np.mean(own > 0) >= VARIES and whole <= 1 - VARIES and np.ptp(own) > 0)


def fitted_scales(counts: Counts, prior: float, subjects: Mapping[Family, float]) -> tuple[Scale, ...]:
    """The scales of every feature in which these people differ.

    Args:
        counts: of the people.
        prior: occasions that everybody's amounts count as.
        subjects: what each subject weighs; those that are not named count for nothing.
    """
    asked = [name for name in considered(subjects) if varies(counts, name)]
    found: list[tuple[Family, Scale]] = [
        (FEATURES[name].family, one) for name in asked for one in (_fitted(counts, name, prior),) if one
    ]
    of_family = Counter(family for family, _one in found)
    return tuple(replace(one, weight=subjects[family] / of_family[family]) for family, one in found)


def considered(subjects: Mapping[Family, float]) -> tuple[str, ...]:
    """The features of the subjects that weigh anything."""
    return tuple(name for name in NAMES if subjects.get(FEATURES[name].family, 0) > 0)


def _fitted(counts: Counts, name: str, prior: float) -> Scale | None:
    above, below, known = counts.parts(name)
    feature, total = FEATURES[name], float(below.sum())
    everybody = 0.0 if feature.form == "level" or not total else float(above.sum()) / total
    if feature.form != "level" and not feature.amount:
        prior = strength(above[known > 0], known[known > 0], share=feature.form == "share")
        if np.mean(known / (known + prior)) < REAL:
            return None
    values = transformed(counts, name, everybody, prior)
    low, high = (float(one) for one in np.quantile(values, _TAILS))
    cut = np.clip(values, low, high)
    if not cut.std() > 0:
        return None
    return Scale(name, everybody, prior, low, high, float(cut.mean()), float(cut.std()), 1.0)


def strength(happened: Reals, occasions: Reals, *, share: bool) -> float:
    """How many occasions everybody's share or rate counts as, against a person's own; the fewer, the more people differ.

    Args:
        happened: how often it happened to each person.
        occasions: out of how many occasions (above 0).
        share: whether it is a share (0 to 1) and not a rate.
    """
    people, total = len(happened), float(occasions.sum())
    if people < 2 or not total:
        return _PRIORS[1]
    mean = float(happened.sum()) / total
    within = mean * (1 - mean) if share else mean
    seen = float((occasions * (happened / occasions - mean) ** 2).sum())
    room = total - float((occasions**2).sum()) / total - (people - 1 if share else 0)
    between = (seen - (people - 1) * within) / room if room > 0 else 0.0
    if between <= 0:
        return _PRIORS[1]
    return float(np.clip(within / between - (1 if share else 0), *_PRIORS))


def scaled(counts: Counts, scales: tuple[Scale, ...]) -> Reals:
    """Everybody on the common scale: a row for each person, a column for each of ``scales``, before weighing."""
    columns = [
        (np.clip(transformed(counts, one.feature, one.everybody, one.prior), one.low, one.high) - one.mean) / one.spread
        for one in scales
    ]
    return np.column_stack(columns) if columns else np.empty((len(counts), 0))
