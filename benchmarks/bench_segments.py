"""Segments of a million people and twenty million events: counts while one is built, and two hundred kept by refreshes."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
from harness import Measurement, Stopwatch, milliseconds, peak_megabytes, stopwatch
from synthetic import CHANNELS, NAMES, fill

from dujiang.engine.question import mark
from dujiang.engine.refresh import Change, Follower
from dujiang.foundation.definitions import parse
from dujiang.people.conditions import parse_condition
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace
from dujiang.workspace import workspace as wiring

EVENTS = int(os.environ.get("BENCH_EVENTS", "20000000"))
PEOPLE = EVENTS * 13 // 200
"""Drawn from; a few in ten thousand draws never come up, which leaves a million."""
SEGMENTS = 200
NEW = 10_000
ASKED = 20
Tree = dict[str, Any]


class Trees:
    """Conditions as people write them, never the same twice, so that nothing of an answer is remembered."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def of(self, kind: str) -> Tree:
        """A single condition of a kind."""
        return getattr(self, kind.replace(" ", "_"))()

    def mixed(self) -> Tree:
        """Three to five conditions of different kinds."""
        kinds = self.rng.sample(KINDS, self.rng.randint(3, 5))
        parts = [self.of(kind) for kind in kinds]
        half = [{"type": "any", "of": parts[:2]}, *parts[2:]]
        return {"type": "all", "of": half if self.rng.random() < 0.5 else parts}

    def rare(self) -> Tree:
        """A segment that a brand would keep: few are in it, and new events move people in and out.

        The middle one of forty held 5% of 660,000 people, four in five from 0.7% to 17%.
        """
        return {"type": "all", "of": [self.event_count(least=3), self.profile(), self.tag()]}

    def kept(self, number: int) -> Tree:
        """A segment that a refresh keeps: half are rare, a quarter ask for orders, visits and sequences, and a quarter are
        entered by whoever does something today."""
        if number % 4 < 2:
            return self.rare()
        if number % 4 == 2:
            other = self.rng.choice([self.order_sum, self.visit_count, self.sequence, self.did_not])()
            return {"type": "all", "of": [other, self.profile(), self.tag()]}
        today = {"type": "profile", "field": "last_day", "op": "within_days", "value": self.rng.randint(0, 3)}
        return {"type": "all", "of": [self.event_count(least=2), today]}

    def profile(self) -> Tree:
        return self.rng.choice(
            [
                {"type": "profile", "field": "visits", "op": "at_least", "value": self._about(8)},
                {"type": "profile", "field": "last_day", "op": "within_days", "value": self._about(120)},
                {"type": "profile", "field": "channels", "op": "includes", "value": self._some(CHANNELS)},
            ]
        )

    def tag(self) -> Tree:
        return self.rng.choice(
            [
                {"type": "tag", "tag": "paid_total", "op": "at_least", "value": self._about(20_000)},
                {"type": "tag", "tag": "visits_90d", "op": "above", "value": self._about(3)},
                {"type": "tag", "tag": "days_since_seen", "op": "between", "value": [self._about(20), 300]},
            ]
        )

    def event_count(self, least: int = 1) -> Tree:
        where = [{"column": "name", "op": "among", "value": self._some(NAMES)}]
        window = {"days": self._about(150)}
        return {**self._did("events", where, window), "value": least + self.rng.randint(0, 2)}

    def did_not(self) -> Tree:
        where = [{"column": "name", "value": self.rng.choice(NAMES.tolist())}]
        return {**self._did("events", where, {"days": self._about(150)}), "op": "is", "value": 0}

    def event_sum(self) -> Tree:
        one = self._did("events", [{"column": "name", "value": "page_viewed"}], {"days": self._about(100)})
        return {**one, "aggregate": "sum", "column": "dwell_ms", "value": self._about(100_000)}

    def event_property(self) -> Tree:
        where = [{"column": "page", "value": f"/page/{self.rng.randrange(200)}"}]
        return self._did("events", where, {"days": self._about(150)})

    def order_sum(self) -> Tree:
        one = self._did("orders", [], {"days": self._about(200)})
        return {**one, "aggregate": "sum", "column": "paid_minor", "value": self._about(20_000)}

    def visit_count(self) -> Tree:
        where = [{"column": "pages", "op": "at_least", "value": self.rng.randint(1, 3)}]
        return {**self._did("visits", where, {"days": self._about(100)}), "value": self.rng.randint(1, 4)}

    def sequence(self) -> Tree:
        first, then, never = self.rng.sample(NAMES.tolist(), 3)
        steps = [{"where": [{"column": "name", "value": name}]} for name in (first, then)]
        without = [{"where": [{"column": "name", "value": never}]}]
        return {"type": "sequence", "steps": steps, "within_minutes": self._about(20_000), "without": without}

    def membership(self) -> Tree:
        return {"type": "segment", "segment": f"named{self.rng.randrange(10)}"}

    def sample(self) -> Tree:
        return {"type": "sample", "percent": 10, "seed": str(self.rng.random())}

    def _did(self, source: str, where: list[Tree], window: Tree) -> Tree:
        return {"type": "behaviour", "source": source, "where": where, "window": window}

    def _about(self, middle: int) -> int:
        return max(1, round(middle * self.rng.uniform(0.5, 1.5)))

    def _some(self, words: Any) -> list[str]:
        return self.rng.sample(words.tolist(), self.rng.randint(1, 3))


