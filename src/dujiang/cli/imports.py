"""``dujiang import``: preview and import channel files; list and undo imports."""

from __future__ import annotations
