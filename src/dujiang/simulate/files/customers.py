"""Who the brand knows by name: the member list, WeCom's contacts, and talks with customer service."""

from __future__ import annotations

from typing import Final

import numpy as np

from dujiang.simulate.brand import CHANNELS, CITIES, MINI, SITE, STORES, TMALL, XIAOHONGSHU
from dujiang.simulate.draws import Draws, Flags, Ints
from dujiang.simulate.files import headers
from dujiang.simulate.files.batch import Batch, Stage
from dujiang.simulate.files.table import csv_bytes
from dujiang.simulate.identifiers import (
    external_id,
    member_no,
    openid,
    phone,
    phone_slot,
    taobao_nick,
    unionid,
    user_id,
    xiaohongshu_id,
)
from dujiang.simulate.names import birthday, written_address, written_name
from dujiang.simulate.orders import NO_REFUND
from dujiang.simulate.people import People
from dujiang.simulate.texts import digits, join, plain, take, where
from dujiang.simulate.world import World

_DAY: Final = 86_400
_LEVELS: Final = ("茶芽", "茶叶", "茶山")
_TASTES: Final = ("绿茶", "红茶", "乌龙", "花草茶", "冷泡", "茶器")
_TOPICS: Final = ("物流查询", "冲泡咨询", "退换货", "优惠活动", "商品咨询", "投诉建议")
_SAID: Final = (
    "这次真的很失望，包装破了，茶叶撒出来了",
    "等了好几天还没处理，你们太慢了",
    "味道不对，跟上次买的完全两样，我要退货",
    "客服一直推来推去，再不解决我就投诉",
    "说好的优惠没有给，感觉被骗了",
    "请问我的订单什么时候能到",
    "想换一款，可以退吗，邮费怎么算",
    "这款茶用多少度的水泡",
    "麻烦帮我改一下收货地址",
    "发票开公司抬头可以吗",
    "谢谢，处理得很快，很满意",
    "茶很香，家里人都喜欢，下次还来买",
    "客服很耐心，点赞",
    "包装很用心，送人正合适",
    "好的，谢谢您，辛苦了",
)
"""What people write: five sentences of those who are annoyed, five who only ask, five who are pleased."""
_ADMITS_PHONE: Final = 0.45
"""Share of WeCom contacts whose guide noted a phone."""
_NAMED, _ADDRESSED = 0.85, 0.6
"""Shares of members who told their name, and their address."""
_BOUND: Final = 0.7
"""Share of members who bound the account with which they buy on a platform."""


def members_table(world: World, people: People) -> dict[str, Ints]:
    """Members of a block, with what the list needs."""
    row = np.flatnonzero(people.member_at < world.days)
    at = (people.member_at[row] * _DAY).astype(np.int64)
    return {
        "person": people.person[row],
        "at": at,
        "phone": phone_slot(people, row, np.maximum(people.member_at[row], 0.0)),
        "gender": people.gender[row],
        "birth_year": people.birth_year[row],
        "city": people.city[row],
        "channel": people.channel[row],
        "home": people.home[row],
        "second": people.second[row],
        "buys": people.buys[row],
    }


def members(stage: Stage, rows: dict[str, Ints]) -> bytes:
    """The member list: the brand's own file, read by a mapping of its own."""
    draws, person = stage.world.draws, rows["person"]
    wechat = uses(rows, MINI) & draws.chance("unionid", 0.85, person)
    bound = draws.chance("bound", _BOUND, person)
    told = draws.uniform("profile", person)
    columns = {
        "会员号": member_no(draws, person),
        "姓名": where(told < _NAMED, written_name(stage.world, "members", person)),
        "手机号": phone(draws, rows["phone"]),
        "unionid": where(wechat, unionid(draws, person)),
        "openid": where(uses(rows, MINI), openid(draws, person)),
        "用户ID": where(uses(rows, SITE), user_id(draws, person)),
        "淘宝会员名": where(uses(rows, TMALL) & bound, taobao_nick(draws, person)),
        "小红书用户编号": where(uses(rows, XIAOHONGSHU) & bound, xiaohongshu_id(draws, person)),
        "性别": where(told < 0.8, take(("女", "男"), rows["gender"])),
        "生日": where(told < 0.5, birthday(stage.world, person, rows["birth_year"])),
        "省": take([one[0] for one in CITIES], rows["city"]),
        "市": take([one[1] for one in CITIES], rows["city"]),
        "地址": where(
            told < _ADDRESSED, written_address(stage.world, "members", person, rows["city"], since_moved=False)
        ),
        "会员等级": take(_LEVELS, rows["buys"]),
        "积分": plain(draws.whole("points", 3000, person) * (1 + rows["buys"])),
        "入会时间": stage.moments.local(rows["at"]),
        "入会渠道": take([one.zh for one in CHANNELS], rows["channel"]),
    }
    return csv_bytes(headers.MEMBERS, columns, len(person))


