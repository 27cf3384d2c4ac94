"""The vault: clear values behind tokens, each encrypted under the data key of the person it belongs to.

The data keys lie in the key folder, so that neither the store nor a backup of it can be read alone, and destroying a
person's key makes every copy of what the vault held of them unreadable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from dujiang.store.database import Database
from dujiang.store.keyring import Keyring, seal_with, unseal_with
from dujiang.store.tables import vault

_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class ClearValue:
    """A value in clear, on its way into the vault.

    Attributes:
        node: token of the value.
        type: identifier type.
        clear: the value, normalised.
        subject: node of the person's strongest identifier known when the value came.
    """

    node: int
    type: str
    clear: str
    subject: int


class Vault:
    """Clear values by node."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def put(self, tx: Connection, values: Iterable[ClearValue]) -> int:
        """Keep ``values`` that are not kept yet; how many they were. Doing it again changes nothing."""
        wanted = {value.node: value for value in values}
        for part in _parts(list(wanted)):
            for node in tx.execute(select(vault.c.node).where(vault.c.node.in_(part))).scalars():
                del wanted[node]
        # The keys are on disk before the values are: a value without its key would be lost.
        keys = self._keyring.create_subject_keys(value.subject for value in wanted.values())
        rows = [_sealed(value, keys[value.subject]) for value in wanted.values()]
        if rows:
            insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
            tx.execute(insert(vault).on_conflict_do_nothing(), rows)  # another writer may have been faster
        return len(rows)

    def reveal(self, nodes: Iterable[int]) -> dict[int, str]:
        """The clear values behind ``nodes``; a node that is not kept, or whose key was destroyed, is left out."""
        found: list[tuple[int, int, bytes]] = []
        with self._database.read() as rx:
            for part in _parts(list(set(nodes))):
                query = select(vault.c.node, vault.c.subject, vault.c.sealed).where(vault.c.node.in_(part))
                found += [(row.node, row.subject, row.sealed) for row in rx.execute(query)]
        keys = self._keyring.subject_keys(subject for _, subject, _ in found)
        return {
            node: unseal_with(AESGCM(keys[subject]), sealed, _bound(node)).decode()
            for node, subject, sealed in found
            if subject in keys
        }

    def reveal_all(self, type: str) -> Iterator[tuple[int, int, str]]:  # noqa: A002 - the field's own word
        """Node, subject and clear value of everything kept of ``type``, by node; what has lost its key is left out."""
        query = select(vault.c.node, vault.c.subject, vault.c.sealed).where(vault.c.type == type).order_by(vault.c.node)
        with self._database.read() as rx:
            rows = [(row.node, row.subject, row.sealed) for row in rx.execute(query)]
        for part in (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)):
            keys = self._keyring.subject_keys(subject for _, subject, _ in part)
            for node, subject, sealed in part:
                if subject in keys:
                    yield node, subject, unseal_with(AESGCM(keys[subject]), sealed, _bound(node)).decode()

    def forget(self, subjects: Iterable[int]) -> int:
        """Destroy the data keys of ``subjects`` and delete their values; the number of values deleted.

        Pass every node of the person: values kept under another of their nodes go as well. The keys go first, so that
        after a failure in between the values are unreadable at least; doing it again finishes the work.
        """
        wanted = list(set(subjects))
        self._keyring.destroy_subject_keys(wanted)
        with self._database.transaction() as tx:
            return sum(
                tx.execute(delete(vault).where(or_(vault.c.subject.in_(part), vault.c.node.in_(part)))).rowcount
                for part in _parts(wanted)
            )


def _sealed(value: ClearValue, key: bytes) -> dict[str, object]:
    sealed = seal_with(AESGCM(key), value.clear.encode(), _bound(value.node))
    return {"node": value.node, "type": value.type, "subject": value.subject, "sealed": sealed}


def _bound(node: int) -> bytes:
    # Bound to its node: a row copied over another's does not open.
    return b"vault %d" % node


def _parts(nodes: Sequence[int]) -> Iterator[Sequence[int]]:
    return (nodes[start : start + _ROWS] for start in range(0, len(nodes), _ROWS))
