"""Intervals hold what they promise: on customers drawn from the models themselves, one by one and added up."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pytest

from dujiang.people.prediction.fit import fitted_to
from dujiang.people.prediction.forecast import COVERAGE, PurchaseModel, alive, forecast, moments
from dujiang.people.prediction.purchases import Buyers
from dujiang.people.prediction.together import brought, sums

WEEKS: Final = 26.0
DAYS: Final = 182
TRUE: Final = PurchaseModel("bg_nbd", (0.9, 7.0, 0.8, 3.0), (5.0, 4.0, 12_000.0))
OFTEN: Final = PurchaseModel("bg_nbd", (4.0, 2.0, 0.3, 20.0), (5.0, 4.0, 12_000.0))


def drawn(model: PurchaseModel, people: int, seed: int) -> tuple[Buyers, np.ndarray]:
    """Customers of a year as a shop would know them, and what each pays in the half year after."""
    rng = np.random.default_rng(seed)
    r, alpha, a, b = model.purchases
    assert model.value is not None
    p, q, gamma = model.value
    x, t_x, age = np.zeros(people, np.int64), np.zeros(people), np.round(rng.uniform(10, 60, people) * 7) / 7
    n, mean, later = np.zeros(people, np.int64), np.zeros(people), np.zeros(people)
    for one in range(people):
        pace, leaves, scale = rng.gamma(r, 1 / alpha), rng.beta(a, b), rng.gamma(q, 1 / gamma)
        paid, at = [rng.gamma(p, 1 / scale)], 0.0
        while rng.random() > leaves or at == 0.0:  # BG/NBD: nobody leaves at the first purchase
            at += rng.exponential(1 / pace)
            worth = rng.gamma(p, 1 / scale)
            if at > age[one] + WEEKS:
                break
            if at > age[one]:
                later[one] += worth
            else:
                x[one], t_x[one] = x[one] + 1, at
                paid.append(worth)
        n[one], mean[one] = len(paid), float(np.mean(paid))
    channel, first = np.full(people, "tmall", dtype=object), np.full(people, np.datetime64("2026-01-01"))
    who = Buyers(date(2026, 6, 1), np.arange(people), x, t_x, age, n, mean, channel, first)
    return who, later


@pytest.mark.parametrize(
    "model", [TRUE, pytest.param(OFTEN, marks=pytest.mark.slow)], ids=["most buy nothing", "nearly all buy"]
)
def test_so_many_lie_in_the_interval_as_it_says(model: PurchaseModel) -> None:
    inside, ought, most = [], [], []
    for seed in range(12):
        who, later = drawn(model, 500, seed)
        said = forecast(model, who, DAYS)
        assert said.low is not None
        assert said.high is not None
        assert said.held is not None
        inside.append(np.mean((later >= said.low) & (later <= said.high)))
        ought.append(said.held.mean())
        most.append(np.mean(said.held == COVERAGE))
    assert np.mean(inside) == pytest.approx(np.mean(ought), abs=0.015)
    assert np.mean(most) > 0.5  # not all of it is who will buy nothing anyway


@pytest.mark.slow
def test_with_estimated_parameters_it_still_does() -> None:
    inside, ought = [], []
    for seed in range(30):
        who, later = drawn(TRUE, 400, 100 + seed)
        model = fitted_to(who)
        assert model is not None
        said = forecast(model, who, DAYS)
        assert said.low is not None
        assert said.high is not None
        assert said.held is not None
        inside.append(np.mean((later >= said.low) & (later <= said.high)))
        ought.append(said.held.mean())
    assert np.mean(inside) == pytest.approx(np.mean(ought), abs=0.02)


@pytest.mark.slow
def test_what_people_bring_together_lies_in_its_interval() -> None:
    """Each brand has its parameters estimated anew, so that both doubts are in: about the people and about the model."""
    inside = []
    for seed in range(60):
        who, later = drawn(TRUE, 400, 1000 + seed)
        model = fitted_to(who)
        assert model is not None
        (said,) = sums(model, who, np.zeros(len(who), np.int64), 1, DAYS)
        assert said.low is not None
        assert said.high is not None
        inside.append(said.low <= later.sum() <= said.high)
    # Of 60 at 80%, 48 are expected; between 40 and 56 lie 99 of 100 tries.
    assert 40 <= sum(inside) <= 56


def test_variance_of_a_value_is_that_of_many_draws() -> None:
    rng = np.random.default_rng(3)
    who, _later = drawn(TRUE, 3, 5)
    mean, variance = moments(TRUE, who, DAYS)
    r, alpha, a, b = TRUE.purchases
    assert TRUE.value is not None
    p, q, gamma = TRUE.value
    for one in range(3):
        draws = np.zeros(40_000)
        pace = rng.gamma(r + who.x[one], 1 / (alpha + who.age[one]), len(draws))
        leaves = rng.beta(a, b + who.x[one], len(draws))
        living = rng.random(len(draws)) < alive(TRUE, who)[one]
        scale = rng.gamma(q + p * who.n[one], 1 / (gamma + who.n[one] * who.mean[one]), len(draws))
        for draw in np.flatnonzero(living):
            at = rng.exponential(1 / pace[draw])
            while at < DAYS / 7:
                draws[draw] += rng.gamma(p, 1 / scale[draw])
                if rng.random() < leaves[draw]:
                    break
                at += rng.exponential(1 / pace[draw])
        assert mean[one] == pytest.approx(draws.mean(), rel=0.03)
        assert variance[one] == pytest.approx(draws.var(), rel=0.1)


def test_people_who_come_through_others_by_hand() -> None:
    # 10 came within 100 customer years: 0.1 a year each; of 50 years to come 5 are expected, each worth 200.
    said = brought(10, 100.0, 50.0, 200.0)
    assert said.value == pytest.approx(1000)
    draws = np.random.default_rng(1).poisson(np.random.default_rng(2).gamma(10.5, 1 / 100, 200_000) * 50)
    assert (said.low, said.high) == (np.quantile(draws, 0.1) * 200, np.quantile(draws, 0.9) * 200)
    assert brought(0, 0.0, 50.0, 200.0).low is None
