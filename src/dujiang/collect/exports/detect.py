"""Which kind of export a file is, and which of its first rows is the header."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from dujiang.collect.exports import cells
from dujiang.collect.exports.headers import Columns
from dujiang.collect.exports.mapping import MappingSpec
from dujiang.collect.exports.reader import Row
from dujiang.collect.exports.templates import Mappings
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

HEADER_WITHIN: Final = 20
"""Rows before the header that a title, a period and notes may take."""
_NAME_BONUS: Final = 3


@dataclass(frozen=True)
class Detection:
    """How well a mapping fits a header.

    Attributes:
        mapping: its name.
        usable: everything that it needs is there.
        matched: columns that it knows and the file has.
        missing: columns that it needs and the file lacks; alternatives are joined by ``/``.
        named: the file's name is one that this kind has.
        score: the order of fits: columns known, and a little for the name.
    """

    mapping: str
    usable: bool
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    named: bool
    score: float


@dataclass(frozen=True)
class Header:
    """The header row: its place among the first rows, its cells, and the mappings that fit it, best first."""

    index: int
    line: int
    cells: tuple[str, ...]
    detections: tuple[Detection, ...]

    @property
    def best(self) -> Detection | None:
        """The best usable fit."""
        return next((one for one in self.detections if one.usable), None)


def detect(header: Sequence[str], file_name: str, mappings: Mappings) -> list[Detection]:
    """Every mapping that knows some of ``header``, best first: usable ones, then by the columns that they know."""
    found = [_fit(name, spec, header, file_name) for name, spec in mappings.items()]
    return sorted((one for one in found if one.matched), key=lambda one: (not one.usable, -one.score, one.mapping))


def _fit(name: str, spec: MappingSpec, header: Sequence[str], file_name: str) -> Detection:
    columns = Columns(header, spec.aliases)
    matched = tuple(columns.having(spec.columns()))
    missing = missing_columns(spec, columns)
    other = columns.having(spec.match.absent)
    named = any(fnmatch.fnmatch(file_name.lower(), pattern.lower()) for pattern in spec.match.files)
    needed = min(spec.match.minimum, len(spec.columns()))
    usable = not missing and not other and len(matched) >= needed
    return Detection(name, usable, matched, missing, named, len(matched) + _NAME_BONUS * named)


def missing_columns(spec: MappingSpec, columns: Columns) -> tuple[str, ...]:
    """Columns that the mapping needs and the file lacks."""
    missing = [name for name in spec.match.required if not columns.places(name)]
    missing += ["/".join(group) for group in spec.match.any_of if not columns.having(group)]
    return tuple(missing)


def find_header(head: Sequence[Row], file_name: str, mappings: Mappings, spec: MappingSpec | None = None) -> Header:
    """The header among the first rows: the row that ``spec``, else any mapping, fits best.

    Raises:
        InvalidInput: ``file.no_header`` if no row has two columns; with ``spec`` one is enough.
    """
    fewest = 1 if spec else 2
    rows = [(index, row) for index, row in enumerate(head[:HEADER_WITHIN]) if sum(map(bool, row.cells)) >= fewest]
    if not rows:
        sentence = _("The file has no row with column names. Check that it is the export and not a note about it.")
        raise InvalidInput("file.no_header", sentence)
    if spec is not None:
        index, row = max(
            rows, key=lambda one: (len(Columns(one[1].cells, spec.aliases).having(spec.columns())), -one[0])
        )
        return Header(index, row.line, tuple(row.cells), tuple(detect(row.cells, file_name, mappings)))
    headers = [Header(i, row.line, tuple(row.cells), tuple(detect(row.cells, file_name, mappings))) for i, row in rows]
    return max(headers, key=_rank)


def _rank(header: Header) -> tuple[bool, float, int]:
    best = header.best or next(iter(header.detections), None)
    return header.best is not None, best.score if best else 0.0, -header.index


_DATE: Final = re.compile(r"(?<!\d)(20\d{2})[-_.年/]?(0[1-9]|1[0-2])[-_.月/]?(0[1-9]|[12]\d|3[01])(?!\d)")


def day_in_name(file_name: str) -> date | None:
    """The one day that a file's name tells; None for a name with no day or with a period.

    >>> day_in_name("商品360-流量来源-2026-11-10.xls"), day_in_name("20261101_20261107.csv")
    (datetime.date(2026, 11, 10), None)
    """
    found = [cells.local_moment("-".join(parts)) for parts in _DATE.findall(file_name)]
    days: Iterable[date] = {one.date() for one in found if one is not None and not isinstance(one, cells.Bad)}
    distinct = set(days)
    return distinct.pop() if len(distinct) == 1 else None
