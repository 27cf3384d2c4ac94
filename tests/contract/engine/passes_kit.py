"""Every pass over timelines as work on the rows of some persons, whose events are folded into three kinds."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from dujiang.engine.columns import Columns
from dujiang.engine.kernels.funnel import Funnel, funnel
from dujiang.engine.kernels.paths import paths
from dujiang.engine.kernels.retention import retention
from dujiang.engine.kernels.sequence import followed
from dujiang.engine.spark.timelines import Work

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
START: Final = 1_772_323_200_000
"""1 March 2026 in UTC, before the first of the made-up facts."""


KINDS: Final = 3


def _folded(rows: Columns) -> Columns:
    """The rows with one of three names for each event, so that each is there whatever events are called."""
    return rows._replace(event=np.where(rows.event < 0, rows.event, rows.event % KINDS).astype(np.int32))


def _bits(rows: Columns) -> Any:
    """A bit for each kind."""
    return np.where(rows.event < 0, 0, 1 << (rows.event % KINDS)).astype(np.uint32)


def whole_rows(rows: Columns) -> pa.Table:
    """The rows as they are."""
    return pa.table(rows.stored())


def in_order(rows: Columns) -> pa.Table:
    """Who did the first kind, then the second."""
    return pa.table({"person": followed(rows.person, rows.at_ms, _bits(rows).astype(np.uint8), steps=2)})


def far(rows: Columns) -> pa.Table:
    """How far everyone comes in three steps, and when."""
    found = funnel(rows.person, rows.at_ms, _bits(rows), Funnel(KINDS, window_ms=2 * DAY))
    return pa.table({"person": found.person, "reached": found.reached})


def back(rows: Columns) -> pa.Table:
    """Who started with the first kind, and on which days they were back."""
    borders = np.arange(START, START + 120 * DAY, DAY, dtype=np.int64)
    bits = (_bits(rows) & 1) | (rows.event >= 0).astype(np.uint32) << np.uint32(1)
    found = retention(rows.person, rows.at_ms, bits, borders, 4, first_only=False)
    days = {f"day{day}": found.back[:, day].astype(np.int64) for day in range(5)}
    return pa.table({"person": found.person, "cohort": found.cohort, "at_ms": found.at_ms, **days})


def ways(rows: Columns) -> pa.Table:
    """The first three different kinds of events of every visit."""
    every, kind = np.ones(len(rows.person), np.uint32), _folded(rows).event
    found = paths(rows.person, rows.at_ms, every, np.maximum(kind, -1), KINDS, steps=3, gap_ms=HOUR, collapse=True)
    return pa.table({"person": found.person, **{f"step{step}": found.nodes[:, step] for step in range(3)}})


PASSES: Final[dict[str, Work]] = {one.__name__: one for one in (whole_rows, in_order, far, back, ways)}
