"""How numbers, moments and changes are written for a person: in one place, so that screen, chart and export agree."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from dujiang.foundation.i18n import _, translate
from dujiang.foundation.money import format_money, format_number

Kind = Literal[
    "text",
    "code",
    "count",
    "number",
    "money",
    "percent",
    "ratio",
    "duration",
    "change",
    "moment",
    "day",
    "channel",
    "tag",
]

NUMERIC: Final = frozenset({"count", "number", "money", "percent", "ratio", "duration", "change"})
NOTHING: Final = "—"
_WEEKDAYS: Final = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
_HOUR_MS: Final = 3_600_000


def show(value: Any, kind: Kind, locale: str, zone: ZoneInfo, currency: str = "CNY") -> str:
    """``value`` as the reader of ``locale`` expects it; a dash where there is none.

    >>> from dujiang.foundation.timewindows import zone
    >>> show(0.1234, "percent", "zh", zone()), show(None, "money", "zh", zone()), show(90_000, "duration", "en", zone())
    ('12.3%', '—', '1 min 30 s')
    """
    if value is None or value == "":
        return NOTHING
    if kind == "money":
        return format_money(round(value), locale, currency)
    if kind == "percent":
        return f"{value * 100:,.1f}%"
    if kind == "ratio":
        return f"{value:,.2f}"
    if kind in ("count", "number"):
        return format_number(value, locale)
    if kind == "duration":
        return duration(value, locale)
    if kind == "change":
        return change(value)
    if kind == "day":
        return day(value, locale)
    return moment(value, locale, zone) if kind == "moment" else str(value)


def plain(value: Any, kind: Kind, zone: ZoneInfo) -> str | int | float:
    """``value`` for an export: exact, in major units, without thousands separators.

    >>> from dujiang.foundation.timewindows import zone
    >>> plain(98950, "money", zone()), plain(0.12345, "percent", zone()), plain(None, "count", zone())
    (989.5, '12.35%', '')
    """
    if value is None:
        return ""
    if kind == "money":
        return round(value) / 100
    if kind in ("percent", "change"):
        return f"{value * 100:.2f}%"
    if kind == "moment" and isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if kind == "duration":
        return round(value / 1000, 3)
    return value if isinstance(value, int | float) else str(value)


def day(value: date, locale: str) -> str:
    """A day with its weekday.

    >>> day(date(2026, 11, 11), "zh")
    '2026-11-11 周三'
    """
    return f"{value.isoformat()} {translate(_WEEKDAYS[value.weekday()], locale)}"


def moment(value: datetime, locale: str, zone: ZoneInfo) -> str:
    """A moment to the minute, in the brand's zone."""
    local = value.astimezone(zone)
    return f"{day(local.date(), locale)} {local:%H:%M}"


def ago(value: datetime, now: datetime, locale: str, zone: ZoneInfo) -> str:
    """How long ago, under a day; the moment itself beyond that.

    >>> from datetime import UTC
    >>> from dujiang.foundation.timewindows import zone
    >>> noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    >>> ago(noon - timedelta(minutes=3), noon, "zh", zone()), ago(noon, noon, "en", zone())
    ('3 分钟前', 'just now')
    """
    passed = now - value
    if passed >= timedelta(days=1) or passed < timedelta(minutes=-1):
        return moment(value, locale, zone)
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return translate(_("just now"), locale)
    if minutes < 60:
        return translate(_("{n} min ago"), locale).format(n=minutes)
    return translate(_("{n} h ago"), locale).format(n=minutes // 60)


def duration(milliseconds: float, locale: str) -> str:
    """A span of time in its two largest units; below a minute in seconds."""
    if milliseconds < 60_000:
        digits = 1 if milliseconds < 10_000 else 0
        return translate(_("{n} s"), locale).format(n=f"{milliseconds / 1000:.{digits}f}".removesuffix(".0"))
    if milliseconds < _HOUR_MS:
        minutes, seconds = divmod(round(milliseconds / 1000), 60)
        return translate(_("{m} min {s} s"), locale).format(m=minutes, s=seconds)
    hours, minutes = divmod(round(milliseconds / 60_000), 60)
    return translate(_("{h} h {m} min"), locale).format(h=f"{hours:,}", m=minutes)


def change(value: float | None) -> str:
    """A relative change with its sign; a dash where there is nothing to compare with.

    >>> change(0.1234), change(-0.5), change(0.0), change(None), change(12.5)
    ('+12.3%', '−50.0%', '0.0%', '—', '+1,250.0%')
    """
    if value is None:
        return NOTHING
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{abs(value) * 100:,.1f}%"


def tone(value: float | None, direction: str) -> str:
    """``good``, ``bad`` or ``flat``: a change is coloured only if the metric has a good direction.

    >>> tone(0.2, "up"), tone(0.2, "down"), tone(0.2, "none"), tone(None, "up")
    ('good', 'bad', 'flat', 'flat')
    """
    if not value or direction not in ("up", "down"):
        return "flat"
    return "good" if (value > 0) == (direction == "up") else "bad"


def size(number: int) -> str:
    """A number of bytes.

    >>> size(512), size(1_536), size(5_000_000)
    ('512 B', '1.5 KB', '4.8 MB')
    """
    scaled = float(number)
    for unit in ("B", "KB", "MB"):
        if scaled < 1024:
            return f"{scaled:.0f} {unit}" if unit == "B" else f"{scaled:.1f} {unit}"
        scaled /= 1024
    return f"{scaled:.1f} GB"
