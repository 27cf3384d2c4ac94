"""The pages of content, service, the private domain and heat maps say what their questions answer, and lead to people."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote

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


def links(shown: str, sheet: str) -> list[str]:
    """Addresses behind the numbers of a table, its first column left out."""
    found = re.search(rf'<table data-sheet="{sheet}">(.*?)</table>', shown, re.S)
    assert found
    return [html.unescape(one) for one in re.findall(r'<td class="number"><a href="(/people\?q=[^"]+)"', found[1])]


def listed(client: httpx.Client, path: str) -> tuple[str, int]:
    """What a list of people is said to be of, and how many rows it has."""
    shown = client.get(path + "&lang=en").text
    found = re.search(r'<table data-sheet="people">(.*?)</table>', shown, re.S)
    return shown, found[1].count("<tr>") - 1 if found else 0


def test_size_over_time_leads_to_its_people(workspace: Workspace, admin: httpx.Client) -> None:
    head, *steps = rows(admin, "/private-domain", "trend")
    assert head == ["From", "Private users", "Active private users", "New private users"]
    line = asked(workspace, type="private_domain", grain="week").line
    for row, point in zip(steps, line, strict=True):
        assert row[1:] == [
            "" if point.figures[name].value is None else str(point.figures[name].value)
            for name in ("private_users", "private_active_users", "new_private_users")
        ]
    new = [point.figures["new_private_users"].value for point in line]
    behind = links(admin.get(f"/private-domain?{DAYS}&lang=en").text, "trend")
    assert len(behind) == sum(bool(figure.value) for point in line for figure in point.figures.values())
    newest = [one for one in behind if "new_private_users" in unquote(one)]
    shown, count = listed(admin, newest[[one for one in new if one].index(max(new))])
    assert count == max(new) > 0
    assert "New private users, from" in html.unescape(shown)


def test_what_an_entrant_cost_or_why_nobody_knows(workspace: Workspace, admin: httpx.Client) -> None:
    found = asked(workspace, type="private_domain")
    shown = html.unescape(admin.get(f"/private-domain?{DAYS}&lang=en").text)
    assert "Cost per entrant" in shown
    assert (found.entry_cost.value is None) == ("No report of advertising states what this cost." in shown)


def test_loops_and_dead_ends_lead_to_people(admin: httpx.Client) -> None:
    shown = admin.get(f"/ask/paths?{DAYS}&lang=en").text
    _shown, count = listed(admin, links(shown, "nodes")[0])
    assert count > 0


def test_the_page_with_its_bursts(admin: httpx.Client) -> None:
    shown = admin.get(f"/heatmaps?page=/home&{DAYS}&lang=en").text
    assert "90.9% of the clicks fall on “banner”" in html.unescape(shown)
    assert len(re.findall(r'class="mark"', shown)) == 1
    assert "their places are guessed from clicks" in shown  # this site's tracker is older than 1.2
    assert 'class="band guess"' in shown
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
