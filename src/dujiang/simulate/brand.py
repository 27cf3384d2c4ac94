"""The brand 山见 Shanjian: what it sells, where, at which prices, and what befalls it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

TMALL, DOUYIN, XIAOHONGSHU, MINI, SITE, STORE, PINDUODUO, WECOM = range(8)
"""Channels by their place in :data:`CHANNELS`; all but WeCom take orders."""


@dataclass(frozen=True)
class Channel:
    """One channel of the brand.

    Attributes:
        share: weight as the first channel somebody meets, without advertising.
        buys: chance that somebody who came by it ever buys.
        joins: chance that they become a member.
        adds: chance that they add a guide on WeCom.
        sensitivity: how strongly promotions move it (exponent of the promotion's lift).
        price_taste: exponent of the price when products are chosen: higher buys dearer.
        discount: usual share of the goods' price given away.
        cancelled: share of orders closed without payment.
        refunded: share of paid orders given back, in part or in full.
        freight: whether small orders pay for delivery.
        moves_to: weights of the second channel of those who come to buy in two.
    """

    name: str
    zh: str
    en: str
    group: str
    platform: str
    share: float
    buys: float
    joins: float
    adds: float
    sensitivity: float
    price_taste: float
    discount: float
    cancelled: float
    refunded: float
    freight: bool
    moves_to: tuple[float, ...]


CHANNELS: Final = (
    Channel("tmall", "天猫旗舰店", "Tmall flagship", "marketplace", "tmall",
            .27, .84, .26, .05, 1.0, -.35, .06, .07, .055, False, (0, .20, .15, .30, .10, .20, .05)),
    Channel("douyin", "抖音小店", "Douyin shop", "content", "douyin",
            .15, .84, .10, .03, .80, -.75, .10, .09, .085, False, (.50, 0, .12, .18, .05, .10, .05)),
    Channel("xiaohongshu", "小红书店铺", "Xiaohongshu shop", "content", "xiaohongshu",
            .11, .62, .10, .05, .60, -.10, .05, .06, .070, False, (.55, .08, 0, .22, .10, .05, 0)),
    Channel("wechat_mini", "微信小程序商城", "WeChat mini-program shop", "own", "wechat",
            .13, .76, .58, .34, .50, -.20, .07, .05, .030, True, (.30, .05, .05, 0, .20, .40, 0)),
    Channel("site", "官网与 App", "Site and app", "own", "",
            .08, .64, .55, .16, .60, .05, .06, .05, .035, True, (.40, .05, .10, .30, 0, .15, 0)),
    Channel("store", "线下门店", "Stores", "store", "",
            .14, .97, .62, .40, .25, -.55, .00, .00, .012, False, (.25, .05, .05, .55, .10, 0, 0)),
    Channel("pinduoduo", "拼多多店铺", "Pinduoduo shop", "marketplace", "pinduoduo",
            .05, .95, .02, .01, .90, -1.35, .12, .06, .050, True, (.70, .20, 0, .10, 0, 0, 0)),
    Channel("wecom", "企业微信私域", "WeCom private domain", "private", "wecom",
            .07, .52, .50, 1.0, .40, -.20, .07, .05, .030, True, (.25, 0, .05, 0, .25, .45, 0)),
)  # fmt: skip

ORDER_CHANNELS: Final = 7
SHOPS: Final = {
    TMALL: "山见旗舰店",
    DOUYIN: "山见官方旗舰店",
    XIAOHONGSHU: "山见茶生活",
    MINI: "山见小程序商城",
    SITE: "山见官网商城",
    PINDUODUO: "山见官方店",
}
LIVE_SHOP: Final = "山见视频号小店"
"""The second shop of the mini-program channel: live shows in WeChat, whose export says nothing of the buyer."""
LIVE_SHARE: Final = 0.12
"""Share of the mini-program channel's orders that come from live shows."""


@dataclass(frozen=True)
class Product:
    """One thing the brand sells; ``price`` in fen."""

    code: str
    name: str
    category: str
    price: int
    weight: float


def _products() -> tuple[Product, ...]:
    shelf = {
        "绿茶": (("明前龙井 100g 罐装", 268, 6), ("碧螺春 50g 小罐", 128, 6),
               ("竹叶青 30 泡", 168, 5), ("安吉白茶 75g", 158, 5)),
        "红茶": (("正山小种 100g", 138, 7), ("金骏眉 50g 礼罐", 299, 3), ("祁门红茶 20 泡", 89, 8), ("滇红 250g", 99, 7)),
        "乌龙茶": (("凤凰单丛 鸭屎香 100g", 159, 7), ("铁观音 清香型 125g", 118, 7), ("大红袍 8 泡尝鲜", 69, 9)),
        "白茶普洱": (("白毫银针 50g", 218, 3), ("老白茶饼 300g", 188, 5),
                 ("熟普小青柑 12 颗", 79, 9), ("古树生普 357g", 329, 2)),
        "花草茶": (("菊花枸杞决明子茶 30 包", 39.9, 12), ("桂花乌龙 15 包", 49.9, 12), ("玫瑰红茶 15 包", 45.9, 10),
                 ("陈皮普洱 20 包", 59.9, 9)),
        "冷泡茶": (("冷泡茉莉绿茶 15 包", 45, 12), ("白桃乌龙冷泡 15 包", 49, 14), ("葡萄青提冷泡 15 包", 49, 10)),
        "茶点": (("龙井绿豆糕 8 枚", 39, 9), ("抹茶生巧 120g", 58, 7), ("坚果茶酥礼盒", 88, 5)),
        "茶器": (("旅行快客杯", 79, 7), ("侧把壶 200ml", 168, 3), ("玻璃公道杯", 59, 5), ("主人杯 汝窑", 129, 4),
               ("冷泡水壶 1L", 69, 6), ("便携茶具套装", 239, 3)),
        "生活": (("线香 山雨", 99, 5), ("亚麻茶席", 119, 3), ("香薰蜡烛 松间", 139, 4)),
        "礼盒": (("春山礼盒", 368, 2.5), ("中秋茶月礼盒", 298, 2)),
    }  # fmt: skip
    flat = [(category, *one) for category, group in shelf.items() for one in group]
    return tuple(
        Product(f"SJ{number:04d}", name, category, round(price * 100), weight)
        for number, (category, name, price, weight) in enumerate(flat, 1)
    )


PRODUCTS: Final = _products()
ARTICLES: Final = (
    "怎么泡一杯不苦的绿茶", "冷泡茶的五个比例", "办公室喝茶清单", "走进桐木关", "春茶日记 清明前后", "一张茶席的搭法",
    "陈皮要选几年的", "茶与睡眠", "山见茶园的一天", "杯子怎么养", "白茶存放手册", "桂花开了",
)  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """A physical store with its guides and its staff's member card."""

    code: str
    name: str
    city: str
    weight: float
    habit: bool = False
    """Its guides run guests' purchases over a card of their own."""

    @property
    def guides(self) -> tuple[str, ...]:
        """Names of its guides: invented ones that nobody bears."""
        return tuple(f"导购{self.code[-2:]}{letter}" for letter in "甲乙丙")

    @property
    def staff_card(self) -> str:
        """Member number of the card that guides use for guests."""
        return f"SJ9{self.code[-2:]}00001"


STORES: Final = tuple(
    Shop(f"SH{number:02d}", f"山见·{place}店", city, weight, habit=number <= 3)
    for number, (place, city, weight) in enumerate(
        (("武康路", "上海", 5), ("静安寺", "上海", 4), ("湖滨", "杭州", 5), ("天目里", "杭州", 3), ("老门东", "南京", 3),
         ("平江路", "苏州", 3), ("太古里", "成都", 4), ("东山口", "广州", 3), ("三里屯", "北京", 4), ("壹方城", "深圳", 3)), 1
    )
)  # fmt: skip

CITIES: Final = (
    ("上海市", "上海市", "徐汇区", 12), ("浙江省", "杭州市", "西湖区", 10), ("江苏省", "南京市", "玄武区", 7),
    ("江苏省", "苏州市", "姑苏区", 7), ("北京市", "北京市", "朝阳区", 10), ("广东省", "广州市", "越秀区", 8),
    ("广东省", "深圳市", "南山区", 9), ("四川省", "成都市", "锦江区", 7), ("湖北省", "武汉市", "武昌区", 5),
    ("福建省", "厦门市", "思明区", 4), ("陕西省", "西安市", "雁塔区", 4), ("山东省", "青岛市", "市南区", 4),
    ("湖南省", "长沙市", "岳麓区", 4), ("辽宁省", "大连市", "中山区", 3), ("云南省", "昆明市", "五华区", 3),
    ("河南省", "郑州市", "金水区", 3),
)  # fmt: skip


@dataclass(frozen=True)
class Promotion:
    """Days on which people buy more; ``peaks`` are single days within it, by month and day."""

    name: str
    zh: str
    first: tuple[int, int]
    last: tuple[int, int]
    lift: float
    peaks: tuple[tuple[tuple[int, int], float], ...] = ()


PROMOTIONS: Final = (
    Promotion("nianhuo", "年货节", (1, 10), (1, 22), 1.45),
    Promotion("38", "38 节", (3, 5), (3, 8), 1.5, (((3, 8), 2.4),)),
    Promotion("spring_tea", "春茶上新", (4, 1), (4, 12), 1.35),
    Promotion("618", "618", (6, 1), (6, 20), 1.55, (((6, 1), 3.0), ((6, 16), 2.5), ((6, 17), 3.0), ((6, 18), 6.0))),
    Promotion("99", "99 划算节", (9, 6), (9, 9), 1.5, (((9, 9), 2.2),)),
    Promotion(
        "double11", "双 11", (10, 20), (11, 11), 1.5,
        (((10, 31), 2.6), ((11, 1), 4.2), ((11, 9), 2.2), ((11, 10), 4.0), ((11, 11), 7.5)),
    ),
    Promotion("double12", "双 12", (12, 10), (12, 12), 1.5, (((12, 12), 2.6),)),
)  # fmt: skip


@dataclass(frozen=True)
class Advertising:
    """The true effect of one channel's advertising; spend is per day and per 20,000 people, in fen.

    What a day's advertising does fades by ``decay`` a day, and the more is spent the less each fen brings:
    effect = ``strength`` · a^``slope`` / (a^``slope`` + ``half``^``slope``) with a = carried-over spend.
    """

    channel: int
    account: str
    plans: tuple[str, ...]
    spend: float
    decay: float
    half: float
    slope: float
    strength: float
    cpm: float
    ctr: float


ADVERTISING: Final = (
    Advertising(TMALL, "山见旗舰店", ("关键词-品牌词", "关键词-品类词", "人群推广-拉新"),
                55_000, .55, 130_000, 1.3, .22, 3200, .031),
    Advertising(DOUYIN, "山见千川", ("直播间引流", "短视频-冷泡茶", "短视频-礼盒"), 48_000, .35, 80_000, 1.1, .26, 2600, .022),
    Advertising(XIAOHONGSHU, "山见聚光", ("种草-茶生活", "种草-茶器"), 22_000, .70, 85_000, 1.4, .13, 5200, .035),
    Advertising(WECOM, "山见朋友圈广告", ("加企微-新人礼", "加企微-同城门店"), 16_000, .50, 36_000, 1.2, .10, 4500, .018),
)  # fmt: skip


@dataclass(frozen=True)
class Incident:
    """Something that befell the brand.

    Attributes:
        kind: ``collapse``, ``tracking_gap``, ``price_change``, ``stockout`` or ``bad_release``.
        first: first day, counted back from the last day of the simulation.
        last: last day, likewise.
        factor: what it multiplies: traffic, price.
        product: index into :data:`PRODUCTS`; −1 where it concerns none.
    """

    name: str
    kind: str
    zh: str
    en: str
    first: int
    last: int
    channels: tuple[int, ...] = ()
    factor: float = 1.0
    product: int = -1

    def days(self, end: date) -> tuple[date, date]:
        """Its first and last day."""
        return end - timedelta(self.first), end - timedelta(self.last)


INCIDENTS: Final = (
    Incident("xiaohongshu-collapse", "collapse", "小红书账号限流，流量下跌八成",
             "Xiaohongshu account throttled: traffic down 80%",
             70, 36, (XIAOHONGSHU,), .2),
    Incident("app-sdk-silent", "tracking_gap", "App 埋点中断 9 小时（10:00–19:00）",
             "App tracking silent for 9 hours (10:00–19:00)",
             12, 12, (SITE,), 0.0),
    Incident("site-release-bad-clock", "bad_release", "官网发版后事件时间格式错误", "Site release sent unreadable timestamps",
             20, 19, (SITE,), .25),
    Incident("longjing-price-up", "price_change", "明前龙井涨价 12%", "Longjing price up 12%", 150, 0, (), 1.12, 0),
    Incident("cold-brew-price-down", "price_change", "白桃乌龙冷泡降价 10%", "White-peach cold brew price down 10%",
             85, 0, (), .9, 20),
    Incident("travel-cup-stockout", "stockout", "旅行快客杯断货", "Travel cup out of stock", 27, 15, (), 0.0, 25),
)  # fmt: skip
GAP_HOURS: Final = (10, 19)
"""Local hours between which the app's tracking was silent."""

MINI_APP: Final = "wx51a2c0ffee7ea000"
"""The mini-program's appid."""
