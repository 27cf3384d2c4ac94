"""Two groups of people held against each other: the numbers are those of the service, the groups those that were chosen."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest

from dujiang.foundation.definitions import Definition, parse
from dujiang.insight.questions.funnel import FunnelPick
from dujiang.workspace import Workspace

FUNNEL = {
    "type": "funnel", "steps": [{"source": "orders"}, {"source": "orders"}], "within_days": 60,
    "period": {"first": "2026-09-15", "last": "2026-11-22"},
}  # fmt: skip
MEMBERS = {"type": "profile", "field": "member_level", "op": "known"}
BUYERS = {"type": "metric", "metrics": ["buyers"], "period": {"preset": "last30"}}


def apply(workspace: Workspace, *wanted: Definition) -> None:
    workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")


@pytest.fixture(scope="module", autouse=True)
def groups(workspace: Workspace) -> Iterator[None]:
    made = [
        parse({"kind": "segment", "name": "d_members", "title": {"zh": "会员"}, "spec": {"condition": MEMBERS}}),
        parse({"kind": "question", "name": "d_buying", "title": {"zh": "再次购买"}, "spec": {"question": FUNNEL}}),
    ]
    apply(workspace, *made)
    workspace.refresh()
    yield
    apply(workspace, *(one.model_copy(update={"status": "retired"}) for one in made))
    workspace.refresh()


def exported(admin: httpx.Client, **query: str) -> list[list[str]]:
    answer = admin.get(f"/differences?{urlencode({**query, 'export': 'csv', 'lang': 'zh'})}")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_segment_against_everybody_else(admin: httpx.Client, workspace: Workspace) -> None:
    page = html.unescape(admin.get("/differences?one=segment:d_members&lang=zh").text)
    found = workspace.segments.differences("d_members")
    assert f"{len(found)} 项对比中有 {sum(one.clear for one in found)} 项差异明显" in page
    assert sum(one.clear for one in found) > 0
    heads, *rows = exported(admin, one="segment:d_members")
    assert heads[2:4] == ["会员", "其他所有人"]
    assert len(rows) == min(200, len(found))
    assert [float(row[4]) for row in rows] == [round(one.effect, 2) for one in found[:200]]


def test_converted_against_dropped_are_all_who_began(admin: httpx.Client, workspace: Workspace) -> None:
    asked = workspace.questions.saved("d_buying")
    began, through = (workspace.questions.people(asked, FunnelPick(step=step)) for step in (1, 2))
    lost = workspace.questions.people(asked, FunnelPick(step=1, outcome="dropped"))
    assert 0 < len(through) < len(began)
    page = html.unescape(admin.get("/differences?one=converted:d_buying&other=dropped:d_buying&lang=zh").text)
    assert f"再次购买：走完全程: <strong>共 {len(through)} 人</strong>" in page
    assert f"再次购买：中途流失: <strong>共 {len(lost)} 人</strong>" in page
    rows = exported(admin, one="converted:d_buying", other="dropped:d_buying")[1:]
    found = workspace.questions.differences(asked, FunnelPick(step=2), FunnelPick(step=1, outcome="dropped"))
    assert [float(row[4]) for row in rows] == [round(one.effect, 2) for one in found[:200]]


def test_the_people_behind_a_number(admin: httpx.Client, workspace: Workspace) -> None:
    query: dict[str, Any] = {"q": json.dumps(BUYERS), "pick": '{"metric": "buyers"}'}
    listed = admin.get(f"/people?{urlencode(query)}").text
    assert "/differences?q=" in listed
    page = html.unescape(admin.get(f"/differences?{urlencode(query | {'one': 'number', 'lang': 'zh'})}").text)
    people = workspace.questions.ask(BUYERS).result.totals["buyers"].value
    assert f"<strong>共 {people} 人</strong>" in page


def test_two_groups_of_the_same_people_do_not_differ(admin: httpx.Client) -> None:
    page = html.unescape(admin.get("/differences?one=segment:d_members&other=segment:d_members&lang=zh").text)
    assert "没有明显差异" in page
    assert "人同时在两群里" in page


def test_what_is_no_group_is_said(admin: httpx.Client) -> None:
    for key in ("number", "nothing", "dropped:sales"):
        assert admin.get(f"/differences?one={key}").status_code == 400
    assert admin.get("/differences?one=segment:never").status_code == 404
    assert admin.get("/differences").status_code == 200


def test_a_group_becomes_a_segment(admin: httpx.Client, viewer: httpx.Client, workspace: Workspace) -> None:
    form = {"group": "dropped:d_buying", "tag": "d_lost", "title": "没有再买", "q": "", "pick": ""}
    assert viewer.post("/differences/keep", data=form).status_code == 403
    answer = admin.post("/differences/keep", data=form)
    assert answer.headers["location"] == "/segments/d_lost"
    workspace.refresh()
    lost = workspace.questions.people(workspace.questions.saved("d_buying"), FunnelPick(step=1, outcome="dropped"))
    members = workspace.segments.persons(workspace.segments.people("d_lost"))
    assert np.array_equal(members, np.unique(lost))
    kept = workspace.definitions.get("segment", "d_lost")
    assert kept.description["zh"] == "再次购买：中途流失"
    apply(workspace, kept.model_copy(update={"status": "retired"}))
