"""How good identity is, as numbers: who is recognised in each channel, what was refused, and who grew suspiciously large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from dujiang.engine.contract import PROFILE
from dujiang.identity.model import DEMOTED, LIMIT

COMPARED_MIN: Final = 30
"""Fewest people from whom the share of those joined wrongly is estimated."""


@dataclass(frozen=True)
class ChannelMatch:
    """People seen in one channel.

    Attributes:
        channel: definition name of the channel.
        persons: people seen in it.
        known: those that have more than a device or cookie.
        elsewhere: those that were also seen in another channel.
        completeness: mean filled share of the profile of those known; None where nobody is.
    """

    channel: str
    persons: int
    known: int
    elsewhere: int
    completeness: float | None = None

    @property
    def known_rate(self) -> float | None:
        """Share of people who are known; None where nobody was seen."""
        return self.known / self.persons if self.persons else None

    @property
    def elsewhere_rate(self) -> float | None:
        """Share of people recognised in another channel too; None where nobody was seen."""
        return self.elsewhere / self.persons if self.persons else None


@dataclass(frozen=True)
class Hub:
    """An identifier that was seen with so many others that it belongs to nobody.

    Attributes:
        person: the person of its own that it is.
        type: its type.
        with_type: the type of which it was seen with most.
        many: with how many of that type.
    """

    person: int
    type: str
    with_type: str
    many: int


@dataclass(frozen=True)
class Quality:
    """The state of identity.

    Attributes:
        identifiers: identifiers seen.
        persons: people they form.
        channels: how people of each channel are recognised, largest channel first.
        shared: identifiers that belong to nobody, by type.
        refused: links that do not join, by reason.
        recycled: numbers that had several owners.
        largest: the ten people with most identifiers, as (person, identifiers).
        hubs: the ten identifiers of nobody that were seen with most others.
        completeness: mean filled share of the profile over all known people; None where nobody is known.
        compared: people of whom two identifiers state a year of birth each.
        contradicted: those of them whose years differ.
        by_chance: share of pairs of statements that would differ if they were drawn at random.
    """

    identifiers: int
    persons: int
    channels: tuple[ChannelMatch, ...]
    shared: dict[str, int]
    refused: dict[str, int]
    recycled: int
    largest: tuple[tuple[int, int], ...]
    hubs: tuple[Hub, ...] = ()
    completeness: float | None = None
    compared: int = 0
    contradicted: int = 0
    by_chance: float | None = None

    @property
    def over_merge_rate(self) -> float | None:
        """Share of people with two identifiers that are probably two people, estimated from years of birth.

        Two strangers state different years as often as chance has it, one person never does: the share of contradictions
        over that of chance. Mistakes in the statements count too, so it is rather too high. None with fewer than
        :data:`COMPARED_MIN` people to compare, or where all state the same year.
        """
        if self.compared < COMPARED_MIN or not self.by_chance:
            return None
        return min(1.0, self.contradicted / self.compared / self.by_chance)

    @property
    def conflicts(self) -> int:
        """Links that a limit refused: two records that contradict each other about who is who."""
        return sum(many for reason, many in self.refused.items() if reason.startswith((LIMIT, DEMOTED)))


_FILLED: Final = "({} + CAST(coalesce(len(tags), 0) > 0 AS INTEGER)) / {}".format(
    " + ".join(f"CAST({name} IS NOT NULL AS INTEGER)" for name in PROFILE if name != "tags"), float(len(PROFILE))
)
_COUNTS: Final = """
    SELECT count(DISTINCT node), count(DISTINCT person) FILTER (type NOT IN (SELECT type FROM identifier_rule WHERE NOT joins)),
        count(DISTINCT node) FILTER (from_at IS NOT NULL)
    FROM person_node
"""
_CHANNELS: Final = f"""
    SELECT channel, count(*), count(*) FILTER (known), count(*) FILTER (len(channels) > 1), avg(filled) FILTER (known)
    FROM (SELECT known, channels, {_FILLED} AS filled, unnest(channels) AS channel FROM person)
    GROUP BY channel ORDER BY count(*) DESC, channel
"""
_COMPLETE: Final = f"SELECT avg({_FILLED}) FROM person WHERE known"
_STATEMENTS: Final = """
    WITH stated AS (
        SELECT person, anchor, max_by(birth_year, seq) AS said
        FROM fact_customer JOIN person_node ON node = anchor
        WHERE birth_year IS NOT NULL AND role = 'owner' AND to_at IS NULL GROUP BY ALL
    ), compared AS (
        SELECT min(said) <> max(said) AS differs FROM stated GROUP BY person HAVING count(*) > 1
    ), said AS (SELECT count(*) AS many FROM stated GROUP BY said)
    SELECT count(*), count(*) FILTER (differs), (SELECT 1 - sum(many * many) / (sum(many) * sum(many)) FROM said)
    FROM compared
"""
_SHARED: Final = (
    "SELECT type, count(*) FROM person_node WHERE role = 'shared' GROUP BY type ORDER BY count(*) DESC, type"
)
_REFUSED: Final = (
    "SELECT reason, count(*) FROM person_link WHERE NOT joined GROUP BY reason ORDER BY count(*) DESC, reason"
)
_LARGEST: Final = """
    SELECT person, count(DISTINCT node) AS identifiers FROM person_node GROUP BY person
    ORDER BY identifiers DESC, person LIMIT 10
"""
_HUBS: Final = """
    WITH ends AS (
        SELECT a AS node, b_type AS other FROM link WHERE facts > 0 UNION ALL SELECT b, a_type FROM link WHERE facts > 0
    ), counted AS (
        SELECT node, other, count(*) AS many FROM ends
        WHERE node IN (SELECT node FROM person_node WHERE role = 'shared') GROUP BY ALL
    )
    SELECT p.person, p.type, max_by(other, (many, other)), max(many)
    FROM counted JOIN person_node p USING (node) GROUP BY ALL ORDER BY max(many) DESC, p.person LIMIT 10
"""


def quality(con: duckdb.DuckDBPyConnection) -> Quality:
    """The state of identity, from the tables of identity, ``person`` and ``fact_customer``."""
    identifiers, persons, recycled = con.execute(_COUNTS).fetchall()[0]
    compared, contradicted, by_chance = con.execute(_STATEMENTS).fetchall()[0]
    return Quality(
        identifiers=identifiers,
        persons=persons,
        channels=tuple(ChannelMatch(*row) for row in con.execute(_CHANNELS).fetchall()),
        shared=dict(con.execute(_SHARED).fetchall()),
        refused=dict(con.execute(_REFUSED).fetchall()),
        recycled=recycled,
        largest=tuple(con.execute(_LARGEST).fetchall()),
        hubs=tuple(Hub(*row) for row in con.execute(_HUBS).fetchall()),
        completeness=con.execute(_COMPLETE).fetchall()[0][0],
        compared=compared,
        contradicted=contradicted,
        by_chance=by_chance,
    )
