"""Errors say what happened in the caller's language, and nothing of what is inside."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

PHONE = "13900001234"
INSIDE = re.compile(
    r"select |insert |sqlite|sqlalchemy|duckdb|traceback|/tmp/|/home/|\.py\b|line \d+, in ", re.IGNORECASE
)
WRONG: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/nothing", {}, 404),
    ("PUT", "/status", {}, 405),
    ("GET", "/people/u0000000000000", {}, 404),
    ("GET", f"/people/{PHONE}", {}, 404),
    ("GET", f"/people/{PHONE}/timeline", {}, 404),
    ("POST", "/metrics/query", {"content": b'{"\\ud800": 1, "metrics": 3}'}, 422),
    ("GET", "/people?limit=0", {}, 422),
    ("GET", "/people?after=x%00y", {}, 400),
    ("GET", "/jobs/job_x'%20or%20'1'='1", {}, 404),
    ("GET", "/imports/..%2F..%2Fetc%2Fpasswd", {}, 404),
    ("GET", "/imports/..%2F..%2Fetc%2Fpasswd/errors", {}, 404),
    ("GET", "/definitions/metric/gmv'--", {}, 404),
    ("POST", "/metrics/query", {"content": b"{"}, 422),
    ("POST", "/metrics/query", {"content": b'{"a": NaN'}, 422),
    ("POST", "/metrics/query", {"json": {"metrics": ["x';--"], "first": "2026-11-01", "last": "2026-11-02"}}, 404),
    ("POST", "/metrics/query", {"json": {"metrics": ["gmv"], "first": "2026-11-02", "last": "2026-11-01"}}, 400),
    ("POST", "/metrics/query", {"json": {"metrics": ["gmv"], "first": "0001-01-01", "last": "9999-12-31"}}, 400),
    ("POST", "/metrics/query", {"json": {"metrics": ["gmv"], "first": "1990-01-01", "last": "2026-11-01"}}, 400),
    ("POST", "/metrics/query", {"content": b'{"metrics": ["\\ud800"], "first": "", "last": ""}'}, 422),
    ("POST", "/definitions/plan", {"json": {"yaml": "kind: [}"}}, 400),
    ("POST", "/definitions/plan", {"json": {"yaml": "kind: rocket\nname: a\nspec: {}"}}, 404),
    ("POST", "/definitions/plan", {"json": {"yaml": "!!python/object/apply:os.system ['true']"}}, 400),
    ("POST", "/accounts", {"json": {"name": "x", "password": "short", "role": "viewer"}}, 400),
    ("POST", "/keys", {"json": {"kind": "collect", "name": "x", "source": "nothing"}}, 404),
    ("POST", "/imports", {"json": {"upload": "../../etc/passwd"}}, 404),
    ("GET", "/sources?first=2026-11-01&last=2028-11-01", {}, 400),
    ("GET", "/sources/x/hours?first=9999-12-31T23:00:00Z", {}, 400),
    ("GET", "/audit?before=99999999999999999999999999", {}, 422),
    ("PATCH", "/dead-letters", {"json": {"ids": [1], "state": "discarded", "reason": " "}}, 400),
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("method", "path", "sent", "status"), WRONG)
def test_errors_have_one_form(
    faces: Any, method: str, path: str, sent: dict[str, Any], status: int, language: str
) -> None:
    headers = faces.bearer("admin") | {"accept-language": language}
    answer = asyncio.run(faces.ask(method, f"/api/v1{path}", headers=headers, **sent))
    body = answer.json()
    assert answer.status_code == status, body
    assert set(body) == {"success", "code", "message", "detail"}
    assert body["success"] is False
    assert re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", body["code"])
    has_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in body["message"])
    assert has_chinese == (language == "zh"), body["message"]
    assert not INSIDE.search(answer.text), body
    assert PHONE not in answer.text
    assert not re.search(r"\{\w+\}", body["message"])


def test_something_unexpected_says_nothing_of_the_inside(faces: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError(f"SELECT * FROM person WHERE phone = {PHONE}")

    monkeypatch.setattr(faces.workspace, "status", broken)
    answer = asyncio.run(faces.ask("GET", "/api/v1/status", headers=faces.bearer("admin")))
    assert (answer.status_code, answer.json()["code"]) == (500, "server.unexpected")
    assert PHONE not in answer.text
    assert not INSIDE.search(answer.text)


def test_a_wrong_value_is_not_repeated(faces: Any) -> None:
    body = {"name": "somebody", "password": 13900001234, "role": PHONE}
    answer = asyncio.run(faces.ask("POST", "/api/v1/accounts", json=body, headers=faces.bearer("admin")))
    assert answer.status_code == 422
    assert PHONE not in answer.text
