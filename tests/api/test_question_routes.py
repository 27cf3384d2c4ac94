"""Questions over the API: metrics as the metric layer says, the people behind a row, and lists of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dujiang.foundation.definitions import load_yaml
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery
from dujiang.people.conditions import parse_condition

FIRST, LAST = date(2026, 10, 20), date(2026, 11, 15)
DAYS = {"first": str(FIRST), "last": str(LAST)}
QUESTION = {"type": "metric", "metrics": ["gmv", "buyers"], "period": DAYS, "by": ["channel"], "compare": "previous"}


def test_metrics_are_those_of_the_metric_layer(api: Any) -> None:
    told = api.ask("POST", "/questions/ask", json={"question": QUESTION})
    query = MetricQuery(("gmv", "buyers"), Period(FIRST, LAST), "previous", by=("channel",))
    answer = api.workspace.metrics.query(query)
    totals, rows = told["tables"]
    assert [row[2] for row in totals["rows"]] == [answer.totals[name].value for name in ("gmv", "buyers")]
    assert [row[0] for row in rows["rows"]] == [row.keys[0] for row in answer.rows]
    assert [row[1] for row in rows["rows"]] == [row.figures["gmv"].value for row in answer.rows]
    assert told["comparison_last"] == "2026-10-19"
    assert told["fresh_until"]


def test_the_people_of_a_row_become_a_list_that_a_condition_names(api: Any) -> None:
    picked = {"question": QUESTION, "pick": {"metric": "buyers", "keys": ["tmall"]}}
    behind = api.ask("POST", "/questions/people", json=picked)
    where = [{"column": "channel", "value": "tmall"}]
    assert (
        behind["count"] == api.ask("POST", "/metrics/people", json=DAYS | {"metric": "buyers", "where": where})["count"]
    )
    listed = api.ask("POST", "/questions/list", json=picked | {"tag": "tmall_autumn"})
    assert listed["people"] == behind["count"] > 3
    api.workspace.refresh()
    on_list = parse_condition({"type": "list", "tag": "tmall_autumn"})
    assert api.workspace.segments.count(on_list).people == behind["count"]


def test_a_saved_question_is_answered_by_name(api: Any) -> None:
    text = """
kind: question
name: autumn
title: {zh: 秋季, en: Autumn}
spec:
  question: {type: metric, metrics: [orders], period: {first: 2026-10-20, last: 2026-11-15}}
"""
    workspace = api.workspace
    workspace.definitions.apply(workspace.definitions.plan(load_yaml(text)), actor="test")
    assert "autumn" in [one["name"] for one in api.ask("GET", "/questions")]
    told = api.ask("GET", "/questions/autumn/answer")
    assert (
        told["tables"][0]["rows"][0][2]
        == api.workspace.metrics.query(MetricQuery(("orders",), Period(FIRST, LAST))).totals["orders"].value
    )


def test_every_type_states_its_schema(api: Any) -> None:
    told = api.ask("GET", "/questions/types")
    assert {one["type"] for one in told} >= {"metric"}
    assert all(one["question"]["properties"]["type"] for one in told)


def test_wrong_questions_and_unknown_names_are_told(api: Any) -> None:
    assert api.problem("POST", "/questions/ask", json={"question": {"type": "nothing"}})[:2] == (
        400,
        "question.unknown_type",
    )
    assert api.problem("GET", "/questions/never_saved/answer")[:2] == (404, "question.unknown")
    sales = {"type": "metric", "metrics": ["cost"], "period": DAYS}
    nobody = {"question": sales, "pick": {"metric": "cost"}}
    assert api.problem("POST", "/questions/people", json=nobody)[:2] == (400, "metric.no_people")


def test_a_list_needs_somebody_and_the_right_to_mark(api: Any) -> None:
    never = QUESTION | {"period": {"first": "2020-01-01", "last": "2020-01-02"}}
    listing = {"question": never, "pick": {"metric": "buyers"}, "tag": "nobody"}
    assert api.problem("POST", "/questions/list", json=listing)[:2] == (400, "mark.nobody")
    assert api.problem("POST", "/questions/list", "viewer", json=listing)[0] == 403


def test_words_are_those_of_the_data_and_the_definitions(api: Any) -> None:
    told = api.ask("GET", "/questions/words?locale=zh")
    with api.workspace.engine.read() as con:
        counted = con.execute(
            "SELECT name, count(*) FROM fact_event WHERE name <> '' GROUP BY name ORDER BY count(*) DESC, name"
        ).fetchall()
    assert [(one["name"], one["count"]) for one in told["events"]] == counted[:500]
    assert {"name": "gmv", "title": "成交金额"}.items() <= next(
        m for m in told["metrics"] if m["name"] == "gmv"
    ).items()
    assert "channel" in next(one for one in told["metrics"] if one["name"] == "gmv")["dimensions"]
    assert told["sources"]["orders"]["paid_minor"] == "number"
    assert {one["name"] for one in told["channels"]} >= {"tmall"}


def test_values_are_suggested_for_columns_of_words_only(api: Any) -> None:
    told = api.ask("GET", "/questions/values?source=orders&column=channel")
    with api.workspace.engine.read() as con:
        counted = con.execute("SELECT channel, count(*) FROM orders GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    assert [(one["name"], one["count"]) for one in told] == counted
    assert api.ask("GET", "/questions/values?source=orders&column=paid_minor") == []
    properties = api.ask("GET", "/questions/words")["properties"]
    for one in properties[:3]:
        values = api.ask("GET", f"/questions/values?source=events&column={one['name']}")
        assert sum(value["count"] for value in values) > 0
    assert api.problem("GET", "/questions/values?source=orders&column=never")[:2] == (400, "question.unknown_column")


def test_contribution_sums_to_the_orders_and_leads_to_those_reached(api: Any) -> None:
    question = {"type": "contribution", "period": DAYS, "compare": "previous", "grain": "week", "rounds": 0}
    told = api.ask("POST", "/questions/ask", json={"question": question})
    assert [one["name"] for one in told["tables"]] == ["contribution", "changes", "basis", "incremental", "line"]
    result = told["result"]
    shared = sum(one["direct"]["conversions"] + one["assist"]["conversions"] for one in result["rows"])
    assert 0 < shared == pytest.approx(result["conversions"])
    assert {one["incremental"]["reason"] for one in result["rows"]} == {"no_test"}
    basis = next(one for one in told["tables"] if one["name"] == "basis")
    for row, pick in list(zip(basis["rows"], basis["picks"], strict=True))[:3]:
        people = api.ask("POST", "/questions/people", json={"question": question, "pick": pick})
        assert people["count"] == row[1]
