"""Dashboards: the list, one with its tiles, and the answers that its tiles show."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from dujiang.api.problems import problems
from dujiang.api.rooms.questions import Answered
from dujiang.api.security import OfWorkspace, needs
from dujiang.insight.questions.dashboards import Dashboard as Found
from dujiang.insight.questions.dashboards import Tile
from dujiang.store.command import Actor
from dujiang.store.shares import DAYS_MAX, ShareLink

router = APIRouter(prefix="/dashboards", tags=["dashboards"], responses=problems())

CanRead = Depends(needs("metric.read"))

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


class Lasting(BaseModel):
    """How many days a link lasts."""

    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 30


class Link(BaseModel):
    """A link that opens a dashboard without signing in; whoever has the token may look."""

    id: str
    token: str
    path: str
    created_by: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, link: ShareLink) -> Link:
        """The plain form of a link."""
        told = {name: getattr(link, name) for name in ("id", "token", "created_by", "created_at", "expires_at")}
        return cls(path=f"/shared/{link.token}", **told)


@router.get("", dependencies=[CanRead])
def listed(workspace: OfWorkspace) -> list[Dashboard]:
    """Every dashboard."""
    return [Dashboard.of(one) for one in workspace.dashboards.list()]


@router.get("/{name}", dependencies=[CanRead])
def single(workspace: OfWorkspace, name: Name) -> Dashboard:
    """One dashboard; it is changed as a definition of kind ``dashboard``."""
    return Dashboard.of(workspace.dashboards.get(name))


@router.get("/{name}/tiles/{number}", dependencies=[CanRead])
def tile(workspace: OfWorkspace, name: Name, number: Number) -> Answered:
    """The answer that a tile shows, on the days of the dashboard unless the tile keeps its own."""
    found = workspace.dashboards.get(name)
    return Answered.of(workspace.dashboards.ask(found, found.tile(number)))


@router.get("/{name}/links", dependencies=[Depends(needs("share.create"))])
def links(workspace: OfWorkspace, name: Name) -> list[Link]:
    """The links to a dashboard that still open, the newest first."""
    return [Link.of(one) for one in workspace.shares.list(workspace.dashboards.get(name).name)]


@router.post("/{name}/links")
def share(
    workspace: OfWorkspace, name: Name, lasting: Lasting, actor: Annotated[Actor, Depends(needs("share.create"))]
) -> Link:
    """A link that shows a dashboard as it is arranged, read-only and without people, until it runs out or is taken back."""
    return Link.of(workspace.shares.create(workspace.dashboards.get(name).name, lasting.days, actor=actor.name))


@router.delete("/{name}/links/{link}")
def unshare(
    workspace: OfWorkspace,
    name: Name,
    link: Annotated[str, Path(description="The id of a link", max_length=80)],
    actor: Annotated[Actor, Depends(needs("share.revoke"))],
) -> Link:
    """Take a link back."""
    return Link.of(workspace.shares.revoke(link, name, actor=actor.name))
