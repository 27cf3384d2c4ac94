"""What holds for every conversion, whatever the file: sums, chunks, keys, personal data."""
# ruff: noqa: E501 - rows of a table stay on one line

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.collect.exports import convert as convert_module
from dujiang.collect.exports.facts import KEYS, SCHEMAS
from dujiang.collect.exports.headers import Columns
from dujiang.collect.exports.templates import presets
from dujiang.collect.sentiment import VERSION
from dujiang.foundation.definitions import load_yaml, parse
from dujiang.foundation.facts import FAMILIES

ROOT = Path(__file__).parents[3]

LINE = st.tuples(
    st.integers(1, 6),  # order
    st.integers(0, 99_999),  # payable, fen
    st.integers(0, 500),  # freight
    st.integers(0, 5_000),  # discount
    st.sampled_from(["paid", "closed after paying", "closed", "open"]),
)
STATES = {
    "paid": ("已完成", "2026-11-11 10:01:00"),
    "closed after paying": ("已关闭", "2026-11-11 10:01:00"),
    "closed": ("已关闭", ""),
    "open": ("待支付", ""),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, min_size=1, max_size=30), st.integers(1, 7))
def test_sums_and_states_equal_a_plain_reckoning(files, monkeypatch, lines, chunk):
    states = {order: state for order, *_, state in lines}
    rows = [
        {
            "主订单编号": f"O{order}", "子订单编号": f"S{number}", "订单提交时间": "2026-11-11 10:00:00", "订单状态": STATES[states[order]][0],
            "支付完成时间": STATES[states[order]][1], "订单应付金额": f"{payable / 100:.2f}", "运费": f"{freight / 100:.2f}",
            "优惠总金额": f"{discount / 100:,.2f}", "商品数量": "1",
        }
        for number, (order, payable, freight, discount, _) in enumerate(lines)
    ]  # fmt: skip
    monkeypatch.setattr(convert_module, "CHUNK_ROWS", chunk)
    done = files.of("douyin.orders", rows)
    paid, gross = defaultdict(int), defaultdict(int)
    for order, payable, freight, discount, _ in lines:
        was_paid = states[order] in ("paid", "closed after paying")
        paid[f"O{order}"] += payable if was_paid else 0
        gross[f"O{order}"] += payable + discount - freight
    found_paid, found_gross = defaultdict(int), defaultdict(int)
    for one in done["order_line"]:
        found_paid[one["order_no"]] += one["paid_minor"]
        found_gross[one["order_no"]] += one["gross_minor"]
        if one["status"] == "valid":
            assert one["gross_minor"] + one["freight_minor"] - one["discount_minor"] == one["paid_minor"]
    assert (dict(found_paid), dict(found_gross)) == (dict(paid), dict(gross))
    meaning = {"paid": "valid", "closed after paying": "valid", "closed": "cancelled", "open": "unpaid"}
    assert {one["order_no"]: one["status"] for one in done["order"]} == {
        f"O{order}": meaning[state] for order, state in states.items()
    }
    assert len({one["key"] for one in done["order_line"]}) == len(lines)


