"""What the platforms' own pages show: traffic by day, products by day, and totals to check completeness against."""

from __future__ import annotations

from typing import Final

import numpy as np

from dujiang.simulate.brand import CHANNELS, LIVE_SHOP, MINI, PRODUCTS, SHOPS
from dujiang.simulate.draws import Ints
from dujiang.simulate.files import headers
from dujiang.simulate.files.batch import Batch
from dujiang.simulate.files.table import csv_bytes, xlsx_bytes
from dujiang.simulate.orders import VALID
from dujiang.simulate.texts import Text, money, plain, take

_CONVERSION: Final = 0.045
"""Share of a marketplace's visitors who buy on a usual day."""


def by_day(batch: Batch, values: Ints | int, mask: np.ndarray | None = None) -> Ints:
    """Sums over paid orders by the day they were made, for the days of the month."""
    orders, stage = batch.orders, batch.stage
    paid = orders.status == VALID if mask is None else (orders.status == VALID) & mask
    total = np.zeros(stage.last - stage.first + 1, np.int64)
    given = np.broadcast_to(values, len(orders))
    np.add.at(total, orders.at[paid] // 86_400 - stage.first, given[paid])
    return total


def visitors(batch: Batch, channel: int) -> Ints:
    """By day of the month: people who visited the shop, as the platform says it."""
    stage, world = batch.stage, batch.stage.world
    buyers = world.spec.people / 20_000 * 40 * CHANNELS[channel].share / 0.27
    usual = buyers / _CONVERSION * (world.organic + world.paid)[channel, stage.days] / CHANNELS[channel].share
    noise = np.exp(0.08 * world.draws.normal(f"visitors:{channel}", stage.days))
    return np.rint(usual * noise).astype(np.int64) + by_day(batch, 1)


def shop_traffic(batch: Batch, channel: int) -> bytes:
    """A shop's visitors by day, in our own template."""
    stage = batch.stage
    people, buyers = visitors(batch, channel), by_day(batch, 1)
    columns: dict[str, Text] = {
        "日期": stage.moments.dates(stage.days),
        "店铺": SHOPS[channel],
        "访问人数": plain(people),
        "访问次数": plain(people * 31 // 10),
        "加购人数": plain(buyers + people // 14),
        "支付人数": plain(buyers),
        "支付金额": money(by_day(batch, batch.orders.paid)),
        "支付件数": plain(by_day(batch, batch.orders.units)),
    }
    return csv_bytes(headers.OWN_TRAFFIC, columns, len(stage.days))


def product_days(batch: Batch) -> tuple[bytes, int]:
    """生意参谋 商品日报: visitors and sales of every product and day, in XLSX."""
    stage, lines = batch.stage, batch.lines
    count = stage.last - stage.first + 1
    sold, value, units = (np.zeros((count, len(PRODUCTS)), np.int64) for _ in range(3))
    paid = batch.paid_for[batch.of]
    cell = (lines.at[paid] // 86_400 - stage.first, lines.product[paid])
    np.add.at(sold, cell, 1)
    np.add.at(value, cell, lines.paid[paid])
    np.add.at(units, cell, lines.units[paid])
    day, product = (one.ravel() for one in np.indices(sold.shape))
    draws = stage.world.draws
    seen = draws.poisson("product:seen", 18.0, product, day + stage.first) + sold.ravel() * 9
    columns: dict[str, Text] = {
        "统计日期": stage.moments.dates(day + stage.first),
        "商品ID": take([str(680_000_000_000 + place * 7919) for place in range(len(PRODUCTS))], product),
        "商品名称": take([one.name for one in PRODUCTS], product),
        "商品访客数": plain(seen),
        "商品浏览量": plain(seen * 17 // 10),
        "平均停留时长": plain(12 + draws.whole("product:stay", 40, product, day + stage.first)),
        "商品详情页跳出率": "58.00%",
        "支付买家数": plain(sold.ravel()),
        "支付金额": money(value.ravel()),
        "商品支付转化率": "4.20%",
        "成功退款金额": "0.00",
        "搜索引导支付转化率": "3.10%",
    }
    return xlsx_bytes(headers.SYCM_PRODUCTS, columns, len(day)), len(day)


def totals(batch: Batch, channel: int) -> tuple[bytes, int]:
    """Orders and revenue of the channel's shops by day, as the platform's page shows them."""
    masks = _shops(batch, channel)
    stage = batch.stage
    days = np.tile(stage.days, len(masks))
    columns: dict[str, Text] = {
        "日期": stage.moments.dates(days),
        "店铺": take(list(masks), np.repeat(np.arange(len(masks)), len(stage.days))),
        "订单数": plain(np.concatenate([by_day(batch, 1, mask) for mask in masks.values()])),
        "成交金额": money(np.concatenate([by_day(batch, batch.orders.paid, mask) for mask in masks.values()])),
    }
    return csv_bytes(headers.OWN_TOTALS, columns, len(days)), len(days)


def _shops(batch: Batch, channel: int) -> dict[str, np.ndarray]:
    live = batch.orders.live == 1
    if channel == MINI:
        return {SHOPS[MINI]: ~live, LIVE_SHOP: live}
    # Tills name no shop: their total is that of all stores.
    return {SHOPS.get(channel, ""): np.ones(len(batch), bool)}
