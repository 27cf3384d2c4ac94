"""A file that nobody knows, from the terminal: looked at, drafted, defined, imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

FILE = """流水,成交时间,成交额,当前状态,手机号
T1,2026-11-11 10:00:00,99.00,已付款,13800000001
T2,2026-11-11 11:00:00,120.00,待付款,13800000002
T3,2026-13-11 11:00:00,12.00,已付款,13800000003
"""
COLUMNS = ("订单编号=流水", "下单时间=成交时间", "实付金额=成交额", "订单状态=当前状态", "手机号=手机号")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "茶展.csv"
    path.write_text(FILE, "utf-8")
    return path


@pytest.fixture
def empty(run: Any, tmp_path: Path) -> Path:
    brand = tmp_path / "brand"
    assert run("init", brand, "--name", "茶").code == 0
    return brand


def test_an_unknown_file_is_drafted_defined_and_imported(run: Any, empty: Path, file: Path, tmp_path: Path) -> None:
    looked = run("import", file, "-w", empty, "--dry-run").out
    assert "流水 · 成交时间" in looked
    assert "imports draft" in looked
    told = [word for column in COLUMNS for word in ("--column", column)]
    drafted = run("imports", "draft", file, "-w", empty, "--name", "fair", *told)
    assert drafted.code == 0, drafted.err
    (tmp_path / "fair.yaml").write_text(drafted.out, "utf-8")
    assert run("definitions", "apply", tmp_path / "fair.yaml", "-w", empty).code == 0
    looked = run("import", file, "-w", empty, "--dry-run").out
    assert "映射：fair" in looked
    assert "前 3 行：可用 2，坏行 1" in looked
    assert "已付款 1 · 未付款 1" in looked
    assert "13800000001" not in looked
    imported = run("import", file, "-w", empty, "--channel", "tmall", "--json").json
    assert (imported["mapping"], imported["accepted"], imported["rejected"]) == ("fair", 2, 1)
    days = ("--first", "2026-11-11", "--last", "2026-11-11")
    answers = run("metric", "gmv", *days, "-w", empty)
    assert "99" in answers.out, answers
    assert "219" not in answers.out


def test_what_is_needed_and_not_found_is_said_as_a_comment(run: Any, empty: Path, file: Path) -> None:
    drafted = run("imports", "draft", file, "-w", empty)
    assert drafted.code == 0, drafted.err
    assert "# 需要但没找到对应列：订单编号" in drafted.out
    assert "手机号" in drafted.out


@pytest.mark.parametrize("column", ["没有等号", "订单编号=没有这列", "=流水"])
def test_a_bad_column_is_refused(run: Any, empty: Path, file: Path, column: str) -> None:
    refused = run("imports", "draft", file, "-w", empty, "--column", column)
    assert refused.code != 0
    assert "Traceback" not in refused.err
