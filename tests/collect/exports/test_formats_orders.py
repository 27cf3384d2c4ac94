"""Order files of every platform, with numbers worked out by hand."""
# ruff: noqa: E501 - rows of a table stay on one line

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest


def amounts(fact: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(fact[name] for name in names)


ALL = ("gross_minor", "freight_minor", "discount_minor", "paid_minor", "refunded_minor")


def test_taobao_classic_orders(files, local, node):
    done = files.of(
        "taobao.orders",
        [
            {
                "订单编号": '="1234567890123456789"', "买家会员名": "茶客小山", "买家应付货款": "3,299.00", "买家应付邮费": "10.00",
                "买家实际支付金额": "3,109.00", "订单状态": "交易成功", "收货人姓名": "某某", "联系手机": "'13900001111",
                "收货地址": "浙江省 杭州市 西湖区 某某路 1 号", "订单创建时间": "2026-11-10 23:59:30",
                "订单付款时间": "2026-11-11 00:00:05", "宝贝总数量": "3", "退款金额": "0.00", "宝贝标题": "龙井𠮷",
                "确认收货时间": "2026-11-15 08:00:00", "店铺名称": "某旗舰店",
            },
            {
                "订单编号": '="1234567890123456790"', "买家会员名": "tb_two", "买家应付货款": "100.00", "买家应付邮费": "0.00",
                "买家实际支付金额": "100.00", "订单状态": "交易关闭", "订单创建时间": "2026-11-11 09:00:00",
                "订单付款时间": "2026-11-11 09:01:00", "退款金额": "100.00",
            },
            {
                "订单编号": '="1234567890123456791"', "买家会员名": "tb_two", "买家应付货款": "50.00", "买家应付邮费": "0.00",
                "买家实际支付金额": "0.00", "订单状态": "交易关闭", "订单创建时间": "2026-11-11 10:00:00",
            },
            {
                "订单编号": '="1234567890123456792"', "买家会员名": "tb_three", "买家应付货款": "50.00",
                "买家实际支付金额": "0.00", "订单状态": "等待买家付款", "订单创建时间": "2026-11-11 10:00:00",
            },
        ],
        without=["买家实付金额"], encoding="gb18030", channel="tmall",
    )  # fmt: skip
    first, refunded, cancelled, unpaid = done["order"]
    assert first["order_no"] == "1234567890123456789"
    assert amounts(first, *ALL) == (329900, 1000, 20000, 310900, 0)
    assert first["at"] == local(2026, 11, 10, 23, 59, 30)
    assert first["paid_at"] == local(2026, 11, 11, 0, 0, 5)
    assert (first["province"], first["city"], first["units"], first["shop"]) == ("浙江省", "杭州市", 3, "")
    assert first["identifiers"] == [{"type": "taobao_buyer", "node": node("taobao_buyer", "茶客小山")}]
    assert [one["status"] for one in done["order"]] == ["valid", "valid", "cancelled", "unpaid"]
    assert refunded["refunded_minor"] == 10000
    assert (cancelled["paid_minor"], unpaid["paid_minor"]) == (0, 0)
    assert "13900001111" not in str(done.facts)
    assert "西湖区" not in str(done.facts)
    assert '"宝贝标题":"龙井𠮷"' in first["properties"]


def test_qianniu_orders_have_no_buyer(files):
    done = files.convert(
        files.csv(
            "orders.csv",
            [
                [
                    "订单编号",
                    "支付单号",
                    "支付详情",
                    "买家应付货款",
                    "买家应付邮费",
                    "总金额",
                    "买家实付金额",
                    "订单创建时间",
                    "订单付款时间",
                    "商品标题",
                    "退款金额",
                ],
                [
                    "9001",
                    "1",
                    "",
                    "80.00",
                    "5.00",
                    "85.00",
                    "75.50",
                    "2026-11-11 10:00:00",
                    "2026-11-11 10:00:10",
                    "杯",
                    "0",
                ],
            ],
        ),
        "taobao.orders",
    )
    (order,) = done["order"]
    assert amounts(order, *ALL) == (8000, 500, 950, 7550, 0)
    assert (order["status"], order["identifiers"]) == ("valid", [])


@pytest.mark.parametrize(
    ("title", "price", "paid", "product"),
    [("标题", "价格", "买家实际支付金额", "商品id"), ("商品标题", "商品价格", "买家实付金额", "商品ID")],
)
def test_taobao_items_of_both_forms(files, title, price, paid, product):
    header = [
        "子订单编号",
        "主订单编号",
        title,
        price,
        "购买数量",
        "订单状态",
        "商家编码",
        paid,
        "退款金额",
        "订单创建时间",
        "订单付款时间",
        product,
    ]
    common = ["交易成功", "SJ01"]
    rows = [
        [
            "101",
            "100",
            "龙井",
            "168.00",
            "2",
            *common,
            "300.00",
            "0.00",
            "2026-11-11 10:00:00",
            "2026-11-11 10:00:10",
            "p1",
        ],
        [
            "102",
            "100",
            "杯",
            "79.00",
            "1",
            *common,
            "79.00",
            "79.00",
            "2026-11-11 10:00:00",
            "2026-11-11 10:00:10",
            "p2",
        ],
    ]
    done = files.convert(files.csv("items.csv", [header, *rows], "gb18030"), "taobao.items")
    assert [amounts(one, "line_no", "product_id", "units", *ALL) for one in done["order_line"]] == [
        ("101", "p1", 2, 33600, None, 3600, 30000, 0),
        ("102", "p2", 1, 7900, None, 0, 7900, 7900),
    ]
    (order,) = done["order"]
    assert (order["order_no"], order["status"], order["paid_minor"]) == ("100", "valid", None)


def douyin(**cells: str) -> dict[str, str]:
    return {
        "主订单编号": "6900000000000000001", "子订单编号": "6900000000000000011", "选购商品": "龙井", "商品ID": "p1",
        "商品数量": "2", "商品金额": "100.00", "订单提交时间": "2026-11-11 10:00:00", "支付完成时间": "2026-11-11 10:01:00",
        "订单状态": "已完成", "订单应付金额": "185.00", "运费": "5.00", "优惠总金额": "20.00", "收件人": "##密文##",
        "收件人手机号": "$$密文$$", "省": "浙江省", "市": "杭州市", "详细地址": "##密文##", "达人昵称": "茶研社", "流量来源": "精选联盟",
        **cells,
    }  # fmt: skip


def test_douyin_sub_orders(files):
    done = files.of(
        "douyin.orders",
        [douyin(), douyin(子订单编号="6900000000000000012", 订单应付金额="50.00", 运费="0", 优惠总金额="0")],
    )
    assert [amounts(one, *ALL[:4]) for one in done["order_line"]] == [(20000, 500, 2000, 18500), (5000, 0, 0, 5000)]
    (order,) = done["order"]
    assert amounts(order, "order_no", "promoter", "traffic_source", "province", "identifiers") == (
        "6900000000000000001", "茶研社", "精选联盟", "浙江省", [],
    )  # fmt: skip
    assert "密文" not in str(done.facts)
    assert done["order_line"][0]["units"] == 2


def test_douyin_sub_orders_joined_in_one_row_are_lines(files):
    done = files.of("douyin.orders", [douyin(子订单编号="11;12", 选购商品="龙井;杯", 商品ID="p1;p2", 商品数量="3")])
    assert [amounts(one, "line_no", "product", "product_id", "units", "paid_minor") for one in done["order_line"]] == [
        ("11", "龙井", "p1", 3, 18500),
        ("12", "杯", "p2", None, None),
    ]
    assert len(done["order"]) == 1
    assert done.rows == 1


def test_douyin_closed_but_paid_stays_valid(files):
    done = files.of(
        "douyin.orders",
        [
            douyin(订单状态="已关闭", 售后状态="退款成功"),
            douyin(主订单编号="2", 子订单编号="21", 订单状态="已关闭", 支付完成时间=""),
            douyin(主订单编号="3", 子订单编号="31", 订单状态="待支付", 支付完成时间="-"),
        ],
    )
    assert [one["status"] for one in done["order"]] == ["valid", "cancelled", "unpaid"]
    assert [one["paid_minor"] for one in done["order_line"]] == [18500, 0, 0]


def test_kuaishou(files):
    row = {
        "订单号": "2400000000001", "订单创建时间": "2026/11/11 12:00:00", "订单支付时间": "2026/11/11 12:01:00", "订单状态": "已签收",
        "实付款": "175.00", "快递费": "0.00", "成交数量": "2", "商品单价": "98.00", "商品名称": "龙井", "商品ID": "88", "SKU编码": "SJ1",
        "收货人姓名": "某某", "收货人电话": "13900001111", "收货地址-省": "浙江省", "收货地址-市": "杭州市",
    }  # fmt: skip
    refunded = {**row, "订单号": "2400000000002", "售后状态": "退款成功", "订单状态": "交易关闭"}
    done = files.of("kuaishou.orders", [row, refunded])
    assert [amounts(one, *ALL) for one in done["order_line"]] == [
        (19600, 0, 2100, 17500, None), (19600, 0, 2100, 17500, 17500),
    ]  # fmt: skip
    assert [one["status"] for one in done["order"]] == ["valid", "valid"]
    assert done["order"][0]["at"].isoformat() == "2026-11-11T04:00:00+00:00"
    assert "13900001111" not in str(done.facts)


def xiaohongshu(**cells: object) -> dict[str, object]:
    return {
        "订单号": "P700000000001", "订单状态": "已完成", "收件人姓名": "某某", "规格ID": "s1", "SKU名称": "龙井", "SKU件数": "2",
        "商品总价(元)": "200.00", "用户应付金额(元)": "171.00", "平台优惠(元)": "10.00", "店铺优惠(元)": "19.00",
        "商家应收金额(元)（支付金额）": "181.00", "支付时间": "2026-11-11 10:00:00", "订单创建时间": "2026-11-11 09:59:00",
        "订购人身份证号/ID Number": "330100199001010000", "用户编号": "u-1", "商品ID": "g1", "达人名称": "某达人", "省": "浙江省", "市": "杭州市",
        **cells,
    }  # fmt: skip


def test_xiaohongshu_amounts_are_per_row(files, node):
    header = files.header("xiaohongshu.orders")
    rows = files.rows(
        header, [xiaohongshu(), xiaohongshu(规格ID="s2", **{"商品总价(元)": "50.00", "用户应付金额(元)": "50.00"})]
    )
    done = files.convert(files.xlsx("小红书订单查询2026-11-12-10_00_ab12.xlsx", [header, *rows]), "xiaohongshu.orders")
    assert [amounts(one, *ALL[:4]) for one in done["order_line"]] == [(20000, None, 2900, 17100), (5000, None, 0, 5000)]
    (order,) = done["order"]
    assert order["identifiers"] == [{"type": "xiaohongshu_buyer", "node": node("xiaohongshu_buyer", "u-1")}]
    assert order["promoter"] == "某达人"
    assert "330100199001010000" not in str(done.facts)
    assert "身份证" not in str(done.facts)


def test_xiaohongshu_refunds_meet_their_lines(files):
    orders = files.of("xiaohongshu.orders", [xiaohongshu()])
    refunds = files.of(
        "xiaohongshu.creator_orders",
        [
            {
                "支付时间": "2026-11-11 10:00:00",
                "订单ID": "P700000000001",
                "规格ID": "s1",
                "退款金额": "171.00",
                "用户实付金额": "171.00",
            }
        ],
        name="买手.csv",
    )
    assert refunds["order_line"][0]["key"] == orders["order_line"][0]["key"]
    assert refunds["order_line"][0]["refunded_minor"] == 17100
    assert refunds["order"] == []


def test_wechat_shop_order_amounts_count_once(files):
    order = {
        "订单号": "3700000000000000001", "订单下单时间": "2026-11-11 10:00:00", "订单状态": "已完成", "收件人手机": "13900001111",
        "商品总价": "300.00", "订单实际支付金额": "285.00", "订单实际收款金额": "280.00", "订单运费": "5.00", "支付时间": "2026-11-11 10:01:00",
        "带货账号昵称": "茶叶老师",
    }  # fmt: skip
    line = {
        "商品名称": "龙井",
        "商品编码(平台)": "g1",
        "商品价格(单件)": "100.00",
        "商品实际价格(总共)": "190.00",
        "商品数量": "2",
    }
    other = {
        "商品名称": "杯",
        "商品编码(平台)": "g2",
        "商品价格(单件)": "100.00",
        "商品实际价格(总共)": "90.00",
        "商品数量": "1",
        "商品已退款金额": "90.00",
    }
    done = files.of("wechat_shop.orders", [order | line, order | other])
    (header,) = done["order"]
    assert amounts(header, *ALL) == (30000, 500, 2000, 28500, None)
    assert [amounts(one, "units", "gross_minor", "paid_minor", "refunded_minor") for one in done["order_line"]] == [
        (2, 20000, 19000, None), (1, 10000, 9000, 9000),
    ]  # fmt: skip


def test_pinduoduo(files):
    row = {
        "商品": "龙井", "订单号": "261111-100000000000001", "订单状态": "已发货，待签收", "商品总价(元)": "59.80", "邮费(元)": "0",
        "店铺优惠折扣(元)": "5", "平台优惠折扣(元)": "3", "用户实付金额(元)": "51.80", "商家实收金额(元)": "54.80", "商品数量(件)": "2",
        "商品id": "77", "样式ID": "771", "订单成交时间": "2026-11-11 10:00:00", "售后状态": "无售后或售后取消",
    }  # fmt: skip
    done = files.of(
        "pinduoduo.orders",
        [
            row,
            {**row, "订单号": "261111-2", "售后状态": "退款成功", "订单状态": "已取消"},
            {**row, "订单号": "261111-3", "订单状态": "已取消", "订单成交时间": ""},
        ],
    )
    assert [one["status"] for one in done["order"]] == ["valid", "valid", "cancelled"]
    assert [amounts(one, *ALL) for one in done["order_line"]] == [
        (5980, 0, 800, 5180, None), (5980, 0, 800, 5180, 5180), (5980, 0, None, 0, None),
    ]  # fmt: skip
    assert done["order"][2]["at"] is None
    assert done.bad == []


def test_jd_order_amounts_count_once(files, node):
    order = {
        "订单号": "290000000001", "下单时间": "2026-11-11 10:00:00", "订单金额": "300.00", "应付金额": "280.00", "结算金额": "290.00",
        "订单状态": "完成", "下单帐号": "jd_某人", "客户姓名": "某某", "联系电话": "139****1111", "运费金额": "0.00",
        "付款确认时间": "2026-11-11 10:00:30",
    }  # fmt: skip
    done = files.of(
        "jd.orders",
        [
            order | {"商品ID": "1", "商品名称": "龙井", "订购数量": "2", "京东价": "100.00"},
            order | {"商品ID": "2", "商品名称": "杯", "订购数量": "1", "京东价": "100.00"},
        ],
    )
    (header,) = done["order"]
    assert amounts(header, *ALL) == (30000, 0, 2000, 28000, None)
    assert header["identifiers"] == [{"type": "jd_buyer", "node": node("jd_buyer", "jd_某人")}]
    assert [one["gross_minor"] for one in done["order_line"]] == [20000, 10000]


def test_jd_receivable_is_never_taken_for_paid(files):
    header = [
        "订单号",
        "商品名称",
        "订购数量",
        "下单时间",
        "订单金额",
        "客户姓名",
        "客户地址",
        "联系电话",
        "京东价",
        "商家应收",
    ]
    row = ["1", "龙井", "1", "2026-11-11 10:00:00", "100.00", "某", "某地", "139****0000", "100.00", "95.00"]
    (order,) = files.convert(files.csv("jd.csv", [header, row]), "jd.orders")["order"]
    assert (order["gross_minor"], order["paid_minor"]) == (10000, None)


def test_youzan_orders_with_a_doubled_column(files, node):
    header = files.header("youzan.orders")
    place = header.index("分销员手机号")
    header = [*header[:place], "分销员", *header[place:]]
    row = dict.fromkeys(header, "") | {
        "订单号": "E20261111000001", "归属店铺": "总店", "订单状态": "交易完成", "订单创建时间": "2026-11-11 10:00:00",
        "买家付款时间": "2026-11-11 10:01:00", "商品金额合计": "120.00", "运费": "8.00", "订单实付金额": "110.00", "订单已退款金额": "10.00",
        "订单实收金额": "108.00", "买家手机号": "13987650512", "销售导购": "导购甲", "收货人省份": "浙江省", "收货人手机号/提货人手机号": "13800002222",
    }  # fmt: skip
    cells = [row[name] for name in header]
    cells[header.index("分销员")], cells[place] = "分销甲", "分销乙"
    done = files.convert(files.csv("有赞订单.csv", [header, cells]), "youzan.orders")
    (order,) = done["order"]
    assert amounts(order, *ALL) == (12000, 800, 1800, 11000, 1000)
    assert amounts(order, "guide", "promoter", "store") == ("导购甲", "分销甲", "总店")
    assert '"分销员#2":"分销乙"' in order["properties"]
    assert order["identifiers"] == [{"type": "mobile", "node": node("mobile", "+8613987650512")}]
    assert "13800002222" not in str(done.facts)


def test_masked_phones_name_nobody(files):
    done = files.of(
        "youzan.orders",
        [
            {
                "订单号": "E1",
                "订单创建时间": "2026-11-11 10:00:00",
                "买家手机号": "186****0512",
                "商品金额合计": "1",
                "订单实付金额": "1",
            }
        ],
    )
    assert done["order"][0]["identifiers"] == []


def pos(**cells: str) -> dict[str, str]:
    base = {
        "销售日期": "2026-11-11",
        "门店名称": "湖滨店",
        "小票号": "0001",
        "物料描述": "龙井",
        "销售数量": "1",
        "销售金额": "168.00",
    }
    return base | cells


def test_pos_receipts_and_returns(files, node):
    done = files.of(
        "own.pos",
        [
            pos(会员号="M1", 手机号="13987650512"),
            pos(物料描述="杯", 销售金额="79.00"),
            pos(小票号="0002", 销售日期="2026/11/12", 销售数量="-1", 销售金额="-79.00", 物料描述="杯"),
            pos(门店名称="天目里店", 销售金额="10"),
        ],
    )
    assert [one["order_no"] for one in done["order"]] == ["湖滨店/2026-11-11/0001", "天目里店/2026-11-11/0001"]
    assert [one["paid_minor"] for one in done["order_line"]] == [16800, 7900, 1000]
    (returned,) = done["refund"]
    assert amounts(returned, "order_no", "amount_minor", "status") == ("湖滨店/2026-11-12/0002", 7900, "done")
    assert returned["at"] == datetime.fromisoformat("2026-11-12T00:00:00+08:00")
    assert [one["type"] for one in done["order"][0]["identifiers"]] == ["member_no", "mobile"]
    assert {one["status"] for one in done["order"]} == {"valid"}


def test_pos_repeated_items_of_one_receipt_are_lines(files):
    done = files.of("own.pos", [pos(), pos(), pos()])
    assert len({one["key"] for one in done["order_line"]}) == 3
    again = files.of("own.pos", [pos(), pos(), pos()])
    assert [one["key"] for one in again["order_line"]] == [one["key"] for one in done["order_line"]]


def test_own_orders(files):
    done = files.of(
        "own.orders",
        [
            {
                "订单编号": "W1", "下单时间": "2026-11-11 10:00:00", "支付时间": "2026-11-11 10:00:10", "订单状态": "已完成",
                "商品金额": "100", "运费": "6", "优惠金额": "16", "实付金额": "90", "退款金额": "0", "商品件数": "2",
                "会员号": "M9", "openid": "oAbcdef123456", "unionid": "uAbcdef123456",
            }
        ],
        app="wx1",
    )  # fmt: skip
    (order,) = done["order"]
    assert amounts(order, *ALL) == (10000, 600, 1600, 9000, 0)
    assert {one["type"] for one in order["identifiers"]} == {"member_no", "wechat_unionid", "wechat_openid@wx1"}
