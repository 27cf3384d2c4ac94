"""People differ as their traits say, every trait in all that it works on, and the brand as a whole stays what it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from dujiang.simulate import SimulationSpec
from dujiang.simulate import people as people_module
from dujiang.simulate.brand import STORE
from dujiang.simulate.draws import Draws, Ints
from dujiang.simulate.events import ARTICLE, COMMENT, FAVOURITE, LEFT, SHARE, Events, make_events
from dujiang.simulate.habits import HABITS, HOURS, STORE_OPEN, hours_row
from dujiang.simulate.orders import Orders, make_orders
from dujiang.simulate.people import People, make_people
from dujiang.simulate.purchases import make_purchases
from dujiang.simulate.timing import postponed
from dujiang.simulate.traits import LEVELS, PERSONAS, SPREAD, Traits, lean, leanings, level, make_traits
from dujiang.simulate.visits import CHAT, COMMUNITY, Visits, make_visits
from dujiang.simulate.world import BEFORE, World

PEOPLE = 20_000
LEANINGS = ("price", "content", "social")
_DAY = 86_400


@pytest.fixture(scope="module")
def world() -> World:
    return World(SimulationSpec(end=date(2026, 11, 22), people=PEOPLE))


Made = tuple[People, Orders, Visits, Events]


def make(world: World) -> Made:
    people = make_people(world, np.arange(PEOPLE))
    orders, _lines = make_orders(world, people, make_purchases(world, people))
    visits = make_visits(world, people, orders)
    return people, orders, visits, make_events(world, people, visits)


@pytest.fixture(scope="module")
def made(world: World) -> Made:
    return make(world)


def rises(values: np.ndarray, leaning: np.ndarray, least: float, parts: int = 5) -> None:
    """Means rise from one part of the people to the next, by leaning, and to at least so many times as much."""
    found = pd.Series(values).groupby(pd.qcut(leaning, parts, labels=False)).mean().tolist()
    assert found == sorted(found)
    assert found[-1] > least * found[0]


def test_leanings_lie_around_those_of_their_type(made: Made) -> None:
    traits = made[0].traits
    single = made[0].gang < 0
    for place, one in enumerate(PERSONAS):
        of_type = single & (traits.persona == place)
        assert of_type.sum() > 0.1 * PEOPLE
        for name in LEANINGS:
            values = getattr(traits, name)[of_type]
            assert abs(values.mean() - getattr(one, name)) < 5 * SPREAD / np.sqrt(len(values))
            assert values.std() == pytest.approx(SPREAD, rel=0.05)
        shares = np.bincount(traits.habit[of_type], minlength=len(HABITS)) / of_type.sum()
        assert shares == pytest.approx(np.array(one.habits) / sum(one.habits), abs=0.03)
    assert 0.35 <= traits.regularity.min() < 0.4 < 0.9 < traits.regularity.max() < 0.95


def test_accounts_of_a_gang_behave_like_their_operator(made: Made) -> None:
    people = made[0]
    gangs = pd.DataFrame({"gang": people.gang, "price": people.traits.price, "hour": people.traits.hour})
    assert gangs[gangs["gang"] >= 0].groupby("gang").nunique().to_numpy().max() == 1


def test_what_leanings_multiply_has_mean_one() -> None:
    rng = np.random.default_rng(4)
    share = np.array([one.share for one in PERSONAS])
    persona = rng.choice(len(PERSONAS), 400_000, p=share / share.sum())
    for name in LEANINGS:
        leaning = np.array([getattr(one, name) for one in PERSONAS])[persona] + SPREAD * rng.normal(size=len(persona))
        for strength in (0.2, 0.8):
            assert lean(name, leaning, strength).mean() == pytest.approx(1, abs=0.01)


def test_steps_are_the_nearest_ones() -> None:
    assert level(leanings()).tolist() == list(range(LEVELS))
    assert level(np.array([-99.0, 0.19, 0.21, 99.0])).tolist() == [0, LEVELS // 2, LEVELS // 2 + 1, LEVELS - 1]


def test_clocks_are_read_as_interpolation_reads_them(world: World) -> None:
    rng = np.random.default_rng(9)
    day, step = rng.uniform(-BEFORE, world.days, 3_000), rng.integers(0, LEVELS, 3_000)
    shown = world.elapsed(day, step)
    grid = np.arange(-BEFORE, world.days + 1)
    assert shown == pytest.approx([np.interp(one, grid, world.clocks[at]) for one, at in zip(day, step, strict=True)])
    assert world.day_at(shown, step) == pytest.approx(day, abs=1e-6)
    assert world.clocks[:, -1] == pytest.approx(world.clocks[0, -1])
    assert (world.day_at(np.full(LEVELS, 1e9), np.arange(LEVELS)) == world.days).all()


def test_whoever_leans_to_low_prices_uses_coupons_discounts_and_promotions(world: World, made: Made) -> None:
    people, orders = made[0], made[1]
    # What a till writes is what was paid, and every order of a hunter has a coupon.
    chosen = orders.pick(np.flatnonzero((orders.channel != STORE) & (people.gang[orders.person] < 0)))
    price = people.traits.price[chosen.person]
    rises(chosen.coupon, price, 4)
    rises(chosen.discount / chosen.gross, price, 2)
    later = chosen.number % 64 > 0  # the first order is made when they come
    rises((world.lift[chosen.at // _DAY] > 1)[later], price[later], 1.3)


def test_whoever_leans_to_content_reads_keeps_and_lingers(made: Made) -> None:
    people, _orders, visits, events = made
    browsed = events.pick(np.flatnonzero((events.place > 0) & (events.source != COMMUNITY)))
    content = people.traits.content[browsed.person]
    rises(browsed.code == ARTICLE, content, 3)
    rises(browsed.code == FAVOURITE, content, 2)
    left = browsed.code == LEFT
    rises(browsed.dwell[left], content[left], 2)
    length = pd.Series(events.person).groupby([events.person, events.source, events.why, events.nth]).size()
    of_person = people.traits.content[length.index.get_level_values(0)]
    assert np.corrcoef(length, of_person)[0, 1] > 0.03
    assert len(length) <= len(visits)


def test_whoever_leans_to_company_shares_comments_and_talks(made: Made) -> None:
    people, _orders, visits, events = made
    browsed = events.pick(np.flatnonzero((events.place > 0) & (events.why != CHAT)))
    rises(np.isin(browsed.code, (SHARE, COMMENT)), people.traits.social[browsed.person], 4)
    added = np.isfinite(people.added_at)
    talks = np.bincount(visits.person[visits.source == COMMUNITY], minlength=PEOPLE)
    # Few are in the community, and some of them talk very much.
    rises(talks[added], people.traits.social[added], 2, parts=3)


@pytest.mark.parametrize("what", ["orders", "visits"])
def test_people_act_at_the_hours_and_on_the_days_of_their_habit(world: World, made: Made, what: str) -> None:
    people = made[0]
    table = made[1] if what == "orders" else made[2]
    hour = table.at // 3600 % 24
    weekday = (table.at // _DAY + world.spec.start.weekday()) % 7
    of_habit = {
        "early": (hour >= 5) & (hour < 9),
        "office": (hour >= 9) & (hour < 17),
        "evening": (hour >= 17) & (hour < 22),
        "night": (hour >= 22) | (hour < 5),
        "weekend": weekday >= 5,
    }
    habit, regularity = people.traits.habit[table.person], people.traits.regularity[table.person]
    for place, name in enumerate(HABITS):
        own = habit == place
        assert of_habit[name][own].mean() > 1.5 * of_habit[name][~own].mean(), name
        strict = regularity[own] > np.median(regularity[own])
        assert of_habit[name][own][strict].mean() > of_habit[name][own][~strict].mean(), name
    working = weekday < 5
    assert working[habit == HABITS.index("office")].mean() > working[habit != HABITS.index("office")].mean() + 0.05


def test_closed_stores_are_closed_for_every_habit() -> None:
    rows = HOURS[hours_row(np.arange(-1, len(HABITS)), STORE_OPEN)]
    assert (rows[:, 10:22] > 0).all()
    assert (rows[:, :10] == 0).all()
    assert (rows[:, 22:] == 0).all()


def test_only_who_keeps_to_days_waits_and_never_when_something_is_on_sale(world: World, made: Made) -> None:
    traits, row = made[0].traits, np.arange(PEOPLE)
    when = 700.0 * world.draws.uniform("some day", row) - 200
    then = postponed(world, "some", traits, row, when, row)
    waited = then > when
    assert (then >= when).all()
    day = np.floor(when).astype(int)
    assert (world.lift[np.clip(day, 0, world.days - 1)][waited] <= 1).all()
    assert set(traits.habit[waited]) == {HABITS.index("office"), HABITS.index("weekend")}
    weekend = (np.floor(then[waited]).astype(int) + world.spec.start.weekday()) % 7 >= 5
    assert (weekend == (traits.habit[waited] == HABITS.index("weekend"))).all()
    assert np.abs((then - when) - np.rint(then - when)).max() < 1e-9


def alike(draws: Draws, who: Ints, channel: Ints) -> Traits:
    """Nobody leans anywhere or keeps to anything."""
    drawn = make_traits(draws, who, channel)
    none = np.zeros(len(who))
    return Traits(drawn.persona, drawn.habit, drawn.hour, none, none, none, none)


def test_the_brand_has_as_much_of_everything_as_if_people_were_alike(
    world: World, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, orders, visits, events = made
    monkeypatch.setattr(people_module, "make_traits", alike)
    same_people, same_orders, same_visits, same_events = make(world)
    assert (same_people.channel == people.channel).all()
    assert (same_people.paid == people.paid).all()
    for one, other in ((orders, same_orders), (visits, same_visits), (events, same_events)):
        assert len(one) == pytest.approx(len(other), rel=0.05)
    assert orders.paid.sum() == pytest.approx(same_orders.paid.sum(), rel=0.05)
    by_type = np.bincount(people.traits.persona[orders.person]) / np.bincount(people.traits.persona)
    assert by_type == pytest.approx(np.full(len(PERSONAS), len(orders) / PEOPLE), rel=0.1)


def test_the_truth_states_the_traits(truth: Callable[[str], pd.DataFrame]) -> None:
    table = truth("person").sort_values("person")
    world = World(SimulationSpec(end=date(2026, 11, 20), people=3_000, months=7, seed=11))
    traits = make_people(world, np.arange(3_000)).traits
    for name in (*LEANINGS, "regularity"):
        assert (table[name].to_numpy() == getattr(traits, name)).all()
    assert table["persona"].tolist() == [PERSONAS[one].name for one in traits.persona]
    assert table["habit"].tolist() == [HABITS[one] for one in traits.habit]
    assert (table["favourite_hour"].to_numpy() == traits.hour).all()
