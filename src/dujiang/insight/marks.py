"""Counting people exactly with marks: one bit for each person and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_MARKS_MAX: Final = 1 << 27


@dataclass(frozen=True)
class Codes:
    """A column as small numbers.

    Attributes:
        code: of each row, from 0.
        values: what the codes stand for, at their positions.
        size: how many codes there are.
    """

    code: Whole
    values: list[Any]
    size: int

    def translated(self, numbers: list[int]) -> Whole:
        """Each row's number, from the numbers of the codes."""
        return np.array(numbers, np.int64)[self.code]


def coded(column: pa.ChunkedArray, *, named: bool = True) -> Codes:
    """The column as codes; unless they are ``named``, what they stand for is left out.

    >>> coded(pa.chunked_array([["b", "a", "b"]])).code.tolist()
    [0, 1, 0]
    """
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist() if named else []
    return Codes(encoded.indices.to_numpy().astype(np.int64), values, len(encoded.dictionary))


def people_in(place: Whole, places: int, person: Codes, which: Flags | None = None) -> Whole:
    """How many different people there are in each of ``places``, among the rows ``which`` (None: all)."""
    pair = place * person.size + person.code
    pair = pair if which is None else pair[which]
    if places * person.size > _MARKS_MAX:
        return np.bincount(np.unique(pair) // person.size, minlength=places)
    marks = np.zeros(places * person.size, np.bool_)
    marks[pair] = True
    return np.count_nonzero(marks.reshape(places, person.size), axis=1)


def rows_in(place: Whole, places: int, which: Flags | None = None) -> Whole:
    """How many of the rows ``which`` (None: all) there are in each of ``places``."""
    return np.bincount(place if which is None else place[which], minlength=places)


def in_several(scope: Whole, person: Codes, channel: Codes, which: Flags | None = None) -> Flags:
    """Those of the rows ``which`` (None: all) whose person has rows of at least two channels in the same scope."""
    pair = scope * person.size + person.code
    chosen = np.arange(len(pair)) if which is None else np.flatnonzero(which)
    pairs, codes = pair[chosen], channel.code[chosen]
    one_of_them = np.zeros(int(pair.max(initial=0)) + 1, channel.code.dtype)
    one_of_them[pairs] = codes
    several = np.zeros(len(one_of_them), np.bool_)
    several[pairs[one_of_them[pairs] != codes]] = True
    found = np.zeros(len(pair), np.bool_)
    found[chosen] = several[pairs]
    return found
