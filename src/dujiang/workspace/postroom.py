"""The post room: queues every report that is due, and keeps the files of what was delivered.

A report counts from the moment its times came into force. Where nobody was there at several of its times, the latest alone is
made ready, and says how many it stands for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.insight.questions.reports import KIND, Report, Reports
from dujiang.store.deliveries import DeliveredFile, Deliveries, Delivery
from dujiang.store.keyring import sync_folder
from dujiang.workspace.definitions import Definitions

KEPT: Final = 100
"""So many deliveries of each report are kept."""
SCHEDULE: Final = "schedule"
"""Who wants a report at its time."""
_LOOK_AGAIN: Final = timedelta(hours=1)


class Postroom:
    """Queues, keeps and hands out deliveries of reports.

    Args:
        reports: those in force.
        deliveries: where they are recorded.
        definitions: say since when a report's times are in force.
        folder: where files are kept, a folder for each delivery.
        clock: the real one.
        zone: the brand's time zone.
    """

    def __init__(
        self,
        reports: Reports,
        deliveries: Deliveries,
        definitions: Definitions,
        folder: Path,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._reports, self._deliveries, self._definitions = reports, deliveries, definitions
        self._folder, self._clock, self._zone = folder, clock, zone
        self._changes = 0
        self._next: tuple[int, datetime] | None = None
        definitions.on_change(self._note_change)

    def queue_due(self) -> list[Delivery]:
        """Queue every active report whose time has come and that nobody has queued for it; cheap to ask every second."""
        now, changes = self._clock.now(), self._changes
        if self._next and self._next[0] == changes and now < self._next[1]:
            return []
        active = [one for one in self._reports.list() if one.definition.status == "active"]
        queued = [made for one in active if (made := self._queue(one, now))]
        coming = [one.spec.when.next_due(now, self._zone) for one in active]
        self._next = changes, min(coming, default=now + _LOOK_AGAIN)
        return queued

    def send(self, name: str, *, actor: str) -> Delivery:
        """Queue a report now, whatever its times.

        Raises:
            NotFound: ``report.unknown``.
        """
        made = self._deliveries.queue(self._reports.get(name).name, None, actor=actor)
        assert made is not None  # only a time can be taken already
        return made

    def next_due(self, report: Report) -> datetime | None:
        """When a report is sent by itself the next time; None for never."""
        return (
            report.spec.when.next_due(self._clock.now(), self._zone) if report.definition.status == "active" else None
        )

    def list(self, report: str | None = None, limit: int = 100) -> Sequence[Delivery]:
        """Deliveries (of one report), the newest first."""
        return self._deliveries.list(report, limit)

    def get(self, id: str) -> Delivery:  # noqa: A002
        """One delivery.

        Raises:
            NotFound: ``report.no_delivery``.
        """
        return self._deliveries.get(id)

    def complete(self, delivery: Delivery, files: Mapping[str, bytes], body: Mapping[str, Any]) -> bool:
        """Keep the files of a delivery and tell that it is ready; False where somebody did so before.

        Files are on disk before the delivery says that they are, so that a crash leaves files without a delivery at most;
        :meth:`sweep` removes those.
        """
        folder = self._keep(files)
        named = [asdict(DeliveredFile(name, len(data))) for name, data in files.items()]
        if self._deliveries.complete(delivery.id, folder, {**body, "files": named}):
            return True
        shutil.rmtree(self._folder / folder)
        return False

    def read(self, id: str, name: str) -> bytes:  # noqa: A002
        """One file of a delivery.

        Raises:
            NotFound: ``report.no_delivery`` or ``report.no_file``.
        """
        found = self._deliveries.get(id)
        file = self._folder / found.folder / name
        if not any(one.name == name for one in found.files) or not file.is_file():
            sentence = _("The delivery {id} has no file “{name}”.")
            raise NotFound("report.no_file", sentence, id=found.id, name=name[:80])
        return file.read_bytes()

    def sweep(self) -> int:
        """Remove what no delivery names; how many folders. Only while nothing is made ready."""
        named = self._deliveries.folders()
        strays = [one for one in self._folder.glob("*") if one.name not in named] if self._folder.is_dir() else []
        for stray in strays:
            shutil.rmtree(stray)
        return len(strays)

    def prune(self, keep: int = KEPT) -> None:
        """Forget old deliveries with their files."""
        for folder in self._deliveries.prune(keep):
            shutil.rmtree(self._folder / folder, ignore_errors=True)

    def _note_change(self) -> None:
        self._changes += 1

    def _queue(self, report: Report, now: datetime) -> Delivery | None:
        since, due = self._since(report), report.spec.when.last_due(now, self._zone)
        last = self._deliveries.last_due(report.name)
        if since is None or due <= since or (last is not None and due <= last):
            return None
        begun = since if last is None else max(since, last)
        missed = sum(1 for _due in report.spec.when.dues(begun, due, self._zone)) - 1
        return self._deliveries.queue(report.name, due, missed=missed, actor=SCHEDULE)

    def _since(self, report: Report) -> datetime | None:
        """When the times of a report came into force: with the oldest version from which on it was active with these."""
        since = None
        for version in self._definitions.versions(KIND, report.name):
            before = version.definition
            if before.status != "active" or before.spec.get("when") != report.definition.spec.get("when"):
                break
            since = version.at
        return since

    def _keep(self, files: Mapping[str, bytes]) -> str:
        name = new_id("files")
        making = self._folder / f".{name}"
        making.mkdir(parents=True)
        for file, data in files.items():
            with (making / file).open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        sync_folder(making)
        making.rename(self._folder / name)
        sync_folder(self._folder)
        return name
