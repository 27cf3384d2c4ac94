"""Relations: how different people belong together without being one, and who shares which thing."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.people.relations import model  # noqa: F401  (importing makes the kind known)


@cache
def presets() -> tuple[Definition, ...]:
    """The kinds of relation that come with Dujiang."""
    return tuple(load_yaml((resources.files("dujiang.people.relations") / "presets.yaml").read_text("utf-8")))
