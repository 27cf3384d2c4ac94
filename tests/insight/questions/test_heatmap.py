"""Heat maps: a page with a handful of clicks, counted by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest

from dujiang.console.charts.page_heat import drawn, fullest
from dujiang.foundation.plain import plain
from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.heatmap.analysis import Cell, Heatmap, HeatmapAnalysis, HeatmapPick, HeatmapQuestion
from dujiang.insight.questions.scene import Scene

DAY = date(2026, 11, 2)
WEEK = Period(DAY, date(2026, 11, 8))
START = datetime(2026, 11, 2, 4, tzinfo=UTC)


def click(who: int, ms: int, x: float, y: int, selector: str, module: str = "", dead: str = "") -> tuple[Any, ...]:
    more = f', "module": "{module}"' if module else ""
    said = f'{{"x_pct": {x}, "y_px": {y}, "page_px": 2000, "selector": "{selector}"{more}{dead}}}'
    return who, ms, "element_clicked", "track", said


@pytest.fixture
def scene(tables: Any) -> Any:
    """1 and 2 click the banner; 3 clicks a button four times within a second, and later a picture that is no link."""
    button = [
        click(3, 60_000 + ms, 50.0 + ms / 1000, 900, "#coupon", "gift", ', "dead": true') for ms in (0, 200, 400, 600)
    ]
    seen_by_1 = {"banner": {"top": 0, "height": 400}, "a/b": {"top": 1200, "height": 300}}
    seen_by_2 = {"banner": {"top": 20, "height": 380}, "gift": {"top": -5, "height": 0}, "odd": 7}
    stated = [
        (1, 0, "page_viewed", "page", "{}"),
        (2, 0, "page_viewed", "page", "{}"),
        (3, 0, "page_viewed", "page", "{}"),
        (3, 0, "page_viewed", "page", "{}"),
        click(1, 2_000, 49.9, 200, "#banner", "banner", ', "dead": false'),
        click(2, 2_000, 100.0, 79, "#banner", "banner"),
        *button,
        click(3, 90_000, 10.0, 1500, "#picture"),
        click(3, 90_300, 30.0, 1500, "#picture"),  # too far away to be a burst
        click(3, 90_500, 10.0, 1500, "#picture"),
        (1, 5_000, "page_left", "track", json.dumps({"modules": {"banner": 3000, "a/b": 1000}, "places": seen_by_1})),
        (2, 5_000, "page_left", "track", json.dumps({"places": seen_by_2})),
    ]
    scrolled = {11: 100.0, 12: 34.9}
    dwelt = {11: 4_000, 12: 2_000}
    tables.fill(
        "fact_event",
        [
            {
                "seq": seq, "key": seq, "kind": kind, "name": name, "page": "/", "day": DAY, "anchor": 100 + who,
                "at": START + timedelta(milliseconds=ms), "channel": "site", "device": "mobile" if who < 3 else "desktop",
                "identifiers": [], "properties": said, "scroll_pct": scrolled.get(seq - 2), "dwell_ms": dwelt.get(seq - 2),
            }
            for seq, (who, ms, name, kind, said) in enumerate(stated)
        ],
    )  # fmt: skip
    tables.fill(
        "person_node", [{"node": 100 + who, "person": who, "type": "device", "role": "owner"} for who in (1, 2, 3)]
    )
    visits = [(1, 1, True), (2, 2, False), (3, 6, False)]
    tables.fill(
        "visit",
        [
            {"person": who, "day": DAY, "entry_page": "/" if who < 3 else "/tea", "pages": pages, "bounced": gone,
             "channel": "site", "device": "mobile"}
            for who, pages, gone in visits
        ],
    )  # fmt: skip
    with tables.read() as con:
        yield Scene(con, cast(Any, None), cast(Any, None), zone(), date(2026, 12, 31), WEEK, None)


def answered(scene: Scene, **more: Any) -> Heatmap:
    return HeatmapAnalysis().answer(scene, HeatmapQuestion(**more)).result


def test_the_page_as_a_whole(scene: Scene) -> None:
    found = answered(scene)
    assert (found.page, found.pages, found.views, found.visitors) == ("/", (("/", 9),), 4, 3)
    assert (found.clicks, found.clickers, found.height_px) == (9, 3, 2000)
    assert found.devices == (("desktop", 2), ("mobile", 2))
    assert (found.entered, found.pages_deep, found.bounced) == (2, 1.5, 0.5)
    assert (found.left, found.dwell_ms) == (2, 3000)
    assert found.depth == (1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)


def test_bursts_and_clicks_without_effect(scene: Scene) -> None:
    found = {one.selector: one for one in answered(scene).elements}
    assert {name: one.rage for name, one in found.items()} == {"#coupon": 1, "#picture": 0, "#banner": 0}
    assert (found["#coupon"].dead, found["#coupon"].judged) == (4, 4)
    assert (found["#banner"].dead, found["#banner"].judged, found["#picture"].judged) == (0, 1, 0)


def test_cells_from_the_left_and_the_top(scene: Scene) -> None:
    cells = answered(scene, device="mobile").cells
    assert cells == (Cell(19, 1, 1), Cell(9, 5, 1))


def test_modules_from_the_top_with_clicks_and_attention(scene: Scene) -> None:
    banner, gift, other = answered(scene).modules
    assert (banner.module, banner.clicks, banner.share, banner.attention_ms) == (
        "banner",
        2,
        pytest.approx(2 / 9),
        3000,
    )
    assert banner.attention_share == 0.75
    assert (gift.module, gift.clicks, gift.attention_ms) == ("gift", 4, None)
    assert (other.module, other.clicks, other.attention_ms) == ("a/b", 0, 1000)


def test_modules_lie_where_the_tracker_says_and_else_where_clicks_are(scene: Scene) -> None:
    found = answered(scene)
    assert [(one.module, one.is_placed, one.top_px, one.bottom_px) for one in found.modules] == [
        ("banner", True, 10, 400),  # medians of two windows
        ("gift", False, 900, 900),
        ("a/b", True, 1200, 1500),
    ]
    notes = HeatmapAnalysis().answer(scene, HeatmapQuestion()).notes
    assert "places_guessed" in notes
    modules = HeatmapAnalysis().tables(HeatmapQuestion(), found, None)[0]
    assert [row[-2:] for row in modules.rows] == [(10, 390), (None, None), (1200, 300)]


def test_bands_of_placed_modules_are_drawn_where_they_lie(scene: Scene) -> None:
    found = answered(scene)
    bands = drawn(found, "desktop", fullest(found)).bands
    px = 100 / 1280
    assert [(one.is_guess, one.y, one.height) for one in bands] == [
        (False, 10 * px, 390 * px),
        (True, 900 * px - 3, pytest.approx(300 * px + 3)),
        (False, 1200 * px, pytest.approx(300 * px)),
    ]
    assert all(below.said_y - above.said_y >= 21 for above, below in pairwise(bands))


@pytest.mark.parametrize(
    ("pick", "people"),
    [
        ({}, [1, 2, 3]), ({"selector": "#banner"}, [1, 2]), ({"module": "gift"}, [3]), ({"which": "rage"}, [3]),
        ({"which": "dead"}, [3]), ({"which": "dead", "module": "banner"}, []),
    ],
)  # fmt: skip
def test_who_clicked(scene: Scene, pick: dict[str, Any], people: list[int]) -> None:
    found = HeatmapAnalysis().people(scene, HeatmapQuestion(), HeatmapPick.model_validate(pick))
    assert found.tolist() == people


def test_a_page_that_nobody_saw_is_empty_and_says_so(scene: Scene) -> None:
    found = HeatmapAnalysis().answer(scene, HeatmapQuestion(page="/nowhere"))
    assert found.notes == ("no_clicks",)
    assert (found.result.pages_deep, found.result.dwell_ms, set(found.result.depth)) == (None, None, {None})
    assert plain(found.result)["cells"] == []
