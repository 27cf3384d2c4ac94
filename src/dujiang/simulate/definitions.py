"""The brand's definitions: channels, sources, its own mapping of the member list, and notes on what befell it."""

from __future__ import annotations

from typing import Any, Final

from dujiang.foundation.definitions import Definition, dump_yaml
from dujiang.simulate.brand import CHANNELS, INCIDENTS, MINI_APP, PROMOTIONS
from dujiang.simulate.files.headers import MEMBERS
from dujiang.simulate.life_map import life_map
from dujiang.simulate.questions import questions
from dujiang.simulate.segments import segments
from dujiang.simulate.world import World

MEMBER_MAPPING: Final = "shanjian.members"
_OWNER: Final = "运营负责人"
_DEPUTY: Final = "数据负责人"

TRACKING: Final[dict[str, tuple[str, str, str, str]]] = {
    "site_web": ("site", "", "官网埋点", "Site tracking"),
    "mini_program": ("wechat_mini", "mini_program", "小程序埋点", "Mini-program tracking"),
    "app": ("site", "app", "App 埋点（神策 SDK）", "App tracking (Sensors SDK)"),
    "store_tablet": ("store", "store", "门店平板", "Store tablets"),
    "community": ("wecom", "", "社群互动", "Community activity"),
}
"""Sources of tracking calls: channel, device, titles."""
FILES: Final[dict[str, tuple[str, str, str]]] = {
    "tmall_files": ("tmall", "天猫导出文件", "Tmall exports"),
    "douyin_files": ("douyin", "抖音导出文件", "Douyin exports"),
    "xiaohongshu_files": ("xiaohongshu", "小红书导出文件", "Xiaohongshu exports"),
    "wechat_files": ("wechat_mini", "小程序与视频号导出文件", "Mini-program and WeChat shop exports"),
    "youzan_files": ("site", "有赞导出文件", "Youzan exports"),
    "pos_files": ("store", "门店 POS 导出文件", "Store sales exports"),
    "pinduoduo_files": ("pinduoduo", "拼多多导出文件", "Pinduoduo exports"),
    "wecom_files": ("wecom", "企业微信导出文件", "WeCom exports"),
    "member_files": ("wechat_mini", "会员名单", "Member list"),
}
"""Sources of files: channel, titles."""


def brand_yaml(world: World) -> str:
    """All definitions as YAML of many documents."""
    return dump_yaml(
        [
            *_channels(),
            *_sources(),
            _member_mapping(),
            *_annotations(world),
            *_plan(world),
            *segments(),
            *questions(_OWNER, _DEPUTY),
        ]
    )


def _define(kind: str, name: str, zh: str, en: str, spec: dict[str, Any], *, essential: bool = False) -> Definition:
    return Definition(
        kind=kind, name=name, title={"zh": zh, "en": en}, owner=_OWNER, deputy=_DEPUTY, essential=essential, spec=spec
    )


def _channels() -> list[Definition]:
    return [
        _define(
            "channel",
            one.name,
            one.zh,
            one.en,
            {"group": one.group, "platform": one.platform, "position": place},
            essential=True,
        )
        for place, one in enumerate(CHANNELS, 1)
    ]


def _sources() -> list[Definition]:
    found = []
    for name, (channel, device, zh, en) in TRACKING.items():
        spec: dict[str, Any] = {"type": "tracking", "channel": channel}
        if device:
            spec["device"] = device
        if name == "mini_program":
            spec["app"] = MINI_APP
        found.append(_define("source", name, zh, en, spec))
    for name, (channel, zh, en) in FILES.items():
        spec = {"type": "files", "channel": channel}
        if channel == "wechat_mini":
            spec["app"] = MINI_APP
        found.append(_define("source", name, zh, en, spec))
    return found


def _member_mapping() -> Definition:
    columns = {"会员号": "member_no", "用户ID": "user_id", "unionid": "wechat_unionid", "openid": "wechat_openid@app"}
    columns |= {
        "手机号": "mobile",
        "邮箱": "email",
        "淘宝会员名": "taobao_buyer",
        "小红书用户编号": "xiaohongshu_buyer",
    }
    fields = {
        "at": "入会时间", "joined_at": "入会时间", "gender": "性别", "birth_year": "生日", "province": "省", "city": "市",
        "member_level": "会员等级", "points": "积分", "added_by": "导购", "entry": "入会渠道", "tags": "标签",
    }  # fmt: skip
    spec = {
        "channel": "wechat_mini",
        "group": "customers",
        "match": {
            "required": "会员号,入会时间,淘宝会员名",
            "header": ",".join(MEMBERS),
            "files": ["*会员名单*"],
        },
        "outputs": [
            {
                "family": "customer",
                "fields": fields,
                "identifiers": [{"column": column, "type": type_} for column, type_ in columns.items()],
                "record": {"name": ["姓名"], "address": ["省", "市", "地址"], "birthday": ["生日"], "gender": ["性别"]},
            }
        ],
    }
    return _define("mapping", MEMBER_MAPPING, "山见会员名单", "Shanjian members", spec)


def _plan(world: World) -> list[Definition]:
    return [_define("life_map", "default", "生命周期计划", "Life-cycle plan", life_map(world.spec))]


def _annotations(world: World) -> list[Definition]:
    found = []
    for one in INCIDENTS:
        first, last = one.days(world.spec.end)
        if last < world.spec.start:
            continue
        spec: dict[str, Any] = {"first": str(max(first, world.spec.start))}
        if one.kind != "price_change":
            spec["last"] = str(last)
        if one.channels:
            spec["channels"] = [CHANNELS[place].name for place in one.channels]
        found.append(_define("annotation", one.name, one.zh, one.en, spec))
    # 618 and 双11 come with Dujiang's own calendar.
    own = {one.name for one in PROMOTIONS} - {"618", "double11"}
    for run in world.promotions:
        if run.promotion.name in own:
            first, last = world.dates[run.first], world.dates[run.last]
            name = f"{run.promotion.name}-{first.year}"
            spec = {"first": str(first), "last": str(last)}
            found.append(_define("annotation", name, run.promotion.zh, f"Promotion {run.promotion.name}", spec))
    return found
