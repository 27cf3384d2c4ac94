"""How fast facts come in: events from the journal to the answers, and rows of an export file."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from harness import Measurement, peak_megabytes, stopwatch

from dujiang.foundation.definitions import parse
from dujiang.foundation.progress import silent
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace, demo

EXAMPLE = Path(__file__).parents[1] / "examples" / "complete_journey"
EVENTS = 100_000


def measure() -> list[Measurement]:
    """Events, then rows."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUJIANG_KEYS_FOLDER"] = folder + "/keys"
        with Workspace.create(Path(folder) / "brand", time_zone="America/New_York") as workspace:
            source = parse({"kind": "source", "name": "bench", "spec": {"channel": "site"}})
            workspace.definitions.apply(workspace.definitions.plan([source]), actor="bench")
            workspace.journal.append_many(_entries())
            with stopwatch() as loading:
                workspace.load()
            with stopwatch() as refreshing:
                workspace.refresh()
            rows, importing = _import(workspace, Path(folder) / "files")
    return [
        Measurement(
            "events through journal → archive → engine",
            f"{EVENTS / loading.seconds:,.0f} events/s",
            "",
            f"{EVENTS:,} new events, every tenth a new visitor; first refresh {refreshing.seconds:.1f} s",
        ),
        Measurement(
            "export rows imported",
            f"{rows / importing:,.0f} rows/s",
            "",
            f"{rows:,} purchase lines, an order and a line each",
        ),
        Measurement("both, peak memory", f"{peak_megabytes():,} MB"),
    ]


def _entries() -> list[Entry]:
    now = datetime.now(UTC)
    entries = []
    for batch in range(EVENTS // 100):
        events = [
            {
                "type": "track",
                "event": "Product Viewed",
                "messageId": f"m-{batch}-{n}",
                "anonymousId": f"visitor-{(batch * 100 + n) // 10}",
                "timestamp": now.isoformat(),
                "properties": {"product_id": f"sku-{n}", "price": 128.5},
                "context": {"page": {"path": "/tea/longjing", "title": "Longjing"}},
            }
            for n in range(100)
        ]
        body = json.dumps({"batch": events}).encode()
        entries.append(Entry("bench", "bench", now, "/v1/batch", "application/json", body, 100))
    return entries


def _import(workspace: Workspace, files: Path) -> tuple[int, float]:
    sys.path.insert(0, str(EXAMPLE))
    from prepare import prepare

    prepare(files, datetime(2017, 3, 1))  # noqa: DTZ001 - the package keeps UTC without saying so
    demo.define(workspace, EXAMPLE / "brand.yaml")
    with (files / "purchases.csv").open("rb") as stream:
        upload = workspace.imports.upload(stream, "purchases.csv")
    with stopwatch() as watch:
        result = workspace.imports.run(upload, "cj_purchases", source="retailer", progress=silent)
    return result.rows, watch.seconds
