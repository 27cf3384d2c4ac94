"""A small HTTP load generator: many keep-alive connections, each waiting for its answer before it sends again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What a run measured; ``seconds`` holds the latency of every answered request."""

    wall: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """Requests answered with 200."""
        return self.statuses.get(200, 0)


async def drive(port: int, request: Callable[[int], bytes], *, connections: int, duration: float) -> Outcome:
    """Send ``request(n)`` (a whole HTTP request) over ``connections`` connections for ``duration`` seconds."""
    outcome = Outcome()
    counter = iter(range(1 << 62))
    start = time.perf_counter()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - start < duration:
            sent = time.perf_counter()
            writer.write(request(next(counter)))
            status = await _answer(reader)
            outcome.seconds.append(time.perf_counter() - sent)
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(connection() for _ in range(connections)))
    outcome.wall = time.perf_counter() - start
    return outcome


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0)
    await reader.readexactly(length)
    return int(head[9:12])
