"""The loops of a running workspace: load and refresh every few seconds, and do long work one piece at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from dujiang.engine.duck import EngineDamaged
from dujiang.engine.kernels.warming import warm
from dujiang.foundation.errors import DujiangError, InvariantBroken
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.foundation.plain import plain
from dujiang.foundation.progress import Cancelled, Progress
from dujiang.store.jobs import Job
from dujiang.workspace.workspace import Workspace

log = logging.getLogger("dujiang.worker")

_HOUSEKEEPING_SECONDS = 60.0

Handler = Callable[[Workspace, Job, Progress], object]
"""Does one kind of long work; what it returns is kept as the job's result."""


class Worker:
    """Runs a workspace's loops in two threads until stopped."""

    def __init__(self, workspace: Workspace, handlers: Mapping[str, Handler]) -> None:
        self._workspace = workspace
        self._handlers = handlers
        self._holder = new_id("worker")
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._threads = [
            threading.Thread(target=self._refreshing, name="dujiang-refresh", daemon=True),
            threading.Thread(target=self._working, name="dujiang-jobs", daemon=True),
        ]
        self._kept_house = workspace.clock.monotonic()
        self.failure: BaseException | None = None
        """What stopped the refreshing, if a promise was found broken."""

    def start(self) -> None:
        """Begin. Kernels are compiled meanwhile, so that the first who asks a question does not wait for it."""
        for thread in self._threads:
            thread.start()
        threading.Thread(target=warm, name="dujiang-warm", daemon=True).start()

    def wake(self) -> None:
        """Look for new long work now instead of a second later."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is being done and stop."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()

    def _refreshing(self) -> None:
        workspace = self._workspace
        while not self._stop.wait(workspace.settings.serve.refresh_seconds):
            try:
                if workspace.has_news():
                    workspace.refresh()
                if self._housekeeping_due():
                    workspace.keep_house()
            except EngineDamaged:
                log.error("the engine's file is damaged; every answer is computed again from the archive")
                workspace.rebuild()
            except InvariantBroken as error:
                log.critical("%s", error)
                self.failure = error
                return
            except DujiangError as error:
                log.error("refresh: %s", error)

    def _housekeeping_due(self) -> bool:
        now = self._workspace.clock.monotonic()
        if now - self._kept_house < _HOUSEKEEPING_SECONDS:
            return False
        self._kept_house = now
        return True

    def _working(self) -> None:
        jobs = self._workspace.jobs
        while not self._stop.is_set():
            self._workspace.postroom.queue_due()
            job = jobs.take(self._holder, tuple(self._handlers))
            if job is None:
                self._wake.wait(1.0)
                self._wake.clear()
            else:
                self.run(job)

    def run(self, job: Job) -> None:
        """Do one piece of long work (taken or started) and record how it ended."""
        jobs = self._workspace.jobs
        report = jobs.reporter(job.id)

        def progress(step: str, done: int, total: int) -> None:
            if self._stop.is_set():
                raise _Interrupted
            report(step, done, total)

        try:
            result = self._handlers[job.kind](self._workspace, job, progress)
            jobs.finish(job.id, plain(result))
        except Cancelled:
            jobs.stopped(job.id)
        except _Interrupted:
            log.info("job %s was interrupted and starts again with the next server", job.kind)
        except DujiangError as error:
            jobs.fail(job.id, error.code, error.sentence, error.values)
        except Exception:
            log.exception("job %s failed", job.kind)
            sentence = _("Something went wrong that should not. The log of the server says more.")
            jobs.fail(job.id, "job.unexpected", sentence, {})


class _Interrupted(BaseException):
    """The server is stopping; the work's lease runs out and the next server takes it up."""
