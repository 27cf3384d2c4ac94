"""The console's pages, one module for each room."""

from __future__ import annotations

from dujiang.console.rooms import (
    dead_letters,
    definitions,
    groups,
    hours,
    identity,
    imports,
    jobs,
    lifecycle,
    metrics,
    overview,
    palette,
    people,
    predictions,
    segments,
    settings,
    sign_in,
    sources,
    suggestions,
    tags,
    value,
)

ROOMS = (
    sign_in.ROOM,
    palette.ROOM,
    overview.ROOM,
    sources.ROOM,
    imports.ROOM,
    dead_letters.ROOM,
    identity.ROOM,
    suggestions.ROOM,
    people.ROOM,
    segments.ROOM,
    lifecycle.ROOM,
    value.ROOM,
    hours.ROOM,
    groups.ROOM,
    tags.ROOM,
    predictions.ROOM,
    metrics.ROOM,
    definitions.ROOM,
    jobs.ROOM,
    settings.ROOM,
)
