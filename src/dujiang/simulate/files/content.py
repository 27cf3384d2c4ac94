"""Douyin's orders and after-sales, Xiaohongshu's orders and creator orders."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import SHOPS, XIAOHONGSHU
from dujiang.simulate.draws import Ints
from dujiang.simulate.files import headers
from dujiang.simulate.files.batch import Batch
from dujiang.simulate.files.table import csv_bytes, xlsx_bytes
from dujiang.simulate.identifiers import spin, xiaohongshu_id
from dujiang.simulate.orders import FULLY
from dujiang.simulate.texts import HEX, digits, join, letters, money, plain, take, where

_CREATORS: Final = tuple(f"茶友达人{place:02d}号" for place in range(60))
_REASONS: Final = ("不想要了", "与描述不符", "包装破损", "口味不喜欢", "发货太慢")


def _creator(who: Ints) -> tuple[pa.Array, pa.Array]:
    known = who >= 0
    number = np.maximum(who, 0)
    return where(known, plain(7_100_000_000_000_000 + number * 104_729)), where(known, take(_CREATORS, number))


def douyin_orders(batch: Batch) -> bytes:
    """订单明细: one row for each sub-order, amounts per sub-order, recipients as ciphertext."""
    orders, lines, of = batch.orders, batch.lines, batch.of
    draws = batch.stage.world.draws
    main = batch.per_line(batch.numbers)
    creator_id, creator = _creator(orders.promoter[of])
    live = draws.chance("douyin:live", 0.6, orders.number)[of]
    cipher = join("##", letters(draws.bits("cipher", orders.number), 28), "##")
    platform = lines.discount * 2 // 5
    columns = {
        "主订单编号": join("\t", main),
        "子订单编号": join("\t", sub_orders(batch)),
        "支付方式": where(batch.paid_for[of], "抖音月付"),
        "选购商品": batch.product("name"),
        "商品ID": batch.product_id(3_600_000_000_000_000_000),
        "商家编码": batch.product("code"),
        "商品数量": plain(lines.units),
        "商品金额": money(lines.price),
        "订单提交时间": batch.per_line(batch.moment(orders.at)),
        "支付完成时间": batch.per_line(batch.moment(orders.paid_at)),
        "订单完成时间": batch.per_line(batch.moment(orders.finished_at)),
        "APP渠道": "抖音",
        "订单状态": batch.per_line(batch.state("待支付", "已关闭", "待发货", "已发货", "已完成")),
        "取消原因": batch.per_line(where(~batch.paid_for, "超时未支付")),
        "售后状态": where(lines.refunded > 0, "退款成功"),
        "订单类型": "普通订单",
        "发货时间": batch.per_line(batch.moment(batch.shipped_at)),
        "订单应付金额": money(lines.paid),
        "运费": money(lines.freight),
        "优惠总金额": money(lines.discount),
        "平台优惠": money(platform),
        "商家优惠": money(lines.discount - platform),
        "收件人": batch.per_line(cipher),
        "收件人手机号": batch.per_line(join("$$", letters(draws.bits("cipher:phone", orders.number), 24), "$$")),
        "省": batch.per_line(batch.city(0)),
        "市": batch.per_line(batch.city(1)),
        "区": batch.per_line(batch.city(2)),
        "详细地址": batch.per_line(cipher),
        "达人ID": creator_id,
        "达人昵称": creator,
        "流量来源": where(orders.promoter[of] >= 0, "精选联盟", "商城"),
        "流量类型": where(draws.chance("douyin:paid", 0.3, orders.number)[of], "付费流量", "自然流量"),
        "流量体裁": where(live, "直播", "短视频"),
    }
    return csv_bytes(headers.DOUYIN_ORDERS, columns, len(lines))


def sub_orders(batch: Batch) -> pa.Array:
    """Sub-order numbers: the first item has the order's own."""
    lines = batch.lines
    further = join(
        "6936", digits(spin(batch.stage.world.draws, "order", lines.number, 10**10), 10), digits(lines.place, 5)
    )
    return where(lines.place == 0, batch.per_line(batch.numbers), further)


def aftersales(batch: Batch) -> tuple[bytes, int]:
    """售后单: one row for each sub-order that was given back; some more that were refused."""
    lines, orders = batch.lines, batch.orders
    draws = batch.stage.world.draws
    refused = (
        (lines.refunded == 0) & draws.chance("refused", 0.004, lines.number, lines.place) & batch.paid_for[batch.of]
    )
    row = np.flatnonzero((lines.refunded > 0) | refused)
    of, done = batch.of[row], lines.refunded[row] > 0
    at = np.where(done, orders.refund_at[of], orders.paid_at[of] + 86_400)
    at = np.minimum(at, batch.stage.world.days * 86_400 - 1)
    freight = np.where(orders.refund[of] == FULLY, lines.freight[row], 0)
    columns = {
        "售后单号": join("\t", refund_numbers(batch).take(row)),
        "订单号": join("\t", batch.per_line(batch.numbers).take(row)),
        "商品单号": join("\t", sub_orders(batch).take(row)),
        "商品名称": batch.product("name").take(row),
        "商品ID": batch.product_id(3_600_000_000_000_000_000).take(row),
        "应付金额（元）": money(lines.paid[row]),
        "商品运费（元）": money(lines.freight[row]),
        "商品发货状态": "已发货",
        "售后类型": "已发货退款",
        "退商品金额（元）": money(np.where(done, lines.refunded[row] - freight, lines.paid[row] - lines.freight[row])),
        "退运费金额（元）": money(np.where(done, freight, 0)),
        "售后状态": where(done, "退款成功", "售后关闭"),
        "售后申请时间": batch.stage.moments.local(np.maximum(at - 7200, orders.paid_at[of])),
        "退款方式": where(done, "原路退款"),
        "售后原因": take(_REASONS, draws.whole("reason", len(_REASONS), lines.number[row])),
        "商家退款时间": where(done, batch.stage.moments.local(at)),
        "售后完结时间": batch.stage.moments.local(at),
        "是否极速退款": "否",
        "商家编码": batch.product("code").take(row),
    }
    return csv_bytes(headers.DOUYIN_AFTERSALES, columns, len(row)), len(row)


