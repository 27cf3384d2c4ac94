"""Trees in plain arrays against scikit-learn, and contributions against Shapley values by their definition."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from dujiang.people.prediction.propensity import plain_trees
from dujiang.people.prediction.trees import PropensityModel

NAMES = ("one", "two", "three", "four", "five")


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    values = np.random.default_rng(8).normal(size=(800, len(NAMES)))
    values[::7, 2] = np.nan
    return values


@pytest.fixture(scope="module")
def boosted(data: np.ndarray) -> HistGradientBoostingClassifier:
    score = data[:, 0] + np.where(data[:, 1] > 0, 1, -1) * np.nan_to_num(data[:, 2], nan=0.8)
    did = score + np.random.default_rng(9).normal(size=len(data)) > 0
    return HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=8, max_depth=5, random_state=1).fit(data, did)


@pytest.fixture(scope="module")
def model(boosted: HistGradientBoostingClassifier) -> PropensityModel:
    return plain_trees(boosted, NAMES)


def test_scores_are_those_of_the_library(
    model: PropensityModel, boosted: HistGradientBoostingClassifier, data: np.ndarray
) -> None:
    assert model.scores(data) == pytest.approx(boosted.decision_function(data), abs=1e-10)


def _if_known(model: PropensityModel, row: np.ndarray, known: set[int]) -> float:
    """The score expected when only the features ``known`` are: others are averaged over the people of each branch."""

    def walk(node: int) -> float:
        column = model.feature[node]
        if column < 0:
            return model.value[node]
        left, right = model.left[node], model.right[node]
        if column in known:
            x = row[column]
            goes_left = model.missing_left[node] if np.isnan(x) else x <= model.threshold[node]
            return walk(left if goes_left else right)
        return (walk(left) * model.people[left] + walk(right) * model.people[right]) / model.people[node]

    return sum(walk(root) for root in model.roots)


def _shapley(model: PropensityModel, row: np.ndarray) -> list[float]:
    many = len(NAMES)
    found = []
    for place in range(many):
        others = [one for one in range(many) if one != place]
        total = 0.0
        for size in range(many):
            weight = factorial(size) * factorial(many - 1 - size) / factorial(many)
            for subset in combinations(others, size):
                known = set(subset)
                total += weight * (_if_known(model, row, known | {place}) - _if_known(model, row, known))
        found.append(total)
    return found


def test_contributions_are_shapley_values(model: PropensityModel, data: np.ndarray) -> None:
    _expected, found = model.contributions(data[:3])
    for row, effects in zip(data[:3], found, strict=True):
        assert effects == pytest.approx(_shapley(model, row), abs=1e-10)


def test_contributions_add_up_to_the_score(model: PropensityModel, data: np.ndarray) -> None:
    expected, found = model.contributions(data)
    assert expected + found.sum(axis=1) == pytest.approx(model.scores(data), abs=1e-9)
