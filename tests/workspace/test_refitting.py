"""Models of people are fitted anew by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dujiang.foundation.settings import ModelSettings
from dujiang.workspace import Workspace
from dujiang.workspace.handlers import HANDLERS
from dujiang.workspace.refitting import refit
from dujiang.workspace.worker import Worker


def test_fits_are_due_once_and_again_after_some_days(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    workspace.keep_house()
    asked = [one.kind for one in workspace.jobs.list()]
    assert sorted(asked) == ["groups", "predict"]
    workspace.keep_house()
    assert len(workspace.jobs.list()) == 2


def test_whoever_wants_to_fit_by_hand_can(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    workspace.settings = workspace.settings.model_copy(update={"models": ModelSettings(refit_days=0)})
    assert refit(workspace) == []


def test_a_fit_by_hand_counts_as_made(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    for kind in ("predict", "groups"):
        job = workspace.jobs.create(kind, {}, "test")
        Worker(workspace, HANDLERS).run(workspace.jobs.start(job.id, "test"))
        assert workspace.jobs.get(job.id).state == "done"
    assert refit(workspace) == []


def test_an_empty_brand_fits_nothing(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "empty") as workspace:
        assert refit(workspace) == []