KINDS = [
    "profile", "tag", "event count", "did not", "event sum", "event property", "order sum", "visit count", "sequence",
    "membership", "sample",
]  # fmt: skip


class Timed:
    """A follower with the seconds of each time it followed."""

    def __init__(self, follower: Follower) -> None:
        self.name, self._follower = type(follower).__name__.removesuffix("Follower"), follower
        self.seconds: list[float] = []

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Follow, timed."""
        with stopwatch() as watch:
            self._follower.follow(con, change)
        self.seconds.append(watch.seconds)


def measure() -> list[Measurement]:
    """Build a workspace, count while building, keep two hundred segments."""
    timed: list[Timed] = []
    plain = wiring.followers

    def timing(workspace: Workspace) -> tuple[Follower, ...]:
        timed.extend(Timed(one) for one in plain(workspace))
        return tuple(timed)

    wiring.followers = timing
    rows: list[Measurement] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder, _brand(Path(folder)) as workspace:
        for row in chain(_built(workspace, timed), _live(workspace), _kept(workspace, timed)):
            print(row, flush=True)
            rows.append(row)
    rows.append(Measurement("all of it, peak memory", f"{peak_megabytes():,} MB", "", "DuckDB may use 4,096 MB"))
    return rows


def _brand(folder: Path) -> Workspace:
    """A new workspace in ``folder``, or the one that an earlier run left (``BENCH_BRAND``, beside its keys)."""
    kept = os.environ.get("BENCH_BRAND")
    os.environ["DUJIANG_KEYS_FOLDER"] = str((Path(kept).parent if kept else folder) / "keys")
    return Workspace.open(kept) if kept else Workspace.create(folder / "brand")


def _built(workspace: Workspace, timed: list[Timed]) -> Iterator[Measurement]:
    if workspace.manifest.parts():
        return
    _define(workspace, [{"kind": "source", "name": "bench", "spec": {"channel": "site"}}])
    fill(workspace, EVENTS, PEOPLE, datetime.now(UTC).date())
    with stopwatch() as rebuilding:
        workspace.rebuild()
    people = workspace.status().persons
    yield Measurement(
        f"full rebuild of {EVENTS / 1e6:,.0f} million events and {people:,} people with all followers",
        f"{rebuilding.seconds:,.0f} s",
        "",
        f"{_processor(rebuilding)}; of it, in seconds: {_shares(timed)}",
    )


def _processor(*watches: Stopwatch) -> str:
    """Processor time, which others that use the machine do not lengthen as they lengthen the time by the clock."""
    seconds = [one.processor for one in watches]
    span = f"{min(seconds):,.1f}–{max(seconds):,.1f}" if len(seconds) > 1 else f"{seconds[0]:,.1f}"
    return f"{span} s of processor time"


def _define(workspace: Workspace, plain: list[Tree]) -> None:
    workspace.definitions.apply(workspace.definitions.plan([parse(one) for one in plain]), actor="bench")


def _segment(name: str, tree: Tree) -> Tree:
    return {"kind": "segment", "name": name, "spec": {"condition": tree}}


def _shares(timed: list[Timed]) -> str:
    return ", ".join(f"{one.name} {one.seconds[-1]:.1f}" for one in timed if one.seconds)


# ── while a segment is built ────────────────────────────────────────────────────────────────────────────────────────


def _live(workspace: Workspace) -> Iterator[Measurement]:
    make = Trees(1)
    _define(workspace, [_segment(f"named{number}", make.event_count()) for number in range(10)])
    workspace.refresh()
    everything: list[Stopwatch] = []
    (first,) = _asked(workspace.segments.count, [make.profile()])
    yield _counted("the very first after a refresh", [first])
    workspace.segments.count(parse_condition(make.sequence()))  # kernels are compiled once for a machine
    workspace.segments.count(parse_condition(make.event_sum()))
    for kind in KINDS:
        watches = _asked(workspace.segments.count, [make.of(kind) for _place in range(ASKED)])
        everything += watches
        yield _counted(f"one new condition: {kind}", watches)
    yield _counted("one new condition of any kind", everything)
    trees = [make.mixed() for _place in range(2 * ASKED)]
    yield _counted("three to five conditions, all new", _asked(workspace.segments.count, trees))
    yield _counted("nothing new", _asked(workspace.segments.count, trees[-ASKED:]))
    yield _counted("ten who fulfil them", _asked(workspace.segments.sample, trees[-ASKED:]))


def _counted(what: str, watches: list[Stopwatch]) -> Measurement:
    processor = milliseconds([one.processor for one in watches])
    taken = milliseconds([one.seconds for one in watches])
    return Measurement(f"live count, {what}", taken, "p95 < 500 ms", f"processor time {processor}")


def _asked(ask: Callable[[Any], object], trees: list[Tree]) -> list[Stopwatch]:
    watches = []
    for tree in trees:
        condition = parse_condition(tree)
        with stopwatch() as watch:
            ask(condition)
        watches.append(watch)
    return watches


# ── kept by refreshes ───────────────────────────────────────────────────────────────────────────────────────────────


def _kept(workspace: Workspace, timed: list[Timed]) -> Iterator[Measurement]:
    make = Trees(2)
    _define(workspace, [_segment(f"kept{number}", make.kept(number)) for number in range(SEGMENTS)])
    with stopwatch() as filling:
        workspace.refresh()
    members = sum(one.people for one in workspace.segments.list())
    yield Measurement(
        f"{SEGMENTS} new segments filled, recorded and announced",
        f"{filling.seconds:,.0f} s",
        "",
        f"{_processor(filling)}; {members:,} memberships; the members alone {timed[-1].seconds[-1]:,.1f} s",
    )
    with workspace.engine.write() as con, stopwatch() as again:
        rows = workspace.timeline.rows(mark(con))
        timed[-1].follow(con, Change(True, workspace.now(), workspace.zone.key, rows))
    yield Measurement(f"{SEGMENTS} segments of everybody again", f"{again.seconds:,.1f} s", "", _processor(again))
    watches, announced = [], []
    for round_ in range(3):
        before = _announced(workspace)
        watches.append(_arrive(workspace, round_))
        announced.append(_announced(workspace) - before)
    yield Measurement(
        f"{NEW:,} new events from acknowledgement to entries and exits in the outbox, {SEGMENTS} segments",
        _span(watches),
        "< 5 s",
        f"{_processor(*watches)}; {announced} messages; the followers of the last, in seconds: {_shares(timed)}",
    )
    one = [_arrive(workspace, round_, 1) for round_ in range(3, 8)]
    yield Measurement(
        f"one new event from acknowledgement to the outbox, {SEGMENTS} segments",
        _span(one),
        "< 5 s",
        f"{_processor(*one)}; the followers of the last, in seconds: {_shares(timed)}",
    )


def _span(watches: list[Stopwatch]) -> str:
    seconds = [one.seconds for one in watches]
    return f"{min(seconds):,.1f}–{max(seconds):,.1f} s"


def _announced(workspace: Workspace) -> int:
    with workspace.db.read() as rx:
        return int(rx.exec_driver_sql("SELECT count(*) FROM outbox WHERE topic LIKE 'segment.%'").scalar_one())


def _arrive(workspace: Workspace, round_: int, new: int = NEW) -> Stopwatch:
    """From events on disk to the end of the refresh that takes them in."""
    now = workspace.clock.now()
    entries = []
    for first in range(0, new, 100):
        events = [
            {
                "type": "track",
                "event": "product_added",
                "messageId": f"new-{now.timestamp()}-{round_}-{n}",
                "anonymousId": f"visitor-{round_ % 2}-{n // 3}",
                "timestamp": now.isoformat(),
            }
            for n in range(first, min(first + 100, new))
        ]
        body = json.dumps({"batch": events}).encode()
        entries.append(Entry("bench", "bench", now, "/v1/batch", "application/json", body, len(events)))
    workspace.journal.append_many(entries)
    with stopwatch() as watch:
        workspace.refresh()
    return watch
