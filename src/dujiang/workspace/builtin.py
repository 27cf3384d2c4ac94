"""The definitions that come with Dujiang, from identifier types and mappings of export files to metrics and tags."""

from __future__ import annotations

from functools import cache

from dujiang.collect import identifier_types, junk, tracking_plan  # noqa: F401  (importing makes the kind known)
from dujiang.collect.exports import templates
from dujiang.foundation.definitions import Definition
from dujiang.identity import breaker
from dujiang.insight import catalogue
from dujiang.people import groups, lifecycle, relations, value
from dujiang.people.tags import catalogue as tags
from dujiang.workspace import present


@cache
def definitions() -> tuple[Definition, ...]:
    """All of them."""
    return (
        *identifier_types.presets(),
        *junk.presets(),
        *breaker.presets(),
        *templates.presets(),
        *catalogue.presets(),
        *catalogue.bands(),
        *lifecycle.presets(),
        *value.presets(),
        *relations.presets(),
        *groups.presets(),
        *tags.presets(),
        *present.presets(),
    )
