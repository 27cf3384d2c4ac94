"""Which fields of a call are about a person, and how what is left is freed of personal data.

What is said about a person (traits) gives identifiers. What is said about an event gives identifiers only for numbers that
are the actor's own by their meaning (UnionID, member number …): a phone number in an event may be a friend's, and two people
merged by mistake cost more than a link not made, so it stays as a token without linking anyone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from dujiang.collect.protocols.common import Fields, text

DIRECT_TYPES: Final[dict[str, str]] = {
    "unionid": "wechat_unionid",
    "union_id": "wechat_unionid",
    "wechat_unionid": "wechat_unionid",
    "openid": "wechat_openid",
    "open_id": "wechat_openid",
    "wechat_openid": "wechat_openid",
    "external_userid": "wecom_external_id",
    "wecom_external_id": "wecom_external_id",
    "member_no": "member_no",
    "memberNo": "member_no",
    "card_no": "card_no",
    "cardNo": "card_no",
}
"""Fields, in properties too, that name the actor."""

TRAIT_TYPES: Final[dict[str, str]] = {
    **DIRECT_TYPES,
    "phone": "mobile",
    "mobile": "mobile",
    "phoneNumber": "mobile",
    "phone_number": "mobile",
    "$phone": "mobile",
    "email": "email",
    "$email": "email",
    "user_id": "user_id",
    "userId": "user_id",
    "taobao_buyer": "taobao_buyer",
    "douyin_buyer": "douyin_buyer",
    "xiaohongshu_buyer": "xiaohongshu_buyer",
    "kuaishou_buyer": "kuaishou_buyer",
    "jd_buyer": "jd_buyer",
    "pinduoduo_buyer": "pinduoduo_buyer",
    "youzan_buyer": "youzan_buyer",
}
"""Fields of traits that name the person."""

_CONTACT: Final = re.compile(r"phone|mobile|email|e-?mail|\btel\b|telephone|手机|电话|邮箱", re.IGNORECASE)
_GONE: Final = re.compile(
    r"real_?name|full_?name|first_?name|last_?name|middle_?name|user_?name|nick_?name|(receiver|recipient|consignee|contact"
    r"|buyer|customer|shipping|billing)_?(name|address)|^\$?name$|consignee|address|street|^avatar|id_?card|id_?number|passport"
    r"|identity_?(no|number|card)|bank_?(card|account)|password|passwd|secret|access_?token|refresh_?token|session_?key"
    r"|^\$?ip(_?addr(ess)?)?$|latitude|longitude|^\$?geoip|姓名|收货人|收件人|联系人|地址|身份证|银行卡|密码|昵称",
    re.IGNORECASE,
)
_NOT_PERSONAL: Final = re.compile(r"^\$?(page|event|product|screen|app|store|shop)_", re.IGNORECASE)
_BIRTHDAY: Final = re.compile(r"^\$?(birth_?(day|date)|date_of_birth|生日|出生日期)$", re.IGNORECASE)
_YEAR: Final = re.compile(r"(19|20)\d\d")

may_hold_contact: Final = re.compile(r"@|[0-9０-９]{4}").search
"""Finds what every phone number, email address and identity card has; looked for first, because most texts have none."""

GONE, CONTACT, BIRTHDAY, PLAIN = range(4)
_known: dict[tuple[str, bool], int] = {}
_KNOWN_MAX: Final = 20_000


def treatment(key: str, *, of_person: bool) -> int:
    """What has to be done with a field of this name: GONE, CONTACT, BIRTHDAY or PLAIN.

    Args:
        key: field name.
        of_person: it is said about a person, where ``name`` is the person's name and not a product's.
    """
    found = _known.get((key, of_person))
    if found is None:
        found = _treatment(key, of_person=of_person)
        if len(_known) < _KNOWN_MAX:
            _known[key, of_person] = found
    return found


def _treatment(key: str, *, of_person: bool) -> int:
    if key in DIRECT_TYPES or (of_person and key in TRAIT_TYPES):
        return GONE
    if _BIRTHDAY.search(key):
        return BIRTHDAY
    if _CONTACT.search(key):
        return CONTACT
    if key.lower() in ("name", "$name"):
        return GONE if of_person else PLAIN
    return GONE if _GONE.search(key) and not _NOT_PERSONAL.search(key) else PLAIN


def clean(fields: Fields, protect: Callable[[str], str], *, of_person: bool) -> Fields:
    """``fields`` without personal data: names and addresses gone, contacts and free text as tokens.

    Args:
        fields: traits or properties; not changed.
        protect: replaces phones, emails and id numbers inside a text.
        of_person: ``fields`` are traits.
    """
    kept: Fields = {}
    for key, value in fields.items():
        what = treatment(key, of_person=of_person)
        if what == PLAIN:
            kept[protect(key) if may_hold_contact(key) else key] = _cleaned(value, protect, of_person=of_person)
        elif what == CONTACT:
            if (mark := protect(raw := text(value))) != raw:
                kept[key] = mark
        elif what == BIRTHDAY and (year := _YEAR.search(text(value))):
            kept["birth_year"] = int(year.group())
    return kept


def _cleaned(value: Any, protect: Callable[[str], str], *, of_person: bool) -> Any:
    if isinstance(value, str):
        return protect(value) if may_hold_contact(value) else value
    if isinstance(value, dict):
        return clean(value, protect, of_person=of_person)
    if isinstance(value, list):
        return [_cleaned(one, protect, of_person=of_person) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and value > 9_999_999_999:
        return value if (mark := protect(str(value))) == str(value) else mark
    return value


MASK: Final = "•••"
_NAMES_SOMEONE: Final = frozenset(
    {"userId", "anonymousId", "previousId", "distinct_id", "login_id", "anonymous_id", "original_id", "ip", "userAgent"}
    | {"$anon_distinct_id", "$device_id", "$user_id", "alias", "externalIds", "identities", "device"}
)


def mask(value: Any, protect: Callable[[str], str], *, of_person: bool = False) -> Any:
    """An event as it came with everything personal replaced by dots, for whoever may see events but not people."""
    if isinstance(value, dict):
        return {key: _masked(key, inner, protect, of_person=of_person) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask(one, protect, of_person=of_person) for one in value]
    return _cleaned(value, protect, of_person=of_person)


def _masked(key: str, value: Any, protect: Callable[[str], str], *, of_person: bool) -> Any:
    if key in _NAMES_SOMEONE or treatment(key, of_person=of_person) != PLAIN:
        return MASK if value not in (None, "") else value
    return mask(value, protect, of_person=of_person or key in ("traits", "$set", "$set_once"))
