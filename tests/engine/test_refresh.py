"""The refresh itself: what it takes in, what it knows to be missing, and what it computes again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pytest
from engine_kit import (
    SHANGHAI,
    Archive,
    Components,
    Rules,
    at,
    conversation,
    event,
    node,
    order,
    refresher,
    refund,
    rows,
)

from dujiang.engine import refresh
from dujiang.engine.duck import Engine
from dujiang.engine.expressions import Scope
from dujiang.engine.graph import GRAPH, Node, in_order
from dujiang.engine.refresh import Refresher
from dujiang.engine.rules import anchors
from dujiang.engine.schema import fingerprint
from dujiang.foundation.errors import InvariantBroken
from dujiang.foundation.facts import IDENTIFIERS


@dataclass(frozen=True)
class Part:
    family: str
    first_seq: int
    batch: str


def test_only_what_was_touched_is_computed(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", *(event(f"user:{n}", moment=at()) for n in range(20))))
    keeper.refresh()
    keeper.load(archive.batch("b", event("user:3", moment=at(60)), order("A", "user:4", moment=at(90))))
    report = keeper.refresh()
    assert (report.full, report.persons, report.orders) == (False, 2, 1)
    assert report.touched is not None
    assert dict(zip(*report.touched.to_pydict().values(), strict=True)) == {
        node("user:3"): at(60),
        node("user:4"): at(90),
    }


def test_a_refresh_without_news_computes_nothing(engine: Engine) -> None:
    keeper = refresher(engine)
    keeper.load(Archive().batch("a", event("user:1", moment=at())))
    keeper.refresh()
    assert keeper.refresh().persons == 0


def test_a_merge_takes_the_history_along_from_where_it_began(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", event("user:1", moment=at()), event("device:1", moment=at(days=1))))
    keeper.refresh()
    keeper.load(archive.batch("b", event("user:1", "device:1", moment=at(days=2))))
    report = keeper.refresh()
    assert report.touched is not None
    since = dict(zip(*report.touched.to_pydict().values(), strict=True))
    assert since == {node("user:1"): at(days=1), node("device:1"): at(days=1)}
    assert [(row["person"], row["events"]) for row in rows(engine, "person")] == [(node("user:1"), 3)]


def test_an_order_named_by_its_refund_counts_on_the_day_it_was_made(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", refund("A", "1", "user:1", moment=at(days=3), amount_minor=5)))
    keeper.refresh()
    keeper.load(archive.batch("b", order("A", moment=at(), status="valid", paid_minor=9)))
    keeper.refresh()
    assert [(row["day"], row["orders"], row["paid_minor"]) for row in rows(engine, "person_day")] == [
        (date(2026, 3, 1), 1, 9)
    ]


def test_a_conversation_named_later_counts_on_the_day_it_began(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", conversation("c", moment=at())))
    keeper.refresh()
    keeper.load(archive.batch("b", conversation("c", "user:1", moment=None)))
    keeper.refresh()
    assert [(row["day"], row["conversations"]) for row in rows(engine, "person_day")] == [(date(2026, 3, 1), 1)]


def test_a_merge_takes_along_what_a_later_fact_named(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(
        archive.batch("a", order("A", moment=at(), status="valid"), refund("A", "1", "device:1", moment=at(days=3)))
    )
    keeper.load(archive.batch("b", event("user:1", moment=at(days=4))))
    keeper.refresh()
    keeper.load(archive.batch("c", event("user:1", "device:1", moment=at(days=5))))
    keeper.refresh()
    assert {row["person"] for row in rows(engine, "person_day")} == {node("device:1")}
    assert [(row["orders"], row["events"]) for row in rows(engine, "person")] == [(1, 2)]


def test_many_touched_persons_are_computed_all_at_once(engine: Engine) -> None:
    keeper = Refresher(engine, Components(), Rules(), SHANGHAI, 30)
    keeper.load(Archive().batch("a", event("user:1", moment=at())))
    assert keeper.refresh().full


def test_it_knows_which_parts_are_missing_and_which_too_many(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", event("user:1", moment=at()), order("A", moment=at())))
    keeper.load(archive.batch("b", event("user:1", moment=at(1))))
    parts = [Part("event", 1, "a"), Part("order", 2, "a"), Part("event", 4, "c")]
    assert keeper.missing(parts) == [Part("event", 4, "c")]
    assert keeper.surplus(parts) == ["b"]
    assert keeper.retract(["b"]) == 1
    assert keeper.surplus(parts) == []


def test_many_facts_are_committed_in_turns(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "LOAD_ROWS", 4)
    keeper, archive = refresher(engine), Archive()
    batches = [
        archive.batch(name, *(event(f"user:{n}", moment=at(n)) for n in range(2))) for name in ("a", "b", "c", "d", "e")
    ]

    def cut_off() -> Iterator[tuple[str, pa.Table]]:
        for parts in batches[:3]:
            yield from parts
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        keeper.load(cut_off())
    parts = [Part("event", 1 + 2 * n, name) for n, name in enumerate("abcde")]
    assert keeper.missing(parts) == parts[2:]
    assert keeper.load(part for made in batches[2:] for part in made) == 6
    assert keeper.missing(parts) == []
    keeper.refresh()
    assert [row["events"] for row in rows(engine, "person")] == [5, 5]


def test_undoing_a_batch_brings_the_earlier_version_back(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", order("A", "user:1", moment=at(), status="valid", paid_minor=100)))
    keeper.load(archive.batch("b", order("A", moment=at(), paid_minor=300)))
    keeper.refresh()
    keeper.retract(["b"])
    keeper.refresh()
    assert [(row["paid_minor"], row["orders"]) for row in rows(engine, "person")] == [(100, 1)]


def test_rebuilding_gives_the_same_fingerprints(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", event("user:1", "device:1", moment=at()), order("A", "user:1", moment=at())))
    keeper.refresh()
    with engine.read() as con:
        before = fingerprint(con)
    steps: list[str] = []
    report = keeper.rebuild(archive.left(), lambda step, _done, _total: steps.append(step))
    with engine.read() as con:
        assert fingerprint(con) == before
    assert (report.parts, report.facts, report.refreshed.full, report.refreshed.persons) == (2, 2, True, 1)
    assert steps[:4] == ["load", "load", "identity", "orders"]


def test_identifiers_and_links_are_counted(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(
        archive.batch("a", event("user:1", "device:1", moment=at(5)), event("device:1", "virtual:1", moment=at(7)))
    )
    keeper.load(archive.batch("b", event("device:1", "user:1", moment=at(1), channel="app")))
    assert [
        (row["node"], row["first_seq"], row["first_at"], row["last_at"], row["facts"])
        for row in rows(engine, "identifier")
    ] == [
        (node("user:1"), 1, at(1), at(5), 2),
        (node("device:1"), 1, at(1), at(7), 3),
        (node("virtual:1"), 2, at(7), at(7), 1),
    ]
    (link,) = rows(engine, "link")
    assert (link["a"], link["b"], link["a_type"], link["b_type"]) == (
        node("user:1"),
        node("device:1"),
        "user",
        "device",
    )
    assert (link["facts"], link["sources"], link["first_seq"]) == (2, ["app", "site"], 1)


def test_the_anchor_is_the_strongest_identifier() -> None:
    lists = [
        [{"type": "device", "node": 4}, {"type": "user", "node": 1}],
        [],
        [{"type": "phone", "node": 7}, {"type": "phone", "node": 6}],
        None,
    ]
    assert anchors(pa.chunked_array([lists], IDENTIFIERS), Rules()).to_pylist() == [1, None, 7, None]


def test_the_graph_has_an_order() -> None:
    names = [node.table for node in in_order()]
    assert len(names) == len(GRAPH)
    for one in GRAPH:
        for read in one.reads:
            assert read not in names or names.index(read) < names.index(one.table)
    dated = {node.table for node in GRAPH if node.dated}
    assert not any(dated.intersection(node.reads) for node in GRAPH if not node.dated)


@pytest.mark.parametrize(
    ("reads", "code"), [((("visit",), ("orders",)), "engine.graph_cycle"), ((("nothing",), ()), "engine.graph_unknown")]
)
def test_an_unsound_graph_is_refused(reads: tuple[tuple[str, ...], tuple[str, ...]], code: str) -> None:
    def nothing(_scope: Scope) -> None: ...

    nodes = [Node("orders", reads[0], nothing, ""), Node("visit", reads[1], nothing, "")]
    with pytest.raises(InvariantBroken) as caught:
        in_order(nodes)
    assert caught.value.code == code
