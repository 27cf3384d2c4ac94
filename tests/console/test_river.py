"""The river picture adds up: what flows in and out of a stop fits its height, and nothing overlaps."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.console.charts.river import NARROW, WIDE, Box, Flow, PlacedFlow, RiverPicture, Stop, draw


def two_columns(matrix: list[list[int]]) -> tuple[list[Stop], list[Flow]]:
    left = [sum(row) for row in matrix]
    right = [sum(column) for column in zip(*matrix, strict=True)]
    stops = [Stop(f"l{i}", 0, f"L{i}", people, str(people)) for i, people in enumerate(left)]
    stops += [Stop(f"r{i}", 1, f"R{i}", people, str(people)) for i, people in enumerate(right)]
    flows = [Flow(f"l{i}", f"r{j}", people, people * 2) for i, row in enumerate(matrix) for j, people in enumerate(row)]
    return stops, flows


def thickness(band: PlacedFlow) -> float:
    """Height of a band where it leaves, read from its path: the first and the last point before closing."""
    numbers = [float(text) for text in re.findall(r"-?\d+\.\d+", band.path)]
    return numbers[-1] - numbers[1]


def heights(picture: RiverPicture) -> dict[str, float]:
    return {one.stop.key: one.height for one in picture.stops}


MATRIX = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(st.integers(1_000, 90_000), min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(MATRIX, st.sampled_from([WIDE, NARROW]))
def test_bands_fill_their_stops(matrix: list[list[int]], box: Box) -> None:
    stops, flows = two_columns(matrix)
    picture = draw(stops, flows, box)
    leaving: dict[str, float] = {}
    arriving: dict[str, float] = {}
    for band in picture.flows:
        leaving[band.flow.start] = leaving.get(band.flow.start, 0.0) + thickness(band)
        arriving[band.flow.end] = arriving.get(band.flow.end, 0.0) + thickness(band)
    for key, height in heights(picture).items():
        # Bands are drawn to a tenth of a pixel and never thinner than three quarters of one.
        assert (leaving | arriving)[key] == pytest.approx(height, abs=1.0 * len(picture.flows))


@given(MATRIX, st.sampled_from([WIDE, NARROW]))
def test_stops_of_a_column_do_not_overlap_and_lie_inside(matrix: list[list[int]], box: Box) -> None:
    stops, flows = two_columns(matrix)
    for column in (0, 1):
        placed = sorted(
            (one for one in draw(stops, flows, box).stops if one.stop.column == column), key=lambda one: one.y
        )
        for above, below in itertools.pairwise(placed):
            assert above.y + above.height < below.y
        assert placed[0].y >= box.top
        assert placed[-1].y + placed[-1].height <= box.height + 0.5 * len(placed)


def test_height_is_in_proportion_to_people() -> None:
    stops, flows = two_columns([[30_000, 10_000]])
    found = heights(draw(stops, flows, WIDE))
    assert found["r0"] / found["r1"] == pytest.approx(3)


def test_tint_is_money_per_person() -> None:
    stops = [Stop("a", 0, "A", 100, ""), Stop("b", 0, "B", 100, ""), Stop("z", 1, "Z", 200, "")]
    picture = draw(stops, [Flow("a", "z", 100, 50.0), Flow("b", "z", 100, 200.0)], WIDE)
    tints = {band.flow.start: band.opacity for band in picture.flows}
    assert tints["b"] > tints["a"] > 0


def test_nobody_draws_nothing() -> None:
    picture = draw([Stop("a", 0, "A", 0, "0")], [Flow("a", "b", 0)], WIDE)
    assert (picture.stops, picture.flows) == ((), ())
