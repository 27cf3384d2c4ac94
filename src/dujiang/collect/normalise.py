"""How a raw identifier becomes the one form in which it is compared; or why it cannot."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from dujiang.collect.addresses import door_of
from dujiang.collect.identifier_types import IdentifierTypeSpec

BLANK: Final = "blank"
JUNK: Final = "junk"
MASKED: Final = "masked"
INVALID: Final = "invalid"
LANDLINE: Final = "landline"
TOO_LONG: Final = "too_long"

VIRTUAL_MOBILE: Final = "virtual_mobile"


class Refusal(NamedTuple):
    """The value names no one: ``blank``, ``junk``, ``masked``, ``invalid``, ``landline`` or ``too_long``."""

    reason: str


class Virtual(NamedTuple):
    """A mobile number that a platform lends out."""

    value: str


_QUOTES: Final = "\"'`“”‘’"
# fmt: off
_NOBODY: Final = frozenset((
    "null", "nil", "none", "nan", "undefined", "unknown", "anonymous", "anon", "guest", "visitor", "id", "uid",
    "userid", "user_id", "distinctid", "distinct_id", "not_authenticated", "email", "mobile", "phone", "true",
    "false", "(null)", "(none)", "n/a", "na", "test", "default", "invalid", "empty", "error", "匿名", "匿名用户", "未知",
    "无", "暂无", "空", "游客", "测试", "未填写", "未绑定", "未授权", "保密", "[object object]", "(not set)",
))
# fmt: on
_ZEROES: Final = re.compile(r"[0\-._/\s]*|-1")
_REPEATED: Final = re.compile(r"(\w)\1{7,}")
_COUNTED: Final = frozenset(
    {"12345678", "123456789", "1234567890", "0123456789", "87654321", "987654321", "9876543210"}
)


def normalise(raw: str, spec: IdentifierTypeSpec) -> str | Virtual | Refusal:
    """The comparable form of ``raw`` by the rules of its type, or why there is none.

    >>> normalise(" Someone@Example.CN ", IdentifierTypeSpec(normalise="email"))
    'someone@example.cn'
    >>> normalise("[object Object]", IdentifierTypeSpec())
    Refusal(reason='junk')
    """
    value = raw.strip().strip(_QUOTES).strip()
    if not value:
        return Refusal(BLANK)
    if is_junk(value) or value in spec.junk:
        return Refusal(JUNK)
    if "*" in value or "＊" in value:
        return Refusal(MASKED)
    if spec.normalise == "mobile":
        return mobile(value, spec.virtual_prefixes, spec.junk)
    if spec.normalise == "address":
        return door_of(value) or Refusal(INVALID)
    done = email(value) if spec.normalise == "email" else _plain(value, lower=spec.normalise == "lower")
    if isinstance(done, str) and spec.pattern and not re.fullmatch(spec.pattern, done):
        return Refusal(INVALID)
    return done


def is_junk(value: str) -> bool:
    """Whether ``value`` is what programs write where there is no one, in any type.

    >>> [is_junk(one) for one in ("NULL", "00000000-0000-0000-0000-000000000000", "-1", "88888888", "8888", "A1")]
    [True, True, True, True, False, False]
    """
    if _ZEROES.fullmatch(value) or value in _COUNTED:
        return True
    return value.lower() in _NOBODY or _REPEATED.fullmatch(value.replace("-", "")) is not None


def _plain(value: str, *, lower: bool) -> str | Refusal:
    if not value.isprintable():
        return Refusal(INVALID)
    return value.lower() if lower else value


_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_PREFIXED: Final = re.compile(r"(?:\+?0{0,2}86|0)?(1[3-9][0-9]{9})(?:\.0)?")
_EXTENDED: Final = re.compile(
    r"(?:\+?0{0,2}86-?|0)?(1[3-9][0-9]{9})(?:[-_,;#]+|转接?|分机|ext\.?|x)([0-9]{1,6})", re.IGNORECASE
)
_SEPARATORS: Final = re.compile(r"[\s\-‐‑–—().·]")
_MASK: Final = re.compile(r"[0-9+]{2,}[xX#•●□]{3,}[0-9]{0,4}")
_MANY_ALIKE: Final = re.compile(r"1[0-9]{2}([0-9])\1{7}")
_JUNK_MOBILES: Final = frozenset(
    {"13800138000", "13010112500", "13800000000", "13900000000", "15000000000", "13900139000"}
)


def mobile(value: str, virtual_prefixes: tuple[str, ...] = (), junk: tuple[str, ...] = ()) -> str | Virtual | Refusal:
    """A mobile number in E.164; numbers without a country are Chinese.

    >>> mobile("+86 139-0000-1234"), mobile("１３９００００１２３４"), mobile("13900001234-5678")
    ('+8613900001234', '+8613900001234', Virtual(value='+8613900001234-5678'))
    >>> mobile("021-62345678"), mobile("13812345678")
    (Refusal(reason='landline'), Refusal(reason='junk'))
    """
    if _MOBILE.fullmatch(value):
        return _chinese(value, virtual_prefixes, junk)
    text = unicodedata.normalize("NFKC", value).strip()
    packed = re.sub(r"\s", "", text)
    if "*" in packed or _MASK.fullmatch(packed):
        return Refusal(MASKED)
    if found := _PREFIXED.fullmatch(_SEPARATORS.sub("", packed.removesuffix(".0"))):
        return _chinese(found[1], virtual_prefixes, junk)
    if found := _EXTENDED.fullmatch(packed):
        return Virtual(f"+86{found[1]}-{found[2]}")
    return _international(text, junk)


def _chinese(number: str, virtual_prefixes: tuple[str, ...], junk: tuple[str, ...]) -> str | Virtual | Refusal:
    counted = number.endswith(("12345678", "87654321", "23456789", "98765432"))
    if counted or number in _JUNK_MOBILES or number in junk or _MANY_ALIKE.fullmatch(number):
        return Refusal(JUNK)
    if virtual_prefixes and number.startswith(virtual_prefixes):
        return Virtual(f"+86{number}")
    return f"+86{number}"


_MOBILE_KINDS: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def _international(text: str, junk: tuple[str, ...]) -> str | Refusal:
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return Refusal(INVALID)
    if not phonenumbers.is_valid_number(number):
        return Refusal(INVALID)
    if phonenumbers.number_type(number) not in _MOBILE_KINDS:
        return Refusal(LANDLINE)
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Refusal(JUNK) if written in junk else written


_EMAIL: Final = re.compile(r"[^@\s<>\"',;:]+@(?:[\w-]+\.)+[^\W\d_]{2,}")
_JUNK_LOCAL: Final = frozenset(
    {"noreply", "no-reply", "no_reply", "donotreply", "test", "none", "null", "nobody", "na", "anonymous"}
)
_JUNK_DOMAINS: Final = frozenset(
    {"example.com", "example.org", "example.net", "test.com", "none.com", "null.com", "localhost.com"}
)
_JUNK_EMAILS: Final = frozenset(
    {"123@qq.com", "123456@qq.com", "12345@qq.com", "111@qq.com", "123@163.com", "a@a.com", "1@1.com", "abc@abc.com"}
)


def email(value: str) -> str | Refusal:
    """An email address in lower case.

    >>> email("mailto:Tea.Lover@Dujiang.CN"), email("nobody"), email("no-reply@shop.cn")
    ('tea.lover@dujiang.cn', Refusal(reason='invalid'), Refusal(reason='junk'))
    """
    address = unicodedata.normalize("NFKC", value).strip().lower().removeprefix("mailto:")
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        return Refusal(INVALID)
    local, _at, domain = address.partition("@")
    if local in _JUNK_LOCAL or domain in _JUNK_DOMAINS or address in _JUNK_EMAILS:
        return Refusal(JUNK)
    return address
