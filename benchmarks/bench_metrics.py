"""Fifty metrics and more by twelve channels and 400 days, in full and after refreshes of some days; tiles of dashboards."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import synthetic
from harness import Measurement, milliseconds, peak_megabytes, percentile, repeated, stopwatch

from dujiang.foundation.definitions import parse
from dujiang.foundation.garbage import settle
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.daily import is_by_day
from dujiang.insight.service import MetricService
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace

EVENTS = int(os.environ.get("BENCH_EVENTS", "20000000"))
PEOPLE = EVENTS // 25
DAYS = int(os.environ.get("BENCH_DAYS", "400"))
NEW = 10_000
LATE_DAYS = 20
TABLES = {"orders", "visit", "person_day", "person"}
AIM = "p95 < 300 ms"


def _named(name: str) -> dict[str, Any]:
    return {"where": [{"column": "name", "op": "is", "value": name}]}


_STEPS = [_named("product_viewed"), _named("product_added"), _named("order_completed")]
TILES: dict[str, dict[str, Any]] = {
    "metric": {"metrics": ["gmv", "buyers", "active_users", "visit_conversion"], "by": ["channel"], "grain": "day"},
    "funnel": {"steps": _STEPS},
    "retention": {"step": "week", "periods": 4},
    "paths": {"start": _named("product_viewed")},
    "overlap": {},
    "attribution": {},
    "form": {},
    "content": {},
    "service": {},
    "private_domain": {},
    "heatmap": {},
}
"""Kinds of questions as tiles. The brand's events name no contents, forms or clicked places: those tiles search in vain."""


def measure() -> list[Measurement]:
    """Build, ask in full, refresh, ask again, hold both against asking anew; then every kind of tile."""
    synthetic.DAYS = DAYS
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUJIANG_KEYS_FOLDER"] = folder + "/keys"
        today = datetime.now(UTC).date()
        with Workspace.create(Path(folder) / "brand") as workspace:
            source = parse({"kind": "source", "name": "bench", "spec": {"channel": "site"}})
            workspace.definitions.apply(workspace.definitions.plan([source]), actor="bench")
            synthetic.fill(workspace, EVENTS, PEOPLE, today)
            workspace.rebuild()
            settle()  # as the server does when it starts
            return [*_daily(workspace, today), *_tiles(workspace, today), *renewed(workspace, today)]


