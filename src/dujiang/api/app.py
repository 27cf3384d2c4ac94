"""One ASGI application: tracking calls first, then the JSON API, then the console."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Match, Mount
from starlette.types import ASGIApp

from dujiang import __version__
from dujiang.api import rooms
from dujiang.api.limits import BodyLimit
from dujiang.api.tracking import Tracking
from dujiang.console import create_console, reports
from dujiang.console.security import SecurityHeaders
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import _, choose_locale, translate
from dujiang.store import deliveries
from dujiang.workspace import Workspace
from dujiang.workspace.handlers import HANDLERS
from dujiang.workspace.worker import Handler, Worker

log = logging.getLogger("dujiang.api")

PREFIX: Final = "/api/v1"
WORK: Final[Mapping[str, Handler]] = {**HANDLERS, deliveries.JOB: reports.make_ready}
"""The long work that a server does: that of the workspace, and what is written down as the console shows it."""
_HTTP: Final = {
    404: _("There is nothing at this address."),
    405: _("This address cannot be asked in this way."),
    413: _("The request is too large."),
}


def create_app(workspace: Workspace, *, work: bool = True) -> ASGIApp:
    """The application over ``workspace``; with ``work`` it also loads, refreshes and does long work while it runs."""
    worker = Worker(workspace, WORK)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if work:
            worker.start()
        yield
        if work:
            worker.stop()

    mounts = [Mount(PREFIX, create_api(workspace, worker)), Mount("/", create_console(workspace))]
    layers = [Middleware(SecurityHeaders), Middleware(BodyLimit, workspace=workspace)]
    return Tracking(
        Starlette(
            routes=mounts,
            middleware=layers,
            exception_handlers={HTTPException: _on_http},
            lifespan=lifespan,
        ),
        workspace.intake,
    )


def create_api(workspace: Workspace, worker: Worker) -> FastAPI:
    """The JSON API, to be mounted at ``PREFIX``; ``worker`` is woken when there is long work."""
    app = bare_api()
    app.state.workspace = workspace
    app.state.worker = worker
    return app


def bare_api() -> FastAPI:
    """The JSON API over no workspace: it can be described, but not asked."""
    app = FastAPI(
        title="Dujiang",
        version=__version__,
        description="All channels of a brand as one. Every call needs an API key or a signed-in session.",
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
    )
    app.add_exception_handler(DujiangError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unexpected)
    for router in rooms.ROUTERS:
        app.include_router(router)
    return app


def problem(status: int, code: str, message: str, detail: str = "") -> JSONResponse:
    """An error as every route of ours tells it."""
    body = {"success": False, "code": code, "message": message, "detail": detail or message}
    return JSONResponse(body, status)


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DujiangError)
    answer = problem(error.status, error.code, error.text(_locale(request)))
    if error.status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    if error.status in (429, 503):
        answer.headers["retry-after"] = "1"
    return answer


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    field = where.encode("utf-8", "replace").decode()[:200]  # a caller's own words, which may be no text at all
    sentence = translate(_("The field {field} of the request is wrong."), _locale(request)).format(field=field)
    return problem(422, "request.invalid", sentence, first["msg"])


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    known = _HTTP.get(error.status_code, _("The request cannot be read."))
    sentence = translate(known, _locale(request))
    answer = problem(error.status_code, f"http.{error.status_code}", sentence, str(error.detail))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """What the address can be asked with, over all routes of its path; an address without blanks goes before one with."""
    routes = [route for route in api_routes() if route.matches(request.scope)[0] is Match.PARTIAL]
    path = min(routes, key=lambda route: len(route.param_convertors)).path if routes else ""
    return sorted({method for route in routes if route.path == path for method in route.methods or ()})


def api_routes() -> list[APIRoute]:
    """Every route of the API, its path without the prefix."""
    return [route for router in rooms.ROUTERS for route in router.routes if isinstance(route, APIRoute)]


async def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    log.exception("unexpected error", exc_info=error)
    sentence = translate(_("Something went wrong that should not. The log of the server says more."), _locale(request))
    return problem(500, "server.unexpected", sentence)


def _locale(request: Request) -> str:
    return choose_locale(request.headers.get("accept-language"))
