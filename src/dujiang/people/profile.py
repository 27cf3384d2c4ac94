"""A person's profile: which fields it has, how much of it is filled, and how identifiers are shown without showing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dujiang.engine.contract import PROFILE
from dujiang.people.model import Profile

FIELDS: Final = PROFILE
"""What a filled profile states; the metric ``profile_completeness`` averages the same fields."""

_COUNTS: Final = ("identifiers", "events", "visits", "orders", "paid_minor", "refunded_minor")
_LISTS: Final = ("channels", "order_channels", "tags")
_PLAIN: Final = (
    "person", "first_at", "first_channel", "last_at", "first_order_day", "last_order_day", "first_order_channel",
    "gender", "birth_year", "province", "city", "member_level", "points", "joined_at", "added_at",
)  # fmt: skip


def missing_fields(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The profile fields that ``row`` does not state; an empty list states nothing.

    >>> missing_fields({"gender": "female", "city": "Hangzhou", "tags": []})
    ('birth_year', 'province', 'member_level', 'tags')
    """
    return tuple(name for name in FIELDS if row.get(name) is None or row[name] == [])


def profile(row: Mapping[str, Any]) -> Profile:
    """The profile in a row of the table ``person``."""
    missing = missing_fields(row)
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    values |= {name: tuple(row[name] or ()) for name in _LISTS}
    values |= {name: row[name] or 0 for name in _COUNTS}
    return Profile(
        **values,
        known=bool(row["known"]),
        completeness=1 - len(missing) / len(FIELDS),
        missing=missing,
    )


def masked(clear: str) -> str:
    """An identifier as anyone may see it: enough to recognise it when one knows it.

    >>> masked("+8613800001234"), masked("lan.demo@example.com"), masked("M10027")
    ('138****1234', 'l***@example.com', 'M1***7')
    """
    if "@" in clear:
        name, _at, host = clear.rpartition("@")
        return f"{name[:1]}***@{host}"
    number = clear.removeprefix("+86")
    if number.lstrip("+").isdigit() and len(number) >= 9:
        return f"{number[:3]}****{number[-4:]}"
    return f"{clear[:2]}***{clear[-1:]}" if len(clear) > 3 else "***"


def token_mark(node: int) -> str:
    """How an identifier is shown whose clear value is not kept: the end of its token.

    >>> token_mark(-1), token_mark(26)
    ('…ffffff', '…00001a')
    """
    return f"…{node & 0xFFFFFF:06x}"


def shown(node: int, clear: Mapping[int, str]) -> str:
    """An identifier masked where its clear value is kept, else by the end of its token."""
    return masked(clear[node]) if node in clear else token_mark(node)
