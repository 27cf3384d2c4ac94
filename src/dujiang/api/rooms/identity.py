"""Identity: its quality, decisions about who is who, and dry runs of a change of rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dujiang.api.problems import problems
from dujiang.api.rooms.people import person_number
from dujiang.api.security import OfWorkspace, needs
from dujiang.collect.ignored import IgnoredCount
from dujiang.foundation.definitions import load_yaml
from dujiang.foundation.ids import person_id
from dujiang.identity.decisions import REASON_CHARS_MAX, Decided, Wish
from dujiang.identity.dry_run import DryRun
from dujiang.identity.history import QualityDay
from dujiang.identity.quality import Quality, quality
from dujiang.identity.rulings import Kind, Origin
from dujiang.identity.watch import Held
from dujiang.store.command import Actor

router = APIRouter(prefix="/identity", tags=["identity"], responses=problems())

CanRead = Depends(needs("person.read"))
CanDecide = Annotated[Actor, Depends(needs("identity.decide"))]
Key = Annotated[str, Header(alias="Idempotency-Key", max_length=255)]


class NewDecision(BaseModel):
    """A decision: ``separate`` or ``join`` two identifiers, ``bar`` or ``unbind`` one, or ``distrust`` a source.

    Identifiers are written like the ids of people. ``moment`` is when an identifier was unbound; null: now.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    a: str = Field(default="", max_length=80)
    b: str = Field(default="", max_length=80)
    source: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=REASON_CHARS_MAX)
    moment: AwareDatetime | None = None

    def wish(self) -> Wish:
        """What somebody wants."""
        a, b = (person_number(one) if one else None for one in (self.a, self.b))
        return Wish(self.kind, a, b, self.source, reason=self.reason, moment=self.moment)


class Decision(BaseModel):
    """A decision that was written down."""

    id: str
    kind: Kind
    a: str
    b: str
    source: str
    at: datetime
    actor: str
    reason: str
    origin: Origin
    moment: datetime | None
    revoked_at: datetime | None
    revoked_by: str
    revoke_reason: str

    @classmethod
    def of(cls, found: Decided) -> Decision:
        """The plain form of a decision."""
        one = found.ruling
        a, b = ("" if node is None else person_id(node) for node in (one.a, one.b))
        told: dict[str, Any] = {name: getattr(one, name) for name in ("id", "kind", "source", "at", "actor", "reason")}
        revoked = {name: getattr(found, name) for name in ("revoked_at", "revoked_by", "revoke_reason")}
        return cls(**told, **revoked, a=a, b=b, origin=one.origin, moment=one.moment)


class Trial(BaseModel):
    """A change to try: identifier types as YAML, decisions to make, and ids of decisions to revoke."""

    model_config = ConfigDict(extra="forbid")

    definitions: str = Field(default="", max_length=200_000)
    decisions: list[NewDecision] = Field(default_factory=list, max_length=1000)
    revoke: list[Annotated[str, Field(max_length=80)]] = Field(default_factory=list, max_length=1000)


@router.get("/quality", dependencies=[CanRead])
def state(workspace: OfWorkspace) -> Quality:
    """How good identity is: people by channel, shared identifiers, refused links, the largest people."""
    with workspace.engine.read() as con:
        return quality(con)


@router.get("/quality/days", dependencies=[CanRead])
def days(workspace: OfWorkspace, days: Annotated[int, Query(ge=1, le=3660)] = 90) -> list[QualityDay]:
    """How good identity was on each of the last days, as it was measured then."""
    return workspace.identity_history.recent(days)


@router.get("/ignored", dependencies=[CanRead])
def ignored(workspace: OfWorkspace, days: Annotated[int, Query(ge=1, le=3660)] = 30) -> list[IgnoredCount]:
    """Values that named nobody in the last days, by source, type and reason; ``rule`` is the list of junk values."""
    return workspace.ignored_identifiers(days)


