"""``dujiang ask``: files, people behind numbers, CSV, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

QUESTION = {
    "type": "metric",
    "metrics": ["orders"],
    "period": {"first": "2026-10-01", "last": "2026-11-30"},
    "by": ["channel"],
}


def test_a_question_of_a_file(run: Any, brand: Path, tmp_path: Path) -> None:
    file = tmp_path / "question.json"
    file.write_text(json.dumps(QUESTION))
    told = run("ask", file, "-w", brand, "--json").json
    assert told["tables"][0]["rows"][0][2] > 0
    shown = run("ask", file, "-w", brand, "--csv", tmp_path / "out.csv")
    assert shown.code == 0
    assert "tmall" in shown.out
    assert (tmp_path / "out.csv").read_text("utf-8-sig").count("\n") >= 2


def test_a_workbook_holds_every_table_as_it_is_exported(run: Any, brand: Path, tmp_path: Path) -> None:
    file = tmp_path / "question.json"
    file.write_text(json.dumps(QUESTION | {"metrics": ["gmv"]}))
    tables = run("ask", file, "-w", brand, "--json").json["tables"]
    assert run("ask", file, "-w", brand, "--csv", tmp_path / "out.xlsx").code == 0
    book = load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == [one["name"] for one in tables]
    for table, page in zip(tables, book, strict=True):
        rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
        assert len(rows) == len(table["rows"])
        for place, column in enumerate(table["columns"]):
            if column["unit"] == "money":
                assert [row[place] or 0 for row in rows] == [(row[place] or 0) / 100 for row in table["rows"]]
            if column["unit"] == "channel":
                assert not {row[place] for row in rows} & {"tmall", "douyin"}


def test_the_people_behind_a_number_become_a_list(run: Any, brand: Path, tmp_path: Path) -> None:
    file = tmp_path / "question.json"
    file.write_text(json.dumps(QUESTION))
    told = run("ask", file, "-w", brand, "--people", "{metric: orders}", "--list", "autumn", "--json").json
    assert told["count"] == len(told["people"]) > 0


def test_what_makes_the_people_of_a_number_different(run: Any, brand: Path, tmp_path: Path) -> None:
    file = tmp_path / "question.json"
    file.write_text(json.dumps(QUESTION))
    pick, other = "{metric: orders, keys: [tmall]}", "{metric: orders}"
    told = run("ask", file, "-w", brand, "--people", pick, "--against", other, "--json").json
    assert {"field", "effect", "p", "clear"} <= told[0].keys()


def test_a_file_that_is_no_question(run: Any, brand: Path, tmp_path: Path) -> None:
    file = tmp_path / "question.yaml"
    file.write_text("- 1")
    refused = run("ask", file, "-w", brand)
    assert (refused.code, "question.not_mapping" in refused.err) == (2, True)
    assert "question.unknown" in run("ask", "never_saved", "-w", brand).err
