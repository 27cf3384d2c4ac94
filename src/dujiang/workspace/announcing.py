"""What a refresh found out about people, told downstream through the outbox and kept in the audit log."""

from __future__ import annotations

from typing import Any

from dujiang.engine.refresh import RefreshReport
from dujiang.foundation.clock import Clock
from dujiang.foundation.ids import person_id
from dujiang.identity.model import Merge, Resolution, Split
from dujiang.store.audit import record
from dujiang.store.command import SYSTEM
from dujiang.store.database import Database
from dujiang.store.outbox import publish


class Announcer:
    """Turns the merges and splits of an incremental refresh into ``person.merged`` and ``person.split``.

    A full computation announces nothing: it decides about everybody anew and moves nobody who had not moved before.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def __call__(self, report: RefreshReport) -> None:
        """Announce what ``report`` says of people; one line in the audit log for all of it."""
        resolution = report.resolution
        if not isinstance(resolution, Resolution) or resolution.full or not (resolution.merges or resolution.splits):
            return
        counts = {"merged": len(resolution.merges), "split": len(resolution.splits)}
        with self._db.transaction() as tx:
            for merge in resolution.merges:
                publish(tx, "person.merged", merged(merge), person_id(merge.absorbed))
            for split in resolution.splits:
                publish(tx, "person.split", separated(split), person_id(split.remaining))
            record(tx, actor=SYSTEM.name, action="person.resolve", object="", after=counts, at=self._clock.now())


def merged(merge: Merge) -> dict[str, Any]:
    """The message of a merge: who goes on, who was absorbed, and the two identifiers whose link is the evidence."""
    evidence = [format(node % (1 << 64), "016x") for node in (merge.a, merge.b) if node is not None]
    return {"survivor": person_id(merge.survivor), "absorbed": person_id(merge.absorbed), "evidence": evidence}


def separated(split: Split) -> dict[str, Any]:
    """The message of a split: who keeps the number, who is new, and how many identifiers went along."""
    return {
        "remaining": person_id(split.remaining),
        "separated": person_id(split.separated),
        "identifiers": split.nodes,
    }
