"""Who calls the API, and what they may do.

Two ways in: an API key (``Authorization: Bearer da_…``), or the session cookie of the console. A request that comes with the
cookie and changes something has to come from a page of the console itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from dujiang.console.security import is_same_origin
from dujiang.foundation.errors import NotAllowed, NotSignedIn
from dujiang.foundation.i18n import _
from dujiang.store.command import Actor
from dujiang.store.roles import authorise
from dujiang.workspace import Workspace
from dujiang.workspace.worker import Worker

SESSION_COOKIE = "dj_session"

_bearer = HTTPBearer(auto_error=False, description="An API key (da_…), made under Settings → Keys")
_cookie = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="The console's session")


def workspace_of(request: Request) -> Workspace:
    """The workspace that the application serves."""
    return request.app.state.workspace


OfWorkspace = Annotated[Workspace, Depends(workspace_of)]


def worker_of(request: Request) -> Worker:
    """What does the long work."""
    return request.app.state.worker


OfWorker = Annotated[Worker, Depends(worker_of)]


def actor_of(
    request: Request,
    workspace: OfWorkspace,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: Annotated[str | None, Depends(_cookie)],
) -> Actor:
    """Who calls.

    Raises:
        NotSignedIn: ``access.no_credentials``, ``access.unknown_secret`` or ``access.no_session``.
        NotAllowed: ``access.cross_site``.
    """
    if bearer is not None:
        return workspace.access.by_api_key(bearer.credentials)
    if session is None:
        sentence = _("This needs an API key (Authorization: Bearer da_…) or a signed-in session.")
        raise NotSignedIn("access.no_credentials", sentence)
    if request.method not in ("GET", "HEAD") and not is_same_origin(request.headers):
        raise NotAllowed("access.cross_site", _("A session may change things only from a page of the console."))
    return workspace.access.by_session(session)


OfActor = Annotated[Actor, Depends(actor_of)]


def needs(action: str) -> Callable[[Actor], Actor]:
    """A dependency that lets through whoever may do ``action``."""

    def check(actor: OfActor) -> Actor:
        authorise(actor.role, action)
        return actor

    check.__name__ = f"needs_{action.replace('.', '_')}"
    check.action = action  # type: ignore[attr-defined]  # read by the test that walks every route
    return check
