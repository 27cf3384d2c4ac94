"""Refunds, settlement, spend, traffic, customers and own templates, with numbers worked out by hand."""
# ruff: noqa: E501 - rows of a table stay on one line

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest


def some(fact: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(fact[name] for name in names)


def after_sale(**cells: str) -> dict[str, str]:
    return {
        "售后单号": "7001", "订单号": "69001", "商品单号": "69011", "应付金额（元）": "185.00", "退商品金额（元）": "180.00",
        "退运费金额（元）": "5.00", "售后状态": "退款成功", "售后申请时间": "2026-11-12 10:00:00", "商家退款时间": "2026-11-13 11:00:00",
        "售后原因": "不想要了", "商家退货联系人电话": "13900001111", **cells,
    }  # fmt: skip


def test_douyin_after_sales(files, local):
    done = files.of(
        "douyin.aftersales",
        [
            after_sale(),
            after_sale(售后单号="7002", 售后状态="待商家处理", 商家退款时间=""),
            after_sale(售后单号="7003", 售后状态="售后关闭"),
        ],
    )
    assert [some(one, "refund_no", "amount_minor", "status") for one in done["refund"]] == [
        ("7001", 18500, "done"), ("7002", None, "open"), ("7003", None, "refused"),
    ]  # fmt: skip
    assert done["refund"][0]["at"] == local(2026, 11, 13, 11)
    assert some(done["refund"][0], "order_no", "line_no", "reason") == ("69001", "69011", "不想要了")
    assert "13900001111" not in str(done.facts)


def test_douyin_settlement_adds_no_orders(files):
    header = files.header("douyin.settlement")
    formulas = ["" if name != "收入合计" else "收入+支出" for name in header]
    row = {
        "结算时间": "2026-11-20 10:00:00", "订单号": "'69001", "子订单号": "'69011", "结算金额": "170.20", "佣金": "-9.00",
        "下单时间": "2026-11-11 10:00:00", "订单总价": "185.00",
    }  # fmt: skip
    done = files.convert(files.csv("结算账单.csv", [header, formulas, *files.rows(header, [row])]), "douyin.settlement")
    assert set(done.facts) == {"event"}
    (event,) = done["event"]
    assert some(event, "name", "kind", "value_minor", "identifiers") == ("order_settled", "settlement", 17020, [])
    assert json.loads(event["properties"])["佣金"] == "-9.00"
    assert (done.rows, done.passed) == (1, 1)


def spend(mapping: str, files: Any, rows: list[dict[str, object]], **options: Any) -> list[dict[str, Any]]:
    done = files.of(mapping, rows, **options)
    assert done.bad == []
    return done["spend"]


SPEND = ("account", "level", "unit_id", "unit", "day", "window", "cost_minor", "impressions", "clicks", "conversions",
         "conversion_minor")  # fmt: skip


def test_qianchuan_plans_with_a_total_row(files):
    header = [*files.header("qianchuan.plans"), "整体展示次数", "整体点击次数"]
    rows = [
        {"计划名称": "全部", "计划ID": "-", "日期": "-", "整体消耗": "300.00"},
        {"计划名称": "春茶", "计划ID": "1800000000000000001", "日期": "2026-11-11", "整体消耗": "1,200.50", "整体支付ROI": "3.50",
         "整体成交金额": "4,201.75", "整体成交订单数": "42", "净成交金额": "4,000.00", "净成交金额结算率": "95.20%", "7日结算金额": "3,900.00",
         "整体展示次数": "100,000", "整体点击次数": "2,000"},
    ]  # fmt: skip
    path = files.csv("全域推广数据_计划_20261111-20261111.csv", [header, *files.rows(header, rows)], "gb18030")
    done = files.convert(path, "qianchuan.plans", account="主账户")
    (fact,) = done["spend"]
    assert some(fact, *SPEND) == (
        "qianchuan/主账户", "plan", "1800000000000000001", "春茶", date(2026, 11, 11), None, 120050, 100000, 2000, 42, 420175,
    )  # fmt: skip
    kept = json.loads(fact["properties"])
    assert kept == {"净成交金额": "4,000.00", "7日结算金额": "3,900.00"}
    assert done.passed == 1


def test_qianchuan_products_and_videos(files):
    (product,) = spend(
        "qianchuan.products", files, [{"商品ID": "9", "商品名称": "龙井", "日期": "2026-11-11", "整体消耗": "10"}]
    )
    assert some(product, "account", "level", "unit_id", "cost_minor") == ("qianchuan", "product", "9", 1000)
    (video,) = spend(
        "qianchuan.videos", files,
        [{"素材ID": "'77", "素材视频名称": "开箱", "整体消耗": "20.00", "整体展示次数": "5", "素材创建时间": "2026-01-01", "视频完播率": "3%"}],
        name="全域推广数据-视频-2026-11-11.csv",
    )  # fmt: skip
    assert some(video, "level", "unit_id", "day", "cost_minor") == ("material", "77", date(2026, 11, 11), 2000)
    assert "视频完播率" not in video["properties"]


def test_a_report_without_days_over_a_period_is_refused(files):
    done = files.of(
        "qianchuan.videos", [{"素材ID": "77", "整体消耗": "20.00"}], name="全域推广数据-视频-20261101-20261107.csv"
    )
    assert [one.code for one in done.bad] == ["date.missing"]
    assert done["spend"] == []


def test_ocean_engine(files):
    (plan,) = spend(
        "oceanengine.plans", files,
        [{"时间": "2026-11-11", "广告计划id": "5", "广告计划": "拉新", "展示数": "1000", "点击数": "30", "点击率(%)": "3", "总花费(元)": "88.8"}],
    )  # fmt: skip
    assert some(plan, *SPEND[:5], "cost_minor", "impressions", "clicks") == (
        "oceanengine", "plan", "5", "拉新", date(2026, 11, 11), 8880, 1000, 30,
    )  # fmt: skip
    (material,) = spend(
        "oceanengine.materials", files,
        [{"素材ID": "6", "消耗": "1.00", "展示数": "10", "点击数": "1", "转化数": "1", "计费当日付费金额": "9.9"}], day=date(2026, 11, 11),
    )  # fmt: skip
    assert some(material, "level", "day", "conversions", "conversion_minor") == ("material", date(2026, 11, 11), 1, 990)


def test_alimama_windows_are_part_of_the_key(files):
    row = {"日期": "2026-11-11", "场景ID": "1", "计划ID": "200", "计划名字": "关键词", "展现量": "1000", "点击量": "50", "花费": "123.45",
           "总成交金额": "500.00", "总成交笔数": "5", "投入产出比": "4.05"}  # fmt: skip
    facts = spend(
        "alimama.plans", files,
        [row | {"转化周期": "1天转化"}, row | {"转化周期": "15天转化", "总成交金额": "900.00", "总成交笔数": "9"}],
        without=["主体ID", "主体类型", "主体名称", "人群名字"],
    )  # fmt: skip
    assert [some(one, "window", "cost_minor", "conversions", "conversion_minor") for one in facts] == [
        ("1d", 12345, 5, 50000), ("15d", 12345, 9, 90000),
    ]  # fmt: skip
    assert facts[0]["key"] != facts[1]["key"]
    assert facts[0]["unit_id"] == facts[1]["unit_id"]
    assert "投入产出比" not in facts[0]["properties"]


def test_alimama_details_in_a_zip(files):
    header = [
        "统计日期",
        "场景ID",
        "计划ID",
        "主体ID",
        "主体名称",
        "人群名字",
        "转化周期",
        "展现量",
        "点击量",
        "花费",
        "总成交笔数",
        "总成交金额",
    ]
    title = ["万相台报表"]
    period = ["统计周期", "2026-11-11 至 2026-11-11"]
    row = ["2026-11-11", "1", "200", "9", "龙井", "喜欢喝茶", "15天转化", "10", "1", "2.00", "0", "0"]
    table = files.csv("t.csv", [title, period, header, row], "gb18030").read_bytes()
    done = files.convert(files.zip("主体报表_20261112_101010.zip", {"主体报表.csv": table}), "alimama.details")
    (fact,) = done["spend"]
    assert some(fact, "level", "unit_id", "cost_minor", "window") == ("group", "200/1/9/喜欢喝茶", 200, "15d")


def test_juguang(files):
    row = {"时间": "2026-11-11", "创意名称": "笔记一", "创意ID": "c1", "笔记ID": "n1", "单元ID": "u1", "计划ID": "p1", "消费": "66.60",
           "展现量": "1000", "点击量": "30", "点击率": "3%", "平均点击成本": "2.22", "点赞": "8", "投放位置": "信息流"}  # fmt: skip
    facts = spend("xiaohongshu.ads", files, [row, row | {"投放位置": "搜索", "消费": "3.40"}])
    assert [some(one, "level", "cost_minor", "clicks") for one in facts] == [
        ("material", 6660, 30),
        ("material", 340, 30),
    ]
    assert facts[0]["key"] != facts[1]["key"]
    assert json.loads(facts[0]["properties"]) == {"点赞": "8"}


def test_pinduoduo_ads_and_jd_seeding(files):
    (fact,) = spend(
        "pinduoduo.ads", files,
        [{"日期": "2026-11-11", "商品ID": "1", "商品名称": "龙井", "推广场景": "全站", "推广名称": "计划一", "总花费(元)": "12.00"}],
    )  # fmt: skip
    assert some(fact, "level", "unit_id", "cost_minor") == ("product", "1/全站/计划一", 1200)
    (task,) = spend(
        "jd.seeding", files,
        [{"日期": "2026-11-11", "任务ID": "t1", "任务标题": "种草", "平台": "小红书", "归因范围": "15天", "成交GMV": "1,000.00", "成交UV": "9"}],
    )  # fmt: skip
    assert some(task, "account", "cost_minor", "conversion_minor", "window") == ("jd_seeding", None, 100000, "15d")


def test_traffic_sources_of_one_day_from_an_old_workbook(files):
    header = files.header("sycm.sources")
    rows = [
        ["手淘搜索", "", "", "", "1,200", "3,400", "90", "40", "30", "2.50%", "4,500.00", "150.00", "33"],
        ["手淘推荐", "首页", "", "", "300", "400", "-", "-", "2", "0.67%", "200.00", "100.00", "2"],
        ["手淘推荐", "汇总", "", "", "500", "600", "-", "-", "3", "0.67%", "300.00", "100.00", "3"],
    ]
    path = files.xls("【生意参谋】商品360-流量来源-2026-11-11.xls", [["流量来源"], header, *rows])
    done = files.convert(path, "sycm.sources")
    assert [some(one, "unit", "visitors", "page_views", "carts", "paid_minor", "units") for one in done["traffic"]] == [
        ("手淘搜索", 1200, 3400, 90, 450000, 33),
        ("手淘推荐/首页", 300, 400, None, 20000, 2),
        ("手淘推荐", 500, 600, None, 30000, 3),
    ]
    assert {one["day"] for one in done["traffic"]} == {date(2026, 11, 11)}
    assert {one["level"] for one in done["traffic"]} == {"source"}


def test_traffic_of_products(files):
    done = files.of(
        "sycm.products",
        [
            {
                "统计日期": "2026-11-11",
                "商品ID": "7",
                "商品名称": "龙井",
                "商品访客数": "88",
                "商品浏览量": "120",
                "支付金额": "1,000",
                "商品支付转化率": "3%",
            }
        ],
    )
    (fact,) = done["traffic"]
    assert some(fact, "level", "unit", "visitors", "page_views", "paid_minor") == ("product", "7", 88, 120, 100000)
    assert json.loads(fact["properties"]) == {"商品名称": "龙井"}


def test_youzan_customers_whose_header_ends_with_a_comma(files, local, node):
    header = [*files.header("youzan.customers"), ""]
    row = {
        "客户姓名": "某某", "客户手机号": "13987650512", "客户生日": "1990-05-06", "客户性别": "女", "标签": "高客单,茶友", "免费等级": "金卡",
        "客户积分": "1,200", "成为客户时间": "2026-01-01 10:00:00", "成为会员时间": "2026-01-02 10:00:00", "导购员": "导购甲", "来源方式": "扫码",
        "微信地域": "浙江 杭州", "消费金额": "998.00",
    }  # fmt: skip
    masked = row | {"客户手机号": "186****0512", "客户姓名": "另某"}
    done = files.convert(files.csv("客户.csv", [header, *files.rows(header, [row, masked])]), "youzan.customers")
    first, second = done["customer"]
    assert some(first, "gender", "birth_year", "tags", "member_level", "points", "province", "city", "added_by", "entry") == (
        "female", 1990, ["高客单", "茶友"], "金卡", 1200, "浙江", "杭州", "导购甲", "扫码",
    )  # fmt: skip
    assert first["joined_at"] == local(2026, 1, 2, 10)
    assert first["identifiers"] == [{"type": "mobile", "node": node("mobile", "+8613987650512")}]
    assert second["identifiers"] == []
    assert first["key"] != second["key"]
    assert "某某" not in str(done.facts)
    assert done.bad == []


def test_wecom_customers_with_open_ended_tags(files):
    header = [
        *["客户名称", "描述", "添加人", "添加人账号", "添加人所属部门", "添加时间", "来源", "手机", "企业", "邮箱", "地址", "职务", "电话"],
        "标签组1(会员等级)", "标签组2(口味)",
    ]  # fmt: skip
    row = ["某客户", "电话 13987650599", "导购甲", "guide01", "门店", "2026-11-11 09:00:00", "扫描二维码", "13987650512;13987650513", "", "", "某地",
           "", "", "金卡", "绿茶,红茶"]  # fmt: skip
    done = files.convert(files.csv("客户列表.csv", [header, row]), "wecom.customers")
    (fact,) = done["customer"]
    assert some(fact, "added_by", "entry", "tags") == (
        "guide01",
        "扫描二维码",
        ["会员等级/金卡", "口味/绿茶", "口味/红茶"],
    )
    assert [one["type"] for one in fact["identifiers"]] == ["mobile", "mobile"]
    assert "13987650599" not in fact["properties"]
    assert "某客户" not in str(done.facts)


def test_customer_without_any_name_is_a_bad_row(files):
    done = files.of("own.customers", [{"会员号": "", "入会时间": "2026-11-11", "积分": "3"}])
    assert [one.code for one in done.bad] == ["customer.unknown"]


def test_own_activity_and_visits(files):
    done = files.of(
        "own.activity",
        [
            {
                "互动编号": "a1",
                "时间": "2026-11-11 10:00:00",
                "行为": "点赞",
                "内容ID": "n1",
                "停留秒数": "12.5",
                "浏览深度": "80%",
                "会员号": "M1",
            }
        ],
    )
    (like,) = done["event"]
    assert some(like, "message_id", "kind", "name", "content_id", "dwell_ms", "scroll_pct") == (
        "a1", "track", "liked", "n1", 12500, 80.0,
    )  # fmt: skip
    visits = [{"访问时间": "2026-11-11 10:00:00", "页面路径": "/pages/item?id=1", "访客ID": "v-000001"}] * 2
    seen = files.of("own.visits", visits)["event"]
    assert seen[0]["page"] == "/pages/item"
    assert seen[0]["key"] == seen[1]["key"], "rows without an id that say the same are one event"
    assert seen[0]["message_id"].startswith("row-")


def test_own_conversations_totals_refunds_and_traffic(files):
    (talk,) = files.of(
        "own.conversations",
        [
            {
                "会话编号": "c1",
                "开始时间": "2026-11-11 10:00:00",
                "首次响应秒数": "00:01:30",
                "是否投诉": "是",
                "满意度": "4",
                "会员号": "M1",
            }
        ],
    )["conversation"]
    assert some(talk, "conversation_id", "first_response_ms", "complaint", "rating") == ("c1", 90000, True, 4)
    (total,) = files.of("own.totals", [{"日期": "2026-11-11", "订单数": "1,024", "成交金额": "99,999.50"}])[
        "platform_total"
    ]
    assert some(total, "day", "hour", "orders", "gmv_minor") == (date(2026, 11, 11), None, 1024, 9999950)
    (refund,) = files.of(
        "own.refunds",
        [
            {
                "退款单号": "r1",
                "订单编号": "W1",
                "退款金额": "10",
                "退款时间": "2026-11-12 10:00:00",
                "退款状态": "退款中",
            }
        ],
    )["refund"]
    assert some(refund, "status", "amount_minor") == ("open", 1000)
    (day,) = files.of("own.traffic", [{"日期": "20261111", "访问人数": "500", "访问次数": "1500"}], shop="小程序")[
        "traffic"
    ]
    assert some(day, "level", "shop", "day", "visitors") == ("shop", "小程序", date(2026, 11, 11), 500)


def test_own_spend(files):
    (fact,) = spend("own.spend", files, [{"日期": "2026-11-11", "账户": "A", "计划": "拉新", "花费": "10.01"}])
    assert some(fact, "account", "level", "unit_id", "cost_minor") == ("A", "plan", "拉新", 1001)


@pytest.mark.parametrize("mapping", ["own.orders", "own.order_items", "own.customers"])
def test_own_templates_take_every_identifier(files, mapping):
    rule = next(one for one in files.mappings.get(mapping).outputs if one.identifiers)
    assert {one.type.partition("@")[0] for one in rule.identifiers} >= {"member_no", "mobile", "wechat_unionid"}


def test_a_list_that_names_no_tag_gets_the_one_named_at_import(files, node):
    phones = ["13911110001", "13911110002"]
    path = files.csv("茶友会.csv", [["手机号"], *([one] for one in phones)])
    unnamed = files.convert(path, "own.tags")
    assert [code for _line, _column, code in unnamed.codes] == ["tag.missing"] * 2
    done = files.convert(path, "own.tags", tag="茶友会")
    told = [(one["tag"], one["identifiers"][0]["node"]) for one in done["tag"]]
    assert told == [("茶友会", node("mobile", f"+86{one}")) for one in phones]


def test_a_list_with_tags_of_its_own_keeps_them(files):
    path = files.csv("名单.csv", [["手机号", "标签"], ["13911110001", "老茶客"], ["13911110002", ""]])
    assert [one["tag"] for one in files.convert(path, "own.tags", tag="茶友会")["tag"]] == ["老茶客", "茶友会"]


def test_what_a_row_names_was_unbound(files, node, local):
    rows = [
        {"手机号": "13911110001", "openid": "o-first-0001", "解绑时间": "2026-05-11 10:00:00"},
        {"手机号": "13911110002"},
        {"解绑时间": "2026-05-11 10:00:00"},
    ]
    done = files.of("own.unbindings", rows, app="wx1")
    assert [(one["node"], one["at"], one["identifiers"]) for one in done["unbinding"]] == [
        (node("wechat_openid@wx1", "o-first-0001"), local(2026, 5, 11, 10), []),
        (node("mobile", "+8613911110001"), local(2026, 5, 11, 10), []),
        (node("mobile", "+8613911110002"), done["unbinding"][2]["received_at"], []),
    ]
    assert [code for _line, _column, code in done.codes] == ["customer.unknown"]
    assert len({one["key"] for one in done["unbinding"]}) == 3
