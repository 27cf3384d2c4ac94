from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from dujiang.foundation.errors import Conflict, NotFound
from dujiang.store.database import Database
from dujiang.store.manifest import Batch, Count, DeadLetter, Manifest, Part
from dujiang.store.tables import manifest as table

NOW = datetime(2026, 11, 11, 2, tzinfo=UTC)
HOUR = datetime(2026, 11, 11, 1, tzinfo=UTC)


def part(archive: Path, name: str, batch: str, first: int = 1, rows: int = 5) -> Part:
    content = name.encode()
    (archive / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return Part("event", date(2026, 11, 11), name, rows, first, first + rows - 1, digest, batch)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def filled(database: Database, manifest: Manifest, archive: Path) -> list[Part]:
    parts = [part(archive, "a", "one"), part(archive, "b", "one", 6), part(archive, "c", "two", 11)]
    with database.transaction() as tx:
        manifest.add_parts(tx, parts[:2])
        manifest.add_parts(tx, parts[2:])
    return parts


def letter(index: int = 0, **changes: object) -> DeadLetter:
    made = DeadLetter(
        "web", NOW, "event.no_name", "/event", "No name in {field}.", b"sealed", "key_1", "/v1/track", 7, index,
        {"field": "event"},
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_parts_come_back_in_order(manifest: Manifest, filled: list[Part], archive: Path) -> None:
    assert manifest.parts() == filled
    check = manifest.verify(archive)
    assert (check.ok, check.parts, check.rows) == (True, 3, 15)


def test_parts_of_a_transaction_that_is_undone_are_not_there(
    database: Database, manifest: Manifest, archive: Path
) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        manifest.add_parts(tx, [part(archive, "a", "one")])
        raise ZeroDivisionError
    assert manifest.parts() == []


def test_a_retracted_batch_is_out_until_it_is_restored(
    database: Database, manifest: Manifest, filled: list[Part], archive: Path
) -> None:
    with database.transaction() as tx:
        manifest.retract(tx, "one", NOW)
    assert manifest.parts() == filled[2:]
    assert manifest.parts(include_retracted=True) == filled
    assert manifest.batches() == [Batch("one", 2, 10, True, NOW), Batch("two", 1, 5, False, None)]
    later = NOW + timedelta(hours=1)
    with database.transaction() as tx:
        manifest.restore(tx, "one", later)
    assert manifest.parts() == filled
    assert manifest.batches()[0] == Batch("one", 2, 10, False, later)
    assert manifest.verify(archive).ok


def test_undoing_twice_and_restoring_what_is_in_are_refused(
    database: Database, manifest: Manifest, filled: list[Part]
) -> None:
    with pytest.raises(Conflict) as caught, database.transaction() as tx:
        manifest.restore(tx, "one", NOW)
    assert caught.value.code == "batch.not_retracted"
    with database.transaction() as tx:
        manifest.retract(tx, "one", NOW)
    with pytest.raises(Conflict) as caught, database.transaction() as tx:
        manifest.retract(tx, "one", NOW)
    assert caught.value.code == "batch.retracted"
    with pytest.raises(NotFound), database.transaction() as tx:
        manifest.retract(tx, "unknown", NOW)


@pytest.mark.parametrize("change", [{"rows": 6}, {"sha256": "0" * 64}, {"batch": "x"}, {"day": date(2026, 11, 12)}])
def test_a_changed_row_breaks_the_chain(
    database: Database, manifest: Manifest, filled: list[Part], archive: Path, change: dict[str, object]
) -> None:
    with database.transaction() as tx:
        tx.execute(update(table).where(table.c.number == 2).values(change))
    assert manifest.verify(archive).problems[0].values == {"place": 2}


def test_a_removed_row_breaks_the_chain(
    database: Database, manifest: Manifest, filled: list[Part], archive: Path
) -> None:
    with database.transaction() as tx:
        tx.execute(delete(table).where(table.c.number == 1))
    assert manifest.verify(archive).problems[0].code == "archive.manifest_broken"


def test_missing_and_changed_files_are_named(manifest: Manifest, filled: list[Part], archive: Path) -> None:
    (archive / "a").unlink()
    (archive / "c").write_bytes(b"C")
    problems = manifest.verify(archive).problems
    assert [(one.code, one.values["file"]) for one in problems] == [
        ("archive.file_missing", "a"),
        ("archive.file_changed", "c"),
    ]


def test_cursors_start_at_zero_and_are_undone_with_their_transaction(database: Database, manifest: Manifest) -> None:
    with database.transaction() as tx:
        assert manifest.cursor(tx, "journal") == 0
        manifest.set_cursor(tx, "journal", 5)
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        manifest.set_cursor(tx, "journal", 9)
        raise ZeroDivisionError
    with database.read() as rx:
        assert manifest.cursor(rx, "journal") == 5


def test_positions_are_given_out_once_even_to_threads_at_the_same_time(database: Database, manifest: Manifest) -> None:
    given: list[int] = []

    def reserve() -> None:
        for _ in range(10):
            with database.transaction() as tx:
                first = manifest.next_seq(tx, 3)
            given.extend(range(first, first + 3))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 121))
    assert manifest.last_seq() == 120


