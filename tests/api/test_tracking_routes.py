"""The ASGI layer of tracking: what it takes, what it hands on, and how far it reads."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dujiang.api.tracking import Tracking
from dujiang.collect.intake import Intake
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.clock import FixedClock
from dujiang.store.journal import Entry

BODY = json.dumps({"batch": [{"type": "track", "event": "a", "userId": "u"}], "writeKey": "dc_web"}).encode()


@dataclass(frozen=True)
class Key:
    source: str = "web"
    key_id: str = "k"


@dataclass
class Wire:
    """Runs one request through the layer; the parts of its body arrive one by one."""

    clock: FixedClock
    kept: list[Entry] = field(default_factory=list)
    passed_on: list[str] = field(default_factory=list)
    read: int = 0

    async def append(self, entry: Entry) -> int:
        self.kept.append(entry)
        return 1

    async def app(self, scope: Any, _receive: Any, _send: Any) -> None:
        self.passed_on.append(scope["type"] + scope.get("path", ""))

    def ask(
        self, method: str, path: str, parts: list[bytes | None], query: bytes = b"", kind: str = "http"
    ) -> list[Any]:
        """What the layer sends; a part None means that the sender hung up."""
        intake = Intake(self, {"dc_web": Key()}.get, self.clock, bounds=replace(BOUNDS, request_bytes_max=1000))
        coming = [
            {"type": "http.disconnect"}
            if part is None
            else {"type": "http.request", "body": part, "more_body": at < len(parts) - 1}
            for at, part in enumerate(parts)
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            self.read += 1
            return coming.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": kind, "method": method, "path": path, "query_string": query, "headers": [(b"Host", b"x")]}
        asyncio.run(Tracking(self.app, intake)(scope, receive, send))
        return sent


@pytest.fixture
def wire(clock: FixedClock) -> Wire:
    return Wire(clock)


def test_a_body_in_parts_is_one_body(wire: Wire) -> None:
    start, body = wire.ask("POST", "/v1/batch", [BODY[:10], BODY[10:20], BODY[20:]])
    assert (start["status"], body["body"]) == (200, b'{"success":true}')
    assert dict(start["headers"])[b"content-length"] == b"16"
    assert wire.kept[0].body == BODY


def test_a_body_without_end_is_read_no_further_than_the_bound(wire: Wire) -> None:
    start, _body = wire.ask("POST", "/v1/batch", [b"x" * 600] * 50, query=b"writeKey=dc_web")
    assert (start["status"], wire.read) == (413, 2)


def test_a_sender_who_hangs_up_leaves_nothing(wire: Wire) -> None:
    assert wire.ask("POST", "/v1/batch", [BODY[:10], None]) == []
    assert wire.kept == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/people"), ("POST", "/api/v1/imports")])
def test_everything_else_goes_to_the_application(wire: Wire, method: str, path: str) -> None:
    wire.ask(method, path, [b""])
    assert wire.passed_on == [f"http{path}"]


def test_lifespan_goes_to_the_application(wire: Wire) -> None:
    wire.ask("", "", [], kind="lifespan")
    assert wire.passed_on == ["lifespan"]


def test_the_tracker_is_served_to_every_site(wire: Wire) -> None:
    start, body = wire.ask("GET", "/dujiang.js", [b""])
    headers = dict(start["headers"])
    assert headers[b"content-type"].startswith(b"text/javascript")
    assert headers[b"access-control-allow-origin"] == b"*"
    assert b"Dujiang tracker" in body["body"]


def test_a_key_in_the_query_is_enough(wire: Wire) -> None:
    start, _body = wire.ask("POST", "/v1/track", [b'{"event":"a","userId":"u"}'], query=b"writeKey=dc_web")
    assert start["status"] == 200
