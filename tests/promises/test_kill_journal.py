"""Killed at any moment, hindered by a failing disk, or with a flipped bit: no acknowledged entry is lost unseen."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dujiang.foundation.clock import FixedClock, SystemClock
from dujiang.foundation.errors import DujiangError, InvariantBroken, Unavailable
from dujiang.store.journal import Entry, Journal
from dujiang.store.keyring import Keyring

_CHILD = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from dujiang.foundation.clock import SystemClock
from dujiang.foundation.errors import DujiangError
from dujiang.store.journal import Entry, Journal
from dujiang.store.keyring import Keyring
url, keys, tasks, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
journal = Journal.open(url, Keyring.open(keys), SystemClock())
at, name = datetime(2026, 11, 11, tzinfo=UTC), os.getpid()
async def work(task):
    for each in range(number):
        body = b"%d-%d-%d" % (name, task, each)
        try:
            sequence = await journal.append(Entry("web", "k", at, "/", "", body, 1))
        except DujiangError as error:
            os.write(1, b"refused %s\\n" % error.code.encode())
        else:
            os.write(1, b"ack %d %s\\n" % (sequence, body))
async def run():
    await asyncio.gather(*(work(task) for task in range(tasks)))
os.write(1, b"ready\\n")
asyncio.run(run())
"""


