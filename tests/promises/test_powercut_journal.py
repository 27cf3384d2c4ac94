"""Acknowledged means on disk: the writes and syncs of a real process are recorded, and the files are rebuilt as a power cut
would have left them, at every acknowledgement and at every sync."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dujiang.foundation.clock import SystemClock
from dujiang.store.journal import Journal
from dujiang.store.keyring import Keyring

_CHILD = """
import asyncio, os, random, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.pool import Pool
from dujiang.foundation.clock import SystemClock
from dujiang.store.journal import Entry, Journal
from dujiang.store.keyring import Keyring
folder, rounds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
# Checkpoints come every few commits, so that many crash points lie within one.
event.listen(Pool, "connect", lambda connection, _: connection.execute("PRAGMA wal_autocheckpoint = 40"))
journal = Journal.open(f"sqlite:///{folder}/dujiang.db", Keyring.open(folder.parent / "keys"), SystemClock())
rng, at, number = random.Random(seed), datetime(2026, 11, 11, tzinfo=UTC), 0
async def append(body):
    sequence = await journal.append(Entry("web", "k", at, "/", "", body, 1))
    os.write(1, b"ack %d %s\\n" % (sequence, body[:8]))
async def run():
    global number
    for _ in range(rounds):
        bodies = []
        for _ in range(rng.choice((1, 1, 2, 5))):
            number += 1
            bodies.append(b"%08d" % number + rng.randbytes(rng.choice((20, 300, 9000))))
        await asyncio.gather(*(append(body) for body in bodies))
        if rng.random() < 0.1:
            await asyncio.to_thread(journal.prune, number - 20)
asyncio.run(run())
journal.close()
"""

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_HANDLE = re.compile(r"^\d+<((?:\\x[0-9a-f]{2})*)>")
_ACK = re.compile(rb"ack (\d+) (\d{8})")


@dataclass
class File:
    """What of a file is on disk, and what the process has written since the last sync."""

    durable: bytes = b""
    named: bool = False
    pending: list[tuple[str, int, bytes]] = field(default_factory=list)

    def after(self, done: list[tuple[str, int, bytes]]) -> bytes:
        content = bytearray(self.durable)
        for kind, offset, data in done:
            if kind == "truncate":
                content = content[:offset].ljust(offset, b"\0")
            else:
                content = content.ljust(offset, b"\0")
                content[offset : offset + len(data)] = data
        return bytes(content)

    def sync(self) -> None:
        self.durable, self.pending = self.after(self.pending), []


class Disk:
    """The journal's folder as the kernel and the platter see it."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.acknowledged: dict[int, bytes] = {}

    def crash(self, how: str, rng: random.Random) -> dict[str, bytes]:
        """The files after a power cut: with the unsynced writes lost, kept, lost here and there, or the last one torn."""
        found = {}
        for name, file in self.files.items():
            done = list(file.pending)
            if how == "lost":
                done = []
            elif how == "some":
                done = [one for one in done if rng.random() < 0.5]
            elif how == "torn" and done and done[-1][0] == "write":
                kind, offset, data = done[-1]
                done[-1] = (kind, offset, data[: rng.randrange(0, len(data) + 1, 512)])
            if file.named or how == "kept":
                found[name] = file.after(done)
        return found


def decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def whole_lines(log: Path) -> Iterator[str]:
    """The calls in the order they ended, those that another thread interrupted put together again."""
    begun: dict[str, str] = {}
    with log.open() as lines:
        for line in lines:
            if unfinished := _UNFINISHED.match(line.rstrip("\n")):
                begun[unfinished[1]] = unfinished[2]
            elif resumed := _RESUMED.match(line):
                yield f"{resumed[1]} {begun.pop(resumed[1])}{resumed[2]}"
            else:
                yield line


@dataclass(frozen=True)
class Call:
    """One call that succeeded: its name, its arguments, the file it was for, and the bytes it brought."""

    name: str
    arguments: str
    path: str
    texts: list[bytes]

    @property
    def last_number(self) -> int:
        return int(re.findall(r", (\d+)(?=,|$)", self.arguments)[-1])


def calls_of(log: Path) -> Iterator[Call]:
    for line in whole_lines(log):
        call = _CALL.match(line)
        if call is not None and int(call[4]) >= 0:
            texts = [decoded(text) for text in _TEXT.findall(call[3])]
            handle = _HANDLE.match(call[3])
            named = decoded(handle[1]) if handle else texts[0] if call[2] in ("openat", "unlink", "unlinkat") else b""
            yield Call(call[2], call[3], named.decode("utf-8", "replace"), texts)


