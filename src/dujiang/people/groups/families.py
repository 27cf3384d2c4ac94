"""The subjects of behaviour that people are grouped by."""

from __future__ import annotations

from typing import Literal

Family = Literal["value", "price", "content", "social", "channel", "goods", "time", "service"]
