"""What sets people apart in how they behave: a planted type, and how far they lean to low prices, content and company.

A type is a cause that shows in several ways at once; within it people vary continuously, so that types overlap as they do in
life. What leans one way is made up for by those who lean the other: what the brand has in total does not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.simulate.draws import Draws, Ints, Reals
from dujiang.simulate.habits import HOURS, USUAL, hours_row


@dataclass(frozen=True)
class Persona:
    """A planted type.

    Attributes:
        share: of the people, as a weight.
        price, content, social: means of the three leanings; people vary by :data:`SPREAD` around them.
        habits: weights of :data:`~dujiang.simulate.habits.HABITS`.
        channels: how much likelier than others people of the type come by each channel of the brand.
    """

    name: str
    share: float
    price: float
    content: float
    social: float
    habits: tuple[float, ...]
    channels: tuple[float, ...]


PERSONAS: Final = (
    Persona("steady", .36, -.65, -.65, -.55, (.36, .42, .10, .04, .08), (1, .8, .7, 1, 1, 1.3, .8, 1)),
    Persona("saver", .26, 1.25, -.35, -.35, (.06, .14, .30, .42, .08), (1.2, 1.2, .7, 1, 1, .6, 1.7, 1)),
    Persona("reader", .22, -.35, 1.30, .00, (.12, .12, .44, .24, .08), (.9, .9, 1.7, 1, 1.2, .9, .6, 1)),
    Persona("talker", .16, -.10, .10, 1.55, (.06, .06, .18, .16, .54), (.8, 1.2, 1.2, 1, .8, 1.1, .8, 1.1)),
)  # fmt: skip
SPREAD: Final = 0.55
"""Standard deviation of a leaning within a type."""
_STEP, _MOST = 0.4, 5
LEVELS: Final = 2 * _MOST + 1
"""Steps of a leaning, where something is tabulated by it."""
_LEAST_REGULAR, _REGULAR = 0.35, 0.60


@dataclass(frozen=True)
class Traits:
    """Traits of a block of people, one entry for each.

    Attributes:
        persona: index into :data:`PERSONAS`.
        habit: index into :data:`~dujiang.simulate.habits.HABITS`; ``hour`` their favourite one of the day.
        regularity: how often they keep to their habit, from 0 to 1.
        price: how far they lean to promotions, coupons and discounts: 0 is usual, 1 is much, −1 little.
        content: the same of reading, lingering, liking and keeping.
        social: the same of sharing, commenting and communities.
    """

    persona: Ints
    habit: Ints
    hour: Ints
    regularity: Reals
    price: Reals
    content: Reals
    social: Reals


def make_traits(draws: Draws, who: Ints, channel: Ints) -> Traits:
    """The traits of those numbered ``who``, who came by ``channel``."""
    weights = np.array(
        [[one.share * one.channels[place] for one in PERSONAS] for place in range(len(PERSONAS[0].channels))]
    )
    persona = draws.choice_by_row("persona", weights, channel, who)
    habit = draws.choice_by_row("habit", np.array([one.habits for one in PERSONAS]), persona, who)
    return Traits(
        persona=persona,
        habit=habit,
        hour=draws.choice_by_row("favourite_hour", HOURS, hours_row(habit, USUAL), who),
        regularity=_LEAST_REGULAR + _REGULAR * draws.uniform("regularity", who),
        **{
            name: np.array([getattr(one, name) for one in PERSONAS])[persona] + SPREAD * draws.normal(name, who)
            for name in ("price", "content", "social")
        },
    )


def level(leaning: Reals) -> Ints:
    """The step of a leaning, from 0 to :data:`LEVELS` − 1."""
    return np.clip(np.rint(leaning / _STEP), -_MOST, _MOST).astype(np.int64) + _MOST


def leanings() -> Reals:
    """The leaning that each step stands for."""
    return np.asarray(_STEP * (np.arange(LEVELS) - _MOST), np.float64)


def lean(name: str, leaning: Reals, strength: float) -> Reals:
    """By what a leaning multiplies what it works on: exp(``strength`` · leaning), over its mean among people.

    The mean over a normal distribution in each type is exp(s·m + s²σ²/2); so what everybody does in total stays the same.
    """
    share, mean = (np.array([getattr(one, field) for one in PERSONAS]) for field in ("share", name))
    among = share @ np.exp(strength * mean + (strength * SPREAD) ** 2 / 2) / share.sum()
    return np.asarray(np.exp(strength * leaning) / among, np.float64)
