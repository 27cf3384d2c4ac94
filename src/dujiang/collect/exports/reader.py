"""Rows of an export file, one after another: text in bounded memory, a workbook's sheet as a whole.

The reader knows nothing of meanings: it finds encoding and delimiter, and gives each row as a line number and the cells as
text. Text is decoded as strict UTF-8 where its beginning allows it, else as gb18030; a byte that is no text stays visible
as a surrogate, so that only its row is bad.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import python_calamine

from dujiang.collect.exports.sources import (
    WORKBOOK_BYTES_MAX,
    Form,
    check_inflated,
    form_of,
    members,
    shown_name,
    unpacked,
)
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import DujiangError, InvalidInput, TooLarge
from dujiang.foundation.i18n import _

SAMPLE_BYTES: Final = 256 * 1024
HEAD_ROWS: Final = 30
_CHUNK_BYTES: Final = 1024 * 1024
_DELIMITERS: Final = (",", "\t", ";", "|")
_EXACT_DIGITS: Final = 15
"""Digits that a spreadsheet's number keeps; of longer ones the rest is lost."""


class Row(NamedTuple):
    """One row: line in the file (that of its beginning), cells as text, and why it could not be read, if so."""

    line: int
    cells: list[str]
    fault: str = ""


@dataclass
class TableFile:
    """An opened table: what it is, and its rows.

    Attributes:
        form: what the file is.
        encoding: of a text file, else empty.
        delimiter: of a text file, else empty.
        part: name of the table within a ZIP archive, else empty.
        total: bytes of the file, or rows of the sheet where that is known; 0 if neither.
    """

    form: Form
    encoding: str
    delimiter: str
    part: str
    total: int
    _open: Callable[[], Iterator[Row]]
    _done: Callable[[], int]

    def rows(self) -> Iterator[Row]:
        """Every row from the first, empty rows left out. May be called again."""
        return (row for row in self._open() if any(row.cells) or row.fault)

    def head(self, count: int = HEAD_ROWS) -> list[Row]:
        """The first rows."""
        return list(islice(self.rows(), count))

    def done(self) -> int:
        """How much of ``total`` has been read."""
        return self._done()


@contextmanager
def open_table(path: Path, encoding: str = "") -> Iterator[Iterator[TableFile]]:
    """The tables of a file: one, or those of a ZIP archive, each of which is there until the next is asked for.

    Args:
        path: the file.
        encoding: encoding of text; empty: found out.

    Raises:
        InvalidInput: ``file.empty``, ``file.damaged``, ``file.encrypted``, ``file.not_a_table``, ``file.encoding``,
            ``zip.no_table`` or ``zip.nested``.
        TooLarge: ``file.too_large``, ``file.inflates`` or ``zip.too_many``.
    """
    with closing(_tables(path, encoding)) as tables:
        yield tables


def _tables(path: Path, encoding: str) -> Generator[TableFile, None, None]:
    if path.stat().st_size > BOUNDS.import_bytes_max:
        sentence = _("The file is larger than {bound} MB. Export a shorter period.")
        raise TooLarge("file.too_large", sentence, bound=BOUNDS.import_bytes_max >> 20)
    form = form_of(path)
    if form != "zip":
        yield _open_one(path, form, "", encoding)
        return
    for member in members(path):
        with unpacked(path, member) as file:
            inner = form_of(file)
            if inner == "zip":
                sentence = _("The archive {name} lies within another. Unpack the outer one and import what is inside.")
                raise InvalidInput("zip.nested", sentence, name=shown_name(member))
            yield _open_one(file, inner, shown_name(member), encoding)


def _open_one(path: Path, form: Form, part: str, encoding: str) -> TableFile:
    if form == "text":
        return _open_text(path, part, encoding)
    return _open_workbook(path, form, part)


def _decoder(encoding: str) -> Callable[[str], codecs.IncrementalDecoder]:
    """What reads text in ``encoding``; codecs between bytes and bytes, such as base64, are none."""
    try:
        "".encode(encoding)
        return codecs.getincrementaldecoder(encoding)
    except (LookupError, ValueError):
        sentence = _("“{encoding}” is not a known encoding. Use utf-8 or gb18030.")
        raise InvalidInput("file.encoding", sentence, encoding=encoding[:40]) from None


def _open_text(path: Path, part: str, wanted: str) -> TableFile:
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
    encoding = wanted or find_encoding(sample)
    text = _decoder(encoding)("replace").decode(sample)
    delimiter = find_delimiter(text)
    where: list[IO[bytes]] = []

    def rows() -> Iterator[Row]:
        with path.open("rb") as raw:
            where[:] = [raw]
            with io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline="") as stream:
                yield from _text_rows(stream, delimiter)

    def done() -> int:
        return where[0].tell() if where and not where[0].closed else 0

    return TableFile("text", encoding, delimiter, part, path.stat().st_size, rows, done)


