from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from dujiang.foundation.bounds import Bounds
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.errors import InvariantBroken, TooMany, Unavailable
from dujiang.store.database import Database
from dujiang.store.journal import Entry, Journal, Salvaged
from dujiang.store.journal_log import JournalLog
from dujiang.store.keyring import Keyring
from dujiang.store.manifest import JOURNAL_CURSOR, Manifest
from dujiang.store.tables import journal_entry

MOMENT = datetime(2026, 11, 11, 2, 0, 0, 123456, tzinfo=UTC)


def entry(number: int = 0, events: int = 1) -> Entry:
    return Entry("web", "key_1", MOMENT, "/v1/batch", "application/json", f"body {number}".encode(), events)


def entries(number: int) -> list[Entry]:
    return [entry(each) for each in range(number)]


def log_of(journal: Journal) -> JournalLog:
    return journal._log


async def _append_all(journal: Journal, wanted: Sequence[Entry]) -> list[int]:
    return await asyncio.gather(*(journal.append(one) for one in wanted))


def test_an_entry_comes_back_as_it_was_sent(journal: Journal) -> None:
    sent = replace(entry(), body=bytes(range(256)) * 40, content_type="", events=40)
    sequence = asyncio.run(journal.append(sent))
    (row,) = journal.read(0, 1)
    assert sequence == row.sequence == 1
    assert {name: getattr(row, name) for name in asdict(sent)} == asdict(sent)


def test_an_empty_journal_has_nothing_to_read_and_verifies(journal: Journal) -> None:
    assert journal.read(0, 10) == []
    assert journal.head() == 0
    check = journal.verify()
    assert (check.ok, check.entries, check.first, check.last) == (True, 0, None, 0)


def test_concurrent_appends_are_numbered_without_gaps_in_the_order_they_were_given(journal: Journal) -> None:
    assert asyncio.run(_append_all(journal, entries(700))) == list(range(1, 701))
    assert [row.body for row in journal.read(0, 10_000)] == [f"body {number}".encode() for number in range(700)]
    assert journal.verify().entries == 700


def test_append_many_over_several_commits_is_numbered_in_order(
    database: Database, keyring: Keyring, clock: FixedClock
) -> None:
    journal = Journal.open(database, keyring, clock, bounds=Bounds(journal_commit_rows_max=7))
    assert journal.append_many(entries(23)) == list(range(1, 24))
    assert journal.append_many([]) == []
    assert journal.verify().entries == 23
    journal.close()


def test_reading_stops_once_it_has_enough_events(journal: Journal) -> None:
    journal.append_many([entry(number, events=3) for number in range(5)])
    assert [row.sequence for row in journal.read(0, 6)] == [1, 2]
    assert [row.sequence for row in journal.read(2, 4)] == [3, 4]
    assert [row.sequence for row in journal.read(3, 1)] == [4]
    assert journal.read(5, 1) == []


def test_what_was_appended_is_there_after_reopening(database: Database, keyring: Keyring, clock: FixedClock) -> None:
    first = Journal.open(database, keyring, clock)
    first.append_many(entries(3))
    first.close()
    second = Journal.open(database, keyring, clock)
    assert second.opening.ok
    assert second.append_many(entries(1)) == [4]
    second.close()


def test_pruning_keeps_the_numbers_and_the_chain(journal: Journal) -> None:
    journal.append_many(entries(10))
    assert journal.prune(6) == 6
    assert journal.prune(6) == 0
    assert [row.sequence for row in journal.read(6, 100)] == [7, 8, 9, 10]
    assert (journal.verify().ok, journal.verify().first) == (True, 7)
    assert journal.prune(99) == 4
    assert journal.append_many(entries(1)) == [11]
    assert journal.verify().ok


def test_reading_from_before_what_was_pruned_is_an_error_not_a_gap(journal: Journal) -> None:
    journal.append_many(entries(10))
    journal.prune(6)
    with pytest.raises(InvariantBroken):
        journal.read(2, 100)


@pytest.mark.parametrize(
    "column", ["source", "key_id", "path", "content_type", "received_at", "events", "body", "hash"]
)
def test_a_change_of_any_column_is_found_and_never_read(journal: Journal, column: str) -> None:
    journal.append_many(entries(5))
    changed = {"received_at": 1, "events": 9}.get(column, b"x" if column in ("body", "hash") else "x")
    with log_of(journal).writing() as tx:
        tx.execute(update(journal_entry).where(journal_entry.c.sequence == 3).values({column: changed}))
    (problem,) = journal.verify().problems
    assert (problem.code, problem.values) == ("journal.damaged", {"sequence": 3})
    assert [row.sequence for row in journal.read(0, 100)] == [1, 2]
    with pytest.raises(InvariantBroken, match="entry 3"):
        journal.read(2, 100)


def test_a_missing_row_is_found(journal: Journal) -> None:
    journal.append_many(entries(5))
    with log_of(journal).writing() as tx:
        tx.execute(delete(journal_entry).where(journal_entry.c.sequence == 3))
    codes = [problem.code for problem in journal.verify().problems]
    assert codes == ["journal.entries_missing", "journal.damaged"]


