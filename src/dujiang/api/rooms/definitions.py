"""Definitions: list, read, plan and apply."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, Field

from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.definitions import Change, Definition, PlannedChange, load_yaml
from dujiang.store.command import Actor
from dujiang.store.definitions import Version
from dujiang.workspace.definitions import Listed

router = APIRouter(prefix="/definitions", tags=["definitions"], responses=problems())

CanRead = Depends(needs("definition.read"))


class Wanted(BaseModel):
    """Definitions to be brought into force, as YAML."""

    yaml: str = Field(max_length=BOUNDS.definition_bytes_max)
    note: str = Field(default="", max_length=500)


class Planned(BaseModel):
    """What applying would do to one definition."""

    kind: str
    name: str
    change: Change
    diff: str

    @classmethod
    def of(cls, change: PlannedChange) -> Planned:
        """The plain form of a planned change."""
        kind, name = change.key
        return cls(kind=kind, name=name, change=change.change, diff=change.diff())


@router.get("", dependencies=[CanRead])
def listed(workspace: OfWorkspace, kind: str | None = None) -> list[Listed]:
    """Every definition in force, of one kind or of all; ``own`` are those that the brand made or changed."""
    return workspace.definitions.listed(kind)


@router.get("/{kind}/{name}", dependencies=[CanRead])
def get(workspace: OfWorkspace, kind: str, name: str) -> Definition:
    """One definition."""
    return workspace.definitions.get(kind, name)


@router.get("/{kind}/{name}/versions", dependencies=[CanRead])
def versions(workspace: OfWorkspace, kind: str, name: str) -> list[Version]:
    """Every version the brand has made of it, newest first."""
    return list(workspace.definitions.versions(kind, name))


@router.post("/plan", dependencies=[CanRead])
def plan(workspace: OfWorkspace, wanted: Annotated[Wanted, Body()]) -> list[Planned]:
    """What applying would change; nothing is changed."""
    return [Planned.of(change) for change in workspace.definitions.plan(load_yaml(wanted.yaml))]


@router.post("/apply", responses=problems(409))
def apply(
    workspace: OfWorkspace,
    wanted: Annotated[Wanted, Body()],
    actor: Annotated[Actor, Depends(needs("definition.apply"))],
) -> list[Planned]:
    """Bring definitions into force; what was changed."""
    changes = workspace.definitions.plan(load_yaml(wanted.yaml))
    workspace.definitions.apply(changes, actor=actor.name, note=wanted.note)
    return [Planned.of(change) for change in changes if change.change != "unchanged"]
