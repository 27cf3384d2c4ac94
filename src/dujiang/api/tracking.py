"""Tracking calls, ahead of the web framework: from the socket to the journal with nothing between."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from dujiang.collect.intake import Intake, IntakeRequest, IntakeResponse

TRACKER: Final = "/dujiang.js"


class Tracking:
    """An ASGI layer that answers tracking calls with ``intake`` and hands everything else to ``app``.

    A body is read no further than the bound, so a sender cannot fill the memory.
    """

    def __init__(self, app: ASGIApp, intake: Intake) -> None:
        self._app, self._intake = app, intake
        self._tracker = tracker_file()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        if path == TRACKER and method in ("GET", "HEAD"):
            await _send(send, self._tracker)
            return
        query = _query(scope)
        if not self._intake.claims(method, path, query):
            await self._app(scope, receive, send)
            return
        body = await _body(receive, self._intake.bounds.request_bytes_max)
        if body is None:
            return
        await _send(send, await self._intake.handle(IntakeRequest(method, path, query, _headers(scope), body)))


def tracker_file() -> IntakeResponse:
    """The browser tracker, as it is served to sites."""
    script = (resources.files("dujiang.collect") / "tracker" / "dujiang.js").read_bytes()
    headers = [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=3600"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
    ]
    return IntakeResponse(200, headers, script)


def _query(scope: Scope) -> dict[str, str]:
    raw: bytes = scope["query_string"]
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True)) if raw else {}


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The body, cut off one byte beyond ``limit``; None when the sender hung up."""
    parts: list[bytes] = []
    size = 0
    while True:
        message: Any = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if size > limit:
            return b"".join(parts)[: limit + 1]
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send(send: Send, answer: IntakeResponse) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
