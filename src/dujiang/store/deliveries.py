"""Deliveries of reports: one for each time at which a report was due, made ready by a job, told through the outbox.

Exactly once: a delivery and its job are written in one commit, and only one delivery can have the same report and time. What
was made ready becomes true in one commit too, with the message to the rooms downstream; of two processes that made the same
delivery ready, the second finds that it is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.store.audit import record
from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.jobs import Jobs
from dujiang.store.outbox import publish
from dujiang.store.tables import job, report_delivery

JOB: Final = "report"
"""Kind of the jobs that make deliveries ready."""
READY: Final = "report.ready"
"""Topic of the message that a delivery can be sent on."""

DeliveryState = Literal["waiting", "delivered", "failed"]
_D = report_delivery.c


@dataclass(frozen=True)
class DeliveredFile:
    """One file of a delivery, and how many bytes it has."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Delivery:
    """One delivery of a report.

    Attributes:
        id: ``delivery_…``.
        report: definition name of the report.
        due: when it was due; None: somebody wanted it at once.
        missed: earlier times that nobody was there for, and that this one stands for.
        job: the job that makes it ready.
        created_by: who wanted it.
        created_at: when it was put into the queue.
        delivered_at: when it was ready and told; None for not yet.
        folder: name of the folder that holds its files; empty for none.
        body: what it says in plain form; None until it is ready.
        state: ``waiting``, ``delivered``, or ``failed``.
        error_code, error_sentence, error_values: why it failed.
    """

    id: str
    report: str
    due: datetime | None
    missed: int
    job: str
    created_by: str
    created_at: datetime
    delivered_at: datetime | None
    folder: str
    body: dict[str, Any] | None
    state: DeliveryState
    error_code: str
    error_sentence: str
    error_values: dict[str, Any]

    @property
    def files(self) -> tuple[DeliveredFile, ...]:
        """Its files, in order; none until it is ready."""
        return tuple(DeliveredFile(**one) for one in (self.body or {}).get("files", ()))


class Deliveries:
    """The deliveries of one store.

    Args:
        database: where they are kept.
        jobs: makes them ready.
        clock: tells when.
    """

    def __init__(self, database: Database, jobs: Jobs, clock: Clock) -> None:
        self._database, self._jobs, self._clock = database, jobs, clock

    def queue(self, report: str, due: datetime | None, *, missed: int = 0, actor: str) -> Delivery | None:
        """A new delivery with the job that makes it ready; None where there is one for this time already."""
        with self._database.transaction() as tx:
            serialise(tx)  # two at once: the second finds what the first did
            if due is not None and _there(tx, report, due):
                return None
            id_ = new_id("delivery")
            made = self._jobs.create(JOB, {"delivery": id_}, actor, tx)
            row = {"id": id_, "report": report, "due": due, "missed": missed, "job": made.id, "folder": ""}
            tx.execute(insert(report_delivery).values(row | {"created_by": actor, "created_at": self._clock.now()}))
            return _one(tx, id_)

    def complete(self, id: str, folder: str, body: Mapping[str, Any]) -> bool:  # noqa: A002
        """What was made ready becomes true and is told downstream; False, and nothing of it, where it has been done already.

        The message names the delivery; recipients are read from the report's definition, so that no address stands in it.

        Raises:
            NotFound: ``report.no_delivery``.
        """
        now = self._clock.now()
        with self._database.transaction() as tx:
            found = _one(tx, id)
            open_ = (_D.id == id) & _D.delivered_at.is_(None)
            ready = {"delivered_at": now, "folder": folder, "body": dict(body)}
            if not tx.execute(update(report_delivery).where(open_).values(ready)).rowcount:
                return False
            told = {"report": found.report, "delivery": id, "due": found.due.isoformat() if found.due else None}
            publish(tx, READY, told, key=found.report)
            names = [one["name"] for one in body.get("files", ())]
            after = told | {"files": names}
            record(tx, actor=found.created_by, action="report.deliver", object=found.report, after=after, at=now)
            return True

    def list(self, report: str | None = None, limit: int = 100) -> Sequence[Delivery]:
        """Deliveries (of one report), the newest first."""
        query = _query().order_by(_D.created_at.desc(), _D.id.desc()).limit(limit)
        if report is not None:
            query = query.where(_D.report == report)
        with self._database.read() as rx:
            return [_delivery(row) for row in rx.execute(query)]

    def get(self, id: str) -> Delivery:  # noqa: A002
        """One delivery.

        Raises:
            NotFound: ``report.no_delivery``.
        """
        with self._database.read() as rx:
            return _one(rx, id)

    def last_due(self, report: str) -> datetime | None:
        """The latest time for which there is a delivery; None for none."""
        with self._database.read() as rx:
            return rx.execute(select(func.max(_D.due)).where(_D.report == report)).scalar()

    def folders(self) -> set[str]:
        """The folders that deliveries name."""
        with self._database.read() as rx:
            return set(rx.execute(select(_D.folder).where(_D.folder != "")).scalars())

    def prune(self, keep: int) -> list[str]:
        """Forget all but the newest ``keep`` deliveries of each report that are done or have failed; the folders they named."""
        place = func.row_number().over(partition_by=_D.report, order_by=(_D.created_at.desc(), _D.id.desc()))
        ranked = select(_D.id, _D.job, _D.folder, _D.delivered_at, place.label("place")).subquery()
        old = select(ranked.c.id, ranked.c.folder).join(job, job.c.id == ranked.c.job, isouter=True)
        ended = ranked.c.delivered_at.is_not(None) | job.c.state.not_in(("queued", "running"))
        with self._database.transaction() as tx:
            found = tx.execute(old.where(ranked.c.place > keep, ended)).all()
            if found:
                tx.execute(delete(report_delivery).where(_D.id.in_([one.id for one in found])))
            return [one.folder for one in found if one.folder]


def _there(rx: Connection, report: str, due: datetime) -> bool:
    return rx.execute(select(_D.id).where(_D.report == report, _D.due == due)).first() is not None


def _query() -> Select[Any]:
    told = job.c.state.label("job_state"), job.c.error_code, job.c.error_sentence, job.c.error_values
    return select(report_delivery, *told).join(job, job.c.id == _D.job, isouter=True)


def _one(rx: Connection, id_: str) -> Delivery:
    row = rx.execute(_query().where(_D.id == id_)).first()
    if row is None:
        raise NotFound("report.no_delivery", _("There is no delivery {id}."), id=id_[:40])
    return _delivery(row)


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    state, done = values.pop("job_state"), values["delivered_at"] is not None
    failed = not done and state not in ("queued", "running")
    if not failed:
        values |= {"error_code": "", "error_sentence": ""}
    elif not values["error_sentence"]:
        values |= {"error_code": "job.cancelled", "error_sentence": _("The work was stopped before it was done.")}
    values["error_values"] = (values["error_values"] or {}) if failed else {}
    return Delivery(**values, state="delivered" if done else "failed" if failed else "waiting")
