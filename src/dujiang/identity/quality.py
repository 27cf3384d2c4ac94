"""How good identity is, as numbers: who is recognised in each channel, what was refused, and who grew suspiciously large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from dujiang.identity.model import DEMOTED, LIMIT


@dataclass(frozen=True)
class ChannelMatch:
    """People seen in one channel.

    Attributes:
        channel: definition name of the channel.
        persons: people seen in it.
        known: those that have more than a device or cookie.
        elsewhere: those that were also seen in another channel.
    """

    channel: str
    persons: int
    known: int
    elsewhere: int

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
        hubs: the twenty identifiers of nobody that were seen with most others.
    """

    identifiers: int
    persons: int
    channels: tuple[ChannelMatch, ...]
    shared: dict[str, int]
    refused: dict[str, int]
    recycled: int
    largest: tuple[tuple[int, int], ...]
    hubs: tuple[Hub, ...] = ()

    @property
    def conflicts(self) -> int:
        """Links that a limit refused: two records that contradict each other about who is who."""
        return sum(many for reason, many in self.refused.items() if reason.startswith((LIMIT, DEMOTED)))


_COUNTS: Final = """
    SELECT count(DISTINCT node), count(DISTINCT person), count(DISTINCT node) FILTER (to_at IS NOT NULL) FROM person_node
"""
_CHANNELS: Final = """
    SELECT channel, count(*), count(*) FILTER (known), count(*) FILTER (len(channels) > 1)
    FROM (SELECT known, channels, unnest(channels) AS channel FROM person)
    GROUP BY channel ORDER BY count(*) DESC, channel
"""
_SHARED: Final = (
    "SELECT type, count(*) FROM person_node WHERE role = 'shared' GROUP BY type ORDER BY count(*) DESC, type"
)
_REFUSED: Final = (
    "SELECT reason, count(*) FROM person_link WHERE NOT joined GROUP BY reason ORDER BY count(*) DESC, reason"
)
_LARGEST: Final = """
    SELECT person, count(*) AS identifiers FROM person_node GROUP BY person ORDER BY identifiers DESC, person LIMIT 10
"""
_HUBS: Final = """
    WITH ends AS (
        SELECT a AS node, b_type AS other FROM link WHERE facts > 0 UNION ALL SELECT b, a_type FROM link WHERE facts > 0
    ), counted AS (
        SELECT node, other, count(*) AS many FROM ends
        WHERE node IN (SELECT node FROM person_node WHERE role = 'shared') GROUP BY ALL
    )
    SELECT p.person, p.type, max_by(other, (many, other)), max(many)
    FROM counted JOIN person_node p USING (node) GROUP BY ALL ORDER BY max(many) DESC, p.person LIMIT 20
"""


def quality(con: duckdb.DuckDBPyConnection) -> Quality:
    """The state of identity, from ``person_node``, ``person_link`` and ``person``."""
    identifiers, persons, recycled = con.execute(_COUNTS).fetchall()[0]
    return Quality(
        identifiers=identifiers,
        persons=persons,
        channels=tuple(ChannelMatch(*row) for row in con.execute(_CHANNELS).fetchall()),
        shared=dict(con.execute(_SHARED).fetchall()),
        refused=dict(con.execute(_REFUSED).fetchall()),
        recycled=recycled,
        largest=tuple(con.execute(_LARGEST).fetchall()),
        hubs=tuple(Hub(*row) for row in con.execute(_HUBS).fetchall()),
    )
