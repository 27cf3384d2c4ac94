"""The promises that can be tried on any machine in a minute, each by its own means; PROMISES.md says how all are proven."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from dujiang.cli.demo import bring_in
from dujiang.collect.intake import IntakeRequest
from dujiang.engine.contract import DERIVED
from dujiang.engine.schema import fingerprint
from dujiang.foundation.clock import SystemClock
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress
from dujiang.foundation.timewindows import day_of, zone
from dujiang.simulate import Simulated, SimulationSpec, simulate
from dujiang.store.journal import Journal
from dujiang.store.keyring import Keyring
from dujiang.workspace import Workspace

_KILLS: Final = 3
_ACKNOWLEDGED: Final = 40
"""Acknowledgements that a writer gets before it is killed."""
_WRITER: Final = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from dujiang.foundation.clock import SystemClock
from dujiang.store.journal import Entry, Journal
from dujiang.store.keyring import Keyring
folder = Path(sys.argv[1])
journal = Journal.open(f"sqlite:///{folder}/dujiang.db", Keyring.open(folder / "keys"), SystemClock())
async def run():
    number = 0
    while True:
        number += 1
        body = b"%s-%d" % (sys.argv[2].encode(), number)
        await journal.append(Entry("web", "k", datetime.now(UTC), "/", "", body, 1))
        os.write(1, body + b"\\n")
asyncio.run(run())
"""


@dataclass(frozen=True)
class Proof:
    """A promise, whether it held, and what was seen: an English sentence, its values apart."""

    promise: str
    held: bool
    told: str
    values: Mapping[str, Any] = field(default_factory=dict)


def prove_all(folder: Path, people: int, progress: Progress) -> list[Proof]:
    """Try every promise below ``folder``.

    Args:
        folder: an empty folder on the disk in question.
        people: size of the made-up brand.
        progress: told how many promises were tried.
    """
    steps: list[Callable[[Workspace, Simulated], Proof]] = [
        _counted_once, _nothing_dropped, _imported_twice, _rebuilt, _no_clear_phone,
    ]  # fmt: skip
    total = len(steps) + 1
    progress(_("promises"), 0, total)
    proofs = [_acknowledged(folder / "journal")]
    with _keys_in(folder / "keys"):
        made, workspace = _brand(folder, people)
        with workspace:
            for number, step in enumerate(steps, 1):
                progress(_("promises"), number, total)
                proofs.append(step(workspace, made))
    progress(_("promises"), total, total)
    return proofs


