"""The long work that a server does in the background, by the kind of its job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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


HANDLERS: Final[Mapping[str, Handler]] = {"rebuild": rebuild, "import": import_file}
