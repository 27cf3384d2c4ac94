"""Jobs: work that takes longer than a request. It reports how far it is, can be cancelled, and is taken up again when its
process died."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, or_, select, update

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import Conflict, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.foundation.progress import Cancelled, Progress
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.tables import job

JobState = Literal["queued", "running", "done", "failed", "cancelled"]

LEASE_SECONDS: Final = 60.0
"""A running job that has not reported for so long is taken to be dead and queued again."""
ATTEMPTS_MAX: Final = 3
"""A job that died so often is not tried again."""
_REPORT_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        id: ``job_…``.
        kind: what it does, such as ``import``.
        params: with what.
        actor: who started it.
        state: ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
        step: name of the step it is at.
        done: how much of the step is done.
        total: how much there is; 0 when it is not known.
        cancel_asked: somebody wants it to stop.
        result: what it brought; None until it is done.
        error_code: of a failed job, else empty.
        error_sentence: English sentence, the key of its translation.
        error_values: what the sentence's placeholders stand for.
        holder: the process that works on it.
        attempts: how often it was taken up.
        created_at, started_at, finished_at: moments; None for what has not been.
    """

    id: str
    kind: str
    params: dict[str, Any]
    actor: str
    state: JobState
    step: str
    done: int
    total: int
    cancel_asked: bool
    result: dict[str, Any] | None
    error_code: str
    error_sentence: str
    error_values: dict[str, Any] | None
    holder: str
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Jobs:
    """The jobs of one store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reported: dict[str, tuple[str, float]] = {}

    def create(self, kind: str, params: Mapping[str, Any], actor: str, tx: Connection | None = None) -> Job:
        """A new job, queued; with ``tx`` as part of that transaction."""
        if tx is None:
            with self._database.transaction() as own:
                return self.create(kind, params, actor, own)
        row = {"id": new_id("job"), "kind": kind, "params": dict(params), "actor": actor, "state": "queued"}
        empty = {"step": "", "done": 0, "total": 0, "cancel_asked": False, "error_code": "", "error_sentence": ""}
        tx.execute(insert(job).values(row | empty | {"holder": "", "attempts": 0, "created_at": self._clock.now()}))
        return _one(tx, row["id"])

    def list(self, limit: int = 100, *, state: JobState | None = None, kind: str | None = None) -> Sequence[Job]:
        """Jobs, the newest first."""
        query = select(job).order_by(job.c.created_at.desc(), job.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(job.c.state == state)
        if kind is not None:
            query = query.where(job.c.kind == kind)
        with self._database.read() as rx:
            return [_job(row) for row in rx.execute(query)]

    def get(self, id: str) -> Job:  # noqa: A002
        """One job.

        Raises:
            NotFound: ``job.unknown``.
        """
        with self._database.read() as rx:
            return _one(rx, id)

    def take(self, holder: str, kinds: Sequence[str], seconds: float = LEASE_SECONDS) -> Job | None:
        """The oldest job of ``kinds`` that waits, or whose process died, now running for ``holder``; None when there is
        none.

        A job that died ``ATTEMPTS_MAX`` times has failed with ``job.died``.
        """
        now = self._clock.now()
        with self._database.transaction() as tx:
            serialise(tx)
            _give_up(tx, now)
            waiting = or_(job.c.state == "queued", (job.c.state == "running") & (job.c.lease_until <= now))
            query = select(job.c.id).where(waiting, job.c.kind.in_(kinds)).order_by(job.c.created_at, job.c.id).limit(1)
            id_ = tx.execute(query).scalar()
            if id_ is None:
                return None
            running = {"state": "running", "holder": holder, "started_at": now, "attempts": job.c.attempts + 1}
            until = now + timedelta(seconds=seconds)
            tx.execute(update(job).where(job.c.id == id_).values(running | {"lease_until": until}))
            return _one(tx, id_)

    def start(self, id: str, holder: str, seconds: float = LEASE_SECONDS) -> Job:  # noqa: A002
        """Run one queued job now, in this process.

        Raises:
            NotFound: ``job.unknown``.
            Conflict: ``job.not_queued``.
        """
        now = self._clock.now()
        with self._database.transaction() as tx:
            running = {"state": "running", "holder": holder, "started_at": now, "attempts": job.c.attempts + 1}
            until = now + timedelta(seconds=seconds)
            queued = (job.c.id == id) & (job.c.state == "queued")
            changed = tx.execute(update(job).where(queued).values(running | {"lease_until": until})).rowcount
            found = _one(tx, id)
            if not changed:
                sentence = _("This job cannot start: it is {state}.")
                raise Conflict("job.not_queued", sentence, state=found.state)
            return found

    def progress(self, id: str, step: str, done: int, total: int, seconds: float = LEASE_SECONDS) -> None:  # noqa: A002
        """Say how far a running job is, and that it lives. Written at most twice a second, and at the end of a step."""
        now, last = self._clock.monotonic(), self._reported.get(id)
        if last and last[0] == step and now - last[1] < _REPORT_SECONDS and done != total:
            return
        self._reported[id] = (step, now)
        values = {"step": step, "done": done, "total": total}
        until = self._clock.now() + timedelta(seconds=seconds)
        with self._database.transaction() as tx:
            running = (job.c.id == id) & (job.c.state == "running")
            tx.execute(update(job).where(running).values(values | {"lease_until": until}))

    def reporter(self, id: str) -> Progress:  # noqa: A002
        """A progress to hand to work: it reports, and raises ``Cancelled`` once somebody wants the job to stop."""

        def report(step: str, done: int, total: int) -> None:
            last = self._reported.get(id)
            self.progress(id, step, done, total)
            if self._reported.get(id) != last and self.is_cancelled(id):
                raise Cancelled

        return report

    def cancel(self, id: str) -> Job:  # noqa: A002
        """Stop a job: at once if it waits, else at its next report. Nothing happens to one that has ended.

        Raises:
            NotFound: ``job.unknown``.
        """
        with self._database.transaction() as tx:
            mine = job.c.id == id
            ended = {"state": "cancelled", "finished_at": self._clock.now()}
            tx.execute(update(job).where(mine, job.c.state == "queued").values(ended))
            tx.execute(update(job).where(mine, job.c.state == "running").values(cancel_asked=True))
            return _one(tx, id)

    def is_cancelled(self, id: str) -> bool:  # noqa: A002
        """Whether somebody wants the job to stop, or it has been stopped."""
        found = self.get(id)
        return found.cancel_asked or found.state == "cancelled"

    def finish(self, id: str, result: Mapping[str, Any]) -> Job:  # noqa: A002
        """A running job is done.

        Raises:
            Conflict: ``job.not_running``.
        """
        return self._end(id, {"state": "done", "result": dict(result)})

    def fail(self, id: str, code: str, sentence: str, values: Mapping[str, Any]) -> Job:  # noqa: A002
        """A running job has failed, with an error's code, sentence and values.

        Raises:
            Conflict: ``job.not_running``.
        """
        error = {"error_code": code, "error_sentence": sentence, "error_values": dict(values)}
        return self._end(id, {"state": "failed"} | error)

    def stopped(self, id: str) -> Job:  # noqa: A002
        """A running job has stopped because somebody wanted it to.

        Raises:
            Conflict: ``job.not_running``.
        """
        return self._end(id, {"state": "cancelled"})

    def _end(self, id: str, values: dict[str, Any]) -> Job:  # noqa: A002
        self._reported.pop(id, None)
        with self._database.transaction() as tx:
            running = (job.c.id == id) & (job.c.state == "running")
            ended = values | {"finished_at": self._clock.now(), "lease_until": None}
            changed = tx.execute(update(job).where(running).values(ended)).rowcount
            found = _one(tx, id)
            if not changed:
                sentence = _("This job has ended already: it is {state}.")
                raise Conflict("job.not_running", sentence, state=found.state)
            return found


def _give_up(tx: Connection, now: datetime) -> None:
    dead = (job.c.state == "running") & (job.c.lease_until <= now)
    stopped = {"state": "cancelled", "finished_at": now, "lease_until": None}
    tx.execute(update(job).where(dead, job.c.cancel_asked.is_(True)).values(stopped))
    sentence = _("The process that did this work ended {attempts} times before it was done. Look into its log.")
    error = {"error_code": "job.died", "error_sentence": sentence, "error_values": {"attempts": ATTEMPTS_MAX}}
    failed = {"state": "failed", "finished_at": now, "lease_until": None} | error
    tx.execute(update(job).where(dead, job.c.attempts >= ATTEMPTS_MAX).values(failed))


def _one(rx: Connection, id_: str) -> Job:
    row = rx.execute(select(job).where(job.c.id == id_)).first()
    if row is None:
        raise NotFound("job.unknown", _("There is no job {id}."), id=id_)
    return _job(row)


def _job(row: Row[Any]) -> Job:
    return Job(**{name: row._mapping[name] for name in Job.__dataclass_fields__})
