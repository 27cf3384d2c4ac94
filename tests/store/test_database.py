from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from dujiang.foundation.errors import DujiangError, InvalidInput, InvariantBroken, Unavailable
from dujiang.store import database as module
from dujiang.store.database import Database
from dujiang.store.faults import as_error, fault_of
from dujiang.store.outbox import Outbox, publish


def sqlite_error(code: int) -> OperationalError:
    original = sqlite3.OperationalError("x")
    original.sqlite_errorcode = code
    return OperationalError("SELECT secret", None, original)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "postgresql://host"]
)
def test_an_address_that_is_no_store_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Database.open(url)
    assert caught.value.code == "store.bad_url"
    assert "host" not in str(caught.value)


def test_a_sqlite_store_syncs_every_commit(sqlite_database: Database) -> None:
    with sqlite_database.read() as rx:
        found = {
            name: rx.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_store_is_there_after_it_was_closed(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    with database.transaction() as tx:
        publish(tx, "t", {"茶": 1})
    database.close()
    again = Database.open(sqlite_url)
    assert Outbox(again).read("a")[0].payload == {"茶": 1}
    again.close()


def test_a_transaction_inside_another_fails_instead_of_waiting_for_ever(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.01)
    with sqlite_database.transaction() as tx:
        with pytest.raises(Unavailable) as caught, sqlite_database.transaction():
            pass
        publish(tx, "t", {})
    assert caught.value.code == "store.busy"
    assert len(Outbox(sqlite_database).read("a")) == 1


def test_after_a_disk_error_the_store_is_not_written_again(sqlite_database: Database) -> None:
    with pytest.raises(InvariantBroken) as caught, sqlite_database.transaction():
        raise sqlite_error(sqlite3.SQLITE_IOERR_FSYNC)
    assert caught.value.code == "store.broken"
    with pytest.raises(InvariantBroken), sqlite_database.transaction():
        pass
    assert Outbox(sqlite_database).read("a") == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "busy"),
        (sqlite3.SQLITE_FULL, "full"),
        (sqlite3.SQLITE_IOERR_WRITE, "broken"),
        (sqlite3.SQLITE_CORRUPT, "broken"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "readonly"),
        (sqlite3.SQLITE_ERROR, "other"),
    ],
)
def test_errors_of_sqlite_are_told_apart_and_shown_without_sql(code: int, fault: str) -> None:
    error = sqlite_error(code)
    assert fault_of(error) == fault
    if fault != "other":
        shown = as_error(fault_of(error))
        assert isinstance(shown, DujiangError)
        assert "SELECT" not in str(shown)


def test_a_full_disk_is_not_the_end_of_the_store(sqlite_database: Database) -> None:
    with pytest.raises(Unavailable) as caught, sqlite_database.transaction():
        raise sqlite_error(sqlite3.SQLITE_FULL)
    assert caught.value.code == "store.full"
    with sqlite_database.transaction() as tx:
        publish(tx, "t", {})


def test_a_mistake_in_a_statement_stays_visible_as_what_it_is(sqlite_database: Database) -> None:
    with pytest.raises(IntegrityError), sqlite_database.transaction() as tx:
        tx.execute(text("INSERT INTO cursor (name, value) VALUES ('a', NULL)"))
    with sqlite_database.transaction() as tx:
        publish(tx, "t", {})


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "dujiang.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(InvariantBroken) as caught:
        Database.open(f"sqlite:///{tmp_path}/dujiang.db")
    assert caught.value.code == "store.broken"


def test_a_server_that_is_not_there_is_reported_without_its_address() -> None:
    with pytest.raises(Unavailable) as caught:
        Database.open("postgresql+psycopg://user:hunter2@127.0.0.1:1/none")
    assert caught.value.code == "store.unreachable"
    assert "hunter2" not in str(caught.value)
