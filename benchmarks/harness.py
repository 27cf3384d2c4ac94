"""What every benchmark shares: a measurement, how it is taken, and how the table is written."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np


@dataclass(frozen=True)
class Measurement:
    """One line of the results.

    Attributes:
        what: what was measured, with its size.
        value: the measured value, with its unit.
        aim: what we want it to be; empty where there is no aim.
        note: how it was measured, or what it was held against.
        figures: the same as numbers, for charts.
    """

    what: str
    value: str
    aim: str = ""
    note: str = ""
    figures: dict[str, float] = field(default_factory=dict)


class Cost(NamedTuple):
    """Medians of the seconds that passed, and of those that processors worked, threads added up."""

    passed: float
    processors: float


def cost(work: Callable[[], object], times: int) -> Cost:
    """What ``work`` costs, after once that does not count."""
    work()
    runs = []
    for _ in range(times):
        with stopwatch() as watch:
            work()
        runs.append((watch.seconds, watch.processor))
    return Cost(*(statistics.median(column) for column in zip(*runs, strict=True)))


@dataclass
class Stopwatch:
    """Seconds of a finished block: by the clock, and of the processors for this process."""

    seconds: float = 0.0
    processor: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure the wall-clock time of a block."""
    watch = Stopwatch()
    start, used = time.perf_counter(), time.process_time()
    yield watch
    watch.seconds, watch.processor = time.perf_counter() - start, time.process_time() - used


def repeated(work: Callable[[], object], times: int) -> list[float]:
    """Seconds of each of ``times`` runs, after one that does not count."""
    work()
    seconds = []
    for _ in range(times):
        with stopwatch() as watch:
            work()
        seconds.append(watch.seconds)
    return seconds


def percentile(seconds: list[float], share: float) -> float:
    """The value below which ``share`` of the runs lie."""
    return float(np.quantile(seconds, share))


def milliseconds(seconds: list[float]) -> str:
    """Median and 95th percentile of runs, in words."""
    return f"{statistics.median(seconds) * 1000:,.0f} ms median, {percentile(seconds, 0.95) * 1000:,.0f} ms p95"


def peak_megabytes() -> int:
    """Largest memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def machine() -> str:
    """The machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    return (
        f"{os.cpu_count()} × {cpu}, {memory:.0f} GiB, Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text("utf-8").splitlines() if file.exists() else []


def as_markdown(rows: list[Measurement]) -> str:
    """The results as a table."""
    lines = ["| what | measured | aim | how |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.value} | {row.aim or '–'} | {row.note} |" for row in rows]
    return "\n".join(lines)