_counts = st.lists(
    st.builds(
        Count, st.sampled_from(["web", "app"]), st.integers(0, 2).map(lambda hours: HOUR + timedelta(hours=hours)),
        *[st.integers(0, 5)] * 5,
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(added=_counts)
def test_counts_add_up(sqlite_database: Database, added: list[Count]) -> None:
    manifest = Manifest(sqlite_database)
    before = {(one.source, one.hour): one for one in manifest.counts()}
    with sqlite_database.transaction() as tx:
        manifest.add_counts(tx, added)
    after = manifest.counts()
    for name in ("received", "accepted", "rejected", "duplicate", "conflict"):
        was = sum(getattr(one, name) for one in before.values())
        assert sum(getattr(one, name) for one in after) == was + sum(getattr(one, name) for one in added)
    assert {(one.source, one.hour) for one in after} == before.keys() | {(one.source, one.hour) for one in added}


def test_counts_are_found_by_source_and_period(database: Database, manifest: Manifest) -> None:
    early, late = Count("web", HOUR, 5, 3, 1, 1, 0), Count("web", HOUR + timedelta(hours=1), 2, 2, 0, 0, 0)
    other = Count("app", HOUR, 1, 1, 0, 0, 0)
    with database.transaction() as tx:
        manifest.add_counts(tx, [late, early, other])
        manifest.add_counts(tx, [early])
    assert manifest.counts() == [other, Count("web", HOUR, 10, 6, 2, 2, 0), late]
    assert manifest.counts("web", start=HOUR + timedelta(hours=1)) == [late]
    assert manifest.counts(end=HOUR) == []


def test_a_letter_is_kept_once_and_comes_back_whole(database: Database, manifest: Manifest) -> None:
    with database.transaction() as tx:
        assert manifest.add_dead_letters(tx, [letter(0), letter(1)]) == 2
    with database.transaction() as tx:
        assert manifest.add_dead_letters(tx, [letter(1), letter(2)]) == 1
    rows = manifest.dead_letters.list()
    assert [row.letter for row in rows] == [letter(2), letter(1), letter(0)]
    assert {(row.state, row.note, row.changed_at) for row in rows} == {("open", "", None)}
    assert manifest.dead_letters.get(rows[0].id) == rows[0]


def test_letters_are_filtered_and_paged(database: Database, manifest: Manifest) -> None:
    with database.transaction() as tx:
        manifest.add_dead_letters(tx, [letter(0), letter(1, source="app"), letter(2, reason_code="event.bad_time")])
    letters = manifest.dead_letters
    assert [row.letter.index for row in letters.list(source="web")] == [2, 0]
    assert [row.letter.index for row in letters.list(reason_code="event.bad_time")] == [2]
    first = letters.list(limit=2)
    assert [row.letter.index for row in letters.list(before=first[-1].id)] == [0]
    assert [(group.source, group.letters) for group in letters.groups()] == [("app", 1), ("web", 1), ("web", 1)]


def test_a_letter_is_dealt_with_once(database: Database, manifest: Manifest) -> None:
    with database.transaction() as tx:
        manifest.add_dead_letters(tx, [letter(0), letter(1)])
    newest, oldest = manifest.dead_letters.list()
    with database.transaction() as tx:
        assert manifest.dead_letters.mark(tx, [newest.id], "fixed", at=NOW, note="rule 1") == 1
    with pytest.raises(Conflict) as caught, database.transaction() as tx:
        manifest.dead_letters.mark(tx, [oldest.id, newest.id], "discarded", at=NOW)
    assert (caught.value.code, caught.value.values) == ("dead_letter.not_open", {"others": 1})
    assert [(row.state, row.note) for row in manifest.dead_letters.list()] == [("fixed", "rule 1"), ("open", "")]
    with pytest.raises(NotFound):
        manifest.dead_letters.get(999)
