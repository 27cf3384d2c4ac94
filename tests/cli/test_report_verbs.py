"""``dujiang report``: the list, a look, sending, and fetching the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

REPORT = """
kind: question
name: order_numbers
title: {zh: 订单数, en: Orders}
spec: {question: {type: metric, metrics: [orders], period: {preset: last90}, compare: previous}}
---
kind: report
name: weekly
title: {zh: 运营周报, en: Weekly}
owner: growth
spec:
  questions: [order_numbers]
  when: {every: week, day: 1, at: "09:00"}
  to: {email: [team@example.com]}
"""


def test_a_report_is_looked_at_sent_and_fetched(run: Any, brand: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    file.write_text(REPORT)
    assert run("definitions", "apply", file, "-w", brand).code == 0
    assert "weekly" in run("report", "list", "-w", brand).out
    listed = {one["name"]: one for one in run("report", "list", "-w", brand, "--json").json}
    assert listed["weekly"]["next_due"]
    assert "运营周报" in run("report", "preview", "weekly", "-w", brand).out
    assert run("report", "deliveries", "weekly", "-w", brand, "--json").json == []
    assert "report.no_delivery" in run("report", "fetch", "weekly", "-w", brand, "--to", tmp_path / "x").err
    sent = run("report", "send", "weekly", "-w", brand, "--json").json
    assert sent["body"]["parts"][0]["numbers"][0]["value"]
    (kept,) = run("report", "deliveries", "weekly", "-w", brand, "--json").json
    assert (kept["id"], kept["state"], kept["due"]) == (sent["delivery"], "delivered", None)
    fetched = run("report", "fetch", "weekly", "-w", brand, "--to", tmp_path / "files", "--json").json
    assert {"report.html", "summary.txt", "report.xlsx"} < set(fetched["files"])
    assert {one.name for one in (tmp_path / "files").iterdir()} == set(fetched["files"])
    assert "report.unknown" in run("report", "send", "never", "-w", brand).err


def test_the_demo_brand_has_reports_that_are_made_ready_once_it_is_served(
    run: Any, brand: Path, tmp_path: Path
) -> None:
    listed = {one["name"] for one in run("report", "list", "-w", brand, "--json").json}
    assert listed == {"daily-flash", "weekly-board"}
    for name in listed:
        (waiting,) = run("report", "deliveries", name, "-w", brand, "--json").json
        assert (waiting["state"], waiting["due"], waiting["created_by"]) == ("waiting", None, "demo")
    sent = run("report", "send", "weekly-board", "-w", brand, "--json").json
    assert sent["body"]["unanswered"] == 0
    fetched = run("report", "fetch", "weekly-board", "-w", brand, "--to", tmp_path / "board", "--json").json
    assert "report.html" in fetched["files"]
