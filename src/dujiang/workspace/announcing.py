"""What a refresh found out about people, told downstream through the outbox and kept in the audit log.

Answers and outbox lie in two databases. What has to be told is therefore committed with the answers first, and put into the
outbox afterwards: right after the commit, and at the next start or refresh where a crash came in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from dujiang.foundation.clock import Clock
from dujiang.foundation.ids import person_id
from dujiang.identity.model import Merge, Resolution, Split
from dujiang.store.audit import newest, record
from dujiang.store.command import SYSTEM
from dujiang.store.database import Database
from dujiang.store.outbox import publish

_ACTION: Final = "person.resolve"


def note(resolution: object) -> str:
    """What has to be told of a resolution, to be committed with it: ``person.merged`` and ``person.split``.

    A full computation announces nothing: it decides about everybody anew and moves nobody who had not moved before.
    """
    if not isinstance(resolution, Resolution) or resolution.full or not (resolution.merges or resolution.splits):
        return ""
    messages = [("person.merged", merged(one), person_id(one.absorbed)) for one in resolution.merges]
    messages += [("person.split", separated(one), person_id(one.remaining)) for one in resolution.splits]
    counts = {"merged": len(resolution.merges), "split": len(resolution.splits)}
    return json.dumps({"messages": messages, "counts": counts})


class Announcer:
    """Puts what the engine's last commit has to tell into the outbox, once, however often it is asked to.

    Args:
        db: the store.
        told: the mark of the engine's state and its :func:`note`.
        clock: says when.
    """

    def __init__(self, db: Database, told: Callable[[], tuple[str, str]], clock: Clock) -> None:
        self._db, self._told, self._clock = db, told, clock

    def __call__(self) -> None:
        """Announce what is still to be told; one line in the audit log for all of it, which names the mark."""
        mark, text = self._told()
        if not text:
            return
        said = json.loads(text)
        with self._db.transaction() as tx:
            if newest(tx, _ACTION) == mark:
                return
            for topic, payload, key in said["messages"]:
                publish(tx, topic, payload, key)
            record(tx, actor=SYSTEM.name, action=_ACTION, object=mark, after=said["counts"], at=self._clock.now())


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
