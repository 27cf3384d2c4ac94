"""Found relations held against the truth: what was related wrongly, and what was missed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

Tie = tuple[int, int]
"""Two people in ascending order, or a thing and a person."""


@dataclass(frozen=True)
class Measured:
    """How well the relations of one kind agree with the truth.

    Attributes:
        found: ties found between people who are known to the truth.
        right: of these, those that are true.
        true: ties there are in truth.
        visible: of these, those of which some record names the thing with both ends: the most that can be found.
        found_visible: of these, those that were found.
    """

    found: int
    right: int
    true: int
    visible: int
    found_visible: int

    @property
    def precision(self) -> float | None:
        """Share of found ties that are true; None where none was found."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of visible ties that were found; None where none is visible."""
        return self.found_visible / self.visible if self.visible else None


def measure(found: AbstractSet[Tie], true: AbstractSet[Tie], visible: AbstractSet[Tie]) -> Measured:
    """Compare ``found`` with ``true`` ties, of which some record names those in ``visible``.

    >>> measured = measure({(1, 2), (1, 3)}, {(1, 2), (4, 5), (6, 7)}, {(1, 2), (4, 5)})
    >>> measured.precision, measured.recall
    (0.5, 0.5)
    """
    seen = visible & true
    return Measured(len(found), len(found & true), len(true), len(seen), len(found & seen))
