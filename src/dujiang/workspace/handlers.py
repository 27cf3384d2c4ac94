"""The long work that a server does in the background, by the kind of its job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dujiang.foundation.progress import Progress
from dujiang.workspace.worker import Handler
from dujiang.workspace.workspace import Workspace


def rebuild(workspace: Workspace, _params: Mapping[str, Any], progress: Progress) -> object:
    """``rebuild``: compute every answer again."""
    return workspace.rebuild(progress)


def import_file(workspace: Workspace, params: Mapping[str, Any], progress: Progress) -> object:
    """``import``: import an uploaded file; parameters as of :meth:`ImportService.run`."""
    result = workspace.imports.run(**params, progress=progress)
    workspace.refresh(progress)
    return result


HANDLERS: Final[Mapping[str, Handler]] = {"rebuild": rebuild, "import": import_file}
