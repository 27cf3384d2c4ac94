"""Why somebody is one person, and why not more: one sentence for each decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.foundation.i18n import _, translate
from dujiang.foundation.timewindows import DEFAULT_ZONE, day_of, zone
from dujiang.identity.model import LIMIT, NOT_JOINING, RECYCLED, SAME_RECORD, SHARED_DEVICE, SHARED_IDENTIFIER

_SENTENCES: Final = {
    SAME_RECORD: _("{a} and {b} stand together in records of {sources} ({facts} in all, {first} to {last})."),
    RECYCLED: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all, {first} to {last}). At other times the number"
        " belonged to somebody else."
    ),
    SHARED_IDENTIFIER: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but one of them was seen with so many people"
        " that it belongs to nobody."
    ),
    SHARED_DEVICE: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but several people use the device."
    ),
    NOT_JOINING: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but one of them may not join people."
    ),
    LIMIT: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but joined they would give one person more than"
        " {limit} of the kind “{type}”. Stronger links were believed."
    ),
}

_DECISIONS: Final = """
    SELECT l.a, l.b, l.a_type, l.b_type, d.person, d.joined, d.reason, l.facts, l.sources, l.first_at, l.last_at
    FROM (
        FROM person_link WHERE person = $person
        UNION
        FROM person_link WHERE a IN (SELECT node FROM person_node WHERE person = $person)
        UNION
        FROM person_link WHERE b IN (SELECT node FROM person_node WHERE person = $person)
    ) d JOIN link l USING (a, b)
    ORDER BY d.joined DESC, l.facts DESC, l.first_at, l.a, l.b
    LIMIT $limit
"""


@dataclass(frozen=True)
class Evidence:
    """One decision about two identifiers.

    Attributes:
        a: one of them (its node), ``b`` the other.
        a_type: type of the one, ``b_type`` of the other.
        joined: they belong to one person.
        reason: code of the rule, such as ``same_record`` or ``limit:mobile``.
        facts: records that name both.
        sources: where these came from.
        first: day of the first, in the brand's zone; ``last`` of the last.
        limit: how many one person may have; None unless the reason is a limit.
    """

    a: int
    b: int
    a_type: str
    b_type: str
    joined: bool
    reason: str
    facts: int
    sources: tuple[str, ...]
    first: date
    last: date
    limit: int | None

    def text(self, types: IdentifierTypes, locale: str = "zh") -> str:
        """The decision as a sentence in ``locale``, with the identifiers called by their types."""
        code, colon, limited = self.reason.partition(":")
        return translate(_SENTENCES[code + colon], locale).format(
            a=types.label(self.a_type, locale),
            b=types.label(self.b_type, locale),
            facts=self.facts,
            sources=(", " if locale == "en" else "、").join(self.sources),
            first=self.first,
            last=self.last,
            type=types.label(limited, locale),
            limit=self.limit,
        )


def explain(
    con: duckdb.DuckDBPyConnection,
    person: int,
    types: IdentifierTypes,
    *,
    in_zone: ZoneInfo | None = None,
    limit: int = 200,
) -> list[Evidence]:
    """Every decision about the identifiers of ``person``: what joins first, each by the number of records behind it.

    Args:
        con: the engine's connection.
        person: number of the person; one that does not exist has no evidence.
        types: the types in force.
        in_zone: zone in which days are counted; the default is Asia/Shanghai.
        limit: most decisions returned.
    """
    where = in_zone or zone(DEFAULT_ZONE)
    rows = con.execute(_DECISIONS, {"person": person, "limit": limit}).fetchall()
    return [_evidence(row, types, where) for row in rows]


def _evidence(row: tuple[Any, ...], types: IdentifierTypes, where: ZoneInfo) -> Evidence:
    a, b, a_type, b_type, _person, joined, reason, facts, sources, first_at, last_at = row
    limited = reason.removeprefix(LIMIT) if reason.startswith(LIMIT) else ""
    return Evidence(
        a=a,
        b=b,
        a_type=a_type,
        b_type=b_type,
        joined=joined,
        reason=reason,
        facts=facts,
        sources=tuple(sources),
        first=_day(first_at, where),
        last=_day(last_at, where),
        limit=types.get(limited).limit if limited else None,
    )


def _day(moment: datetime, where: ZoneInfo) -> date:
    return day_of(moment, where)
