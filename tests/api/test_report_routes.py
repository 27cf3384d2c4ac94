"""Reports over the API: listed, looked at, sent, and their files fetched by those who may."""

from __future__ import annotations

from typing import Any

from dujiang.api.app import WORK
from dujiang.foundation.definitions import load_yaml
from dujiang.workspace.worker import Worker

REPORT = """
kind: question
name: orders_told
spec: {question: {type: metric, metrics: [orders], period: {first: 2026-10-20, last: 2026-11-15}}}
---
kind: report
name: told
title: {zh: 日报, en: Daily}
spec: {questions: [orders_told], language: en, to: {feishu: [ops]}}
"""


def test_a_report_is_sent_and_its_files_fetched(api: Any) -> None:
    workspace = api.workspace
    workspace.definitions.apply(workspace.definitions.plan(load_yaml(REPORT)), actor="test")
    told = api.ask("GET", "/reports/told")
    assert told["spec"]["when"] == {"every": "week", "day": 1, "at": "09:00"}
    assert told["next_due"]
    assert told in api.ask("GET", "/reports")
    looked = api.ask("GET", "/reports/told/preview")
    whole = api.ask("GET", "/questions/orders_told/answer")["result"]["totals"]["orders"]["now"]["value"]
    assert looked["body"]["parts"][0]["numbers"][0]["value"] == f"{whole:,}"
    assert "Orders" in looked["text"]
    made = api.ask("POST", "/reports/told/send")
    assert (made["state"], made["files"]) == ("waiting", [])
    job = workspace.jobs.take("test", ("report",))
    Worker(workspace, WORK).run(job)
    path = f"/reports/told/deliveries/{made['id']}"
    done = api.ask("GET", path)
    assert done["state"] == "delivered"
    assert [one["id"] for one in api.ask("GET", "/reports/told/deliveries")] == [made["id"]]
    assert {"report.html", "summary.txt", "report.xlsx"} < {one["name"] for one in done["files"]}
    assert api.problem("GET", f"{path}/files/summary.txt", "viewer")[0] == 403
    assert api.problem("POST", "/reports/told/send", "viewer")[0] == 403
    assert api.problem("GET", f"{path}/files/none.txt")[:2] == (404, "report.no_file")
    assert api.problem("GET", f"/reports/other/deliveries/{made['id']}")[:2] == (404, "report.no_delivery")
    assert api.problem("GET", "/reports/never")[:2] == (404, "report.unknown")
