"""``dujiang dashboard``: the list, and one with everything it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BOARD = """
kind: question
name: order_numbers
title: {zh: 订单数, en: Orders}
spec: {question: {type: metric, metrics: [orders], period: {preset: last90}}}
---
kind: dashboard
name: numbers
title: {zh: 数字, en: Numbers}
spec:
  period: {first: 2026-10-01, last: 2026-11-30}
  tiles: [{question: order_numbers}, {question: gone, x: 6}]
"""


def test_a_dashboard_is_listed_and_printed(run: Any, brand: Path, tmp_path: Path) -> None:
    file = tmp_path / "board.yaml"
    file.write_text(BOARD)
    assert run("definitions", "apply", file, "-w", brand).code == 0
    assert "numbers" in run("dashboard", "-w", brand).out
    told = run("dashboard", "numbers", "-w", brand, "--json").json
    assert [one["question"] for one in told] == ["order_numbers", "gone"]
    assert told[0]["answer"]["tables"][0]["rows"][0][2] > 0
    assert told[1]["answer"] is None
    assert "订单数" in run("dashboard", "numbers", "-w", brand).out
    link = run("dashboard", "numbers", "-w", brand, "--share", 7, "--json").json
    assert link["token"].startswith(link["id"])
    assert run("dashboard", "numbers", "-w", brand, "--unshare", link["id"], "--json").json["revoked_at"]
    assert "dashboard.unknown" in run("dashboard", "never", "-w", brand).err
