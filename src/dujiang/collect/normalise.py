"""How a raw identifier becomes the one form in which it is compared; or why it cannot."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
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
    """The value names no one: ``blank``, ``junk``, ``masked``, ``invalid``, ``landline`` or ``too_long``.

    ``rule`` names the list that it is junk by (:mod:`dujiang.collect.junk`); empty where its type says so, and otherwise.
    """

    reason: str
    rule: str = ""


class Virtual(NamedTuple):
    """A mobile number that a platform lends out."""

    value: str


_QUOTES: Final = "\"'`“”‘’"


def normalise(
    raw: str, spec: IdentifierTypeSpec, junk: Callable[[str], str] = lambda _value: ""
) -> str | Virtual | Refusal:
    """The comparable form of ``raw`` by the rules of its type, or why there is none.

    Args:
        raw: the value as it was sent or exported.
        spec: rules of its type.
        junk: names the list of junk that a value is in; empty if it is in none.

    >>> normalise(" Someone@Example.CN ", IdentifierTypeSpec(normalise="email"))
    'someone@example.cn'
    >>> normalise("139-0000-1234", IdentifierTypeSpec(normalise="mobile"), {"13900001234": "ours"}.get)
    Refusal(reason='junk', rule='ours')
    """
    value = raw.strip().strip(_QUOTES).strip()
    if not value:
        return Refusal(BLANK)
    if refused := _junk(value, spec, junk):
        return refused
    if "*" in value or "＊" in value:
        return Refusal(MASKED)
    done = _normal(value, spec)
    if not isinstance(done, str):
        return done
    if spec.pattern and not re.fullmatch(spec.pattern, done):
        return Refusal(INVALID)
    local = done.removeprefix("+86") if spec.normalise == "mobile" else done
    if local != value and (refused := _junk(local, spec, junk)):
        return refused
    return Refusal(JUNK) if done in spec.junk else done


def _junk(value: str, spec: IdentifierTypeSpec, junk: Callable[[str], str]) -> Refusal | None:
    if value in spec.junk:
        return Refusal(JUNK)
    rule = junk(value)
    return Refusal(JUNK, rule) if rule else None


def _normal(value: str, spec: IdentifierTypeSpec) -> str | Virtual | Refusal:
    match spec.normalise:
        case "mobile":
            return mobile(value, spec.virtual_prefixes)
        case "email":
            return email(value)
        case "address":
            return door_of(value) or Refusal(INVALID)
        case _:
            return _plain(value, lower=spec.normalise == "lower")


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


def mobile(value: str, virtual_prefixes: tuple[str, ...] = ()) -> str | Virtual | Refusal:
    """A mobile number in E.164; numbers without a country are Chinese.

    >>> mobile("+86 139-0000-1234"), mobile("１３９００００１２３４"), mobile("13900001234-5678")
    ('+8613900001234', '+8613900001234', Virtual(value='+8613900001234-5678'))
    >>> mobile("021-62345678")
    Refusal(reason='landline', rule='')
    """
    if _MOBILE.fullmatch(value):
        return _chinese(value, virtual_prefixes)
    text = unicodedata.normalize("NFKC", value).strip()
    packed = re.sub(r"\s", "", text)
    if "*" in packed or _MASK.fullmatch(packed):
        return Refusal(MASKED)
    if found := _PREFIXED.fullmatch(_SEPARATORS.sub("", packed.removesuffix(".0"))):
        return _chinese(found[1], virtual_prefixes)
    if found := _EXTENDED.fullmatch(packed):
        return Virtual(f"+86{found[1]}-{found[2]}")
    return _international(text)


def _chinese(number: str, virtual_prefixes: tuple[str, ...]) -> str | Virtual:
    if virtual_prefixes and number.startswith(virtual_prefixes):
        return Virtual(f"+86{number}")
    return f"+86{number}"


_MOBILE_KINDS: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def _international(text: str) -> str | Refusal:
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return Refusal(INVALID)
    if not phonenumbers.is_valid_number(number):
        return Refusal(INVALID)
    if phonenumbers.number_type(number) not in _MOBILE_KINDS:
        return Refusal(LANDLINE)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


_EMAIL: Final = re.compile(r"[^@\s<>\"',;:]+@(?:[\w-]+\.)+[^\W\d_]{2,}")


def email(value: str) -> str | Refusal:
    """An email address in lower case.

    >>> email("mailto:Tea.Lover@Dujiang.CN"), email("nobody")
    ('tea.lover@dujiang.cn', Refusal(reason='invalid', rule=''))
    """
    address = unicodedata.normalize("NFKC", value).strip().lower().removeprefix("mailto:")
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        return Refusal(INVALID)
    return address
