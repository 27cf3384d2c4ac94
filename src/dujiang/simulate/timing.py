"""At which hours and on which days people act, by the traits that they have."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from dujiang.simulate.draws import Ints, Reals
from dujiang.simulate.habits import HABITS, HOURS, USUAL, hours_row
from dujiang.simulate.traits import Traits
from dujiang.simulate.world import World

_FAVOURITE: Final = 0.5
_BESIDE: Final = (0.2, 0.6, 0.2)
_OFFICE, _WEEKEND = HABITS.index("office"), HABITS.index("weekend")
_SATURDAY, _SUNDAY, _WEEK = 5, 6, 7
_WAITS: Final = 0.8
"""How often somebody who keeps to a habit of days waits for the next of them."""


def hours(world: World, name: str, traits: Traits, row: Ints, kind: Ints, *keys: npt.ArrayLike) -> Ints:
    """The hour of the day at which the people at ``row`` act, on a day of a ``kind``.

    Who keeps to a habit is on usual days as often at their favourite hour, or next to it, as at another hour of the habit.
    """
    draw = world.draws.uniform(f"{name}:habit", *keys)
    keeps = draw < traits.regularity[row]
    drawn = world.draws.choice_by_row(name, HOURS, np.where(keeps, hours_row(traits.habit[row], kind), kind), *keys)
    favourite = (kind == USUAL) & (draw < _FAVOURITE * traits.regularity[row])
    beside = world.draws.choice(f"{name}:beside", _BESIDE, *keys) - len(_BESIDE) // 2
    return np.where(favourite, (traits.hour[row] + beside) % len(HOURS[0]), drawn)


def postponed(world: World, name: str, traits: Traits, row: Ints, when: Reals, *keys: npt.ArrayLike) -> Reals:
    """Fractional days, put off to the next weekend or working day by those who keep to one.

    Nobody puts off what is on sale today.
    """
    day = np.floor(when).astype(np.int64)
    weekday = (day + world.spec.start.weekday()) % _WEEK
    draw = world.draws.uniform(f"{name}:day", *keys)
    waits = draw < _WAITS * traits.regularity[row]
    waits &= world.lift[np.clip(day, 0, world.days - 1)] <= 1
    return when + np.where(waits, _days_to_wait()[traits.habit[row], weekday, (draw * 1e6).astype(np.int64) % 2], 0)


@cache
def _days_to_wait() -> Ints:
    """By habit, day of the week, and a toss of a coin: days to wait."""
    found = np.zeros((len(HABITS), _WEEK, 2), np.int64)
    found[_OFFICE, _SATURDAY], found[_OFFICE, _SUNDAY] = 2, 1
    for day in range(_SATURDAY):
        found[_WEEKEND, day] = _SATURDAY - day, _SUNDAY - day
    return found
