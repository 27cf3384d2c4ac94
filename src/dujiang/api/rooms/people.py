"""People: lists, the page of one person, and their timeline."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from dujiang.api.periods import Channels, Day
from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import LOCALES, _
from dujiang.foundation.ids import parse_person_id, person_id
from dujiang.people.model import EntryKind, PeopleQuery, PersonPage, Profile, Sort, TimelinePage
from dujiang.people.relations.model import Part, Relation
from dujiang.people.relations.sentence import sentence
from dujiang.store.command import Actor

router = APIRouter(prefix="/people", tags=["people"], responses=problems())

CanRead = Depends(needs("person.read"))
PersonId = Annotated[str, Path(description="The id of a person, such as u00abcdefghjkm", max_length=80)]


class Person(BaseModel):
    """What is known of a person. Money is in minor units."""

    id: str
    profile: Profile

    @classmethod
    def of(cls, profile: Profile) -> Person:
        """The plain form of a profile."""
        return cls(id=person_id(profile.person), profile=profile)


class Page(BaseModel):
    """One page of people; ``next`` is the ``after`` of the page that follows."""

    count: int
    people: list[Person]
    next: str | None


class OnePerson(BaseModel):
    """A person's page; identifiers are masked."""

    id: str
    page: PersonPage


class Identifier(BaseModel):
    """An identifier in clear."""

    type: str
    value: str


def person_number(text: str) -> int:
    """The number of a person from their id.

    Raises:
        NotFound: ``people.bad_id``.
    """
    number = parse_person_id(text)
    if number is None:
        # The text is not repeated: who looks for somebody this way has typed a phone number.
        raise NotFound("people.bad_id", _("This is not the id of a person. Ids begin with u and have 14 letters."))
    return number


@router.get("", dependencies=[CanRead])
def listed(
    workspace: OfWorkspace,
    words: Annotated[str, Query(max_length=256)] = "",
    channel: Channels = None,
    known: bool | None = None,
    bought: bool | None = None,
    city: Annotated[str, Query(max_length=80)] = "",
    segment: Annotated[str, Query(max_length=80)] = "",
    sort: Sort = "last_seen",
    after: Annotated[str, Query(max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Page:
    """People; ``words`` is an identifier in full or a person's id; ``segment`` the name of one."""
    query = PeopleQuery(
        words=words,
        channels=tuple(channel or ()),
        known=known,
        bought=bought,
        city=city,
        sort=sort,
        after=after,
        limit=limit,
    )
    page = workspace.people.list(query, workspace.segments.people(segment) if segment else None)
    return Page(count=page.count, people=[Person.of(one) for one in page.people], next=page.next)


@router.get("/{person}", dependencies=[CanRead])
def get(workspace: OfWorkspace, person: PersonId, as_of: Day | None = None) -> OnePerson:
    """One person; of somebody who was merged, the survivor. With ``as_of`` only what happened before that day counts."""
    page = workspace.people.get(person_number(person), workspace.day_start(as_of) if as_of else None)
    return OnePerson(id=person_id(page.profile.person), page=page)


@router.get("/{person}/timeline", dependencies=[CanRead])
def timeline(
    workspace: OfWorkspace,
    person: PersonId,
    before: Annotated[str, Query(max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    channel: Channels = None,
    kind: Annotated[list[EntryKind] | None, Query(max_length=4)] = None,
) -> TimelinePage:
    """What happened in all channels, latest first."""
    filters: dict[str, Any] = {"kinds": tuple(kind)} if kind else {}
    return workspace.people.timeline(person_number(person), before, limit, tuple(channel or ()), **filters)


class Shared(BaseModel):
    """What two people, or many, have in common; ``shown`` is masked."""

    type: str
    node: str
    shown: str


class Related(BaseModel):
    """A relation: with another person (``pair``), as one of many around a hub (``spoke``), or as a hub (``hub``)."""

    kind: str
    part: Part
    other: str | None
    other_has_page: bool
    things: list[Shared]
    people: int
    facts: int
    first: date
    last: date
    strength: float
    sentence: dict[str, str]

    @classmethod
    def of(cls, one: Relation, types: IdentifierTypes) -> Related:
        """The plain form of a relation."""
        told: dict[str, Any] = {
            name: getattr(one, name) for name in ("kind", "part", "people", "facts", "first", "last")
        }
        things = [Shared(type=thing.type, node=person_id(thing.node), shown=thing.shown) for thing in one.things]
        return cls(
            **told,
            other=None if one.other is None else person_id(one.other),
            other_has_page=one.known,
            things=things,
            strength=one.strength,
            sentence={locale: sentence(one, types.label, locale) for locale in LOCALES},
        )


class Relations(BaseModel):
    """The relations of a person, and who is around it where it is a hub."""

    relations: list[Related]
    around: list[Related]


@router.get("/{person}/relations", dependencies=[CanRead])
def relations(workspace: OfWorkspace, person: PersonId, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Relations:
    """Who belongs together with the person without being them, and through what."""
    number = workspace.people.get(person_number(person)).profile.person
    service, types = workspace.relations, workspace.identifier_types
    return Relations(
        relations=[Related.of(one, types) for one in service.of_person(number, limit)],
        around=[Related.of(one, types) for one in service.around(number, limit)],
    )


@router.post("/{person}/reveal")
def reveal(
    workspace: OfWorkspace, person: PersonId, actor: Annotated[Actor, Depends(needs("person.reveal"))]
) -> list[Identifier]:
    """The person's identifiers in clear, as far as they are kept; the audit log records who asked."""
    number = person_number(person)
    types = {one.node: one.type for one in workspace.people.get(number).identifiers}
    clear = workspace.people.clear_identifiers(number)
    workspace.record(actor.name, "person.reveal", person_id(number), {"identifiers": len(clear)})
    return [Identifier(type=types.get(node, ""), value=value) for node, value in clear.items()]
