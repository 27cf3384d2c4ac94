"""What the platforms' own pages show: traffic by day, products by day, and totals to check completeness against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from dujiang.simulate.brand import LIVE_SHOP, MINI, ORDER_CHANNELS, PRODUCTS, SHOPS, TMALL
from dujiang.simulate.draws import Flags, Ints
from dujiang.simulate.files import headers
from dujiang.simulate.files.batch import TMALL_ITEM, Batch, Stage
from dujiang.simulate.files.table import csv_bytes, xlsx_bytes
from dujiang.simulate.texts import Text, money, plain, take

_CONVERSION: Final = 0.045
"""Share of a marketplace's visitors who buy on a usual day."""
_ORDERS, _PAID, _UNITS = range(3)


@dataclass
class Ledger:
    """Sums over paid orders by the day they were made, gathered month by month.

    Attributes:
        shops: by channel, live show or not, kind of sum (orders, fen, units) and day.
        shelf: Tmall's by kind of sum, product and day.
    """

    days: int
    shops: Ints = field(init=False)
    shelf: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.shops = np.zeros((ORDER_CHANNELS, 2, 3, self.days), np.int64)
        self.shelf = np.zeros((3, len(PRODUCTS), self.days), np.int64)

    def add(self, batch: Batch) -> None:
        """Add the orders of a month."""
        orders = batch.orders.pick(np.flatnonzero(batch.paid_for))
        day = orders.at // 86_400
        for kind, value in enumerate((np.ones(len(orders), np.int64), orders.paid, orders.units)):
            _add(self.shops, (orders.channel, orders.live, kind, day), value)
        self._add_lines(batch, batch.paid_for[batch.of] & (batch.orders.channel[batch.of] == TMALL))

    def _add_lines(self, batch: Batch, chosen: Flags) -> None:
        lines = batch.lines.pick(np.flatnonzero(chosen))
        for kind, value in enumerate((np.ones(len(lines), np.int64), lines.paid, lines.units)):
            _add(self.shelf, (kind, lines.product, lines.at // 86_400), value)


def _add(sums: Ints, cells: Any, values: Ints) -> None:
    """Add ``values`` to their cells, to one cell as often as it is named."""
    np.add.at(sums, cells, values)


def visitors(stage: Stage, ledger: Ledger, channel: int) -> Ints:
    """By day: people who visited the shop, as the platform says it."""
    world = stage.world
    usual = world.spec.people / 20_000 * 40 / 0.27 / _CONVERSION * (world.organic + world.paid)[channel, stage.days]
    noise = np.exp(0.08 * world.draws.normal(f"visitors:{channel}", stage.days))
    return np.rint(usual * noise).astype(np.int64) + ledger.shops[channel, 0, _ORDERS, stage.days]


def shop_traffic(stage: Stage, ledger: Ledger, channel: int) -> tuple[bytes, int]:
    """A shop's visitors by day, in our own template."""
    people, sums = visitors(stage, ledger, channel), ledger.shops[channel, 0][:, stage.days]
    columns: dict[str, Text] = {
        "日期": stage.moments.dates(stage.days),
        "店铺": SHOPS[channel],
        "访问人数": plain(people),
        "访问次数": plain(people * 31 // 10),
        "加购人数": plain(sums[_ORDERS] + people // 14),
        "支付人数": plain(sums[_ORDERS]),
        "支付金额": money(sums[_PAID]),
        "支付件数": plain(sums[_UNITS]),
    }
    return csv_bytes(headers.OWN_TRAFFIC, columns, len(stage.days)), len(stage.days)


def product_days(stage: Stage, ledger: Ledger) -> tuple[bytes, int]:
    """生意参谋 商品日报: visitors and sales of every product and day, in XLSX."""
    product, place = (one.ravel() for one in np.indices((len(PRODUCTS), len(stage.days))))
    day = stage.days[place]
    sold, value, units = (one[product, day] for one in ledger.shelf)
    draws = stage.world.draws
    seen = draws.poisson("product:seen", 18.0, product, day) + sold * 9
    columns: dict[str, Text] = {
        "统计日期": stage.moments.dates(day),
        "商品ID": take([str(TMALL_ITEM + one * 7919) for one in range(len(PRODUCTS))], product),
        "商品名称": take([one.name for one in PRODUCTS], product),
        "商品访客数": plain(seen),
        "商品浏览量": plain(seen * 17 // 10 + units),
        "平均停留时长": plain(12 + draws.whole("product:stay", 40, product, day)),
        "商品详情页跳出率": "58.00%",
        "支付买家数": plain(sold),
        "支付金额": money(value),
        "商品支付转化率": "4.20%",
        "成功退款金额": "0.00",
        "搜索引导支付转化率": "3.10%",
    }
    return xlsx_bytes(headers.SYCM_PRODUCTS, columns, len(day)), len(day)


def totals(stage: Stage, ledger: Ledger, channel: int) -> tuple[bytes, int]:
    """Orders and revenue of the channel's shops by day, as the platform's page shows them."""
    # Tills name no shop: their total is that of all stores.
    shops = [SHOPS[MINI], LIVE_SHOP] if channel == MINI else [SHOPS.get(channel, "")]
    place, number = (one.ravel() for one in np.indices((len(shops), len(stage.days))))
    sums = ledger.shops[channel][place, :, stage.days[number]]
    columns: dict[str, Text] = {
        "日期": stage.moments.dates(stage.days[number]),
        "店铺": take(shops, place),
        "订单数": plain(sums[:, _ORDERS]),
        "成交金额": money(sums[:, _PAID]),
    }
    return csv_bytes(headers.OWN_TOTALS, columns, len(place)), len(place)
