"""The Complete Journey through ordinary mappings: every total against an independent question to the original tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from dujiang.foundation.progress import silent
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery
from dujiang.workspace import Workspace, demo

EXAMPLE = Path(__file__).parents[2] / "examples" / "complete_journey"
YEAR = Period(date(2017, 1, 1), date(2017, 12, 31))
FEBRUARY = datetime(2017, 2, 1, 5)  # noqa: DTZ001 - midnight in New York, in the package's bare UTC
PAID = "sum(round(sales_value * 100))::bigint"


@pytest.fixture(scope="module")
def example() -> Iterator[Any]:
    sys.path.insert(0, str(EXAMPLE))
    import build
    import prepare

    yield {"build": build, "prepare": prepare}
    sys.path.remove(str(EXAMPLE))


def built(example: Any, folder: Path, patched: pytest.MonkeyPatch, until: datetime | None) -> Workspace:
    patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
    files = folder / "files"
    example["prepare"].prepare(files, *([until] if until else []))
    workspace = Workspace.create(folder / "brand", time_zone="America/New_York", currency="USD")
    demo.define(workspace, EXAMPLE / "brand.yaml")
    example["build"].bring_in(workspace, files, silent)
    return workspace


@pytest.fixture(scope="module")
def january(example: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("january")
    with pytest.MonkeyPatch.context() as patched, built(example, folder, patched, FEBRUARY) as workspace:
        yield workspace


def totals(workspace: Workspace, *names: str) -> list[float | int | None]:
    answer = workspace.metrics.query(MetricQuery(names, YEAR))
    return [answer.totals[name].value for name in names]


def original(example: Any, question: str, until: datetime | None = FEBRUARY) -> Any:
    con = example["prepare"].connect()
    where = "true" if until is None else f"transaction_timestamp < timestamp '{until}'"
    return con.sql(question.format(where=where)).fetchall()


def test_money_baskets_households_and_units_equal_the_original(example: Any, january: Workspace) -> None:
    question = f"select {PAID}, count(distinct basket_id), count(distinct household_id), sum(quantity)::bigint"
    expected = original(example, question + " from transactions where {where}")[0]
    assert totals(january, "gmv", "orders", "buyers", "units") == list(expected)


def test_every_store_sells_what_the_original_says(example: Any, january: Workspace) -> None:
    question = f"select store_id::varchar, {PAID} from transactions where {{where}} group by 1"
    expected = dict(original(example, question))
    answer = january.metrics.query(MetricQuery(("gmv",), YEAR, by=("store",)))
    assert {row.keys[0]: row.figures["gmv"].value for row in answer.rows} == expected


def test_every_day_in_new_york_sells_what_the_original_says(example: Any, january: Workspace) -> None:
    day = "timezone('America/New_York', timezone('UTC', transaction_timestamp))::date"
    expected = dict(original(example, f"select {day}, {PAID} from transactions where {{where}} group by 1"))
    answer = january.metrics.query(MetricQuery(("gmv",), Period(YEAR.first, date(2017, 1, 31)), grain="day"))
    assert {point.start: point.figures["gmv"].value for point in answer.line} == expected


def test_campaigns_and_redemptions_are_all_there(example: Any, january: Workspace) -> None:
    with january.engine.read() as con:
        found = dict(con.execute("select name, count(*) from fact_event group by 1").fetchall())
    touches = original(example, "select count(*) from campaigns")[0][0]
    redemptions = original(example, "select count(*) from coupon_redemptions")[0][0]
    assert found == {"campaign_received": touches, "coupon_redeemed": redemptions}


def test_a_household_is_one_person_with_all_its_baskets(example: Any, january: Workspace) -> None:
    question = (
        "select max(n) from (select count(distinct basket_id) n from transactions where {where} group by household_id)"
    )
    with january.engine.read() as con:
        assert con.execute("select max(orders) from person").fetchone() == original(example, question)[0]


@pytest.mark.slow
def test_the_whole_year(example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with built(example, tmp_path, monkeypatch, None) as workspace:
        question = f"select {PAID}, count(distinct basket_id), count(distinct household_id) from transactions"
        assert totals(workspace, "gmv", "orders", "buyers") == list(original(example, question, None)[0])
        assert workspace.status().facts["order_line"] == 1_469_307
        assert all(finding.good for finding in workspace.doctor())
