"""From an empty folder to numbers and back, through every verb that changes something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEADER = "销售日期,门店名称,小票号,物料描述,销售数量,销售金额,手机号\n"
FILE = (
    HEADER
    + "2026-11-01 10:00:00,湖滨店,A1,白毫银针,1,100.00,13900000001\n"
    + "2026-11-01 11:00:00,湖滨店,A2,茶盏,2,50.50,13900000002\n"
    + "2026-11-01 12:00:00,湖滨店,A3,茶盏,1,不是金额,13900000003\n"
)
CHANNEL = "kind: channel\nname: store\ntitle: {zh: 门店}\nspec: {group: store}\n"


def gmv(run: Any, folder: Path) -> float | None:
    day = ("--first", "2026-11-01", "--last", "2026-11-01")
    return run("metric", "gmv", *day, "-w", folder, "--json").json["totals"]["gmv"]["now"]["value"]


def test_from_an_empty_folder_to_numbers_and_back(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "brand"
    made = run("init", folder, "--name", "茶事", "--json")
    assert (made.code, made.json["folder"]) == (0, str(folder))

    (tmp_path / "channel.yaml").write_text(CHANNEL, "utf-8")
    planned = run("definitions", "plan", tmp_path / "channel.yaml", "-w", folder, "--json")
    assert [(one["name"], one["change"]) for one in planned.json] == [("store", "create")]
    assert run("definitions", "apply", tmp_path / "channel.yaml", "-w", folder, "--note", "first").code == 0
    assert "门店" in run("definitions", "show", "channel", "store", "-w", folder).out

    file = tmp_path / "POS.csv"
    file.write_text(FILE, "utf-8")
    seen = run("import", file, "-w", folder, "--dry-run", "--json").json
    assert (seen["mapping"], seen["good"]) == ("own.pos", 2)
    assert run("imports", "list", "-w", folder, "--json").json == []

    result = run("import", file, "-w", folder, "--json").json
    assert (result["rows"], result["accepted"], result["rejected"]) == (3, 2, 1)
    assert gmv(run, folder) == 15_050
    assert run("refresh", "-w", folder, "--json").json["facts"] == 0
    status = run("status", "-w", folder, "--json").json
    assert (status["brand"], status["orders"], status["persons"]) == ("茶事", 2, 2)

    again = run("import", file, "-w", folder, "--json").json
    assert (again["accepted"], again["duplicate"]) == (0, 2)
    assert len(run("imports", "list", "-w", folder, "--json").json) == 2

    found = run("people", "13900000001", "-w", folder, "--json")
    assert found.json["page"]["profile"]["paid_minor"] == 10_000
    assert "13900000001" not in found.out

    undone = run("imports", "undo", result["id"], "-w", folder, "--reason", "wrong file", "--json").json
    assert undone["result"]["undone"]
    assert gmv(run, folder) in (None, 0)
    assert not run("imports", "redo", result["id"], "-w", folder, "--json").json["undone"]
    assert gmv(run, folder) == 15_050

    rebuilt = run("rebuild", "-w", folder, "--json")
    assert (rebuilt.code, rebuilt.json["orders"]) == (0, 2)
    assert gmv(run, folder) == 15_050
    findings = run("doctor", "-w", folder, "--json")
    assert findings.code == 0
    assert all(one["good"] for one in findings.json)


def test_keys_are_shown_once_and_revoked(run: Any, brand: Path) -> None:
    made = run("keys", "admin", "analyst", "-w", brand, "--json").json
    assert made["secret"].startswith("da_")
    collect = run("keys", "collect", "site_web", "-w", brand)
    assert collect.out.splitlines()[-1].startswith("dc_")
    listed = run("keys", "list", "-w", brand, "--json")
    assert made["secret"] not in listed.out
    assert {one["kind"] for one in listed.json} == {"api", "collect"}
    revoked = run("keys", "revoke", made["key"]["id"], "-w", brand, "--json").json
    assert revoked["revoked_at"] is not None


def test_people_are_exported_as_they_are_counted(run: Any, brand: Path, tmp_path: Path) -> None:
    written = run("export", "people", tmp_path / "people.csv", "-w", brand, "--json").json
    lines = (tmp_path / "people.csv").read_text("utf-8-sig").splitlines()
    assert written["rows"] == len(lines) - 1 == run("status", "-w", brand, "--json").json["persons"]
    assert lines[0].startswith("person,known,channels")


def test_definitions_come_out_as_they_go_in(run: Any, brand: Path, empty: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    assert run("export", "definitions", file, "-w", brand, "--json").json["rows"] > 5
    assert run("definitions", "apply", file, "-w", empty).code == 0
    changes = run("definitions", "plan", file, "-w", empty, "--json").json
    assert {one["change"] for one in changes} == {"unchanged"}


def test_the_demo_brand_is_not_built_twice(run: Any, brand: Path) -> None:
    before = run("status", "-w", brand, "--json").json
    again = run("demo", brand, "--no-serve", "--json")
    assert again.json == {"folder": str(brand), "built": False}
    assert run("status", "-w", brand, "--json").json["facts"] == before["facts"]


def test_the_same_seed_writes_the_same_brand(run: Any, tmp_path: Path) -> None:
    small = ("--people", 100, "--months", 1, "--end", "2026-11-15", "--json")
    first = run("simulate", tmp_path / "a", *small).json
    second = run("simulate", tmp_path / "b", *small).json
    assert {**first, "folder": ""} == {**second, "folder": ""}
    assert (first["people"], first["orders"] > 0) == (100, True)
