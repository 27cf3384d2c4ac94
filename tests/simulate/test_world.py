"""The brand behaves as its truth says: advertising saturates and lasts, promotions peak, incidents show, numbers look real."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from dujiang.simulate.brand import ADVERTISING, CHANNELS, INCIDENTS, XIAOHONGSHU
from dujiang.simulate.model import SimulationSpec
from dujiang.simulate.orders import VALID, Lines, Orders, make_orders
from dujiang.simulate.people import People, make_people
from dujiang.simulate.purchases import make_purchases
from dujiang.simulate.world import World

END = date(2026, 11, 22)


@pytest.fixture(scope="module")
def world() -> World:
    return World(SimulationSpec(end=END))


@pytest.fixture(scope="module")
def people(world: World) -> People:
    return make_people(world, np.arange(world.spec.people))


@pytest.fixture(scope="module")
def made(world: World, people: People) -> tuple[Orders, Lines]:
    return make_orders(world, people, make_purchases(world, people))


@pytest.fixture(scope="module")
def valid(world: World, made: tuple[Orders, Lines]) -> pd.DataFrame:
    orders = made[0].pick(np.flatnonzero(made[0].status == VALID))
    table = orders.arrow().to_pandas()
    return table.assign(day=table["at"] // 86_400).sort_values(["person", "at"])


def test_carry_over_equals_a_slow_sum(world: World) -> None:
    for place, one in enumerate(ADVERTISING):
        spend = world.spend[place] * 20_000 / world.spec.people
        for day in (0, 7, 100):
            slow = sum(spend[day - ago] * one.decay**ago for ago in range(day + 1))
            slow += one.decay ** (day + 1) * one.spend / (1 - one.decay)
            assert world.adstock[place, day] == pytest.approx(slow)


def test_effect_follows_the_stated_curve_and_saturates(world: World) -> None:
    for place, one in enumerate(ADVERTISING):
        carried, effect = world.adstock[place], world.paid[one.channel] / world.collapse[one.channel]
        order = np.argsort(carried)
        assert (np.diff(effect[order]) >= 0).all()
        assert effect.max() < one.strength
        day = 50
        ratio = (carried[day] / one.half) ** one.slope
        assert effect[day] == pytest.approx(one.strength * ratio / (1 + ratio))


def test_newcomers_are_brought_by_advertising_as_often_as_its_effect_says(world: World, people: People) -> None:
    new = (people.arrival >= 0) & (people.gang < 0) & (people.heir < 0)
    for one in ADVERTISING:
        here = new & (people.channel == one.channel)
        stated = world.paid[one.channel].sum() / (world.paid + world.organic)[one.channel].sum()
        assert abs(people.paid[here].mean() - stated) < 5 * np.sqrt(stated * (1 - stated) / here.sum())
    assert not people.paid[people.arrival < 0].any()


def test_the_great_days_are_the_greatest(world: World, valid: pd.DataFrame) -> None:
    daily = valid.groupby("day")["paid"].sum()
    best = {world.dates[day] for day in daily.nlargest(6).index}
    assert {date(2025, 11, 11), date(2026, 6, 18), date(2026, 11, 11)} <= best
    assert daily.max() > 3 * daily.median()


def test_the_collapse_takes_four_fifths_of_the_traffic(world: World, people: People, valid: pd.DataFrame) -> None:
    collapse = next(one for one in INCIDENTS if one.kind == "collapse")
    first, last = world.incident_days(collapse)
    assert (world.collapse[XIAOHONGSHU, first : last + 1] == 0.2).all()
    assert world.collapse[XIAOHONGSHU].sum() == pytest.approx(world.days - 0.8 * (last - first + 1))
    days = valid[valid["channel"] == XIAOHONGSHU].groupby("day").size().reindex(range(world.days), fill_value=0)
    within, before = days[first : last + 1].mean(), days[first - 60 : first].mean()
    assert within < 0.4 * before


@pytest.mark.parametrize("kind", ["collapse", "stockout", "price_change"])
def test_incidents_before_a_short_simulation_do_nothing(kind: str) -> None:
    short = World(SimulationSpec(end=END, people=100, months=1))
    one = next(one for one in INCIDENTS if one.kind == kind)
    first, last = short.incident_days(one)
    assert (kind == "collapse") == (last < first)
    assert kind != "collapse" or (short.collapse == 1).all()


def test_what_is_out_of_stock_is_not_sold(world: World, made: tuple[Orders, Lines]) -> None:
    product, first, last = world.stockouts[0]
    lines = made[1]
    sold = np.bincount(lines.at[lines.product == product] // 86_400, minlength=world.days)
    assert sold[first : last + 1].sum() == 0
    assert sold[:first].sum() > 100


def test_price_changes_show_from_their_day_on(world: World) -> None:
    one = next(one for one in INCIDENTS if one.name == "longjing-price-up")
    first, _last = world.incident_days(one)
    prices = world.prices[one.product]
    assert set(prices[:first]) == {26_800}
    assert set(prices[first:]) == {30_020}


def test_amounts_add_up_to_the_fen(made: tuple[Orders, Lines]) -> None:
    orders, lines = made
    assert (orders.gross + orders.freight - orders.discount == orders.paid).all()
    place = np.searchsorted(orders.number, lines.number)
    for name in ("gross", "discount", "freight", "paid", "refunded"):
        total = np.zeros(len(orders), np.int64)
        np.add.at(total, place, getattr(lines, name))
        assert (total == getattr(orders, name)).all(), name
    assert (lines.gross - lines.discount + lines.freight == lines.paid).all()
    assert (lines.paid >= 0).all()
    assert (orders.refunded <= orders.paid).all()


def test_no_order_has_a_product_twice_or_a_number_of_another(made: tuple[Orders, Lines]) -> None:
    orders, lines = made
    assert len(np.unique(orders.number)) == len(orders)
    assert len(np.unique(lines.number * 1000 + lines.product)) == len(lines)


def test_times_of_an_order_follow_each_other(world: World, made: tuple[Orders, Lines]) -> None:
    orders = made[0]
    paid = orders.status == VALID
    assert (orders.paid_at[paid] >= orders.at[paid]).all()
    assert (orders.paid_at[~paid] == -1).all()
    back = orders.refund_at >= 0
    assert (orders.refund_at[back] > orders.paid_at[back]).all()
    assert orders.refund_at.max() < world.days * 86_400
    assert (orders.refunded[~back] == 0).all()


def test_numbers_look_like_a_real_brands(people: People, valid: pd.DataFrame) -> None:
    per_buyer = valid.groupby("person")
    assert 0.15 < (per_buyer["channel"].nunique() > 1).mean() < 0.35
    means = valid.groupby("channel")["paid"].mean() / 100
    assert ((means > 80) & (means < 260)).all()
    assert len(means) == len(CHANNELS) - 1
    assert 0.02 < valid["refunded"].sum() / valid["paid"].sum() < 0.07
    share = valid.groupby("channel")["paid"].sum() / valid["paid"].sum()
    assert share.idxmax() == 0
    assert 0.25 < share.max() < 0.4


def test_a_quarter_to_a_third_of_new_buyers_buy_again_within_ninety_days(
    world: World, people: People, valid: pd.DataFrame
) -> None:
    new = valid[(people.arrival[valid["person"]] >= 0) & (people.gang[valid["person"]] < 0)]
    nth = new.groupby("person").cumcount()
    first = new[nth == 0].set_index("person")["at"]
    second = new[nth == 1].set_index("person")["at"].reindex(first.index)
    seen = first < (world.days - 90) * 86_400
    assert 0.25 < ((second - first)[seen] <= 90 * 86_400).mean() < 0.36


def test_promotions_of_both_years_are_there(world: World) -> None:
    runs = [(run.promotion.name, world.dates[run.first].year) for run in world.promotions]
    assert runs.count(("618", 2025)) == runs.count(("618", 2026)) == runs.count(("double11", 2026)) == 1
    assert world.month_starts[-1] == world.quarter_starts[-1] == world.days
    assert all(world.dates[day] - timedelta(1) < world.dates[day] for day in world.month_starts[1:-1])
