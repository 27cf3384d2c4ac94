"""Sequence questions by kernels on mapped columns, side by side with ClickHouse (chdb) on its own sorted table.

Both hold the same events, use two threads, and are warm; what is given is the median. A question is asked whole: rows are
marked, passed over and counted up. ClickHouse is asked in the best way found, with and without aggregation in order. Answers
have to be equal wherever its function follows our definition; where it does not, the difference is told. Beside the time that
passed stands the time of processors, which does not grow when others use the machine as well.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from harness import Measurement, peak_megabytes, stopwatch
from synthetic import CHANNELS, NAMES, SHARE_OF_NAME

from dujiang.engine.columns import Columns, map_columns, write_columns
from dujiang.engine.kernels.funnel import Exclusion, Funnel, funnel
from dujiang.engine.kernels.paths import paths
from dujiang.engine.kernels.retention import retention
from dujiang.engine.kernels.steps import EVENTS, Lookup, Where, looked_up, masked, stepped
from dujiang.engine.kernels.touches import touch_lists
from dujiang.engine.kernels.visits import combinations, visits

SIZES = [int(float(one)) for one in os.environ.get("BENCH_SIZES", "1e6,5e6,20e6").split(",")]
AGAINST = int(float(os.environ.get("BENCH_AGAINST", "20e6")))
"""The largest size that ClickHouse is asked at, too."""
TIMES = 5
BUCKETS, THREADS = 16, 2
DAY = 86_400_000
START = 1_764_000_000_000
LAST = 365 * DAY
WEEK, GAP = 7 * DAY, 30 * 60_000
DEVICES = np.array(["desktop", "mobile", "mobile"])
FIVE = ["page_viewed", "product_viewed", "product_added", "order_completed", "liked"]
Asked = Callable[[], Any]


class Cost(NamedTuple):
    """Medians of the seconds that passed, and of those that processors worked, threads added up."""

    passed: float
    processors: float


def cost(work: Asked, times: int) -> Cost:
    """What ``work`` costs, after once that does not count."""
    work()
    runs = []
    for _ in range(times):
        began = time.process_time()
        with stopwatch() as watch:
            work()
        runs.append((watch.seconds, time.process_time() - began))
    return Cost(*(statistics.median(column) for column in zip(*runs, strict=True)))


# ── the same events for both ────────────────────────────────────────────────────────────────────────────────────────


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


def where(*kinds: set[str]) -> Where:
    """Rows of each set of names as a kind of its own."""
    event = np.zeros(len(NAMES) + 5, np.uint32)
    for place, names in enumerate(kinds):
        event[: len(NAMES)] |= np.isin(NAMES, list(names)).astype(np.uint32) << np.uint32(place)
    every = np.full(len(CHANNELS), (1 << len(kinds)) - 1, np.uint32)
    far = 1 << 62
    return Where.of(event, every, event[:0], [(-far, far)] * len(kinds))


def ours(brand: Brand, events: duckdb.DuckDBPyConnection | None) -> dict[str, Asked]:
    """Every question by its name, as answers that can be compared."""
    made: dict[str, Asked] = {}

    def of_funnel(steps: list[str], rules: Funnel, barred: str = "") -> Asked:
        kinds = where(*({one} for one in steps), *([{barred}] if barred else []))

        def work(part: Columns) -> Any:
            found = funnel(part.person, part.at_ms, stepped(part, kinds), rules)
            return np.bincount(found.reached, minlength=len(steps) + 1)[1:]

        return lambda: sum(brand.each(work)).tolist()

    three, week = FIVE[:3], {"window_ms": WEEK}
    made["funnel of 3 steps"] = of_funnel(three, Funnel(3, ties="steps", **week))
    made["funnel of 5 steps"] = of_funnel(FIVE, Funnel(5, ties="steps", **week))
    made["3 steps, strict increase"] = of_funnel(three, Funnel(3, ties="never", **week))
    made["3 steps, strict order"] = of_funnel(three, Funnel(3, "strict", ties="steps", **week))
    made["3 steps, strict deduplication"] = of_funnel(three, Funnel(3, ties="steps", once=True, **week))
    made["3 steps, any order"] = of_funnel(three, Funnel(3, "any", **week))
    made["3 steps, an exclusion"] = of_funnel(three, Funnel(3, exclusions=(Exclusion(0, 2),), **week), "liked")
    made["3 steps, the second optional"] = of_funnel(three, Funnel(3, optional=frozenset({1}), **week))
    made["3 steps, windows between them"] = of_funnel(three, Funnel(3, step_ms=(0, DAY, DAY), **week))
    made["3 steps, ties either way"] = of_funnel(three, Funnel(3, ties="either", **week))
    made["3 steps, within a day of the calendar"] = days_funnel(brand)
    if events is not None:
        made["3 steps, filter and breakdown"] = filtered(brand, events)
    made["retention by week, 12 weeks"] = triangle(brand)
    made["visits by a pause of 30 minutes"] = lambda: counted_visits(brand)
    made["first five events"] = lambda: first_five(brand)
    made["overlap of 12 channels"] = lambda: overlap(brand)
    made["touch lists of 7 days: first, last, linear"] = lambda: touches(brand)
    return made


def days_funnel(brand: Brand) -> Asked:
    """Steps on one day of the calendar."""
    kinds = where(*({one} for one in FIVE[:3]))
    rules, starts = Funnel(3, days=1), START + np.arange(-2, 400) * DAY

    def work(part: Columns) -> Any:
        found = funnel(part.person, part.at_ms, stepped(part, kinds), rules, day_starts=starts)
        return np.bincount(found.reached, minlength=4)[1:]

    return lambda: sum(brand.each(work)).tolist()


def filtered(brand: Brand, events: duckdb.DuckDBPyConnection) -> Asked:
    """Only rows that DuckDB chooses, by the device of the first step."""
    kinds = where(*({one} for one in FIVE[:3]))

    def asked() -> Any:
        chosen = events.sql("SELECT seq FROM event WHERE dwell_ms = 0 OR dwell_ms > 20000").to_arrow_table()
        coded = events.sql("SELECT seq, CAST(device = 'mobile' AS INTEGER) AS code FROM event").to_arrow_table()
        keys = chosen["seq"].to_numpy()
        mask = Lookup.of(keys, np.zeros(len(keys), np.int32))
        device = Lookup.of(coded["seq"].to_numpy(), coded["code"].to_numpy())

        def work(part: Columns) -> Any:
            bits = stepped(part, kinds)
            for kind in range(3):
                masked(bits, part, kind, EVENTS, mask)
            found = funnel(part.person, part.at_ms, bits, Funnel(3, ties="steps", window_ms=WEEK))
            code = looked_up(part, EVENTS, device)[found.rows[:, 0]]
            return np.bincount(code * 4 + found.reached, minlength=8)

        counts = sum(brand.each(work))
        return [*counts[1:4].tolist(), *counts[5:8].tolist()]

    return asked


def triangle(brand: Brand) -> Asked:
    """Who was first seen in which week, and seen again in the twelve after it."""
    kinds, borders = where(set(NAMES), set(NAMES)), START + np.arange(66) * WEEK

    def work(part: Columns) -> Any:
        found = retention(part.person, part.at_ms, stepped(part, kinds), borders, 12, first_only=True)
        return np.stack([np.bincount(found.cohort[found.back[:, k] > 0], minlength=66) for k in range(1, 13)])

    return lambda: sum(brand.each(work)).T[:53].tolist()


def counted_visits(brand: Brand) -> Any:
    """How many visits there were."""
    kinds = where(set(NAMES))
    return sum(brand.each(lambda part: len(visits(part.person, part.at_ms, stepped(part, kinds), GAP).first)))


def first_five(brand: Brand) -> Any:
    """The twenty most frequent beginnings of five events, and how many people have each."""
    kinds = where(set(NAMES))

    def work(part: Columns) -> Any:
        rules = {"steps": 5, "gap_ms": 1 << 60, "collapse": False}
        found = paths(part.person, part.at_ms, stepped(part, kinds), part.event, len(NAMES), **rules)
        return np.bincount((found.nodes.astype(np.int64) + 1) @ 8 ** np.arange(4, -1, -1), minlength=8**5)

    counts = sum(brand.each(work))
    return sorted(np.sort(counts)[-20:].tolist(), reverse=True)


def overlap(brand: Brand) -> Any:
    """How many people used exactly which channels."""
    kinds = where(set(NAMES))

    def work(part: Columns) -> Any:
        _person, sets = combinations(part.person, stepped(part, kinds), part.channel)
        return np.bincount(sets.astype(np.int64), minlength=1 << len(CHANNELS))

    counts = sum(brand.each(work))
    return sorted(counts[counts > 0].tolist())


def touches(brand: Brand) -> Any:
    """By channel: orders that it is the first and the last touch of, and its even shares."""
    kinds = where({"page_viewed"}, {"order_completed"})
    whole = {"from_ms": START, "to_ms": START + 2 * LAST, "look_back_ms": WEEK}

    def work(part: Columns) -> Any:
        found = touch_lists(part.person, part.at_ms, stepped(part, kinds), part.channel, **whole)
        own = (found.conversion >= 0) & (np.diff(found.offsets) > 0)
        code, lengths = part.channel[found.rows], np.diff(found.offsets)
        share = np.repeat(np.where(own, 1 / np.maximum(lengths, 1), 0), lengths)
        first, last = code[found.offsets[:-1][own]], code[found.offsets[1:][own] - 1]
        most = len(CHANNELS)
        return np.stack(
            [np.bincount(first, minlength=most), np.bincount(last, minlength=most), np.bincount(code, share, most)]
        )

    return sum(brand.each(work)).T.round(3).tolist()


# ── ClickHouse ──────────────────────────────────────────────────────────────────────────────────────────────────────

_STEPS = "name = 'page_viewed', name = 'product_viewed', name = 'product_added'"
_IN3 = "name IN ('page_viewed', 'product_viewed', 'product_added')"
_LEVELS = (
    "SELECT level, count() FROM (SELECT windowFunnel({window}{mode})(at, {steps}) AS level FROM event WHERE {only}"
)
_LEVELS += " GROUP BY person) WHERE level > 0 GROUP BY level ORDER BY level"


def theirs() -> dict[str, list[str]]:
    """For each question the ways in which ClickHouse may be asked it."""

    def levels(mode: str = "", steps: str = _STEPS, only: str = _IN3) -> list[str]:
        return [_LEVELS.format(window=WEEK, mode=f", '{mode}'" if mode else "", steps=steps, only=only)]

    five = ", ".join(f"name = '{one}'" for one in FIVE)
    in_five = f"name IN ({', '.join(repr(one) for one in FIVE)})"
    filtered = _LEVELS.format(window=WEEK, mode="", steps=_STEPS, only=f"{_IN3} AND (dwell = 0 OR dwell > 20000)")
    by_device = filtered.replace("SELECT level,", "SELECT device, level,").replace(
        "(SELECT windowFunnel", "(SELECT any(device) AS device, windowFunnel"
    )
    return {
        "funnel of 3 steps": levels(),
        "funnel of 5 steps": levels("", five, in_five),
        "3 steps, strict increase": levels("strict_increase"),
        "3 steps, strict order": levels("strict_order"),
        "3 steps, strict deduplication": levels("strict_deduplication"),
        "3 steps, filter and breakdown": [
            by_device.replace("GROUP BY level ORDER BY level", "GROUP BY ALL ORDER BY ALL")
        ],
        "retention by week, 12 weeks": [
            f"""SELECT c, toInt64(p) - c AS k, count() FROM (
                SELECT groupUniqArray(intDiv(at - {START}, {WEEK})) AS ps, toInt64(arrayMin(ps)) AS c
                FROM event GROUP BY person)
            ARRAY JOIN ps AS p WHERE k BETWEEN 1 AND 12 GROUP BY c, k ORDER BY c, k"""
        ],
        "visits by a pause of 30 minutes": [
            f"""SELECT sum(n) FROM (SELECT 1 + arrayCount(x -> x > {GAP},
                arrayDifference({sort}(groupArray(at)))) AS n FROM event GROUP BY person)"""
            for sort in ("arraySort", "")
        ],
        "first five events": [
            f"""SELECT count() AS c FROM (SELECT arrayMap(x -> x.3, {first}) AS p FROM event GROUP BY person)
                GROUP BY p ORDER BY c DESC LIMIT 20"""
            for first in (
                "arraySlice(arraySort(groupArray((at, seq, name))), 1, 5)",
                "groupArraySorted(5)((at, seq, name))",
            )
        ],
        "overlap of 12 channels": [
            """SELECT count() AS c FROM (SELECT groupBitOr(bitShiftLeft(toUInt16(1), channel)) AS m FROM event
                GROUP BY person) GROUP BY m ORDER BY c"""
        ],
        "touch lists of 7 days: first, last, linear": [
            f"""SELECT x.3 AS channel, sum(i = 1), sum(i = n), round(sum(1 / n), 3) FROM (
                SELECT arrayFilter(x -> x.1 <= c AND x.1 + {WEEK} >= c, t) AS l, length(l) AS n FROM (
                    SELECT arraySort(groupArrayIf((at, seq, channel), name = 'page_viewed')) AS t,
                        groupArrayIf(at, name = 'order_completed') AS cs
                    FROM event WHERE name IN ('page_viewed', 'order_completed') GROUP BY person HAVING length(cs) > 0)
                ARRAY JOIN cs AS c)
            ARRAY JOIN l AS x, arrayEnumerate(l) AS i GROUP BY channel ORDER BY channel"""
        ],
    }


@dataclass
class House:
    """ClickHouse in this process, with the same events in a sorted table."""

    session: Any

    @classmethod
    def filled(cls, folder: Path, brand: Brand) -> House:
        """A table with the rows of ``brand``, merged into one part."""
        from chdb import session

        house = cls(session.Session(str(folder / "house")))
        house.asked(
            """CREATE TABLE event (person Int64, at UInt64, name LowCardinality(String), channel UInt8,
            device LowCardinality(String), dwell UInt32, seq UInt64) ENGINE = MergeTree ORDER BY (person, at)"""
        )
        for part in brand.parts:
            file = folder / "part.parquet"
            pq.write_table(told(part), file)
            house.asked(f"INSERT INTO event SELECT * FROM file('{file}', Parquet)")
        house.asked("OPTIMIZE TABLE event FINAL")
        return house

    def asked(self, question: str) -> list[list[float]]:
        """The rows of the answer, numbers as they are and words left out."""
        answer = str(self.session.query(question, "TSV")).strip().splitlines()
        return [[float(cell) for cell in line.split("\t") if cell[:1].isdigit()] for line in answer]

    def best(self, ways: list[str]) -> tuple[Cost, list[list[float]]]:
        """What the fastest way to ask costs, and the answer."""
        tried = []
        for way in ways:
            for in_order in (0, 1):
                text = f"{way} SETTINGS max_threads = {THREADS}, optimize_aggregation_in_order = {in_order}"
                tried.append((cost(lambda text=text: self.asked(text), 1).processors, text))
        text = min(tried)[1]
        return cost(lambda: self.asked(text), TIMES), self.asked(text)


def told(part: Columns) -> pa.Table:
    """A part as ClickHouse and DuckDB read it."""
    return pa.table(
        {
            "person": part.person,
            "at": part.at_ms,
            "name": pa.DictionaryArray.from_arrays(pa.array(part.event), pa.array(NAMES.tolist())).cast(pa.string()),
            "channel": part.channel.astype(np.uint8),
            "device": DEVICES[part.person % 3].tolist(),
            "dwell": part.dwell_ms.astype(np.uint32),
            "seq": part.seq,
        }
    )


def same(name: str, mine: Any, other: list[list[float]]) -> str:
    """Whether both say the same; how far they are apart where ClickHouse defines it in another way."""
    if "retention" in name:
        flat = {(int(c), int(k)): int(n) for c, k, n in other}
        equal = all(mine[c][k - 1] == flat.get((c, k), 0) for c in range(len(mine)) for k in range(1, 13))
    elif "touch" in name:
        equal = np.allclose(np.array(mine), np.array([row[1:] for row in other]), atol=0.01)
    else:
        numbers = [int(row[-1]) for row in other]
        wanted = mine if isinstance(mine, list) else [mine]
        if "strict" in name:
            return f"another definition: {numbers} against {wanted}"
        equal = numbers == wanted
    return "same answer" if equal else "ANSWERS DIFFER"


# ── all of it ───────────────────────────────────────────────────────────────────────────────────────────────────────

_AIMS = {"funnel": 5, "3 steps": 5, "touch": 5}


def measure() -> list[Measurement]:
    """Every question at every size."""
    rows = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
            for row in _at(Path(folder), size):
                print(row, flush=True)
                rows.append(row)
    load = f"{os.getloadavg()[0]:.0f} threads wanted to run"
    rows.append(
        Measurement("load of the machine", load, "", "above 2, compare times of processors, not those that passed")
    )
    rows.append(Measurement("all of it, peak memory", f"{peak_megabytes():,} MB", "", "mapped columns included"))
    return rows


def _at(folder: Path, size: int) -> Iterator[Measurement]:
    brand = Brand.made(folder, size)
    compared = size <= AGAINST
    events = duckdb.connect() if compared else None
    if events is not None:
        events.execute("SET threads = 2")
        events.execute("CREATE TABLE event (seq BIGINT, device VARCHAR, dwell_ms BIGINT)")
        for part in brand.parts:
            rows = told(part)
            events.register("rows", rows)
            events.execute("INSERT INTO event SELECT seq, device, dwell FROM rows")
            events.unregister("rows")
    house = House.filled(folder, brand) if compared else None
    ways = theirs()
    what = f"{brand.events / 1e6:,.0f} million events of {brand.people:,} people"
    for name, asked in ours(brand, events).items():
        mine = cost(asked, TIMES)
        note, aim = f"processors {mine.processors * 1000:,.0f} ms", ""
        if house is not None and name in ways:
            other, answer = house.best(ways[name])
            times = next((one for start, one in _AIMS.items() if name.startswith(start)), 3)
            aim = f"{times} × faster"
            note += f"; ClickHouse {other.passed * 1000:,.0f} ms, processors {other.processors * 1000:,.0f} ms: "
            note += f"{other.passed / mine.passed:.1f} × and {other.processors / mine.processors:.1f} ×; "
            note += same(name, asked(), answer)
        yield Measurement(f"{name}: {what}", f"{mine.passed * 1000:,.0f} ms", aim, note)
