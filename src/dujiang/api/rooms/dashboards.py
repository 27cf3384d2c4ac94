"""Dashboards: the list, one with its tiles, and the answers that its tiles show."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from dujiang.api.problems import problems
from dujiang.api.rooms.questions import Answered
from dujiang.api.security import OfWorkspace, needs
from dujiang.insight.questions.dashboards import Dashboard as Found
from dujiang.insight.questions.dashboards import Tile

router = APIRouter(
    prefix="/dashboards", tags=["dashboards"], responses=problems(), dependencies=[Depends(needs("metric.read"))]
)

Name = Annotated[str, Path(description="The name of a dashboard", max_length=80)]
Number = Annotated[int, Path(description="The place of a tile in reading order, the first being 1", ge=1, le=1000)]


class Dashboard(BaseModel):
    """A dashboard: its days, and its tiles in reading order."""

    name: str
    title: dict[str, str]
    owner: str
    period: dict[str, Any]
    compare: Any
    tiles: list[Tile]

    @classmethod
    def of(cls, found: Found) -> Dashboard:
        """The plain form of a dashboard."""
        one = found.definition
        return cls(name=one.name, title=one.title, owner=one.owner, **found.spec.days, tiles=[*found.spec.ordered])


@router.get("")
def listed(workspace: OfWorkspace) -> list[Dashboard]:
    """Every dashboard."""
    return [Dashboard.of(one) for one in workspace.dashboards.list()]


@router.get("/{name}")
def single(workspace: OfWorkspace, name: Name) -> Dashboard:
    """One dashboard; it is changed as a definition of kind ``dashboard``."""
    return Dashboard.of(workspace.dashboards.get(name))


@router.get("/{name}/tiles/{number}")
def tile(workspace: OfWorkspace, name: Name, number: Number) -> Answered:
    """The answer that a tile shows, on the days of the dashboard unless the tile keeps its own."""
    found = workspace.dashboards.get(name)
    return Answered.of(workspace.dashboards.ask(found, found.tile(number)))