@router.get("/decisions", dependencies=[CanRead])
def listed(
    workspace: OfWorkspace, revoked: bool | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[Decision]:
    """The latest decisions, the earliest of them first."""
    return [Decision.of(one) for one in workspace.identity_decisions.listed(revoked=revoked, limit=limit)]


@router.post("/decisions", status_code=201)
def decide(workspace: OfWorkspace, wanted: NewDecision, actor: CanDecide, idempotency_key: Key = "") -> Decision:
    """Decide; the next refresh heeds it."""
    made = workspace.identity_decisions.decide(wanted.wish(), actor=actor, key=idempotency_key)
    return Decision.of(workspace.identity_decisions.get(made.id))


@router.post("/decisions/{id}/revoke")
def revoke(
    workspace: OfWorkspace,
    id: str,  # noqa: A002
    actor: CanDecide,
    reason: Annotated[str, Body(embed=True, max_length=REASON_CHARS_MAX)] = "",
    idempotency_key: Key = "",
) -> Decision:
    """Take a decision back; people become what they were without it."""
    return Decision.of(workspace.identity_desk.revoke(id, actor=actor, reason=reason, key=idempotency_key))


@router.post("/decisions/{id}/restore")
def restore(
    workspace: OfWorkspace,
    id: str,  # noqa: A002
    actor: CanDecide,
    reason: Annotated[str, Body(embed=True, max_length=REASON_CHARS_MAX)] = "",
    idempotency_key: Key = "",
) -> Decision:
    """Bring a revoked decision back into force, a hold that was released too; it gets a new id."""
    return Decision.of(workspace.identity_desk.restore(id, actor=actor, reason=reason, key=idempotency_key))


class Hold(BaseModel):
    """A source that the circuit breaker holds: ``rate`` joins per record in the block that tripped it, ``usual`` before."""

    id: str
    source: str
    at: datetime
    from_seq: int | None
    facts: int
    merges: int
    rate: float
    usual: float
    bound: float
    links: int

    @classmethod
    def of(cls, found: Held) -> Hold:
        """The plain form of a hold."""
        ruling, seen = found.decision.ruling, found.decision.evidence
        told = {name: seen[name] for name in ("facts", "merges", "rate", "usual", "bound")}
        return cls(
            id=ruling.id, source=ruling.source, at=ruling.at, from_seq=ruling.from_seq, links=found.links, **told
        )


@router.get("/holds", dependencies=[CanRead])
def holds(workspace: OfWorkspace) -> list[Hold]:
    """Sources that are held because they suddenly joined far more people than they used to; the latest first."""
    with workspace.engine.read() as con:
        return [Hold.of(one) for one in workspace.identity_watch.held(con)]


@router.post("/holds/{id}/release")
def release(
    workspace: OfWorkspace,
    id: str,  # noqa: A002
    actor: CanDecide,
    reason: Annotated[str, Body(embed=True, max_length=REASON_CHARS_MAX)] = "",
    idempotency_key: Key = "",
) -> Decision:
    """Believe a held source after all."""
    return Decision.of(workspace.identity_decisions.release(id, actor=actor, reason=reason, key=idempotency_key))


@router.post("/holds/{id}/reject")
def reject(
    workspace: OfWorkspace,
    id: str,  # noqa: A002
    actor: CanDecide,
    reason: Annotated[str, Body(embed=True, max_length=REASON_CHARS_MAX)] = "",
    idempotency_key: Key = "",
) -> Decision:
    """Do not believe what a held source said since it was held; what comes from now on is believed and watched."""
    made = workspace.identity_decisions.reject(id, actor=actor, reason=reason, key=idempotency_key)
    return Decision.of(workspace.identity_decisions.get(made.id))


@router.post("/dry-run", dependencies=[CanRead])
def dry_run(workspace: OfWorkspace, trial: Trial) -> DryRun:
    """What a change would do to people; nothing is changed."""
    definitions = load_yaml(trial.definitions) if trial.definitions.strip() else []
    return workspace.identity_desk.dry_run(definitions, [one.wish() for one in trial.decisions], trial.revoke)
