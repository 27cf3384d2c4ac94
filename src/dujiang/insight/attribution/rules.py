"""Models that share out each path by itself, by a rule: first, last, linear, time decay, position, own weights.

A rule gives a weight to every touch; the weights of a path sum to one, so that a path's conversions are shared out whole. A
channel that is touched twice in a path gets both its shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.model import Credits, Paths, Reals


class Rule(Protocol):
    """How much each touch of a path weighs."""

    def weigh(self, paths: Paths) -> Reals:
        """Weights of all touches, none negative; those of a path need not sum to one."""
        ...


@dataclass(frozen=True)
class First:
    """All to the first touch: who made us known."""

    def weigh(self, paths: Paths) -> Reals:
        """One at the first touch of each path."""
        return _ones_at(paths, paths.offsets[:-1])


@dataclass(frozen=True)
class Last:
    """All to the last touch: who closed the deal."""

    def weigh(self, paths: Paths) -> Reals:
        """One at the last touch of each path."""
        return _ones_at(paths, paths.offsets[1:] - 1)


@dataclass(frozen=True)
class LastNonDirect:
    """All to the last touch that is not direct; to the last touch where all of a path are.

    Attributes:
        direct: codes of channels that count as direct.
    """

    direct: tuple[int, ...]

    def weigh(self, paths: Paths) -> Reals:
        """One at the last touch of each path that is not direct."""
        is_direct = np.zeros(paths.channels, np.bool_)
        is_direct[list(self.direct)] = True
        kernel: Any = kernels.last_of_others
        return _ones_at(paths, kernel(paths.offsets, paths.channel, is_direct))


@dataclass(frozen=True)
class Linear:
    """The same to every touch."""

    def weigh(self, paths: Paths) -> Reals:
        """One at every touch."""
        return np.ones(len(paths.channel))


@dataclass(frozen=True)
class TimeDecay:
    """Half as much for each half-life that a touch lies further back.

    Attributes:
        half_life_ms: milliseconds after which a touch weighs half.
    """

    half_life_ms: float

    def weigh(self, paths: Paths) -> Reals:
        """Powers of one half, relative to the last touch of each path.

        Raises:
            InvalidInput: the paths carry no times, or the half-life is not positive.
        """
        if paths.before_ms is None:
            raise InvalidInput(
                "attribution.no_times", _("Time decay needs the time of every touch before its conversion.")
            )
        if self.half_life_ms <= 0:
            raise InvalidInput(
                "attribution.half_life",
                _("The half-life is {half_life}; it has to be above 0."),
                half_life=self.half_life_ms,
            )
        # Relative to the last touch, so that paths that lie far back do not vanish altogether.
        last = np.repeat(paths.before_ms[paths.offsets[1:] - 1], np.diff(paths.offsets))
        return np.exp2(-np.maximum(paths.before_ms - last, 0) / self.half_life_ms)


@dataclass(frozen=True)
class Position:
    """Fixed shares for the first and the last touch, the rest evenly to those between (U-shape).

    A path of two touches is divided by the ratio of ``first`` to ``last`` (evenly if both are 0).

    Attributes:
        first: share of the first touch.
        last: share of the last touch.
    """

    first: float = 0.4
    last: float = 0.4

    def weigh(self, paths: Paths) -> Reals:
        """Shares by position.

        Raises:
            InvalidInput: a share is negative, or both are more than 1 together.
        """
        between = 1 - self.first - self.last
        if min(self.first, self.last) < 0 or between < -1e-12:
            raise InvalidInput(
                "attribution.position", _("Shares {first} and {last} have to be 0 or more, and 1 at most together."),
                first=self.first, last=self.last,
            )  # fmt: skip
        length = np.diff(paths.offsets)
        weight = np.repeat(max(between, 0.0) / np.maximum(length - 2, 1), length)
        weight[paths.offsets[1:] - 1] = self.last
        weight[paths.offsets[:-1]] = self.first
        return weight


@dataclass(frozen=True)
class Custom:
    """Weights of one's own for channels: a touch counts as much as its channel; evenly where all of a path weigh nothing.

    Attributes:
        weights: by code of channel.
        within: the rule whose weights are multiplied by them.
    """

    weights: tuple[float, ...]
    within: Rule = Linear()

    def weigh(self, paths: Paths) -> Reals:
        """Weights of the other rule times those of the channels.

        Raises:
            InvalidInput: not one weight for each channel, or a negative one.
        """
        if len(self.weights) != paths.channels or min(self.weights, default=0.0) < 0:
            raise InvalidInput(
                "attribution.weights", _("{channels} weights are needed, one per channel, none negative."),
                channels=paths.channels,
            )  # fmt: skip
        return self.within.weigh(paths) * np.asarray(self.weights, np.float64)[paths.channel]


def touch_shares(paths: Paths, rule: Rule) -> Reals:
    """The share of each touch in its path's conversions; they sum to one in every path.

    >>> two = Paths(np.array([0, 3]), np.array([0, 1, 1], np.int32), np.ones(1), np.ones(1), np.zeros(1), 2)
    >>> touch_shares(two, Position()).round(2).tolist()
    [0.4, 0.2, 0.4]
    """
    weight = rule.weigh(paths)
    kernel: Any = kernels.normalise
    kernel(paths.offsets, weight)
    return weight


def by_rule(paths: Paths, rule: Rule) -> Credits:
    """Credits of channels by ``rule``."""
    return by_shares(paths, touch_shares(paths, rule))


def by_shares(paths: Paths, shares: Reals) -> Credits:
    """Credits of channels by shares of touches that sum to one in every path."""
    kernel: Any = kernels.share_out
    return Credits(*kernel(paths.offsets, paths.channel, shares, paths.converted, paths.value, paths.channels))


def _ones_at(paths: Paths, rows: Any) -> Reals:
    weight = np.zeros(len(paths.channel))
    weight[rows] = 1.0
    return weight
