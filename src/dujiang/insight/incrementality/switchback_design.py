"""Switch-backs, planned on the past: how long blocks are, what is left out after a switch, how many blocks, what could be seen.

Lots are drawn within strata, so that weekdays or slow trends do not fall on one side. The plan pretends the test in windows of
the past: lots are drawn, an effect is added to the treated blocks, and the test by drawing lots again says whether it is seen.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.model import LEVEL, Doubt, Flags, Reals, Wholes, checked_level
from dujiang.insight.incrementality.question import Strata
from dujiang.insight.incrementality.switchback import (
    LEAST_BLOCKS,
    blocks_of,
    contrast,
    lots_like,
    strata_codes,
    with_both,
)

WINDOWS: Final = 40
LEAST_WINDOWS: Final = 10
MOST_EFFECT: Final = 2.0
_DRAWS: Final = 399
_LOTS: Final = 3
_HALVINGS: Final = 10


@dataclass(frozen=True)
class Rhythm:
    """How time is divided.

    Attributes:
        blocks: how many there are.
        block_days: days of each.
        washout_days: days after a switch that do not count.
        strata: lots are drawn within these.
    """

    blocks: int
    block_days: int
    washout_days: int = 0
    strata: Strata = "none"

    @property
    def days(self) -> int:
        """Of the whole test."""
        return self.blocks * self.block_days

    @property
    def codes(self) -> Wholes:
        """The stratum of each block."""
        return strata_codes(self.blocks, self.block_days, self.strata)


@dataclass(frozen=True, eq=False)
class SwitchbackPlan:
    """A switch-back that could be made.

    Attributes:
        rhythm: how time is divided.
        seen_from: for each pretended test, the relative effect from which on it is significant; infinite for none.
        alarms: share of pretended tests that are significant though nothing happened; None with fewer than ten windows.
        detectable: smallest relative effect that is seen with the power asked for; None as before, or where even a tripling is
            not.
        counted: share of the days that count, as the washout leaves out the others.
        doubts: reasons not to rely on it.
    """

    rhythm: Rhythm
    seen_from: Reals
    alarms: float | None
    detectable: float | None
    counted: float
    doubts: tuple[Doubt, ...]

    def power(self, effect: float) -> float | None:
        """The share of tests that find a relative ``effect`` significant; None where nothing is known."""
        return float((self.seen_from <= effect).mean()) if len(self.seen_from) else None


def drawn_lots(rhythm: Rhythm, salt: str) -> Flags:
    """Which blocks are treated: half of each stratum, the same for the same salt.

    >>> drawn_lots(Rhythm(6, 1, strata="pair"), "spring").reshape(3, 2).sum(axis=1).tolist()
    [1, 1, 1]
    """
    seed = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8], "big")
    return _drawn(rhythm.codes, np.random.default_rng(seed))


def plan_switchback(past: Reals, rhythm: Rhythm, *, level: float = LEVEL, power: float = 0.8) -> SwitchbackPlan:
    """What a switch-back of this rhythm could see.

    Args:
        past: the metric by day, without any test in it.
        rhythm: how time is divided.
        level: 1 − the share of false alarms.
        power: share of the tests that are to see the detectable effect.

    Raises:
        InvalidInput: the washout leaves nothing of a block, or a level or power that is no share.
    """
    checked_level(level)
    checked_level(power)
    if not 0 <= rhythm.washout_days < rhythm.block_days:
        raise InvalidInput(
            "incrementality.washout", _("{washout} days of washout leave nothing of a block of {block} days."),
            washout=rhythm.washout_days, block=rhythm.block_days,
        )  # fmt: skip
    rng = np.random.default_rng(7)
    windows = len(past) - rhythm.days + 1
    doubts = [Doubt.FEW_UNITS] if (np.bincount(rhythm.codes)[rhythm.codes] > 1).sum() < LEAST_BLOCKS else []
    if windows < LEAST_WINDOWS:
        doubts.append(Doubt.FEW_PERIODS)
    seen, alarms = [], 0
    if not doubts:
        for first in np.unique(np.linspace(0, windows - 1, WINDOWS).round().astype(int)):
            for _lot in range(_LOTS):
                one = _Pretended.made(past[first : first + rhythm.days], rhythm, rng)
                alarms += one.significant(0.0, level)
                seen.append(one.seen_from(level))
    detectable = float(np.sort(seen)[math.ceil(power * len(seen)) - 1]) if seen else math.inf
    return SwitchbackPlan(
        rhythm,
        np.array(seen),
        alarms / len(seen) if seen else None,
        detectable if math.isfinite(detectable) else None,
        1 - _left_out(rhythm),
        tuple(doubts),
    )


@dataclass(frozen=True, eq=False)
class _Pretended:
    """A test in the past: differences under other lots, without effect and of the treated blocks' own height."""

    value: float
    gained: float
    others: Reals
    others_gained: Reals

    @classmethod
    def made(cls, days: Reals, rhythm: Rhythm, rng: np.random.Generator) -> _Pretended:
        codes = rhythm.codes
        lots = _drawn(codes, rng)
        blocks = blocks_of(
            days,
            np.repeat(lots, rhythm.block_days),
            length=rhythm.block_days,
            washout=rhythm.washout_days,
            stratum=codes,
        )
        keep = with_both(lots, codes)
        outcome, lots, codes = blocks.outcome[keep], lots[keep], codes[keep]
        own, others = contrast(lots[None], codes)[0], contrast(lots_like(lots, codes, rng, _DRAWS), codes)
        treated = outcome * lots
        return cls(float(own @ outcome), float(own @ treated), others @ outcome, others @ treated)

    def significant(self, effect: float, level: float) -> bool:
        value = abs(self.value + effect * self.gained)
        reached = int((np.abs(self.others + effect * self.others_gained) >= value * (1 - 1e-12)).sum())
        return (1 + reached) / (1 + len(self.others)) <= 1 - level + 1e-12

    def seen_from(self, level: float) -> float:
        low = max(0.0, -self.value / self.gained) if self.gained > 0 else 0.0
        high = MOST_EFFECT
        if not self.significant(high, level):
            return math.inf
        if self.significant(low, level):
            return low
        for _half in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.significant(middle, level) else (middle, high)
        return high


def _drawn(codes: Wholes, rng: np.random.Generator) -> Flags:
    lots = np.zeros(len(codes), np.bool_)
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        more = len(own) // 2 + (int(rng.integers(2)) if len(own) % 2 else 0)
        lots[rng.choice(own, more, replace=False)] = True
    return lots


def _left_out(rhythm: Rhythm) -> float:
    """Share of days that the washout takes if half of the blocks follow one of the other kind."""
    return rhythm.washout_days / rhythm.block_days * (rhythm.blocks - 1) / (2 * rhythm.blocks)
