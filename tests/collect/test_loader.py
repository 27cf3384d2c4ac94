from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dujiang.collect.archive import Archive
from dujiang.collect.decode import Decoded, decode
from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.collect.identifiers import Tokeniser
from dujiang.collect.loader import Load, Loader
from dujiang.collect.model import SourceSpec
from dujiang.collect.sift import Sift
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.errors import InvariantBroken
from dujiang.store.database import Database
from dujiang.store.journal import Entry, Journal, JournalRow
from dujiang.store.keyring import Keyring
from dujiang.store.manifest import Manifest
from dujiang.store.vault import Vault

NOW = datetime(2026, 11, 11, 12, 30, tzinfo=UTC)
PHONE = "13871654023"


class NoOne:
    """Identity is not asked here."""

    def resolve(self, con: object, *, full: bool) -> None:
        raise AssertionError


@dataclass
class House:
    loader: Loader
    journal: Journal
    refresher: Refresher
    archive: Archive
    keyring: Keyring

    def receive(self, *events: dict[str, object], sent_at: datetime = NOW) -> None:
        body = json.dumps({"batch": list(events), "sentAt": sent_at.isoformat()}).encode()
        entry = Entry("web", "key_1", NOW, "/v1/batch", "application/json", body, len(events))
        self.journal.append_many([entry])

    def load(self) -> Load | None:
        load = self.loader.load()
        if load:
            self.refresher.load((part.family, self.archive.read(part)) for part in load.settled.parts)
        return load

    def facts(self) -> list[tuple[str, str]]:
        with self.refresher.engine.read() as con:
            return con.execute("select message_id, name from fact_event order by seq").fetchall()


@pytest.fixture
def house(tmp_path: Path, keyring: Keyring) -> Iterator[House]:
    clock = FixedClock(NOW)
    db = Database.open(f"sqlite:///{tmp_path / 'dujiang.db'}")
    journal = Journal.open(db, keyring, clock)
    types = IdentifierTypes.of()
    engine = Engine.open(tmp_path / "engine" / "dujiang.duckdb", memory_mb=512, threads=1)
    archive, manifest = Archive(tmp_path / "archive"), Manifest(db)
    refresher = Refresher(engine, NoOne(), types, ZoneInfo("Asia/Shanghai"), 30)
    sift = Sift(engine, archive, manifest, db, clock, 30)

    def decoder(row: JournalRow, tokeniser: Tokeniser) -> Decoded:
        return decode(row, tokeniser=tokeniser, source=SourceSpec(channel="site"))

    loader = Loader(journal, manifest, db, Vault(db, keyring), sift, decoder, lambda: Tokeniser(keyring.token, types))
    yield House(loader, journal, refresher, archive, keyring)
    journal.close()
    engine.close()
    db.close()


def track(message_id: str, name: str = "Product Viewed", **fields: object) -> dict[str, object]:
    return {"type": "track", "event": name, "messageId": message_id, "anonymousId": "a1"} | fields


def test_events_go_from_the_journal_into_the_answers(house: House) -> None:
    house.receive(track("m1"), track("m2", "Order Completed"))
    load = house.load()
    assert load is not None
    assert (load.requests, load.events, load.rejected) == (1, 2, 0)
    assert [message for message, _name in house.facts()] == ["m1", "m2"]


def test_what_was_loaded_is_not_loaded_again(house: House) -> None:
    house.receive(track("m1"))
    assert house.load() is not None
    assert house.load() is None
    assert house.loader.waiting() == 0


def test_a_request_that_an_sdk_sent_twice_counts_once(house: House) -> None:
    house.receive(track("m1", timestamp=NOW.isoformat()))
    house.receive(track("m1", timestamp=NOW.isoformat()), sent_at=NOW + timedelta(seconds=9))
    load = house.load()
    assert load is not None
    assert [(c.received, c.accepted, c.duplicate, c.conflict) for c in load.settled.counts] == [(2, 1, 1, 0)]


def test_the_same_id_with_another_body_is_reported_as_a_conflict(house: House) -> None:
    house.receive(track("m1"), track("m1", "Something Else"))
    load = house.load()
    assert load is not None
    assert len(load.conflicts) == 1
    assert [(c.accepted, c.duplicate, c.conflict) for c in load.settled.counts] == [(1, 1, 1)]


def test_a_bad_event_becomes_a_dead_letter_and_the_good_ones_are_kept(house: House) -> None:
    house.receive(
        track("m1"), {"type": "track", "messageId": "m2", "timestamp": "not a time", "event": "x", "userId": "u"}
    )
    load = house.load()
    assert load is not None
    assert [(c.received, c.accepted, c.rejected) for c in load.settled.counts] == [(2, 1, 1)]
    letters = house.loader.manifest.dead_letters.list()
    assert [row.letter.field for row in letters] == ["/timestamp"]
    assert b"not a time" in letters[0].letter.original_sealed  # this decoder was given no seal


def test_no_clear_phone_reaches_archive_or_answers_but_the_vault_can_show_it(house: House) -> None:
    house.receive(track("m1", userId="u1", context={"traits": {"phone": PHONE}}, properties={"note": f"call {PHONE}"}))
    load = house.load()
    assert load is not None
    for file in house.archive.folder.rglob("*.parquet"):
        assert PHONE.encode() not in file.read_bytes()
    with house.refresher.engine.read() as con:
        ids = con.execute("select unnest(identifiers, recursive := true) from fact_event").fetchall()
    phones = [node for type_, node in ids if type_ == "mobile"]
    assert list(house.loader.vault.reveal(phones).values()) == [f"+86{PHONE}"]


def test_a_load_that_fails_before_its_commit_is_done_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.receive(track("m1"))

    def broken(*_: object) -> int:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(house.loader.manifest, "set_cursor", broken)
        with pytest.raises(RuntimeError):
            house.load()
    assert list(house.archive.folder.rglob("*.parquet")) == []
    assert house.loader.waiting() == 1
    assert house.load() is not None
    assert len(house.facts()) == 1


def test_a_crash_after_the_commit_loses_nothing(house: House) -> None:
    house.receive(track("m1"))
    assert house.loader.load() is not None  # the process dies before the engine hears of it
    missing = house.refresher.missing(house.loader.manifest.parts())
    house.refresher.load((part.family, house.archive.read(part)) for part in missing)
    assert len(house.facts()) == 1
    house.receive(track("m1"))
    load = house.load()
    assert load is not None
    assert load.settled.duplicate == {"event": 1}


def test_events_that_decoding_forgets_stop_the_load(house: House) -> None:
    house.receive(track("m1"), track("m2"))
    house.loader.decoder = lambda row, tokeniser: Decoded([], [])
    with pytest.raises(InvariantBroken) as caught:
        house.load()
    assert caught.value.code == "load.events_missing"
