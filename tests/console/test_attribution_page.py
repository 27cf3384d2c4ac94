"""The page of attribution: what it shows adds up, and it knows a truth only where there is one."""

from __future__ import annotations

import re
from datetime import date

import httpx
import pytest

from dujiang.insight.attribution.question import AttributionQuestion
from dujiang.workspace import Workspace
from dujiang.workspace.truth import truly_brought

PATH = "/attribution?lang=en&from=2026-10-24&to=2026-11-22"


def rows(client: httpx.Client, sheet: str, query: str = "") -> list[list[str]]:
    answer = client.get(f"{PATH}{query}&export=csv&sheet={sheet}")
    assert answer.status_code == 200
    return [line.split(",") for line in answer.content.decode("utf-8-sig").splitlines()]


def test_every_model_sums_to_the_orders_of_known_people(workspace: Workspace, admin: httpx.Client) -> None:
    with workspace.engine.read() as con:
        asked = """SELECT count(*), sum(greatest(net_minor, 0)) FROM orders WHERE status = 'valid' AND person IS NOT NULL
            AND day BETWEEN DATE '2026-10-24' AND DATE '2026-11-22'"""
        orders, value = con.execute(asked).fetchall()[0]
    head, *models = rows(admin, "models")
    assert len(head) == 9
    for place in range(1, len(head)):
        assert sum(float(row[place]) for row in models) == pytest.approx(orders)
    first = [row for row in rows(admin, "credits") if row[1] == "First touch"]
    assert sum(float(row[4]) for row in first) == pytest.approx(value / 100)


def test_new_customers_are_first_orders_only(workspace: Workspace, admin: httpx.Client) -> None:
    with workspace.engine.read() as con:
        asked = "SELECT count(*) FROM orders WHERE nth = 1 AND day BETWEEN DATE '2026-10-24' AND DATE '2026-11-22'"
        new = con.execute(asked).fetchall()[0][0]
    _head, *models = rows(admin, "models", "&of=new")
    assert 0 < sum(float(row[1]) for row in models) == pytest.approx(new)


def test_only_orders_of_the_chosen_channel_are_shared_out(workspace: Workspace, admin: httpx.Client) -> None:
    question = {
        "type": "attribution",
        "conversion": {"source": "orders", "where": [{"column": "channel", "value": "tmall"}]},
    }
    asked = AttributionQuestion.model_validate(
        {**question, "rounds": 0, "period": {"first": "2026-10-24", "last": "2026-11-22"}}
    )
    expected = workspace.questions.ask(asked).result.conversions
    _head, *models = rows(admin, "models", "&channel=tmall")
    assert 0 < sum(float(row[1]) for row in models) == pytest.approx(expected)


def test_words_have_names_and_pictures_have_intervals(admin: httpx.Client) -> None:
    shown = admin.get(PATH.replace("lang=en", "lang=zh")).text
    assert "导购推荐" in shown
    assert ":guide" not in re.sub(r"<script.*?</script>", "", shown, flags=re.S)
    assert shown.count('class="whisker"') >= 8


def test_a_brand_of_its_own_has_no_truth(workspace: Workspace, admin: httpx.Client) -> None:
    period = AttributionQuestion().period.period(date(2026, 11, 23))
    assert truly_brought(workspace, period, new_only=False) is None
    assert 'data-sheet="truth"' not in admin.get(PATH).text


def test_a_period_without_orders_says_so(admin: httpx.Client) -> None:
    shown = admin.get("/attribution?lang=en&from=2020-01-01&to=2020-01-31&compare=none").text
    assert "No conversion in this period" in shown
