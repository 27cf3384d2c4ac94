"""Facts by the million, written straight into a workspace's archive: what a large brand's history looks like."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from dujiang.foundation.facts import FAMILIES, IDENTIFIERS
from dujiang.workspace import Workspace

BATCH = "bench"
CHUNK = 1_000_000
DAYS = 365
CHANNELS = np.array(
    ["site", "app", "mini", "tmall", "douyin", "xiaohongshu", "stores", "wecom", "jd", "kuaishou", "pdd", "youzan"]
)
NAMES = np.array(
    ["page_viewed", "product_viewed", "product_added", "order_completed", "content_viewed", "liked", "shared"]
)
SHARE_OF_NAME = np.array([0.45, 0.25, 0.08, 0.03, 0.15, 0.03, 0.01])
PAGES = np.array([f"/page/{n}" for n in range(200)])


def events(total: int, people: int, end: date, *, first_key: int = 1, seed: int = 7) -> Iterator[pa.Table]:
    """``total`` events of ``people`` people over a year up to ``end``, oldest first, in tables of at most a million rows.

    Each person has a device, seven in ten a login as well; activity is uneven, as it is among people.
    """
    rng = np.random.default_rng(seed)
    weight = rng.pareto(1.6, people) + 0.05
    weight /= weight.sum()
    start = datetime(end.year, end.month, end.day, tzinfo=UTC) - timedelta(DAYS)
    done = 0
    while done < total:
        rows = min(CHUNK, total - done)
        span = DAYS * 86_400 * 1_000_000
        moments = np.sort(rng.integers(span * done // total, span * (done + rows) // total, rows))
        # Visits come in bursts: one choice of a person lasts for five events on average.
        person = np.repeat(rng.choice(people, rows // 5 + 1, p=weight), 5)[:rows]
        yield _table(rng, person, moments + int(start.timestamp() * 1e6), first_key + done)
        done += rows


def _table(rng: np.random.Generator, person: np.ndarray, moments: np.ndarray, first_key: int) -> pa.Table:
    rows = len(person)
    keys = np.arange(first_key, first_key + rows, dtype=np.int64)
    known = person % 10 < 7
    counts = 1 + known.astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    types = np.full(offsets[-1], "anonymous_id", dtype=object)
    nodes = np.repeat(person * 2 + 1_000_000_007, counts)
    types[offsets[:-1][known]] = "user_id"
    nodes[offsets[:-1][known]] += 1
    struct = pa.StructArray.from_arrays([pa.array(types, pa.string()), pa.array(nodes, pa.int64())], ["type", "node"])
    name = NAMES[rng.choice(len(NAMES), rows, p=SHARE_OF_NAME)]
    page = name == "page_viewed"
    columns = {
        "key": pa.array(keys),
        "content": pa.array(keys),
        "seq": pa.array(keys),
        "batch": pa.array(np.full(rows, BATCH, dtype=object), pa.string()),
        "source": pa.array(np.full(rows, "bench", dtype=object), pa.string()),
        "channel": pa.array(CHANNELS[(person + rng.integers(0, 2, rows)) % len(CHANNELS)]),
        "at": pa.array(moments, pa.timestamp("us", "UTC")),
        "received_at": pa.array(moments, pa.timestamp("us", "UTC")),
        "identifiers": pa.ListArray.from_arrays(pa.array(offsets), struct).cast(IDENTIFIERS),
        "properties": pa.array(np.full(rows, "{}", dtype=object), pa.string()),
        "message_id": pa.array(np.char.add("m", keys.astype(str))),
        "kind": pa.array(np.where(page, "page", "track")),
        "name": pa.array(name),
        "page": pa.array(PAGES[rng.integers(0, len(PAGES), rows)]),
        "device": pa.array(np.where(person % 3 == 0, "desktop", "mobile")),
        "dwell_ms": pa.array(rng.integers(500, 60_000, rows), mask=~page),
    }
    schema = FAMILIES["event"]
    return pa.table(
        [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(rows, f.type) for f in schema], schema=schema
    )


def orders(
    total: int, people: int, end: date, *, days: int | None = None, first_key: int = 10**12, seed: int = 8
) -> pa.Table:
    """``total`` paid orders of the people that have a login, of the ``days`` before ``end`` (all days of the brand)."""
    days = days or DAYS
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, total)
    person -= np.where(person % 10 < 7, 0, 7)
    person = np.maximum(person, 0)
    start = int((datetime(end.year, end.month, end.day, tzinfo=UTC) - timedelta(days)).timestamp() * 1e6)
    moments = pa.array(start + np.sort(rng.integers(0, days * 86_400_000_000, total)), pa.timestamp("us", "UTC"))
    keys = np.arange(first_key, first_key + total, dtype=np.int64)
    struct = pa.StructArray.from_arrays(
        [pa.array(np.full(total, "user_id", dtype=object), pa.string()), pa.array(person * 2 + 1_000_000_008)],
        ["type", "node"],
    )
    paid = rng.integers(3_000, 40_000, total)
    columns = {
        "key": pa.array(keys),
        "content": pa.array(keys),
        "seq": pa.array(keys),
        "batch": pa.array(np.full(total, BATCH, dtype=object), pa.string()),
        "source": pa.array(np.full(total, "bench-orders", dtype=object), pa.string()),
        "channel": pa.array(CHANNELS[person % len(CHANNELS)]),
        "at": moments,
        "received_at": moments,
        "identifiers": pa.ListArray.from_arrays(pa.array(np.arange(total + 1, dtype=np.int32)), struct).cast(
            IDENTIFIERS
        ),
        "properties": pa.array(np.full(total, "{}", dtype=object), pa.string()),
        "shop": pa.array(np.full(total, "", dtype=object), pa.string()),
        "order_no": pa.array(np.char.add("o", keys.astype(str))),
        "status": pa.array(np.full(total, "valid", dtype=object), pa.string()),
        "paid_at": moments,
        "gross_minor": pa.array(paid + 500),
        "discount_minor": pa.array(np.full(total, 500)),
        "paid_minor": pa.array(paid),
        "units": pa.array(rng.integers(1, 4, total)),
    }
    schema = FAMILIES["order"]
    return pa.table(
        [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(total, f.type) for f in schema], schema=schema
    )


def fill(workspace: Workspace, total: int, people: int, end: date) -> None:
    """Put ``total`` events and a fiftieth as many orders into the workspace's archive."""
    parts = [workspace.archive.write("event", table, day=end, batch=BATCH) for table in events(total, people, end)]
    parts.append(workspace.archive.write("order", orders(total // 50, people, end), day=end, batch=BATCH))
    with workspace.db.transaction() as tx:
        workspace.manifest.add_parts(tx, parts)
        workspace.manifest.next_seq(tx, 10**12 + total)
