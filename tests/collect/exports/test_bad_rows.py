"""Rows that must not count, each with its reason; the good rows around them do."""
# ruff: noqa: E501 - rows of a table stay on one line

from __future__ import annotations

import pytest

GOOD = {
    "订单编号": "1001", "买家会员名": "茶客", "买家应付货款": "100.00", "买家应付邮费": "0.00", "买家实际支付金额": "90.00", "订单状态": "交易成功",
    "订单创建时间": "2026-11-11 10:00:00", "订单付款时间": "2026-11-11 10:00:10",
}  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"订单编号": "1.23457E+17"}, "订单编号", "id.lost_digits"),
        ({"订单编号": "########"}, "订单编号", "id.lost_digits"),
        ({"订单编号": ""}, "订单编号", "id.missing"),
        ({"订单编号": "-"}, "订单编号", "id.missing"),
        ({"买家应付货款": "#REF!"}, "买家应付货款", "cell.error"),
        ({"买家实际支付金额": "九十"}, "买家实际支付金额", "number.unreadable"),
        ({"订单创建时间": "2026-02-30 10:00:00"}, "订单创建时间", "date.impossible"),
        ({"订单创建时间": "2026-13-01"}, "订单创建时间", "date.impossible"),
        ({"订单创建时间": "1026-11-11 10:00:00"}, "订单创建时间", "date.impossible"),
        ({"订单创建时间": ""}, "订单创建时间", "date.missing"),
        ({"宝贝总数量": "三"}, "宝贝总数量", "number.unreadable"),
        ({"订单备注": "x" * 40_000}, "订单备注", "cell.too_long"),
    ],
)
def test_bad_cells(files, cells, column, code):
    done = files.of("taobao.orders", [GOOD, GOOD | {"订单编号": "1002"} | cells, GOOD | {"订单编号": "1003"}])
    assert done.codes == [(3, column, code)]
    assert [one["order_no"] for one in done["order"]] == ["1001", "1003"]
    assert done.rows == 3


def test_cut_and_shifted_rows(files):
    header = files.header("taobao.orders")
    first, second, third = files.rows(header, [GOOD, GOOD | {"订单编号": "1002"}, GOOD | {"订单编号": "1003"}])
    path = files.csv("a.csv", [header, first, second[:20], [*third[:5], "a title, cut in two", *third[5:-1], "x", "y"]])
    done = files.convert(path, "taobao.orders")
    assert [code for _, _, code in done.codes] == ["row.cut", "row.shifted"]
    assert [one["order_no"] for one in done["order"]] == ["1001"]


def test_number_cells_of_workbooks_that_lost_digits(files):
    header = files.header("taobao.orders")
    rows: list[list[object]] = list(files.rows(header, [GOOD, GOOD | {"订单编号": "1002"}]))
    rows[1][header.index("订单编号")] = 1234567890123456789
    rows[0][header.index("订单编号")] = 1001
    done = files.convert(files.xlsx("a.xlsx", [header, *rows]), "taobao.orders")
    assert [one["order_no"] for one in done["order"]] == ["1001"]
    assert [code for _, _, code in done.codes] == ["id.lost_digits"]


def test_the_same_order_whole_in_a_later_export_counts(files):
    bad = files.of("taobao.orders", [GOOD | {"买家应付货款": "#REF!"}])
    assert bad["order"] == []
    assert [one["order_no"] for one in files.of("taobao.orders", [GOOD])["order"]] == ["1001"]


def test_undecodable_bytes_spoil_only_their_row(files):
    filler = [
        GOOD | {"订单编号": str(number), "订单备注": "好" * 1000} for number in range(2000, 2100)
    ]  # beyond the sample
    path = files.table("taobao.orders", [GOOD, *filler, GOOD | {"订单编号": "1002", "订单备注": "MARK"}])
    path.write_bytes(path.read_bytes().replace(b"MARK", b"\xff\xfe"))
    done = files.convert(path, "taobao.orders")
    assert done.codes == [(103, "订单备注", "cell.undecodable")]
    assert len(done["order"]) == 101


def test_bad_rows_are_shown_without_personal_data(files):
    row = GOOD | {"订单编号": "", "收货人姓名": "某某", "联系手机": "13987650512", "订单备注": "打 13987650512"}
    done = files.of("taobao.orders", [row])
    text = " ".join(done.bad[0].cells)
    assert "13987650512" not in text
    assert "某某" not in text
    assert "茶客" not in text
    assert "100.00" in text


def test_a_spreadsheet_error_in_a_column_that_nothing_needs_does_no_harm(files):
    done = files.of("taobao.orders", [GOOD | {"运送方式": "#N/A"}])
    assert done.bad == []
    assert "运送方式" not in done["order"][0]["properties"]


def test_headers_repeated_within_the_file_are_no_records(files):
    header = files.header("taobao.orders")
    first, second = files.rows(header, [GOOD, GOOD | {"订单编号": "1002"}])
    done = files.convert(files.csv("a.csv", [header, first, header, second]), "taobao.orders")
    assert (done.rows, done.passed, done.bad) == (2, 1, [])


def test_totals_are_no_records(files):
    header = files.header("own.pos")
    row = {
        "销售日期": "2026-11-11",
        "门店名称": "湖滨店",
        "小票号": "1",
        "物料描述": "杯",
        "销售数量": "1",
        "销售金额": "79.00",
    }
    rows = files.rows(header, [row, {"销售日期": "合计", "销售数量": "1", "销售金额": "79.00"}])
    done = files.convert(files.csv("a.csv", [["门店销售报表"], ["2026-11-11"], header, *rows]), "own.pos")
    assert (done.rows, done.passed, done.bad, len(done["order_line"])) == (1, 1, [], 1)


def test_every_row_is_accounted_for(files):
    rows = [GOOD | {"订单编号": str(number) if number % 3 else ""} for number in range(1, 301)]
    done = files.of("taobao.orders", rows)
    assert done.rows == 300
    assert len(done.bad) == 100
    assert len(done["order"]) == 200
