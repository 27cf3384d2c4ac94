"""Value: recency, frequency and money in bands, the value matrix, and how concentrated sales are."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.people.value import model  # noqa: F401  (importing makes the kinds known)


@cache
def presets() -> tuple[Definition, ...]:
    """The rules of value that come with Dujiang."""
    return tuple(load_yaml((resources.files("dujiang.people.value") / "default.yaml").read_text("utf-8")))
