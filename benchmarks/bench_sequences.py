"""Sequence questions by kernels on mapped columns, side by side with ClickHouse (chdb) on its own sorted table.

Both hold the same events, use two threads, and are warm; what is given is the median. A question is asked whole: rows are
marked, passed over and counted up. ClickHouse is asked in the best way found, with and without aggregation in order. Answers
have to be equal wherever its function follows our definition; where it does not, the difference is told. Every funnel is held
against making every chain of some people besides. Beside the time that passed stands the time of processors, which does not
grow when others use the machine as well.

    BENCH_SIZES=1e6,5e6,20e6,100e6   events
    BENCH_AGAINST=20e6               the largest size at which ClickHouse is asked, too
    BENCH_FOLDER=/somewhere          where a hundred bytes for each event find room, two hundred beside ClickHouse
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from harness import Measurement, cost, peak_megabytes
from sequences_brand import DAY, GAP, LAST, START, WEEK, Brand, engine_of, view_of
from sequences_house import FIVE, House, theirs
from synthetic import CHANNELS, NAMES

from dujiang.engine.columns import Columns
from dujiang.engine.kernels.funnel import Exclusion, Funnel, funnel
from dujiang.engine.kernels.paths import paths
from dujiang.engine.kernels.retention import retention
from dujiang.engine.kernels.steps import Where, stepped
from dujiang.engine.kernels.touches import TouchLists, touch_lists
from dujiang.engine.kernels.visits import combinations, visits
from dujiang.engine.view import Kind
from dujiang.insight.attribution.markov import solved, transitions
from dujiang.insight.attribution.model import Paths

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "engine"))
from chain_kit import Row, furthest

SIZES = [int(float(one)) for one in os.environ.get("BENCH_SIZES", "1e6,5e6,20e6").split(",")]
AGAINST = int(float(os.environ.get("BENCH_AGAINST", "20e6")))
TIMES = 5
CHECKED_PEOPLE, CHECKED_ROWS = 300, 7
DAYS: Final = START + np.arange(-2, 400) * DAY
Asked = Callable[[], Any]


def where(*kinds: set[str]) -> Where:
    """Rows of each set of names as a kind of its own."""
    event = np.zeros(len(NAMES) + 5, np.uint32)
    for place, names in enumerate(kinds):
        event[: len(NAMES)] |= np.isin(NAMES, list(names)).astype(np.uint32) << np.uint32(place)
    far = 1 << 62
    return Where.of(event, event[:0], event[:0], [(-far, far)] * len(kinds))


FUNNELS: Final[dict[str, tuple[list[str], Funnel]]] = {
    "funnel of 3 steps": (FIVE[:3], Funnel(3, ties="steps", window_ms=WEEK)),
    "funnel of 5 steps": (FIVE, Funnel(5, ties="steps", window_ms=WEEK)),
    "3 steps, strict increase": (FIVE[:3], Funnel(3, ties="never", window_ms=WEEK)),
    "3 steps, strict order": (FIVE[:3], Funnel(3, "strict", ties="steps", window_ms=WEEK)),
    "3 steps, strict deduplication": (FIVE[:3], Funnel(3, ties="steps", once=True, window_ms=WEEK)),
    "3 steps, any order": (FIVE[:3], Funnel(3, "any", window_ms=WEEK)),
    "3 steps, an exclusion": ([*FIVE[:3], "liked"], Funnel(3, exclusions=(Exclusion(0, 2),), window_ms=WEEK)),
    "3 steps, the second optional": (FIVE[:3], Funnel(3, optional=frozenset({1}), window_ms=WEEK)),
    "3 steps, windows between them": (FIVE[:3], Funnel(3, step_ms=(0, DAY, DAY), window_ms=WEEK)),
    "3 steps, ties either way": (FIVE[:3], Funnel(3, ties="either", window_ms=WEEK)),
    "3 steps, within a day of the calendar": (FIVE[:3], Funnel(3, days=1)),
    "3 steps, every time": (FIVE[:3], Funnel(3, ties="steps", reentry=True, window_ms=WEEK)),
}
"""What each row is of, and the rule; what is excluded stands after the steps."""


def ours(folder: Path, brand: Brand, engine: duckdb.DuckDBPyConnection) -> dict[str, Asked]:
    """Every question by its name, as answers that can be compared."""
    made = {name: asked_funnel(brand, names, rules) for name, (names, rules) in FUNNELS.items()}
    made |= filtered(folder, brand, engine)
    made["retention by week, 12 weeks"] = triangle(brand)
    made["visits by a pause of 30 minutes"] = lambda: counted_visits(brand)
    made["first five events"] = lambda: first_five(brand)
    made["overlap of 12 channels"] = lambda: overlap(brand)
    made["touch lists of 7 days: first, last, linear"] = lambda: touches(brand)
    made["touch lists of 7 days: Markov"] = lambda: chains(brand)
    return made


def asked_funnel(brand: Brand, names: list[str], rules: Funnel) -> Asked:
    """How many people came exactly how far."""
    kinds = where(*({one} for one in names))

    def work(part: Columns) -> Any:
        found = funnel(part.person, part.at_ms, stepped(part, kinds), rules, day_starts=DAYS)
        return np.bincount(found.reached, minlength=rules.steps + 1)[1:]

    return lambda: sum(brand.each(work)).tolist()


def checked(part: Columns, names: list[str], rules: Funnel) -> str:
    """Whether some people's furthest chains are those found by making every chain; only people with few rows have few."""
    bits = stepped(part, where(*({one} for one in names)))
    who, counts = np.unique(part.person[bits > 0], return_counts=True)
    people = who[counts <= CHECKED_ROWS][:CHECKED_PEOPLE]
    rows = np.flatnonzero((bits > 0) & np.isin(part.person, people))
    person, at_ms, own = part.person[rows], part.at_ms[rows], bits[rows]
    found = funnel(person, at_ms, own, rules, day_starts=DAYS)
    fast = [(int(one), int(far)) for one, far in zip(found.person, found.reached, strict=True)]
    slow = []
    for one in people:
        mine = [Row(place, int(at_ms[place]), int(own[place])) for place in np.flatnonzero(person == one)]
        far = furthest(mine, rules, DAYS.tolist()).reached
        slow += [(int(one), far)] if far else []
    return f"every chain of {len(people)} people says the same" if fast == slow else "EVERY CHAIN SAYS ANOTHER THING"


