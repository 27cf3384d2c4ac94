"""The outbox: what happened, told to the rooms downstream in the same commit in which it happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from dujiang.store.connections import serialise
from dujiang.store.database import Database
from dujiang.store.tables import outbox, outbox_consumer


@dataclass(frozen=True)
class Message:
    """Something that happened.

    Attributes:
        sequence: place in the outbox; a later message has a higher one.
        topic: what happened, such as ``definition.changed``.
        key: whom or what it is about, for consumers that care for order within one thing.
        payload: the details; no personal data.
    """

    sequence: int
    topic: str
    key: str
    payload: dict[str, Any]


def publish(tx: Connection, topic: str, payload: Mapping[str, Any], key: str = "") -> None:
    """Tell consumers about ``topic`` when ``tx`` commits; nobody hears of it if ``tx`` is undone."""
    serialise(tx)  # so that messages become visible in the order of their numbers
    tx.execute(insert(outbox).values(topic=topic, key=key, payload=dict(payload)))


class Outbox:
    """The consumers' side: each reads on from what it acknowledged last, so that it hears everything at least once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, consumer: str, limit: int = 100) -> Sequence[Message]:
        """The next messages for ``consumer``, at most ``limit``; the same ones again until they are acknowledged."""
        with self._database.read() as rx:
            done = select(func.coalesce(func.max(outbox_consumer.c.sequence), 0))
            after = done.where(outbox_consumer.c.consumer == consumer).scalar_subquery()
            query = select(outbox).where(outbox.c.sequence > after).order_by(outbox.c.sequence).limit(limit)
            return [Message(**row._mapping) for row in rx.execute(query)]

    def acknowledge(self, consumer: str, sequence: int, tx: Connection | None = None) -> None:
        """Remember that ``consumer`` is done with everything up to ``sequence``; never goes back.

        With ``tx`` it is part of that transaction, so that the work done and its acknowledgement commit together.
        """
        if tx is None:
            with self._database.transaction() as own:
                return self.acknowledge(consumer, sequence, own)
        into = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        statement = into(outbox_consumer).values(consumer=consumer, sequence=sequence)
        ahead = outbox_consumer.c.sequence < statement.excluded.sequence
        forward = {"sequence": statement.excluded.sequence}
        tx.execute(statement.on_conflict_do_update(index_elements=["consumer"], set_=forward, where=ahead))
        return None

    def prune(self) -> int:
        """Delete the messages that every consumer so far has acknowledged; how many they were."""
        with self._database.transaction() as tx:
            done = tx.execute(select(func.min(outbox_consumer.c.sequence))).scalar() or 0
            return tx.execute(delete(outbox).where(outbox.c.sequence <= done)).rowcount
