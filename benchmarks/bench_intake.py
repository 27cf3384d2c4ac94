"""Acknowledged-on-disk intake over HTTP: single events, and batches of one hundred. The generator shares the processors."""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import re
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from harness import Measurement, percentile
from load import Outcome, drive

SECONDS = 8.0
SOURCE = "bench"


def _serve(folder: str, ready: object) -> None:
    """Serve a fresh workspace's tracking routes; loading is left out, so that only the intake is measured."""
    import uvicorn

    from dujiang.api.app import create_app
    from dujiang.foundation.definitions import parse
    from dujiang.workspace import Workspace

    os.environ["DUJIANG_KEYS_FOLDER"] = folder + ".keys"
    workspace = Workspace.create(Path(folder) / "brand")
    source = parse({"kind": "source", "name": SOURCE, "spec": {"channel": "site"}})
    workspace.definitions.apply(workspace.definitions.plan([source]), actor="bench")
    secret = workspace.access.keys.create_collect("bench", SOURCE, actor="bench").secret
    from dujiang.api.server import listen

    listener = listen("127.0.0.1", 0)
    ready.send((listener.getsockname()[1], secret))  # type: ignore[attr-defined]
    config = uvicorn.Config(create_app(workspace, work=False), log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def _event(number: int) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"m-{number}",
        "anonymousId": f"visitor-{number % 9973}",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"product_id": f"sku-{number % 97}", "price": 128.5, "currency": "CNY"},
        "context": {
            "page": {"path": "/tea/longjing", "title": "Longjing"},
            "library": {"name": "bench", "version": "1"},
        },
    }


def _request(path: str, secret: str, body: bytes) -> bytes:
    key = base64.b64encode(f"{secret}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _resident_megabytes(process: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text("utf-8"))
    return int(found[1]) // 1024 if found else 0


def measure() -> list[Measurement]:
    """Single events, then batches."""
    with tempfile.TemporaryDirectory() as folder:
        here, there = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, there), daemon=True)
        server.start()
        port, secret = here.recv()
        _wait_for(port)
        # Made beforehand: the generator shares the processors, and what it spends is not the server's.
        singles = [_request("/v1/track", secret, json.dumps(_event(n)).encode()) for n in range(60_000)]
        single = asyncio.run(
            drive(
                port,
                lambda n: singles[n % len(singles)],
                connections=64,
                duration=SECONDS,
            )
        )
        batches = [
            _request("/v1/batch", secret, json.dumps({"batch": [_event(b * 100 + n) for n in range(100)]}).encode())
            for b in range(200)
        ]
        batch = asyncio.run(drive(port, lambda n: batches[n % 200], connections=32, duration=SECONDS))
        memory = _resident_megabytes(server.pid or 0)
        server.terminate()
        server.join()
    note = f"64 connections, {SECONDS:.0f} s; {_latency(single)}"
    return [
        Measurement(
            "intake, one event a request, acknowledged on disk",
            f"{single.answered / single.wall:,.0f} requests/s",
            "> 5,000",
            note,
        ),
        Measurement(
            "intake, 100 events a request, acknowledged on disk",
            f"{100 * batch.answered / batch.wall:,.0f} events/s",
            "> 100,000",
            f"32 connections; {_latency(batch)}",
        ),
        Measurement("intake, peak memory of the server", f"{memory:,} MB"),
    ]


def _latency(outcome: Outcome) -> str:
    half, late = percentile(outcome.seconds, 0.5) * 1000, percentile(outcome.seconds, 0.99) * 1000
    return f"{half:.1f} ms median, {late:.1f} ms p99; answers {outcome.statuses}"


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/dujiang.js", timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        return
