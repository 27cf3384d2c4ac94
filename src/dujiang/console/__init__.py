"""The console: server-rendered pages over a workspace."""

from __future__ import annotations

from dujiang.console.app import create_console

__all__ = ["create_console"]
