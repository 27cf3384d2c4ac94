"""What misleads identity resolution is there, as often as stated, and only there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from dujiang.simulate import Hazards, SimulationSpec
from dujiang.simulate.identifiers import JUNK_PHONES, member_no, phone, user_id
from dujiang.simulate.orders import CLEAR, JUNK, MASKED, STAFF, make_orders
from dujiang.simulate.people import People, make_people
from dujiang.simulate.purchases import make_purchases
from dujiang.simulate.visits import HOUSE_TABLET, JUNK_ID, STORE_TABLET, WEB, make_visits, owner_kind
from dujiang.simulate.world import World

Truth = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def world() -> World:
    return World(SimulationSpec(end=date(2026, 11, 20), people=40_000, months=18, seed=2))


@pytest.fixture(scope="module")
def people(world: World) -> People:
    return make_people(world, np.arange(world.spec.people))


def _near(found: float, stated: float, count: float) -> bool:
    return abs(found - stated) < 5 * np.sqrt(stated * (1 - stated) / count)


def test_households_share_tablets_and_phones_at_the_stated_rates(world: World, people: People) -> None:
    heads = (people.household_size > 1) & (people.person == people.household)
    assert _near(people.tablet[heads].mean(), world.hazards.shared_tablet, heads.sum())
    assert _near(people.one_phone[heads].mean(), world.hazards.shared_phone, heads.sum())
    assert not people.tablet[people.household_size == 1].any()


def test_members_of_a_household_live_together(people: People) -> None:
    table = pd.DataFrame({"household": people.household, "city": people.city, "size": people.household_size})
    grouped = table.groupby("household")
    assert (grouped["city"].nunique() == 1).all()
    assert (grouped.size() == grouped["size"].first()).all()


def test_recycled_phones_rest_before_they_have_a_new_owner(world: World, people: People) -> None:
    heirs = np.flatnonzero(people.heir >= 0)
    assert _near(len(heirs) / len(people), world.hazards.recycled_phone, len(people) / 40)
    given_up = people.moved_at[people.heir[heirs]]
    assert (people.arrival[heirs] - given_up >= 90).all()


def test_recycled_phones_in_the_truth_belong_to_one_at_a_time(truth: Truth) -> None:
    recycled = truth("recycled_phone")
    assert (recycled["new_from"] - recycled["old_until"] >= timedelta(days=90)).all()
    owners = truth("identifier").query("type == 'mobile' and not shared").groupby("value")["person"].nunique()
    assert set(owners[owners > 1].index) == set(recycled["phone"])


def test_gangs_run_sixteen_accounts_from_one_phone(world: World, people: People) -> None:
    hunters = people.gang >= 0
    assert _near(hunters.mean(), world.hazards.bonus_hunter, len(people) / 20)
    sizes = np.bincount(people.gang[hunters])
    assert set(sizes[sizes > 0]) == {16}


def test_phones_change_at_the_stated_rate(world: World, people: People) -> None:
    usual = people.gang < 0
    assert abs(np.isfinite(people.moved_at[usual]).mean() - world.hazards.phone_change) < 0.01


def test_exports_mask_and_invent_phones_at_the_stated_rates(world: World, people: People) -> None:
    orders, _lines = make_orders(world, people, make_purchases(world, people))
    site = orders.shown[orders.channel == 4]
    assert _near((site == MASKED).mean(), world.hazards.masked_phone, len(site))
    assert set(site) == {MASKED, CLEAR}
    guests = (orders.channel == 5) & (orders.member == 0)
    assert _near((orders.shown[guests] == JUNK).mean(), world.hazards.junk_phone, guests.sum())
    habit = guests & (orders.store < 3)
    assert _near((orders.shown[habit] == STAFF).mean(), world.hazards.staff_card, habit.sum())
    assert not (orders.shown[guests & (orders.store >= 3)] == STAFF).any()


def test_devices_are_shared_as_stated(world: World, people: People) -> None:
    orders, _lines = make_orders(world, people, make_purchases(world, people))
    visits = make_visits(world, people, orders)
    kind, number = owner_kind(visits.owner)
    at_site = visits.source == WEB
    assert _near((kind[at_site] == JUNK_ID).mean(), world.hazards.junk_id, at_site.sum())
    by_tablet = pd.Series(visits.person[kind == STORE_TABLET]).groupby(number[kind == STORE_TABLET]).nunique()
    assert by_tablet.median() > 20
    house = kind == HOUSE_TABLET
    assert (people.household[visits.row[house]] == number[house]).all()


def test_levels_scale_the_rates() -> None:
    low, normal, high = (Hazards.at(level) for level in ("low", "normal", "high"))
    for name, usual in vars(normal).items():
        assert getattr(low, name) == pytest.approx(0.3 * usual)
        assert getattr(high, name) == pytest.approx(min(0.9, 3 * usual))


def test_numbers_are_unique_and_nobodys(world: World) -> None:
    person = np.arange(200_000)
    for made in (phone(world.draws, person), member_no(world.draws, person), user_id(world.draws, person)):
        assert len(set(made.to_pylist())) == len(person)
    prefixes = {number[:3] for number in phone(world.draws, person).to_pylist()}
    assert prefixes == {"142", "143", "154", "160", "161", "163", "164", "168", "169", "179"}
    assert not set(JUNK_PHONES) & set(phone(world.draws, person).to_pylist())


def test_the_truth_says_which_identifiers_are_shared(truth: Truth) -> None:
    identifiers = truth("identifier")
    one = identifiers[~identifiers["shared"]]
    recycled = set(truth("recycled_phone")["phone"])
    owners = one[~one["value"].isin(recycled)].groupby(["type", "value"])["person"].nunique()
    assert owners.max() == 1
    shared = identifiers[identifiers["shared"] & (identifiers["type"] != "mobile")]
    assert set(shared["value"]) == set(truth("shared_device")["value"])
