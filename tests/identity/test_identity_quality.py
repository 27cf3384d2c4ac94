"""Identity in numbers: held against hand counts, and found persons held against true ones."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.engine.contract import FACTS, PERSON
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.identity.evaluate import evaluate
from dujiang.identity.quality import ChannelMatch, quality


@pytest.fixture
def world(new_world: Callable[[], Any], fact: Callable[..., Any]) -> Any:
    world = new_world()
    world.load(
        [
            fact("member_no:1 mobile:1", 0),
            fact("member_no:2 mobile:1", 1),
            fact("member_no:3 mobile:3", 0),
            fact("member_no:4 mobile:3", 200),
            fact("member_no:1 anonymous_id:tablet", 2),
            fact("member_no:2 anonymous_id:tablet", 2),
        ]
    )
    create_tables(world.con, (PERSON, FACTS["customer"]))
    create_own_tables(world.con)
    seen = [
        {
            "person": 1,
            "channels": ["tmall", "wechat"],
            "known": True,
            "gender": "female",
            "city": "Hangzhou",
            "birth_year": None,
            "tags": ["vip"],
        },
        {"person": 2, "channels": ["tmall"], "known": True, "birth_year": 1990, "tags": []},
        {"person": 3, "channels": ["wechat"], "known": False},
        {"person": 4, "channels": ["tmall"], "known": True},
    ]
    world.con.register("seen", pa.Table.from_pylist(seen))
    world.con.execute("INSERT INTO person BY NAME FROM seen")
    return world


def test_quality_counts_what_was_decided(world: Any) -> None:
    found = quality(world.con)
    assert (found.identifiers, found.persons, found.recycled, found.conflicts) == (7, 5, 1, 1)
    assert found.shared == {"anonymous_id": 1}
    assert found.refused == {"shared_device": 2, "limit:member_no": 1}
    assert [many for _person, many in found.largest] == [2, 2, 2, 1, 1]


def test_quality_of_channels(world: Any) -> None:
    tmall, wechat = quality(world.con).channels
    assert (tmall, wechat) == (
        ChannelMatch("tmall", 3, 3, 1, pytest.approx((3 + 1 + 0) / 6 / 3)),
        ChannelMatch("wechat", 2, 1, 1, pytest.approx(0.5)),
    )
    assert (wechat.known_rate, wechat.elsewhere_rate) == (0.5, 0.5)


def test_profiles_are_filled_on_average(world: Any) -> None:
    assert quality(world.con).completeness == pytest.approx(4 / 6 / 3)


def _state(world: Any, node_of: Callable[[str], int], *years: tuple[str, int]) -> None:
    rows = [{"seq": seq, "anchor": node_of(name), "birth_year": year} for seq, (name, year) in enumerate(years, 1)]
    world.con.register("stated", pa.Table.from_pylist(rows))
    world.con.execute("INSERT INTO fact_customer BY NAME FROM stated")


def test_people_joined_wrongly_are_estimated_from_years_of_birth(
    new_world: Callable[[], Any], fact: Callable[..., Any], node_of: Callable[[str], int]
) -> None:
    world = new_world()
    world.load(fact(f"member_no:{n} taobao_buyer:{n}") for n in range(40))
    create_tables(world.con, (PERSON, FACTS["customer"]))
    create_own_tables(world.con)
    # Forty people state two years each; four of them contradict themselves, and one corrected what was said first.
    said = [(f"{kind}:{n}", 1980 + n % 2) for n in range(40) for kind in ("member_no", "taobao_buyer")]
    wrong = [(f"taobao_buyer:{n}", 1981 - n % 2) for n in range(4)]
    _state(world, node_of, ("member_no:9", 1900), *said, *wrong)
    found = quality(world.con)
    assert (found.compared, found.contradicted) == (40, 4)
    assert found.by_chance == pytest.approx(0.5)
    assert found.over_merge_rate == pytest.approx(4 / 40 / 0.5)


def test_with_too_few_to_compare_nothing_is_estimated(world: Any, node_of: Callable[[str], int]) -> None:
    _state(world, node_of, ("member_no:1", 1980), ("mobile:1", 1981))
    found = quality(world.con)
    assert (found.compared, found.contradicted, found.over_merge_rate) == (1, 1, None)


def test_an_identifier_of_nobody_is_shown_with_what_it_was_seen_with(
    new_world: Callable[[], Any], fact: Callable[..., Any], node_of: Callable[[str], int]
) -> None:
    world = new_world()
    world.load(fact(f"member_no:{n} mobile:shop") for n in range(12))
    create_tables(world.con, (PERSON, FACTS["customer"]))
    create_own_tables(world.con)
    (hub,) = quality(world.con).hubs
    assert (hub.person, hub.type, hub.with_type, hub.many) == (node_of("mobile:shop"), "mobile", "member_no", 12)


def test_a_channel_without_people_has_no_rate() -> None:
    assert (ChannelMatch("empty", 0, 0, 0).known_rate, ChannelMatch("empty", 0, 0, 0).elsewhere_rate) == (None, None)


def test_a_perfect_answer() -> None:
    result = evaluate(np.array([5, 5, 9]), np.array([1, 1, 2]))
    assert (result.precision, result.recall, result.f1, result.over_merged, result.largest) == (1.0, 1.0, 1.0, 0, 1)
    assert (result.bcubed_precision, result.bcubed_recall) == (1.0, 1.0)


def test_without_pairs_there_is_no_rate() -> None:
    empty = evaluate(np.array([], np.int64), np.array([], np.int64))
    assert (empty.precision, empty.recall, empty.f1, empty.over_merged_per_10k, empty.bcubed_recall) == (None,) * 5


def test_over_merged_people_are_counted_per_ten_thousand() -> None:
    result = evaluate(np.array([1, 1, 1, 2, 3]), np.array([1, 2, 3, 4, 5]))
    assert (result.over_merged, result.largest) == (1, 3)
    assert result.over_merged_per_10k == pytest.approx(10_000 / 3)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_evaluation_equals_counting_pair_by_pair(records: list[tuple[int, int]]) -> None:
    result = evaluate(np.array([one for one, _ in records]), np.array([other for _, other in records]))
    pairs = list(combinations(records, 2))
    found = [a[0] == b[0] for a, b in pairs]
    true = [a[1] == b[1] for a, b in pairs]
    both = sum(one and other for one, other in zip(found, true, strict=True))
    assert (result.pairs_found, result.pairs_true, result.pairs_both) == (sum(found), sum(true), both)
    shares = [sum(a == b for b in records) / sum(a[0] == b[0] for b in records) for a in records]
    assert result.bcubed_precision == pytest.approx(sum(shares) / len(shares))
