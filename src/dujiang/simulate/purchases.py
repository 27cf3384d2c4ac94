"""When people buy, and where: buy till you leave, on a clock that runs faster when demand is high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.simulate.brand import MINI, STORE
from dujiang.simulate.draws import Flags, Ints, Reals
from dujiang.simulate.habits import SALE, STORE_OPEN, USUAL
from dujiang.simulate.people import People
from dujiang.simulate.timing import hours, postponed
from dujiang.simulate.traits import level
from dujiang.simulate.world import World

PURCHASES_MAX: Final = 64
"""Purchases of one person, those before the first day included."""
_AT_ONCE: Final = 0.55
"""Share of buyers who buy on the day they come."""
_FIRST_PAUSE: Final = 9.0
_TO_SECOND: Final = 0.45
_GANG_WINDOW: Final = 0.4


_DAY: Final = 86_400


@dataclass(frozen=True)
class Purchases:
    """Purchases of a block of people, in order of person and time.

    Attributes:
        row: place of the person in the block.
        nth: 0 for the person's first.
        day: whole day number; ``second`` of that day, local time.
        channel: where.
    """

    row: Ints
    nth: Ints
    day: Ints
    second: Ints
    channel: Ints

    def __len__(self) -> int:
        return len(self.row)

    @property
    def moment(self) -> Ints:
        """Seconds since local midnight of the first day."""
        return self.day * _DAY + self.second


def make_purchases(world: World, people: People) -> Purchases:
    """Every purchase within the simulated days."""
    row, nth, when = _moments(world, people)
    inside = (when >= 0) & (when < world.days)
    row, nth, day = row[inside], nth[inside], when[inside].astype(np.int64)
    channel = _channels(world, people, row, nth, when[inside])
    # A shop that is throttled loses most of its sales; they do not come back.
    kept = world.draws.chance("kept", world.collapse[channel, day], people.person[row], nth)
    row, nth, day, channel = row[kept], nth[kept], day[kept], channel[kept]
    order = np.lexsort((nth, row))
    row, nth, day, channel = row[order], nth[order], day[order], channel[order]
    return Purchases(row, nth, day, _seconds(world, people, row, nth, day, channel), channel)


def _moments(world: World, people: People) -> tuple[Ints, Ints, Reals]:
    draws = world.draws
    rows: list[Ints] = []
    days: list[Reals] = []
    row = np.flatnonzero(people.buyer)
    person = people.person[row]
    waits = np.where(draws.chance("at_once", _AT_ONCE, person), 0.0, draws.exponential("first", _FIRST_PAUSE, person))
    waits = np.where(people.gang[row] >= 0, draws.uniform("gang:first", person) * _GANG_WINDOW, waits)
    when = people.arrival[row] + waits
    speed = level(people.traits.price)
    clock = world.elapsed(np.minimum(when, world.days), speed[row])
    for nth in range(PURCHASES_MAX):
        alive = when < world.days
        row, when, clock = row[alive], when[alive], clock[alive]
        if not len(row):
            break
        rows.append(row)
        days.append(when)
        person = people.person[row]
        stays = draws.uniform("leaves", person, nth) >= people.leaves[row]
        row, clock, person = row[stays], clock[stays], person[stays]
        clock = clock + draws.exponential("pause:next", people.pause[row], person, nth)
        when = world.day_at(clock, speed[row])
        when = postponed(world, "purchase", people.traits, row, when, person, nth)
        clock = np.maximum(clock, world.elapsed(np.minimum(when, world.days), speed[row]))
    nths = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    return np.concatenate([np.empty(0, np.int64), *rows]), nths, np.concatenate([np.empty(0), *days])


def _channels(world: World, people: People, row: Ints, nth: Ints, when: Reals) -> Ints:
    """At home, or in the second channel once it is known, more so where a promotion pulls harder."""
    home, second, day = people.home[row], people.second[row], when.astype(np.int64)
    open_ = (second >= 0) & (nth > 0) & _second_known(people, row, when)
    pulled = world.pull[np.maximum(second, 0), day] / (world.pull[np.maximum(second, 0), day] + world.pull[home, day])
    chance = np.where(open_, 2 * _TO_SECOND * pulled, 0.0)
    return np.where(world.draws.chance("channel", chance, people.person[row], nth), second, home)


def _second_known(people: People, row: Ints, when: Reals) -> Flags:
    """Whoever was led to the mini-program by a guide goes there only after they added the guide."""
    led = (people.second[row] == MINI) & np.isfinite(people.added_at[row])
    return ~led | (when >= people.added_at[row])


_PEAK: Final = 2.2
"""Lift from which on a sale opens at midnight and eight."""


def _seconds(world: World, people: People, row: Ints, nth: Ints, day: Ints, channel: Ints) -> Ints:
    kind = np.where(channel == STORE, STORE_OPEN, np.where(world.lift[day] >= _PEAK, SALE, USUAL))
    person = people.person[row]
    hour = hours(world, "hour", people.traits, row, kind, person, nth)
    return hour * 3600 + world.draws.whole("second", 3600, person, nth)
