"""How the cells of a field are read: which reader each field has, and the readers for words about people and places."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from dujiang.collect.exports import cells
from dujiang.collect.exports.cells import Bad, Memo
from dujiang.collect.exports.mapping import FieldRule, Reading
from dujiang.collect.sentiment import VERSION, score
from dujiang.foundation.facts import MOMENT

_ID_FIELDS: Final = frozenset(
    {"order_no", "line_no", "refund_no", "product_id", "sku_id", "unit_id", "conversation_id", "message_id"}
)
_BY_NAME: Final[dict[str, Reading]] = {
    "gender": "gender", "birth_year": "year", "province": "province", "city": "city", "window": "window", "tags": "tags",
    "page": "path", "sentiment": "sentiment", "sentiment_version": "sentiment_version",
}  # fmt: skip


def reading_of(field: str, kind: pa.DataType) -> Reading:
    """How the cells of a field are read unless its rule says otherwise."""
    if field in _ID_FIELDS:
        return "id"
    if field in _BY_NAME:
        return _BY_NAME[field]
    if field.endswith("_minor"):
        return "yuan"
    if field == "scroll_pct":
        return "percent"
    kinds: list[tuple[pa.DataType, Reading]] = [
        (MOMENT, "moment"), (pa.date32(), "day"), (pa.bool_(), "yes"), (pa.int64(), "count"), (pa.float64(), "number"),
    ]  # fmt: skip
    return dict(kinds).get(kind, "text")


# Quick to search: an email address has an @, and phone and identity-card numbers are runs of ten digits or more.
_MAY_BE_PERSONAL: Final = re.compile(r"@|[0-9０-９][0-9０-９\s-]{9}")


def quick_protect(protect: Callable[[str], str]) -> Callable[[str], str]:
    """``protect``, spared the texts that cannot hold anything personal."""
    return lambda text: protect(text) if _MAY_BE_PERSONAL.search(text) else text


class Readers:
    """Cell readers in the zone of the files; ``protect`` replaces personal data in texts."""

    def __init__(self, zone: ZoneInfo, protect: Callable[[str], str]) -> None:
        protected = quick_protect(protect)

        def text_of(text: str) -> str | Bad | None:
            cleaned = cells.text_of(text)
            return protected(cleaned) if isinstance(cleaned, str) else cleaned

        self._of: dict[str, Callable[[str], Any]] = {
            "text": text_of, "id": cells.id_of, "yuan": cells.yuan_of, "fen": cells.fen_of, "count": cells.count_of,
            "number": _real, "moment": cells.moment_reader(zone), "day": cells.day_of_cell, "year": cells.year_of,
            "gender": gender_of, "yes": cells.yes_of, "window": cells.window_of, "seconds": cells.seconds_ms,
            "milliseconds": cells.count_of, "minutes": _minutes, "tags": cells.tags_of, "province": province_of,
            "city": city_of, "path": path_of,
            "percent": _percent, "sentiment": _sentiment, "sentiment_version": _sentiment_version,
        }  # fmt: skip

    def memo(self, reading: str, rule: FieldRule | None = None) -> Memo:
        """A remembering reader, with the words of ``rule`` put for the cell's own."""
        read = self._of[reading]
        if rule is None or not (rule.values or rule.otherwise is not None):
            return Memo(read)
        words, otherwise = rule.values, rule.otherwise

        def translated(text: str) -> Any:
            value = read(text)
            return words.get(value, value if otherwise is None else otherwise) if isinstance(value, str) else value

        return Memo(translated)


def _real(text: str) -> float | Bad | None:
    number = cells.number_of(text)
    return float(number) if isinstance(number, Decimal) else number


def _percent(text: str) -> float | Bad | None:
    return _real(text.strip().removesuffix("%"))


def _sentiment(text: str) -> float | Bad | None:
    """The score of what was written: the text goes no further than here."""
    cleaned = cells.text_of(text)
    return score(cleaned) if isinstance(cleaned, str) else cleaned


def _sentiment_version(text: str) -> str | None:
    return None if _sentiment(text) is None else VERSION


def _minutes(text: str) -> int | Bad | None:
    number = cells.number_of(text)
    return cells.to_whole(number * 60_000) if isinstance(number, Decimal) else number


def gender_of(text: str) -> str | None:
    """``female``, ``male``, or None.

    >>> gender_of("女"), gender_of("M"), gender_of("保密")
    ('female', 'male', None)
    """
    word = text.strip().lower()
    return (
        "female" if word in ("女", "女性", "f", "female") else "male" if word in ("男", "男性", "m", "male") else None
    )


def path_of(text: str) -> str | Bad | None:
    """The path of a page, without what stands behind it."""
    cleaned = cells.text_of(text)
    return re.sub(r"^[a-z]+://[^/]*|[?#].*$", "", cleaned) or "/" if isinstance(cleaned, str) else cleaned


_BREAK: Final = re.compile(r"[\s\-/,，>·]+")
_REGION: Final = re.compile(
    r"(?P<province>[^省区市]{2,6}?(?:省|自治区|特别行政区)|(?:北京|天津|上海|重庆)市?)?"
    r"(?P<city>[^省区市县]{2,10}?(?:市|自治州|地区|盟))?"
)
_MUNICIPAL: Final = ("北京", "天津", "上海", "重庆")


def region_of(text: str) -> tuple[str | None, str | None]:
    """Province and city at the head of an address; the rest of it is forgotten.

    >>> region_of("浙江省 杭州市 西湖区 某路 1 号"), region_of("浙江省杭州市西湖区"), region_of("中国-上海")
    (('浙江省', '杭州市'), ('浙江省', '杭州市'), ('上海', '上海'))
    """
    cleaned = cells.text_of(text)
    parts = [one for one in _BREAK.split(cleaned) if one not in ("", "中国")] if isinstance(cleaned, str) else []
    if not parts:
        return None, None
    if len(parts) > 1:
        return _short(parts[0]), _short(parts[1])
    found = _REGION.match(parts[0])
    province, city = (found["province"], found["city"]) if found else (None, None)
    if province and province.startswith(_MUNICIPAL):
        city = province
    return province or (None if city else _short(parts[0])), city


def _short(part: str) -> str | None:
    return part if len(part) <= 12 and not re.search(r"\d", part) else None


def province_of(text: str) -> str | None:
    """The province of a province column or an address."""
    return region_of(text)[0]


def city_of(text: str) -> str | None:
    """The city of a city column or an address."""
    province, city = region_of(text)
    return city or (province if province and not province.endswith(("省", "自治区")) else None)
