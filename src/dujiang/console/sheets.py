"""A sheet is a table once: the page shows it, CSV and XLSX download it, so an export is exactly what is on the screen."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from dujiang.console.formats import NUMERIC, Kind, plain

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
_XLSX_UNPRINTABLE: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32)), None)
_NOT_IN_TITLES: Final = dict.fromkeys([*range(32), *map(ord, "[]:*?/\\'")], " ")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: key in addresses (sorting) and files.
        label: heading, already in the reader's language.
        kind: how values are written.
        bar: draw a bar for the value (a share between 0 and 1).
        hint: what it means, shown on hover.
    """

    name: str
    label: str
    kind: Kind = "text"
    bar: bool = False
    hint: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is set flush right."""
        return self.kind in NUMERIC


@dataclass(frozen=True)
class Sheet:
    """A table: ``rows`` hold one value for each column; ``links`` an address (or "") for each row's first cell.

    ``cells`` holds the same by name of a column for other cells of it.

    ``totals`` is None where adding up would be wrong, and holds None for the columns that cannot be added. ``offered`` are all
    columns that the reader may choose from, where only some are shown. ``every`` gives, for an export, all rows of which
    ``rows`` are one page, and ``count`` how many those are.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]
    links: Sequence[str] = ()
    totals: tuple[Any, ...] | None = None
    caption: str = ""
    offered: tuple[Column, ...] = ()
    every: Callable[[], Iterator[tuple[Any, ...]]] | None = None
    count: int | None = None
    cells: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def only(self, names: Collection[str]) -> Sheet:
        """The sheet with its first column and those called ``names``; all of them where none of these is there."""
        places = [place for place, one in enumerate(self.columns) if place == 0 or one.name in names]
        if len(places) < 2 or len(places) == len(self.columns):
            return replace(self, offered=self.columns)

        def chosen(row: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(row[place] for place in places)

        every = self.every
        return replace(
            self,
            columns=chosen(self.columns),
            rows=[chosen(row) for row in self.rows],
            totals=None if self.totals is None else chosen(self.totals),
            offered=self.columns,
            every=None if every is None else lambda: map(chosen, every()),
        )

    @property
    def exported(self) -> Iterable[tuple[Any, ...]]:
        """The rows of an export."""
        return self.every() if self.every else self.rows

    @property
    def export_rows(self) -> int:
        """How many rows an export has."""
        return len(self.rows) if self.count is None else self.count

    def named(self, label: Callable[[str], str]) -> Sheet:
        """The sheet with channels by the names that people see, for an export."""
        places = [place for place, column in enumerate(self.columns) if column.kind == "channel"]
        if not places:
            return self

        def told(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(label(value) if place in places and value else value for place, value in enumerate(row))

        every = self.every
        return replace(
            self, rows=[told(row) for row in self.rows], every=None if every is None else lambda: map(told, every())
        )

    def link(self, index: int) -> str:
        """Address of a row's first cell; empty where it leads nowhere."""
        return self.links[index] if index < len(self.links) else ""

    def cell_link(self, index: int, column: str) -> str:
        """Address of another cell of a row; empty where it leads nowhere."""
        links = self.cells.get(column, ())
        return links[index] if index < len(links) else ""


def harmless(value: str) -> str:
    """``value`` so that no spreadsheet takes it for a formula.

    >>> harmless("=1+1"), harmless("茶"), harmless("")
    ("'=1+1", '茶', '')
    """
    return "'" + value if value.startswith(_FORMULA_STARTS) else value


def to_csv(sheet: Sheet, zone: ZoneInfo) -> Iterator[bytes]:
    """The sheet as UTF-8 with a byte order mark (which spreadsheet programs need to read Chinese), line by line."""
    yield b"\xef\xbb\xbf"
    yield _line([harmless(column.label) for column in sheet.columns])
    for row in sheet.exported:
        yield _line(_cells(sheet, row, zone))


def to_xlsx(sheet: Sheet, zone: ZoneInfo) -> bytes:
    """The sheet as a workbook whose cells are only numbers and text, never formulas."""
    return workbook([(sheet.name, sheet)], zone)


def workbook(sheets: Iterable[tuple[str, Sheet]], zone: ZoneInfo) -> bytes:
    """Several sheets as one workbook, each with its title."""
    book = Workbook(write_only=True)
    for title, sheet in sheets:
        page = book.create_sheet(title.translate(_NOT_IN_TITLES)[:31])
        page.append([_text_cell(page, column.label) for column in sheet.columns])
        for row in sheet.exported:
            cells = _cells(sheet, row, zone)
            page.append([_text_cell(page, cell) if isinstance(cell, str) else cell for cell in cells])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _cells(sheet: Sheet, row: tuple[Any, ...], zone: ZoneInfo) -> list[str | int | float]:
    cells = [plain(value, column.kind, zone) for value, column in zip(row, sheet.columns, strict=True)]
    return [harmless(cell) if isinstance(cell, str) else cell for cell in cells]


def _line(cells: Sequence[str | int | float]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow(cells)
    return stream.getvalue().encode()


def _text_cell(page: Any, text: str) -> Any:
    cell = WriteOnlyCell(page, value=text.translate(_XLSX_UNPRINTABLE))
    cell.data_type = "s"
    return cell
