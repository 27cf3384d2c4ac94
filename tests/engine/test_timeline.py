"""Timelines show what the engine holds, whatever happened on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_kit import SHANGHAI, Archive, Components, Rules, at, event, node, refresher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.engine.columns import among
from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.engine.schema import PENDING
from dujiang.engine.timeline import Timeline

Row = tuple[int, int, str | None, str, str | None, int, int]

_QUESTION = """
    SELECT person, epoch_ms("at"), name, channel, page, coalesce(dwell_ms, 0), coalesce(value_minor, 0)
    FROM fact_event JOIN person_node ON node = anchor
        AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)
    WHERE kind NOT IN ('identify', 'group', 'alias') ORDER BY person, "at", seq
"""


def shown(timeline: Timeline) -> list[Row]:
    """All rows that count, by person."""
    events: dict[int, str] = dict(enumerate(timeline.codes.events))
    channels = list(timeline.codes.channels)
    pages = {code: page for page, code in (timeline.codes.pages or {}).items()}
    found: list[Row] = []
    for part in timeline.columns():
        alive = ~among(part.person, part.skip)
        rows = zip(*(column[alive].tolist() for column in part.stored().values()), strict=True)
        found += [
            (person, moment, events.get(name), channels[channel], pages.get(page), dwell, value)
            for person, moment, name, channel, page, dwell, value in rows
        ]
    return sorted(found, key=lambda row: row[0])  # stable: each person's rows stay in their order


def held(engine: Engine) -> list[Row]:
    """What the engine holds, asked in the obvious way."""
    with engine.read() as con:
        return con.execute(_QUESTION).fetchall()


def _refresher(engine: Engine, timeline: Timeline) -> Refresher:
    return Refresher(engine, Components(), Rules(), SHANGHAI, 30, timeline=timeline, full_from=1e9)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine.open(tmp_path_factory.mktemp("engine") / "dujiang.duckdb", memory_mb=512, threads=1)
    yield engine
    engine.close()


_WHO = st.sampled_from(
    [("user:1",), ("user:2",), ("device:1",), ("user:1", "device:1"), ("user:2", "phone:1"), ("recycled:1",)]
)
_EVENTS = st.lists(
    st.tuples(
        _WHO,
        st.integers(0, 5000),
        st.sampled_from(["page", "track", "identify"]),
        st.sampled_from(["/a", "/b", "/c", None]),
        st.sampled_from([None, 0, 7, 9]),
        st.sampled_from([{}, {"name": None}, {"name": "liked"}]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(_EVENTS, st.booleans()), min_size=1, max_size=4))
def test_following_shows_what_the_engine_holds(shared: Engine, tmp_path_factory: Any, steps: list[Any]) -> None:
    with shared.write() as con:
        for table in (*ALL, *PENDING, "loaded_part", "engine_state"):
            con.execute(f"DELETE FROM {table}")
    folder = tmp_path_factory.mktemp("timeline")
    timeline, archive = Timeline.open(folder), Archive()
    keeper = _refresher(shared, timeline)
    for number, (events, undo) in enumerate(steps):
        keeper.load(
            archive.batch(
                f"batch{number}",
                *(
                    event(
                        *who,
                        moment=at(minute),
                        kind=kind,
                        page=page,
                        dwell_ms=many,
                        value_minor=many and many * 100,
                        **name,
                    )
                    for who, minute, kind, page, many, name in events
                ),
            )
        )
        keeper.refresh()
        assert shown(timeline) == held(shared)
        if undo:
            keeper.retract([f"batch{number}"])
    keeper.refresh()
    assert shown(timeline) == held(shared)
    assert shown(Timeline.open(folder)) == held(shared)


def test_a_small_change_goes_into_the_delta_and_a_large_one_is_folded_in(engine: Engine, tmp_path: Path) -> None:
    timeline, archive = Timeline.open(tmp_path / "timeline"), Archive()
    keeper = _refresher(engine, timeline)
    keeper.load(archive.batch("a", *(event("user:0", moment=at(n)) for n in range(50)), event("user:16", moment=at())))
    keeper.refresh()
    keeper.load(archive.batch("b", event("user:16", moment=at(5))))
    keeper.refresh()
    base, delta = timeline.columns()
    assert (len(base.person), base.skip.tolist(), delta.person.tolist()) == (
        51,
        [node("user:16")],
        [node("user:16")] * 2,
    )
    keeper.load(archive.batch("c", *(event("user:16", moment=at(10 + n)) for n in range(9))))
    keeper.refresh()
    (base,) = timeline.columns()
    assert (len(base.person), len(base.skip)) == (61, 0)


@pytest.mark.parametrize("at_once", [True, False])
def test_more_pages_than_can_be_coded_are_not(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    monkeypatch.setattr("dujiang.engine.timeline_facts.PAGES_MAX", 3)
    timeline, archive = Timeline.open(tmp_path / "timeline"), Archive()
    keeper = _refresher(engine, timeline)
    for number in range(4):
        keeper.load(archive.batch(f"b{number}", event("user:1", moment=at(number), page=f"/{number}")))
        if not at_once:
            keeper.refresh()
            assert (timeline.codes.pages is None) == (number == 3)
    keeper.refresh()
    assert timeline.codes.pages is None
    assert Timeline.open(tmp_path / "timeline").codes.pages is None
    assert shown(timeline) == [(*row[:4], None, *row[5:]) for row in held(engine)]


def test_one_person_in_order(engine: Engine, tmp_path: Path) -> None:
    timeline = Timeline.open(tmp_path / "timeline")
    keeper, archive = _refresher(engine, timeline), Archive()
    for name, minutes in (("a", (5, 1)), ("b", (3,))):
        keeper.load(
            archive.batch(
                name, *(event("user:1", moment=at(minute)) for minute in minutes), event("user:2", moment=at())
            )
        )
        keeper.refresh()
    rows = timeline.of_person(node("user:1"))
    assert (rows.at_ms - int(at().timestamp() * 1000)).tolist() == [60_000, 180_000, 300_000]
    assert len(timeline.of_person(12345).person) == 0


def test_timelines_of_another_state_are_built_anew(engine: Engine, tmp_path: Path) -> None:
    timeline, archive = Timeline.open(tmp_path / "timeline"), Archive()
    keeper = _refresher(engine, timeline)
    keeper.load(archive.batch("a", event("user:1", moment=at())))
    keeper.refresh()
    unheard = refresher(engine)
    unheard.load(archive.batch("b", event("user:2", moment=at())))
    unheard.refresh()
    keeper.refresh()
    assert shown(timeline) == held(engine)


@pytest.mark.parametrize("damage", ["cut", "gone", "no_meta", "bad_meta", "old"])
def test_a_damaged_file_is_built_anew(engine: Engine, tmp_path: Path, damage: str) -> None:
    folder, archive = tmp_path / "timeline", Archive()
    keeper = _refresher(engine, Timeline.open(folder))
    keeper.load(archive.batch("a", event("user:1", moment=at())))
    keeper.refresh()
    some = min(folder.glob("base-*.arrow"))
    if damage == "cut":
        some.write_bytes(some.read_bytes()[:40])
    elif damage == "gone":
        some.unlink()
    elif damage == "no_meta":
        (folder / "timeline.json").unlink()
    elif damage == "old":
        meta = folder / "timeline.json"
        meta.write_text(meta.read_text("utf-8").replace('"layout": ', '"layout": 9'), "utf-8")
    else:
        (folder / "timeline.json").write_text("{", "utf-8")
    timeline = Timeline.open(folder)
    assert timeline.columns() == []
    _refresher(engine, timeline).refresh()
    assert shown(timeline) == held(engine)


def test_files_that_no_longer_hold_are_removed(engine: Engine, tmp_path: Path) -> None:
    folder, archive = tmp_path / "timeline", Archive()
    keeper = _refresher(engine, Timeline.open(folder))
    for name in "abc":
        keeper.load(archive.batch(name, event("user:1", moment=at())))
        keeper.refresh()
    assert len(list(folder.iterdir())) == 3 * 16 + 1


def test_among_finds_members() -> None:
    assert among(np.array([1, 5, 9, 5]), np.array([5, 8])).tolist() == [False, True, False, True]
    assert among(np.array([1]), np.array([], np.int64)).tolist() == [False]
