"""Writes tables whose cells are whole columns of text: CSV in any encoding, and XLSX, the same bytes every time."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import pyarrow as pa

from dujiang.simulate.texts import Text, join, pc

_ZIP_DATE: Final = (2026, 1, 1, 0, 0, 0)
_NUMBER: Final = r"^-?\d{1,11}(\.\d+)?$"


def csv_bytes(
    header: Sequence[str],
    columns: Mapping[str, Text],
    rows: int,
    *,
    encoding: str = "utf-8-sig",
    lead: str = "",
    tail: str = "",
) -> bytes:
    """A CSV file.

    Args:
        header: column names, in order; a name that comes twice gets the same cells twice.
        columns: cells by column name; a column that is not named is empty. Cells hold no comma, quote or line break,
            but for the quotes of ``="…"``.
        rows: number of rows.
        encoding: ``utf-8-sig``, ``gb18030`` …
        lead: lines between header and rows, such as a total; ``tail`` text at the end of the header line.
    """
    head = ",".join(header) + tail + "\r\n" + lead
    return (head + _joined(_cells(header, columns, ","), rows)).encode(encoding)


def _cells(header: Sequence[str], columns: Mapping[str, Text], separator: str) -> list[Text]:
    """The cells of a row with what stands between them; texts that all rows share are put together."""
    parts: list[Text] = []
    for place, name in enumerate(header):
        for part in (separator if place else "", columns.get(name, "")):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
    return parts


def _joined(cells: list[Text], rows: int, end: str = "\r\n") -> str:
    if not rows:
        return ""
    lines = join(*cells, end)
    if isinstance(lines, pa.StringScalar):  # nothing but constants
        return lines.as_py() * rows
    return pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines), "")[0].as_py()


def xlsx_bytes(header: Sequence[str], columns: Mapping[str, Text], rows: int) -> bytes:
    """An XLSX workbook of one sheet; short numbers are number cells, everything else is text.

    Written by hand because a workbook must not carry the time it was made, and rows come by the hundred thousand.
    """
    names = "".join(f'<c t="inlineStr"><is><t>{escape(name)}</t></is></c>' for name in header)
    parts: list[Text] = ["<row>", *_merged([_sheet_cell(columns.get(name, "")) for name in header]), "</row>"]
    body = _joined(_merged(parts), rows, "")
    sheet = _SHEET.format(size=f"A1:{_column(len(header))}{rows + 1}", rows=f"<row>{names}</row>{body}")
    return zip_bytes({**_PARTS, "xl/worksheets/sheet1.xml": sheet.encode()})


def _column(number: int) -> str:
    """The letters of a spreadsheet's column, from 1: A … Z, AA …"""
    above, letter = divmod(number - 1, 26)
    return (_column(above) if above else "") + chr(65 + letter)


def _merged(parts: Sequence[Text]) -> list[Text]:
    return _cells(
        [str(place) for place in range(len(parts))], {str(place): part for place, part in enumerate(parts)}, ""
    )


def _sheet_cell(cells: Text) -> Text:
    if isinstance(cells, str):
        if not cells:
            return "<c/>"
        number = re.match(_NUMBER, cells)
        return f"<c><v>{cells}</v></c>" if number else f'<c t="inlineStr"><is><t>{escape(cells)}</t></is></c>'
    text = join('<c t="inlineStr"><is><t>', pc.replace_substring(cells, "&", "&amp;"), "</t></is></c>")
    number = join("<c><v>", cells, "</v></c>")
    filled = pc.if_else(pc.match_substring_regex(cells, _NUMBER), number, text)
    return pc.if_else(pc.equal(cells, ""), "<c/>", filled)


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """A ZIP archive without a trace of when it was made."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return stream.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE: Final = "http://schemas.openxmlformats.org"
_SHEET: Final = (
    _XML + f'<worksheet xmlns="{_OFFICE}/spreadsheetml/2006/main">'
    '<dimension ref="{size}"/><sheetData>{rows}</sheetData></worksheet>'
)
_PARTS: Final[dict[str, bytes]] = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_OFFICE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ).encode(),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ).encode(),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns="{_OFFICE}/spreadsheetml/2006/main" '
        f'xmlns:r="{_OFFICE}/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ).encode(),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ).encode(),
}
