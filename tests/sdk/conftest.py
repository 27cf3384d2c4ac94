"""A live server with the real intake and the real journal, and a wire that can fail in the ways wires fail."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
import uvicorn

from dujiang.api.tracking import Tracking
from dujiang.collect.decode import StagedEvent, decode
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser
from dujiang.collect.intake import Intake
from dujiang.collect.model import SourceSpec
from dujiang.foundation.clock import SystemClock
from dujiang.store.database import Database
from dujiang.store.journal import Journal
from dujiang.store.keyring import Keyring

Fault = Literal["500", "429", "lost", "hang", "500 after"]
KEY = "dc_5dK2mZ8vQ1wX7yB4nT6rE3uH9jL0pSaF"  # the length of a real one


@dataclass(frozen=True)
class Key:
    source: str = "web"
    key_id: str = "key_1"


@dataclass
class Wire:
    """Passes requests on to ``app``; each planned fault is spent on one of them.

    ``500`` and ``429``: nothing reached the journal. ``500 after``, ``lost`` (half an answer) and ``hang`` (no answer at all):
    it is on disk, but the sender cannot know.
    """

    app: Any
    faults: list[Fault] = field(default_factory=list)
    requests: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault in ("500", "429"):
            await _answer(send, int(fault))
        elif fault is None:
            await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, _swallow)
            if fault == "500 after":
                await _answer(send, 500)
            elif fault == "lost":
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"16")]})
                await send({"type": "http.response.body", "body": b'{"succ', "more_body": True})
            else:
                while (await receive())["type"] != "http.disconnect":
                    pass


async def _swallow(_message: Any) -> None:
    return None


async def _answer(send: Any, status: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
    body = b'{"success":false,"code":"test","message":"fault","detail":"fault"}'
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@dataclass
class Live:
    """The server's address, its wire, and what reached the journal."""

    url: str
    wire: Wire
    journal: Journal
    tokeniser: Tokeniser

    def received(self) -> list[StagedEvent]:
        """Every event in the journal, duplicates too; none may be rejected."""
        events: list[StagedEvent] = []
        for row in self.journal.read(0, 1_000_000):
            decoded = decode(row, tokeniser=self.tokeniser, source=SourceSpec(channel="site"))
            assert [one.code for one in decoded.rejected] == []
            events += decoded.events
        return events

    def facts(self) -> list[StagedEvent]:
        """One event for each key, as the load keeps them; a key never stands for two contents."""
        kept: dict[int, StagedEvent] = {}
        for event in self.received():
            assert kept.setdefault(event.key, event).content == event.content
        return list(kept.values())

    def node(self, type: str, raw: str) -> int:  # noqa: A002
        found = self.tokeniser.identifier(type, raw)
        assert found is not None
        return found.node


@pytest.fixture
def live(tmp_path: Path, keyring: Keyring, sqlite_database: Database) -> Iterator[Live]:
    """A server on loopback."""
    journal = Journal.open(sqlite_database, keyring, SystemClock())
    intake = Intake(journal, {KEY: Key()}.get, SystemClock())
    wire = Wire(Tracking(_nothing_here, intake))
    config = uvicorn.Config(wire, port=0, log_level="critical", ws="none", lifespan="off", http="httptools")
    server = Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    assert server.listening.wait(60)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Live(f"http://127.0.0.1:{port}", wire, journal, Tokeniser(keyring.token, IdentifierTypes.of()))
    server.should_exit = True
    thread.join(10)
    journal.close()


async def _nothing_here(_scope: Any, _receive: Any, send: Any) -> None:
    await _answer(send, 404)


@pytest.fixture(scope="session")
def node() -> Callable[..., list[str]]:
    """Runs the sender of one JavaScript tracker; what it says of failures."""
    import subprocess

    program = shutil.which("node")
    folder = Path(__file__).with_name("node")
    assert program is not None, "Node is not installed; run: python tests/system_parts.py"
    assert (folder / "node_modules").is_dir(), "The trackers are not installed; run: python tests/system_parts.py"

    def run(sdk: str, url: str, events: int) -> list[str]:
        command = [program, str(folder / "send.mjs"), sdk, url, KEY, str(events)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run
