"""What identity resolution takes and gives: identifiers and links as arrays, and a decision about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dujiang.collect.identifier_types import IdentifierTypes, base_type

Ints = npt.NDArray[np.int64]
Indexes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

NO_LIMIT: Final = 1 << 30
_DAY_US: Final = 86_400_000_000

OWNER, SHARED, ALONE, BARRED_ROLE = range(4)
ROLES: Final = ("owner", "shared", "alone", "barred")

SAME_RECORD: Final = "same_record"
"""One fact names both, and nothing stands against it."""
RECYCLED: Final = "recycled"
"""The number had several owners, one after the other; this link belongs to one of them."""
SHARED_IDENTIFIER: Final = "shared"
"""One end was seen with so many others that it means nobody."""
SHARED_DEVICE: Final = "shared_device"
"""The device is used by several people."""
NOT_JOINING: Final = "not_joining"
"""One end is of a type that joins no people."""
BY_HAND: Final = "by_hand"
"""Somebody decided that the two are one person."""
SEPARATED: Final = "separated"
"""Joined, the link would bring together what somebody separated."""
BARRED: Final = "barred"
"""Somebody decided that one end joins no people."""
UNBOUND: Final = "unbound"
"""One fact names both; later one of the two was unbound, and who has it since may be somebody else."""
DISTRUSTED: Final = "distrusted"
"""Nobody but sources that are distrusted or held states it."""
LIMIT: Final = "limit:"
"""The person would have more identifiers of the type named behind the colon than one person may have."""
DEMOTED: Final = "demoted:"
"""The person has as many of the type named behind the colon as it may have; this one has less evidence and gave way."""

PLAIN_REASONS: Final = (
    SAME_RECORD, RECYCLED, SHARED_IDENTIFIER, SHARED_DEVICE, NOT_JOINING, BY_HAND, SEPARATED, BARRED, DISTRUSTED,
    UNBOUND,
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """The rules of the types that occur, as arrays; a type's code is its place in ``names``, strongest first."""

    names: tuple[str, ...]
    priority: Ints
    limit: Ints
    demotes: Flags
    """Above the limit the identifier with the least evidence gives way, instead of the join."""
    device: Flags
    joins: Flags
    shared_above: Ints
    junk_above: Ints
    crowd_above: Ints
    recycled_after: Ints
    """Microseconds of silence after which the identifier may have a new owner; -1: it never has."""
    expires_after: Ints
    """Microseconds from the first sight of an identifier to its end; -1: it has none."""
    hangs: Flags
    """``hangs[x, y]``: type x hangs on type y."""
    parent: Flags
    """``parent[x, y]``: one of the two types hangs on the other."""
    strong: Flags
    """Names people and joins them: too many identifiers of such a type make any identifier a made-up one."""
    exclusive: Flags
    """``exclusive[x, y]``: too many identifiers of type y make one of type x a shared one."""

    @classmethod
    def of(cls, names: Iterable[str], types: IdentifierTypes) -> Rules:
        """The rules of the types called ``names``."""
        ordered = tuple(sorted(set(names), key=lambda name: (types.priority(name), name)))
        specs = [types.get(name) for name in ordered]
        limits = [types.limit(name) for name in ordered]
        priority = np.array([types.priority(name) for name in ordered], np.int64)
        strong = np.array([spec.kind == "strong" and spec.joins for spec in specs], np.bool_)
        single = np.array([limit == 1 for limit in limits], np.bool_)
        hangs = np.array([[spec.parent == base_type(name) for name in ordered] for spec in specs], np.bool_)
        hangs = hangs.reshape(len(ordered), len(ordered))
        return cls(
            names=ordered,
            priority=priority,
            limit=np.array([NO_LIMIT if limit is None else limit for limit in limits], np.int64),
            demotes=np.array([spec.above_limit == "demote" for spec in specs], np.bool_),
            device=np.array([spec.kind == "device" for spec in specs], np.bool_),
            joins=np.array([spec.joins for spec in specs], np.bool_),
            shared_above=np.array([spec.shared_above for spec in specs], np.int64),
            junk_above=np.array([spec.junk_above for spec in specs], np.int64),
            crowd_above=np.array([spec.crowd_above or NO_LIMIT for spec in specs], np.int64),
            recycled_after=np.array([_microseconds(spec.recycled_after_days) for spec in specs], np.int64),
            expires_after=np.array([_microseconds(spec.expires_after_days) for spec in specs], np.int64),
            hangs=hangs,
            parent=hangs | hangs.T,
            strong=strong,
            exclusive=strong & (single | (priority < priority[:, None])),
        )

    def reasons(self) -> tuple[str, ...]:
        """Every reason a link can have; those that name a type stand at :meth:`over_limit` and :meth:`gave_way`."""
        limited = (LIMIT + base_type(name) for name in self.names)
        demoted = (DEMOTED + base_type(name) for name in self.names)
        return (*PLAIN_REASONS, *limited, *demoted)

    def over_limit(self, types: Indexes) -> Indexes:
        """Places in :meth:`reasons` of the limits of type codes."""
        return types + len(PLAIN_REASONS)

    def gave_way(self, types: Indexes) -> Indexes:
        """Places in :meth:`reasons` of giving way at the limits of type codes."""
        return types + len(PLAIN_REASONS) + len(self.names)


