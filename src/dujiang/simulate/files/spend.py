"""Advertising reports: 万相台 (two conversion windows), 千川 (a total row), 聚光, and WeChat's in our own template."""

from __future__ import annotations

from typing import Final

import numpy as np

from dujiang.simulate.brand import ADVERTISING, SHOPS, TMALL
from dujiang.simulate.draws import Ints, Reals
from dujiang.simulate.files import headers
from dujiang.simulate.files.batch import Stage
from dujiang.simulate.files.table import csv_bytes, zip_bytes
from dujiang.simulate.texts import Text, join, money, plain, take, where
from dujiang.simulate.world import World

_SHARES: Final = {2: (0.55, 0.45), 3: (0.25, 0.35, 0.40)}
"""How plans share a channel's spend, by how many there are."""
_PLATFORM_CLAIMS: Final = 2.6
"""How many times the incremental buyers a platform claims for itself."""


class Report:
    """One channel's advertising in one month, a row for each plan and day."""

    def __init__(self, stage: Stage, place: int) -> None:
        one, world, draws = ADVERTISING[place], stage.world, stage.world.draws
        day = np.repeat(stage.days, len(one.plans))
        self.one, self.stage = one, stage
        self.plan = np.tile(np.arange(len(one.plans)), len(stage.days))
        self.day = day
        self.cost = plan_costs(world, place)[self.plan, day]
        name = f"report:{one.channel}"
        noise = np.exp(0.12 * draws.normal(f"{name}:cpm", self.plan, day))
        self.shown = np.rint(self.cost / one.cpm * 1000 / noise).astype(np.int64)
        rate = one.ctr * np.exp(0.10 * draws.normal(f"{name}:ctr", self.plan, day))
        self.clicks = np.rint(self.shown * rate).astype(np.int64)
        self.orders = draws.poisson(f"{name}:orders", np.minimum(self._claimed(world, day), 400.0), self.plan, day)
        self.value = self.orders * (9_000 + draws.whole(f"{name}:value", 12_000, self.plan, day))

    def _claimed(self, world: World, day: Ints) -> Reals:
        total = (world.organic + world.paid).sum()
        brought = world.paid[self.one.channel, day] / total * world.spec.people * _PLATFORM_CLAIMS
        return brought * np.array(_SHARES[len(self.one.plans)])[self.plan]

    def __len__(self) -> int:
        return len(self.day)

    def days(self) -> Text:
        """The day of each row."""
        return self.stage.moments.dates(self.day)

    def plans(self) -> Text:
        """The plan's name of each row."""
        return take(self.one.plans, self.plan)

    def ids(self, base: int) -> Text:
        """The plan's id of each row."""
        return plain(base + self.plan * 7_919)


def plan_costs(world: World, place: int) -> Ints:
    """By plan and day: fen spent. The plans of a day add up to the channel's spend to the fen."""
    total = world.spend[place]
    shares = _SHARES[len(ADVERTISING[place].plans)]
    upto = (np.cumsum(shares)[:, None] * total).astype(np.int64)
    upto[-1] = total
    return np.diff(upto, axis=0, prepend=0)


def _ratio(above: Ints, below: Ints, scale: float = 1.0, unit: str = "") -> Text:
    """A ratio with two decimals, ``-`` where there is none."""
    value = np.rint(100 * scale * above / np.maximum(below, 1)).astype(np.int64)
    return where(below > 0, join(money(value), unit), "-")


