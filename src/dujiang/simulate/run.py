"""Makes the brand: people block by block, then its files and calls month by month."""

from __future__ import annotations

import gzip
import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.simulate.calls.requests import Counts, write_calls
from dujiang.simulate.definitions import brand_yaml
from dujiang.simulate.draws import Ints
from dujiang.simulate.events import Events, make_events
from dujiang.simulate.files.batch import Stage
from dujiang.simulate.files.customers import contacts_table, members_table
from dujiang.simulate.files.month import make_batch, write_month, write_quarter, write_whole
from dujiang.simulate.files.totals import Ledger
from dujiang.simulate.forms import form_table, make_attempts, with_forms
from dujiang.simulate.hazards import hazard_tables
from dujiang.simulate.model import CallFile, ChannelFile, Simulated, SimulationSpec
from dujiang.simulate.orders import Lines, Orders, make_orders
from dujiang.simulate.people import make_people
from dujiang.simulate.purchases import make_purchases
from dujiang.simulate.spill import Spill
from dujiang.simulate.texts import Moments
from dujiang.simulate.truth import Truth, order_table, person_table, static_tables
from dujiang.simulate.visits import make_visits
from dujiang.simulate.whois import identifier_table
from dujiang.simulate.world import World

BLOCK: Final = 50_000
"""People made at a time: it bounds the memory, and changes nothing else."""
_DAY: Final = 86_400
_LEVEL: Final = 3


def simulate(spec: SimulationSpec, out: Path, progress: Progress = silent, *, block: int = BLOCK) -> Simulated:
    """Make the brand and write it below ``out``: ``files/``, ``calls/``, ``truth/``, ``brand.yaml``, ``files.json``.

    Args:
        spec: what to make; the same spec gives the same bytes.
        out: folder to write to; what an earlier simulation left in these places is replaced.
        progress: told of people made and months written.
        block: people made at a time; it bounds the memory, files and calls stay the same.

    Returns:
        what was written.
    """
    world, moments = World(spec), Moments(spec.start, spec.days)
    for name in ("files", "calls", "truth"):
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    spill, truth = Spill(out / ".spill", world.month_starts), Truth(out / "truth")
    try:
        orders = _make_blocks(world, moments, spill, truth, progress, block)
        for name, table in static_tables(world).items():
            truth.add(name, table)
        files, calls = _write_months(world, moments, spill, truth, out, progress)
    finally:
        truth.close()
        spill.remove()
    (out / "brand.yaml").write_text(brand_yaml(world), "utf-8")
    _write_index(out, files, calls)
    return Simulated(spec, out, tuple(files), tuple(calls), spec.people, orders, sum(one.events for one in calls))


def _make_blocks(world: World, moments: Moments, spill: Spill, truth: Truth, progress: Progress, block: int) -> int:
    count = 0
    total = world.spec.people
    for first in range(0, total, block):
        count += _make_block(world, moments, spill, truth, np.arange(first, min(first + block, total)))
        progress(_("people made"), min(first + block, total), total)
    return count


def _make_block(world: World, moments: Moments, spill: Spill, truth: Truth, person: Ints) -> int:
    people = make_people(world, person)
    orders, lines = make_orders(world, people, make_purchases(world, people))
    done = make_events(world, people, make_visits(world, people, orders))
    attempts = make_attempts(world, done)
    events = with_forms(done, attempts)
    spill.add("orders", orders.arrow(), orders.at // _DAY)
    spill.add("lines", lines.arrow(), lines.at // _DAY)
    spill.add("events", events.arrow(), events.at_ms // (_DAY * 1000))
    _put_returns(spill, orders, lines)
    for name, rows in (("members", members_table(world, people)), ("contacts", contacts_table(world, people))):
        spill.add(name, pa.table(rows), np.zeros(len(rows["person"]), np.int64))
    truth.add("person", person_table(world, people, moments))
    truth.add("identifier", identifier_table(world, moments, people, orders, events))
    truth.add("form_field", form_table(moments, done, attempts))
    truth.add("order", order_table(world, moments, orders))
    for name, table in hazard_tables(world, moments, people, events).items():
        truth.add(name, table)
    return len(orders)


def _put_returns(spill: Spill, orders: Orders, lines: Lines) -> None:
    """What is brought back to a till is a row of the month in which it is brought back."""
    back = orders.pick(np.flatnonzero(orders.at_till))
    items = lines.pick(np.flatnonzero(np.isin(lines.number, back.number) & (lines.refunded > 0)))
    day = back.refund_at // _DAY
    place = np.searchsorted(back.number, items.number)
    kept = np.bincount(place, minlength=len(back))
    spill.add("returns", back.with_lines(kept).arrow(), day)
    spill.add("return_lines", items.arrow(), day[place])


def _write_months(
    world: World, moments: Moments, spill: Spill, truth: Truth, out: Path, progress: Progress
) -> tuple[list[ChannelFile], list[CallFile]]:
    files: list[ChannelFile] = []
    calls: list[CallFile] = []
    counts, ledger = Counts(world.days), Ledger(world.days)
    edges = world.month_starts
    for month, (first, after) in enumerate(pairwise(edges)):
        stage = Stage(world, moments, first, after - 1)
        batch = make_batch(stage, spill.take("orders", month), spill.take("lines", month))
        returned = make_batch(stage, spill.take("returns", month), spill.take("return_lines", month))
        files += write_month(out, batch, returned)
        ledger.add(batch)
        events = spill.take("events", month)
        if events is not None:
            calls.append(_write_calls(world, moments, counts, out, stage.label, Events.of(events)))
        progress(_("months written"), month + 1, len(edges) - 1)
    for first, after in pairwise(world.quarter_starts):
        files += write_quarter(out, Stage(world, moments, first, after - 1))
    members, contacts = (_rows(spill.take(name, 0)) for name in ("members", "contacts"))
    files += write_whole(out, Stage(world, moments, 0, world.days - 1), ledger, members, contacts)
    truth.add("event_count", counts.table(moments))
    return files, calls


def _rows(table: pa.Table | None) -> dict[str, Ints]:
    if table is None:
        return {}
    order = np.lexsort((table["person"].to_numpy(), table["at"].to_numpy()))
    return {name: table[name].to_numpy()[order] for name in table.column_names}


def _write_calls(world: World, moments: Moments, counts: Counts, out: Path, label: str, events: Events) -> CallFile:
    path = Path("calls") / f"{label}.jsonl.gz"
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    before = counts.requests, counts.events
    with (out / path).open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as stream:
        write_calls(world, moments, events, stream, counts)
    return CallFile(path, counts.requests - before[0], counts.events - before[1])


def _write_index(out: Path, files: list[ChannelFile], calls: list[CallFile]) -> None:
    """What was written and how it is to be read, for whoever has only the folder."""
    index = {
        "files": [{**vars(one), "path": one.path.as_posix()} for one in files],
        "calls": [{**vars(one), "path": one.path.as_posix()} for one in calls],
    }
    (out / "files.json").write_text(json.dumps(index, ensure_ascii=False, indent=1), "utf-8")