def filtered(folder: Path, brand: Brand, engine: duckdb.DuckDBPyConnection) -> dict[str, Asked]:
    """Rows of some dwell time only, by the device of the first step: asked again, and for the first time after a refresh."""
    view, remembered = view_of(folder, brand, engine)
    rules = Funnel(3, ties="steps", window_ms=WEEK)

    def again() -> Any:
        said = view.said('"dwell_ms"', {})
        assert said is not None
        choice = view.choice(said, "coalesce(word = 0 OR word > 20000, false)", {})
        device = view.codes("device")
        bits = view.bits([Kind(names=view.among("name", [one]), choices=(choice,)) for one in FIVE[:3]])

        def work(part: Columns, own: Any, code: Any) -> Any:
            found = funnel(part.person, part.at_ms, own, rules)
            return np.bincount(code[found.rows[:, 0]] * 4 + found.reached, minlength=8)

        counts = sum(view.each(work, view.parts, bits, device.parts))
        return [*counts[1:4].tolist(), *counts[5:8].tolist()]

    def first() -> Any:
        remembered.clear()
        return again()

    return {
        "3 steps, filter and breakdown, first time after a refresh": first,
        "3 steps, filter and breakdown": again,
    }


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
        lists = touch_lists(part.person, part.at_ms, stepped(part, kinds), part.channel, **whole)
        return sum(credited(found, part.channel) for found in lists)

    def credited(found: TouchLists, channel: Any) -> Any:
        lengths, most = np.diff(found.offsets), len(CHANNELS)
        own = (found.conversion >= 0) & (lengths > 0)
        code, share = channel[found.rows], np.repeat(np.where(own, 1 / np.maximum(lengths, 1), 0), lengths)
        first, last = code[found.offsets[:-1][own]], code[found.offsets[1:][own] - 1]
        return np.stack(
            [np.bincount(first, minlength=most), np.bincount(last, minlength=most), np.bincount(code, share, most)]
        )

    return sum(brand.each(work)).T.round(3).tolist()


def chains(brand: Brand) -> Any:
    """Each channel's credit by a chain of first order over the lists that end in an order, solved exactly."""
    kinds = where({"page_viewed"}, {"order_completed"})
    whole = {"from_ms": START, "to_ms": START + 2 * LAST, "look_back_ms": WEEK}

    def work(part: Columns) -> Any:
        lists = touch_lists(part.person, part.at_ms, stepped(part, kinds), part.channel, **whole)
        return sum(transitions(walks(found, part.channel)) for found in lists)

    def walks(found: TouchLists, channel: Any) -> Paths:
        lengths = np.diff(found.offsets)
        own = (found.conversion >= 0) & (lengths > 0)
        touched, lengths = channel[found.rows[np.repeat(own, lengths)]], lengths[own]
        ones = np.ones(len(lengths))
        return Paths(np.concatenate([[0], np.cumsum(lengths)]), touched, ones, ones, 0 * ones, len(CHANNELS))

    return solved(sum(brand.each(work))).credits.conversions.tolist()


