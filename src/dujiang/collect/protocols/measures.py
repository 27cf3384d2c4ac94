"""The few numbers of an event that questions ask for: time spent, depth, money, and what was looked at."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from dujiang.collect.protocols.common import Fields, first
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.money import parse_minor, to_minor

_DWELL_MAX_MS: Final = 24 * 3_600_000
_VALUE_MAX_MINOR: Final = 10**15
_CONTENT: Final = (
    "content_id", "product_id", "productId", "article_id", "note_id", "video_id", "live_id", "item_id", "goods_id",
)  # fmt: skip
_MILLISECONDS: Final = ("dwell_ms", "duration_ms")
_SECONDS: Final = ("dwell_seconds", "$event_duration", "event_duration", "$prev_pageview_duration", "duration_seconds")
_VALUE: Final = ("revenue", "total", "value", "amount", "$revenue", "order_amount")
_DEPTH: Final = ("scroll_pct", "scroll_depth", "scroll_percent")
_DEPTH_SHARE: Final = ("$prev_pageview_max_scroll_percentage",)
_ALL: Final = frozenset((*_CONTENT, *_MILLISECONDS, *_SECONDS, *_VALUE, *_DEPTH, *_DEPTH_SHARE, "value_minor"))


class Measures(NamedTuple):
    """None where the event states none, or none that can be."""

    content_id: str | None
    dwell_ms: int | None
    scroll_pct: float | None
    value_minor: int | None


NOTHING: Final = Measures(None, None, None, None)


def measure(properties: Fields, currency: str) -> Measures:
    """The measures that ``properties`` state; amounts in another currency than ``currency`` are left out.

    >>> measure({"product_id": 7, "revenue": "12.50", "$event_duration": 3.2, "scroll_depth": 0.5}, "CNY")
    Measures(content_id='7', dwell_ms=3200, scroll_pct=0.5, value_minor=1250)
    """
    if _ALL.isdisjoint(properties):
        return NOTHING
    content = first(properties, *_CONTENT)
    return Measures(content[:200] or None, _dwell(properties), _scroll(properties), _value(properties, currency))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.replace(".", "", 1).isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    return value if isinstance(value, int | float) else None


def _stated(properties: Fields, names: tuple[str, ...]) -> float | None:
    for name in names:
        if name in properties and (number := _number(properties[name])) is not None:
            return number
    return None


def _dwell(properties: Fields) -> int | None:
    spent = _stated(properties, _MILLISECONDS)
    if spent is None and (seconds := _stated(properties, _SECONDS)) is not None:
        spent = seconds * 1000
    return round(spent) if spent is not None and 0 <= spent <= _DWELL_MAX_MS else None


def _scroll(properties: Fields) -> float | None:
    depth = _stated(properties, _DEPTH)
    if depth is None and (share := _stated(properties, _DEPTH_SHARE)) is not None:
        depth = share * 100
    return float(depth) if depth is not None and 0 <= depth <= 100 else None


def _value(properties: Fields, currency: str) -> int | None:
    minor = properties.get("value_minor")
    if isinstance(minor, int) and not isinstance(minor, bool):
        return _bounded(minor)
    stated_in = first(properties, "currency").upper().replace("RMB", "CNY")
    if stated_in and stated_in != currency:
        return None
    for name in _VALUE:
        if name in properties and (found := _minor(properties[name])) is not None:
            return _bounded(found)
    return None


def _minor(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            return parse_minor(value) if len(value) <= 40 else None
        except InvalidInput:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return to_minor(value) if abs(value) <= _VALUE_MAX_MINOR else None


def _bounded(minor: int) -> int | None:
    return minor if abs(minor) <= _VALUE_MAX_MINOR else None