def test_two_rows_that_changed_places_are_found(journal: Journal) -> None:
    journal.append_many(entries(5))
    with log_of(journal).writing() as tx:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            tx.execute(update(journal_entry).where(journal_entry.c.sequence == old).values(sequence=new))
    assert [problem.values["sequence"] for problem in journal.verify().problems] == [3]


def test_an_end_that_the_store_has_passed_is_found_and_nothing_more_is_accepted(
    database: Database, keyring: Keyring, clock: FixedClock
) -> None:
    journal = Journal.open(database, keyring, clock)
    journal.append_many(entries(5))
    with database.transaction() as tx:
        Manifest(database).set_cursor(tx, JOURNAL_CURSOR, 5)
    with log_of(journal).writing() as tx:
        tx.execute(delete(journal_entry).where(journal_entry.c.sequence > 3))
    journal.close()
    reopened = Journal.open(database, keyring, clock)
    assert [problem.code for problem in reopened.opening.problems] == ["journal.behind_store"]
    assert not reopened.accepts
    assert "ends at entry 3" in reopened.opening.problems[0].text()
    with pytest.raises(Unavailable) as caught:
        asyncio.run(reopened.append(entry()))
    assert caught.value.code == "journal.damaged"
    assert [row.sequence for row in reopened.read(0, 100)] == [1, 2, 3]
    reopened.close()


def test_a_full_queue_refuses_and_what_it_took_is_kept(database: Database, keyring: Keyring, clock: FixedClock) -> None:
    journal = Journal.open(database, keyring, clock, bounds=Bounds(journal_queue_rows_max=4))

    async def overfill() -> list[int | BaseException]:
        with log_of(journal)._writer:  # the disk is busy: nothing leaves the queue but the batch being written
            waiting = [asyncio.ensure_future(journal.append(entry(number))) for number in range(20)]
            await asyncio.sleep(0)
        return await asyncio.gather(*waiting, return_exceptions=True)

    outcomes = asyncio.run(overfill())
    refused = [outcome for outcome in outcomes if isinstance(outcome, TooMany)]
    kept = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert {error.code for error in refused} == {"journal.busy"}
    assert len(refused) + len(kept) == 20
    assert refused
    assert kept == list(range(1, journal.head() + 1))
    journal.close()


def test_a_queue_is_bounded_in_bytes_too(database: Database, keyring: Keyring, clock: FixedClock) -> None:
    journal = Journal.open(database, keyring, clock, bounds=Bounds(journal_queue_bytes_max=1_000))

    async def overfill() -> list[int | BaseException]:
        with log_of(journal)._writer:
            big = [replace(entry(), body=b"x" * 600) for _ in range(6)]
            waiting = [asyncio.ensure_future(journal.append(one)) for one in big]
            await asyncio.sleep(0)
        return await asyncio.gather(*waiting, return_exceptions=True)

    outcomes = asyncio.run(overfill())
    assert any(isinstance(outcome, TooMany) for outcome in outcomes)
    assert journal.head() == sum(isinstance(outcome, int) for outcome in outcomes)
    journal.close()