def removed(steps: list[list[float]]) -> Any:
    """The same from counted steps (from, to, how often; 0 is the start, 99 the order): every channel taken out in turn."""
    counts = np.zeros((len(CHANNELS) + 1, len(CHANNELS) + 2))
    for here, there, often in steps:
        counts[int(here), -1 if there == 99 else int(there)] = often
    chance = counts / counts.sum(axis=1, keepdims=True)

    def converts(without: int) -> float:
        among = chance[:, :-1].copy()
        among[:, without] = 0
        among[:, 0] = 0
        return float(np.linalg.solve(np.eye(len(among)) - among, chance[:, -1])[0])

    effect = np.array([1 - converts(channel) / converts(0) for channel in range(1, len(CHANNELS) + 1)])
    return effect / effect.sum() * counts[:, -1].sum()


def same(name: str, mine: Any, other: list[list[float]]) -> str:
    """Whether both say the same; how far they are apart where ClickHouse defines it in another way."""
    if "retention" in name:
        flat = {(int(c), int(k)): int(n) for c, k, n in other}
        equal = all(mine[c][k - 1] == flat.get((c, k), 0) for c in range(len(mine)) for k in range(1, 13))
    elif "Markov" in name:
        equal = np.allclose(mine, removed(other))
    elif "touch" in name:
        equal = np.allclose(np.array(mine), np.array([row[1:] for row in other]), atol=0.01)
    else:
        numbers = [int(row[-1]) for row in other]
        wanted = mine if isinstance(mine, list) else [mine]
        if "strict" in name and numbers != wanted:
            return f"another definition: {numbers} against {wanted}"
        equal = numbers == wanted
    return "same answer" if equal else "ANSWERS DIFFER"


_AIMS = {"funnel": 5, "3 steps": 5, "touch": 5}


def measure() -> list[Measurement]:
    """Every question at every size, the smallest first."""
    rows = []
    for size in sorted(SIZES):
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
            for row in _at(Path(folder), size):
                print(row, file=sys.stderr, flush=True)
                rows.append(row)
    load = f"{os.getloadavg()[0]:.0f} threads wanted to run"
    rows.append(
        Measurement("load of the machine", load, "", "above 2, compare times of processors, not those that passed")
    )
    return rows


def _at(folder: Path, size: int) -> Iterator[Measurement]:
    brand = Brand.made(folder, size)
    engine = engine_of(folder, brand)
    house = House.filled(folder, brand) if size <= AGAINST else None
    what = f"{brand.events / 1e6:,.0f} million events of {brand.people:,} people"
    questions = ours(folder, brand, engine)
    for name, asked in questions.items():
        answer = asked()
        mine = cost(asked, TIMES)
        figures = {"events": float(size), "seconds": mine.passed, "processors": mine.processors}
        notes, aim = [f"processors {mine.processors * 1000:,.0f} ms"], ""
        if house is not None and (ways := theirs().get(name)):
            other, said = house.best(ways, TIMES)
            aim = f"{next((one for start, one in _AIMS.items() if name.startswith(start)), 3)} × faster"
            figures |= {"other_seconds": other.passed, "other_processors": other.processors}
            note = f"ClickHouse {other.passed * 1000:,.0f} ms, processors {other.processors * 1000:,.0f} ms: "
            note += f"{other.passed / mine.passed:.1f} × and {other.processors / mine.processors:.1f} ×"
            notes += [note, same(name, answer, said)]
        if name in FUNNELS:
            notes.append(checked(brand.parts[0], *FUNNELS[name]))
        elif "first time" in name:
            notes.append("same answer" if answer == questions["3 steps, filter and breakdown"]() else "ANSWERS DIFFER")
        yield Measurement(f"{name}: {what}", f"{mine.passed * 1000:,.0f} ms", aim, "; ".join(notes), figures)
    engine.close()
    note = "mapped columns included, which give way" + ("; ClickHouse, too" if house is not None else "")
    yield Measurement(f"peak memory until here: {what}", f"{peak_megabytes():,} MB", "", note)