def child(url: str, keys: Path, tasks: int, number: int, *before: str) -> subprocess.Popen[bytes]:
    command = [*before, sys.executable, "-c", _CHILD, url, str(keys), str(tasks), str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def acks_in(lines: bytes) -> dict[int, bytes]:
    # A line that the kill cut short was not heard by anyone.
    whole = [line.split() for line in lines.split(b"\n")[:-1] if line.startswith(b"ack ")]
    return {int(sequence): body for _ack, sequence, body in whole}


def kept_in(url: str, keyring: Keyring, *, after: int = 0) -> dict[int, bytes]:
    journal = Journal.open(url, keyring, SystemClock())
    try:
        assert journal.opening.problems == ()
        assert journal.verify().problems == ()
        return {row.sequence: row.body for row in journal.read(after, 10_000_000)}
    finally:
        journal.close()


def kill_often(url: str, tmp_path: Path, times: int, seed: int) -> int:
    keys, rng, total, checked = tmp_path / "keys", random.Random(seed), 0, 0
    keyring = Keyring.open(keys)
    for _ in range(times):
        process = child(url, keys, tasks=rng.choice((1, 8, 40)), number=100_000)
        assert process.stdout is not None
        heard = b"".join(process.stdout.readline() for _ in range(rng.randrange(1, 400)))
        process.kill()
        acknowledged = acks_in(heard + process.stdout.read())
        process.wait()
        process.stdout.close()
        kept = kept_in(url, keyring, after=checked)
        assert {sequence: kept.get(sequence) for sequence in acknowledged} == acknowledged
        total, checked = total + len(acknowledged), max(kept, default=checked)
    assert len(kept_in(url, keyring)) == checked
    keyring.close()
    return total


def test_no_acknowledged_entry_is_lost_by_a_kill(database_url: str, tmp_path: Path) -> None:
    assert kill_often(database_url, tmp_path, times=3, seed=1) > 50


@pytest.mark.slow
def test_no_acknowledged_entry_is_lost_by_two_hundred_kills(sqlite_url: str, tmp_path: Path) -> None:
    assert kill_often(sqlite_url, tmp_path, times=200, seed=2) > 10_000


def fail_sync(url: str, tmp_path: Path, number: int, error: str) -> list[bytes]:
    """Let the ``number``-th sync of a process fail; what it printed."""
    inject = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"]
    inject += ["-e", f"inject=fdatasync,fsync:error={error}:when={number}"]
    process = child(url, tmp_path / "keys", 1, 8, *inject)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    return lines


def check_failed_sync(url: str, tmp_path: Path, number: int, error: str) -> None:
    lines = fail_sync(url, tmp_path, number, error)
    verdicts = [line.split()[0] for line in lines]
    first_refusal = verdicts.index(b"refused") if b"refused" in verdicts else len(verdicts)
    assert b"ack" not in verdicts[first_refusal:], "it went on after a failed sync"
    keyring = Keyring.open(tmp_path / "keys")
    kept, acknowledged = kept_in(url, keyring), acks_in(b"\n".join(lines) + b"\n")
    assert {sequence: kept.get(sequence) for sequence in acknowledged} == acknowledged
    keyring.close()


def prepared(url: str, tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path / "keys")
    Journal.open(url, keyring, SystemClock()).close()
    keyring.close()


def test_after_a_failed_sync_nothing_more_is_accepted(sqlite_url: str, tmp_path: Path) -> None:
    prepared(sqlite_url, tmp_path)
    lines = fail_sync(sqlite_url, tmp_path, 4, "EIO")
    assert b"refused journal.stopped" in lines
    check_failed_sync(sqlite_url, tmp_path, 3, "EIO")


@pytest.mark.slow
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_whichever_sync_fails_nothing_acknowledged_is_lost(sqlite_url: str, tmp_path: Path, error: str) -> None:
    prepared(sqlite_url, tmp_path)
    for number in range(1, 21):
        check_failed_sync(sqlite_url, tmp_path, number, error)


def test_a_journal_that_has_stopped_works_again_once_it_is_opened_again(
    sqlite_url: str, keyring: Keyring, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(sqlite_url, keyring, clock)
    entry = Entry("web", "k", datetime(2026, 11, 11, tzinfo=UTC), "/", "", b"x", 1)
    with monkeypatch.context() as patched:
        patched.setattr(journal._log, "append", _failing_append)
        with pytest.raises(Unavailable):
            asyncio.run(journal.append(entry))
    with pytest.raises(Unavailable) as caught:  # the disk is well again, but what it kept is not known
        asyncio.run(journal.append(entry))
    assert caught.value.code == "journal.stopped"
    assert not journal.accepts
    journal.close()
    again = Journal.open(sqlite_url, keyring, clock)
    assert asyncio.run(again.append(entry)) == 1
    again.close()


def _failing_append(_make_rows: object) -> int:
    original = sqlite3.OperationalError("disk I/O error")
    original.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    raise OperationalError("INSERT", None, original)


@pytest.fixture
def written(sqlite_url: str, keyring: Keyring, clock: FixedClock, tmp_path: Path) -> Iterator[Path]:
    """A folder with a journal as a killed process leaves it: part in the main file, part in SQLite's log."""
    journal = Journal.open(sqlite_url, keyring, clock)
    at = datetime(2026, 11, 11, tzinfo=UTC)
    bodies = [b"%d " % number + bytes(number % 50) for number in range(400)]
    for body in bodies[:300]:
        journal.append_many([Entry("web", "k", at, "/", "", body, 1)])
    with closing(sqlite3.connect(tmp_path / "store" / "journal.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for body in bodies[300:]:
        journal.append_many([Entry("web", "k", at, "/", "", body, 1)])
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("journal.db", "journal.db-wal", "journal.head"):
        shutil.copy(tmp_path / "store" / name, copy / name)
    yield copy
    journal.close()


def outcome(folder: Path, keyring: Keyring) -> str:
    """``whole`` when all 400 entries are read as they were, ``detected`` when a check or a read objects."""
    try:
        journal = Journal.open(f"sqlite:///{folder}/dujiang.db", keyring, SystemClock())
    except DujiangError:
        return "detected"
    try:
        if not journal.opening.ok or not journal.verify().ok:
            return "detected"
        rows = journal.read(0, 1_000_000)
        same = [row.body for row in rows] == [b"%d " % number + bytes(number % 50) for number in range(400)]
        return "whole" if same else "silently different"
    except InvariantBroken:
        return "detected"
    finally:
        journal.close()


def damage(written: Path, keyring: Keyring, tmp_path: Path, name: str, flips: int, seed: int) -> list[str]:
    rng, outcomes = random.Random(seed), []
    for number in range(flips):
        folder = tmp_path / f"flip{number}"
        shutil.copytree(written, folder)
        content = bytearray((folder / name).read_bytes())
        place = rng.randrange(len(content) * 8)
        content[place // 8] ^= 1 << place % 8
        (folder / name).write_bytes(content)
        outcomes.append(outcome(folder, keyring))
        shutil.rmtree(folder)
    return outcomes


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "journal.head"])
def test_a_flipped_bit_is_detected_or_harmless(written: Path, keyring: Keyring, tmp_path: Path, name: str) -> None:
    outcomes = damage(written, keyring, tmp_path, name, flips=12, seed=5)
    assert set(outcomes) <= {"whole", "detected"}
    if name != "journal.head":
        assert "detected" in outcomes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "journal.head"])
def test_many_flipped_bits_are_detected_or_harmless(written: Path, keyring: Keyring, tmp_path: Path, name: str) -> None:
    assert set(damage(written, keyring, tmp_path, name, flips=200, seed=6)) <= {"whole", "detected"}


@pytest.mark.parametrize("cut", ["journal.db", "journal.db-wal"])
def test_a_file_that_was_cut_off_is_detected(written: Path, keyring: Keyring, cut: str) -> None:
    content = (written / cut).read_bytes()
    (written / cut).write_bytes(content[: len(content) // 2])
    assert outcome(written, keyring) == "detected"


def test_a_lost_log_of_sqlite_is_detected_and_counted(written: Path, keyring: Keyring) -> None:
    (written / "journal.db-wal").unlink()
    journal = Journal.open(f"sqlite:///{written}/dujiang.db", keyring, SystemClock())
    (problem,) = journal.opening.problems
    assert (problem.code, problem.values["lost"]) == ("journal.end_lost", 100)
    assert not journal.accepts
    journal.close()
