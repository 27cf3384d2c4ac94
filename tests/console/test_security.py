"""Requests that change something have to come from a page of the console."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from dujiang.console.security import POLICY, is_same_origin
from dujiang.console.web import own_path


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "same-origin", "host": "a.example"}, True),
        ({"sec-fetch-site": "same-site", "host": "a.example"}, False),
        ({"sec-fetch-site": "cross-site", "host": "a.example"}, False),
        ({"sec-fetch-site": "none", "host": "a.example"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://a.example", "host": "a.example"}, False),
        ({"origin": "http://a.example", "host": "a.example"}, True),
        ({"origin": "http://a.example:8600", "host": "a.example:8600"}, True),
        ({"origin": "http://a.example:8601", "host": "a.example:8600"}, False),
        ({"origin": "http://b.example", "host": "a.example"}, False),
        ({"origin": "http://a.example.evil.example", "host": "a.example"}, False),
        ({"origin": "null", "host": "a.example"}, False),
        ({"origin": "null"}, False),
        ({"host": "a.example"}, False),
        ({}, False),
    ],
)
def test_only_own_pages_may_change_things(headers: dict[str, str], allowed: bool) -> None:
    assert is_same_origin(Headers(headers)) is allowed


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "people",
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/a\nb",
        "javascript:alert(1)",
    ],
)
def test_nobody_is_led_elsewhere(wanted: str | None) -> None:
    assert own_path(wanted) == "/"


def test_policy_allows_no_inline_code() -> None:
    assert "unsafe" not in POLICY
    assert "default-src 'self'" in POLICY
