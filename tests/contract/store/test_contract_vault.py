from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from dujiang.foundation.errors import InvariantBroken
from dujiang.store.database import Database
from dujiang.store.keyring import Keyring
from dujiang.store.tables import vault as table
from dujiang.store.vault import ClearValue, Vault

CANARY = "13900000001"


@pytest.fixture
def vault(database: Database, keyring: Keyring) -> Vault:
    return Vault(database, keyring)


def put(database: Database, vault: Vault, *values: ClearValue) -> int:
    with database.transaction() as tx:
        return vault.put(tx, values)


def test_what_was_put_is_revealed_and_putting_again_changes_nothing(database: Database, vault: Vault) -> None:
    one, two = ClearValue(1, "mobile", CANARY, 1), ClearValue(-2, "email", "tea@example.invalid", 1)
    assert put(database, vault, one, two, one) == 2
    assert put(database, vault, one, two) == 0
    assert vault.reveal([1, -2, 3]) == {1: CANARY, -2: "tea@example.invalid"}
    assert vault.reveal([]) == {}


def test_many_values_in_one_call(database: Database, vault: Vault) -> None:
    values = [ClearValue(number, "mobile", str(number), number // 2) for number in range(12_000)]
    assert put(database, vault, *values) == 12_000
    assert vault.reveal(range(12_000)) == {number: str(number) for number in range(12_000)}


def test_what_is_forgotten_is_gone_and_others_stay(database: Database, vault: Vault, keyring: Keyring) -> None:
    values = [ClearValue(1, "mobile", CANARY, 1), ClearValue(2, "email", "a", 1), ClearValue(3, "email", "b", 9)]
    put(database, vault, *values, ClearValue(4, "email", "c", 4))
    assert vault.forget([1, 3]) == 3
    assert vault.reveal([1, 2, 3, 4]) == {4: "c"}
    assert keyring.subject_keys([1, 4]).keys() == {4}
    assert vault.forget([1, 3]) == 0


def test_a_copy_of_the_store_cannot_be_read_once_the_key_is_destroyed(
    database: Database, vault: Vault, keyring: Keyring
) -> None:
    put(database, vault, ClearValue(1, "mobile", CANARY, 1))
    with database.read() as rx:
        copy = rx.execute(select(table)).one()
    vault.forget([1])
    put(database, vault, ClearValue(2, "mobile", "new", 1))  # the person comes back, and gets a new key
    with database.transaction() as tx:
        tx.execute(table.insert().values(**copy._mapping))
    with pytest.raises(InvariantBroken):
        vault.reveal([1])


def test_a_value_under_another_node_does_not_open(database: Database, vault: Vault) -> None:
    put(database, vault, ClearValue(1, "mobile", "a", 1), ClearValue(2, "mobile", "b", 1))
    with database.transaction() as tx:
        other = tx.execute(select(table.c.sealed).where(table.c.node == 2)).scalar_one()
        tx.execute(update(table).where(table.c.node == 1).values(sealed=other))
    with pytest.raises(InvariantBroken):
        vault.reveal([1])


def test_nothing_in_clear_lies_on_disk(database: Database, vault: Vault, tmp_path: Path) -> None:
    put(database, vault, ClearValue(1, "mobile", CANARY, 1))
    database.close()
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or CANARY.encode() not in file.read_bytes()
