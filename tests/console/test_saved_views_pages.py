"""Views in the console: kept with the address's choices, opened by name or by themselves, removed by whoever may."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from dujiang.workspace import Workspace


@pytest.fixture(autouse=True)
def cleaned(workspace: Workspace) -> Iterator[None]:
    yield
    for name in ("shen", "yue"):
        for path in ("/people", "/value"):
            for one in workspace.views.list(path, name):
                workspace.views.remove(one, actor="test")


def keep(client: httpx.Client, path: str, query: str, name: str, **more: str) -> httpx.Response:
    return client.post("/views", data={"path": path, "query": query, "name": name, **more})


def test_what_is_seen_is_kept_and_opened_by_its_name(admin: httpx.Client) -> None:
    shown = admin.get("/people?sort=paid&bought=yes&lang=zh").text
    choices = re.findall(r'name="query" value="(.*?)"', shown)[0].replace("&amp;", "&")
    assert choices == "bought=yes&sort=paid"
    answer = keep(admin, "/people", choices, "买过的人")
    assert answer.headers["location"] == "/people?bought=yes&sort=paid"
    assert (
        'href="/people?bought=yes&amp;sort=paid" aria-current="true">买过的人'
        in admin.get("/people?sort=paid&bought=yes").text
    )


def test_a_page_opens_with_its_first_view_until_it_is_asked_without(admin: httpx.Client) -> None:
    keep(admin, "/people", "bought=yes", "买过的人", first="1")
    opened = admin.get("/people")
    assert (opened.status_code, opened.headers["location"]) == (303, "/people?bought=yes")
    assert admin.get("/people?view=none").status_code == 200
    assert admin.get("/people?sort=paid").status_code == 200
    assert admin.get("/people", headers={"hx-request": "true"}).status_code == 200


def test_only_an_operator_keeps_views_for_the_team(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace
) -> None:
    assert keep(viewer, "/people", "bought=yes", "周会", team="1").status_code == 403
    keep(admin, "/people", "bought=yes", "周会", team="1")
    page = viewer.get("/people").text
    assert "周会" in page
    (made,) = workspace.views.list("/people", "yue")
    assert f"/views/{made.id}/remove" not in page
    assert viewer.post(f"/views/{made.id}/remove").status_code == 403
    assert admin.post(f"/views/{made.id}/remove").headers["location"] == "/people?view=none"
    assert "周会" not in viewer.get("/people").text


def test_views_are_kept_of_pages_that_have_choices_only(admin: httpx.Client) -> None:
    assert keep(admin, "/settings/keys", "x=1", "a").status_code == 404
    assert keep(admin, "//evil.example", "x=1", "a").status_code == 404
    assert keep(admin, "/people", "x=1", " ").status_code == 400
    assert 'action="/views"' not in admin.get("/ask").text
    assert 'action="/views"' in admin.get("/value").text