@contextmanager
def _keys_in(folder: Path) -> Iterator[None]:
    before = os.environ.get("DUJIANG_KEYS_FOLDER")
    os.environ["DUJIANG_KEYS_FOLDER"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("DUJIANG_KEYS_FOLDER")
        if before is not None:
            os.environ["DUJIANG_KEYS_FOLDER"] = before


def _brand(folder: Path, people: int) -> tuple[Simulated, Workspace]:
    end = day_of(SystemClock().now(), zone()) - timedelta(1)
    made = simulate(SimulationSpec(end=end, people=people, months=2, seed=7), folder / "made")
    workspace = Workspace.create(folder / "brand", name="Proof")
    bring_in(workspace, made, lambda *_step: None)
    return made, workspace


def _acknowledged(folder: Path) -> Proof:
    """Writers are killed in the middle of their work; whatever they were told is on disk has to be there."""
    folder.mkdir()
    told: set[bytes] = set()
    for number in range(_KILLS):
        told |= _killed_writer(folder, f"writer{number}")
    journal = Journal.open(f"sqlite:///{folder}/dujiang.db", Keyring.open(folder / "keys"), SystemClock())
    kept = {row.body for row in journal.read(0, 10**9)}
    sound = journal.verify().ok
    journal.close()
    sentence = _("{told} acknowledged in {kills} processes that were killed, {lost} lost")
    values = {"told": len(told), "kills": _KILLS, "lost": len(told - kept)}
    return Proof(_("Acknowledged means on disk"), sound and told <= kept, sentence, values)


def _killed_writer(folder: Path, name: str) -> set[bytes]:
    command = [sys.executable, "-c", _WRITER, str(folder), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:  # noqa: S603 - our own program
        assert writer.stdout is not None
        first = [writer.stdout.readline().strip() for _number in range(_ACKNOWLEDGED)]
        writer.kill()
        rest = writer.stdout.read()
    # The last line may be torn; it is whole only with its line end.
    return {*first, *rest.split(b"\n")[:-1]} - {b""}


def _send(workspace: Workspace, key: str, events: list[dict[str, Any]]) -> int:
    body = json.dumps({"batch": events, "writeKey": key}).encode()
    request = IntakeRequest("POST", "/v1/batch", {}, {"content-type": "application/json"}, body)
    return asyncio.run(workspace.intake.handle(request)).status


def _key(workspace: Workspace) -> str:
    return workspace.access.keys.create_collect("proof", "site_web", actor="proof").secret


def _events(workspace: Workspace) -> int:
    return workspace.status().facts["event"]


def _counted_once(workspace: Workspace, _made: Simulated) -> Proof:
    """The same batch three times, as after lost answers."""
    key, before = _key(workspace), _events(workspace)
    batch = [
        {"type": "track", "event": "proof", "userId": f"p{number}", "messageId": f"proof-{number}"}
        for number in range(100)
    ]
    answers = [_send(workspace, key, batch) for _again in range(3)]
    workspace.refresh()
    new = _events(workspace) - before
    sentence = _("{sent} events sent three times count as {counted}")
    held = answers == [200, 200, 200] and new == len(batch)
    return Proof(_("Nothing counts twice"), held, sentence, {"sent": len(batch), "counted": new})


def _nothing_dropped(workspace: Workspace, _made: Simulated) -> Proof:
    key = _key(workspace)
    before = workspace.status().dead_letters
    event = {"type": "track", "event": "proof", "userId": "p", "messageId": "proof-bad", "timestamp": "yesterday"}
    status = _send(workspace, key, [event])
    workspace.refresh()
    kept = workspace.status().dead_letters - before
    counts = workspace.manifest.counts()
    unequal = sum(one.received != one.accepted + one.rejected + one.duplicate for one in counts)
    sentence = _("{hours} hours of sources, {unequal} where received is not accepted + rejected + duplicate")
    held = (status, kept, unequal) == (200, 1, 0)
    return Proof(_("Nothing is dropped in silence"), held, sentence, {"hours": len(counts), "unequal": unequal})


def _prints(workspace: Workspace) -> dict[str, tuple[int, int]]:
    with workspace.engine.read() as con:
        return fingerprint(con, tuple(DERIVED))


def _imported_twice(workspace: Workspace, made: Simulated) -> Proof:
    before, new = _prints(workspace), 0
    for file in made.files:
        with (made.folder / file.path).open("rb") as stream:
            upload = workspace.imports.upload(stream, f"again-{file.path.name}")
        result = workspace.imports.run(
            upload,
            file.mapping,
            file.channel,
            file.shop,
            source=file.source,
            account=file.shop,
            app=file.app,
            actor="proof",
        )
        new += result.accepted
    workspace.refresh()
    sentence = _("{files} files imported again brought {new} new rows")
    held = new == 0 and _prints(workspace) == before
    return Proof(_("Importing twice equals once"), held, sentence, {"files": len(made.files), "new": new})


def _rebuilt(workspace: Workspace, _made: Simulated) -> Proof:
    before = _prints(workspace)
    rebuilt = workspace.rebuild()
    after = _prints(workspace)
    differing = [name for name in before if before[name] != after[name]]
    sentence = _("rebuilt from {facts} facts: {tables} tables, {differing} of them different")
    values = {"facts": rebuilt.facts, "tables": len(before), "differing": len(differing)}
    return Proof(_("Answers are disposable"), not differing, sentence, values)


def _no_clear_phone(workspace: Workspace, made: Simulated) -> Proof:
    truth = pq.read_table(made.folder / "truth" / "identifier.parquet", columns=["type", "value"]).to_pylist()
    phones = {one["value"] for one in truth if one["type"] == "mobile"}
    found = sum(phone in text for text in _archived_texts(workspace) for phone in phones if len(text) >= len(phone))
    sentence = _("{phones} phones looked for in every text of the archive, {found} found")
    return Proof(
        _("No clear personal data"), bool(phones) and not found, sentence, {"phones": len(phones), "found": found}
    )


def _archived_texts(workspace: Workspace) -> set[str]:
    texts: set[str] = set()
    for file in workspace.layout.archive.rglob("*.parquet"):
        table = pq.read_table(file)
        for column in table.columns:
            if str(column.type) in ("string", "large_string"):
                texts |= {one for one in column.unique().to_pylist() if one}
    return texts
