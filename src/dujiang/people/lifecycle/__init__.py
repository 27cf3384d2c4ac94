"""Life cycle: which stage a person is in, when they came into it and why, and the plan for each stage."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.people.lifecycle import model  # noqa: F401  (importing makes the kinds known)


@cache
def presets() -> tuple[Definition, ...]:
    """The life cycle that comes with Dujiang."""
    return tuple(load_yaml((resources.files("dujiang.people.lifecycle") / "default.yaml").read_text("utf-8")))
