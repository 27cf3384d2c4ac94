"""Groups: people who behave alike, named by what sets them apart."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.people.groups import model  # noqa: F401  (importing makes the kinds known)


@cache
def presets() -> tuple[Definition, ...]:
    """The rules of grouping that come with Dujiang."""
    return tuple(load_yaml((resources.files("dujiang.people.groups") / "default.yaml").read_text("utf-8")))
