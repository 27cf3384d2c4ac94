"""A file's way over the API: put in, looked at, imported in the background, its bad rows, taken back, brought back."""

from __future__ import annotations

from typing import Any

import pytest

FILE = """销售日期,门店名称,小票号,物料描述,销售数量,销售金额,手机号
2026-11-01 10:00:00,杭州湖滨店,A1,白毫银针,1,100.00,13900000001
2026-11-01 11:00:00,杭州湖滨店,A2,茶盏,2,50.50,13900000002
2026-11-01 12:00:00,杭州湖滨店,A3,茶盏,1,不是金额,13900000003
"""


@pytest.fixture
def upload(api: Any) -> str:
    """A file that waits."""
    return api.ask("POST", "/imports/uploads", "operator", files={"file": ("POS.csv", FILE.encode())})["id"]


def gmv(api: Any) -> int:
    asked = {"metrics": ["gmv"], "first": "2026-11-01", "last": "2026-11-01"}
    return api.ask("POST", "/metrics/query", json=asked)["totals"]["gmv"]["value"] or 0


def test_the_whole_way_and_back(api: Any, upload: str) -> None:
    before = gmv(api)
    assert upload in {one["id"] for one in api.ask("GET", "/imports/uploads")}

    seen = api.ask("POST", f"/imports/uploads/{upload}/preview", "operator", json={})
    assert (seen["mapping"], seen["checked"], seen["good"]) == ("own.pos", 3, 2)
    assert "13900000001" not in str(seen)
    assert gmv(api) == before

    job = api.ask("POST", "/imports", "operator", json={"upload": upload, "mapping": "own.pos"})
    assert job["state"] == "queued"
    api.work()
    job = api.ask("GET", f"/jobs/{job['id']}")
    assert (job["state"], job["error_code"]) == ("done", "")
    result = api.ask("GET", f"/imports/{job['result']['id']}")
    assert (result["rows"], result["accepted"], result["duplicate"], result["rejected"]) == (3, 2, 0, 1)
    assert gmv(api) == before + 15_050

    errors = api.client.get(f"/api/v1/imports/{result['id']}/errors", headers=api.keys["operator"])
    assert errors.content.startswith(b"\xef\xbb\xbf")
    assert "4" in errors.text.splitlines()[1].split(",")[:2]
    assert api.ask("GET", "/audit", params={"limit": 1})[0]["action"] == "import.errors"

    undone = api.ask("POST", f"/imports/{result['id']}/undo", "operator", json={"reason": "wrong shop"})
    assert undone["result"]["undone"]
    api.ask("POST", "/refresh", "operator")
    assert gmv(api) == before
    again = api.problem("POST", f"/imports/{result['id']}/undo", "operator", json={})
    assert again[:2] == (409, "batch.retracted")

    api.ask("POST", f"/imports/{result['id']}/redo", "operator", json={})
    api.ask("POST", "/refresh", "operator")
    assert gmv(api) == before + 15_050
    assert api.problem("POST", f"/imports/{result['id']}/redo", "operator", json={})[0] == 409


def test_the_same_file_again_changes_nothing(api: Any, simulated: Any) -> None:
    file = next(one for one in simulated.files if one.mapping.endswith("orders"))
    content = (simulated.folder / file.path).read_bytes()
    put = api.ask("POST", "/imports/uploads", "operator", files={"file": (file.path.name, content)})
    how = {"upload": put["id"], "mapping": file.mapping, "channel": file.channel, "shop": file.shop}
    job = api.ask(
        "POST", "/imports", "operator", json=how | {"source": file.source, "account": file.shop, "app": file.app}
    )
    before = api.ask("GET", "/status")["facts"]
    api.work()
    result = api.ask("GET", f"/jobs/{job['id']}")["result"]
    assert result["accepted"] == 0
    assert result["rows"] == result["duplicate"] + result["rejected"] > 0
    assert api.ask("GET", "/status")["facts"] == before
    assert api.problem("POST", f"/imports/{result['id']}/undo", "operator", json={})[:2] == (409, "import.nothing_new")


def test_a_job_can_be_stopped_before_it_begins(api: Any, upload: str) -> None:
    job = api.ask("POST", "/imports", "operator", json={"upload": upload})
    assert api.ask("POST", f"/jobs/{job['id']}/cancel", "operator")["state"] == "cancelled"
    api.work()
    assert api.ask("GET", f"/jobs/{job['id']}")["result"] is None
    assert job["id"] in {one["id"] for one in api.ask("GET", "/jobs", params={"state": "cancelled"})}
    api.ask("DELETE", f"/imports/uploads/{upload}", "operator")


def test_a_discarded_file_is_gone(api: Any, upload: str) -> None:
    api.ask("DELETE", f"/imports/uploads/{upload}", "operator")
    told = api.problem("POST", f"/imports/uploads/{upload}/preview", "operator", json={})
    assert told[:2] == (404, "upload.unknown")
    assert api.problem("POST", "/imports", "operator", json={"upload": upload})[:2] == (404, "upload.unknown")


def test_an_import_that_fails_says_why(api: Any) -> None:
    put = api.ask("POST", "/imports/uploads", "operator", files={"file": ("strange.csv", b"a,b\n1,2\n")})
    job = api.ask("POST", "/imports", "operator", json={"upload": put["id"]})
    api.work()
    told = api.ask("GET", f"/jobs/{job['id']}")
    assert (told["state"], told["error_code"]) == ("failed", "import.no_mapping")
    api.ask("DELETE", f"/imports/uploads/{put['id']}", "operator")


def test_a_mapping_is_drafted_for_a_file_that_none_knows(api: Any) -> None:
    file = "流水,成交时间,成交额\nT1,2026-11-01 10:00:00,12.00\n"
    upload = api.ask("POST", "/imports/uploads", "operator", files={"file": ("茶展.csv", file.encode())})["id"]
    drafted = api.ask("POST", f"/imports/uploads/{upload}/draft", "operator", json={"like": "own.orders"})
    assert drafted["header"] == ["流水", "成交时间", "成交额"]
    columns = {"订单编号": "流水", "下单时间": "成交时间", "实付金额": "成交额"}
    said = {"like": "own.orders", "columns": columns, "channel": "fair"}
    drafted = api.ask("POST", f"/imports/uploads/{upload}/draft", "operator", json=said)
    assert drafted["spec"]["match"]["required"] == ["流水", "成交时间", "成交额"]
    wrong = {"like": "own.orders", "columns": {"订单编号": "没有"}}
    refused = api.problem("POST", f"/imports/uploads/{upload}/draft", "operator", json=wrong)
    assert refused[:2] == (400, "mapping.unknown_column")
    assert api.problem("POST", "/imports/uploads/upl_none/draft", "operator", json={})[0] == 404
    api.ask("DELETE", f"/imports/uploads/{upload}", "operator")
