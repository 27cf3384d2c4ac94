"""The console as one ASGI application over a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dujiang.console import session
from dujiang.console.rooms import ROOMS
from dujiang.console.security import SameOriginOnly, SecurityHeaders
from dujiang.console.templating import static_version
from dujiang.console.visit import Visit
from dujiang.console.web import problem
from dujiang.foundation.i18n import _
from dujiang.workspace import Workspace

_SAYS: Final[Mapping[int, str]] = {
    400: _("The form cannot be read. Go back and send it once more."),
    404: _("There is no page at this address."),
    405: _("This address takes no form, or only a form. Go to the page and send it from there."),
    413: _("This is more than may be sent at once. Send less, or import it as a file."),
    500: _("Something went wrong that should not. The log of the server says more."),
}


class _Static(StaticFiles):
    """Files under an address that holds their version: browsers keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def create_console(workspace: Workspace) -> Starlette:
    """The console of ``workspace``, to be mounted at the root, after the API."""

    async def on_http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        visit = Visit(request, workspace, session.reader(workspace, request))
        return problem(visit, status, visit.text(_SAYS.get(status, _SAYS[400])), f"http.{status}")

    async def on_fault(request: Request, _error: Exception) -> Response:
        visit = Visit(request, workspace, None)  # nothing is asked of a store that may be what broke
        return problem(visit, 500, visit.text(_SAYS[500]), "server.unexpected")

    routes = [route for room in ROOMS for route in room.routes(workspace)]
    static = _Static(directory=Path(__file__).parent / "static")
    return Starlette(
        routes=[Mount(f"/static/{static_version()}", app=static), *routes],
        middleware=[Middleware(SecurityHeaders), Middleware(SameOriginOnly)],
        exception_handlers={HTTPException: on_http_error, Exception: on_fault},
    )