def find_encoding(sample: bytes) -> str:
    """The encoding of a text by its beginning: UTF-16 by its mark, UTF-8 if every byte allows it, else gb18030.

    >>> find_encoding("订单编号".encode("gb18030")), find_encoding("订单编号".encode()), find_encoding(b"a,b")
    ('gb18030', 'utf-8-sig', 'utf-8-sig')
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8-sig")("strict").decode(sample)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def find_delimiter(text: str) -> str:
    """The delimiter that makes the widest row of the first lines."""
    lines = text.splitlines()[:HEAD_ROWS]
    widths = {one: max((_fields(line, one) for line in lines), default=0) for one in _DELIMITERS}
    return max(_DELIMITERS, key=lambda one: widths[one])


def _fields(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0


def _text_rows(stream: io.TextIOWrapper, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(stream, delimiter=delimiter)
    line = 1
    while True:
        try:
            for cells in reader:
                yield Row(line, cells)
                line = reader.line_num + 1
            return
        except csv.Error:
            # A quotation mark without its partner swallows what follows; the reader starts afresh on the next line.
            yield Row(line, [], "unreadable")
            line = reader.line_num + 1


def _open_workbook(path: Path, form: Form, part: str) -> TableFile:
    if form == "xlsx":
        check_inflated(path, WORKBOOK_BYTES_MAX)
        if _has_error_cells(path):
            return _open_with_errors(path, part)
    elif path.stat().st_size > WORKBOOK_BYTES_MAX:
        sentence = _("The file is larger than {bound} MB. Export a shorter period.")
        raise TooLarge("file.too_large", sentence, bound=WORKBOOK_BYTES_MAX >> 20)
    sheet = _first_sheet(path)
    progress = [0]

    def rows() -> Iterator[Row]:
        for line, cells in enumerate(sheet.iter_rows(), 1):
            progress[0] = line
            yield Row(line, _width_checked([cell_text(cell) for cell in cells]))

    return TableFile(form, "", "", part, sheet.total_height, rows, lambda: progress[0])


def _first_sheet(path: Path) -> python_calamine.CalamineSheet:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        if book.sheet_names:
            return book.get_sheet_by_index(0)
    except Exception:  # noqa: BLE001 - calamine raises whatever its parsers raise
        raise InvalidInput("file.damaged", DAMAGED) from None
    raise InvalidInput("file.no_sheet", _("The workbook has no sheet. Export it again."))


def _has_error_cells(path: Path) -> bool:
    """Whether a cell of a sheet holds an error such as #REF!, which calamine would give as an empty cell."""
    with path.open("rb") as stream, zipfile.ZipFile(stream) as book, _damage_told():
        return any(_holds(book, name, b't="e"') for name in book.namelist() if name.startswith("xl/worksheets/"))


def _holds(book: zipfile.ZipFile, name: str, wanted: bytes) -> bool:
    end = b""
    with book.open(name) as part:
        while chunk := part.read(_CHUNK_BYTES):
            if wanted in end + chunk:
                return True
            end = chunk[1 - len(wanted) :]
    return False


def _open_with_errors(path: Path, part: str) -> TableFile:
    progress = [0]

    def rows() -> Iterator[Row]:
        with path.open("rb") as stream, closing(_workbook(stream)) as book, _damage_told():
            sheet = next(iter(book.worksheets), None)
            if sheet is None:
                raise InvalidInput("file.no_sheet", _("The workbook has no sheet. Export it again."))
            sheet.reset_dimensions()  # exporters write wrong ones, and rows beyond them would be lost
            for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                progress[0] = line
                yield Row(line, _width_checked([cell_text(cell) for cell in cells]))

    return TableFile("xlsx", "", "", part, 0, rows, lambda: progress[0])


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except DujiangError:
        raise
    except (zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, EOFError):  # a SyntaxError of XML
        raise InvalidInput("file.damaged", DAMAGED) from None


def _workbook(stream: IO[bytes]) -> Any:
    import openpyxl  # here, because most files are read without it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles that exporters leave out
        try:
            return openpyxl.load_workbook(stream, read_only=True, data_only=True)
        except Exception:  # noqa: BLE001 - openpyxl raises whatever its parsers raise
            raise InvalidInput("file.damaged", DAMAGED) from None


def _width_checked(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def cell_text(value: Any) -> str:
    """A spreadsheet's cell as the text it stands for.

    A number of more than 15 digits is written in scientific notation, because that is all that is left of it.

    >>> cell_text(598.0), cell_text(1234567890123456789), cell_text(dt.date(2026, 11, 11)), cell_text(None)
    ('598', '1.23456789012346E+18', '2026-11-11', '')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    return str(value)


def _number_text(value: int | float) -> str:
    if abs(value) >= 10**_EXACT_DIGITS:
        return f"{value:.14E}"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


DAMAGED: Final = _("The file is cut off or damaged. Download it again.")
