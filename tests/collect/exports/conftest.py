"""Small files in the shapes that platforms export, and what becomes of them."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlwt

from dujiang.collect.exports.convert import BadRow, convert
from dujiang.collect.exports.templates import Mappings
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser, presets

RECEIVED = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
MAPPINGS = Mappings()


def token(kind: str, value: str) -> int:
    """A stand-in for the keyed hash."""
    return int.from_bytes(hashlib.sha256(f"{kind}\0{value}".encode()).digest()[:8], "little", signed=True)


def new_tokeniser() -> Tokeniser:
    return Tokeniser(token, IdentifierTypes.of(presets()))


@dataclass
class Converted:
    """All chunks of a file together."""

    facts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    rows: int = 0
    passed: int = 0

    def __getitem__(self, family: str) -> list[dict[str, Any]]:
        return self.facts.get(family, [])

    @property
    def codes(self) -> list[tuple[int, str, str]]:
        """Line, column and code of each bad row."""
        return [(one.line, one.column, one.code) for one in self.bad]


class Files:
    """Writes files and converts them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mappings = MAPPINGS

    def header(self, mapping: str, without: Iterable[str] = ()) -> list[str]:
        """The known header of a mapping."""
        return [name for name in MAPPINGS.get(mapping).match.header if name not in set(without)]

    def rows(self, header: Sequence[str], rows: Iterable[Mapping[str, object]]) -> list[list[str]]:
        """Rows with the header's columns; a column that the header lacks is a mistake of the test."""
        found = []
        for row in rows:
            assert set(row) <= set(header), set(row) - set(header)
            found.append([str(row.get(name, "")) for name in header])
        return found

    def csv(self, name: str, rows: Iterable[Sequence[str]], encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
        path = self.folder / name
        with path.open("w", encoding=encoding, newline="") as stream:
            csv.writer(stream, delimiter=delimiter).writerows(rows)
        return path

    def xlsx(self, name: str, rows: Iterable[Sequence[object]]) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in rows:
            sheet.append(list(row))
        book.save(self.folder / name)
        return self.folder / name

    def xls(self, name: str, rows: Iterable[Sequence[object]]) -> Path:
        book = xlwt.Workbook()
        sheet = book.add_sheet("Sheet1")
        for line, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(line, place, cell)
        book.save(str(self.folder / name))
        return self.folder / name

    def zip(self, name: str, members: Mapping[str, bytes]) -> Path:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        (self.folder / name).write_bytes(buffer.getvalue())
        return self.folder / name

    def table(
        self, mapping: str, rows: Iterable[Mapping[str, object]], *, name: str = "export.csv", without: Iterable[str] = (),
        encoding: str = "utf-8-sig",
    ) -> Path:  # fmt: skip
        """A CSV with the known header of ``mapping``."""
        header = self.header(mapping, without)
        return self.csv(name, [header, *self.rows(header, rows)], encoding)

    def convert(self, path: Path, mapping: str, **options: Any) -> Converted:
        result = Converted()
        defaults = {"source": "files", "channel": "channel", "received_at": RECEIVED, "zone": SHANGHAI}
        tokeniser = options.pop("tokeniser", None) or new_tokeniser()
        for chunk in convert(path, self.mappings.get(mapping), tokeniser=tokeniser, **(defaults | options)):
            for family, table in chunk.facts.items():
                result.facts.setdefault(family, []).extend(table.to_pylist())
            result.bad += chunk.bad
            result.rows += chunk.rows
            result.passed += chunk.passed
        return result

    def of(self, mapping: str, rows: Iterable[Mapping[str, object]], **options: Any) -> Converted:
        """Write rows under the known header and convert them."""
        names = ("name", "without", "encoding")
        made = {name: options.pop(name) for name in names if name in options}
        return self.convert(self.table(mapping, rows, **made), mapping, **options)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def tokeniser() -> Tokeniser:
    return new_tokeniser()


@pytest.fixture
def local() -> Callable[..., datetime]:
    """A moment in Shanghai as UTC."""
    return lambda *parts: datetime(*parts, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.fixture
def node() -> Callable[[str, str], int]:
    """The token of a normalised value."""
    return token