def _daily(workspace: Workspace, today: date) -> list[Measurement]:
    asked = question(workspace.metrics, Period(today - timedelta(DAYS - 1), today))
    before = peak_megabytes()
    with stopwatch() as full:
        answer = workspace.metrics.query(asked)
    channels = len({row.keys[0] for row in answer.rows})
    size = f"{len(asked.metrics)} metrics × {channels} channels × {DAYS} days, {EVENTS / 1e6:,.0f} million events"
    rows = [
        Measurement(f"{size}: in full", f"{full.seconds:,.1f} s", "", f"processors {full.processor:,.1f} s"),
        Measurement(
            "the same, memory", f"{max(0, peak_megabytes() - before):,} MB", "", "beyond what the rebuild took"
        ),
    ]
    now = workspace.clock.now()
    late = [now - timedelta(7 + (DAYS - 14) * nth // LATE_DAYS) for nth in range(LATE_DAYS)]
    steps: list[tuple[str, list[datetime]]] = [
        (f"after {NEW:,} new events", [now]),
        (
            f"after {NEW:,} more, one in a hundred of them late, on {LATE_DAYS} days of the whole time",
            [now] * 99 * LATE_DAYS + late,
        ),
    ]
    for nth, (what, moments) in enumerate(steps):
        _arrive(workspace, nth, moments)
        rows.append(_again(workspace, asked, what))
    _orders_late(workspace, today)
    return [*rows, _again(workspace, asked, "after 500 orders of a week, more than a month late")]


def _again(workspace: Workspace, asked: MetricQuery, what: str) -> Measurement:
    with stopwatch() as watch:
        answer = workspace.metrics.query(asked)
    anew = MetricService(workspace.engine, workspace.definitions.current, workspace.zone, workspace.clock)
    with stopwatch() as totals:
        anew.query(replace(asked, by=()))
    with stopwatch() as full:
        again = anew.query(asked)
    if _content(answer) != _content(again):
        raise AssertionError(what)
    note = (
        f"processors {watch.processor:,.1f} s; totals of all days, which are asked anew, are {totals.seconds:,.2f} s of it; "
        f"everything anew {full.seconds:,.1f} s, processors {full.processor:,.1f} s; same answer"
    )
    return Measurement(what, f"{watch.seconds:,.2f} s", "", note)


def question(metrics: MetricService, period: Period) -> MetricQuery:
    """Every metric whose rows are remembered by day, of tables that the brand has rows of, by channel and day."""
    every, by = metrics.catalogue(), ("channel", "day")
    filled = (one.name for one in every if {leaf.spec.table for leaf in every.leaves(one.name)} <= TABLES)
    fitting = (name for name in filled if set(by) <= set(every.dimensions(name)))
    names = tuple(name for name in fitting if is_by_day(every, MetricQuery((name,), period, by=by)))
    return MetricQuery(names, period, by=by)


def _content(answer: MetricAnswer) -> Any:
    return answer.totals, sorted(answer.rows, key=lambda row: tuple(map(str, row.keys)))


def _arrive(workspace: Workspace, nth: int, moments: list[datetime]) -> None:
    entries, now = [], workspace.clock.now()
    for batch in range(NEW // 100):
        events = [
            {
                "type": "track",
                "event": "Product Viewed",
                "messageId": f"daily-{nth}-{batch}-{n}",
                "anonymousId": f"visitor-{batch * 100 + n}",
                "timestamp": moments[(batch * 100 + n) % len(moments)].isoformat(),
            }
            for n in range(100)
        ]
        body = json.dumps({"batch": events}).encode()
        entries.append(Entry("bench", "bench", now, "/v1/batch", "application/json", body, 100))
    workspace.journal.append_many(entries)
    workspace.refresh()


def _orders_late(workspace: Workspace, today: date) -> None:
    """Orders of a week that ended a month ago, in a batch of their own."""
    table = synthetic.orders(500, PEOPLE, today - timedelta(30), days=7, first_key=2 * 10**12, seed=11)
    table = table.set_column(table.schema.get_field_index("batch"), "batch", pa.array(["late"] * len(table)))
    part = workspace.archive.write("order", table, day=today, batch="late")
    with workspace.db.transaction() as tx:
        workspace.manifest.add_parts(tx, [part])
    workspace.refreshing.catch_up()
    workspace.refresh()


def _tiles(workspace: Workspace, today: date) -> list[Measurement]:
    """Every kind of question as a tile: with days that nobody has asked for, and again before the next refresh."""
    rows = []
    for kind, more in TILES.items():
        asked = {"type": kind, "period": _days(today, 0), **more}
        first = _firsts(workspace, asked, today)
        again = repeated(partial(workspace.questions.ask, asked), 20)
        misses = "misses it; " if percentile(first, 0.95) > 0.3 else ""
        note = f"{misses}again before the next refresh {milliseconds(again)}"
        rows.append(Measurement(f"tile {kind}, 30 days that nobody has asked for", milliseconds(first), AIM, note))
    return rows


def _firsts(workspace: Workspace, asked: dict[str, Any], today: date) -> list[float]:
    moved = iter(range(1, 100))
    return repeated(lambda: workspace.questions.ask({**asked, "period": _days(today, next(moved))}), 8)


def renewed(workspace: Workspace, today: date) -> list[Measurement]:
    """A funnel filtered and divided by columns that timelines do not hold, as the first question after a refresh: with those
    columns said of the new rows by the refresh, and with nothing remembered."""
    where = [{"column": "device", "op": "is", "value": "mobile"}, {"column": "kind", "op": "is", "value": "track"}]
    asked = {"type": "funnel", "steps": _STEPS, "where": where, "by": ["device"], "period": _days(today, 0)}
    workspace.questions.ask(asked)
    watches, refreshes = [], []
    for nth in range(3):
        with stopwatch() as refresh:
            _arrive(workspace, 100 + nth, [workspace.clock.now()])
        refreshes.append(refresh.seconds)
        with stopwatch() as first:
            workspace.questions.ask(asked)
        watches.append(first)
    workspace.timeline.remembered.clear()
    with stopwatch() as cold:
        workspace.questions.ask({**asked, "period": _days(today, 1)})
    seconds = [watch.seconds for watch in watches]
    note = (
        f"processors {percentile([watch.processor for watch in watches], 0.5) * 1000:,.0f} ms; the refresh with its events and "
        f"renewed columns {percentile(refreshes, 0.5):,.1f} s; with nothing remembered {cold.seconds * 1000:,.0f} ms, "
        f"processors {cold.processor * 1000:,.0f} ms"
    )
    what = f"funnel with two filters and a breakdown, first after a refresh of {NEW:,} new events, columns renewed"
    return [Measurement(what, milliseconds(seconds), AIM, note)]


def _days(today: date, moved: int) -> dict[str, str]:
    last = today - timedelta(1 + moved)
    return {"first": (last - timedelta(29)).isoformat(), "last": last.isoformat()}
