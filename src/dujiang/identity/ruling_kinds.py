"""What somebody may decide about who is who; apart from the rest, so that the command line names it without the engine."""

from __future__ import annotations

from typing import Literal

Kind = Literal["separate", "join", "bar", "unbind", "distrust"]
