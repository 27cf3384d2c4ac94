"""Orders of the brand's own places: mini-program, live shows in WeChat, site (有赞), tills of the stores."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import MINI, SHOPS, SITE, STORES
from dujiang.simulate.draws import Ints
from dujiang.simulate.files import headers
from dujiang.simulate.files.batch import Batch, receipts, return_receipts, store_names
from dujiang.simulate.files.table import csv_bytes
from dujiang.simulate.identifiers import JUNK_PHONES, masked, member_no, openid, phone, unionid
from dujiang.simulate.orders import JUNK, MASKED, NONE, STAFF
from dujiang.simulate.texts import Text, join, money, plain, take, where


def mini_orders(batch: Batch) -> bytes:
    """The mini-program's orders, in Dujiang's own template."""
    orders, draws = batch.orders, batch.stage.world.draws
    wechat = draws.chance("unionid", 0.85, orders.person)
    columns = {
        "订单编号": batch.numbers,
        "店铺": SHOPS[MINI],
        "下单时间": batch.moment(orders.at),
        "支付时间": batch.moment(orders.paid_at),
        "完成时间": batch.moment(orders.finished_at),
        "订单状态": batch.state("待付款", "已关闭", "待发货", "已发货", "已完成"),
        "商品金额": money(orders.gross),
        "运费": money(orders.freight),
        "优惠金额": money(orders.discount),
        "实付金额": money(orders.paid),
        "退款金额": money(orders.refunded),
        "商品件数": plain(orders.units),
        "会员号": where(orders.member == 1, member_no(draws, orders.person)),
        "手机号": phone(draws, orders.phone),
        "unionid": where(wechat, unionid(draws, orders.person)),
        "openid": openid(draws, orders.person),
        "导购": where(orders.guided == 1, _guides(batch)),
        "流量来源": where(orders.guided == 1, "企微导购", "小程序首页"),
        "优惠券": where(orders.coupon == 1, "新人券 15 元"),
        "省": batch.city(0),
        "市": batch.city(1),
    }
    return csv_bytes(headers.OWN_ORDERS, columns, len(orders))


def _guides(batch: Batch) -> pa.Array:
    orders = batch.orders
    home = batch.stage.world.draws.whole("guide:store", len(STORES), orders.person)
    names = [guide for one in STORES for guide in one.guides]
    return take(names, np.where(orders.store >= 0, orders.store, home) * 3 + orders.guide)


def live_orders(batch: Batch) -> bytes:
    """微信小店: the order's amounts on every row, recipients only, nothing about the buyer."""
    orders, lines, of = batch.orders, batch.lines, batch.of
    recipient = join(phone(batch.stage.world.draws, orders.number * 4 + 3), "-", plain(1000 + orders.number % 9000))
    columns = {
        "订单号": join("'", batch.per_line(batch.numbers)),
        "订单下单时间": batch.per_line(batch.moment(orders.at)),
        "订单发货时间": batch.per_line(batch.moment(batch.shipped_at)),
        "订单确认收货时间": batch.per_line(batch.moment(orders.finished_at)),
        "订单状态": batch.per_line(batch.state("待付款", "已取消", "待发货", "待收货", "已完成")),
        "发货方式": "快递",
        "收件人姓名": "演*",
        "收件人地址": batch.per_line(batch.address),
        "省": batch.per_line(batch.city(0)),
        "市": batch.per_line(batch.city(1)),
        "区": batch.per_line(batch.city(2)),
        "收件人手机": batch.per_line(recipient),
        "商品总价": batch.per_line(money(orders.gross)),
        "订单实际支付金额": batch.per_line(money(orders.paid)),
        "订单实际收款金额": batch.per_line(money(orders.paid)),
        "订单运费": batch.per_line(money(orders.freight)),
        "商品优惠": batch.per_line(money(orders.discount)),
        "支付方式": "微信支付",
        "支付时间": batch.per_line(batch.moment(orders.paid_at)),
        "物流公司": where(batch.shipped_at[of] >= 0, "顺丰速运"),
        "带货方式": "直播",
        "带货账号类型": "视频号",
        "带货账号昵称": "山见视频号",
        "商品名称": batch.product("name"),
        "商品编码(平台)": batch.product_id(10_000_000_000),
        "商品编码(自定义)": batch.product("code"),
        "SKU编码(自定义)": batch.product("code"),
        "商品价格(单件)": money(lines.price),
        "商品实际价格(单件)": money((lines.paid - lines.freight) // lines.units),
        "商品实际价格(总共)": money(lines.paid - lines.freight),
        "是否预售": "否",
        "商品数量": plain(lines.units),
        "商品售后": where(lines.refunded > 0, "退款完成"),
        "商品已退款金额": money(lines.refunded),
    }
    return csv_bytes(headers.WECHAT_SHOP, columns, len(lines))


def youzan(batch: Batch) -> bytes:
    """有赞: one row for each order, 分销员 twice in the header, some buyers' phones masked."""
    orders, draws = batch.orders, batch.stage.world.draws
    clear = phone(draws, orders.phone)
    state = take(("", "部分退款", "全额退款"), orders.refund)
    columns = {
        "订单号": batch.numbers,
        "销售渠道": "网店",
        "归属店铺": SHOPS[SITE],
        "订单类型": "普通订单",
        "订单状态": batch.state("待付款", "交易关闭", "待发货", "已发货", "交易完成"),
        "订单来源": "官网商城",
        "订单创建时间": batch.moment(orders.at),
        "买家付款时间": batch.moment(orders.paid_at),
        "交易成功时间": batch.moment(orders.finished_at),
        "付款方式": where(batch.paid_for, "微信支付"),
        "商品金额合计": money(orders.gross),
        "运费": money(orders.freight),
        "店铺优惠合计": money(orders.discount),
        "应收订单金额": money(orders.paid),
        "订单实付金额": money(orders.paid),
        "支付优惠合计": "0.00",
        "订单实收金额": money(np.where(batch.paid_for, orders.paid, 0)),
        "全部商品名称": batch.titles,
        "商品种类数": plain(orders.lines),
        "订单配送方式": "快递",
        "收货人省份": batch.city(0),
        "收货人城市": batch.city(1),
        "收货人地区": batch.city(2),
        "详细收货地址/提货地址": "演示路****",
        "收货人/提货人": "演*",
        "收货人手机号/提货人手机号": masked(clear),
        "买家昵称": "茶友",
        "买家是否会员": where(orders.member == 1, "是", "否"),
        "买家手机号": where(orders.shown == MASKED, masked(clear), clear),
        "订单退款状态": state,
        "订单已退款金额": money(orders.refunded),
    }
    return csv_bytes(headers.YOUZAN, columns, len(orders))


def till(batch: Batch, returned: Batch) -> tuple[bytes, int]:
    """Sales of the stores' tills; goods brought back this month are negative rows of their own receipts."""
    sold, back = _sales(batch), _returns(returned)
    rows = len(batch.lines) + len(returned.lines)
    both = {name: _stack(one, back[name]) for name, one in sold.items()}
    return csv_bytes(headers.POS, both, rows), rows


def _stack(one: Text, other: Text) -> pa.Array:
    assert isinstance(one, pa.Array)
    assert isinstance(other, pa.Array)
    return pa.concat_arrays([one, other])


def _sales(batch: Batch) -> dict[str, Text]:
    lines, of = batch.lines, batch.of
    receipt = receipts(batch.stage.world, lines.number)
    return _receipt_rows(batch, receipt, batch.orders.at[of], lines.units, lines.paid)


def _returns(batch: Batch) -> dict[str, Text]:
    lines, of = batch.lines, batch.of
    receipt = return_receipts(batch.stage.world, lines.number)
    return _receipt_rows(batch, receipt, batch.orders.refund_at[of], -lines.units, -lines.refunded)


def _receipt_rows(batch: Batch, receipt: pa.Array, at: Ints, units: Ints, amount: Ints) -> dict[str, Text]:
    orders, of = batch.orders, batch.of
    card, number = _at_the_till(batch)
    return {
        "销售日期": batch.stage.moments.local(at),
        "门店名称": store_names(orders.store[of]),
        "小票号": receipt,
        "物料描述": batch.product("name"),
        "销售数量": plain(units),
        "销售金额": money(amount),
        "物料编码": batch.product("code"),
        "品类": batch.product("category"),
        "会员号": batch.per_line(card),
        "手机号": batch.per_line(number),
        "导购": batch.per_line(_guides(batch)),
    }


def _at_the_till(batch: Batch) -> tuple[pa.Array, pa.Array]:
    """Member number and phone as the cashier took them: the guest's, the guide's own card, or something made up."""
    orders, draws = batch.orders, batch.stage.world.draws
    member = orders.member == 1
    staff = take([one.staff_card for one in STORES], np.maximum(orders.store, 0))
    card = where(member, member_no(draws, orders.person), where(orders.shown == STAFF, staff))
    junk = take(JUNK_PHONES, draws.whole("junk_phone", len(JUNK_PHONES), orders.number))
    clear = phone(draws, orders.phone)
    number = where(~member & (orders.shown == JUNK), junk, where(~member & (orders.shown == NONE), "", clear))
    return card, number
