"""What purchase models know of people: how often they came back, when last, and for how long they could have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dujiang.people.prediction.special import Ints, Reals


@dataclass(frozen=True)
class Histories:
    """Purchase histories, as many rows as there are different ones.

    Attributes:
        x: repeat purchase occasions (the first does not count; several orders on one day are one).
        t_x: weeks from the first occasion to the last; 0 where x is 0.
        T: weeks from the first occasion to the moment up to which everything is known.
        weight: people with this history.
    """

    x: Ints
    t_x: Reals
    T: Reals
    weight: Reals

    @classmethod
    def of(cls, x: npt.ArrayLike, t_x: npt.ArrayLike, end: npt.ArrayLike) -> Histories:
        """Histories of single people, equal ones put together.

        >>> Histories.of([1, 0, 0], [2.0, 0.0, 0.0], [9.0, 9.0, 9.0]).weight
        array([2., 1.])
        """
        xs, lasts, ends = np.asarray(x, np.int64), np.asarray(t_x, np.float64), np.asarray(end, np.float64)
        order = np.lexsort((ends, lasts, xs))
        xs, lasts, ends = xs[order], lasts[order], ends[order]
        new = np.ones(len(order), bool)
        new[1:] = (np.diff(xs) != 0) | (np.diff(lasts) != 0) | (np.diff(ends) != 0)
        starts = np.flatnonzero(new)
        weight = np.diff(np.append(starts, len(order))).astype(np.float64)
        return cls(xs[starts], lasts[starts], ends[starts], weight)

    @property
    def people(self) -> int:
        """People."""
        return int(self.weight.sum())

    @property
    def returned(self) -> int:
        """People who came back at least once."""
        return int(self.weight[self.x > 0].sum())

    def every(self, step: int) -> Histories:
        """Every ``step``-th different history: a part on which a first estimate is quick."""
        return Histories(self.x[::step], self.t_x[::step], self.T[::step], self.weight[::step])
