"""Group commit: one thread writes what waits, and tells each event loop once when it is on disk."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from copy import copy
from itertools import islice
from typing import NamedTuple

from dujiang.foundation.bounds import Bounds
from dujiang.foundation.errors import TooMany, Unavailable
from dujiang.foundation.i18n import _
from dujiang.store.journal_model import Entry


class _Waiting(NamedTuple):
    entry: Entry
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[int]


class JournalWriter:
    """The queue before the disk, and the thread that empties it."""

    def __init__(self, commit: Callable[[Sequence[Entry]], int], bounds: Bounds) -> None:
        self._commit = commit
        self._bounds = bounds
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    async def append(self, entry: Entry) -> int:
        """Queue ``entry`` and wait until it is on disk; its sequence.

        Raises:
            TooMany: ``journal.busy``.
            Unavailable: ``journal.stopped`` or ``journal.damaged``.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._put(_Waiting(entry, loop, future))
        return await future

    def close(self) -> None:
        """Write what waits, then end the thread; later entries are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread:
            self._thread.join()

    def _put(self, waiting: _Waiting) -> None:
        size = len(waiting.entry.body)
        with self._changed:
            if self._closing:
                raise Unavailable(
                    "journal.stopped", _("The journal is closed. Send the request again after the restart.")
                )
            full = len(self._queue) >= self._bounds.journal_queue_rows_max
            if full or (self._queue and self._bytes + size > self._bounds.journal_queue_bytes_max):
                raise busy()
            self._queue.append(waiting)
            self._bytes += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dujiang journal", daemon=True)
                self._thread.start()
            if len(self._queue) == 1:
                self._changed.notify()

    def _run(self) -> None:
        while batch := self._take():
            try:
                first = self._commit([waiting.entry for waiting in batch])
            except BaseException as error:  # noqa: BLE001 - whatever happened, nobody may wait for ever
                _tell(batch, error)
            else:
                _tell(batch, first)

    def _take(self) -> list[_Waiting]:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            batch = list(islice(self._queue, self._bounds.journal_commit_rows_max))
            for waiting in batch:
                self._queue.popleft()
                self._bytes -= len(waiting.entry.body)
            return batch


def busy() -> TooMany:
    """The error of a journal that cannot keep up."""
    return TooMany(
        "journal.busy", _("More requests wait for the disk than can be kept safe. Send it again in a second.")
    )


def _tell(batch: list[_Waiting], outcome: int | BaseException) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[int], int | BaseException]]] = defaultdict(list)
    for offset, waiting in enumerate(batch):
        by_loop[waiting.loop].append((waiting.future, outcome + offset if isinstance(outcome, int) else outcome))
    for loop, results in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, results)


def _resolve(results: list[tuple[asyncio.Future[int], int | BaseException]]) -> None:
    for future, outcome in results:
        if future.done():
            continue
        if isinstance(outcome, int):
            future.set_result(outcome)
        else:
            future.set_exception(copy(outcome))  # a shared one would gather a traceback from everybody
