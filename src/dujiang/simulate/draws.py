"""Chance without state: what is drawn depends only on the seed, the name of the draw, and whom it is for.

Nobody's luck depends on who was drawn before, so people can be made in blocks of any size, in any order, and stay the same.
The generator is SplitMix64 used as a hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Keys = npt.ArrayLike
Amount = Reals | Ints | float

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def scramble(values: npt.NDArray[Any]) -> Bits:
    """A bijection of 64-bit numbers that looks random (the finaliser of SplitMix64)."""
    z = values.astype(np.uint64) + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))


@dataclass(frozen=True)
class Draws:
    """All chance of one simulation."""

    seed: int

    def bits(self, name: str, *keys: Keys) -> Bits:
        """64 random bits for each of the keys (arrays that broadcast together)."""
        digest = hashlib.blake2b(f"{self.seed}:{name}".encode(), digest_size=8).digest()
        state: Bits = np.array(int.from_bytes(digest, "little"), np.uint64)
        with np.errstate(over="ignore"):
            for key in keys:
                state = scramble(state ^ np.asarray(key).astype(np.uint64))
        return state

    def uniform(self, name: str, *keys: Keys) -> Reals:
        """Uniform in [0, 1)."""
        return np.asarray((self.bits(name, *keys) >> np.uint64(11)) * 2.0**-53, np.float64)

    def chance(self, name: str, probability: Amount, *keys: Keys) -> Flags:
        """True with ``probability``."""
        return self.uniform(name, *keys) < probability

    def whole(self, name: str, below: Amount, *keys: Keys) -> Ints:
        """A whole number from 0 to ``below`` − 1."""
        return (self.uniform(name, *keys) * below).astype(np.int64)

    def exponential(self, name: str, mean: Amount, *keys: Keys) -> Reals:
        """Exponential with ``mean``."""
        return np.asarray(-np.log1p(-self.uniform(name, *keys)) * mean, np.float64)

    def normal(self, name: str, *keys: Keys) -> Reals:
        """Standard normal (Box–Muller)."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(name + ":radius", *keys)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(name + ":angle", *keys)), np.float64)

    def poisson(self, name: str, mean: npt.ArrayLike, *keys: Keys) -> Ints:
        """Poisson by inversion; meant for means below a few hundred."""
        draw = self.uniform(name, *keys)
        means = np.broadcast_to(np.asarray(mean, np.float64), draw.shape)
        term = np.exp(-means)
        total = term.copy()
        count = np.zeros(draw.shape, np.int64)
        open_ = draw > total
        while open_.any():
            count[open_] += 1
            term = term * means / np.maximum(count, 1)
            total = total + np.where(open_, term, 0.0)
            open_ &= (draw > total) & (term > 1e-300)
        return count

    def choice(self, name: str, weights: npt.ArrayLike, *keys: Keys) -> Ints:
        """An index into ``weights``, each as likely as its weight says."""
        edges = np.cumsum(np.asarray(weights, np.float64))
        found = np.searchsorted(edges, self.uniform(name, *keys) * edges[-1], side="right")
        return np.minimum(found, len(edges) - 1).astype(np.int64)

    def choice_by_row(self, name: str, table: Reals, row: Ints, *keys: Keys) -> Ints:
        """The same, where each draw has the weights of one ``row`` of ``table``."""
        edges = np.cumsum(table, axis=1)
        edges = edges / edges[:, -1:] + np.arange(len(table))[:, None]
        found = np.searchsorted(edges.ravel(), row + self.uniform(name, *keys), side="right")
        return np.clip(found - row * table.shape[1], 0, table.shape[1] - 1).astype(np.int64)


def spread(counts: Ints) -> tuple[Ints, Ints]:
    """For each item of groups with ``counts`` members: the group it is in, and its place there.

    >>> [part.tolist() for part in spread(np.array([2, 0, 1]))]
    [[0, 0, 2], [0, 1, 0]]
    """
    group = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return group, np.arange(len(group)) - np.repeat(first, counts)
