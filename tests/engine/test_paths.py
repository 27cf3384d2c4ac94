"""Paths against their definition, read visit by visit."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.kernels.paths import ANCHOR, Followed, paths

NODES = 3
Row = tuple[int, int, int, int]


def asked(rows: list[Row], **more: bool | int) -> Followed:
    person, at_ms, bits, node = (np.array([row[side] for row in rows], np.int64) for side in range(4))
    return paths(person, at_ms, bits.astype(np.uint32), node.astype(np.int32), NODES, gap_ms=5, **more)


def visits(rows: list[Row]) -> list[list[Row]]:
    """Runs of rows that are steps, without a pause of more than 5."""
    found: list[list[Row]] = []
    for row in rows:
        if not row[2] or row[3] < 0:
            continue
        if found and found[-1][-1][0] == row[0] and row[1] - found[-1][-1][1] <= 5:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def obvious(
    rows: list[Row], *, steps: int, collapse: bool, anchored: bool, backwards: bool
) -> list[tuple[int, list[int]]]:
    found = []
    for visit in visits(rows):
        begin = next((place for place, row in enumerate(visit) if row[2] & ANCHOR), None) if anchored else 0
        if begin is None:
            continue
        way = [row[3] for row in (visit[: begin + 1][::-1] if backwards else visit[begin:])]
        nodes = [node for node, _same in groupby(way)] if collapse else way
        found.append((visit[0][0], (nodes + [-1] * steps)[:steps]))
    return found


ROWS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 40), st.sampled_from([0, 1, 3]), st.integers(-1, NODES - 1)),
    max_size=40,
).map(lambda rows: sorted(rows, key=lambda row: row[:2]))


@settings(deadline=None)
@given(ROWS, st.integers(2, 5), st.booleans(), st.sampled_from([(False, False), (True, False), (True, True)]))
def test_every_visit_has_its_path(rows: list[Row], steps: int, collapse: bool, way: tuple[bool, bool]) -> None:
    asked_for = {"steps": steps, "collapse": collapse, "anchored": way[0], "backwards": way[1]}
    found = asked(rows, **asked_for)
    expected = obvious(rows, **asked_for)
    assert list(zip(found.person.tolist(), found.nodes.tolist(), strict=True)) == expected
    flows = Counter(
        (step, here, NODES if then < 0 else then)
        for _who, path in expected
        for step, (here, then) in enumerate(pairwise(path))
        if here >= 0
    )
    assert {tuple(map(int, place)): int(found.flows[tuple(place)]) for place in np.argwhere(found.flows)} == dict(flows)


@settings(deadline=None)
@given(ROWS)
def test_nodes_are_counted_over_whole_visits(rows: list[Row]) -> None:
    found = asked(rows, steps=2, collapse=True)
    every = visits(rows)
    for node in range(NODES):
        assert found.seen[node] == sum(row[3] == node for visit in every for row in visit)
        assert found.loops[node] == sum(a[3] == b[3] == node for visit in every for a, b in pairwise(visit))
        assert found.ends[node] == sum(visit[-1][3] == node for visit in every)
