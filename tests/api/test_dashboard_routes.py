"""Dashboards over the API: what is on them, and the answers that their tiles show."""

from __future__ import annotations

from typing import Any

from dujiang.foundation.definitions import load_yaml

BOARD = """
kind: question
name: daily_orders
spec: {question: {type: metric, metrics: [orders], period: {first: 2026-10-20, last: 2026-11-15}}}
---
kind: dashboard
name: orders_board
title: {zh: 订单, en: Orders}
spec:
  period: {first: 2026-11-01, last: 2026-11-10}
  compare: none
  tiles:
    - {question: daily_orders, x: 6, own_days: true}
    - {question: daily_orders, x: 0}
"""


def test_a_tile_answers_on_the_days_of_the_dashboard_or_its_own(api: Any) -> None:
    workspace = api.workspace
    workspace.definitions.apply(workspace.definitions.plan(load_yaml(BOARD)), actor="test")
    told = api.ask("GET", "/dashboards/orders_board")
    assert [(one["question"], one["x"]) for one in told["tiles"]] == [("daily_orders", 0), ("daily_orders", 6)]
    assert told in api.ask("GET", "/dashboards")
    first = api.ask("GET", "/dashboards/orders_board/tiles/1")
    assert (first["first"], first["last"]) == ("2026-11-01", "2026-11-10")
    assert api.ask("GET", "/dashboards/orders_board/tiles/2")["first"] == "2026-10-20"
    whole = api.ask("GET", "/questions/daily_orders/answer")
    assert api.ask("GET", "/dashboards/orders_board/tiles/2")["tables"] == whole["tables"]


def test_what_is_not_there_is_told(api: Any) -> None:
    assert api.problem("GET", "/dashboards/never")[:2] == (404, "dashboard.unknown")
    assert api.problem("GET", "/dashboards/orders_board/tiles/3")[:2] == (404, "dashboard.no_tile")


def test_links_are_made_listed_and_taken_back(api: Any) -> None:
    made = api.ask("POST", "/dashboards/orders_board/links", json={"days": 7})
    assert made["path"] == f"/shared/{made['token']}"
    assert [one["id"] for one in api.ask("GET", "/dashboards/orders_board/links")] == [made["id"]]
    assert api.problem("POST", "/dashboards/orders_board/links", "viewer", json={"days": 7})[0] == 403
    assert api.problem("GET", "/dashboards/orders_board/links", "viewer")[0] == 403
    assert api.problem("POST", "/dashboards/orders_board/links", json={"days": 0})[0] == 422
    assert api.problem("DELETE", f"/dashboards/other/links/{made['id']}")[0] == 404
    api.ask("DELETE", f"/dashboards/orders_board/links/{made['id']}")
    assert api.ask("GET", "/dashboards/orders_board/links") == []


def test_the_token_of_a_link_is_no_key(api: Any) -> None:
    made = api.ask("POST", "/dashboards/orders_board/links", json={"days": 7})
    for path in ("/status", "/people", "/questions", "/dashboards/orders_board"):
        answer = api.client.get(f"/api/v1{path}", headers={"authorization": f"Bearer {made['token']}"})
        assert answer.status_code == 401
