"""Who the people are: households, numbers that change hands, hunters, when they came and what kind of buyers they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.simulate.brand import CHANNELS, CITIES, MINI, ORDER_CHANNELS, SITE, STORES, WECOM
from dujiang.simulate.draws import Flags, Ints, Reals
from dujiang.simulate.habits import USUAL
from dujiang.simulate.names import birth_key, gender_of, households
from dujiang.simulate.timing import hours
from dujiang.simulate.traits import Traits, make_traits
from dujiang.simulate.world import BEFORE, World

NEVER: Final = np.inf
OLD_CUSTOMERS: Final = 0.34
"""Share of the people who knew the brand before the first day."""
HUNTERS: Final = 20
"""Hunters come in gangs of up to sixteen accounts among twenty consecutive people."""
_FIRST_HUNTER: Final = 4
RECYCLE: Final = 40
"""Numbers change hands among forty consecutive people: from the one at place 3 to the one at place 30."""
_GIVER, _TAKER = 3, 30
_QUARANTINE: Final = 92
"""Days a carrier keeps a number before it sells it again."""

ONCE, REGULAR, LOYAL = range(3)
_CLASSES: Final = ((0.70, 0.80, 70.0), (0.16, 0.15, 65.0), (0.14, 0.028, 19.0))
"""Of each kind of buyer: share, chance to leave after each purchase, usual days of demand between purchases."""


@dataclass(frozen=True)
class People:
    """A block of people, one entry for each; days are fractional day numbers, ``inf`` for never.

    Attributes:
        household: lowest number of a person in it; their own where they live alone.
        household_size: people in it.
        gang: which gang of bonus hunters runs this account; −1 for none.
        heir: from whom the person's number was taken over; −1 for nobody.
        city: index into ``CITIES``; ``store`` index into ``STORES``.
        channel: where they first met the brand; ``paid`` when advertising brought them.
        home: channel of the first order; ``second`` another one they buy in, −1 for none.
        buyer: whether they ever buy.
        buys: ONCE, REGULAR or LOYAL; ``pause`` their usual days of demand between purchases, ``leaves`` the chance
            to leave after each.
        member_at: when they became a member.
        added_at: when they added a guide on WeCom.
        moved_at: when they gave up their number for another one; ``first_slot`` which number they had first.
        cookie_days: how long their browser keeps a cookie.
        tablet: uses the household's tablet for the site.
        one_phone: gives the household's one phone at the till.
        app: uses the app.
        traits: what sets them apart in how they behave; accounts of a gang have those of its operator.
    """

    person: Ints
    household: Ints
    household_size: Ints
    gang: Ints
    heir: Ints
    gender: Ints
    birth_year: Ints
    city: Ints
    store: Ints
    arrival: Reals
    channel: Ints
    paid: Flags
    home: Ints
    second: Ints
    buyer: Flags
    buys: Ints
    pause: Reals
    leaves: Reals
    member_at: Reals
    added_at: Reals
    moved_at: Reals
    cookie_days: Reals
    tablet: Flags
    one_phone: Flags
    app: Flags
    traits: Traits

    def __len__(self) -> int:
        return len(self.person)


def make_people(world: World, person: Ints) -> People:
    """The people numbered ``person``; each depends on the seed and the number alone."""
    draws = world.draws
    household, size = households(world, person)
    gang = _gangs(world, person)
    day, channel, paid = _arrivals(world, person, gang)
    traits = make_traits(draws, np.where(gang >= 0, gang, person), channel)
    arrival = day + _hour(world, traits, person) / 24
    heir, moved_at, arrival = _numbers(world, person, gang, arrival)
    home = _homes(world, person, channel)
    buyer = draws.chance("buyer", np.array([one.buys for one in CHANNELS])[channel], person) | (gang >= 0)
    buys = draws.choice("buys", [row[0] for row in _CLASSES], person)
    added = _joined(world, "wecom", np.array([one.adds for one in CHANNELS]), channel, home, person, arrival)
    member = _joined(world, "member", np.array([one.joins for one in CHANNELS]), channel, home, person, arrival)
    together, birth = size > 1, birth_key(world, person)
    return People(
        person=person,
        household=household,
        household_size=size,
        gang=gang,
        heir=heir,
        gender=gender_of(world, person),
        birth_year=1966 + np.clip(np.rint(26 + 8 * draws.normal("age", birth)), 0, 40).astype(np.int64),
        city=draws.choice("city", [one[3] for one in CITIES], household),
        store=draws.choice("store", [one.weight for one in STORES], household),
        arrival=arrival,
        channel=channel,
        paid=paid,
        home=home,
        second=_seconds(world, person, home, added, buys),
        buyer=buyer,
        buys=np.where(gang >= 0, ONCE, buys),
        pause=np.array([row[2] for row in _CLASSES])[buys] * np.exp(0.45 * draws.normal("pause", person)),
        leaves=np.where(gang >= 0, 0.9, np.array([row[1] for row in _CLASSES])[buys]),
        member_at=np.where(gang >= 0, arrival + 0.01, member),
        added_at=np.where(gang >= 0, NEVER, np.where(channel == WECOM, arrival + 0.02, added)),
        moved_at=moved_at,
        cookie_days=np.where(draws.chance("churn", world.hazards.cookie_churn, person), 7.0, 150.0),
        tablet=together & draws.chance("tablet", world.hazards.shared_tablet, household),
        one_phone=together & draws.chance("one_phone", world.hazards.shared_phone, household),
        app=(home == SITE) & draws.chance("app", 0.7, person) | draws.chance("app:other", 0.10, person),
        traits=traits,
    )


def _gangs(world: World, person: Ints) -> Ints:
    gang = person // HUNTERS
    share = HUNTERS / (HUNTERS - _FIRST_HUNTER)
    hit = world.draws.chance("gang", world.hazards.bonus_hunter * share, gang) & (person % HUNTERS >= _FIRST_HUNTER)
    return np.where(hit, gang, -1)


def _arrivals(world: World, person: Ints, gang: Ints) -> tuple[Ints, Ints, Flags]:
    """On which day and where people first met the brand, and whether an advertisement was the reason."""
    draws, intensity = world.draws, world.organic + world.paid
    flat = draws.choice("arrival", intensity.ravel(), person)
    channel, day = flat // world.days, flat % world.days
    share = world.paid[channel, day] / intensity[channel, day]
    paid = draws.chance("paid", share, person)
    old = draws.chance("old", OLD_CUSTOMERS, person) & (gang < 0)
    old_channel = draws.choice("arrival:old", [one.share for one in CHANNELS], person)
    old_day = -1 - draws.whole("arrival:when", BEFORE - 1, person)
    # A gang registers in one sitting, on a day of its own with a promotion's coupons.
    gang_day = draws.choice("gang:day", world.lift**2, np.maximum(gang, 0))
    day = np.where(gang >= 0, gang_day, day)
    channel = np.where(gang >= 0, MINI, np.where(old, old_channel, channel))
    return np.where(old, old_day, day), channel, paid & ~old & (gang < 0)


def _hour(world: World, traits: Traits, person: Ints) -> Reals:
    """The hour and its fraction at which they came."""
    row = np.arange(len(person))
    hour = hours(world, "arrival:hour", traits, row, np.full(len(row), USUAL), person)
    return hour + world.draws.uniform("arrival:minute", person)


def _numbers(world: World, person: Ints, gang: Ints, arrival: Reals) -> tuple[Ints, Reals, Reals]:
    """Who has whose old number, and who gave one up when; heirs arrive only after the number has rested."""
    draws, hazards = world.draws, world.hazards
    group, place = person // RECYCLE, person % RECYCLE
    given_up = world.days * 0.45 * draws.uniform("recycle:when", group)
    passed = draws.chance("recycle", min(0.95, hazards.recycled_phone * RECYCLE), group)
    passed &= given_up + _QUARANTINE < world.days - 20
    giver_gang = _gangs(world, group * RECYCLE + _GIVER)
    taker_gang = _gangs(world, group * RECYCLE + _TAKER)
    passed &= (giver_gang < 0) & (taker_gang < 0)
    giver, taker = passed & (place == _GIVER), passed & (place == _TAKER)
    rest = world.days - 1 - given_up - _QUARANTINE
    after = given_up + _QUARANTINE + draws.uniform("recycle:then", person) * np.maximum(rest, 0) * 0.8
    moved = draws.chance("moved", hazards.phone_change, person) & (gang < 0)
    moved_at = np.where(moved, world.days * draws.uniform("moved:when", person), NEVER)
    moved_at = np.where(giver, given_up, np.where(taker, NEVER, moved_at))
    return np.where(taker, group * RECYCLE + _GIVER, -1), moved_at, np.where(taker, after, arrival)


def _homes(world: World, person: Ints, channel: Ints) -> Ints:
    """Where they buy first: usually where they came; from WeCom into mini-program, store or site."""
    away = np.eye(len(CHANNELS)) * 0.94 + 0.06 * np.array([[*one.moves_to, 0.0] for one in CHANNELS])
    away[WECOM] = (0.05, 0, 0, 0.78, 0.05, 0.12, 0, 0)
    return world.draws.choice_by_row("home", away[:, :ORDER_CHANNELS], channel, person)


def _joined(world: World, name: str, share: Reals, channel: Ints, home: Ints, person: Ints, arrival: Reals) -> Reals:
    """When they joined: soon after they came, if ever."""
    chance = np.maximum(share[channel], share[home])
    when = arrival + world.draws.exponential(f"{name}:when", 16.0, person)
    return np.where(world.draws.chance(name, chance, person), when, NEVER)


def _seconds(world: World, person: Ints, home: Ints, added: Reals, buys: Ints) -> Ints:
    """Another channel some come to buy in; having a guide on WeCom leads to the mini-program."""
    table = np.array([one.moves_to for one in CHANNELS])
    second = world.draws.choice_by_row("second", table, home, person)
    led = np.isfinite(added) & (home != MINI) & world.draws.chance("second:wecom", 0.6, person)
    second = np.where(led, MINI, second)
    some = world.draws.chance("second:any", np.array([0.40, 0.60, 0.62])[buys], person)
    return np.where((some | led) & (second != home), second, -1)
