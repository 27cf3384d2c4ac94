"""Tmall's order and item reports, Pinduoduo's orders."""

from __future__ import annotations

from typing import Final

import numpy as np

from dujiang.simulate.brand import PINDUODUO, SHOPS, TMALL
from dujiang.simulate.files import headers
from dujiang.simulate.files.batch import TMALL_ITEM, Batch
from dujiang.simulate.files.table import csv_bytes
from dujiang.simulate.identifiers import phone, taobao_nick
from dujiang.simulate.names import in_full, written_address, written_name
from dujiang.simulate.orders import FULLY, NO_REFUND
from dujiang.simulate.texts import Text, join, money, pc, plain, take, where

_TMALL_STATES: Final = ("等待买家付款", "交易关闭", "买家已付款，等待卖家发货", "卖家已发货，等待买家确认", "交易成功")

_GIFTS: Final = 0.05
"""Parcels that go to somebody else."""
_HIDDEN: Final = 0.4
"""Parcels whose recipient the export masks."""


def tmall_orders(batch: Batch) -> bytes:
    """``ExportOrderList``: gb18030, long ids as ``="…"``, recipients under virtual numbers."""
    orders, draws = batch.orders, batch.stage.world.draws
    number = join('="', batch.numbers, '"')
    recipient, address = _recipients(batch)
    virtual = join(phone(draws, orders.number * 4 + 3), "-", plain(1000 + orders.number % 9000))
    columns = {
        "订单编号": number,
        "买家会员名": taobao_nick(draws, orders.person),
        "支付单号": where(batch.paid_for, join('="', batch.numbers, '"')),
        "买家应付货款": money(orders.gross),
        "买家应付邮费": money(orders.freight),
        "买家支付积分": "0",
        "总金额": money(orders.gross + orders.freight),
        "返点积分": "0",
        "买家实际支付金额": money(np.where(batch.paid_for, orders.paid, 0)),
        "买家实际支付积分": "0",
        "订单状态": batch.state(*_TMALL_STATES),
        "收货人姓名": recipient,
        "收货地址": in_full(address, orders.city),
        "运送方式": "快递",
        "联系手机": join("'", virtual),
        "订单创建时间": batch.moment(orders.at),
        "订单付款时间": batch.moment(orders.paid_at),
        "宝贝标题": batch.titles,
        "宝贝种类": plain(orders.lines),
        "物流公司": where(batch.shipped_at >= 0, "中通快递"),
        "宝贝总数量": plain(orders.units),
        "店铺Id": "0",
        "店铺名称": SHOPS[TMALL],
        "订单关闭原因": take(
            ("订单未关闭", "买家未付款", "退款"), np.where(batch.paid_for, (orders.refund == FULLY) * 2, 1)
        ),
        "卖家服务费": "0元",
        "买家服务费": "0元",
        "是否手机订单": "手机订单",
        "退款金额": money(orders.refunded),
        "确认收货时间": batch.moment(orders.finished_at),
        "打款商家金额": join(money(np.where(batch.paid_for, orders.paid - orders.refunded, 0)), "元"),
    }
    return csv_bytes(headers.TMALL_ORDERS, columns, len(orders), encoding="gb18030")


def _recipients(batch: Batch) -> tuple[Text, Text]:
    """Names and addresses on parcels: often masked, sometimes those of somebody who is given a present."""
    world, orders = batch.stage.world, batch.orders
    gift = world.draws.chance("gift", _GIFTS, orders.number)
    somebody = world.draws.whole("gift:to", world.spec.people, orders.number)
    to = np.where(gift, somebody, orders.person)
    hidden = world.draws.chance("recipient:hidden", _HIDDEN, orders.number)
    name = where(hidden, "演**", written_name(world, "tmall", to))
    return name, written_address(world, "tmall", to, orders.city, since_moved=True)


def tmall_items(batch: Batch) -> bytes:
    """``ExportOrderDetailList``: one row for each item; a single item has the order's own number."""
    orders, lines = batch.orders, batch.lines
    paid = batch.paid_for[batch.of]
    main = batch.per_line(batch.numbers)
    columns = {
        "子订单编号": join(
            '="', where(lines.place == 0, main, join(pc.utf8_slice_codeunits(main, 0, 18), plain(lines.place))), '"'
        ),
        "主订单编号": join('="', main, '"'),
        "标题": batch.product("name"),
        "价格": money(lines.price),
        "购买数量": plain(lines.units),
        "外部系统编号": batch.product("code"),
        "订单状态": batch.per_line(batch.state(*_TMALL_STATES)),
        "商家编码": batch.product("code"),
        "买家应付货款": money(lines.paid),
        "买家实际支付金额": money(np.where(paid, lines.paid, 0)),
        "退款状态": where(lines.refunded > 0, "退款成功", "没有申请退款"),
        "退款金额": where(lines.refunded > 0, money(lines.refunded)),
        "订单创建时间": batch.per_line(batch.moment(orders.at)),
        "订单付款时间": batch.per_line(batch.moment(orders.paid_at)),
        "商品id": batch.product_id(TMALL_ITEM),
        "发货时间": batch.per_line(batch.moment(batch.shipped_at)),
        "物流公司": where(batch.shipped_at[batch.of] >= 0, "中通快递"),
    }
    return csv_bytes(headers.TMALL_ITEMS, columns, len(lines), encoding="gb18030")


def pinduoduo(batch: Batch) -> bytes:
    """``orders_export``: UTF-8 with BOM, one row for each item, nothing about the buyer."""
    orders, lines, of = batch.orders, batch.lines, batch.of
    state = batch.state("待支付", "已取消", "待发货", "已发货，待签收", "已收货")
    closed = (orders.refund == FULLY) & batch.paid_for
    shop = lines.discount * 2 // 5
    columns = {
        "商品": batch.product("name"),
        "订单号": batch.per_line(batch.numbers),
        "订单状态": batch.per_line(where(closed, "已发货，退款成功", state)),
        "商品总价(元)": money(lines.gross),
        "邮费(元)": money(lines.freight),
        "店铺优惠折扣(元)": money(shop),
        "平台优惠折扣(元)": money(lines.discount - shop),
        "多多支付立减金额(元)": "0.00",
        "用户实付金额(元)": money(lines.paid),
        "商家实收金额(元)": money(lines.paid + lines.discount - shop),
        "商品数量(件)": plain(lines.units),
        "发货时间": batch.per_line(batch.moment(batch.shipped_at)),
        "确认收货时间": batch.per_line(batch.moment(orders.finished_at)),
        "商品id": batch.product_id(550_000_000_000),
        "样式ID": batch.product_id(1_450_000_000_000),
        "商家编码-规格维度": batch.product("code"),
        "商家编码-商品维度": batch.product("code"),
        "售后状态": take(
            ("无售后或售后取消", "部分退款", "退款成功"), np.where(lines.refunded > 0, orders.refund[of], NO_REFUND)
        ),
        "快递公司": where(batch.shipped_at[of] >= 0, "极兔速递"),
        "订单成交时间": batch.per_line(batch.moment(orders.at)),
        "是否分期": "否",
    }
    return csv_bytes(headers.PINDUODUO, columns, len(lines))


CHANNELS: Final = (TMALL, PINDUODUO)
