"""Exports: readable by spreadsheet programs, and harmless in them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from dujiang.console.sheets import Column, Sheet, harmless, to_csv, to_xlsx
from dujiang.foundation.timewindows import zone

ZONE = zone("Asia/Shanghai")
COLUMNS = (
    Column("who", "谁"),
    Column("paid", "金额", "money"),
    Column("share", "占比", "percent"),
    Column("at", "时间", "moment"),
)


def one_cell(text: str) -> Sheet:
    return Sheet("t", (Column("a", "A"),), [(text,)])


def read_csv(sheet: Sheet) -> list[list[str]]:
    data = b"".join(to_csv(sheet, ZONE))
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_holds_exact_values_in_the_brands_zone() -> None:
    moment = datetime(2026, 11, 10, 16, 30, tzinfo=UTC)
    sheet = Sheet("t", COLUMNS, [("茶客甲", 98_950, 0.12345, moment), ("茶客乙", None, None, None)])
    assert read_csv(sheet) == [
        ["谁", "金额", "占比", "时间"],
        ["茶客甲", "989.5", "12.35%", "2026-11-11 00:30:00"],
        ["茶客乙", "", "", ""],
    ]


def test_xlsx_holds_the_same() -> None:
    moment = datetime(2026, 11, 10, 16, 30, tzinfo=UTC)
    book = load_workbook(io.BytesIO(to_xlsx(Sheet("t", COLUMNS, [("茶客甲", 98_950, 0.12345, moment)]), ZONE)))
    assert [list(row) for row in book.active.values] == [  # type: ignore[union-attr]
        ["谁", "金额", "占比", "时间"],
        ["茶客甲", 989.5, "12.35%", "2026-11-11 00:30:00"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    payload = f'{start}HYPERLINK("http://evil.example","x")'
    assert read_csv(one_cell(payload))[1][0][:1] == "'"


@given(st.text(min_size=1))
def test_harmless_keeps_the_text(text: str) -> None:
    assert harmless(text).removeprefix("'") == text.removeprefix("'")
    assert harmless(text)[0] not in "=+-@\t\r\n\0"


@pytest.mark.parametrize("payload", ["=1+1", '=cmd|" /C calc"!A0', "+1", "@SUM(A1)", "\x00=1", "\x0b=1"])
def test_xlsx_has_no_formula_cells(payload: str) -> None:
    book = load_workbook(io.BytesIO(to_xlsx(one_cell(payload), ZONE)))
    cells = [cell for row in book.active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert {cell.data_type for cell in cells} == {"s"}


def test_heading_is_harmless_too() -> None:
    assert read_csv(Sheet("t", (Column("a", "=1+1"),), []))[0] == ["'=1+1"]
