"""The JSON API, one module for each room."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from dujiang.api.rooms import (
    access,
    dashboards,
    definitions,
    groups,
    hours,
    identity,
    identity_graph,
    imports,
    insight,
    jobs,
    letters,
    lifecycle,
    overview,
    people,
    predictions,
    questions,
    relations,
    reports,
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
    questions.router,
    dashboards.router,
    reports.router,
    people.router,
    lifecycle.router,
    value.router,
    hours.router,
    groups.router,
    identity.router,
    identity_graph.router,
    relations.router,
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
