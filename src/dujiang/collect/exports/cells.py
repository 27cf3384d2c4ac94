"""What a cell of an export file says: cleaning, and reading it as an amount, a count, a moment or a number of something.

Files are read column by column. Values repeat (statuses, days, small amounts), so every reader is wrapped in a
:class:`Memo`: a cell text is understood once and looked up afterwards. A cell that cannot be understood becomes a
:class:`Bad` value, which makes its row a bad row and leaves the others alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.money import parse_decimal

MEMO_TEXTS: Final = 4096
"""Cell texts that one column remembers."""

_SAMPLE: Final = 256
_REPEATING: Final = 0.8

EMPTY: Final = frozenset({"", "-", "--", "—", "——", "/", "\\", "null", "NULL", "None", "nan", "NaN", "无退款申请"})
ERRORS: Final = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
TOTALS: Final = frozenset(
    {"全部", "合计", "总计", "汇总", "小计", "共计", "总和", "合计:", "总计:", "合计：", "总计："}
)

_SURROUND: Final = " \t\r\n\u00a0\u3000\ufeff\u200b"
_WRAPPED: Final = frozenset("=\"'# ")
_SHORT: Final = 1000
_SCIENTIFIC: Final = re.compile(r"[+-]?\d(\.\d*)?[eE]\+\d+")
_HASHES: Final = re.compile(r"#+")


@dataclass(frozen=True)
class Bad:
    """Why a cell cannot be used: a code, an English sentence with placeholders, and the value it is about."""

    code: str
    sentence: str
    value: str = ""


class Memo(dict[str, Any]):
    """``read`` with a bounded memory of the texts it has seen.

    Attributes:
        bad: whether any text so far could not be understood.
    """

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self.read = read
        self.bad = False

    def __missing__(self, text: str) -> Any:
        if len(self) >= MEMO_TEXTS:
            self.clear()
        value = self.read(text)
        self.bad = self.bad or value.__class__ is Bad
        self[text] = value
        return value

    def column(self, texts: Sequence[str]) -> list[Any]:
        """Every text of one column, read. A column whose texts hardly repeat is not worth remembering."""
        sample = texts[:_SAMPLE]
        if len(set(sample)) < _REPEATING * len(sample) or len(texts) < _SAMPLE:
            return list(map(self.__getitem__, texts))
        values = list(map(self.read, texts))
        self.bad = self.bad or Bad in map(type, values)
        return values


def clean(text: str) -> str | Bad:
    """A cell without what exporters wrap around values: ``="…"``, a leading apostrophe, tabs, odd spaces, BOM.

    >>> clean('="1234567890123456789"'), clean("'13800000000"), clean("\\t99\\t"), clean(" 杭州 ")
    ('1234567890123456789', '13800000000', '99', '杭州')
    """
    if text.isprintable() and text[:1] not in _WRAPPED and text[-1:] != " " and len(text) < _SHORT:
        return text
    if not text.isprintable():
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            return Bad("cell.undecodable", UNDECODABLE)
        text = text.strip(_SURROUND).replace("\t", "").replace("\x00", "")
    if len(text) > BOUNDS.import_cell_chars_max:
        return Bad("cell.too_long", TOO_LONG)
    text = text.strip(_SURROUND)
    if text[:1] in ("=", "'", '"'):
        text = _unwrap(text)
    return Bad("cell.error", ERROR_CELL, text) if text in ERRORS else text


def _unwrap(text: str) -> str:
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].strip(_SURROUND).lstrip("'")
    if text.startswith("'"):
        return text[1:].strip(_SURROUND)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def text_of(text: str) -> str | Bad | None:
    """The text of a cell; None for an empty one or a dash."""
    cleaned = clean(text)
    return None if isinstance(cleaned, str) and cleaned in EMPTY else cleaned


def id_of(text: str) -> str | Bad | None:
    """An id; one that a spreadsheet has rounded is bad, because its lost digits cannot be guessed.

    >>> id_of("1.23457E+17").code
    'id.lost_digits'
    """
    if text.isalnum() and text not in EMPTY:
        return text
    cleaned = text_of(text)
    if not isinstance(cleaned, str):
        return cleaned
    if _SCIENTIFIC.fullmatch(cleaned) or _HASHES.fullmatch(cleaned):
        return Bad("id.lost_digits", LOST_DIGITS, cleaned[:40])
    return cleaned


def number_of(text: str) -> Decimal | Bad | None:
    """A number such as ``3,299.00``, ``￥598``, ``598元``, ``4.00%`` (0.04), ``(12.50)``; None for ``-``."""
    cleaned = text_of(text)
    if not isinstance(cleaned, str):
        return cleaned
    try:
        if cleaned.endswith("%"):
            percent = parse_decimal(cleaned[:-1])
            return None if percent is None else percent / 100
        return parse_decimal(_plain(cleaned))
    except InvalidInput:
        return Bad("number.unreadable", NOT_A_NUMBER, cleaned[:40])


def _plain(text: str) -> str:
    # A spreadsheet writes very large and very small plain numbers in scientific notation.
    return f"{Decimal(text):f}" if re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d{1,2}", text) else text


def yuan_of(text: str) -> int | Bad | None:
    """An amount in major units as minor units, rounded half up; fast for plain ``123.45``.

    >>> yuan_of("3,299.00"), yuan_of("12.5"), yuan_of("--"), yuan_of("-0.005")
    (329900, 1250, None, -1)
    """
    whole, _dot, part = text.partition(".")
    if whole.isdecimal() and whole.isascii() and part.isdecimal() and part.isascii() and len(part) < 3:
        return int(whole) * 100 + int(part.ljust(2, "0"))
    number = number_of(text)
    return to_whole(number * 100) if isinstance(number, Decimal) else number


def fen_of(text: str) -> int | Bad | None:
    """An amount that is already in minor units."""
    return count_of(text)


def count_of(text: str) -> int | Bad | None:
    """A count; a fraction (goods by weight) is rounded half up."""
    number = number_of(text)
    return to_whole(number) if isinstance(number, Decimal) else number


def to_whole(number: Decimal) -> int:
    """The nearest whole number, halves away from zero."""
    return int(number.quantize(Decimal(1), rounding=ROUND_HALF_UP))


_EPOCH_DAY: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of spreadsheet serials, which have no zone
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive, to count from local times
_MICROSECOND: Final = timedelta(microseconds=1)
_MOMENT: Final = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T ]*(\d{1,2})[:：时](\d{1,2})分?(?:[:：]?(\d{1,2})秒?)?(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d{2}:?\d{2})?"
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T _-]?(\d{2}):?(\d{2}):?(\d{2})?)?")
_SERIAL: Final = re.compile(r"\d{5}(\.\d+)?")
_NEVER: Final = ("0000-00-00", "0000/00/00", "0001-01-01", "1970-01-01 08:00:00", "1970-01-01 00:00:00")
YEARS: Final = range(2000, 2101)


def moment_reader(zone: ZoneInfo) -> Callable[[str], int | Bad | None]:
    """A reader of moments in the local time of ``zone``, as microseconds since 1970 in UTC (what Arrow keeps)."""
    offsets: dict[int, int] = {}

    def read(text: str) -> int | Bad | None:
        local = local_moment(text)
        if not isinstance(local, datetime):
            return local
        if local.tzinfo:
            return (local - _EPOCH.replace(tzinfo=UTC)) // _MICROSECOND
        since = local - _EPOCH
        seconds = since.days * 86_400 + since.seconds
        half_hour = seconds // 1800  # clocks change at full and half hours only
        offset = offsets.get(half_hour)
        if offset is None:
            if len(offsets) >= MEMO_TEXTS:
                offsets.clear()
            offset = offsets[half_hour] = _offset(local, zone)
        return (seconds - offset) * 1_000_000 + since.microseconds

    return read


def _offset(local: datetime, zone: ZoneInfo) -> int:
    return int((local.replace(tzinfo=zone).utcoffset() or timedelta(0)).total_seconds())


def local_moment(text: str) -> datetime | Bad | None:
    """A date with or without a time, as exports, people and spreadsheets write it; None where nothing is said.

    >>> local_moment("2024/01/31 12:00:00"), local_moment("2024年1月31日"), local_moment("45322.5")
    (datetime.datetime(2024, 1, 31, 12, 0), datetime.datetime(2024, 1, 31, 0, 0), datetime.datetime(2024, 1, 31, 12, 0))
    >>> local_moment("2024-02-30").code
    'date.impossible'
    """
    cleaned = text_of(text)
    if not isinstance(cleaned, str):
        return cleaned
    if cleaned.startswith(_NEVER):
        return None
    try:
        moment = _parse_moment(cleaned)
    except (ValueError, OverflowError):
        moment = None
    return moment if moment and moment.year in YEARS else Bad("date.impossible", NOT_A_DATE, cleaned[:40])


def _parse_moment(text: str) -> datetime | None:
    if len(text) == 19 and text[4] == "-" and text[10] in " T":
        return datetime.fromisoformat(text)
    if found := _MOMENT.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, *more = found.groups()
        micro = int((more[0] or "0").ljust(6, "0")) if more else 0
        local = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro)  # noqa: DTZ001
        offset = more[1] if more else None
        return datetime.fromisoformat(f"{local.isoformat()}{offset}") if offset else local
    if _SERIAL.fullmatch(text):
        return (_EPOCH_DAY + timedelta(days=float(text)) + timedelta(microseconds=500_000)).replace(microsecond=0)
    return None


def day_of_cell(text: str) -> date | Bad | None:
    """A calendar day."""
    local = local_moment(text)
    return local.date() if isinstance(local, datetime) else local


def year_of(text: str) -> int | None:
    """A year of birth from a birthday or a year; None where it is not one that a customer can have."""
    found = re.match(r"(19\d{2}|20\d{2})(?!\d)|(19\d{2}|20\d{2})\d{4}$", text.strip(_SURROUND))
    return int(found[1] or found[2]) if found else None


def seconds_ms(text: str) -> int | Bad | None:
    """Seconds, or a clock reading such as ``00:01:30``, as milliseconds."""
    cleaned = text_of(text)
    if isinstance(cleaned, str) and ":" in cleaned:
        parts = cleaned.split(":")
        if all(part.isdecimal() for part in parts) and len(parts) <= 3:
            return sum(int(part) * 60**place for place, part in enumerate(reversed(parts))) * 1000
        return Bad("number.unreadable", NOT_A_NUMBER, cleaned[:40])
    number = number_of(text)
    return to_whole(number * 1000) if isinstance(number, Decimal) else number


def window_of(text: str) -> str:
    """An attribution window in one form: ``15天转化`` and ``DAYS_15`` are both ``15d``; ``HOURS_24`` is ``24h``."""
    found = re.search(r"(\d+)\s*(天|日|d\b|小时|h\b)|(DAYS?|HOURS?)_?(\d+)", text, re.IGNORECASE)
    if not found:
        cleaned = clean(text)
        return cleaned if isinstance(cleaned, str) and cleaned not in EMPTY else ""
    hours = (found[2] or found[3]).lower()[0] in "小h"
    return f"{int(found[1] or found[4])}{'h' if hours else 'd'}"


_TRUE: Final = frozenset({"是", "1", "true", "TRUE", "True", "Y", "y", "yes", "投诉", "有"})


def yes_of(text: str) -> bool | None:
    """是/否 and the like; None for an empty cell."""
    cleaned = text_of(text)
    return None if cleaned is None else cleaned in _TRUE


_TAG_BREAK: Final = re.compile(r"[;；,，、|\n]+")


def tags_of(text: str) -> tuple[str, ...]:
    """The tags of a cell, split at commas, semicolons and the like."""
    cleaned = text_of(text)
    if not isinstance(cleaned, str):
        return ()
    return tuple(tag for part in _TAG_BREAK.split(cleaned) if (tag := part.strip(_SURROUND)))


UNDECODABLE: Final = _("The cell holds bytes that are no text in the file's encoding. Export the file again.")
TOO_LONG: Final = _("The cell is longer than any real value. A quotation mark may be missing; correct the row.")
ERROR_CELL: Final = _("The cell holds the spreadsheet error “{value}”. Export the file again without opening it.")
LOST_DIGITS: Final = _(
    "The id “{value}” has lost digits in a spreadsheet. Import the file as the platform exported it."
)
NOT_A_NUMBER: Final = _("“{value}” is not a number. Correct the cell and import the row again.")
NOT_A_DATE: Final = _("“{value}” is not a possible date. Correct the cell and import the row again.")
