"""Paths of touches as columns, and what attribution says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

LEAST_CONVERSIONS: Final = 30


@dataclass(frozen=True, eq=False)
class Paths:
    """Journeys of touches, each listed once with how often it ended in a conversion and how often it did not.

    The touches of path ``i`` are the rows ``offsets[i]`` to ``offsets[i + 1]``, first touch first; every path has at least one.

    Attributes:
        offsets: where each path begins, and the number of touches at the end: one more than there are paths.
        channel: code of what was touched, from 0 to ``channels`` − 1. It may stand for a campaign, a guide or a content.
        converted: conversions that each path ended in.
        value: what they brought altogether, in one unit of money.
        nulls: journeys like this that ended without a conversion.
        channels: how many codes there are.
        before_ms: for each touch the milliseconds until the conversion (or the end of the journey); only time decay reads it.
    """

    offsets: Wholes
    channel: Codes
    converted: Reals
    value: Reals
    nulls: Reals
    channels: int
    before_ms: Wholes | None = None

    def __post_init__(self) -> None:
        """Refuse columns that do not fit each other.

        Raises:
            InvalidInput: lengths differ, a path has no touch, a code is unknown, a count is negative or not finite, or there is
                value without a conversion.
        """
        count = len(self.offsets) - 1
        touches = len(self.channel)
        if count < 0 or self.offsets[0] != 0 or self.offsets[-1] != touches:
            raise InvalidInput(
                "attribution.offsets", _("Offsets have to begin with 0 and end with the number of touches.")
            )
        if count and int(np.diff(self.offsets).min()) < 1:
            raise InvalidInput(
                "attribution.empty_path", _("A path has no touch. Leave it out, or count it as one direct touch.")
            )
        if touches and not 0 <= int(self.channel.min()) <= int(self.channel.max()) < self.channels:
            raise InvalidInput(
                "attribution.channel", _("Codes of touches have to lie between 0 and {most}."), most=self.channels - 1
            )
        if self.before_ms is not None and len(self.before_ms) != touches:
            raise InvalidInput(
                "attribution.times", _("Every touch needs its time before the conversion, or none does.")
            )
        for name, column in (("converted", self.converted), ("value", self.value), ("nulls", self.nulls)):
            if len(column) != count:
                raise InvalidInput("attribution.lengths", _("Column {column} needs one number per path."), column=name)
            if count and not (np.isfinite(column).all() and column.min() >= 0):
                raise InvalidInput(
                    "attribution.counts", _("Column {column} has a number that is negative or not finite."), column=name
                )
        if (self.value[self.converted == 0] > 0).any():
            raise InvalidInput(
                "attribution.value", _("A path brought value, but no conversion. Count its conversions.")
            )

    @property
    def conversions(self) -> float:
        """All conversions."""
        return float(self.converted.sum())

    @cached_property
    def value_each(self) -> Reals:
        """What each conversion brought on the average; 0 where there is none."""
        return np.divide(self.value, self.converted, out=np.zeros_like(self.value), where=self.converted > 0)

    def weighted(self, converted: Reals, nulls: Reals) -> Paths:
        """The same paths seen ``converted`` and ``nulls`` times; value changes in proportion to the conversions."""
        return replace(self, converted=converted, nulls=nulls, value=self.value_each * converted)


@dataclass(frozen=True, eq=False)
class Credits:
    """Conversions and value shared out over channels: never negative, and in sum those of the paths.

    Attributes:
        conversions: by code of channel.
        value: by code of channel, in the unit of the paths' value.
    """

    conversions: Reals
    value: Reals


@dataclass(frozen=True, eq=False)
class Spread:
    """How far credits may lie from what other journeys of the same kind would have given.

    Attributes:
        low: lower ends of conversions by code of channel.
        high: upper ends.
        value_low: lower ends of value.
        value_high: upper ends.
        level: share of such intervals that hold the credit that endless data would give this model. They say nothing about
            whether the model is right.
        rounds: resamples they come from.
    """

    low: Reals
    high: Reals
    value_low: Reals
    value_high: Reals
    level: float
    rounds: int
