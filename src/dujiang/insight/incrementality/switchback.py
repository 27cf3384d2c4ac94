"""Switch-backs: the same market is treated in some blocks of time and left alone in others, by lot.

The effect is the difference of the means of the two kinds of blocks, compared within strata (for instance weekdays) where
blocks were drawn within them. The first periods of a block that switches are left out where the treatment takes time to come
or to go. The p-value and the interval come from drawing the lots again: under a supposed constant effect the outcome without
treatment is known in every block, so the test is exact whatever the outcomes look like (Fisher 1935; Bojinov, Simchi-Levi and
Zhao 2023, Design and analysis of switchback experiments, Management Science 69). Beside it stands the standard error of
Newey and West (1987) over blocks, which allows for neighbouring blocks that are alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.model import LEVEL, Doubt, Estimate, Flags, Reals, Wholes, by_t, checked_level
from dujiang.insight.incrementality.question import Strata

LEAST_BLOCKS: Final = 8
LEAST_DRAWS: Final = 199


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of a switch-back in the order of time.

    Attributes:
        outcome: mean per period in each block.
        treated: which blocks were.
        stratum: blocks were drawn within equal codes; the number of treated blocks in each is fixed.
    """

    outcome: Reals
    treated: Flags
    stratum: Wholes


@dataclass(frozen=True)
class Switchback:
    """What the treatment changed per period.

    Attributes:
        effect: interval and p by drawing lots again.
        by_hac: the same with Newey–West errors.
        blocks: blocks that count.
        doubts: reasons to believe it less.
    """

    effect: Estimate
    by_hac: Estimate
    blocks: int
    doubts: tuple[Doubt, ...]


def blocks_of(
    outcome: Reals, treated: Flags, *, length: int, washout: int = 0, stratum: Wholes | None = None
) -> Blocks:
    """Means of blocks of ``length`` periods; a last block that is not full is left out.

    Args:
        outcome: by period.
        treated: by period; the same within a block.
        length: periods of a block.
        washout: periods at the beginning of every block that follows one of the other kind which do not count.
        stratum: code of each block; all the same where None.

    Raises:
        InvalidInput: a block has both kinds, the washout leaves nothing, or lengths differ.

    >>> blocks_of(np.array([1.0, 2, 9, 4]), np.array([False, False, True, True]), length=2, washout=1).outcome.tolist()
    [1.5, 4.0]
    """
    count = len(outcome) // length if length > 0 else 0
    if len(treated) != len(outcome) or not 0 <= washout < length or (stratum is not None and len(stratum) != count):
        raise InvalidInput(
            "incrementality.blocks", _("Blocks of {length} periods with {washout} left out do not fit {periods} periods."),
            length=length, washout=washout, periods=len(outcome),
        )  # fmt: skip
    kinds, values = treated[: count * length].reshape(count, length), outcome[: count * length].reshape(count, length)
    if (kinds != kinds[:, :1]).any():
        raise InvalidInput("incrementality.mixed_block", _("A block was treated in part only. Shorten the blocks."))
    kind = kinds[:, 0]
    switched = np.concatenate([[False], kind[1:] != kind[:-1]])
    means = np.where(switched, values[:, washout:].mean(axis=1), values.mean(axis=1))
    return Blocks(means, kind, np.zeros(count, np.int64) if stratum is None else stratum)


