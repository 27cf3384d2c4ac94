"""The page of contribution: what it shows adds up to the orders, and everything on it leads to its people."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import httpx
import pytest

from dujiang.foundation.definitions import parse
from dujiang.insight.contribution.question import ContributionQuestion
from dujiang.workspace import Workspace

PATH = "/contribution?lang=en&from=2026-10-24&to=2026-11-22"


def rows(client: httpx.Client, sheet: str, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{PATH}{query}&export=csv&sheet={sheet}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def total(found: list[dict[str, str]], column: str) -> float:
    return sum(float(one[column]) for one in found)


def test_direct_and_assist_sum_to_the_orders_of_known_people(workspace: Workspace, admin: httpx.Client) -> None:
    with workspace.engine.read() as con:
        asked = """SELECT count(*), sum(greatest(net_minor, 0)) FROM orders WHERE status = 'valid' AND person IS NOT NULL
            AND day BETWEEN DATE '2026-10-24' AND DATE '2026-11-22'"""
        orders, value = con.execute(asked).fetchall()[0]
    for query in ("", "&credit=guide", "&model=linear"):
        found = rows(admin, "contribution", query)
        assert total(found, "Sold directly") + total(found, "Assisted sales") == pytest.approx(orders)
        assert total(found, "Contributed value") == pytest.approx(value / 100, abs=0.01 * len(found))
        line = rows(admin, "line", query)
        assert total(line, "Sold directly") == pytest.approx(total(found, "Sold directly"))


def test_what_a_channel_closed_are_its_own_orders(workspace: Workspace, admin: httpx.Client) -> None:
    with workspace.engine.read() as con:
        asked = """SELECT channel, count(*) FROM orders WHERE status = 'valid' AND person IS NOT NULL
            AND day BETWEEN DATE '2026-10-24' AND DATE '2026-11-22' GROUP BY channel"""
        expected = dict(con.execute(asked).fetchall())
    question = ContributionQuestion.model_validate(
        {"rounds": 0, "period": {"first": "2026-10-24", "last": "2026-11-22"}}
    )
    result = workspace.questions.ask(question).result
    assert {one.key: one.closed for one in result.rows if one.closed} == expected


def test_changes_sum_to_the_difference(admin: httpx.Client) -> None:
    for one in rows(admin, "changes", "&compare=previous"):
        parts = [float(one[name]) for name in one if name.startswith("by ")]
        assert sum(parts) == pytest.approx(float(one["Difference"]), abs=0.03)
        assert float(one["Now"]) - float(one["Before"]) == pytest.approx(float(one["Difference"]), abs=0.02)


def test_without_a_test_the_reason_is_said(admin: httpx.Client) -> None:
    found = {one["Why nothing is known"] for one in rows(admin, "incremental")}
    assert found == {"No test."}
    assert "没有做过测试" in admin.get(PATH.replace("lang=en", "lang=zh")).text


@pytest.fixture
def tested(workspace: Workspace) -> Iterator[None]:
    """A test of one channel that is over, by its name and by its title."""
    days = {"first": "2026-10-26", "last": "2026-11-14", "lots": [1, 0, 0, 1] * 5}
    spec = {"design": "switchback", "metric": "sales", "channels": ["tmall"], **days}
    made = parse(
        {
            "kind": "lift_test",
            "name": "ad-days",
            "title": {"zh": "天猫隔日投放", "en": "Ads every other day"},
            "spec": spec,
        }
    )
    definitions = workspace.definitions
    definitions.apply(definitions.plan([made]), actor="test")
    yield
    definitions.apply(definitions.plan([made.model_copy(update={"status": "retired"})]), actor="test")


@pytest.mark.usefixtures("tested")
def test_a_test_is_called_by_its_title_and_leads_to_its_page(admin: httpx.Client) -> None:
    (found,) = [one for one in rows(admin, "incremental") if one["Test"]]
    assert (found["Test"], found["Why nothing is known"]) == ("Ads every other day", "")
    shown = admin.get(PATH.replace("lang=en", "lang=zh")).text
    assert '<a href="/lift/ad-days">天猫隔日投放</a>' in shown
    mark = re.search(r'<a href="/lift/ad-days" aria-label="([^"]*)">\s*<g class="mark">', shown)
    assert mark is not None
    assert "天猫隔日投放" in mark[1]
    assert "ad-days" not in mark[1]


def test_words_have_names_pictures_have_intervals_and_rows_lead_to_people(admin: httpx.Client) -> None:
    shown = admin.get(PATH.replace("lang=en", "lang=zh")).text
    assert "渠道贡献" in shown
    assert ":guide" not in re.sub(r"<script.*?</script>", "", shown, flags=re.S).replace("%3Aguide", "")
    assert shown.count('class="whisker"') >= 4
    people = re.search(r'href="(/people\?q=[^"]*contribution[^"]*)"', shown)
    assert people is not None
    assert admin.get(people[1].replace("&amp;", "&")).status_code == 200


def test_a_period_without_orders_says_so(admin: httpx.Client) -> None:
    shown = admin.get("/contribution?lang=en&from=2020-01-01&to=2020-01-31&compare=none").text
    assert "No conversion in this period" in shown
