"""What a person is made of, and taking it apart."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from dujiang.api.problems import problems
from dujiang.api.rooms.identity import CanDecide, Decision, Key
from dujiang.api.rooms.people import PersonId, person_number
from dujiang.api.security import OfWorkspace, needs
from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.foundation.i18n import LOCALES
from dujiang.foundation.ids import person_id
from dujiang.identity.decisions import REASON_CHARS_MAX
from dujiang.identity.dry_run import DryRun
from dujiang.identity.parting import Seam
from dujiang.people.identity_graph import NODES_MAX, GraphEdge, GraphNode, IdentityGraph
from dujiang.workspace import Workspace

router = APIRouter(prefix="/people", tags=["identity"], responses=problems())

CanRead = Depends(needs("person.read"))


class Node(BaseModel):
    """An identifier (masked), or another person that a refused link leads to."""

    id: str
    kind: Literal["identifier", "person"]
    type: str
    shown: str
    role: str
    facts: int
    last: date | None
    identifiers: int
    has_page: bool

    @classmethod
    def of(cls, one: GraphNode) -> Node:
        """The plain form of a node."""
        return cls(
            id=person_id(one.node),
            kind=one.kind,
            type=one.type,
            shown=one.shown,
            role=one.role,
            facts=one.facts,
            last=one.last,
            identifiers=one.identifiers,
            has_page=one.known,
        )


class Link(BaseModel):
    """A link between two nodes, and the decision about it."""

    a: str
    b: str
    joined: bool
    reason: str
    facts: int
    first: date
    last: date
    sentence: dict[str, str]

    @classmethod
    def of(cls, one: GraphEdge, types: IdentifierTypes) -> Link:
        """The plain form of an edge."""
        said = one.evidence
        return cls(
            a=person_id(one.a),
            b=person_id(one.b),
            joined=said.joined,
            reason=said.reason,
            facts=said.facts,
            first=said.first,
            last=said.last,
            sentence={locale: said.text(types, locale) for locale in LOCALES},
        )


class Graph(BaseModel):
    """The picture of a person; a hub is cut down, and what is left out is counted."""

    id: str
    nodes: list[Node]
    links: list[Link]
    identifiers_left_out: int
    people_left_out: int
    links_left_out: int

    @classmethod
    def of(cls, found: IdentityGraph, types: IdentifierTypes) -> Graph:
        """The plain form of a graph."""
        return cls(
            id=person_id(found.person),
            nodes=[Node.of(one) for one in found.nodes],
            links=[Link.of(one, types) for one in found.edges],
            identifiers_left_out=found.identifiers_left_out,
            people_left_out=found.people_left_out,
            links_left_out=found.links_left_out,
        )


class SeamOf(BaseModel):
    """A link without which the person would be two; ``part`` would leave. ``decision`` joined it by hand, if anybody did."""

    a: str
    b: str
    facts: int
    reason: str
    part: list[str]
    decision: str

    @classmethod
    def of(cls, one: Seam) -> SeamOf:
        """The plain form of a seam."""
        part = [person_id(node) for node in one.part]
        return cls(
            a=person_id(one.a), b=person_id(one.b), facts=one.facts, reason=one.reason, part=part, decision=one.decision
        )


class Leaving(BaseModel):
    """An identifier, by the id that the graph gives it."""

    identifier: str = Field(max_length=80)
    reason: str = Field(default="", max_length=REASON_CHARS_MAX)


class Former(BaseModel):
    """The number that a person had before it was merged into another one."""

    former: str = Field(max_length=80)
    reason: str = Field(default="", max_length=REASON_CHARS_MAX)


@router.get("/{person}/graph", dependencies=[CanRead])
def graph(workspace: OfWorkspace, person: PersonId, nodes: Annotated[int, Query(ge=2, le=500)] = NODES_MAX) -> Graph:
    """The identifiers of a person, every link with the decision about it, and the people that refused links lead to."""
    found = workspace.identity_graphs.of(_number(workspace, person), workspace.identifier_types, nodes)
    return Graph.of(found, workspace.identifier_types)


@router.get("/{person}/seams", dependencies=[CanRead])
def seams(workspace: OfWorkspace, person: PersonId) -> list[SeamOf]:
    """Where a person can be taken apart in one step; a decision ``separate`` about ``a`` and ``b`` does it."""
    return [SeamOf.of(one) for one in workspace.identity_desk.seams(_number(workspace, person))]


@router.post("/{person}/take-out/dry-run", dependencies=[CanRead])
def try_taking_out(workspace: OfWorkspace, person: PersonId, leaving: Leaving) -> DryRun:
    """What taking an identifier out of a person would do; nothing is changed."""
    desk = workspace.identity_desk
    return desk.try_parting(desk.taking_out(person_number(leaving.identifier), _number(workspace, person)))


@router.post("/{person}/take-out", status_code=201)
def take_out(
    workspace: OfWorkspace, person: PersonId, leaving: Leaving, actor: CanDecide, idempotency_key: Key = ""
) -> list[Decision]:
    """Take an identifier out of a person; the next refresh heeds it.

    Answers the separations that were made, and the joins by hand that were taken back. Revoking one of the separations
    undoes all of them.
    """
    desk = workspace.identity_desk
    parting = desk.taking_out(person_number(leaving.identifier), _number(workspace, person))
    done = desk.part(parting, actor=actor, reason=leaving.reason, key=idempotency_key)
    return [Decision.of(one) for one in done]


@router.post("/{person}/unmerge/dry-run", dependencies=[CanRead])
def try_unmerging(workspace: OfWorkspace, person: PersonId, former: Former) -> DryRun:
    """What undoing a merge would do; nothing is changed."""
    desk = workspace.identity_desk
    return desk.try_parting(desk.unmerging(person_number(former.former), _number(workspace, person)))


@router.post("/{person}/unmerge", status_code=201)
def unmerge(
    workspace: OfWorkspace, person: PersonId, former: Former, actor: CanDecide, idempotency_key: Key = ""
) -> list[Decision]:
    """Undo a merge; the next refresh heeds it. Answers the separation that was made, or the join that was taken back."""
    desk = workspace.identity_desk
    parting = desk.unmerging(person_number(former.former), _number(workspace, person))
    return [Decision.of(one) for one in desk.part(parting, actor=actor, reason=former.reason, key=idempotency_key)]


def _number(workspace: Workspace, person: str) -> int:
    return workspace.people.get(person_number(person)).profile.person
