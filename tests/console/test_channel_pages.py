"""The pages of content, service, the private domain and heat maps say what their questions answer, and lead to people."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest

from dujiang.insight.questions.registry import parse_question
from dujiang.workspace import Workspace

DAYS = "from=2026-10-24&to=2026-11-22&compare=none"
PERIOD = {"first": "2026-10-24", "last": "2026-11-22"}


def rows(client: httpx.Client, path: str, sheet: str) -> list[list[str]]:
    answer = client.get(f"{path}{'&' if '?' in path else '?'}{DAYS}&lang=en&export=csv&sheet={sheet}")
    assert answer.status_code == 200, answer.text[-500:]
    return [line.split(",") for line in answer.content.decode("utf-8-sig").splitlines()]


def asked(workspace: Workspace, **plain: Any) -> Any:
    return workspace.questions.ask(parse_question({"period": PERIOD, **plain})).result


def test_items_and_their_readers(workspace: Workspace, admin: httpx.Client) -> None:
    head, *items = rows(admin, "/content", "items")
    assert head[:5] == ["Item", "Title", "First seen", "Readers", "Views"]
    found = asked(workspace, type="content")
    assert {row[0]: int(row[3]) for row in items} == {one.item: one.readers for one in found.items}
    assert sum(one.readers for one in found.items) == 30


def test_conversations_by_agent(workspace: Workspace, admin: httpx.Client) -> None:
    _head, *agents = rows(admin, "/service?by=agent", "parts")
    found = asked(workspace, type="service", by=["agent"])
    assert {row[0]: int(row[1]) for row in agents} == {one.keys[0]: one.desk.conversations for one in found.parts}
    assert sum(one.desk.conversations for one in found.parts) == found.whole.conversations > 0


def test_the_loop_and_health(workspace: Workspace, admin: httpx.Client) -> None:
    _head, whole, *ways = rows(admin, "/private-domain?way=entry", "loop")
    found = asked(workspace, type="private_domain", way="entry")
    assert whole[0] == "All ways"
    assert int(whole[2]) == found.loop.entered == sum(int(row[2]) for row in ways) > 0
    assert len(rows(admin, "/private-domain", "health")) == len(found.health) + 1


def test_the_page_with_its_bursts(admin: httpx.Client) -> None:
    shown = admin.get(f"/heatmaps?page=/home&{DAYS}&lang=en").text
    assert "90.9% of the clicks fall on “banner”" in html.unescape(shown)
    assert len(re.findall(r'class="mark"', shown)) == 1
    coupon = next(row for row in rows(admin, "/heatmaps?page=/home", "elements") if row[0] == "#coupon")
    assert coupon[3:] == ["3", "1", "1", "3"]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/content?channel=nowhere", "Nobody read anything in this period"),
        ("/service?channel=nowhere", "No conversation in this period"),
        ("/heatmaps?page=%2Fnowhere", "No click on this page in this period"),
    ],
)
def test_where_nothing_is_the_page_says_what_to_do(admin: httpx.Client, path: str, title: str) -> None:
    shown = admin.get(f"{path}&{DAYS}&lang=en").text
    assert title in shown
    assert 'class="button primary" href="/' in shown


@pytest.mark.parametrize(
    ("path", "people"),
    [("/content", 15), ("/service", 1), ("/private-domain", 1), ("/heatmaps?page=/home", 30)],
)
def test_numbers_lead_to_their_people(admin: httpx.Client, path: str, people: int) -> None:
    shown = admin.get(f"{path}{'&' if '?' in path else '?'}{DAYS}&lang=en").text
    first = re.search(r'<th scope="row"><a href="(/people\?q=[^"]+)"', shown)
    assert first
    listed = admin.get(html.unescape(first[1]) + "&lang=en").text
    table = re.search(r'<table data-sheet="people">(.*?)</table>', listed, re.S)
    assert table
    assert table[1].count("<tr>") - 1 >= people


def test_a_channel_that_a_question_cannot_name_is_left_out_of_it(admin: httpx.Client) -> None:
    for kind in ("content", "service", "private_domain", "heatmap"):
        answer = admin.get(f"/ask/{kind}?channel=tmall&{DAYS}&lang=en")
        assert answer.status_code == 200
        assert 'role="alert"' not in answer.text
