"""The fields of a profile that tags can show: what a source states, where somebody was seen, and how they can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dujiang.people.comparison import Kind


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        kind: what it holds.
        text: the expression: ``p`` is the row of ``person``, ``r`` of the addresses, ``c`` of the consents, ``rel`` of the
            relations; ``{today}`` and ``{zone}`` are bound.
        reads: the tables behind it.
    """

    kind: Kind
    text: str
    reads: tuple[str, ...] = ("person",)


MEDIA: Final[dict[str, tuple[str, ...]]] = {
    "sms": ("mobile",),
    "phone": ("mobile",),
    "email": ("email",),
    "wecom": ("wecom_external_id",),
    "wechat": ("wechat_openid", "wechat_unionid"),
    "app_push": ("device_id",),
}
"""Ways of reaching somebody, and the types of identifiers that are an address there."""

RELATED: Final = ("person_relation",)

_DAY: Final = "CAST(timezone({{zone}}, p.{0}) AS DATE)"


def _reach() -> dict[str, Field]:
    found: dict[str, Field] = {}
    for medium in MEDIA:
        state = f"coalesce(c.{medium}, 'unknown')"
        address = f"coalesce(r.{medium}, false)"
        read = ("person_node", "consent")
        found[f"consent_{medium}"] = Field("text", state, ("consent",))
        found[f"address_{medium}"] = Field("yes", address, ("person_node",))
        found[f"reach_{medium}"] = Field("yes", f"({address} AND {state} = 'granted')", read)
    every = " + ".join(f"CAST({found[f'reach_{medium}'].text} AS INTEGER)" for medium in MEDIA)
    refused = " + ".join(f"CAST({found[f'consent_{medium}'].text} = 'withdrawn' AS INTEGER)" for medium in MEDIA)
    found["reach_media"] = Field("number", f"({every})", ("person_node", "consent"))
    found["refused_media"] = Field("number", f"({refused})", ("consent",))
    return found


_STATED: Final = ("gender", "birth_year", "province", "city", "member_level")
_FILLED: Final = " + ".join(
    [*(f"CAST(p.{name} IS NOT NULL AS INTEGER)" for name in _STATED), "CAST(len(p.tags) > 0 AS INTEGER)"]
)

FIELDS: Final[dict[str, Field]] = {
    "gender": Field("text", "p.gender"),
    "birth_year": Field("number", "p.birth_year"),
    "age": Field("number", "(year({today}) - p.birth_year)"),
    "province": Field("text", "p.province"),
    "city": Field("text", "p.city"),
    "member_level": Field("text", "p.member_level"),
    "points": Field("number", "p.points"),
    "outside_tags": Field("list", "p.tags"),
    "joined_day": Field("day", _DAY.format("joined_at")),
    "added_day": Field("day", _DAY.format("added_at")),
    "is_member": Field("yes", "(p.joined_at IS NOT NULL OR p.member_level IS NOT NULL)"),
    "is_contact": Field("yes", "(p.added_at IS NOT NULL)"),
    "is_known": Field("yes", "p.known"),
    "identifiers": Field("number", "p.identifiers"),
    "completeness": Field("number", f"(({_FILLED}) / 6.0)"),
    "first_day": Field("day", "p.first_day"),
    "last_day": Field("day", "p.last_day"),
    "days_known": Field("number", "date_diff('day', p.first_day, {today})"),
    "days_since_seen": Field("number", "date_diff('day', p.last_day, {today})"),
    "days_a_member": Field("number", f"date_diff('day', {_DAY.format('joined_at')}, {{today}})"),
    "first_channel": Field("text", "p.first_channel"),
    "channels": Field("list", "p.channels"),
    "channel_count": Field("number", "len(p.channels)"),
    "first_order_day": Field("day", "p.first_order_day"),
    "last_order_day": Field("day", "p.last_order_day"),
    "first_order_channel": Field("text", "p.first_order_channel"),
    "order_channels": Field("list", "p.order_channels"),
    "order_channel_count": Field("number", "coalesce(len(p.order_channels), 0)"),
    "days_to_first_order": Field("number", "date_diff('day', p.first_day, p.first_order_day)"),
    "order_span_days": Field("number", "date_diff('day', p.first_order_day, p.last_order_day)"),
    **_reach(),
    "has_household": Field("yes", "coalesce(rel.household, false)", RELATED),
    "household_size": Field("number", "(rel.household_others + 1)", RELATED),
    "related_people": Field("number", "coalesce(rel.others, 0)", RELATED),
    "shares_phone": Field("yes", "coalesce(rel.shared_phone, false)", RELATED),
    "uses_shared_device": Field("yes", "coalesce(rel.shared_device, false)", RELATED),
    "uses_store_device": Field("yes", "coalesce(rel.store_device, false)", RELATED),
    "is_staff": Field("yes", "coalesce(rel.staff, false)", RELATED),
    "suspected_scalper": Field("yes", "coalesce(rel.scalper, false)", RELATED),
}


def addresses(semi: str = "") -> str:
    """Which addresses each person has now: shared identifiers, and those that changed hands, are none.

    ``semi`` here and below: what keeps the rows of some people only, as text after the table; empty for everybody.
    """
    columns = ", ".join(
        f"bool_or(kind IN ({', '.join(repr(one) for one in types)})) AS {medium}" for medium, types in MEDIA.items()
    )
    return (
        f"SELECT person, {columns} FROM (SELECT person, split_part(type, '@', 1) AS kind"
        f" FROM person_node {semi} WHERE to_at IS NULL AND role <> 'shared') GROUP BY person"
    )


def relations(semi: str = "") -> str:
    """How each person is related to others: of staff the one whose card it is, of other kinds everybody around it."""
    kinds = ", ".join(
        f"coalesce(bool_or(kind = '{kind}') FILTER (part {'=' if kind == 'staff' else '<>'} 'hub'), false) AS {kind}"
        for kind in ("household", "shared_phone", "shared_device", "store_device", "staff", "scalper")
    )
    return (
        f"SELECT person, {kinds}, nullif(count(DISTINCT other) FILTER (kind = 'household' AND part = 'pair'), 0)"
        " AS household_others, count(DISTINCT other) FILTER (part = 'pair') AS others"
        f" FROM person_relation {semi} GROUP BY person"
    )


def consents(semi: str = "") -> str:
    """What each person allows by each way, for marketing; what is said of every way counts for each, the stricter wins."""
    columns = ", ".join(
        f"CASE WHEN bool_or(state = 'withdrawn' AND medium IN ('', '{one}')) THEN 'withdrawn'"
        f" WHEN bool_or(state = 'granted' AND medium IN ('', '{one}')) THEN 'granted' ELSE 'unknown' END AS {one}"
        for one in MEDIA
    )
    return f"SELECT person, {columns} FROM consent {semi} WHERE purpose = 'marketing' GROUP BY person"
