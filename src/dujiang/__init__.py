"""Dujiang (都江): run all channels of a consumer brand as one."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
