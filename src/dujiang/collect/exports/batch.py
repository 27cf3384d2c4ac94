"""Some thousand rows of a file, looked at by column, and what was found wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

from dujiang.collect.exports.cells import Bad, Memo


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: the column (None: the row as a whole) and why."""

    place: int | None
    bad: Bad


class Faults(dict[int, Fault]):
    """The first fault of each faulty row, by the row's place in the chunk."""

    def add(self, row: int, place: int | None, bad: Bad) -> None:
        """Note ``bad`` unless the row has a fault already."""
        self.setdefault(row, Fault(place, bad))


@dataclass
class Batch:
    """Rows of equal width.

    Attributes:
        rows: cells, one list for each row.
        origin: the place in the chunk that each row comes from.
        faults: shared by all batches of a chunk.
    """

    rows: Sequence[Sequence[str]]
    origin: Sequence[int]
    faults: Faults

    @cached_property
    def columns(self) -> list[tuple[str, ...]]:
        """The cells by column."""
        return list(zip(*self.rows, strict=True))

    def read(self, place: int, memo: Memo) -> list[Any]:
        """Column ``place`` as ``memo`` reads it; cells that cannot be read are faults, and None."""
        values = memo.column(self.columns[place])
        if memo.bad:
            for row, value in enumerate(values):
                if value.__class__ is Bad:
                    self.faults.add(self.origin[row], place, value)
                    values[row] = None
        return values

    def require(self, values: Sequence[Any], place: int | None, bad: Bad) -> None:
        """Make rows without a value faulty."""
        if None in values:
            for row, value in enumerate(values):
                if value is None:
                    self.faults.add(self.origin[row], place, bad)

    def select(self, chosen: Sequence[bool]) -> Batch:
        """Only the rows that are chosen."""
        if all(chosen):
            return self
        return Batch(list(compress(self.rows, chosen)), list(compress(self.origin, chosen)), self.faults)

    def __len__(self) -> int:
        return len(self.rows)
