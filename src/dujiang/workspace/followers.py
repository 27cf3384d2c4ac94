"""Who follows a refresh, in the order in which they read each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dujiang.engine.refresh import Follower

if TYPE_CHECKING:
    from dujiang.workspace.workspace import Workspace


def followers(workspace: Workspace) -> tuple[Follower, ...]:  # noqa: ARG001  (each follower takes what it needs from it)
    """Profile and tags, life cycle, value, predictions, segments."""
    return ()
