"""Each kind of analysis as a page: its picture says what the typed answer says, and its numbers lead to those people."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from dujiang.console.views.ask import OF_REGISTERED
from dujiang.insight.questions.registry import ANALYSES, parse_pick, parse_question
from dujiang.workspace import Workspace

DAYS = {"first": "2026-10-01", "last": "2026-11-22"}
ORDERS = {"source": "orders"}


def shown(client: httpx.Client, question: dict[str, Any]) -> str:
    answer = client.get(f"/ask/{question['type']}?" + urlencode({"q": json.dumps(question), "lang": "zh"}))
    assert answer.status_code == 200
    return answer.text


def people_of(workspace: Workspace, link: str) -> int:
    said = httpx.QueryParams(html.unescape(link).partition("?")[2])
    asked = parse_question(json.loads(said["q"]))
    return len(workspace.questions.people(asked, parse_pick(asked, json.loads(said["pick"]))))


def cells(text: str) -> list[str]:
    return [
        html.unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in re.findall(r"<td[^>]*>(.*?)</td>", text, re.S)
    ]


@pytest.mark.parametrize("kind", sorted(ANALYSES.keys() - set(OF_REGISTERED)))
def test_every_kind_has_a_page_that_begins_with_an_example(admin: httpx.Client, kind: str) -> None:
    page = admin.get(f"/ask/{kind}?lang=zh")
    assert page.status_code == 200
    assert 'class="flash bad"' not in page.text
    assert f'href="/ask/{kind}"' in admin.get("/ask").text


def test_a_funnel_shows_its_steps_and_who_was_lost(admin: httpx.Client, workspace: Workspace) -> None:
    question = {"type": "funnel", "steps": [ORDERS, ORDERS], "period": DAYS, "within_minutes": 43_200}
    page, steps = shown(admin, question), workspace.questions.ask(parse_question(question)).result.whole.steps
    ladder = re.search(r'<ol class="ladder">(.*?)</ol>', page, re.S)
    assert ladder
    rungs = re.findall(r"<li>(.*?)</li>", ladder[1], re.S)
    assert [re.findall(r'class="value"><a [^>]*>(.*?)</a>', rung) for rung in rungs] == [
        [str(one.people)] for one in steps
    ]
    assert steps[0].people > steps[1].people > 0
    links = re.findall(r'<a href="(/people[^"]*)"', ladder[1])
    assert [people_of(workspace, one) for one in links] == [
        steps[0].people,
        steps[0].people - steps[1].people,
        steps[1].people,
    ]


def test_a_triangle_leads_to_those_who_came_back(admin: httpx.Client, workspace: Workspace) -> None:
    question = {"type": "retention", "start": ORDERS, "step": "week", "periods": 3, "period": DAYS}
    page, found = shown(admin, question), workspace.questions.ask(parse_question(question)).result
    heat = re.search(r'<table class="heat">(.*?)</table>', page, re.S)
    assert heat
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', heat[1], re.S)
    assert [name for name, _row in rows] == [str(one.start) for one in found.cohorts]
    for (_name, row), cohort in zip(rows, found.cohorts, strict=True):
        known = (
            ["" if part is None else f"{part / cohort.people:.1%}" for part in cohort.back[1:]] if cohort.people else []
        )
        assert cells(row)[1 : 1 + len(known)] == known
    cohort = next(one for one in found.cohorts if one.back[1])
    row = next(row for name, row in rows if name == str(cohort.start))
    assert people_of(workspace, re.findall(r'href="([^"]*)"', row)[1]) == cohort.back[1]


def test_combinations_are_marked_and_lead_to_their_people(admin: httpx.Client, workspace: Workspace) -> None:
    question = {"type": "overlap", "period": DAYS}
    page, found = shown(admin, question), workspace.questions.ask(parse_question(question)).result
    upset = re.search(r'<table class="upset">(.*?)</table>', page, re.S)
    assert upset
    rows = re.findall(r'<tr><th scope="row">(.*?)</tr>', upset[1], re.S)
    names = [one.name for one in found.sets]
    for row, one in zip(rows, found.intersections, strict=False):
        marks = ['class="on"' in cell for cell in re.findall(r'<td class="set">(.*?)</td>', row, re.S)]
        assert marks == [name in one.sets for name in names]
        link = re.search(r'href="([^"]*)"', row)
        assert link
        assert people_of(workspace, link[1]) == one.people


def drawn(admin: httpx.Client, workspace: Workspace, question: dict[str, Any]) -> tuple[str, Any]:
    """The flow on the page of paths and what was found; every band of it has its people behind it."""
    page, found = shown(admin, question), workspace.questions.ask(parse_question(question)).result
    flows = [one for one in found.flows if one.target is not None]
    wide = re.search(r'<svg class="river wide"(.*?)</svg>', page, re.S)
    assert wide
    bands = re.findall(r'<a href="(/people[^"]*)"[^>]*aria-label="([^"]*)"><path class="band"', wide[1])
    assert len(bands) == len(flows) > 0
    for link, said in bands:
        assert 0 < people_of(workspace, link) <= int(html.unescape(said).rpartition(": ")[2].replace(",", ""))
    return wide[1], found


def test_bands_of_a_flow_lead_to_their_people(admin: httpx.Client, workspace: Workspace) -> None:
    drawn(admin, workspace, {"type": "paths", "node": "kind", "steps": 3, "period": DAYS, "collapse": False})


def test_paths_up_to_an_end_are_shown_as_they_happened(admin: httpx.Client, workspace: Workspace) -> None:
    question = {"type": "paths", "node": "name", "steps": 3, "period": DAYS, "without": []}
    question["end"] = {"where": [{"column": "name", "value": "page_left"}]}
    flow, found = drawn(admin, workspace, question)
    last = max(float(x) for x in re.findall(r'<rect class="node" x="([0-9.]+)"', flow))
    steps = [len(one.nodes) for one in found.sequences]
    assert last > 900 and max(steps) > 1  # the end, which is step 1, stands on the right


@pytest.mark.parametrize("kind", sorted(ANALYSES))
def test_every_choice_of_the_builder_has_words(admin: httpx.Client, kind: str) -> None:
    found = re.search(
        r'<script type="application/json" id="ask">(.*?)</script>', admin.get(f"/ask/{kind}?lang=en").text, re.S
    )
    assert found
    given = json.loads(found[1])
    labels = given["labels"]["rows"].keys() | given["labels"]["choices"].keys() | given["labels"]["sources"].keys()
    schema, skipped = given["schema"], {*given["hidden"], "type", "period", "compare", "people", "where"}
    parts = [part for name, part in schema["properties"].items() if name not in skipped]
    assert set().union(*(words(part, schema["$defs"]) for part in parts)) - labels == set()


def words(part: Any, defined: dict[str, Any]) -> set[str]:
    """The words among which a part of a schema lets choose; operators of conditions have words of their own."""
    if isinstance(part, list):
        return set().union(*(words(one, defined) for one in part))
    if not isinstance(part, dict) or "op" in part.get("properties", ()):
        return set()
    here = {one for one in part.get("enum", ()) if isinstance(one, str)}
    inside = [part.get(key) for key in ("items", "anyOf", "oneOf", "allOf")] + [*part.get("properties", {}).values()]
    if "$ref" in part:
        inside.append(defined[part["$ref"].rpartition("/")[2]])
    return here | words(inside, defined)
