"""What a dashboard may say: tiles stay on the grid, lie on no other, and are read row by row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dujiang.insight.questions.dashboards import COLUMNS, DashboardSpec, Tile

SIZES = st.tuples(st.integers(0, 10), st.integers(0, 6), st.integers(2, 6), st.integers(1, 4))


def tile(x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return {"question": "sales", "x": x, "y": y, "width": width, "height": height}


def cells(one: dict[str, Any]) -> set[tuple[int, int]]:
    across, down = range(one["x"], one["x"] + one["width"]), range(one["y"], one["y"] + one["height"])
    return {(x, y) for x in across for y in down}


@given(st.lists(SIZES, max_size=4))
def test_tiles_share_no_cell_and_stay_on_the_grid(sizes: list[tuple[int, int, int, int]]) -> None:
    tiles = [tile(*one) for one in sizes]
    every = [cell for one in tiles for cell in cells(one)]
    is_sound = len(every) == len(set(every)) and all(x < COLUMNS for x, _y in every)
    try:
        DashboardSpec.model_validate({"tiles": tiles})
    except ValidationError:
        assert not is_sound
    else:
        assert is_sound


def test_tiles_are_read_row_by_row() -> None:
    spec = DashboardSpec(
        tiles=(Tile(question="c", x=0, y=4), Tile(question="b", x=6, y=0), Tile(question="a", x=0, y=0))
    )
    assert [one.question for one in spec.ordered] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "said", [{"question": "No Name"}, {"question": "a", "width": 1}, {"question": "a", "shape": "x"}]
)
def test_a_tile_that_is_none_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DashboardSpec.model_validate({"tiles": [said]})


def test_days_are_those_of_the_dashboard() -> None:
    spec = DashboardSpec.model_validate({"period": {"preset": "618"}, "compare": {"preset": "double11"}})
    assert spec.days == {"period": {"preset": "618"}, "compare": {"preset": "double11"}}
