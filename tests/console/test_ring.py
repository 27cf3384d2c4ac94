"""The layout of the identity graph: nothing meets, nothing hangs over the edge, linked nodes stand near each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.console.charts.ring import NARROW, WIDE, RingBox, draw

GRAPHS = st.integers(1, 60).flatmap(
    lambda many: st.tuples(
        st.just(list(range(many))),
        st.lists(
            st.tuples(st.integers(0, many - 1), st.integers(0, many - 1)).filter(lambda p: p[0] != p[1]), max_size=80
        ),
    )
)


@pytest.mark.parametrize("box", [WIDE, NARROW], ids=["wide", "narrow"])
@given(graph=GRAPHS)
def test_labels_never_meet_and_all_is_inside(box: RingBox, graph: tuple[list[int], list[tuple[int, int]]]) -> None:
    nodes, edges = graph
    ring = draw(nodes, edges, box)
    assert sorted(spot.key for spot in ring.spots) == nodes
    assert [arc.index for arc in ring.arcs] == list(range(len(edges)))
    for spot in ring.spots:
        assert 12 <= spot.x <= ring.width - 12
        assert 12 <= spot.y <= ring.height - 12
    for anchor in ("start", "end"):
        heights = sorted(spot.y for spot in ring.spots if spot.anchor == anchor)
        assert all(below - above >= 30 for above, below in pairwise(heights))


def test_a_chain_stands_in_its_order_from_the_middle() -> None:
    ring = draw([1, 2, 3, 4, 5], [(1, 5), (5, 3), (3, 2), (2, 4)], NARROW)
    assert [spot.key for spot in ring.spots] == [1, 5, 3, 2, 4]


def test_two_links_between_the_same_two_are_both_seen() -> None:
    ring = draw([1, 2, 3], [(2, 3), (2, 3)], WIDE)
    assert len({arc.path for arc in ring.arcs}) == 2


def test_nobody_is_an_empty_drawing() -> None:
    assert draw([], [], WIDE).spots == ()