def test_chunks_do_not_part_the_rows_of_an_order(files, monkeypatch):
    monkeypatch.setattr(convert_module, "CHUNK_ROWS", 2)
    rows = [
        {"主订单编号": number // 3, "子订单编号": number, "订单提交时间": "2026-11-11 10:00:00", "支付完成时间": "2026-11-11 10:00:00", "订单应付金额": "1"}
        for number in range(3, 12)
    ]  # fmt: skip
    done = files.of("douyin.orders", rows)
    assert [one["order_no"] for one in done["order"]] == ["1", "2", "3"]


def test_the_strongest_status_of_an_order_wins(files):
    base = {"主订单编号": "1", "订单提交时间": "2026-11-11 10:00:00", "订单应付金额": "1", "省": "浙江省"}
    done = files.of(
        "douyin.orders",
        [
            base | {"子订单编号": "11", "支付完成时间": "2026-11-11 10:00:00", "订单状态": "已完成"},
            base | {"子订单编号": "12", "订单状态": "已关闭", "省": ""},
        ],
    )
    (order,) = done["order"]
    assert (order["status"], order["province"]) == ("valid", "浙江省")


def test_tables_of_an_archive_are_numbered_through(files):
    header = files.header("own.pos")
    row = {"销售日期": "2026-11-11", "门店名称": "湖滨店", "物料描述": "杯", "销售数量": "1", "销售金额": "79.00"}
    parts = {
        f"{name}.csv": files.csv(
            "t.csv", [header, *files.rows(header, [row | {"小票号": name}, row | {"小票号": ""}])]
        ).read_bytes()
        for name in ("1", "2")
    }
    done = files.convert(files.zip("a.zip", parts), "own.pos")
    assert sorted(one["line"] for one in done["order_line"]) == [1, 2, 3, 4]


def test_a_table_of_another_kind_in_an_archive_is_refused(files):
    header = files.header("own.pos")
    whole = files.csv("t.csv", [header]).read_bytes()
    path = files.zip("b.zip", {"1.csv": whole, "2.csv": b"x,y\n1,2\n"})
    with pytest.raises(ValueError, match="no column"):
        files.convert(path, "own.pos")


GOOD = {
    "订单编号": "1001",
    "买家应付货款": "100.00",
    "买家实际支付金额": "90.00",
    "订单状态": "交易成功",
    "订单创建时间": "2026-11-11 10:00:00",
}


def test_keys_never_change_from_one_version_to_the_next(files):
    (order,) = files.of("taobao.orders", [GOOD], channel="tmall", shop="旗舰店")["order"]
    assert order["key"] == KNOWN_KEY
    (other,) = files.of("taobao.orders", [GOOD | {"退款金额": "1"}], channel="tmall", shop="旗舰店")["order"]
    assert other["key"] == KNOWN_KEY
    assert other["content"] != order["content"]


KNOWN_KEY = -1953945230806370003


def test_content_does_not_depend_on_how_values_are_written(files):
    plain = files.of("taobao.orders", [GOOD])["order"][0]
    fancy = files.of(
        "taobao.orders",
        [GOOD | {"订单编号": '="1001"', "买家应付货款": "￥100", "订单创建时间": "2026/11/11 10:00"}],
        encoding="gb18030",
    )["order"][0]
    assert fancy["content"] == plain["content"]


def test_shop_is_part_of_the_key(files):
    keys = {files.of("taobao.orders", [GOOD], shop=shop)["order"][0]["key"] for shop in ("", "甲店", "乙店")}
    assert len(keys) == 3


PHONES = ("13987650512", "+86 139-8765-0512", "someone@example.com", "11010519491231002X")


@pytest.mark.parametrize("mapping", [one.name for one in presets()])
def test_no_mapping_lets_personal_data_through(files, mapping):
    """Every column that no rule reads gets a phone, an email and an identity card; none of them may come out."""
    spec = files.mappings.get(mapping)
    names = [name for name in spec.match.header if "*" not in name and name not in spec.match.absent]
    columns = Columns(names, spec.aliases)
    read = [
        name.removesuffix("|day")
        for output in spec.outputs
        for rule in output.fields.values()
        for name in rule.columns()
    ]
    used = {place for name in read for place in columns.places(name)}
    row = {name: _plausible(name) if place in used else " / ".join(PHONES) for place, name in enumerate(names)}
    header = [*row, "身份证号", "某人手机"]
    path = files.csv("a.csv", [header, [*row.values(), "11010519491231002X", "13987650512"]])
    done = files.convert(path, mapping, day=date(2026, 11, 11))
    text = str(done.facts) + str(done.bad)
    for secret in ("13987650512", "139-8765-0512", "someone@example", "11010519491231002X"):
        assert secret not in text


def test_texts_of_fields_are_protected_too(files):
    row = {
        "会话编号": "c1",
        "开始时间": "2026-11-11 10:00:00",
        "主题": f"回电 {PHONES[0]}",
        "客服": PHONES[2],
        "会员号": "M1",
    }
    (talk,) = files.of("own.conversations", [row])["conversation"]
    assert PHONES[0] not in talk["topic"]
    assert talk["topic"].startswith("回电 ‹mobile:")
    assert talk["agent"].startswith("‹email:")


def test_what_was_written_is_scored_and_not_kept(files):
    row = {"会话编号": "c1", "开始时间": "2026-11-11 10:00:00", "会员号": "M1", "会话内容": "发货太慢了，很失望"}
    silent = row | {"会话编号": "c2", "会话内容": ""}
    done = files.of("own.conversations", [row, silent])
    talk, other = done["conversation"]
    assert talk["sentiment"] < -0.3
    assert talk["sentiment_version"] == VERSION
    assert (other["sentiment"], other["sentiment_version"]) == (None, None)
    assert "失望" not in str(done)


def _plausible(name: str) -> str:
    if any(word in name for word in ("时间", "日期")):
        return "2026-11-11 10:00:00"
    amounts = (
        "金额",
        "款",
        "费",
        "价",
        "数",
        "量",
        "花费",
        "消耗",
        "消费",
        "积分",
        "UV",
        "uv",
        "GMV",
        "补贴",
        "优惠",
        "交易额",
    )
    return "1" if any(word in name for word in amounts) else "x1"


def test_every_fact_fits_its_family():
    for family, schema in FAMILIES.items():
        assert set(SCHEMAS[family].names) == (set(schema.names) - {"seq", "batch"}) | {"line"}
        assert set(KEYS.get(family, ())) <= set(schema.names)


def test_presets_are_whole_and_documented():
    guide = (ROOT / "docs" / "guides" / "channel-files.md").read_text("utf-8")
    for one in presets():
        assert set(one.title) == {"zh", "en"}, one.name
        platform, _, kind = one.name.partition(".")
        assert one.name in guide or (f"`{platform}." in guide and f"`.{kind}`" in guide) or f"`{kind}`" in guide, (
            one.name
        )


def test_the_example_of_the_guide_works(files):
    guide = (ROOT / "docs" / "guides" / "channel-files.md").read_text("utf-8")
    text = guide.partition("```yaml\n")[2].partition("```")[0]
    (definition,) = load_yaml(text)
    files.mappings = type(files.mappings)([definition])
    path = files.csv(
        "茶展.csv",
        [
            ["单号", "时间", "品名", "单价", "数量", "实收金额", "付款时间"],
            ["1", "2026-11-11", "茶", "10", "2", "18", "2026-11-11"],
        ],
    )
    done = files.convert(path, "tea_fair")
    assert [one["paid_minor"] for one in done["order_line"]] == [1800]
    assert [one["gross_minor"] for one in done["order_line"]] == [2000]
    assert done["order"][0]["status"] == "valid"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fields": {"nonsense": "a", "at": "b"}}, "outputs"),
        ({"fields": {"at": {"first": "a", "join": "b"}}}, "outputs"),
        ({"fields": {"at": {}}}, "outputs"),
        ({"family": "order", "fields": {"order_no": "a", "at": "b"}}, "spec"),
    ],
)
def test_mappings_that_make_no_sense_are_refused(change, field):
    output = {"family": "event", "fields": {"at": "a"}} | change
    spec = yaml.safe_load("{group: activity, match: {required: [a]}}") | {"outputs": [output]}
    with pytest.raises(ValueError, match=field):
        parse({"kind": "mapping", "name": "x", "spec": spec})
