"""Which mapping a file gets, and what the preview says of it."""
# ruff: noqa: E501 - rows of a table stay on one line

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dujiang.collect.exports.convert import Target
from dujiang.collect.exports.detect import day_in_name, detect
from dujiang.collect.exports.preview import preview
from dujiang.collect.exports.rules import Given
from dujiang.foundation.errors import DujiangError

TARGET = Target("preview", "channel", datetime(2026, 11, 23, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))


def look(files, path, tokeniser, mapping=None, target=TARGET):
    return preview(path, mapping, mappings=files.mappings, tokeniser=tokeniser, target=target)


def test_every_known_header_finds_its_own_mapping(files):
    for name, spec in files.mappings.items():
        header = [one.replace("*", "1(等级)") for one in spec.match.header if one not in spec.match.absent]
        found = detect(header, "export.csv", files.mappings)
        assert found[0].usable, name
        assert found[0].mapping == name, (name, found[0])


# How many columns each export is said to have by those who parse the real files.
COUNTS = {
    "douyin.orders": 75, "douyin.aftersales": 50, "douyin.settlement": 34, "jd.orders": 31, "qianchuan.videos": 27,
    "qianchuan.products": 22,
}  # fmt: skip


@pytest.mark.parametrize(("mapping", "count"), COUNTS.items())
def test_known_headers_are_whole(files, mapping, count):
    assert len(files.mappings.get(mapping).match.header) == count


def test_exact_names_win_over_names_that_begin_alike(files):
    header = [
        "计划ID",
        "计划名称",
        "日期",
        "整体消耗",
        "净成交金额结算率",
        "净成交金额",
        "整体成交金额(元)",
        "整体成交金额",
    ]
    row = ["1", "春茶", "2026-11-11", "10.00", "95%", "88.00", "1.00", "99.00"]
    (fact,) = files.convert(files.csv("a.csv", [header, row]), "qianchuan.plans")["spend"]
    assert fact["conversion_minor"] == 9900


@pytest.mark.parametrize("header", ["商品总价（元）", "商品总价(元)", " 商品总价 (元) ", "商品总价"])
def test_brackets_spaces_and_units_do_not_matter(files, header):
    names = ["商品", "订单号", "订单状态", header, "用户实付金额（元）", "商品数量(件)", "订单成交时间"]
    row = ["龙井", "\t261111-1", "待发货", "59.80", "51.80", "1", "2026-11-11 10:00:00"]
    assert detect(names, "", files.mappings)[0].mapping == "pinduoduo.orders"
    done = files.convert(files.csv("a.csv", [names, row]), "pinduoduo.orders")
    assert (done["order_line"][0]["gross_minor"], done["order_line"][0]["order_no"]) == (5980, "261111-1")


def test_header_after_title_and_period(files, tokeniser):
    header = files.header("sycm.products")
    row = files.rows(header, [{"统计日期": "2026-11-11", "商品ID": "7", "商品访客数": "1"}])
    path = files.csv("a.csv", [["商品日报", ""], ["2026-11-11", "至", "2026-11-11"], [], header, *row], "gb18030")
    seen = look(files, path, tokeniser)
    assert (seen.mapping, seen.header_line, seen.encoding) == ("sycm.products", 4, "gb18030")
    assert len(files.convert(path, "sycm.products")["traffic"]) == 1


def test_unknown_files_get_no_mapping_but_a_preview(files, tokeniser):
    seen = look(
        files, files.csv("a.csv", [["甲", "乙", "身份证号"], ["1", "13987650512", "330100199001010000"]]), tokeniser
    )
    assert (seen.mapping, seen.header, seen.facts) == ("", ("甲", "乙", "身份证号"), {})
    assert "13987650512" not in str(seen.rows)
    assert "330100199001010000" not in str(seen.rows)


def test_preview_tells_what_would_happen(files, tokeniser):
    base = {"订单编号": "1", "买家会员名": "茶客", "买家应付货款": "10", "买家实际支付金额": "10", "订单状态": "交易成功",
            "订单创建时间": "2026-11-11 10:00:00", "收货人姓名": "某某", "收货地址": "浙江省 杭州市 某路", "运送方式": "快递"}  # fmt: skip
    rows = [
        base,
        base | {"订单编号": ""},
        base | {"订单编号": "3", "买家会员名": ""},
        base | {"订单编号": "4", "买家应付货款": "#REF!"},
    ]
    path = files.table("taobao.orders", rows, name="ExportOrderList1.csv", without=["买家实付金额"], encoding="gb18030")
    seen = look(files, path, tokeniser)
    assert (seen.mapping, seen.channel, seen.group, seen.form) == ("taobao.orders", "tmall", "orders", "text")
    assert (seen.checked, seen.good, seen.identified) == (4, 2, 1)
    assert seen.problems == {"id.missing": 1, "cell.error": 1}
    assert [one.line for one in seen.bad] == [3, 5]
    assert "联系手机" in seen.dropped
    assert "收货人姓名" in seen.used
    assert "运送方式" in seen.kept
    assert {"订单编号", "买家会员名", "收货地址"} <= set(seen.used)
    assert not set(seen.used) & set(seen.dropped)
    assert seen.detections[0].named
    assert seen.facts["order"][0]["identifiers"] == ["taobao_buyer"]
    assert "茶客" not in str(seen)
    assert "某某" not in str(seen)


def test_preview_says_which_columns_and_fields_are_missing(files, tokeniser):
    path = files.csv("a.csv", [["订单编号", "买家应付货款"], ["1", "2"]])
    assert look(files, path, tokeniser, "taobao.orders").missing_columns == (
        "订单创建时间",
        "买家实际支付金额/买家实付金额",
    )
    header = files.header("sycm.sources")
    flow = files.csv("流量.csv", [header, ["手淘搜索", *["1"] * (len(header) - 1)]])
    assert look(files, flow, tokeniser).missing_fields == ("day",)
    told = Target("p", "c", TARGET.received_at, TARGET.zone, Given(day=date(2026, 11, 11)))
    assert look(files, flow, tokeniser, target=told).missing_fields == ()


def test_ratios_are_named_as_left_out(files, tokeniser):
    header = files.header("xiaohongshu.ads")
    path = files.csv("a.csv", [header, ["2026-11-11", *["1"] * (len(header) - 1)]])
    seen = look(files, path, tokeniser)
    assert {"点击率", "平均点击成本", "行动按钮点击率"} <= set(seen.ratios)
    assert not {"点赞", "收藏", "小红星任务期消费"} & set(seen.ratios)


def test_missing_columns_stop_a_conversion(files):
    path = files.csv("a.csv", [["订单编号", "买家应付货款"], ["1", "2"]])
    with pytest.raises(DujiangError) as caught:
        files.convert(path, "taobao.orders")
    assert caught.value.code == "mapping.missing_columns"
    assert "订单创建时间" in caught.value.text("zh")


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("全域推广数据-视频-2026-11-11 00_00_00-2026-11-11 23_59_59.csv", date(2026, 11, 11)),
        ("计划报表_20261112_101010.zip", date(2026, 11, 12)),
        ("2026-11-01_2026-11-07.csv", None),
        ("orders.csv", None),
        ("20269999.csv", None),
        ("1234202611115678.csv", None),
    ],
)
def test_days_in_file_names(name, day):
    assert day_in_name(name) == day
