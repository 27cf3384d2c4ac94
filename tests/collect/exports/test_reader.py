"""Files of every form, well and badly made."""
# ruff: noqa: DTZ001 - rows of a table stay on one line; a workbook's dates have no zone

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest

from dujiang.collect.exports import reader, sources
from dujiang.collect.exports.reader import open_table
from dujiang.foundation.errors import DujiangError


def read(path: Path, encoding: str = "") -> list[tuple[int, list[str]]]:
    with open_table(path, encoding) as tables:
        return [(row.line, row.cells) for table in tables for row in table.rows()]


def fault(path: Path) -> str:
    with pytest.raises(DujiangError) as caught:
        read(path)
    assert str(path.parent) not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_in_any_encoding_and_delimiter(files, encoding, delimiter):
    rows = [["订单编号", "宝贝标题", "金额"], ["1", "𠮷祥茶€", "3,299.00"]]
    assert [cells for _, cells in read(files.csv("a.csv", rows, encoding, delimiter))] == rows


def test_line_numbers_are_those_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\n"two\nlines",1\n\nlast,2\n', "utf-8")
    assert read(path) == [(1, ["a", "b"]), (2, ["two\nlines", "1"]), (5, ["last", "2"])]


def test_a_byte_that_is_no_text_stays_in_its_row(tmp_path):
    path = tmp_path / "a.csv"
    good = "订单编号,备注\n" + "".join(f"{number},好\n" for number in range(40_000))
    path.write_bytes(good.encode() + b"last,\xff\xfe\n")
    rows = read(path)
    assert rows[0][1] == ["订单编号", "备注"]
    assert rows[-1][1][0] == "last"
    assert "\udcff" in rows[-1][1][1]


def test_a_quotation_mark_without_its_partner_costs_its_own_rows_only(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    filler = "".join(f"{number},x\n" for number in range(60_000))
    path.write_text('a,b\n1,"open\n' + filler, "utf-8")
    with open_table(path) as tables:
        rows = [row for table in tables for row in table.rows()]
    assert [row.line for row in rows if row.fault] == [2]
    assert rows[-1].cells == ["59999", "x"]


def test_workbooks_keep_what_numbers_and_dates_mean(files):
    rows: list[list[object]] = [
        ["单号", "金额", "时间", "对"],
        [1234567890123456789, 598.0, dt.datetime(2026, 11, 11, 9, 5), True],
        ["'88", 0.1, None, "#REF!"],
    ]
    assert [cells for _, cells in read(files.xlsx("a.xlsx", rows))] == [
        ["单号", "金额", "时间", "对"],
        ["1.23456789012346E+18", "598", "2026-11-11 09:05:00", "是"],
        ["'88", "0.1", "", "#REF!"],
    ]
    assert [cells for _, cells in read(files.xls("b.xls", [["单号", "金额"], ["x", 12.5]]))] == [
        ["单号", "金额"],
        ["x", "12.5"],
    ]


def test_zip_of_tables_in_order_of_name(files):
    path = files.zip(
        "a.zip", {"2.csv": b"a,b\n3,4\n", "1.csv": b"a,b\n1,2\n", "__MACOSX/._1.csv": b"x", "note.pdf": b"%PDF"}
    )
    assert [cells for _, cells in read(path)] == [["a", "b"], ["1", "2"], ["a", "b"], ["3", "4"]]


def test_zip_names_are_never_paths(files, tmp_path):
    path = files.zip("a.zip", {"../../evil.csv": b"a,b\n1,2\n", "/etc/passwd.csv": b"a,b\n3,4\n"})
    assert len(read(path)) == 4
    assert not list(tmp_path.parent.glob("evil*"))


def test_workbook_in_a_zip(files):
    inner = files.xlsx("in.xlsx", [["a", "b"], ["1", "2"]]).read_bytes()
    assert [cells for _, cells in read(files.zip("a.zip", {"in.xlsx": inner}))] == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "file.empty"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "file.not_a_table"),
        (b"%PDF-1.7 ...", "file.not_a_table"),
        (bytes(range(256)) * 4, "file.not_a_table"),
        (b"PK\x03\x04 not really", "file.damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut", "file.damaged"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, code):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert fault(path) == code


def test_damaged_and_odd_archives_are_refused(files, monkeypatch):
    whole = files.xlsx("a.xlsx", [["a", "b"], ["1", "2"]]).read_bytes()
    cut = files.folder / "cut.xlsx"
    cut.write_bytes(whole[: len(whole) // 2])
    assert fault(cut) == "file.damaged"
    assert fault(files.zip("none.zip", {"a.txt.gz": b"1"})) == "zip.no_table"
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as archive:
        archive.writestr("a.csv", "a,b")
    assert fault(files.zip("nested.zip", {"a.csv": nested.getvalue()})) == "zip.nested"
    monkeypatch.setattr(sources, "MEMBERS_MAX", 1)
    assert fault(files.zip("many.zip", {"a.csv": b"a,b", "b.csv": b"a,b"})) == "zip.too_many"


def test_a_workbook_that_would_grow_too_large_is_refused_unread(files, monkeypatch):
    path = files.xlsx("a.xlsx", [["a", "b"], ["1", "2"]])
    monkeypatch.setattr(reader, "WORKBOOK_BYTES_MAX", 100)
    assert fault(path) == "file.inflates"


def test_unknown_encoding_is_named(files):
    with pytest.raises(DujiangError) as caught:
        read(files.csv("a.csv", [["a", "b"]]), "klingon")
    assert caught.value.code == "file.encoding"


def test_progress_reaches_the_end(files):
    path = files.csv("a.csv", [["a", "b"], *[[str(n), "x"] for n in range(50_000)]])
    with open_table(path) as tables:
        table = next(tables)
        seen = [table.done() for _ in table.rows()]
    assert seen[0] < table.total
    assert seen[-1] == table.total
