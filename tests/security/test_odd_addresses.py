"""Pages of the console with nonsense in the address or in a form: a page that says so, and nothing that breaks."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import pytest

from dujiang.console.rooms import ROOMS

HUGE: Final = "9" * 30
ODD: Final = [
    {"from": "0001-01-01", "to": "9999-12-31"},
    {"from": "2026-02-30", "to": "2026-11-31"},
    {"period": "\x00", "compare": "x", "grain": "x", "channel": "\x00", "lang": "xx", "theme": "xx"},
    {"page": HUGE, "before": HUGE, "after": HUGE, "limit": HUGE, "sort": HUGE},
    {"page": "²", "before": "²", "after": "²", "id": "²", "hour": "²"},
    {"before": "-1", "after": "x", "q": "'\";--<script>", "stops": ":", "metric": "<x>", "by": "'", "kind": "\x00"},
    {"export": "csv", "sheet": "\x00"},
    {"export": "xlsx", "sheet": "../../etc/passwd"},
]
FORMS: Final = [
    *ODD,
    {
        "id": HUGE,
        "reason": "\x00",
        "name": "\x00",
        "role": "x",
        "kind": "x",
        "yaml": "{",
        "password": "\x00",
        "rule": "x",
    },
    {
        "day": "0001-01-01",
        "hour": HUGE,
        "orders": HUGE,
        "gmv": HUGE,
        "channel": "\x00",
        "shop": "\x00",
        "words": "\x00",
    },
]
PAGES: Final = [(method, path) for room in ROOMS for method, path, _allow, _handler in room.pages]


def concrete(path: str) -> str:
    return re.sub(r"\{\w+(:int)?\}", lambda found: "7" if found[1] else "a%00b", path)


@pytest.mark.parametrize(("method", "path"), PAGES)
def test_nonsense_breaks_no_page(faces: Any, method: str, path: str) -> None:
    broken = []
    for odd in ODD if method == "GET" else FORMS:
        sent: dict[str, Any] = {"params": odd} if method == "GET" else {"data": odd}
        headers = faces.browser("admin")
        answer = asyncio.run(faces.ask(method, concrete(path), headers=headers, **sent))
        if answer.status_code >= 500:
            broken.append((odd, answer.text[:200]))
        if path == "/sign-out":
            faces.sessions["admin"] = faces.workspace.access.accounts.sign_in(
                "admin.one", "a long enough password"
            ).token
    assert broken == []
