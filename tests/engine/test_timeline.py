"""Timelines show what the engine holds, whatever happened on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_kit import (
    SHANGHAI,
    Archive,
    Components,
    Fact,
    Rules,
    at,
    conversation,
    customer,
    event,
    node,
    order,
    refresher,
    refund,
)
from engine_kit import rows as kept
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.engine.columns import among
from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.engine.schema import PENDING
from dujiang.engine.timeline import Timeline

Row = tuple[int, int, str | None, str, str | None, int, int, int]

_OWNED = """person_node ON node = anchor
    AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)"""
_DONE = f"""
    SELECT person, epoch_ms("at"), name, channel, page, coalesce(dwell_ms, 0), coalesce(value_minor, 0), seq
    FROM fact_event JOIN {_OWNED}
    WHERE kind NOT IN ('identify', 'group', 'alias') ORDER BY person, "at", seq
"""
_RECORDS = f'SELECT person, epoch_ms("at"), joined_at, added_at, channel, seq FROM fact_customer JOIN {_OWNED}'


def shown(timeline: Timeline) -> list[Row]:
    """All rows that count, by person."""
    names = timeline.codes.names
    channels = list(timeline.codes.channels)
    pages = {code: page for page, code in (timeline.codes.pages or {}).items()}
    found: list[Row] = []
    for part in timeline.columns():
        alive = ~among(part.person, part.skip)
        rows = zip(*(column[alive].tolist() for column in part.stored().values()), strict=True)
        found += [
            (person, moment, names[name], channels[channel], pages.get(page), dwell, value, seq)
            for person, moment, name, channel, page, dwell, value, seq in rows
        ]
    return sorted(found, key=lambda row: row[0])  # stable: each person's rows stay in their order


def held(engine: Engine) -> list[Row]:
    """What the engine holds, asked in the obvious way: events of a moment first, then all else by kind and moment."""
    with engine.read() as con:
        events = con.execute(_DONE).fetchall()
        records = con.execute(_RECORDS).fetchall()
    found = [((row[0], row[1], 0, place, 0), row) for place, row in enumerate(events)]
    for name, row, at_us in _others(engine):
        kind = ["@order", "@refund", "@conversation"].index(name) + 1
        found.append(((row[0], row[1], kind, at_us, row[-1]), row))
    for person in {row[0] for row in records}:
        told = [(one, record) for record in records if record[0] == person for one in record[2:4] if one is not None]
        moments = [(_ms(one), record[5], record[4]) for one, record in told]
        moments = moments or [(record[1], record[5], record[4]) for record in records if record[0] == person]
        moment, seq, channel = min(moments)
        found.append(((person, moment, 4, 0, seq), (person, moment, "@join", channel, None, 0, 0, seq)))
    return [row for _place, row in sorted(found, key=lambda one: one[0])]


def _others(engine: Engine) -> Iterator[tuple[str, Row, int]]:
    for one in kept(engine, "orders"):
        moment = one["paid_at"] or one["at"]
        if one["status"] == "valid" and one["person"] is not None and moment is not None:
            yield _other("@order", one, moment, one["net_minor"] or 0, one["order_key"])
    for one in kept(engine, "refunds"):
        if one["person"] is not None and one["at"] is not None:
            yield _other("@refund", one, one["at"], one["amount_minor"], one["refund_key"])
    for one in kept(engine, "conversation"):
        if one["person"] is not None and one["at"] is not None:
            yield _other("@conversation", one, one["at"], 0, one["conversation_key"])


def _other(name: str, one: dict[str, Any], moment: datetime, value: int, key: int) -> tuple[str, Row, int]:
    row = (one["person"], _ms(moment), name, one["channel"], None, 0, value, key)
    return name, row, int(moment.timestamp() * 1e6)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


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
_MINUTE = st.none() | st.integers(0, 5000)


def _when(minute: int | None) -> datetime | None:
    return None if minute is None else at(minute)


_DEALS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        lambda number, who, made, paid, status, worth: order(
            number, *who, moment=_when(made), paid_at=_when(paid), status=status, paid_minor=worth
        ),
        st.sampled_from("AB"),
        st.just(()) | _WHO,
        _MINUTE,
        _MINUTE,
        st.sampled_from(["valid", "valid", None, "cancelled"]),
        st.sampled_from([None, 700, 900]),
    ),
    st.builds(
        lambda number, case, who, minute: refund(number, case, *who, moment=_when(minute), amount_minor=50),
        st.sampled_from("AB"),
        st.sampled_from("12"),
        st.just(()) | _WHO,
        _MINUTE,
    ),
    st.builds(
        lambda name, who, minute: conversation(name, *who, moment=_when(minute)), st.sampled_from("xy"), _WHO, _MINUTE
    ),
    st.builds(
        lambda record, who, minute, joined, added: customer(
            record, *who, moment=at(minute), joined_at=_when(joined), added_at=_when(added)
        ),
        st.sampled_from("mn"),
        _WHO,
        st.integers(0, 5000),
        _MINUTE,
        _MINUTE,
    ),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(_EVENTS, st.lists(_DEALS, max_size=6), st.booleans()), min_size=1, max_size=4))
def test_following_shows_what_the_engine_holds(shared: Engine, tmp_path_factory: Any, steps: list[Any]) -> None:
    with shared.write() as con:
        for table in (*ALL, *PENDING, "loaded_part", "engine_state"):
            con.execute(f"DELETE FROM {table}")
    folder = tmp_path_factory.mktemp("timeline")
    timeline, archive = Timeline.open(folder), Archive()
    keeper = _refresher(shared, timeline)
    for number, (events, deals, undo) in enumerate(steps):
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
                *deals,
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
