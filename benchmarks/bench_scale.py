"""Twenty million events: full rebuild, refresh of ten thousand more, and the dashboard's answers."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness import Measurement, milliseconds, peak_megabytes, repeated, stopwatch
from synthetic import fill

from dujiang.foundation.definitions import parse
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery
from dujiang.insight.dashboard import DashboardQuery
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace

EVENTS = int(os.environ.get("BENCH_EVENTS", "20000000"))
PEOPLE = EVENTS // 25
NEW = 10_000


def measure() -> list[Measurement]:
    """Build, rebuild, refresh, ask."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUJIANG_KEYS_FOLDER"] = folder + "/keys"
        today = datetime.now(UTC).date()
        with Workspace.create(Path(folder) / "brand") as workspace:
            source = parse({"kind": "source", "name": "bench", "spec": {"channel": "site"}})
            workspace.definitions.apply(workspace.definitions.plan([source]), actor="bench")
            fill(workspace, EVENTS, PEOPLE, today)
            with stopwatch() as rebuilding:
                workspace.rebuild()
            memory = peak_megabytes()
            size = workspace.status()
            arriving = [_arrive(workspace, round_) for round_ in range(3)]
            last30 = Period(today - timedelta(30), today - timedelta(1))
            moved = iter(range(1, 1000))

            def fresh() -> object:
                """A period that nobody has asked for, so that nothing of its answer is remembered."""
                return workspace.metrics.dashboard(DashboardQuery(last30.shifted(-next(moved))))

            first = repeated(fresh, 10)
            again = repeated(lambda: workspace.metrics.dashboard(DashboardQuery(last30)), 20)
            tile = repeated(
                lambda: workspace.metrics.query(MetricQuery(("gmv",), last30.shifted(-next(moved)), "previous", "day")),
                20,
            )
            flow = repeated(lambda: workspace.metrics.river(last30.shifted(-next(moved)), "previous"), 5)
        what = f"{EVENTS / 1e6:,.0f} million events, {size.persons:,} people, {size.orders:,} orders"
        return [
            Measurement(
                f"full rebuild of {what}",
                f"{rebuilding.seconds:,.0f} s",
                "",
                f"{EVENTS / rebuilding.seconds:,.0f} events/s",
            ),
            Measurement("the same, peak memory", f"{memory:,} MB"),
            Measurement(
                f"{NEW:,} new events from acknowledgement to answers, on top of them",
                f"{min(arriving):,.1f}–{max(arriving):,.1f} s",
                "< 5 s",
                "journal read, decoded, archived, identity and derived tables refreshed",
            ),
            Measurement(
                "growth dashboard, 30 days, asked for the first time",
                milliseconds(first),
                "p95 < 300 ms",
                "all numbers",
            ),
            Measurement("growth dashboard, asked again before the next refresh", milliseconds(again), "p95 < 300 ms"),
            Measurement(
                "one tile, asked for the first time", milliseconds(tile), "p95 < 300 ms", "GMV by day with comparison"
            ),
            Measurement("river picture, asked for the first time", milliseconds(flow)),
            Measurement("engine file", f"{size.engine_bytes / 1e6:,.0f} MB"),
        ]


def _arrive(workspace: Workspace, round_: int) -> float:
    now = workspace.clock.now()
    entries = []
    for batch in range(NEW // 100):
        events = [
            {
                "type": "track",
                "event": "Product Viewed",
                "messageId": f"new-{round_}-{batch}-{n}",
                "anonymousId": f"visitor-{batch * 100 + n}",
                "timestamp": now.isoformat(),
            }
            for n in range(100)
        ]
        body = json.dumps({"batch": events}).encode()
        entries.append(Entry("bench", "bench", now, "/v1/batch", "application/json", body, 100))
    workspace.journal.append_many(entries)
    with stopwatch() as watch:
        workspace.refresh()
    return watch.seconds
