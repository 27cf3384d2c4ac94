"""Segments: lists, live counts while one is built, members, overlap, reach and differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator

from dujiang.api.problems import problems
from dujiang.api.rooms.people import Person
from dujiang.api.security import OfWorkspace, needs
from dujiang.foundation.ids import person_id
from dujiang.people.behaviour import COLUMNS
from dujiang.people.comparison import OPERATORS
from dujiang.people.conditions import FIELDS, parse_condition
from dujiang.people.segments.model import Difference, Overlap, Reach, SegmentSummary, SizeDay
from dujiang.people.segments.sentence import AGGREGATES
from dujiang.store.command import Actor

router = APIRouter(prefix="/segments", tags=["segments"], responses=problems())

CanRead = Depends(needs("person.read"))
Name = Annotated[str, Path(description="The name of a segment", max_length=80)]
Locale = Annotated[str, Query(pattern="^(zh|en)$")]


class Tree(BaseModel):
    """A tree of conditions that need not be saved, and the name of the segment it is to be.

    The tree alone will do, as a definition and the builder have it: `{"type": "all", "of": […]}`.
    """

    condition: dict[str, Any]
    name: str = Field(default="", max_length=80)
    sample: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, given: Any) -> Any:
        is_tree = isinstance(given, dict) and "type" in given and "condition" not in given
        return {"condition": given} if is_tree else given


class Count(BaseModel):
    """How many people fulfil a tree: the whole, each of its nodes from the top, and some of them."""

    people: int
    everybody: int
    share: float | None
    parts: list[int]
    sentence: str
    sample: list[Person]


class Words(BaseModel):
    """What trees are made of: fields, columns of each source, operators of each kind of value, tags."""

    fields: dict[str, str]
    sources: dict[str, dict[str, str]]
    operators: dict[str, list[str]]
    aggregates: list[str]
    tags: dict[str, str]


@router.get("", dependencies=[CanRead])
def listed(workspace: OfWorkspace, locale: Locale = "en") -> list[SegmentSummary]:
    """Every segment in force."""
    return workspace.segments.list(locale)


@router.get("/words", dependencies=[CanRead])
def words(workspace: OfWorkspace) -> Words:
    """What a builder can offer."""
    return Words(
        fields={**FIELDS},
        sources={source: {**columns} for source, columns in COLUMNS.items()},
        operators={kind: [*operators] for kind, operators in OPERATORS.items()},
        aggregates=[*AGGREGATES],
        tags={**workspace.segments.tag_kinds()},
    )


@router.post("/count", dependencies=[CanRead])
def count(workspace: OfWorkspace, tree: Tree, locale: Locale = "en") -> Count:
    """How many people fulfil a tree at this moment."""
    condition = parse_condition(tree.condition)
    path = (tree.name,) if tree.name else ()
    counted = workspace.segments.count(condition, locale, path)
    some = workspace.segments.sample(condition, tree.sample, path) if tree.sample else []
    return Count(
        people=counted.people,
        everybody=counted.everybody,
        share=counted.share,
        parts=[*counted.parts],
        sentence=counted.sentence,
        sample=[Person.of(one) for one in some],
    )


@router.get("/overlap", dependencies=[CanRead])
def overlap(workspace: OfWorkspace, segment: Annotated[list[str], Query(min_length=1, max_length=20)]) -> list[Overlap]:
    """People by exactly which of the segments they are in."""
    return workspace.segments.overlap(tuple(dict.fromkeys(segment)))


@router.get("/{name}", dependencies=[CanRead])
def get(workspace: OfWorkspace, name: Name, locale: Locale = "en") -> SegmentSummary:
    """One segment."""
    return workspace.segments.get(name, locale)


@router.get("/{name}/history", dependencies=[CanRead])
def history(workspace: OfWorkspace, name: Name) -> list[SizeDay]:
    """Who came and went, day by day."""
    workspace.segments.tree(name)
    return workspace.segments.history(name)


@router.get("/{name}/reach", dependencies=[CanRead])
def reach(workspace: OfWorkspace, name: Name) -> list[Reach]:
    """How many members can be reached, by channel."""
    workspace.segments.tree(name)
    return workspace.segments.reach(name)


@router.get("/{name}/differences", dependencies=[CanRead])
def differences(
    workspace: OfWorkspace, name: Name, other: Annotated[str, Query(max_length=80)] = ""
) -> list[Difference]:
    """What makes its members different from those of another segment, or from everybody else."""
    return workspace.segments.differences(name, other)


@router.get("/{name}/export")
def export(
    workspace: OfWorkspace, name: Name, actor: Annotated[Actor, Depends(needs("table.export"))]
) -> StreamingResponse:
    """Its members as JSON lines; the audit log records who asked."""
    people = workspace.segments.get(name).people
    workspace.record(actor.name, "segment.export", name, {"people": people})

    def lines() -> Iterator[str]:
        for one in workspace.segments.members(name):
            plain = Person(id=person_id(one.person), profile=one)
            yield plain.model_dump_json() + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")
