"""What is known of when people are active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SLOTS: Final = 168
"""Hours of a week; 0 is Monday from midnight in the brand's zone."""
LEAST_PEOPLE: Final = 20
"""With fewer people who were active in at least two hours, nothing says how much people differ."""
Basis = Literal["own", "mixed", "others"]


@dataclass(frozen=True)
class Prior:
    """What is expected of somebody of whom nothing is known.

    Attributes:
        share: of each of the 168 hours of the week; sums to 1.
        strength: how many active hours of a person it counts as; None where too few people are known to say.
        people: active in at least one hour.
        hours: active hours of all of them.
        alike: nothing shows that people differ in their hours at all; the best hours are then the same for everybody.
    """

    share: tuple[float, ...]
    strength: float | None
    people: int
    hours: int
    alike: bool = False


@dataclass(frozen=True)
class BestHour:
    """An hour of the day to send.

    Attributes:
        hour: from 0 to 23.
        share: of the person's activity that is expected in it.
        low, high: 90% interval of that share.
        likely: probability that the share is above an even spread over the day (1/24).
    """

    hour: int
    share: float
    low: float
    high: float
    likely: float


@dataclass(frozen=True)
class HoursOf:
    """When one person, some people, or everybody, is active.

    Attributes:
        share: expected of each hour of the week; empty where nobody was ever active.
        hours: different hours in which they were seen active.
        own: how much of ``share`` comes from themselves, from 0 to 1; the rest is what others do.
        basis: ``own`` from 0.5 up, ``mixed`` from 0.15, else ``others``.
        best: the best hours to send between the hours that are allowed, best first.
        group: the group by behaviour that "others" are; empty for everybody.
    """

    share: tuple[float, ...]
    hours: int
    own: float
    basis: Basis
    best: tuple[BestHour, ...]
    group: str = ""
