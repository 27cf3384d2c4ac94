"""Columns of text, made whole columns at a time: a million rows are formatted without a loop over rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from dujiang.simulate.draws import Bits, Flags, Ints, scramble

pc: Any = pyarrow.compute
"""Arrow's functions on columns; they are made when it is imported, so no type checker knows them."""

Text = pa.Array | pa.ChunkedArray | str
"""A column, or one text that all rows share."""

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX: Final = "0123456789abcdef"
_ZONE_SECONDS: Final = 8 * 3600  # Asia/Shanghai has had no summer time since 1991
_DAY: Final = 86_400


def join(*parts: Text) -> pa.Array:
    """The parts of each row, one after the other."""
    return pc.binary_join_element_wise(*parts, "")


def take(words: Sequence[str] | pa.Array, index: npt.NDArray[np.integer]) -> pa.Array:
    """The word at each index."""
    known: Any = pa.array(words, pa.string()) if isinstance(words, Sequence) else words
    return known.take(pa.array(index))


def where(condition: Flags, yes: Text, no: Text = "") -> pa.Array:
    """``yes`` where the condition holds, else ``no``."""
    return pc.if_else(pa.array(condition), yes, no)


def plain(numbers: npt.NDArray[np.integer]) -> pa.Array:
    """Whole numbers as they are."""
    return pa.array(numbers).cast(pa.string())


def digits(numbers: npt.NDArray[np.integer], width: int) -> pa.Array:
    """Whole numbers of ``width`` digits, zeros in front."""
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")


def money(fen: Ints) -> pa.Array:
    """Fen as yuan with two decimals."""
    whole = np.abs(fen)
    sign = where(fen < 0, "-")
    return join(sign, plain(whole // 100), ".", take(_cents(), whole % 100))


@cache
def _cents() -> pa.Array:
    return pa.array([f"{cent:02d}" for cent in range(100)])


def letters(bits: Bits, width: int, alphabet: str = BASE62) -> pa.Array:
    """``width`` characters of ``alphabet`` for each number; the same number gives the same characters."""
    base, signs = np.uint64(len(alphabet)), np.frombuffer(alphabet.encode(), np.uint8)
    text = np.empty((len(bits), width), np.uint8)
    left = bits.astype(np.uint64)
    for place in range(width):
        if place and place % 10 == 0:
            left = scramble(left ^ bits)
        left, sign = left // base, left % base
        text[:, place] = signs[sign.astype(np.int64)]
    buffers = [None, pa.py_buffer(text.tobytes())]
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(bits), buffers)
    return fixed.cast(pa.binary()).cast(pa.string())


def uuid(bits: Bits) -> pa.Array:
    """A version-4 UUID made from the number."""
    hexes = letters(scramble(bits), 30, HEX)
    cut = pc.utf8_slice_codeunits
    return join(
        cut(hexes, 0, 8),
        "-",
        cut(hexes, 8, 12),
        "-4",
        cut(hexes, 12, 15),
        "-a",
        cut(hexes, 15, 18),
        "-",
        cut(hexes, 18, 30),
    )


class Moments:
    """Writes moments that are counted from local midnight of the first day."""

    def __init__(self, start: date, days: int) -> None:
        self.start = start
        # Some moments lie outside: finished after the end, met the brand before the start.
        self._before = 800
        first, span = start - timedelta(self._before), self._before + days + 200
        texts = [(first + timedelta(day)).isoformat() for day in range(span)]
        self._days = {mark: pa.array([one.replace("-", mark) for one in texts]) for mark in ("-", "")}

    def dates(self, day: Ints, separator: str = "-") -> pa.Array:
        """``2026-11-11``, or without a separator."""
        return take(self._days[separator], day + self._before)

    def local(self, seconds: Ints) -> pa.Array:
        """``2026-11-11 20:00:03`` in the brand's zone."""
        return join(self.dates(seconds // _DAY), " ", take(_clock(), seconds % _DAY))

    def compact(self, seconds: Ints) -> pa.Array:
        """``20261111200003``."""
        return join(self.dates(seconds // _DAY, ""), pc.replace_substring(take(_clock(), seconds % _DAY), ":", ""))

    def utc(self, milliseconds: Ints) -> pa.Array:
        """``2026-11-11T12:00:03.123Z``."""
        seconds = milliseconds // 1000 - _ZONE_SECONDS
        clock = take(_clock(), seconds % _DAY)
        return join(self.dates(seconds // _DAY), "T", clock, ".", take(_thousandths(), milliseconds % 1000), "Z")

    def epoch_ms(self, milliseconds: Ints) -> Ints:
        """Milliseconds since 1970 in UTC."""
        return milliseconds + ((self.start - date(1970, 1, 1)).days * _DAY - _ZONE_SECONDS) * 1000

    def moments(self, seconds: Ints) -> pa.Array:
        """The same as Arrow timestamps in UTC."""
        return pa.array(self.epoch_ms(seconds * 1000) * 1000).cast(pa.timestamp("us", tz="UTC"))


@cache
def _clock() -> pa.Array:
    return pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(_DAY)])


@cache
def _thousandths() -> pa.Array:
    return pa.array([f"{one:03d}" for one in range(1000)])
