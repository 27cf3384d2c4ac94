"""The demo brand: simulated, then brought in the way a user's own data comes, through imports and the journal."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from dujiang.collect.protocols.routes import find, read
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.definitions import load_yaml
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress
from dujiang.foundation.timewindows import DEFAULT_ZONE
from dujiang.store.journal import Entry
from dujiang.workspace.layout import Layout
from dujiang.workspace.refitting import refit
from dujiang.workspace.workspace import Workspace

SOURCE_FOLDER: Final = "demo"
"""Below the workspace: the files and calls that the demo was built from, and the truth beside them."""
_BUILDING: Final = "demo.building"
_CALLS_AT_ONCE: Final = 500
"""Requests of one append to the journal."""


def is_built(folder: Path) -> bool:
    """Whether a complete demo brand lies in ``folder``."""
    return Layout(folder).exists and not (folder / _BUILDING).exists()


def clear_unfinished(folder: Path) -> None:
    """Remove a demo brand whose building was cut off.

    Raises:
        InvalidInput: ``demo.not_a_demo`` if something else lies in ``folder``.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / _BUILDING).exists():
        sentence = _("The folder “{folder}” holds something else. Choose another folder for the demo brand.")
        raise InvalidInput("demo.not_a_demo", sentence, folder=folder.name)
    shutil.rmtree(folder)


def begin(folder: Path, name: str, time_zone: str = DEFAULT_ZONE, currency: str = "CNY") -> Workspace:
    """An empty workspace for the demo brand, marked as unfinished until :func:`finish`."""
    workspace = Workspace.create(folder, name=name, time_zone=time_zone, currency=currency)
    (folder / _BUILDING).touch()
    return workspace


def finish(workspace: Workspace) -> None:
    """Mark the demo brand as complete; as soon as it is served its models are fitted and its reports made ready once."""
    refit(workspace)
    for report in workspace.reports.list():
        workspace.postroom.send(report.name, actor="demo")
    (workspace.layout.folder / _BUILDING).unlink()


def define(workspace: Workspace, file: Path) -> int:
    """Apply the brand's definitions; how many."""
    wanted = load_yaml(file.read_text("utf-8"))
    return workspace.definitions.apply(workspace.definitions.plan(wanted), actor="demo", note=file.name)


def replay(workspace: Workspace, files: list[Path], requests: int, progress: Progress) -> int:
    """Append recorded tracking requests to the journal with the times at which they were received; how many."""
    done = 0
    for file in files:
        batch: list[Entry] = []
        for entry in recorded(file):
            batch.append(entry)
            if len(batch) == _CALLS_AT_ONCE:
                workspace.journal.append_many(batch)
                done += len(batch)
                batch = []
                progress(_("tracking calls"), done, requests)
        workspace.journal.append_many(batch)
        done += len(batch)
        progress(_("tracking calls"), done, requests)
        workspace.load(lambda *_step: None)
    return done


def recorded(file: Path) -> Iterator[Entry]:
    """The requests in a file of calls, a JSON object a line, read the way the intake reads them."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            call = json.loads(line)
            address, _mark, query = call["path"].partition("?")
            said = dict(parse_qsl(query))
            headers = {name.lower(): value for name, value in call.get("headers", {}).items()}
            route = find("POST", address, said)
            assert route is not None
            body = call["body"] if isinstance(call["body"], str) else json.dumps(call["body"], ensure_ascii=False)
            payload = read(route, said, headers.get("content-encoding", ""), body.encode(), BOUNDS)
            yield Entry(
                source=call["key"],
                key_id="demo",
                received_at=datetime.fromisoformat(call["received_at"]),
                path=payload.path,
                content_type=headers.get("content-type", "application/json"),
                body=payload.body,
                events=payload.events,
            )