def replay(log: Path, folder: Path, *, syncs_count: bool = True) -> Iterator[Disk]:
    """The disk at each moment worth a crash: after an acknowledgement, before and after a sync of a file."""
    disk = Disk()
    for call in calls_of(log):
        is_sync = call.name in ("fsync", "fdatasync")
        if call.name == "write" and call.texts and (acks := _ACK.findall(call.texts[0])):
            disk.acknowledged |= {int(sequence): body for sequence, body in acks}
            yield disk
        elif is_sync and call.path == str(folder):
            for file in disk.files.values():
                file.named = True
        elif is_sync and call.path in disk.files and syncs_count:
            yield disk
            disk.files[call.path].sync()
            yield disk
        elif call.path.startswith(str(folder)) and not call.path.endswith("-shm"):
            change(disk, call)


def change(disk: Disk, call: Call) -> None:
    """Do to ``disk`` what a call did to a file of the folder."""
    if call.name == "openat" and "O_CREAT" in call.arguments:
        disk.files.setdefault(call.path, File())
    elif call.name in ("unlink", "unlinkat"):
        disk.files.pop(call.path, None)
    elif call.name == "pwrite64":
        disk.files[call.path].pending.append(("write", call.last_number, call.texts[0]))
    elif call.name == "ftruncate":
        disk.files[call.path].pending.append(("truncate", call.last_number, b""))


def check_after_crash(files: dict[str, bytes], acknowledged: dict[int, bytes], keyring: Keyring, folder: Path) -> None:
    for path, content in files.items():
        (folder / Path(path).name).write_bytes(content)
    journal = Journal.open(f"sqlite:///{folder}/dujiang.db", keyring, SystemClock())
    try:
        assert journal.opening.problems == ()
        check = journal.verify()
        assert check.problems == ()
        assert check.last >= max(acknowledged, default=0)
        first = (check.first or check.last + 1) - 1
        kept = {row.sequence: row.body[:8] for row in journal.read(first, 1_000_000)}
        assert {sequence: body for sequence, body in acknowledged.items() if sequence > first} == {
            sequence: body for sequence, body in kept.items() if sequence in acknowledged
        }
        assert journal.append_many([]) == []
        assert journal.accepts
    finally:
        journal.close()
        for file in folder.iterdir():
            file.unlink()


def record(tmp_path: Path, rounds: int, seed: int) -> tuple[Path, Path]:
    folder, log = tmp_path / "store", tmp_path / "calls.log"
    calls = "openat,pwrite64,write,fsync,fdatasync,ftruncate,rename,unlink,unlinkat"
    command = ["strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "4000000", "-e", f"trace={calls}", "-o", str(log)]
    child = [sys.executable, "-c", _CHILD, str(folder), str(rounds), str(seed)]
    subprocess.run([*command, *child], check=True, stdout=subprocess.DEVNULL)
    return folder, log


def crash_everywhere(tmp_path: Path, rounds: int, seed: int, every: int) -> tuple[int, int]:
    """Record a run and crash it at each ``every``-th point in four ways; the numbers of crashes and acknowledgements."""
    folder, log = record(tmp_path, rounds, seed)
    keyring, place, rng = Keyring.open(tmp_path / "keys"), tmp_path / "after", random.Random(seed)
    place.mkdir()
    crashes = 0
    acknowledged: dict[int, bytes] = {}
    for number, disk in enumerate(replay(log, folder)):
        acknowledged = disk.acknowledged
        if number % every == seed % every:
            for how in ("lost", "kept", "some", "torn"):
                check_after_crash(disk.crash(how, rng), acknowledged, keyring, place)
                crashes += 1
    keyring.close()
    return crashes, len(acknowledged)


def test_no_acknowledged_entry_is_lost_in_a_power_cut(tmp_path: Path) -> None:
    crashes, acknowledged = crash_everywhere(tmp_path, rounds=25, seed=3, every=7)
    assert crashes >= 40
    assert acknowledged >= 40


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_acknowledged_entry_is_lost_in_any_power_cut(tmp_path: Path, seed: int) -> None:
    crashes, acknowledged = crash_everywhere(tmp_path, rounds=60, seed=seed, every=1)
    assert crashes >= 500
    assert acknowledged >= 100


def test_the_recorder_notices_a_journal_that_does_not_sync(tmp_path: Path, keyring: Keyring) -> None:
    """The test of the test: when syncs count for nothing, acknowledged entries must be missing after the crash."""
    folder, log = record(tmp_path, rounds=6, seed=1)
    *_, disk = replay(log, folder, syncs_count=False)
    (tmp_path / "after").mkdir()
    with pytest.raises(AssertionError):
        check_after_crash(disk.crash("lost", random.Random(0)), disk.acknowledged, keyring, tmp_path / "after")
