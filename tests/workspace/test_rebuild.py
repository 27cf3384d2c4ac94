"""Answers are disposable: whatever happens to them, the archive gives them back."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dujiang.engine.contract import DERIVED
from dujiang.engine.duck import EngineDamaged
from dujiang.engine.schema import fingerprint
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace

Prints = dict[str, tuple[int, int]]

NOT_PLACED = tuple(name for name in DERIVED if name not in ("identifier", "link"))
"""Tables without a position in the archive, which may have gaps after a crash."""


def prints(workspace: Workspace, tables: tuple[str, ...] = tuple(DERIVED)) -> Prints:
    with workspace.engine.read() as con:
        return fingerprint(con, tables)


def engine_file(brand: Path) -> Path:
    return brand / "engine" / "dujiang.duckdb"


def test_a_rebuild_gives_the_same_rows(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    before = prints(workspace)
    assert before["orders"][0] > 100
    assert before["visit"][0] > 100
    workspace.rebuild()
    assert prints(workspace) == before


def test_a_deleted_engine_file_comes_back_with_the_same_rows(brand: Path, opened: Callable[[], Workspace]) -> None:
    with Workspace.open(brand) as workspace:
        before = prints(workspace)
    for file in engine_file(brand).parent.iterdir():
        if file.is_file():
            file.unlink()
    assert prints(opened()) == before


@pytest.mark.parametrize("damage", ["head", "middle", "cut"])
def test_a_damaged_engine_file_is_set_aside_and_comes_back(
    brand: Path, opened: Callable[[], Workspace], damage: str
) -> None:
    with Workspace.open(brand) as workspace:
        before = prints(workspace)
    file = engine_file(brand)
    data = bytearray(file.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 3]
    else:
        start = 0 if damage == "head" else len(data) // 2
        data[start : start + 8192] = random.Random(3).randbytes(8192)
    file.write_bytes(data)
    workspace = opened()
    try:
        assert prints(workspace) == before  # set aside and rebuilt at open, or harmless
    except EngineDamaged:  # found when the damaged block is read: said loudly, never answered from
        workspace.rebuild()
        assert prints(workspace) == before


LOADER = """
import sys
from dujiang.workspace import Workspace
with Workspace.open(sys.argv[1]) as workspace:
    workspace.loader.max_events = 200
    print("ready", flush=True)
    while workspace.has_news():
        load = workspace.loader.load()
        if load:
            workspace.refreshing.take_in(load.settled)
        workspace.refreshing.refresh()
"""


def receive(workspace: Workspace, requests: int) -> None:
    """Put tracking calls of people new and known into the journal."""
    entries = []
    for number in range(requests):
        at = datetime(2026, 11, 16, 1, tzinfo=UTC).isoformat()
        events = [
            {"type": "track", "event": "Product Viewed", "messageId": f"k-{number}-{n}", "timestamp": at}
            | {"anonymousId": f"kill-{number % 40}", "userId": f"member-{(number * 7 + n) % 60}"}
            for n in range(20)
        ]
        body = json.dumps({"batch": events}).encode()
        received = datetime(2026, 11, 16, 1, tzinfo=UTC)
        entries.append(Entry("site_web", "test", received, "/v1/batch", "application/json", body, 20))
    workspace.journal.append_many(entries)


def test_a_load_killed_anywhere_ends_with_the_same_rows(brand: Path, tmp_path: Path) -> None:
    with Workspace.open(brand) as workspace:
        receive(workspace, 120)
        facts = workspace.status().facts["event"]
    rng = random.Random(20261111)
    kills = 0
    for _attempt in range(6):
        process = subprocess.Popen([sys.executable, "-c", LOADER, str(brand)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        wait = rng.uniform(0.0, 1.2)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        process.stdout.close()
    with Workspace.open(brand) as workspace:
        workspace.refresh()
        assert workspace.status().facts["event"] == facts + 120 * 20
        after = prints(workspace, NOT_PLACED)
        workspace.rebuild()
        assert prints(workspace, NOT_PLACED) == after
        assert all(finding.good for finding in workspace.doctor())
    assert kills >= 1


def test_committed_parts_that_the_engine_missed_are_loaded_at_open(
    brand: Path, opened: Callable[[], Workspace]
) -> None:
    with Workspace.open(brand) as workspace:
        receive(workspace, 5)
        assert workspace.loader.load() is not None  # the process dies before the engine hears of it
        expected = workspace.status().facts["event"]
    workspace = opened()
    with workspace.engine.read() as con:
        assert con.execute("select count(*) from fact_event").fetchone() == (expected,)


def test_a_stray_archive_file_is_removed_at_open(brand: Path, opened: Callable[[], Workspace]) -> None:
    stray = brand / "archive" / "event" / "2026-11-16" / "stray.parquet"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"half a file")
    opened()
    assert not stray.exists()


def test_only_one_process_owns_a_workspace(brand: Path, opened: Callable[[], Workspace]) -> None:
    opened()
    other = subprocess.run(
        [sys.executable, "-m", "dujiang", "status", "-w", str(brand)], capture_output=True, text=True, check=False
    )
    assert other.returncode == 1
    assert "workspace.in_use" in other.stderr
