"""What people lists and person pages are asked, and what they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from dujiang.foundation.bounds import BOUNDS

Sort = Literal["last_seen", "first_seen", "orders", "paid"]
EntryKind = Literal["event", "order", "refund", "conversation"]


@dataclass(frozen=True)
class PeopleQuery:
    """Which people, and in what order (largest or latest first).

    Attributes:
        words: an identifier in full (phone, email, member number …) or a person number; empty for everyone.
        channels: seen in one of these; empty for any.
        known: True with more than a device or cookie, False with only these, None for both.
        bought: True with a valid order, False without, None for both.
        province, city, member_level: exactly this; empty for any.
        sort: what the list is sorted by.
        after: the ``next`` of the page before; empty for the first page.
        limit: people on one page.
    """

    words: str = ""
    channels: tuple[str, ...] = ()
    known: bool | None = None
    bought: bool | None = None
    province: str = ""
    city: str = ""
    member_level: str = ""
    sort: Sort = "last_seen"
    after: str = ""
    limit: int = BOUNDS.people_page_rows


@dataclass(frozen=True)
class Profile:
    """What is known of one person, over all channels; None where nothing states it. Money is in minor units.

    Attributes:
        person: the person's number.
        channels: seen in, sorted.
        identifiers: how many.
        known: has more than a device or cookie.
        net_minor: paid minus refunded.
        completeness: filled share of :data:`dujiang.people.profile.FIELDS`, from 0 to 1.
        missing: the fields that nothing states.
    """

    person: int
    first_at: datetime | None
    first_channel: str | None
    last_at: datetime | None
    channels: tuple[str, ...]
    identifiers: int
    known: bool
    events: int
    visits: int
    orders: int
    paid_minor: int
    refunded_minor: int
    first_order_day: date | None
    last_order_day: date | None
    first_order_channel: str | None
    order_channels: tuple[str, ...]
    gender: str | None
    birth_year: int | None
    province: str | None
    city: str | None
    member_level: str | None
    points: int | None
    joined_at: datetime | None
    added_at: datetime | None
    tags: tuple[str, ...]
    completeness: float
    missing: tuple[str, ...]

    @property
    def net_minor(self) -> int:
        """Paid minus refunded."""
        return self.paid_minor - self.refunded_minor


@dataclass(frozen=True)
class PeoplePage:
    """One page of a list: the people, how many there are on all pages, and where the next page begins (None: nowhere)."""

    people: tuple[Profile, ...]
    count: int
    next: str | None


@dataclass(frozen=True)
class OwnedIdentifier:
    """An identifier of a person; ``shown`` is masked and holds nothing that the page's reader could dial or write to.

    Attributes:
        role: ``owner``, ``shared``, ``alone`` or ``barred``.
        from_at, to_at: while it was this person's; None: without end on that side.
        kept: whether the clear value is in the vault, so that those who may can have it shown.
    """

    node: int
    type: str
    shown: str
    kept: bool
    role: str
    from_at: datetime | None
    to_at: datetime | None
    first_at: datetime | None
    last_at: datetime | None
    facts: int


@dataclass(frozen=True)
class Evidence:
    """Two identifiers that facts stated together, and what was decided about it.

    Attributes:
        reason: code of the rule that decided.
        sources: where the facts came from.
    """

    a: int
    a_type: str
    a_shown: str
    b: int
    b_type: str
    b_shown: str
    joined: bool
    reason: str
    facts: int
    first_at: datetime | None
    last_at: datetime | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class ChannelShare:
    """What the person did in one channel."""

    channel: str
    first_day: date
    last_day: date
    events: int
    visits: int
    orders: int
    paid_minor: int
    refunded_minor: int
    conversations: int


@dataclass(frozen=True)
class PersonOrder:
    """One of the person's orders."""

    channel: str
    shop: str | None
    order_no: str
    at: datetime
    status: str
    paid_minor: int | None
    refunded_minor: int | None
    units: int | None
    nth: int | None


@dataclass(frozen=True)
class PersonConsent:
    """What the person allows; ``medium`` is empty for every way of reaching them."""

    purpose: str
    medium: str
    state: str
    at: datetime
    source: str
    basis: str
    text_version: str


@dataclass(frozen=True)
class PersonMark:
    """A tag put on the person from outside."""

    tag: str
    value: str
    at: datetime
    source: str
    set_by: str


@dataclass(frozen=True)
class PersonPage:
    """One person, over all channels. ``asked`` differs from the profile's person where that number was merged into it."""

    asked: int
    profile: Profile
    identifiers: tuple[OwnedIdentifier, ...]
    evidence: tuple[Evidence, ...]
    channels: tuple[ChannelShare, ...]
    orders: tuple[PersonOrder, ...]
    consents: tuple[PersonConsent, ...] = ()
    marks: tuple[PersonMark, ...] = ()


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened.

    Attributes:
        at: when; the beginning of its day where ``whole_day``.
        name: what: the event's name, the order number, the reason of a refund, the topic of a conversation.
        detail: page or screen of an event, shop of an order, agent of a conversation.
        amount_minor: money that it states.
        status: status of an order; ``complaint`` for a conversation that is one.
        cursor: hand it to :meth:`~dujiang.people.service.PeopleService.timeline` to go on after this entry.
    """

    at: datetime
    kind: EntryKind
    channel: str | None
    name: str | None
    detail: str | None
    amount_minor: int | None
    status: str | None
    whole_day: bool
    cursor: str


@dataclass(frozen=True)
class TimelinePage:
    """A part of a timeline, latest first; ``next`` is None at its end."""

    entries: tuple[TimelineEntry, ...]
    next: str | None


class Revealing(Protocol):
    """Where clear values are kept."""

    def reveal(self, nodes: Iterable[int]) -> Mapping[int, str]:
        """The clear values behind ``nodes``; those that are not kept are left out."""
        ...
