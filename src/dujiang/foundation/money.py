"""Money is a whole number of minor units (fen, cents): it is never a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

AMOUNT_MAX: Final = 10**13
"""Largest amount in major units: beyond it is no money but a number in the wrong column."""
_NOISE: Final = re.compile(r"[\s,，'\"=\t\u00a0¥￥$元]")
_EMPTY: Final = frozenset({"", "-", "--", "—", "——", "/", "null", "none", "nan"})
_PLAIN: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def parse_decimal(text: str) -> Decimal | None:
    """The number in a cell of an export file; None for an empty cell or a dash.

    Raises:
        InvalidInput: ``number.unreadable`` if the cell holds anything else, such as ``#REF!``.

    >>> parse_decimal("￥3,299.00"), parse_decimal("598元"), parse_decimal("--"), parse_decimal("(12.50)")
    (Decimal('3299.00'), Decimal('598'), None, Decimal('-12.50'))
    """
    cleaned = _NOISE.sub("", text)
    if cleaned.lower() in _EMPTY:
        return None
    if cleaned[0] in "(（" and cleaned[-1] in ")）":
        cleaned = "-" + cleaned[1:-1]
    try:
        if not _PLAIN.fullmatch(cleaned):
            raise InvalidOperation
        return Decimal(cleaned)
    except InvalidOperation:
        sentence = _("“{value}” is not a number. Correct the cell and import the row again.")
        raise InvalidInput("number.unreadable", sentence, value=text[:40]) from None


def parse_minor(text: str) -> int | None:
    """An amount in minor units, rounded half up; None where there is none.

    Raises:
        InvalidInput: ``number.unreadable`` or ``number.too_large``.

    >>> parse_minor("3,299.00"), parse_minor("0.005"), parse_minor("-")
    (329900, 1, None)
    """
    number = parse_decimal(text)
    if number is None:
        return None
    if abs(number) > AMOUNT_MAX:
        sentence = _("“{value}” is larger than any real amount. Count its digits.")
        raise InvalidInput("number.too_large", sentence, value=text[:40])
    return to_minor(number)


def to_minor(amount: Decimal | float | int) -> int:
    """Major units (yuan) to minor units (fen), rounded half up."""
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def format_money(minor: int, locale: str = "zh", currency: str = "CNY") -> str:
    """An amount as a person reads it: two decimals below 1,000, none above, 万/亿 in Chinese and K/M/B in English.

    >>> format_money(98950), format_money(1234500), format_money(12_345_600_00), format_money(1234500, "en")
    ('¥989.50', '¥1.23万', '¥1,234.6万', '¥12.3K')
    """
    symbol = {"CNY": "¥", "USD": "$", "EUR": "€"}.get(currency, currency + " ")
    sign = "-" if minor < 0 else ""
    yuan = abs(minor) / 100
    return sign + symbol + (f"{yuan:,.2f}" if yuan < 1000 else format_number(yuan, locale))


def format_number(value: float, locale: str = "zh") -> str:
    """A count as a person reads it: 1,234 / 12.3万 / 1.23亿 in Chinese, 1,234 / 12.3K / 1.23M in English.

    >>> [format_number(n) for n in (0, 1234, 123456, 123456789)]
    ['0', '1,234', '12.3万', '1.23亿']
    >>> [format_number(n, "en") for n in (999, 1234, 12345, 1234567)]
    ['999', '1,234', '12.3K', '1.23M']
    """
    size = abs(value)
    steps = ((1e8, "亿"), (1e4, "万")) if locale == "zh" else ((1e9, "B"), (1e6, "M"), (1e4, "K"))
    for step, unit in steps:
        if size >= step:
            divisor = 1e3 if unit == "K" else step
            scaled = value / divisor
            return f"{scaled:,.2f}{unit}" if abs(scaled) < 10 else f"{scaled:,.1f}{unit}"
    return f"{value:,.0f}" if float(value).is_integer() or size >= 1000 else f"{value:,.2f}"
