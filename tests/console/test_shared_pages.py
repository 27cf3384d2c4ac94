"""A shared dashboard: open without signing in, the same for everybody, without people, and the way to nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from dujiang.console.rooms import ROOMS
from dujiang.foundation.definitions import Definition
from dujiang.workspace import Workspace

SALES = {"type": "metric", "metrics": ["gmv", "buyers"], "by": ["channel"], "grain": "day"}
STAFF = {"type": "metric", "metrics": ["gmv"], "by": ["guide"]}
OVERLAP = {"type": "overlap", "of": "channels"}
PUBLIC = re.compile(r'(?:href|src|action|data-tile)="([^"]*)"')


def apply(workspace: Workspace, *wanted: Definition) -> None:
    workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")


@pytest.fixture(scope="module")
def token(workspace: Workspace) -> Iterator[str]:
    questions = [
        Definition(kind="question", name=name, title={"zh": name}, spec={"question": question})
        for name, question in (("open_sales", SALES), ("staff", STAFF), ("open_overlap", OVERLAP))
    ]
    tiles: list[dict[str, Any]] = [
        {"question": "open_sales", "y": 0},
        {"question": "open_sales", "y": 4, "number": 2},
        {"question": "open_sales", "y": 8, "show": "table", "number": 2},
        {"question": "staff", "y": 12, "show": "table", "number": 2},
        {"question": "open_overlap", "y": 16},
    ]
    board = Definition(kind="dashboard", name="open", title={"zh": "外发"}, spec={"tiles": tiles})
    apply(workspace, *questions, board)
    yield workspace.shares.create("open", 7, actor="test").token
    apply(workspace, *(one.model_copy(update={"status": "retired"}) for one in (*questions, board)))


def tile(client: httpx.Client, token: str, number: int, more: str = "") -> str:
    answer = client.get(f"/shared/{token}/tiles/{number}{more}")
    assert answer.status_code == 200
    return answer.text


def test_whoever_has_the_link_sees_the_numbers(nobody: httpx.Client, token: str, workspace: Workspace) -> None:
    page = nobody.get(f"/shared/{token}?lang=zh")
    assert page.status_code == 200
    assert "外发" in page.text
    assert 'name="robots" content="noindex, nofollow"' in page.text
    assert page.headers["cache-control"] == "no-store"
    board = workspace.dashboards.get("open")
    buyers = workspace.dashboards.ask(board, board.tile(1)).result.totals["buyers"].value
    assert f'<span class="value">{buyers}</span>' in tile(nobody, token, 1)


def test_nothing_on_it_leads_anywhere_or_to_anybody(nobody: httpx.Client, admin: httpx.Client, token: str) -> None:
    for client in (nobody, admin):  # who is signed in sees no more
        texts = [client.get(f"/shared/{token}").text, *(tile(client, token, number) for number in range(1, 6))]
        for text in texts:
            leads = {html.unescape(one) for one in PUBLIC.findall(text)}
            assert all(one.startswith(("/static/", f"/shared/{token}/tiles/", "#")) for one in leads), leads
            assert not re.search(r"\bu[0-9a-z]{12}\b|/people|pick=", text)


def test_what_the_team_notes_for_itself_stays_inside(
    nobody: httpx.Client, admin: httpx.Client, token: str, workspace: Workspace
) -> None:
    note = Definition(kind="annotation", name="secret", title={"zh": "仓库漏水"}, spec={"first": "2026-11-05"})
    apply(workspace, note)
    inside = "".join(admin.get(f"/dashboards/open/tiles/{number}?period=last30").text for number in range(1, 6))
    outside = "".join(tile(nobody, token, number) for number in range(1, 6))
    apply(workspace, note.model_copy(update={"status": "retired"}))
    assert "仓库漏水" in inside
    assert "仓库漏水" not in outside


def test_an_address_cannot_ask_for_more(nobody: httpx.Client, token: str) -> None:
    own = tile(nobody, token, 3)
    for more in (
        "?period=618",
        "?from=2020-01-01&to=2026-11-20",
        "?channel=tmall",
        "?export=csv&sheet=rows",
        "?pick={}",
    ):
        assert tile(nobody, token, 3, more) == own


def test_what_may_name_people_is_left_out(nobody: httpx.Client, token: str) -> None:
    assert "可能含有人名" in tile(nobody, token, 4)
    assert "导购甲" not in tile(nobody, token, 4)


def test_the_token_opens_no_other_page(nobody: httpx.Client, token: str) -> None:
    bearer = {"authorization": f"Bearer {token}"}
    pages = {
        re.sub(r"\{[^}]*\}", "1", path) for room in ROOMS for method, path, allow, _handler in room.pages
        if method == "GET" and allow
    }  # fmt: skip
    for path in sorted(pages):
        answer = nobody.get(path, params={"token": token}, headers={"cookie": f"dj_session={token}"} | bearer)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in"), path


def test_a_link_that_ran_out_or_was_taken_back_opens_nothing(nobody: httpx.Client, workspace: Workspace) -> None:
    made = workspace.shares.create("open", 1, actor="test")
    assert nobody.get(f"/shared/{made.token}").status_code == 200
    workspace.shares.revoke(made.id, "open", actor="test")
    for path in (f"/shared/{made.token}", f"/shared/{made.token}/tiles/1", "/shared/x", "/shared/share_x.y/tiles/1"):
        answer = nobody.get(path)
        assert answer.status_code == 404
        assert "链接已过期、已收回或不存在" in answer.text
    assert made.expires_at - made.created_at == timedelta(days=1)


def test_links_are_made_and_taken_back_on_the_dashboard(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace, token: str
) -> None:
    assert viewer.post("/dashboards/open/share", data={"days": "7"}).status_code == 403
    assert "/shared/" not in viewer.get("/dashboards/open").text
    assert admin.post("/dashboards/open/share", data={"days": "x"}).status_code == 400
    assert admin.post("/dashboards/open/share", data={"days": "30"}).status_code == 303
    newest = workspace.shares.list("open")[0]
    assert f"/shared/{newest.token}" in admin.get("/dashboards/open").text
    assert viewer.post("/dashboards/open/unshare", data={"id": newest.id}).status_code == 403
    admin.post("/dashboards/open/unshare", data={"id": newest.id})
    assert newest.id not in [one.id for one in workspace.shares.list("open")]
    assert token.partition(".")[0] in [one.id for one in workspace.shares.list("open")]
