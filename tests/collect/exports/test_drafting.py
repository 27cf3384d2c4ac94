"""Drafting a mapping: columns are found by their meaning, choices win, and what comes of it imports like the template."""

from __future__ import annotations

import pytest

from dujiang.collect.exports.detect import detect
from dujiang.collect.exports.drafting import draft, own_templates
from dujiang.collect.exports.mapping import MappingSpec
from dujiang.collect.exports.templates import Mappings
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import InvalidInput, NotFound

MAPPINGS = Mappings()
FAIR = ["流水", "成交时间", "买家应付货款", "买家实付金额", "当前状态", "手机号", "备注"]
ROW = ["T1", "2026-11-11 10:00", "120", "99", "已付款", "***", ""]


def taken(header: list[str], like: str, chosen: dict[str, str] | None = None) -> dict[str, str]:
    found = draft(like, header, [ROW], MAPPINGS, chosen)
    return {one.name: one.column for one in found.wanted if one.column}


def with_spec(spec: object) -> Mappings:
    return Mappings([Definition.model_validate({"kind": "mapping", "name": "fair", "spec": spec})])


def test_columns_are_found_by_name_and_by_what_known_exports_use_them_for() -> None:
    found = taken(["订单编号", "买家实付金额", "订单状态", "订单创建时间", "手机号", "心情"], "own.orders")
    assert found == {
        "订单编号": "订单编号",
        "实付金额": "买家实付金额",
        "订单状态": "订单状态",
        "下单时间": "订单创建时间",
        "手机号": "手机号",
    }


def test_what_is_chosen_wins_and_makes_a_mapping_that_knows_the_file() -> None:
    chosen = {
        "订单编号": "流水",
        "下单时间": "成交时间",
        "实付金额": "买家实付金额",
        "订单状态": "当前状态",
        "手机号": "",
    }
    found = draft("own.orders", FAIR, [ROW], MAPPINGS, chosen, channel="fair")
    spec = MappingSpec.model_validate(found.spec)
    order = spec.outputs[0]
    assert (spec.channel, spec.match.required) == ("fair", ("流水", "成交时间", "买家实付金额", "当前状态"))
    assert (order.fields["order_no"].first, order.fields["paid_minor"].first) == (("流水",), ("买家实付金额",))
    assert spec.status is not None
    assert spec.status.columns == ("当前状态",)
    best = detect(FAIR, "茶展.csv", with_spec(found.spec))[0]
    assert (best.mapping, best.usable) == ("fair", True)


def test_a_column_that_is_left_out_is_not_read_though_the_file_has_it() -> None:
    chosen = {"订单编号": "流水", "下单时间": "成交时间", "实付金额": "买家实付金额", "订单状态": "当前状态"}
    spec = MappingSpec.model_validate(draft("own.orders", FAIR, [ROW], MAPPINGS, chosen).spec)
    assert "手机号" not in {one.column for one in spec.outputs[0].identifiers}


def test_two_columns_can_change_places() -> None:
    chosen = {
        "订单编号": "店铺",
        "店铺": "订单编号",
        "下单时间": "下单时间",
        "实付金额": "实付金额",
        "订单状态": "订单状态",
    }
    header = ["店铺", "订单编号", "下单时间", "实付金额", "订单状态"]
    spec = MappingSpec.model_validate(draft("own.orders", header, [], MAPPINGS, chosen).spec)
    fields = spec.outputs[0].fields
    assert (fields["order_no"].first, fields["shop"].first) == (("店铺",), ("订单编号",))


def test_parts_of_a_receipt_number_are_renamed_where_they_are_joined() -> None:
    chosen = {"门店名称": "门店", "销售日期": "日子", "小票号": "单号", "销售金额": "钱"}
    spec = MappingSpec.model_validate(draft("own.pos", ["门店", "日子", "单号", "钱"], [], MAPPINGS, chosen).spec)
    order, _line, refund = spec.outputs
    assert order.fields["order_no"].join == ("门店", "日子|day", "单号")
    assert order.when is not None
    assert order.when.column == "钱"
    assert refund.fields["amount_minor"].minus == ("钱",)
    assert order.fields["status"].constant == "valid"


def test_a_list_without_states_is_a_list_of_sales() -> None:
    chosen = {"订单编号": "流水", "下单时间": "成交时间", "实付金额": "买家实付金额"}
    status = MappingSpec.model_validate(draft("own.orders", FAIR, [], MAPPINGS, chosen).spec).status
    assert status is not None
    assert (status.columns, status.otherwise) == ((), "valid")


def test_samples_show_what_a_column_holds() -> None:
    found = draft("own.orders", ["a", "a", ""], [["1", "x", "?"], ["1", "y", ""], ["2", "", ""]], MAPPINGS, {})
    assert found.samples == {"a": ("1", "2"), "a#2": ("x", "y")}
    assert found.spec == {}


@pytest.mark.parametrize("chosen", [{"订单编号": "没有"}, {"没有": "流水"}])
def test_what_neither_file_nor_template_has_is_said(chosen: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        draft("own.orders", FAIR, [], MAPPINGS, chosen)
    assert caught.value.code == "mapping.unknown_column"
    with pytest.raises(NotFound):
        draft("own.none", FAIR, [], MAPPINGS)


@pytest.mark.parametrize("like", own_templates(MAPPINGS))
def test_every_template_drafted_from_its_own_header_is_itself(like: str) -> None:
    template = MAPPINGS.get(like)
    spec = MappingSpec.model_validate(draft(like, list(template.columns()), [], MAPPINGS).spec)
    assert spec.outputs == template.outputs
    assert spec.status == template.status
    assert spec.match.required == (template.match.required or template.columns())
