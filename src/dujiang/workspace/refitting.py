"""Models of people are fitted anew by themselves: once there are people, and again after some days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from dujiang.people.fitted import FitStore
from dujiang.people.groups.model import RUN as GROUPS
from dujiang.people.prediction.model import PURCHASES

if TYPE_CHECKING:
    from dujiang.store.jobs import Job
    from dujiang.workspace.workspace import Workspace

MODELS: Final = {"predict": PURCHASES, "groups": GROUPS}
"""Kinds of long work that fit models, and a model that each of them leaves a run of."""


def refit(workspace: Workspace) -> list[Job]:
    """Queue the fits that are due: those never made, and those older than ``models.refit_days``.

    A fit that found too little data counts as made. Nothing is due in a brand without people.
    """
    days = workspace.settings.models.refit_days
    if not days or not workspace.status().persons:
        return []
    since = workspace.clock.now() - timedelta(days)
    due = [kind for kind, model in MODELS.items() if not _made_since(workspace, kind, model, since)]
    return [workspace.jobs.create(kind, {}, "dujiang") for kind in due]


def _made_since(workspace: Workspace, kind: str, model: str, since: datetime) -> bool:
    """Whether a fit was made, or asked for, since then."""
    asked = workspace.jobs.list(1, kind=kind)
    fitted = FitStore(workspace.db).history(model, 1)
    return any(one.created_at >= since for one in asked) or any(one.at >= since for one in fitted)
