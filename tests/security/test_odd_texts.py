"""Characters that a store or an engine cannot hold are refused or kept, on SQLite and PostgreSQL; nothing breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dujiang.api.app import create_app
from dujiang.foundation.clock import FixedClock
from dujiang.store.database import Database
from dujiang.workspace import Workspace

DAYS = {"first": "2026-11-01", "last": "2026-11-02"}
NOW = datetime(2026, 11, 16, 4, tzinfo=UTC)
NUL = "a\x00b"
ODD: list[tuple[str, str, Any]] = [
    ("POST", "/keys", {"kind": "api", "name": NUL, "role": "viewer"}),
    ("POST", "/keys", {"kind": "collect", "name": "a", "source": NUL}),
    ("POST", "/keys/a%00b/revoke", None),
    ("POST", "/accounts", {"name": NUL, "password": "long enough for all", "role": "viewer"}),
    ("POST", "/accounts", {"name": "somebody", "password": f"long enough {NUL}", "role": "viewer"}),
    ("POST", "/accounts/a%00b", {"role": "viewer"}),
    ("GET", "/jobs/a%00b", None),
    ("POST", "/jobs/a%00b/cancel", None),
    ("GET", "/definitions?kind=a%00b", None),
    ("GET", "/definitions/channel/a%00b", None),
    ("POST", "/definitions/apply", {"yaml": 'kind: channel\nname: pop\ntitle: {zh: "a\\0b"}\nspec: {group: own}'}),
    ("POST", "/definitions/apply", {"yaml": "kind: channel\nname: pop2\nspec: {group: own}", "note": NUL}),
    ("GET", "/imports/a%00b", None),
    ("POST", "/imports", {"upload": NUL}),
    ("POST", "/imports/a%00b/undo", {"reason": NUL}),
    ("GET", "/people?words=a%00b", None),
    ("GET", "/people?city=a%00b&channel=a%00b", None),
    ("GET", "/people?after=a%00b", None),
    ("GET", "/dead-letters?source=a%00b", None),
    ("PATCH", "/dead-letters", {"ids": [1], "state": "discarded", "reason": NUL}),
    ("GET", "/sources/a%00b/hours?first=2026-11-01T00:00:00Z", None),
    ("POST", "/sources/totals", [{"channel": NUL, "shop": NUL, "day": "2026-11-01", "orders": 1, "gmv_minor": 1}]),
    ("POST", "/metrics/query", DAYS | {"metrics": ["gmv"], "where": [{"column": "channel", "value": NUL}]}),
    ("POST", "/metrics/people", DAYS | {"metric": "buyers", "where": [{"column": "channel", "value": "'\\\";--"}]}),
    ("POST", "/river/people", DAYS | {"stops": [f"channel:{NUL}"], "channels": [NUL]}),
]


@pytest.fixture
def ask(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Asks the API of an empty workspace with the rights of an administrator."""
    monkeypatch.setenv("DUJIANG_STORE_URL", database_url)
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(tmp_path / "keys"))
    with Workspace.create(tmp_path / "brand", clock=FixedClock(NOW)) as workspace:
        secret = workspace.access.keys.create_api("test", "admin", actor="test").secret
        app = create_app(workspace, work=False)

        async def asked(method: str, path: str, body: Any) -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            content = None if body is None else json.dumps(body)
            headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
            async with httpx.AsyncClient(transport=transport, base_url="http://brand.example") as client:
                return await client.request(method, f"/api/v1{path}", content=content, headers=headers)

        yield lambda *call: asyncio.run(asked(*call))


def test_odd_texts_break_nothing(ask: Any) -> None:
    answers = {call[:2]: ask(*call) for call in ODD}
    broken = {call: answer.text for call, answer in answers.items() if answer.status_code >= 500}
    assert broken == {}
    assert all(one["good"] for one in ask("GET", "/doctor", None).json())


def test_what_fails_in_the_store_keeps_its_values_to_itself(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed, database.read() as rx:
        rx.execute(text("SELECT * FROM no_such_table WHERE phone = :phone"), {"phone": "13900001234"})
    assert "13900001234" not in str(failed.value)