def _microseconds(days: int | None) -> int:
    return -1 if days is None else days * _DAY_US


@dataclass(frozen=True)
class Graph:
    """Identifiers (in ascending order of ``node``) and the links between them (``a`` before ``b``)."""

    node: Ints
    type: Indexes
    first_seq: Ints
    a: Indexes
    b: Indexes
    facts: Ints
    first_at: Ints
    """Microseconds since 1970, as is ``last_at``."""
    last_at: Ints
    trusted: Flags
    """Of each link whether a source that is neither distrusted nor held states it."""
    seen_from: Ints
    """When each identifier was seen first, in microseconds since 1970; ``seen_to`` is when it was seen last."""
    seen_to: Ints
    unbound: Indexes
    """Identifiers (places) that were unbound, each at the moment ``unbound_at`` says; one may be there several times."""
    unbound_at: Ints
    ended: Flags | None = None
    """Which places are copies whose era has ended (:mod:`dujiang.identity.eras`): limits do not count them. None: none."""


@dataclass(frozen=True)
class Imposed:
    """What decisions by hand demand of a graph.

    Attributes:
        together: of each link whether somebody decided that its ends are one person; in the order of ``by_time``.
        by_time: places of these links, the earliest decision first.
        decided_at: when each of these was decided, in microseconds since 1970.
        apart_a: one end of each pair that must never be one person (place in the graph), ``apart_b`` the other.
        barred: of each identifier whether it may join no one.
    """

    together: Flags
    by_time: Ints
    decided_at: Ints
    apart_a: Indexes
    apart_b: Indexes
    barred: Flags

    @classmethod
    def nothing(cls, graph: Graph) -> Imposed:
        """Nobody decided anything."""
        none, never = np.zeros(0, np.int32), np.zeros(0, np.int64)
        barred = np.zeros(len(graph.node), np.bool_)
        return cls(np.zeros(len(graph.a), np.bool_), never, never, none, none, barred)

    def exempt(self, graph: Graph) -> Flags:
        """Identifiers that somebody gave to a person: they are not shared, however many others they were seen with."""
        given = np.zeros(len(self.barred), np.bool_)
        given[graph.a[self.together]] = given[graph.b[self.together]] = True
        return given


@dataclass(frozen=True)
class Span:
    """An identifier (place in the graph) with one owner for a time; None is without end on that side."""

    index: int
    person: int
    from_at: int | None
    to_at: int | None
    role: int


@dataclass(frozen=True)
class Decision:
    """Who is who: of each identifier its person and role, of each link whether and why it joins."""

    person: Ints
    role: npt.NDArray[np.uint8]
    spans: tuple[Span, ...]
    """Owners of the identifiers that had several or were unbound; ``person`` names the one with the strongest link."""
    joined: Flags
    reason: npt.NDArray[np.int16]
    """Place in :meth:`Rules.reasons`."""
    link_person: Ints
    """Whom a link belongs to; of a refused one, the owner of its stronger end."""


@dataclass(frozen=True)
class Merge:
    """A person that was is now part of another one.

    ``a`` and ``b`` are the two identifiers whose link brought it about; None where only the number changed.
    """

    survivor: int
    absorbed: int
    a: int | None
    b: int | None


@dataclass(frozen=True)
class Split:
    """Identifiers of a person went to another one, while the person itself remains."""

    remaining: int
    separated: int
    nodes: int


@dataclass(frozen=True)
class Resolution:
    """What one run decided."""

    full: bool
    nodes: int
    links: int
    persons: int
    merges: tuple[Merge, ...]
    splits: tuple[Split, ...]
