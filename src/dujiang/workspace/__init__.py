"""The composition root: opens a brand's folder, wires the parts, and runs the loops."""

from __future__ import annotations

from dujiang.workspace.workspace import Workspace

__all__ = ["Workspace"]
