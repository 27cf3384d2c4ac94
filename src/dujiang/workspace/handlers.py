"""The long work that a server does in the background, by the kind of its job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from dujiang.collect.mending import RuleSpec
from dujiang.foundation.progress import Progress
from dujiang.store.jobs import Job
from dujiang.workspace.worker import Handler
from dujiang.workspace.workspace import Workspace


def rebuild(workspace: Workspace, _job: Job, progress: Progress) -> object:
    """``rebuild``: compute every answer again."""
    return workspace.rebuild(progress)


def import_file(workspace: Workspace, job: Job, progress: Progress) -> object:
    """``import``: import an uploaded file; the job's parameters are those of :meth:`ImportService.run`."""
    result = workspace.imports.run(**job.params, progress=progress, actor=job.actor)
    workspace.refresh(progress)
    return result


def replay(workspace: Workspace, job: Job, progress: Progress) -> object:
    """``replay``: mend dead letters by a rule (``rule``: its name, or the rule itself) and send them in once more; those
    named in ``ids``, else all that the rule is for."""
    letters, rule = workspace.dead_letters, job.params["rule"]
    spec = letters.rule(rule) if isinstance(rule, str) else RuleSpec.model_validate(rule)
    return letters.replay_all(spec, job.params.get("ids"), actor=job.actor, progress=progress)


def suggest(workspace: Workspace, job: Job, progress: Progress) -> object:
    """``suggest``: find people whose records are alike (``retrain``: learn anew), and bring the answers up to date."""
    found = workspace.suggestions.suggest(progress, retrain=bool(job.params.get("retrain")))
    workspace.refresh(progress)
    return found


def fit_models(workspace: Workspace, job: Job, progress: Progress) -> object:
    """``predict``: fit every predictive model (as of the day in ``as_of``, else today) and compute all predictions anew."""
    workspace.refresh(progress)
    as_of = job.params.get("as_of")
    runs = workspace.predictions.fit(progress, date.fromisoformat(as_of) if as_of else None)
    workspace.refresh(progress)
    return {"models": {run.name: run.state for run in runs}}


def find_groups(workspace: Workspace, job: Job, progress: Progress) -> object:
    """``groups``: find groups anew (as of the day in ``as_of``, else today) and assign everybody."""
    workspace.refresh(progress)
    as_of = job.params.get("as_of")
    run = workspace.groups.fit(progress, date.fromisoformat(as_of) if as_of else None)
    workspace.refresh(progress)
    return {"state": run.state, "groups": len(run.body.groups)}


def find_junk(workspace: Workspace, _job: Job, progress: Progress) -> object:
    """``junk``: bar what lists of junk values name among the identifiers already known, and bring the answers up to date."""
    changed = workspace.bar_known_junk()
    workspace.refresh(progress)
    return {"decisions": changed}


HANDLERS: Final[Mapping[str, Handler]] = {
    "suggest": suggest,
    "rebuild": rebuild,
    "junk": find_junk,
    "import": import_file,
    "replay": replay,
    "predict": fit_models,
    "groups": find_groups,
}
