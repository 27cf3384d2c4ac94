"""Predictions: fitted models and how good they are, lifetime value, what is foretold of one person."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from dujiang.api.periods import Day
from dujiang.api.problems import problems
from dujiang.api.security import OfWorker, OfWorkspace, needs
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import parse_person_id
from dujiang.people.prediction.ltv import Ltv
from dujiang.people.prediction.model import ModelRun
from dujiang.people.prediction.service import PersonPredictions
from dujiang.store.command import Actor
from dujiang.store.jobs import Job

router = APIRouter(prefix="/predictions", tags=["predictions"], responses=problems())

CanRead = Depends(needs("prediction.read"))


class FitWanted(BaseModel):
    """As of which day to fit; today where none is given."""

    as_of: Day | None = None


@router.get("/models", dependencies=[CanRead])
def models(workspace: OfWorkspace) -> list[ModelRun]:
    """The newest fit of each model, with its quality."""
    return list(workspace.predictions.latest().values())


@router.get("/models/{name}", dependencies=[CanRead])
def model(workspace: OfWorkspace, name: Literal["purchases", "buy", "lapse", "respond"]) -> list[ModelRun]:
    """The fits of one model, the newest first."""
    return list(workspace.predictions.history(name))


@router.post("/fit", status_code=202)
def fit(
    worker: OfWorker,
    workspace: OfWorkspace,
    wanted: FitWanted,
    actor: Annotated[Actor, Depends(needs("prediction.fit"))],
) -> Job:
    """Fit every model in the background; every prediction is computed again afterwards."""
    params = {"as_of": wanted.as_of.isoformat()} if wanted.as_of else {}
    job = workspace.jobs.create("predict", params, actor.name)
    worker.wake()
    return job


@router.get("/lifetime-value", dependencies=[CanRead])
def lifetime_value(workspace: OfWorkspace) -> Ltv:
    """First order, repurchase and referral, realised and to come, by channel and by month of the first order."""
    return workspace.predictions.lifetime_value()


@router.get("/people/{person}", dependencies=[CanRead])
def person(
    workspace: OfWorkspace, person: Annotated[str, Path(description="The id of a person", max_length=80)]
) -> PersonPredictions:
    """What is foretold of one person, and why; nothing for people who never bought."""
    number = parse_person_id(person)
    if number is None:
        raise NotFound("people.bad_id", _("This is not the id of a person. Ids begin with u and have 14 letters."))
    return workspace.predictions.of_person(workspace.people.get(number).profile.person)
