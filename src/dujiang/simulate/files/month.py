"""Which files are exported, by which mapping they are read, and where they are put."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import (
    ADVERTISING,
    CHANNELS,
    DOUYIN,
    LIVE_SHOP,
    MINI,
    MINI_APP,
    ORDER_CHANNELS,
    PINDUODUO,
    SHOPS,
    SITE,
    STORE,
    TMALL,
    WECOM,
    XIAOHONGSHU,
)
from dujiang.simulate.definitions import MEMBER_MAPPING
from dujiang.simulate.draws import Ints
from dujiang.simulate.files import content, customers, marketplaces, own, spend, totals
from dujiang.simulate.files.batch import Batch, Stage
from dujiang.simulate.files.table import write
from dujiang.simulate.files.totals import Ledger
from dujiang.simulate.model import ChannelFile
from dujiang.simulate.orders import Lines, Orders

_SOURCES: Final = {
    TMALL: "tmall_files",
    DOUYIN: "douyin_files",
    XIAOHONGSHU: "xiaohongshu_files",
    MINI: "wechat_files",
    SITE: "youzan_files",
    STORE: "pos_files",
    PINDUODUO: "pinduoduo_files",
    WECOM: "wecom_files",
}
Made = tuple[str, str, int, str, bytes, int]
"""File name, mapping, channel, shop or account, bytes, rows."""


def make_batch(stage: Stage, orders: pa.Table | None, lines: pa.Table | None) -> Batch:
    """Orders of many blocks as one batch, in order of time."""
    if orders is None or lines is None:
        return Batch(stage, Orders.empty(), Lines.empty(), np.empty(0, np.int64))
    every, items = Orders.of(orders), Lines.of(lines)
    every = every.pick(np.lexsort((every.number, every.at)))
    items = items.pick(np.lexsort((items.place, items.number, items.at)))
    return Batch(stage, every, items, np.repeat(np.arange(len(every)), every.lines))


def write_month(folder: Path, batch: Batch, returned: Batch) -> list[ChannelFile]:
    """Write the files of a month's orders below ``folder``/files."""
    return _write(folder, _orders(batch, returned))


def write_quarter(folder: Path, stage: Stage) -> list[ChannelFile]:
    """Write a quarter's advertising reports."""
    return _write(folder, _advertising(stage))


def write_whole(
    folder: Path, stage: Stage, ledger: Ledger, members: dict[str, Ints], contacts: dict[str, Ints]
) -> list[ChannelFile]:
    """Write what is exported once for all days: lists of people, traffic, the platforms' totals."""
    return _write(folder, [*_lists(stage, members, contacts), *_checks(stage, ledger)])


def _write(folder: Path, made: Iterable[Made]) -> list[ChannelFile]:
    """Write files; without a row there is no file."""
    written = []
    for name, mapping, channel, shop, data, rows in made:
        if rows:
            path = Path("files") / CHANNELS[channel].name / name
            write(folder / path, data)
            app = MINI_APP if channel == MINI else ""
            source = "member_files" if mapping == MEMBER_MAPPING else _SOURCES[channel]
            written.append(ChannelFile(path, mapping, source, CHANNELS[channel].name, shop, app, rows))
    return written


