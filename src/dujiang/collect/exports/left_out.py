"""What is never kept: personal data of buyers and recipients, and ratios that have to be computed again."""

from __future__ import annotations

import re
from typing import Final

from dujiang.collect.exports.headers import Columns, canonical
from dujiang.collect.exports.mapping import MappingSpec

_IDENTITY_CARD: Final = re.compile(r"身份证|idnumber|idname")
_PERSONAL: Final = re.compile(
    r"^(?!是否).*("
    r"姓名|收货人|收件人|提货人|订购人|联系人|联系方式|手机|电话|地址|邮箱|e-?mail|微信号|生日|银行|户名|抬头|支付宝账号|挂账主体"
    r"|客户名称|买家会员名|(买家|客户|会员|用户|下单|收货).{0,2}(昵称|账号)|买家id|openid|unionid"
    r")"
)
_RATIO: Final = re.compile(
    r"率|占比|比例|roi|投入产出比|成本|平均|千次|单价|均价|人均|(?<![a-z])(ctr|cvr|ecpc|ecpm|cpm|cpc)(?![a-z])"
)


def personal_places(columns: Columns, spec: MappingSpec | None) -> list[int]:
    """Columns that hold personal data by their name or by the mapping's word. Identity cards cannot be kept at all."""
    kept = {place for name in (spec.keep if spec else ()) for place in columns.places(name)}
    named = {place for name in (spec.drop if spec else ()) for place in columns.places(name)}
    found = []
    for place, raw in enumerate(columns.names):
        name = canonical(raw)
        if _IDENTITY_CARD.search(name) or place in named or (place not in kept and _PERSONAL.match(name)):
            found.append(place)
    return found


def forbidden(name: str) -> bool:
    """Whether a column may not even be used: identity cards.

    >>> forbidden("订购人身份证号/ID Number"), forbidden("收件人电话")
    (True, False)
    """
    return bool(_IDENTITY_CARD.search(canonical(name)))


def ratio_places(columns: Columns, spec: MappingSpec) -> list[int]:
    """Columns that hold ratios and averages, where the mapping leaves those out."""
    if not spec.ratios:
        return []
    return [place for place, name in enumerate(columns.names) if _RATIO.search(canonical(name))]
