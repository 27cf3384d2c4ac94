"""Killed at any step, a due report is delivered once: one message, one delivery, its files whole, and nothing left over."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import load_yaml
from dujiang.workspace import Workspace

DUE = datetime(2026, 11, 23, 1, tzinfo=UTC)  # 09:00 in Shanghai
DAILY = """
kind: question
name: sales
spec: {question: {type: metric, metrics: [gmv], period: {preset: last7}}}
---
kind: report
name: daily
spec: {questions: [sales], when: {every: day, at: "09:00"}}
"""
_CHILD = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from dujiang.api.app import WORK
from dujiang.console import reports
from dujiang.foundation.clock import FixedClock
from dujiang.store.deliveries import Deliveries
from dujiang.store.jobs import Jobs
from dujiang.workspace import Workspace, postroom
from dujiang.workspace.worker import Worker

folder, moment, step = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), sys.argv[3]
places = {
    "queued": (Deliveries, "queue"), "taken": (Jobs, "take"), "asked": (reports, "write"), "written": (reports, "files"),
    "kept": (postroom.Postroom, "_keep"), "complete": (Deliveries, "complete"), "finished": (Jobs, "finish"),
}

def killed_after(act):
    def instead(*args, **more):
        found = act(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)
        return found
    return instead

if step == "half kept":  # between two files
    sync, count = os.fsync, iter(range(100))
    def instead(handle):
        sync(handle)
        if postroom_is_writing() and next(count) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    def postroom_is_writing():
        return any(folder.joinpath("reports").glob(".files_*"))
    os.fsync = instead
elif step in places:
    owner, name = places[step]
    setattr(owner, name, killed_after(getattr(owner, name)))
workspace = Workspace.open(folder, clock=FixedClock(moment))
worker = Worker(workspace, WORK)
workspace.postroom.queue_due()
while job := workspace.jobs.take("child", ("report",)):
    worker.run(job)
workspace.close()
"""
STEPS = ("queued", "half kept", "kept", "complete", "taken", "asked", "written", "finished")


def work(folder: Path, moment: datetime, step: str) -> int:
    """Open the brand in a process of its own and do what is due; how it ended (-9: killed)."""
    command = [sys.executable, "-c", _CHILD, str(folder), moment.isoformat(), step]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode


@pytest.fixture
def brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(tmp_path / "keys"))
    clock = FixedClock(DUE - timedelta(hours=1))
    with Workspace.create(tmp_path / "brand", clock=clock) as workspace:
        workspace.definitions.apply(workspace.definitions.plan(load_yaml(DAILY)), actor="test")
        workspace.refresh()
    return tmp_path / "brand"


@pytest.mark.parametrize("step", [STEPS[0], *(pytest.param(one, marks=pytest.mark.slow) for one in STEPS[1:])])
def test_a_report_is_delivered_once_whenever_its_process_is_killed(brand: Path, step: str) -> None:
    assert work(brand, DUE, step) == -9
    later = DUE + timedelta(minutes=5)  # the work of a dead process is taken up when its lease has run out
    assert work(brand, later, "") == 0
    with Workspace.open(brand, clock=FixedClock(later)) as workspace:
        told = [one.payload["due"] for one in workspace.outbox.read("test", 1000) if one.topic == "report.ready"]
        assert told == [DUE.isoformat()]
        (found,) = workspace.postroom.list("daily")
        assert (found.state, found.due) == ("delivered", DUE)
        for file in found.files:
            assert len(workspace.postroom.read(found.id, file.name)) == file.bytes
        assert [one.name for one in workspace.layout.reports.iterdir()] == [found.folder]
        assert workspace.postroom.queue_due() == []


@pytest.mark.slow
def test_twenty_days_of_kills_deliver_twenty_reports(brand: Path) -> None:
    """A process that is killed at another step every day."""
    days = [DUE + timedelta(days=number) for number in range(20)]
    for number, day in enumerate(days):
        work(brand, day, STEPS[number % len(STEPS)])
        assert work(brand, day + timedelta(minutes=5), "") == 0
    with Workspace.open(brand, clock=FixedClock(days[-1] + timedelta(hours=1))) as workspace:
        told = Counter(
            one.payload["due"] for one in workspace.outbox.read("test", 10_000) if one.topic == "report.ready"
        )
        assert told == Counter(day.isoformat() for day in days)
