"""A large brand's events for questions about sequences: the same ones as mapped columns and as a table of DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from synthetic import CHANNELS, NAMES, SHARE_OF_NAME

from dujiang.engine.columns import Columns, map_columns, write_columns
from dujiang.engine.remembered import Remembered
from dujiang.engine.timeline_facts import Codes
from dujiang.engine.view import MappedView

BUCKETS, THREADS = 16, 2
DAY = 86_400_000
START = 1_764_000_000_000
LAST = 365 * DAY
WEEK, GAP = 7 * DAY, 30 * 60_000
DEVICES = pa.array(["desktop", "mobile", "mobile"])


def bucket(number: int, rows: int, people: int) -> Columns:
    """One bucket of events: visits of five events on average, of persons who are unevenly active."""
    rng = np.random.default_rng(number)
    weight = rng.pareto(1.6, people) + 0.05
    each = rng.multinomial(rows // 5, weight / weight.sum())
    person = np.repeat(np.arange(people, dtype=np.int64) * BUCKETS + number, each * 5)
    begin = np.repeat(START + rng.integers(0, LAST, len(person) // 5), 5)
    at_ms = begin + np.tile(np.arange(5), len(person) // 5) * 40_000 + rng.integers(0, 40_000, len(person))
    order = np.lexsort((at_ms, person))
    name = rng.choice(len(NAMES), len(person), p=SHARE_OF_NAME).astype(np.int32)
    channel = ((person + rng.integers(0, 2, len(person))) % len(CHANNELS)).astype(np.int32)
    dwell = np.where(name == 0, rng.integers(500, 60_000, len(person)), 0)
    seq = np.argsort(order) * BUCKETS + number
    page, value = rng.integers(0, 200, len(person), dtype=np.int32), np.zeros(len(person), np.int64)
    return Columns(person, at_ms[order], name, channel, page, dwell, value, seq)


@dataclass(frozen=True)
class Brand:
    """Mapped columns of all buckets."""

    parts: list[Columns]
    events: int
    people: int

    @classmethod
    def made(cls, folder: Path, events: int) -> Brand:
        """``events`` events, of one person for every twenty that are drawn from."""
        parts = []
        people = 0
        for number in range(BUCKETS):
            made = bucket(number, events // BUCKETS, events // 20 // BUCKETS)
            people += len(np.unique(made.person))
            write_columns(folder / f"{number}.arrow", made.stored())
            parts.append(Columns.of(map_columns(folder / f"{number}.arrow")))
        return cls(parts, sum(len(part.person) for part in parts), people)

    def each(self, work: Callable[[Columns], Any]) -> list[Any]:
        """What ``work`` makes of each part, two at the same time."""
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(work, self.parts))


@dataclass(frozen=True)
class Shown:
    """What a view asks of timelines."""

    mark: str
    codes: Codes
    parts: list[Columns]
    remembered: Remembered

    def columns(self) -> list[Columns]:
        """The rows."""
        return self.parts


def engine_of(folder: Path, brand: Brand) -> duckdb.DuckDBPyConnection:
    """What the engine knows of each event besides, in a file, with four gigabytes of memory."""
    con = duckdb.connect(str(folder / "engine.duckdb"), config={"threads": THREADS, "memory_limit": "4GB"})
    con.execute("CREATE TABLE fact_event (seq BIGINT, device VARCHAR, dwell_ms BIGINT)")
    for part in brand.parts:
        con.register("rows", told(part))
        con.execute("INSERT INTO fact_event SELECT seq, device, dwell FROM rows")
        con.unregister("rows")
    return con


def view_of(folder: Path, brand: Brand, con: duckdb.DuckDBPyConnection) -> tuple[MappedView, Remembered]:
    """The rows as questions see them, and what is remembered of columns."""
    (folder / "columns").mkdir()
    remembered = Remembered(folder / "columns")
    shown: Any = Shown("bench", Codes.from_lists(NAMES.tolist(), CHANNELS.tolist(), None), brand.parts, remembered)
    return MappedView(shown, con, THREADS), remembered


def told(part: Columns) -> pa.Table:
    """A part as ClickHouse and DuckDB read it."""
    names = pa.DictionaryArray.from_arrays(pa.array(part.event), pa.array(NAMES.tolist()))
    devices = pa.DictionaryArray.from_arrays(pa.array((part.person % 3).astype(np.int8)), DEVICES)
    return pa.table(
        {
            "person": part.person,
            "at": part.at_ms,
            "name": names.cast(pa.string()),
            "channel": part.channel.astype(np.uint8),
            "device": devices.cast(pa.string()),
            "dwell": part.dwell_ms.astype(np.uint32),
            "seq": part.seq,
        }
    )
