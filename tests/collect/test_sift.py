from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.collect.archive import Archive
from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.collect.sift import Settled, Sift
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.errors import InvariantBroken
from dujiang.foundation.facts import FAMILIES
from dujiang.store.database import Database
from dujiang.store.manifest import Manifest

NOW = datetime(2026, 11, 11, 12, 30, tzinfo=UTC)


class NoOne:
    """Identity is not asked here."""

    def resolve(self, con: object, *, full: bool) -> None:
        raise AssertionError


@dataclass
class House:
    """The parts that a sift works with."""

    sift: Sift
    refresher: Refresher
    manifest: Manifest
    archive: Archive
    clock: FixedClock

    def batch(self, name: str, *chunks: dict[str, pa.Table]) -> Settled:
        with self.sift.open(name) as sieve:
            for chunk in chunks:
                sieve.add(chunk)
            settled = sieve.settle()
        self.refresher.load((part.family, self.archive.read(part)) for part in settled.parts)
        return settled


def build(folder: Path) -> House:
    clock = FixedClock(NOW)
    db = Database.open(f"sqlite:///{folder / 'dujiang.db'}")
    engine = Engine.open(folder / "engine" / "dujiang.duckdb", memory_mb=512, threads=1)
    archive, manifest = Archive(folder / "archive"), Manifest(db)
    refresher = Refresher(engine, NoOne(), IdentifierTypes.of(), ZoneInfo("Asia/Shanghai"), 30)
    return House(Sift(engine, archive, manifest, db, clock, 30), refresher, manifest, archive, clock)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = build(tmp_path)
    yield made
    made.sift.engine.close()
    made.sift.db.close()


def facts(family: str, rows: list[tuple[int, int]], *, source: str = "web", received: datetime = NOW) -> pa.Table:
    """A staged table of (key, content) rows, everything else empty."""
    schema = pa.schema([*(f for f in FAMILIES[family] if f.name not in ("seq", "batch")), pa.field("line", pa.int64())])
    filled = [
        {"key": key, "content": content, "source": source, "channel": "site", "at": received, "received_at": received}
        | {"identifiers": [], "properties": "{}", "line": line, "order_no": str(key), "shop": ""}
        for line, (key, content) in enumerate(rows)
    ]
    return pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in filled], schema=schema)


def counted(settled: Settled) -> list[tuple[int, int, int, int, int]]:
    return [(c.received, c.accepted, c.rejected, c.duplicate, c.conflict) for c in settled.counts]


def test_new_facts_get_consecutive_places_and_are_read_back_as_written(house: House) -> None:
    settled = house.batch("a", {"event": facts("event", [(1, 10), (2, 20)])})
    table = house.archive.read(settled.parts[0])
    assert table["seq"].to_pylist() == [1, 2]
    assert table["key"].to_pylist() == [1, 2]
    assert table["batch"].to_pylist() == ["a", "a"]


def test_an_event_that_came_before_is_a_duplicate_and_one_with_another_body_a_conflict(house: House) -> None:
    house.batch("a", {"event": facts("event", [(1, 10), (2, 20)])})
    settled = house.batch("b", {"event": facts("event", [(1, 10), (2, 99), (3, 30)])})
    assert counted(settled) == [(3, 1, 0, 2, 1)]
    assert settled.new == {"event": 1}


def test_within_one_chunk_the_first_of_a_key_wins(house: House) -> None:
    settled = house.batch("a", {"event": facts("event", [(1, 10), (1, 10), (1, 11)])})
    assert counted(settled) == [(3, 1, 0, 2, 1)]


def test_a_key_of_an_earlier_chunk_of_the_batch_is_remembered(house: House) -> None:
    chunk = {"event": facts("event", [(1, 10)])}
    assert counted(house.batch("a", chunk, chunk)) == [(2, 1, 0, 1, 0)]


def test_after_the_window_the_same_message_id_is_a_new_event(house: House) -> None:
    house.batch("a", {"event": facts("event", [(1, 10)])})
    house.clock.advance(timedelta(days=31))
    settled = house.batch("b", {"event": facts("event", [(1, 10)], received=house.clock.now())})
    assert settled.new == {"event": 1}


def test_an_order_in_a_new_state_is_a_version_and_in_an_old_one_a_duplicate(house: House) -> None:
    house.batch("a", {"order": facts("order", [(1, 10)])})
    assert house.batch("b", {"order": facts("order", [(1, 11)])}).new == {"order": 1}
    assert house.batch("c", {"order": facts("order", [(1, 10), (1, 11)])}).new == {"order": 0}


def test_a_row_with_facts_of_two_families_counts_once(house: House) -> None:
    chunk = {"order": facts("order", [(1, 10), (2, 20)]), "order_line": facts("order_line", [(7, 70), (8, 80)])}
    assert counted(house.batch("a", chunk)) == [(2, 2, 0, 0, 0)]
    renewed = {"order": facts("order", [(1, 10), (2, 20)]), "order_line": facts("order_line", [(7, 71), (8, 80)])}
    assert counted(house.batch("b", renewed)) == [(2, 1, 0, 1, 0)]


def test_after_an_undo_the_same_facts_are_new_again(house: House) -> None:
    house.batch("a", {"event": facts("event", [(1, 10)])})
    with house.sift.db.transaction() as tx:
        house.manifest.retract(tx, "a", NOW)
    house.refresher.retract(["a"])
    assert house.batch("b", {"event": facts("event", [(1, 10)])}).new == {"event": 1}


def test_what_is_not_settled_leaves_no_file(house: House) -> None:
    with pytest.raises(RuntimeError), house.sift.open("a") as sieve:
        sieve.add({"event": facts("event", [(1, 10)])})
        raise RuntimeError
    assert list(house.archive.folder.rglob("*.parquet")) == []
    assert house.manifest.parts() == []


def test_a_file_that_no_manifest_names_is_swept_away(house: House) -> None:
    settled = house.batch("a", {"event": facts("event", [(1, 10)])})
    stray = house.archive.folder / "event" / "stray.parquet"
    stray.write_bytes(b"half a file")
    assert house.archive.sweep(house.manifest.parts()) == 1
    assert not stray.exists()
    assert house.archive.read(settled.parts[0]).num_rows == 1


def test_a_damaged_part_is_refused(house: House) -> None:
    part = house.batch("a", {"event": facts("event", [(1, 10)])}).parts[0]
    file = house.archive.folder / part.file
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(InvariantBroken) as caught:
        house.archive.read(part)
    assert caught.value.code == "archive.damaged"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), max_size=8), max_size=5))
def test_received_is_accepted_and_duplicate_whatever_comes(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, int]]]
) -> None:
    house = build(tmp_path_factory.mktemp("house"))
    try:
        first: dict[int, int] = {}
        for number, rows in enumerate(batches):
            new = 0
            for key, content in rows:  # the rule, said slowly
                new += key not in first
                first.setdefault(key, content)
            settled = house.batch(f"b{number}", {"event": facts("event", rows)})
            assert settled.new.get("event", 0) == new
            assert sum(count.received for count in settled.counts) == len(rows)
            assert sum(count.accepted for count in settled.counts) == new
    finally:
        house.sift.engine.close()
        house.sift.db.close()