def alimama(stage: Stage, place: int) -> tuple[bytes, int]:
    """万相台 计划报表: the same cost once for each conversion window; a ZIP with one CSV in gb18030."""
    report = Report(stage, place)
    window = np.tile([0, 1], len(report))
    row = np.repeat(np.arange(len(report)), 2)
    cost, shown, clicks = report.cost[row], report.shown[row], report.clicks[row]
    orders = np.where(window == 1, report.orders[row] * 13 // 10, report.orders[row])
    value = np.where(window == 1, report.value[row] * 13 // 10, report.value[row])
    columns = {
        "日期": stage.moments.dates(report.day[row]),
        "店铺名称": SHOPS[TMALL],
        "转化周期": take(("1天转化", "15天转化"), window),
        "场景ID": take(("371", "371", "436"), report.plan[row]),
        "场景名字": take(("关键词推广", "关键词推广", "人群推广"), report.plan[row]),
        "计划ID": plain(70_000_000 + report.plan[row] * 7_919),
        "计划名字": take(report.one.plans, report.plan[row]),
        "展现量": plain(shown),
        "点击量": plain(clicks),
        "花费": money(cost),
        "点击率": _ratio(clicks, shown, 100, "%"),
        "平均点击花费": _ratio(cost, clicks, 0.01),
        "千次展现花费": _ratio(cost, shown, 10),
        "直接成交金额": money(value * 7 // 10),
        "间接成交金额": money(value - value * 7 // 10),
        "总成交金额": money(value),
        "总成交笔数": plain(orders),
        "点击转化率": _ratio(orders, clicks, 100, "%"),
        "投入产出比": _ratio(value, cost),
        "总成交成本": _ratio(cost, orders, 0.01),
    }
    data = csv_bytes(headers.ALIMAMA_PLANS, columns, len(row), encoding="gb18030")
    last = stage.date(stage.last).strftime("%Y%m%d")
    return zip_bytes({f"计划报表_{last}_093000.csv": data}), len(row)


def qianchuan(stage: Stage, place: int) -> tuple[bytes, int]:
    """千川 全域推广 计划: gb18030, a total named 全部 in the first row."""
    report = Report(stage, place)
    back = report.value * 6 // 100
    columns = {
        "计划名称": report.plans(),
        "计划ID": report.ids(1_790_000_000_000_000),
        "日期": report.days(),
        "整体消耗": money(report.cost),
        "整体支付ROI": _ratio(report.value, report.cost),
        "整体成交金额": money(report.value),
        "整体成交订单数": plain(report.orders),
        "整体成交订单成本": _ratio(report.cost, report.orders, 0.01),
        "整体展示次数": plain(report.shown),
        "整体点击次数": plain(report.clicks),
        "整体点击率": _ratio(report.clicks, report.shown, 100, "%"),
        "净成交ROI": _ratio(report.value - back, report.cost),
        "净成交金额": money(report.value - back),
        "净成交订单数": plain(report.orders),
        "净成交订单成本": _ratio(report.cost, report.orders, 0.01),
        "净成交金额结算率": "94.00%",
        "1小时内退款率": "6.00%",
        "1小时内退款金额": money(back),
        "7日结算金额": money(report.value * 8 // 10),
        "14日结算金额": money(report.value * 9 // 10),
    }
    totals = {"计划名称": "全部", "整体消耗": _yuan(report.cost), "整体成交金额": _yuan(report.value)}
    totals["整体成交订单数"] = str(int(report.orders.sum()))
    lead = ",".join(totals.get(name, "-") for name in headers.QIANCHUAN_PLANS) + "\r\n"
    return csv_bytes(headers.QIANCHUAN_PLANS, columns, len(report), encoding="gb18030", lead=lead), len(report)


def _yuan(fen: Ints) -> str:
    total = int(fen.sum())
    return f"{total // 100}.{total % 100:02d}"


def juguang(stage: Stage, place: int) -> tuple[bytes, int]:
    """聚光: one row for each day and note, with what readers did."""
    report = Report(stage, place)
    likes, saves, comments = report.clicks // 11, report.clicks // 17, report.clicks // 60
    columns = {
        "时间": report.days(),
        "创意名称": join(report.plans(), "-笔记"),
        "创意ID": report.ids(32_000_000),
        "笔记ID": join("66a1f0", report.ids(900_000_000_000_000_000)),
        "单元名称": join(report.plans(), "-单元"),
        "单元ID": report.ids(21_000_000),
        "计划名称": report.plans(),
        "计划ID": report.ids(11_000_000),
        "消费": money(report.cost),
        "展现量": plain(report.shown),
        "点击量": plain(report.clicks),
        "点击率": _ratio(report.clicks, report.shown, 100, "%"),
        "平均点击成本": _ratio(report.cost, report.clicks, 0.01),
        "平均千次展示费用": _ratio(report.cost, report.shown, 10),
        "点赞": plain(likes),
        "评论": plain(comments),
        "收藏": plain(saves),
        "关注": plain(comments // 2),
        "分享": plain(comments // 3),
        "互动量": plain(likes + saves + comments + comments // 2 + comments // 3),
        "投放位置": "信息流",
        "精准定向": "-",
        "关键词": "-",
    }
    return csv_bytes(headers.JUGUANG, columns, len(report)), len(report)


def moments_ads(stage: Stage, place: int) -> tuple[bytes, int]:
    """朋友圈广告, in our own template: conversions are new contacts on WeCom, without money."""
    report = Report(stage, place)
    columns = {
        "日期": report.days(),
        "账户": report.one.account,
        "计划ID": report.ids(5_300_000),
        "计划": report.plans(),
        "花费": money(report.cost),
        "展现量": plain(report.shown),
        "点击量": plain(report.clicks),
        "转化数": plain(report.orders),
    }
    return csv_bytes(headers.OWN_SPEND, columns, len(report)), len(report)
