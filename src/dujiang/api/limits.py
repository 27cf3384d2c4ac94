"""How much a request may carry: a file for those who may import, little for everybody else.

Bodies are read before a route can ask who calls, so the bound has to stand in front of all routes: otherwise a stranger
could fill memory or disk.
"""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dujiang.api.security import SESSION_COOKIE
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import NotSignedIn
from dujiang.store.roles import may
from dujiang.workspace import Workspace

UPLOADS: Final = frozenset({"/api/v1/imports/uploads", "/imports/upload"})
_BEARER: Final = "bearer "
_AROUND: Final = 1 << 20
"""What a form adds to the file it carries, in bytes."""


class BodyLimit:
    """An ASGI layer that stops reading beyond the bound; whoever reads gets status 413."""

    def __init__(self, app: ASGIApp, workspace: Workspace) -> None:
        self._app, self._workspace = app, workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        bound, read = await self._bound(Request(scope)), 0

        async def receive_within() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > bound:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_within, send)

    async def _bound(self, request: Request) -> int:
        if request.url.path in UPLOADS and await run_in_threadpool(self._may_import, request):
            return BOUNDS.import_bytes_max + _AROUND
        return BOUNDS.request_bytes_max

    def _may_import(self, request: Request) -> bool:
        access, said = self._workspace.access, request.headers.get("authorization", "")
        token = request.cookies.get(SESSION_COOKIE, "")
        try:
            if said.lower().startswith(_BEARER):
                return may(access.by_api_key(said[len(_BEARER) :]).role, "import.run")
            return bool(token) and may(access.by_session(token).role, "import.run")
        except NotSignedIn:
            return False
