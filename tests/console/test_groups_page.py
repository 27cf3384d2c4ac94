"""The page of groups: what it shows adds up, and names, segments and people behind it are a click away."""

from __future__ import annotations

import html
import os
import re
import sys
from collections.abc import Iterator
from unittest.mock import patch

import httpx
import pytest

from dujiang.console import create_console
from dujiang.foundation.definitions import parse
from dujiang.foundation.ids import person_id
from dujiang.foundation.progress import silent
from dujiang.workspace import Workspace
from dujiang.workspace.handlers import HANDLERS

RULES = {
    "least_people": 100, "sample_people": 1000, "resamples": 5, "starts": 4, "groups_max": 3, "least_share": 0.01,
    "prediction_strength": 0.01, "jaccard": 0.01,
}  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A brand of this module, in which groups were found."""
    brand = sys.modules["console_brand"]
    folder = tmp_path_factory.mktemp("grouped")
    with patch.dict(os.environ, {"XDG_CONFIG_HOME": str(folder / "config")}):
        workspace: Workspace = brand.build(folder)
    rules = parse({"kind": "group_rules", "name": "default", "spec": RULES})
    workspace.definitions.apply(workspace.definitions.plan([rules]), actor="test")
    HANDLERS["groups"](workspace, workspace.jobs.create("groups", {}, "test"), silent)
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def reader(own: Workspace) -> Iterator[httpx.Client]:
    brand = sys.modules["console_brand"]
    headers = {"sec-fetch-site": "same-origin"}
    with brand.serving(create_console(own)) as address, httpx.Client(base_url=address, headers=headers) as client:
        client.timeout = 60
        assert client.post("/sign-in", data={"name": "shen", "password": brand.PASSWORD}).status_code == 303
        yield client


def text(client: httpx.Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[-800:]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def test_cards_say_who_and_what_sets_them_apart(own: Workspace, reader: httpx.Client) -> None:
    now = own.groups.now()
    assert now.groups
    shown = text(reader, "/groups?lang=zh")
    for one in now.groups:
        assert one.label("zh") in shown
        assert f"共 {one.people:,} 人" in shown
    exported = reader.get("/groups?lang=zh&export=csv&sheet=groups").text.splitlines()
    assert sum(int(line.split(",")[1]) for line in exported[1:]) == sum(one.people for one in now.groups)


def test_the_people_of_a_group_are_a_click_away(own: Workspace, reader: httpx.Client) -> None:
    first = own.groups.now().groups[0]
    assert f"“{first.label('zh')}”群的用户" in text(reader, f"/people?group={first.id}&lang=zh")
    assert reader.get("/people?group=g99").status_code == 404
    with own.engine.read() as con:
        rows = con.execute("SELECT person FROM person_group WHERE moment = 'now' ORDER BY 1 LIMIT 1").fetchall()
    page = text(reader, f"/people/{person_id(rows[0][0])}?lang=zh")
    found = own.groups.of_person(rows[0][0])
    assert found is not None
    assert own.groups.labels("zh")[found.group] in page


def test_a_group_is_renamed_and_becomes_a_segment(own: Workspace, reader: httpx.Client) -> None:
    first = own.groups.now().groups[0]
    assert reader.post(f"/groups/{first.id}/name", data={"name": "老茶客"}).headers["location"] == "/groups"
    assert "老茶客" in text(reader, "/groups?lang=zh")
    made = reader.post(f"/groups/{first.id}/segment").headers["location"]
    assert made == f"/segments/group_{first.id}"
    own.refresh()
    assert own.segments.get(f"group_{first.id}", "zh").people == first.people
    assert "老茶客" in text(reader, f"{made}?lang=zh")


def test_a_running_fit_shows_how_far_it_is_and_the_page_comes_anew_at_its_end(
    own: Workspace, reader: httpx.Client
) -> None:
    assert reader.post("/groups/fit").headers["location"] == "/groups"
    (job,) = own.jobs.list(1, kind="groups")
    assert f"/jobs/{job.id}/cancel" in reader.get("/groups/progress").text
    own.jobs.cancel(job.id)
    assert reader.get("/groups/progress").headers["hx-refresh"] == "true"
