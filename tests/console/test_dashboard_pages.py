"""Dashboards in the console: tiles show their questions on the page's days, are arranged, and what cannot be shown says why."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dujiang.foundation.definitions import Definition
from dujiang.workspace import Workspace

DAYS = {"first": "2026-11-01", "last": "2026-11-11"}
SALES = {"type": "metric", "metrics": ["gmv", "buyers"], "by": ["channel"], "grain": "day", "period": DAYS}


def apply(workspace: Workspace, *wanted: Definition) -> None:
    workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")


def tile(question: str, y: int, **more: Any) -> dict[str, Any]:
    return {"question": question, "y": y, "width": 12, "height": 3, **more}


@pytest.fixture(scope="module", autouse=True)
def board(workspace: Workspace) -> Iterator[str]:
    question = Definition(kind="question", name="by_channel", title={"zh": "各渠道"}, spec={"question": SALES})
    tiles = [
        tile("by_channel", 0),
        tile("by_channel", 3, show="table", number=2),
        tile("by_channel", 6, show="table", number=2, own_days=True),
        tile("by_channel", 9, number=40),
        tile("never", 12),
    ]
    spec = {"period": {"preset": "last7"}, "compare": "none", "tiles": tiles}
    wanted = Definition(kind="dashboard", name="board", title={"zh": "周会"}, spec=spec)
    apply(workspace, question, wanted)
    yield "board"
    apply(workspace, *(one.model_copy(update={"status": "retired"}) for one in (question, wanted)))


def test_a_dashboard_lays_out_its_tiles(admin: httpx.Client) -> None:
    page = admin.get("/dashboards/board?lang=zh").text
    places = re.findall(r'<section class="card tile (.*?)" data-tile="(.*?)"', page)
    assert [classes for classes, _address in places] == [f"x0 y{y} w12 h3" for y in (0, 3, 6, 9, 12)]
    assert [address for _classes, address in places] == [f"/dashboards/board/tiles/{number}" for number in range(1, 6)]
    assert "周会" in admin.get("/dashboards").text
    moved = admin.get("/dashboards/board?period=618").text
    assert 'data-tile="/dashboards/board/tiles/1?period=618"' in moved


def test_a_tile_shows_the_days_of_the_page_or_its_own(admin: httpx.Client, workspace: Workspace) -> None:
    page = admin.get("/dashboards/board/tiles/2").text
    assert 'data-note="2026-11-16 – 2026-11-22"' in page
    assert 'data-note="2026-11-01 – 2026-11-11"' in admin.get("/dashboards/board/tiles/3?period=last30").text
    assert 'data-note="2026-10-24 – 2026-11-22"' in admin.get("/dashboards/board/tiles/2?period=last30").text
    assert "线下门店" in page
    picture = admin.get("/dashboards/board/tiles/1").text
    found = workspace.dashboards.get("board")
    shown = workspace.dashboards.ask(found, found.tile(1)).result.totals["buyers"].value
    assert f'<span class="value">{shown}</span>' in picture


def test_a_tile_is_exported_as_it_is_shown(admin: httpx.Client, viewer: httpx.Client) -> None:
    answer = admin.get("/dashboards/board/tiles/2?export=csv&sheet=rows")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "天猫" in answer.content.decode("utf-8-sig")
    assert viewer.get("/dashboards/board/tiles/2?export=csv&sheet=rows").status_code == 403


def test_what_a_tile_cannot_show_is_said_in_its_place(admin: httpx.Client) -> None:
    assert "没有第 40 个图形" in admin.get("/dashboards/board/tiles/4").text
    assert "没有已保存的问题“never”" in admin.get("/dashboards/board/tiles/5").text
    assert admin.get("/dashboards/board/tiles/6").status_code == 404
    assert admin.get("/dashboards/board/tiles/x").status_code == 404
    assert admin.get("/dashboards/nothing").status_code == 404


def test_arranging_is_kept_or_refused_with_reason(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace
) -> None:
    before = workspace.definitions.get("dashboard", "board").spec["tiles"]
    assert viewer.get("/dashboards/board/arrange").status_code == 403
    assert viewer.post("/dashboards/board/arrange", data={"tiles": "[]"}).status_code == 403
    across = [tile("by_channel", 0), tile("by_channel", 1)]
    refused = admin.post("/dashboards/board/arrange", data={"tiles": json.dumps(across)})
    assert refused.status_code == 400
    assert "第 1 块和第 2 块重叠" in refused.text
    kept = re.search(r"<textarea[^>]*>(.*?)</textarea>", refused.text, re.S)
    assert kept
    assert json.loads(html.unescape(kept[1])) == across
    assert admin.post("/dashboards/board/arrange", data={"tiles": "{"}).status_code == 400
    fresh = [tile("by_channel", 0, show="table", number=1)]
    assert admin.post("/dashboards/board/arrange", data={"tiles": json.dumps(fresh)}).status_code == 303
    assert workspace.definitions.get("dashboard", "board").spec["tiles"] == fresh
    admin.post("/dashboards/board/arrange", data={"tiles": json.dumps(before)})


def test_a_dashboard_is_made_filled_and_retired(admin: httpx.Client, workspace: Workspace) -> None:
    made = admin.post("/dashboards/create", data={"title": "Morning"})
    assert made.headers["location"] == "/dashboards/morning/arrange"
    assert admin.post("/dashboards/create", data={"title": "Morning"}).status_code == 400
    assert "这个看板还是空的" in admin.get("/dashboards/morning").text
    for _again in range(2):
        admin.post("/ask/dashboard", data={"question": "by_channel", "dashboard": "morning"})
    tiles = workspace.dashboards.get("morning").spec.ordered
    assert [(one.question, one.y) for one in tiles] == [("by_channel", 0), ("by_channel", 4)]
    assert admin.post("/ask/dashboard", data={"question": "never", "dashboard": "morning"}).status_code == 404
    admin.post("/dashboards/morning/retire")
    assert [one.name for one in workspace.dashboards.list()] == ["board", "week"]