def _orders(batch: Batch, returned: Batch) -> Iterator[Made]:
    stage = batch.stage
    month = stage.label.replace("-", "")
    of = {
        channel: batch.only((batch.orders.channel == channel) & (batch.orders.live == 0))
        for channel in range(ORDER_CHANNELS)
    }
    live = batch.only(batch.orders.live == 1)
    one = of[TMALL]
    shop = SHOPS[TMALL]
    yield f"ExportOrderList{month}.csv", "taobao.orders", TMALL, shop, marketplaces.tmall_orders(one), len(one)
    items = marketplaces.tmall_items(one)
    yield f"ExportOrderDetailList{month}.csv", "taobao.items", TMALL, shop, items, len(one.lines)
    one, shop = of[DOUYIN], SHOPS[DOUYIN]
    yield f"抖店订单_{month}.csv", "douyin.orders", DOUYIN, shop, content.douyin_orders(one), len(one.lines)
    back, rows = content.aftersales(one)
    yield f"抖店售后单_{month}.csv", "douyin.aftersales", DOUYIN, shop, back, rows
    one, shop = of[XIAOHONGSHU], SHOPS[XIAOHONGSHU]
    name = f"小红书订单查询{stage.date(stage.last)}-23_30_{month}a7.xlsx"
    yield name, "xiaohongshu.orders", XIAOHONGSHU, shop, content.xiaohongshu_orders(one), len(one.lines)
    creators = content.xiaohongshu_creators(one)
    name = f"买手数据_{month}.xlsx"
    yield name, "xiaohongshu.creator_orders", XIAOHONGSHU, shop, creators, len(content.creator_rows(one))
    yield f"小程序订单_{month}.csv", "own.orders", MINI, SHOPS[MINI], own.mini_orders(of[MINI]), len(of[MINI])
    yield f"视频号小店订单_{month}.csv", "wechat_shop.orders", MINI, LIVE_SHOP, own.live_orders(live), len(live.lines)
    yield f"有赞订单_{month}.csv", "youzan.orders", SITE, SHOPS[SITE], own.youzan(of[SITE]), len(of[SITE])
    sales, rows = own.till(of[STORE], returned)
    yield f"门店POS_{month}.csv", "own.pos", STORE, "", sales, rows
    one = of[PINDUODUO]
    orders = marketplaces.pinduoduo(one)
    yield f"orders_export{month}.csv", "pinduoduo.orders", PINDUODUO, SHOPS[PINDUODUO], orders, len(one.lines)
    for channel in (TMALL, MINI):
        talks = of[channel].only(customers.talkers(of[channel]))
        data = customers.conversations(talks, channel)
        yield f"客服会话_{month}.csv", "own.conversations", channel, SHOPS[channel], data, len(talks)


def _advertising(stage: Stage) -> Iterator[Made]:
    first, last = (stage.date(day).strftime("%Y%m%d") for day in (stage.first, stage.last))
    reports = {
        TMALL: (f"计划报表_{last}_093000.zip", "alimama.plans", spend.alimama),
        DOUYIN: (f"全域推广数据_计划_{first}-{last}.csv", "qianchuan.plans", spend.qianchuan),
        XIAOHONGSHU: (f"聚光投放数据_{first}-{last}.csv", "xiaohongshu.ads", spend.juguang),
        WECOM: (f"朋友圈广告_{first}-{last}.csv", "own.spend", spend.moments_ads),
    }
    for place, one in enumerate(ADVERTISING):
        name, mapping, report = reports[one.channel]
        data, rows = report(stage, place)
        yield name, mapping, one.channel, one.account, data, rows


def _lists(stage: Stage, members: dict[str, Ints], contacts: dict[str, Ints]) -> Iterator[Made]:
    day = stage.date(stage.last).strftime("%Y%m%d")
    if members:
        data = customers.members(stage, members)
        yield f"会员名单_{day}.csv", MEMBER_MAPPING, MINI, "", data, len(members["person"])
    if contacts:
        data = customers.contacts(stage, contacts)
        yield f"企微客户列表_{day}.csv", "wecom.customers", WECOM, "", data, len(contacts["person"])


def _checks(stage: Stage, ledger: Ledger) -> Iterator[Made]:
    days = "-".join(stage.date(day).strftime("%Y%m%d") for day in (stage.first, stage.last))
    for channel in range(ORDER_CHANNELS):
        data, rows = totals.totals(stage, ledger, channel)
        yield f"平台汇总_{days}.csv", "own.totals", channel, SHOPS.get(channel, ""), data, rows
    for channel in (TMALL, DOUYIN, XIAOHONGSHU, PINDUODUO):
        data, rows = totals.shop_traffic(stage, ledger, channel)
        yield f"店铺流量日报_{days}.csv", "own.traffic", channel, SHOPS[channel], data, rows
    data, rows = totals.product_days(stage, ledger)
    yield f"商品日报_{days}.xlsx", "sycm.products", TMALL, SHOPS[TMALL], data, rows
