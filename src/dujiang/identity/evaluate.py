"""Persons held against the truth: what was joined wrongly, and what was missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dujiang.identity.model import Ints


@dataclass(frozen=True)
class Evaluation:
    """How well the found persons agree with the true ones.

    Attributes:
        pairs_found: pairs of records in one found person.
        pairs_true: pairs of records in one true person.
        pairs_both: pairs of records in one person by both.
        bcubed_precision: of a record's found person, the share that is truly the same; mean over records.
        bcubed_recall: of a record's true person, the share that was found; mean over records.
        persons: found persons.
        over_merged: found persons that hold records of several true ones.
        largest: true persons in the worst of them.
    """

    pairs_found: int
    pairs_true: int
    pairs_both: int
    bcubed_precision: float | None
    bcubed_recall: float | None
    persons: int
    over_merged: int
    largest: int

    @property
    def precision(self) -> float | None:
        """Share of found pairs that are true; None where no pair was found."""
        return self.pairs_both / self.pairs_found if self.pairs_found else None

    @property
    def recall(self) -> float | None:
        """Share of true pairs that were found; None where there is none to find."""
        return self.pairs_both / self.pairs_true if self.pairs_true else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where there are no pairs at all."""
        both = self.pairs_found + self.pairs_true
        return 2 * self.pairs_both / both if both else None

    @property
    def over_merged_per_10k(self) -> float | None:
        """Over-merged persons among 10,000 found ones; None where nobody was found."""
        return 10_000 * self.over_merged / self.persons if self.persons else None


def evaluate(found: Ints, true: Ints) -> Evaluation:
    """Compare two partitions of the same records.

    Args:
        found: person of each record as it was found.
        true: person of each record as it is.

    >>> result = evaluate(np.array([1, 1, 1, 2]), np.array([7, 7, 8, 8]))
    >>> result.precision, result.recall, result.over_merged
    (0.3333333333333333, 0.5, 1)
    """
    found_code, found_size = _coded(found)
    true_code, true_size = _coded(true)
    both_code, both_size = _coded(found_code * (len(true_size) + 1) + true_code)
    share = both_size[both_code].astype(np.float64)
    true_in_found = np.bincount(_first(found_code, both_code, len(both_size)), minlength=len(found_size))
    return Evaluation(
        pairs_found=_pairs(found_size),
        pairs_true=_pairs(true_size),
        pairs_both=_pairs(both_size),
        bcubed_precision=float(np.mean(share / found_size[found_code])) if len(found) else None,
        bcubed_recall=float(np.mean(share / true_size[true_code])) if len(found) else None,
        persons=len(found_size),
        over_merged=int((true_in_found > 1).sum()),
        largest=int(true_in_found.max(initial=0)),
    )


def _coded(labels: Ints) -> tuple[Ints, Ints]:
    """Labels as 0, 1, 2 … and how often each occurs."""
    _values, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return codes.astype(np.int64), sizes.astype(np.int64)


def _first(values: Ints, codes: Ints, many: int) -> Ints:
    """For each code the value that goes with it."""
    picked = np.zeros(many, np.int64)
    picked[codes] = values
    return picked


def _pairs(sizes: Ints) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
