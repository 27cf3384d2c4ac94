"""The engine alone: rebuild from facts, then refreshes of ten thousand new events, with the time of every step.

python benchmarks/engine_refresh.py [events]
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from harness import peak_megabytes, stopwatch
from synthetic import events, orders

from dujiang.collect.identifiers import IdentifierTypes
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.identity.service import Resolver

NEW = 10_000
END = date(2026, 11, 1)


class Steps:
    """Seconds of each step, as a progress that is told when the next one starts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._step, self._since = "", time.perf_counter()

    def __call__(self, step: str, _done: int, _total: int) -> None:
        now = time.perf_counter()
        self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._since
        self._step, self._since = step, now

    def __str__(self) -> str:
        return "  ".join(f"{step} {seconds:.2f}" for step, seconds in self.seconds.items() if step)


def main(total: int) -> None:
    """Measure and print."""
    people = total // 25
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.open(Path(folder) / "dujiang.duckdb", memory_mb=4096, threads=2)
        types = IdentifierTypes.of()
        refresher = Refresher(engine, Resolver(types), types, ZoneInfo("Asia/Shanghai"), 30)
        history = [("event", table) for table in events(total, people, END)]
        history.append(("order", orders(total // 50, people, END)))
        steps = Steps()
        with stopwatch() as watch:
            report = refresher.rebuild(history, steps)
        steps("", 0, 0)
        print(f"rebuild of {report.facts:,} facts: {watch.seconds:.1f} s, peak {peak_megabytes()} MB\n  {steps}")
        del history
        for round_ in range(3):
            _refresh(refresher, total + round_ * NEW, people, round_)
        print(f"file {(Path(folder) / 'dujiang.duckdb').stat().st_size / 1e6:,.0f} MB")
        engine.close()


def _refresh(refresher: Refresher, before: int, people: int, round_: int) -> None:
    (newest,) = events(NEW, people, END, first_key=2 * 10**12 + before, seed=100 + round_)
    steps = Steps()
    with stopwatch() as loading:
        refresher.load([("event", _today(newest))])
    with stopwatch() as refreshing:
        report = refresher.refresh(steps)
    print(
        f"refresh of {NEW:,}: load {loading.seconds:.2f} s, refresh {refreshing.seconds:.2f} s, "
        f"{report.persons:,} persons\n  {steps}"
    )


def _today(table: pa.Table) -> pa.Table:
    """The same events, squeezed into the last hours before the end: what arrives is new."""
    position = table.schema.get_field_index("at")
    moments = table["at"].cast(pa.int64()).to_numpy()
    last = moments.max()
    squeezed = pa.array(last - (last - moments) // 5000).cast(table.schema.field("at").type)
    return table.set_column(position, table.schema.field("at"), squeezed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000)
