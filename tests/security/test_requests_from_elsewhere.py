"""A session changes things only from the console's own pages; a body is read only as far as its sender may go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dujiang.foundation.bounds import BOUNDS

PLAN = {"yaml": "kind: channel\nname: other\nspec: {group: own}\n"}


def ask(faces: Any, method: str, path: str, **more: Any) -> Any:
    return asyncio.run(faces.ask(method, path, **more))


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "http://brand.example"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_session_needs_a_page_of_ours(faces: Any, said: dict[str, str], status: int) -> None:
    headers = {"cookie": f"dj_session={faces.sessions['admin']}"} | said
    answer = ask(faces, "POST", "/api/v1/definitions/plan", json=PLAN, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "access.cross_site"


def test_a_key_needs_no_page(faces: Any) -> None:
    headers = faces.bearer("admin") | {"origin": "http://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert ask(faces, "POST", "/api/v1/definitions/plan", json=PLAN, headers=headers).status_code == 200


def test_reading_with_a_session_needs_no_page(faces: Any) -> None:
    headers = {"cookie": f"dj_session={faces.sessions['viewer']}", "sec-fetch-site": "cross-site"}
    assert ask(faces, "GET", "/api/v1/status", headers=headers).status_code == 200


def test_other_sites_cannot_read_answers(faces: Any) -> None:
    headers = faces.browser("viewer", "cross-site") | {"origin": "http://evil.example"}
    answer = ask(faces, "GET", "/api/v1/status", headers=headers)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/nothing", "/sign-in"])
def test_answers_are_not_kept_or_framed(faces: Any, path: str) -> None:
    answer = ask(faces, "GET", path, headers=faces.bearer("admin"))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


class Endless:
    """A body that has no end, and counts how much of it was taken."""

    taken = 0

    def __init__(self, start: bytes = b"") -> None:
        self._start = start

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._start
        while self.taken < 64 << 20:
            self.taken += 1 << 20
            yield b" " * (1 << 20)


FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
MULTIPART = {"content-type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("path", "headers", "start"),
    [
        ("/api/v1/definitions/plan", {"content-type": "application/json"}, b""),
        ("/api/v1/imports/uploads", MULTIPART, FORM),
        ("/imports/upload", MULTIPART, FORM),
        ("/sign-in", MULTIPART, FORM),
        ("/imports/upload?name=a.csv", {}, b""),
    ],
)
@pytest.mark.parametrize("who", ["nobody", "viewer"])
def test_whoever_may_not_import_cannot_fill_memory_or_disk(
    faces: Any, who: str, path: str, headers: dict[str, str], start: bytes
) -> None:
    body = Endless(start)
    known = faces.browser("viewer") if who == "viewer" else {"sec-fetch-site": "same-origin"}
    answer = ask(faces, "POST", path, content=body, headers=headers | known)
    assert answer.status_code in (303, 401, 403, 413)
    assert body.taken <= BOUNDS.request_bytes_max + (2 << 20)


def test_whoever_may_import_can_send_more(faces: Any) -> None:
    size = BOUNDS.request_bytes_max + 1_000_000
    files = {"file": ("orders.csv", b"a,b\n" + b"1,2\n" * (size // 4))}
    answer = ask(faces, "POST", "/api/v1/imports/uploads", files=files, headers=faces.bearer("operator"))
    assert answer.status_code == 201
    assert answer.json()["bytes"] > BOUNDS.request_bytes_max
    path = f"/api/v1/imports/uploads/{answer.json()['id']}"
    assert ask(faces, "DELETE", path, headers=faces.bearer("operator")).status_code == 204
