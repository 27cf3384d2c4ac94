"""Keys, accounts and the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, Field, StrictBool

from dujiang.api.periods import IsWhole
from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.store.access import AccessKey, Account, NewKey, Role
from dujiang.store.audit import AuditEntry
from dujiang.store.command import Actor

router = APIRouter(tags=["access"], responses=problems())

KeyMaker = Annotated[Actor, Depends(needs("key.create"))]
Text = Annotated[str, Field(min_length=1, max_length=80)]


class WantedKey(BaseModel):
    """A key to be made: a ``collect`` key writes events of one source, an ``api`` key acts in a role."""

    kind: Literal["collect", "api"]
    name: Text
    source: str = Field(default="", max_length=80)
    role: Role = "viewer"


class WantedAccount(BaseModel):
    """An account to be made."""

    name: Text
    password: str = Field(min_length=1, max_length=1000)
    role: Role


class Rotation(BaseModel):
    """How long the old key goes on working."""

    overlap_hours: Annotated[int, Field(ge=0, le=24 * 90), IsWhole] = 168


class AccountChange(BaseModel):
    """What changes; what is null stays."""

    role: Role | None = None
    active: StrictBool | None = None
    password: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


@router.get("/keys", dependencies=[Depends(needs("key.create"))])
def keys(workspace: OfWorkspace) -> list[AccessKey]:
    """Every key that ever was, without its secret."""
    return list(workspace.access.keys.list())


@router.post("/keys", status_code=201)
def create_key(workspace: OfWorkspace, wanted: Annotated[WantedKey, Body()], actor: KeyMaker) -> NewKey:
    """Make a key; its secret is shown this once."""
    if wanted.kind == "api":
        return workspace.access.keys.create_api(wanted.name, wanted.role, actor=actor.name)
    workspace.definitions.get("source", wanted.source)
    return workspace.access.keys.create_collect(wanted.name, wanted.source, actor=actor.name)


@router.post("/keys/{key}/revoke", responses=problems(409))
def revoke_key(workspace: OfWorkspace, key: str, actor: Annotated[Actor, Depends(needs("key.revoke"))]) -> AccessKey:
    """End a key now."""
    return workspace.access.keys.revoke(key, actor=actor.name)


@router.post("/keys/{key}/rotate", status_code=201, responses=problems(409))
def rotate_key(
    workspace: OfWorkspace,
    key: str,
    how: Annotated[Rotation, Body()],
    actor: Annotated[Actor, Depends(needs("key.rotate"))],
) -> NewKey:
    """A new key like an old one, which goes on working for some hours; the new secret is shown this once."""
    return workspace.access.keys.rotate(key, timedelta(hours=how.overlap_hours), actor=actor.name)


@router.get("/accounts", dependencies=[Depends(needs("account.create"))])
def accounts(workspace: OfWorkspace) -> list[Account]:
    """Everybody who may sign in."""
    return list(workspace.access.accounts.list())


@router.post("/accounts", status_code=201, responses=problems(409))
def create_account(
    workspace: OfWorkspace,
    wanted: Annotated[WantedAccount, Body()],
    actor: Annotated[Actor, Depends(needs("account.create"))],
) -> Account:
    """Make an account."""
    return workspace.access.accounts.create(wanted.name, wanted.password, wanted.role, actor=actor.name)


@router.post("/accounts/{account}", responses=problems(409))
def change_account(
    workspace: OfWorkspace,
    account: str,
    change: Annotated[AccountChange, Body()],
    actor: Annotated[Actor, Depends(needs("account.change"))],
) -> Account:
    """Change an account's role, password or whether it may sign in; its sessions end."""
    return workspace.access.accounts.change(account, actor=actor.name, **change.model_dump())


@router.get("/audit", dependencies=[Depends(needs("audit.read"))])
def audit(
    workspace: OfWorkspace,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**52)] = None,
) -> list[AuditEntry]:
    """Who did what, newest first; ``before`` is the sequence of the last entry of the page before."""
    return list(workspace.audit.list(limit, before))
