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
from dujiang.identity.model import (
    BARRED,
    BY_HAND,
    DEMOTED,
    DISTRUSTED,
    LIMIT,
    NOT_JOINING,
    RECYCLED,
    SAME_RECORD,
    SEPARATED,
    SHARED_DEVICE,
    SHARED_IDENTIFIER,
    UNBOUND,
)
from dujiang.store.command import SYSTEM

_SEPARATED_THESE: Final = "separated_these"
_HELD: Final = "held"
_JUNK: Final = "junk"
_SENTENCES: Final = {
    SAME_RECORD: _("{a} and {b} stand together in records of {sources} ({facts} in all, {first} to {last})."),
    RECYCLED: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all, {first} to {last}). At other times the number"
        " belonged to somebody else."
    ),
    UNBOUND: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all, {first} to {last}). One of them was unbound or"
        " expired on {unbound}; who has it since may be somebody else."
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
    BY_HAND: _("{a} and {b} belong together because {actor} decided so on {decided}: {why}"),
    SEPARATED: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but joined they would bring together what"
        " was separated by hand."
    ),
    _SEPARATED_THESE: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but {actor} separated them on {decided}:"
        " {why}"
    ),
    BARRED: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but {actor} decided on {decided} that one of"
        " them joins nobody: {why}"
    ),
    _JUNK: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but one of them is a value that means nobody:"
        " the list “{why}” names it."
    ),
    DISTRUSTED: _(
        "{a} and {b} stand together only in records of {sources} ({facts} in all), which are not believed at present."
    ),
    _HELD: _(
        "{a} and {b} stand together only in records of {sources} ({facts} in all), a source that suddenly tied far more people"
        " together than it used to. It is held until somebody has looked."
    ),
    LIMIT: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but joined they would give one person more than"
        " {limit} of the kind “{type}”. Stronger links were believed."
    ),
    DEMOTED: _(
        "{a} and {b} stand together in records of {sources} ({facts} in all), but the person already has {limit} of the kind"
        " “{type}” with more evidence. The one with the least evidence gave way."
    ),
}

_DECISIONS: Final = """
    WITH decided AS (
        FROM person_link WHERE person = $person
        UNION
        FROM person_link WHERE a IN (SELECT node FROM person_node WHERE person = $person)
        UNION
        FROM person_link WHERE b IN (SELECT node FROM person_node WHERE person = $person)
    ), pair AS (
        SELECT least(a, b) AS a, greatest(a, b) AS b, max_by(actor, "at") AS actor, max("at") AS decided,
            max_by(reason, "at") AS why
        FROM identity_decision WHERE kind IN ('separate', 'join') GROUP BY ALL
    ), bar AS (
        SELECT a AS node, max_by(actor, "at") AS actor, max("at") AS decided, max_by(reason, "at") AS why
        FROM identity_decision WHERE kind = 'bar' GROUP BY a
    ), held AS (
        SELECT list(DISTINCT source) AS sources FROM identity_decision WHERE kind = 'distrust' AND origin = 'hold'
    )
    SELECT d.a, d.b, one.type AS a_type, other.type AS b_type, d.joined, d.reason, d.facts, coalesce(l.sources, []) AS sources,
        d.first_at, d.last_at,
        coalesce(if(d.reason = 'barred', coalesce(x.actor, y.actor), p.actor), '') AS actor,
        if(d.reason = 'barred', coalesce(x.decided, y.decided), p.decided) AS decided,
        coalesce(if(d.reason = 'barred', coalesce(x.why, y.why), p.why), '') AS why,
        d.reason = 'distrusted' AND coalesce(list_has_any(l.sources, (SELECT sources FROM held)), FALSE) AS held,
        (
            SELECT min(to_at) FROM person_node AS n
            WHERE n.node IN (d.a, d.b) AND n.person = d.person AND to_at > d.last_at AND d.reason = 'unbound'
        ) AS unbound_at
    FROM decided d
    JOIN identifier one ON one.node = d.a JOIN identifier other ON other.node = d.b
    LEFT JOIN link l ON l.a = d.a AND l.b = d.b
    LEFT JOIN pair p ON p.a = d.a AND p.b = d.b
    LEFT JOIN bar x ON x.node = d.a LEFT JOIN bar y ON y.node = d.b
    ORDER BY d.joined DESC, d.facts DESC, d.first_at, d.a, d.b
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
        actor: who decided about the two by hand; empty where nobody did.
        decided: on which day.
        why: in their words.
        held: a source that states it is held by the circuit breaker.
        unbound: on which day one of the two was unbound, after which it no longer was the person's.
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
    actor: str = ""
    decided: date | None = None
    why: str = ""
    held: bool = False
    unbound: date | None = None

    def text(self, types: IdentifierTypes, locale: str = "zh") -> str:
        """The decision as a sentence in ``locale``, with the identifiers called by their types."""
        code, colon, limited = self.reason.partition(":")
        sentence = _SEPARATED_THESE if code == SEPARATED and self.actor else _HELD if self.held else code + colon
        if code == BARRED and self.actor == SYSTEM.name:  # by itself the system bars nothing but junk
            sentence = _JUNK
        return translate(_SENTENCES[sentence], locale).format(
            a=types.label(self.a_type, locale),
            b=types.label(self.b_type, locale),
            facts=self.facts,
            sources=(", " if locale == "en" else "、").join(self.sources),
            first=self.first,
            last=self.last,
            type=types.label(limited, locale),
            limit=self.limit,
            actor=self.actor,
            decided=self.decided,
            why=self.why,
            unbound=self.unbound,
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
    a, b, a_type, b_type, joined, reason, facts, sources, first_at, last_at, actor, decided, why, held, unbound_at = row
    limited = reason.partition(":")[2]
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
        actor=actor,
        decided=None if decided is None else _day(decided, where),
        why=why,
        held=held,
        unbound=None if unbound_at is None else _day(unbound_at, where),
    )


def _day(moment: datetime, where: ZoneInfo) -> date:
    return day_of(moment, where)
