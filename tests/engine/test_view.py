"""What a view says of rows, against the engine asked row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_kit import SHANGHAI, Archive, Components, Rules, at, conversation, customer, event, node, order, refund
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine import view as viewing
from dujiang.engine.columns import Columns
from dujiang.engine.duck import Engine
from dujiang.engine.kernels.steps import Lookup, looked_up, masked
from dujiang.engine.refresh import Refresher
from dujiang.engine.timeline import Timeline
from dujiang.engine.view import Kind, MappedView, View
from dujiang.foundation.errors import InvalidInput, NotFound

LATE = "user:80"
"""Who comes back after the first refresh; all of them lie in one bucket, so that it is not folded."""


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Timeline]]:
    """Two refreshes, the second of which touched one person, so that their older rows are to be passed over."""
    folder = tmp_path_factory.mktemp("brand")
    engine = Engine.open(folder / "dujiang.duckdb", memory_mb=512, threads=1)
    timeline, archive = Timeline.open(folder / "timeline"), Archive()
    keeper = Refresher(engine, Components(), Rules(), SHANGHAI, 30, timeline=timeline, full_from=1e9)
    facts = [
        event(
            LATE if number < 3 else f"user:{number % 5 * 16}",
            moment=at(number * 10),
            channel="app" if number % 3 else "site",
            page=f"/{number % 4}" if number % 5 else None,
            utm_campaign=["spring", "sale's", None][number % 3],
            properties=json.dumps({"a/b": str(number % 2)} if number % 4 else {}),
            name="page_viewed" if number % 6 else None,
        )
        for number in range(60)
    ]
    facts += [
        order("A", "user:16", moment=at(5), status="valid", paid_minor=900, store="湖滨店"),
        order("B", LATE, moment=at(15), status="valid", paid_minor=500),
        refund("A", "1", moment=at(50), amount_minor=100, reason="late"),
        conversation("x", "user:48", moment=at(7)),
        customer("m", "user:64", moment=at(3), joined_at=at(-5)),
    ]
    keeper.load(archive.batch("a", *facts))
    keeper.refresh()
    keeper.load(archive.batch("b", event(LATE, moment=at(700), channel="app", utm_campaign="late")))
    keeper.refresh()
    assert any(len(part.skip) for part in timeline.columns())
    yield engine, timeline
    engine.close()


@pytest.fixture
def view(brand: tuple[Engine, Timeline]) -> Iterator[MappedView]:
    engine, timeline = brand
    with engine.read() as con:
        found = View.of(timeline, con)
        assert isinstance(found, MappedView)
        yield found


def marked(view: MappedView, *kinds: Kind) -> dict[tuple[int, int], int]:
    """The kinds of rows that are of any, by event and key."""
    found: dict[tuple[int, int], int] = {}
    for part, bits in zip(view.parts, view.bits(kinds), strict=True):
        for row in np.flatnonzero(bits):
            place = (int(min(part.event[row], -1)), int(part.seq[row]))
            assert place not in found  # a row that was written anew counts once
            found[place] = int(bits[row])
    return found


def asked(engine: Engine, question: str) -> set[int]:
    with engine.read() as con:
        return {row[0] for row in con.execute(question).fetchall()}


def test_no_view_of_another_state(brand: tuple[Engine, Timeline], tmp_path: Path) -> None:
    engine, _timeline = brand
    with engine.read() as con:
        assert View.of(Timeline.open(tmp_path / "empty"), con) is None


def test_names_channels_pages_and_times(brand: tuple[Engine, Timeline], view: MappedView) -> None:
    engine, _timeline = brand
    ms = int(at(300).timestamp() * 1000)
    viewed = Kind(names=view.among("name", {"page_viewed"}), channels=view.among("channel", {"app"}), to_ms=ms)
    unnamed = Kind(names=view.among("name", {None}), from_ms=ms)
    on_page = Kind(pages=view.among("page", {"/1", "nowhere"}), from_ms=ms)
    found = marked(view, viewed, unnamed, on_page)
    questions = (
        f"name = 'page_viewed' AND channel = 'app' AND epoch_ms(\"at\") < {ms}",
        f'name IS NULL AND epoch_ms("at") >= {ms}',
        f"page = '/1' AND epoch_ms(\"at\") >= {ms}",
    )
    for place, condition in enumerate(questions):
        wanted = asked(engine, f"SELECT seq FROM fact_event WHERE {condition}")
        assert wanted
        assert {seq for (_event, seq), bits in found.items() if bits >> place & 1} == wanted


def test_a_kind_without_names_is_every_event_and_nothing_else(brand: tuple[Engine, Timeline], view: MappedView) -> None:
    engine, _timeline = brand
    found = marked(view, Kind())
    assert {seq for _event, seq in found} == asked(engine, "SELECT seq FROM fact_event")
    assert len(found) == 61


def test_others_are_told_by_their_names(brand: tuple[Engine, Timeline], view: MappedView) -> None:
    engine, _timeline = brand
    names = ("@order", "@refund", "@conversation", "@join")
    found = marked(view, *(Kind(names=view.among("name", {name})) for name in names))
    for place, (table, key) in enumerate(
        (("orders", "order_key"), ("refunds", "refund_key"), ("conversation", "conversation_key"))
    ):
        keys = {seq for (code, seq), bits in found.items() if bits == 1 << place and code == -2 - place}
        assert keys == asked(engine, f"SELECT {key} FROM {table}")
    (joined,) = [key for key, bits in found.items() if bits == 8]
    (part,) = [part for part in view.parts if joined[1] in part.seq[part.event == -5]]
    row = int(np.flatnonzero((part.event == -5) & (part.seq == joined[1]))[0])
    assert (part.person[row], part.at_ms[row]) == (node("user:64"), at(-5).timestamp() * 1000)


def test_masks_decide_about_rows_of_their_table_only(brand: tuple[Engine, Timeline], view: MappedView) -> None:
    engine, _timeline = brand
    campaign = view.mask("SELECT seq FROM fact_event WHERE utm_campaign = $name", {"name": "sale's"})
    store = view.mask("SELECT order_key FROM orders WHERE store = $name", {"name": "湖滨店"}, "orders")
    either = view.among("name", {*view.words("name")} - {"@refund", "@conversation", "@join"})
    found = marked(view, Kind(names=either, masks=(campaign,)), Kind(names=either, masks=(campaign, store)), Kind())
    events = asked(engine, "SELECT seq FROM fact_event WHERE utm_campaign = 'sale''s'")
    orders = asked(engine, "SELECT order_key FROM orders")
    some = asked(engine, "SELECT order_key FROM orders WHERE store = '湖滨店'")
    assert {seq for (_code, seq), bits in found.items() if bits & 1} == events | orders
    assert {seq for (_code, seq), bits in found.items() if bits & 2} == events | some
    assert len(orders) == 2 and len(some) == 1


@pytest.mark.parametrize(
    ("column", "table", "key", "code"),
    [
        ("utm_campaign", "fact_event", "seq", -1),
        ("properties.a/b", "fact_event", "seq", -1),
        ("page", "fact_event", "seq", -1),
        ("store", "orders", "order_key", -2),
        ("reason", "refunds", "refund_key", -3),
    ],
)
def test_codes_say_what_the_column_says(
    brand: tuple[Engine, Timeline], view: MappedView, column: str, table: Any, key: str, code: int
) -> None:
    engine, _timeline = brand
    expression = "json_extract_string(properties, '/a~1b')" if "." in column else column
    with engine.read() as con:
        said = dict(con.execute(f"SELECT {key}, {expression} FROM {table}").fetchall())
    coded = view.codes(column, table)
    assert coded.words[-1] is None and any(said.values())
    for part, codes in zip(view.parts, coded.parts, strict=True):
        for row in range(len(part.person)):
            inside = part.event[row] >= -1 if code == -1 else part.event[row] == code
            assert coded.words[codes[row]] == (said[part.seq[row]] if inside else None)


@pytest.mark.parametrize("condition", ["{} = 'sale''s'", "coalesce({} <> 'late', true)", "{} IS NULL", "false"])
def test_a_choice_decides_about_rows_of_its_table_only(
    brand: tuple[Engine, Timeline], view: MappedView, condition: str
) -> None:
    engine, _timeline = brand
    said = view.said('"utm_campaign"', {})
    assert said is not None
    choice = view.choice(said, condition.format("word"), {})
    either = view.among("name", {*view.words("name")} - {"@refund", "@conversation", "@join"})
    found = marked(view, Kind(names=either, choices=(choice,)), Kind(choices=(choice,)), Kind(names=either))
    events = asked(engine, f"SELECT seq FROM fact_event WHERE {condition.format('utm_campaign')}")
    orders = asked(engine, "SELECT order_key FROM orders")
    for place, wanted in enumerate((events | orders, events)):
        assert {seq for (_code, seq), bits in found.items() if bits >> place & 1} == wanted


def test_a_column_is_asked_of_the_engine_once(
    brand: tuple[Engine, Timeline], view: MappedView, monkeypatch: pytest.MonkeyPatch
) -> None:
    _engine, timeline = brand
    value = "coalesce(dwell_ms, $more)"
    first = view.said(value, {"more": 3})
    monkeypatch.setattr(MappedView, "ask", lambda *_given: None)
    other = MappedView(Timeline.open(timeline._folder), view._con)  # as another process sees it
    again = other.said(value, {"more": 3})
    assert first is not None and again is not None
    assert [part.tolist() for part in again.parts] == [part.tolist() for part in first.parts]
    assert again.words.to_pylist() == first.words.to_pylist() == sorted(again.words.to_pylist())
    assert other.said(value, {"more": 4}) is None


def test_what_was_remembered_is_gone_with_its_state(tmp_path: Path) -> None:
    engine = Engine.open(tmp_path / "dujiang.duckdb", memory_mb=256, threads=1)
    timeline, archive = Timeline.open(tmp_path / "timeline"), Archive()
    keeper = Refresher(engine, Components(), Rules(), SHANGHAI, 30, timeline=timeline)

    def said() -> list[str | None]:
        with engine.read() as con:
            view = View.of(timeline, con)
            assert view is not None
            coded = view.codes("utm_campaign")
            bits = view.bits([Kind()])
            return [
                coded.words[code]
                for codes, kinds in zip(coded.parts, bits, strict=True)
                for code, kind in zip(codes, kinds, strict=True)
                if kind
            ]

    keeper.load(archive.batch("a", event("user:1", moment=at(1), utm_campaign="spring")))
    keeper.refresh()
    assert said() == ["spring"] == said()
    before = set((tmp_path / "timeline" / "columns").iterdir())
    keeper.load(archive.batch("b", event("user:1", moment=at(2), utm_campaign="autumn")))
    keeper.refresh()
    assert before and not any(file.exists() for file in before)
    assert said() == ["spring", "autumn"] == said()
    engine.close()


def test_names_and_channels_are_said_of_all_rows(view: MappedView) -> None:
    names, channels = view.codes("name"), view.codes("channel")
    said = {
        (names.words[name], channels.words[channel])
        for name_codes, channel_codes in zip(names.parts, channels.parts, strict=True)
        for name, channel in zip(name_codes, channel_codes, strict=True)
    }
    assert {("@order", "shop"), ("@join", "members"), ("page_viewed", "app"), (None, "site")} <= said


def test_what_there_is_not(view: MappedView, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="dwell_ms"):
        view.codes("dwell_ms")
    with pytest.raises(NotFound, match="colour"):
        view.words("colour")
    with pytest.raises(InvalidInput, match="33 different"):
        view.bits([Kind()] * 33)
    monkeypatch.setattr(viewing, "WORDS_MAX", 1)
    with pytest.raises(InvalidInput, match="batch"):
        view.codes("batch")


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(-50, 50) | st.integers(-(2**60), 2**60), st.integers(0, 9), max_size=20),
    st.lists(st.tuples(st.sampled_from([0, -1, -2]), st.integers(-50, 50)), min_size=1, max_size=30),
    st.sampled_from([-1, -2]),
)
def test_keys_are_found_wherever_they_lie(held: dict[int, int], rows: list[tuple[int, int]], family: int) -> None:
    lookup = Lookup.of(np.array(list(held), np.int64), np.array(list(held.values()), np.int32))
    seqs = [*(list(held)[:3]), *(seq for _event, seq in rows)][: len(rows)]
    events = [event for event, _seq in rows]
    none, zero = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.int64)
    columns = Columns(zero, zero, np.array(events, np.int32), none, none, zero, zero, np.array(seqs, np.int64))
    inside = [event >= -1 if family == -1 else event == family for event in events]
    wanted = [held.get(seq, -1) if own else -1 for seq, own in zip(seqs, inside, strict=True)]
    assert looked_up(columns, family, lookup).tolist() == wanted
    bits = np.full(len(rows), 3, np.uint32)
    masked(bits, columns, 1, family, lookup)
    assert bits.tolist() == [1 if own and seq not in held else 3 for seq, own in zip(seqs, inside, strict=True)]