def refund_numbers(batch: Batch) -> pa.Array:
    """After-sale numbers, one for each line."""
    number = spin(batch.stage.world.draws, "order", batch.lines.number, 10**10)
    return join("14", digits(number, 10), digits(batch.lines.place + 100, 6))


def xiaohongshu_orders(batch: Batch) -> bytes:
    """小红书订单查询: XLSX, amounts per row, the buyer's own number."""
    orders, lines, of = batch.orders, batch.lines, batch.of
    draws = batch.stage.world.draws
    creator_id, creator = _creator(orders.promoter[of])
    platform = lines.discount * 2 // 5
    columns = {
        "订单号": batch.per_line(batch.numbers),
        "订单状态": batch.per_line(batch.state("待支付", "已取消", "待发货", "已发货", "已完成")),
        "售后状态": where(lines.refunded > 0, "售后完成", "无售后"),
        "订单类型": "普通订单",
        "收件人姓名": "演*",
        "收件人电话": "1**********",
        "收件人地址": batch.per_line(join(batch.city(0), batch.city(1), "****")),
        "省": batch.per_line(batch.city(0)),
        "市": batch.per_line(batch.city(1)),
        "区": batch.per_line(batch.city(2)),
        "小红书编码": batch.product("code"),
        "规格ID": letters(draws.bits("xiaohongshu:sku", lines.product), 24, HEX),
        "达人ID": creator_id,
        "达人名称": creator,
        "SKU名称": batch.product("name"),
        "SKU件数": plain(lines.units),
        "是否为赠品": "否",
        "商品总价(元)": money(lines.gross),
        "用户应付金额(元)": money(lines.paid),
        "平台优惠(元)": money(platform),
        "店铺优惠(元)": money(lines.discount - platform),
        "商家应收金额(元)（支付金额）": money(lines.paid + platform),
        "支付方式": "支付宝",
        "支付时间": batch.per_line(batch.moment(orders.paid_at)),
        "订单创建时间": batch.per_line(batch.moment(orders.at)),
        "订单发货时间": batch.per_line(batch.moment(batch.shipped_at)),
        "订单完成时间": batch.per_line(batch.moment(orders.finished_at)),
        "快递公司": where(batch.shipped_at[of] >= 0, "顺丰速运"),
        "店铺名称": SHOPS[XIAOHONGSHU],
        "用户编号": batch.per_line(xiaohongshu_id(draws, orders.person)),
        "商家编码": batch.product("code"),
        "商品ID": letters(draws.bits("xiaohongshu:item", lines.product), 24, HEX),
        "商品名称": batch.product("name"),
    }
    return xlsx_bytes(headers.XIAOHONGSHU_ORDERS, columns, len(lines))


def creator_rows(batch: Batch) -> Ints:
    """Lines of paid orders that an influencer brought."""
    return np.flatnonzero((batch.orders.promoter[batch.of] >= 0) & batch.paid_for[batch.of])


def xiaohongshu_creators(batch: Batch) -> bytes:
    """买手数据: what influencers brought, with what was given back."""
    row = creator_rows(batch)
    orders, lines, of = batch.orders, batch.lines.pick(row), batch.of[row]
    creator_id, creator = _creator(orders.promoter[of])
    platform = lines.discount * 2 // 5
    kept = lines.paid - lines.refunded
    columns = {
        "支付时间": batch.moment(orders.paid_at).take(of),
        "订单ID": batch.numbers.take(of),
        "订单状态": batch.state("待支付", "已取消", "待发货", "已发货", "已完成").take(of),
        "规格名称": batch.product("name").take(row),
        "规格ID": letters(batch.stage.world.draws.bits("xiaohongshu:sku", lines.product), 24, HEX),
        "价格": money(lines.price),
        "达人名称": creator,
        "达人ID": creator_id,
        "商家实收金额": money(lines.paid + platform),
        "用户实付金额": money(lines.paid),
        "退款金额": money(lines.refunded),
        "有效销售金额（计佣金额）": money(kept),
        "佣金率": "15.00%",
        "预估支出佣金": money(kept * 15 // 100),
        "合作类型": "买手带货",
        "推广渠道": where(orders.number[of] % 3 == 0, "直播", "笔记"),
    }
    return xlsx_bytes(headers.XIAOHONGSHU_CREATORS, columns, len(row))