def test_closing_writes_what_waits(database: Database, keyring: Keyring, clock: FixedClock) -> None:
    journal = Journal.open(database, keyring, clock)

    async def append_then_close() -> list[int]:
        waiting = [asyncio.ensure_future(journal.append(one)) for one in entries(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(journal._writer.close)
        return await asyncio.gather(*waiting)

    assert asyncio.run(append_then_close()) == list(range(1, 51))
    with pytest.raises(Unavailable, match="closed"):
        asyncio.run(journal.append(entry()))
    journal.close()


def test_the_body_lies_sealed(journal: Journal) -> None:
    journal.append_many([replace(entry(), body=b"CANARY-13800000000 " * 20)])
    with log_of(journal).engine.connect() as connection:
        body = connection.execute(text("SELECT body FROM journal_entry")).scalar_one()
    assert b"CANARY" not in body
    assert b"13800000000" not in body


_CHILD = textwrap.dedent("""
    import asyncio, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from dujiang.foundation.clock import SystemClock
    from dujiang.store.journal import Entry, Journal, Salvaged
    from dujiang.store.keyring import Keyring
    url, keys, name, number = sys.argv[1:]
    journal = Journal.open(url, Keyring.open(Path(keys)), SystemClock())
    at = datetime(2026, 11, 11, tzinfo=UTC)
    async def run():
        make = lambda n: Entry(name, "k", at, "/", "", str(n).encode(), 1)
        await asyncio.gather(*(journal.append(make(n)) for n in range(int(number) // 2)))
        for n in range(int(number) // 2, int(number)):
            await journal.append(make(n))
    asyncio.run(run())
    journal.close()
""")


def test_several_processes_append_to_one_chain(database_url: str, tmp_path: Path, clock: FixedClock) -> None:
    keys, number = tmp_path / "keys", 60
    children = [
        subprocess.Popen([sys.executable, "-c", _CHILD, database_url, str(keys), name, str(number)]) for name in "abc"
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    keyring = Keyring.open(keys)
    journal = Journal.open(database_url, keyring, clock)
    rows = journal.read(0, 10_000)
    assert [row.sequence for row in rows] == list(range(1, 3 * number + 1))
    for name in "abc":
        assert [int(row.body) for row in rows if row.source == name] == list(range(number))
    assert journal.verify().ok
    journal.close()
    keyring.close()


def test_moments_are_kept_to_the_microsecond(journal: Journal) -> None:
    moments = [MOMENT + timedelta(microseconds=step) for step in range(3)]
    journal.append_many([replace(entry(), received_at=moment) for moment in moments])
    assert [row.received_at for row in journal.read(0, 10)] == moments


def test_one_odd_request_does_not_fail_those_that_share_its_commit(journal: Journal) -> None:
    odd = [
        replace(entry(), path="/a\0b"),
        replace(entry(), content_type="text/\ud800x"),
        replace(entry(), path="/茶😀"),
    ]
    assert asyncio.run(_append_all(journal, [entry(), *odd, entry()])) == [1, 2, 3, 4, 5]
    rows = journal.read(0, 10)
    assert [rows[1].path, rows[2].content_type, rows[3].path] == ["/a\ufffdb", "text/\ufffdx", "/茶😀"]
    assert journal.verify().ok


def test_a_moment_without_a_zone_is_refused_before_it_waits(journal: Journal) -> None:
    naive = replace(entry(), received_at=datetime(2026, 11, 11))  # noqa: DTZ001 - that is the point

    async def append_both() -> list[int | BaseException]:
        return await asyncio.gather(journal.append(entry()), journal.append(naive), return_exceptions=True)

    good, bad = asyncio.run(append_both())
    assert good == 1
    assert isinstance(bad, TypeError)


def _salvage(journal: Journal, tmp_path: Path, passed: int = 0, refused: Sequence[bytes] = ()) -> Salvaged:
    return journal.salvage(tmp_path / "aside.jsonl", passed=passed, loadable=lambda row: row.body not in refused)


@pytest.mark.parametrize("column", ["source", "received_at", "events", "hash"])
def test_salvage_restores_a_row_whose_body_still_opens(journal: Journal, tmp_path: Path, column: str) -> None:
    journal.append_many(entries(5))
    changed = {"received_at": 1, "events": 9, "hash": b"x"}.get(column, "x")
    with log_of(journal).writing() as tx:
        tx.execute(update(journal_entry).where(journal_entry.c.sequence == 3).values({column: changed}))
    done = _salvage(journal, tmp_path)
    assert (done.kept, done.restored, done.aside, done.missing, done.file) == (4, 1, 0, 0, None)
    assert [row.body for row in journal.read(done.begins_after, 100)] == [one.body for one in entries(5)]
    assert journal.verify(done.begins_after).ok
    assert journal.append_many([entry(5)]) == [11]


def test_salvage_puts_aside_what_cannot_be_read(journal: Journal, tmp_path: Path) -> None:
    journal.append_many(entries(6))
    with log_of(journal).writing() as tx:
        tx.execute(update(journal_entry).where(journal_entry.c.sequence == 2).values(body=b"flipped"))
        tx.execute(update(journal_entry).where(journal_entry.c.sequence == 4).values(source="other"))
    done = _salvage(journal, tmp_path, refused=[entry(3).body])
    assert (done.kept, done.restored, done.aside, done.missing) == (4, 0, 2, 0)
    assert [row.body for row in journal.read(done.begins_after, 100)] == [entry(n).body for n in (0, 2, 4, 5)]
    aside = [json.loads(line) for line in (tmp_path / "aside.jsonl").read_text("utf-8").splitlines()]
    assert [(one["sequence"], one["source"]) for one in aside] == [(2, "web"), (4, "other")]
    assert b"body 3" not in (tmp_path / "aside.jsonl").read_bytes()


def test_salvage_counts_what_is_nowhere_and_never_gives_a_number_twice(
    database: Database, keyring: Keyring, clock: FixedClock, tmp_path: Path
) -> None:
    journal = Journal.open(database, keyring, clock)
    journal.append_many(entries(8))
    with log_of(journal).writing() as tx:
        tx.execute(delete(journal_entry).where(journal_entry.c.sequence.in_([4, 8])))
    done = _salvage(journal, tmp_path, passed=2)
    lost = 2 if journal._witness else 1  # without a witness nobody knows of an end that is gone
    assert (done.kept, done.restored, done.missing) == (3, 1, lost)
    assert done.begins_after == (8 if journal._witness else 7)
    assert [row.sequence for row in journal.read(done.begins_after, 100)] == [
        done.begins_after + n for n in (1, 2, 3, 4)
    ]
    journal.close()
    reopened = Journal.open(database, keyring, clock)
    assert reopened.accepts
    reopened.close()


def test_a_salvage_done_again_changes_nothing_but_numbers(journal: Journal, tmp_path: Path) -> None:
    journal.append_many(entries(3))
    first = _salvage(journal, tmp_path)
    again = _salvage(journal, tmp_path)
    assert (first.kept, again.kept, again.restored, again.missing) == (3, 3, 0, 0)
    assert [row.body for row in journal.read(again.begins_after, 100)] == [one.body for one in entries(3)]
