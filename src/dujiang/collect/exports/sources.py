"""What kind of file an upload is, by its first bytes, and its parts where it is an archive.

A file's name says nothing reliable: platforms call tab-separated text ``.xls`` and web pages ``.xlsx``.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import InvalidInput, TooLarge
from dujiang.foundation.i18n import _

Form = Literal["text", "xlsx", "xls", "zip"]

MEMBERS_MAX: Final = 200
WORKBOOK_BYTES_MAX: Final = 1024 * 1024 * 1024
"""Inflated bytes of one workbook: its strings are held in memory while it is read."""
_CONTROLS: Final = tuple(bytes([code]) for code in range(1, 32) if code not in b"\t\n\r\x1b")
_CONTROLS_MAX: Final = 0.03
_COPY_BYTES: Final = 1024 * 1024


def form_of(path: Path) -> Form:
    """What ``path`` is.

    Raises:
        InvalidInput: ``file.empty``, ``file.damaged``, ``file.encrypted`` or ``file.not_a_table``.
    """
    with path.open("rb") as stream:
        start = stream.read(1024)
    if not start.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise InvalidInput("file.empty", _("The file is empty. Export it again."))
    if start.startswith(b"PK\x03\x04"):
        return "xlsx" if "xl/workbook.xml" in _names(path) else "zip"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    magic = (b"<", b"%PDF", b"{", b"\x89PNG", b"Rar!", b"7z\xbc\xaf")
    if start.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(magic) or _is_binary(start):
        sentence = _("This is not a table, whatever its name says. Export it as CSV or XLSX, unpacked or as ZIP.")
        raise InvalidInput("file.not_a_table", sentence)
    return "text"


def _is_binary(start: bytes) -> bool:
    """Whether it holds more control characters than a careless export does; UTF-16 is full of them, and says so at first."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return sum(map(start.count, _CONTROLS)) > len(start) * _CONTROLS_MAX


def _names(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {one.filename for one in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError):
        raise InvalidInput("file.damaged", _("The file is cut off or damaged. Download it again.")) from None


def check_inflated(path: Path, bound: int) -> None:
    """Refuse a workbook or archive that would grow beyond ``bound`` bytes, before anything of it is read.

    Raises:
        TooLarge: ``file.inflates``.
    """
    with zipfile.ZipFile(path) as archive:
        total = sum(one.file_size for one in archive.infolist())
    if total > bound:
        sentence = _("Unpacked the file would have {size} MB; the limit is {bound} MB. Export a shorter period.")
        raise TooLarge("file.inflates", sentence, size=total >> 20, bound=bound >> 20)


def members(path: Path) -> list[zipfile.ZipInfo]:
    """The tables in a ZIP archive, by name; folders, hidden files and notes are passed over.

    Raises:
        TooLarge: ``file.inflates`` or ``zip.too_many``.
        InvalidInput: ``file.encrypted`` or ``zip.no_table``.
    """
    check_inflated(path, BOUNDS.import_bytes_max)
    with zipfile.ZipFile(path) as archive:
        tables = sorted((one for one in archive.infolist() if _is_table(one)), key=lambda one: one.filename)
    if not tables:
        raise InvalidInput(
            "zip.no_table", _("The ZIP archive holds no CSV, XLSX or XLS file. Check what you exported.")
        )
    if len(tables) > MEMBERS_MAX:
        sentence = _("The ZIP archive holds {count} tables; the limit is {bound}. Split it.")
        raise TooLarge("zip.too_many", sentence, count=len(tables), bound=MEMBERS_MAX)
    if any(one.flag_bits & 1 for one in tables):
        sentence = _("The ZIP archive is protected by a password. Unpack it and import the tables.")
        raise InvalidInput("file.encrypted", sentence)
    return tables


def _is_table(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    hidden = name.name.startswith((".", "~$")) or "__MACOSX" in name.parts
    return not member.is_dir() and not hidden and name.suffix.lower() in (".csv", ".txt", ".tsv", ".xlsx", ".xls")


def shown_name(member: zipfile.ZipInfo) -> str:
    """The last part of a member's name, in Chinese where an old archiver wrote it without saying so."""
    name = PurePosixPath(member.filename.replace("\\", "/")).name
    if member.flag_bits & 0x800 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name


@contextmanager
def unpacked(path: Path, member: zipfile.ZipInfo) -> Iterator[Path]:
    """``member`` as a file of its own for as long as it is needed. Its name in the archive is never used as a path.

    Raises:
        InvalidInput: ``file.damaged``.
    """
    with tempfile.TemporaryDirectory(prefix="dujiang-") as folder:
        target = Path(folder) / "table"
        try:
            with zipfile.ZipFile(path) as archive, archive.open(member) as packed, target.open("wb") as stream:
                _copy(packed, stream, member.file_size)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError):
            raise InvalidInput("file.damaged", _("The file is cut off or damaged. Download it again.")) from None
        yield target


def _copy(packed: IO[bytes], stream: IO[bytes], bound: int) -> None:
    # The size in the archive's index may lie: never write more than it says.
    while bound > 0 and (block := packed.read(min(_COPY_BYTES, bound))):
        stream.write(block)
        bound -= len(block)