def uses(rows: dict[str, Ints], channel: int) -> Flags:
    """Whether people buy in a channel."""
    return (rows["home"] == channel) | (rows["second"] == channel)


def contacts_table(world: World, people: People) -> dict[str, Ints]:
    """People of a block who added a guide on WeCom."""
    row = np.flatnonzero(people.added_at < world.days)
    at = (people.added_at[row] * _DAY).astype(np.int64)
    return {
        "person": people.person[row],
        "at": at,
        "phone": phone_slot(people, row, np.maximum(people.added_at[row], 0.0)),
        "channel": people.channel[row],
        "store": people.store[row],
        "buys": people.buys[row],
    }


def contacts(stage: Stage, rows: dict[str, Ints]) -> bytes:
    """企业微信 客户列表: no external id, a phone only where the guide noted one, one column for each group of tags."""
    draws, person = stage.world.draws, rows["person"]
    guide = rows["store"] * 3 + draws.whole("contact:guide", 3, person)
    names = [guide_name for one in STORES for guide_name in one.guides]
    noted = draws.chance("noted", _ADMITS_PHONE, person)
    columns = {
        "客户名称": join("茶友", digits(person, 6)),
        "描述": "",
        "添加人": take(names, guide),
        "添加人账号": join("guide", digits(guide, 3)),
        "添加人所属部门": take([f"山见茶业/零售/{one.name}" for one in STORES], rows["store"]),
        "添加时间": stage.moments.local(rows["at"]),
        "来源": take(("扫描二维码", "名片分享", "小程序", "朋友圈广告"), np.where(rows["channel"] == 7, 3, person % 3)),
        "手机": where(noted, phone(draws, rows["phone"])),
        "标签组1(喜好)": take(_TASTES, draws.whole("taste", len(_TASTES), person)),
        "标签组2(会员阶段)": take(("新客", "常客", "老客"), rows["buys"]),
    }
    return csv_bytes(headers.WECOM, columns, len(person))


def talkers(batch: Batch) -> Flags:
    """Orders that lead to a talk with customer service: many of those given back, few of the others."""
    rate = np.where(batch.orders.refund != NO_REFUND, 0.45, 0.035)
    return batch.stage.world.draws.chance("talk", rate, batch.orders.number)


def _said(draws: Draws, number: Ints, complaint: Flags, returned: Flags) -> Ints:
    """Who complains is annoyed, who gives something back is so at times; others ask, or say thanks."""
    annoyed = draws.chance("talk:annoyed", np.where(complaint, 0.9, np.where(returned, 0.3, 0.04)), number)
    pleased = draws.chance("talk:pleased", 0.3, number)
    mood = np.where(annoyed, 0, np.where(pleased, 2, 1))
    return mood * 5 + draws.whole("talk:said", 5, number)


def conversations(batch: Batch, channel: int) -> bytes:
    """Talks with customer service about the orders of ``batch``, in our own template."""
    orders, draws = batch.orders, batch.stage.world.draws
    begin = np.minimum(
        orders.at + 3600 + draws.whole("talk:when", 4 * _DAY, orders.number), batch.stage.world.days * _DAY - 1
    )
    wait = np.rint(np.exp(3.6 + 0.9 * draws.normal("talk:wait", orders.number))).astype(np.int64) + 3
    lasts = 120 + draws.exponential("talk:lasts", 1500.0, orders.number).astype(np.int64)
    returned = orders.refund != NO_REFUND
    topic = np.where(returned, 2, draws.choice("talk:topic", (4, 3, 0.5, 2, 3, 0.6), orders.number))
    complaint = draws.chance("talk:complaint", np.where(returned | (topic == 5), 0.22, 0.02), orders.number)
    happy = draws.choice("talk:rating", (1, 1, 3, 8, 16), orders.number) + 1
    columns = {
        "会话编号": join("KF", digits(orders.number, 12)),
        "开始时间": batch.stage.moments.local(begin),
        "结束时间": batch.stage.moments.local(begin + wait + lasts),
        "客服": join("客服", plain(orders.number % 9 + 1), "号"),
        "主题": take(_TOPICS, topic),
        "首次响应秒数": plain(wait),
        "是否投诉": where(complaint, "是", "否"),
        "满意度": where(draws.chance("talk:rated", 0.4, orders.number), plain(np.where(complaint, 1, happy))),
        "会话内容": take(_SAID, _said(draws, orders.number, complaint, returned)),
        "手机号": where(draws.chance("talk:phone", 0.12, orders.number), phone(draws, orders.phone)),
        "openid": openid(draws, orders.person) if channel == MINI else "",
        "外部联系人ID": where(orders.guided == 1, external_id(draws, orders.person)) if channel == MINI else "",
        "买家会员名": taobao_nick(draws, orders.person) if channel == TMALL else "",
    }
    return csv_bytes(headers.OWN_CONVERSATIONS, columns, len(orders))