def strata_codes(blocks: int, block_days: int, strata: Strata) -> Wholes:
    """The stratum of each block: all alike, neighbours two by two, or those that begin on the same day of the week.

    >>> strata_codes(5, 1, "pair").tolist(), strata_codes(9, 1, "weekday").tolist()
    ([0, 0, 1, 1, 2], [0, 1, 2, 3, 4, 5, 6, 0, 1])
    """
    places = np.arange(blocks)
    return {"none": places * 0, "pair": places // 2, "weekday": places * block_days % 7}[strata].astype(np.int64)


def with_both(lots: Flags, codes: Wholes) -> Flags:
    """Which blocks are in strata with and without treatment: only these count."""
    both = [code for code in np.unique(codes) if 0 < lots[codes == code].sum() < (codes == code).sum()]
    return np.isin(codes, both)


def switchback(blocks: Blocks, rng: np.random.Generator, *, level: float = LEVEL, draws: int = 1999) -> Switchback:
    """The effect of a switch-back.

    Args:
        blocks: of :func:`blocks_of`.
        rng: draws lots as they could have fallen.
        level: how often intervals are to hold the truth.
        draws: how many; the smallest p is 1 / (draws + 1).

    Raises:
        InvalidInput: no stratum has blocks of both kinds, fewer than 199 draws, or the level makes no sense.
    """
    checked_level(level)
    if draws < LEAST_DRAWS:
        raise InvalidInput("incrementality.draws", _("{draws} draws are too few; {least} are needed."),
                           draws=draws, least=LEAST_DRAWS)  # fmt: skip
    outcome, treated, stratum = _both_kinds(blocks)
    lots = lots_like(treated, stratum, rng, draws)
    value = float(contrast(treated[None], stratum)[0] @ outcome)
    doubts = (Doubt.FEW_UNITS,) if len(outcome) < LEAST_BLOCKS else ()
    weight = contrast(lots, stratum)
    # With a supposed effect e the difference under other lots is  c·y − e·c·z, a straight line in e for each draw.
    at_none, slope = weight @ outcome, weight @ treated
    effect = _inverted(value, at_none, slope, level) if not doubts else Estimate(value, None, None, None, level)
    return Switchback(effect, _hac(outcome, treated, stratum, value, level), len(outcome), doubts)


def _both_kinds(blocks: Blocks) -> tuple[Reals, Flags, Wholes]:
    keep = with_both(blocks.treated, blocks.stratum)
    if not keep.any():
        raise InvalidInput("incrementality.one_kind", _("No stratum has blocks with and without treatment."))
    return blocks.outcome[keep], blocks.treated[keep], blocks.stratum[keep]


def lots_like(treated: Flags, stratum: Wholes, rng: np.random.Generator, draws: int) -> Flags:
    """Other lots as they could have fallen: as many treated blocks in each stratum; one row each."""
    lots = np.tile(treated, (draws, 1))
    for code in np.unique(stratum):
        own = np.flatnonzero(stratum == code)
        lots[:, own] = rng.permuted(lots[:, own], axis=1)
    return lots


def contrast(lots: Flags, stratum: Wholes) -> Reals:
    """Weights of blocks: mean of the treated − mean of the others in each stratum, strata by their size."""
    weight = np.zeros(lots.shape)
    for code in np.unique(stratum):
        own = stratum == code
        count = lots[0, own].sum()
        inside = np.where(lots[:, own], 1 / count, -1 / (own.sum() - count))
        weight[:, own] = inside * own.sum() / len(stratum)
    return weight


def _inverted(value: float, at_none: Reals, slope: Reals, level: float) -> Estimate:
    """All effects e for which |at_none − e·slope| ≥ |value − e| for more than 1 − level of the lots.

    |a − e·s| ≥ |v − e| for |s| ≤ 1 holds between the two e at which both sides are equal, so each draw is kept on one
    interval around the estimate, and the ends are quantiles of the draws' ends.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.sort([(value - at_none) / (1 - slope), (value + at_none) / (1 + slope)], axis=0)
    always = np.isclose(
        np.abs(slope), 1.0
    )  # the lots that fell, or their mirror image, reach as far whatever the effect
    ends[:, always] = [[-np.inf], [np.inf]]
    needed = max(1, math.floor((1 - level) * (len(slope) + 1) + 1e-9))  # lots, with those that fell, that reach as far
    p = (1 + int((np.abs(at_none) >= abs(value) * (1 - 1e-12)).sum())) / (len(slope) + 1)
    return Estimate(value, float(np.sort(ends[0])[needed - 1]), float(np.sort(ends[1])[-needed]), p, level)


def _hac(outcome: Reals, treated: Flags, stratum: Wholes, value: float, level: float) -> Estimate:
    score = contrast(treated[None], stratum)[0] * (outcome - _fitted(outcome, treated, stratum))
    blocks, groups = len(outcome), 2 * len(np.unique(stratum))
    if blocks <= groups:
        return Estimate(value, None, None, None, level)
    lags = min(math.floor(4 * (blocks / 100) ** (2 / 9)), blocks - 1)
    variance = float(score @ score)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(score[lag:] @ score[:-lag])
    return by_t(value, math.sqrt(max(variance, 0.0) * blocks / (blocks - groups)), blocks - groups, level)


def _fitted(outcome: Reals, treated: Flags, stratum: Wholes) -> Reals:
    group = np.unique(stratum, return_inverse=True)[1] * 2 + treated
    count = np.bincount(group)
    return (np.bincount(group, outcome) / np.maximum(count, 1))[group]
