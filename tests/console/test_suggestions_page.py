"""The review queue: two people side by side with what speaks for and against, from the person page and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from dujiang.foundation.ids import person_id
from dujiang.identity.linkage.pair_id import pair_id
from dujiang.people.model import PeopleQuery
from dujiang.store.command import SYSTEM
from dujiang.store.tables import linkage_pair
from dujiang.workspace import Workspace


@pytest.fixture
def pair(workspace: Workspace, suggest_pair: Any) -> Iterator[tuple[int, int]]:
    """Two people of the brand who may be one."""
    one, other = (found.person for found in workspace.people.list(PeopleQuery(known=True, limit=2)).people)
    found = suggest_pair(workspace, one, other)
    yield found
    if workspace.suggestions.list("accepted"):
        workspace.suggestions.decide(found, "open", actor=SYSTEM)
    with workspace.db.transaction() as tx:
        tx.execute(delete(linkage_pair))


def cells(page: str) -> list[list[str]]:
    """Text of the cells of the card's body."""
    body = page.split("data-suggestion", 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_a_card_has_both_sides_and_the_evidence(admin: httpx.Client, pair: tuple[int, int]) -> None:
    page = admin.get("/suggestions", params={"lang": "zh"}).text
    assert cells(page) == [
        ["姓名", "演*一", "演*一", "一致", "+9.4"],
        ["生日", "1990-**-**", "—", "一方没有", "+0.0"],
        ["地址", "杭州市西湖区演示路**", "杭州市西湖区演示路**", "同街同号", "+8.1"],
        ["性别", "女", "男", "不同", "-4.2"],
    ]
    assert "性别互相矛盾。" in page
    assert "93.00%" in page
    assert all(f'href="/people/{person_id(node)}"' in page for node in pair)


def test_a_person_leads_to_the_suggestions_about_them(
    admin: httpx.Client, workspace: Workspace, pair: tuple[int, int]
) -> None:
    who = person_id(pair[0])
    assert f'href="/suggestions?person={who}"' in admin.get(f"/people/{who}").text
    stranger = next(
        person_id(one.person)
        for one in workspace.people.list(PeopleQuery(known=True, limit=3)).people
        if one.person not in pair
    )
    assert "/suggestions?person=" not in admin.get(f"/people/{stranger}").text
    assert "data-suggestion" in admin.get("/suggestions", params={"person": who}).text
    assert "data-suggestion" not in admin.get("/suggestions", params={"person": stranger}).text
    assert admin.get("/suggestions", params={"person": "nobody"}).status_code == 404


def test_deciding_leads_back_to_the_person_and_is_taken_back(
    admin: httpx.Client, workspace: Workspace, pair: tuple[int, int]
) -> None:
    id_, who = pair_id(*pair), person_id(pair[0])
    sent = admin.post("/suggestions/decide", data={"id": id_, "verdict": "accept", "person": who})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/suggestions?person={who}")
    (ruling,) = workspace.identity_decisions.in_force()
    assert (ruling.nodes, ruling.actor) == (pair, "shen")
    assert "data-suggestion" in admin.get("/suggestions", params={"state": "accepted"}).text
    admin.post("/suggestions/decide", data={"id": id_, "verdict": "open"})
    assert workspace.identity_decisions.in_force() == []
    assert admin.post("/suggestions/decide", data={"id": id_, "verdict": "perhaps"}).status_code == 400


def test_readers_see_the_evidence_and_no_buttons(viewer: httpx.Client, pair: tuple[int, int]) -> None:
    page = viewer.get("/suggestions").text
    assert "data-suggestion" in page
    assert 'name="verdict"' not in page
    assert viewer.post("/suggestions/decide", data={"id": pair_id(*pair), "verdict": "accept"}).status_code == 403
