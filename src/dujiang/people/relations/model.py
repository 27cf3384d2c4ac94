"""What kinds of relation there are (definition kind ``relation``), and what one relation is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.i18n import _

KIND: Final = "relation"
DEVICES: Final = "devices"
"""In ``through``: every type of identifier that is a device."""
Part = Literal["pair", "spoke", "hub"]


class RelationSpec(Spec):
    """When people who were seen with one thing (a phone, a device, an address …) are related, and how.

    Of several kinds that fit a thing the one of the lowest ``rank`` holds, of equal ranks the first by name.
    """

    through: tuple[str, ...] = Field(min_length=1, max_length=40)
    """Types of identifiers, without scope; ``devices`` stands for every type of a device."""
    people_from: int = Field(default=2, ge=2)
    """How many different people it was seen with, at least."""
    people_to: int | None = Field(default=None, ge=2)
    """How many at most; none: any number."""
    pairs_to: int = Field(default=2, ge=1, le=20)
    """Up to so many people each is related to each of the others; of more, each is related to the thing alone."""
    facts_from: int = Field(default=1, ge=1)
    """So many records have to name the thing together with a person before that person counts."""
    overlapping: bool = False
    """The periods in which two people were seen with it have to overlap: who came later did not just inherit it."""
    within_days: int | None = Field(default=None, ge=1)
    """Most of the people (``within_share``) were first seen with it within so many days."""
    within_share: float = Field(default=0.8, gt=0, le=1)
    buyers_from: float = Field(default=0, ge=0, le=1)
    """At least this share of them bought."""
    largest_share: float = Field(default=1, gt=0, le=1)
    """No one of them has more than this share of the records: else the thing is theirs, and others used it now and then."""
    doubt: float = Field(default=0.5, gt=0, lt=1)
    """What each further record leaves of the doubt: with 0.5, three records make a strength of 0.875."""
    rank: int = Field(default=50, ge=1)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.people_to is not None and self.people_to < self.people_from:
            raise ValueError(_("people_to is below people_from"))
        return self


register(KIND, RelationSpec)


@dataclass(frozen=True)
class Rule:
    """A kind of relation by its definition."""

    name: str
    spec: RelationSpec


@dataclass(frozen=True)
class Thing:
    """An identifier that people have in common; ``shown`` is masked."""

    node: int
    type: str
    shown: str


@dataclass(frozen=True)
class Relation:
    """One relation of a person, or of a thing.

    Attributes:
        kind: name of its definition.
        part: ``pair`` with another person; ``spoke``: they are one of many around a hub; ``hub``: they are what many others
            have in common.
        other: the other person, or the hub's number; None where a hub is asked about itself.
        known: whether ``other`` has a page of its own.
        things: through what, the best supported first.
        people: how many people it was seen with; of several things the most.
        facts: records that name it together with either of the two (of a hub: with anybody).
        first: day of the first of them, in the brand's zone; ``last`` of the last.
        strength: from 0 to 1.
    """

    kind: str
    part: Part
    other: int | None
    known: bool
    things: tuple[Thing, ...]
    people: int
    facts: int
    first: date
    last: date
    strength: float
