"""The JSON API, one module for each room."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from dujiang.api.rooms import (
    access,
    definitions,
    groups,
    hours,
    identity,
    imports,
    insight,
    jobs,
    letters,
    lifecycle,
    overview,
    people,
    predictions,
    segments,
    sources,
    suggestions,
    tags,
    value,
    workspace,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    workspace.router,
    overview.router,
    insight.router,
    people.router,
    lifecycle.router,
    value.router,
    hours.router,
    groups.router,
    identity.router,
    segments.router,
    tags.router,
    suggestions.router,
    predictions.router,
    imports.router,
    sources.router,
    letters.router,
    definitions.router,
    jobs.router,
    access.router,
)
