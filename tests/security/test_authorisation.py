"""Every route of API and console × every caller: let through exactly when the caller's role may do what the route does."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import pytest

from dujiang.api.app import PREFIX, bare_api
from dujiang.api.reference import described
from dujiang.console import create_console
from dujiang.console.rooms import ROOMS
from dujiang.console.templating import static_version
from dujiang.store.access import ROLES, actions, may

OPEN_PAGES: Final = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("GET", "/welcome"),
    ("POST", "/welcome"),
    ("GET", "/shared/{token}"),
    ("GET", "/shared/{token}/tiles/{number}"),
}
"""What has to work for somebody who is not signed in; what a shared link opens is tried in ``test_shared_pages.py``."""
ASKS_ITSELF: Final = {("POST", "/imports/upload"): "import.run"}
"""Pages that are listed without an action because they say no in a form of their own."""

API = [(one.method, one.path, one.action) for one in described()]
PAGES = [
    (method, path, allow or ASKS_ITSELF.get((method, path), ""))
    for room in ROOMS
    for method, path, allow, _ in room.pages
]
GUARDED_PAGES = [one for one in PAGES if one[:2] not in OPEN_PAGES]


def concrete(path: str) -> str:
    """A path with something in place of its parameters."""
    return re.sub(r"\{\w+(:int)?\}", lambda found: "7" if found[1] or found[0] == "{letter}" else "nothing", path)


def name(case: tuple[str, str, str]) -> str:
    return f"{case[0]} {case[1]}"


def call(faces: Any, method: str, path: str, headers: dict[str, str]) -> Any:
    body = {"json": {}} if path.startswith("/api") and method != "GET" else {}
    if not path.startswith("/api") and method == "POST":
        body = {"data": {"q": "x"}}
    return asyncio.run(faces.ask(method, concrete(path), headers=headers, **body))


@pytest.mark.parametrize("case", [*API, *GUARDED_PAGES], ids=name)
def test_a_route_names_an_action_that_exists(case: tuple[str, str, str]) -> None:
    assert case[2] in actions()


def test_only_the_pages_of_signing_in_are_open() -> None:
    assert {one[:2] for one in PAGES if not one[2]} == OPEN_PAGES


@pytest.mark.parametrize("case", API, ids=name)
def test_api_lets_through_whoever_may(faces: Any, case: tuple[str, str, str]) -> None:
    method, path, action = case
    for role in ROLES:
        for headers in (faces.bearer(role), faces.browser(role)):
            answer = call(faces, method, path, headers)
            assert (answer.status_code not in (401, 403)) == may(role, action), (role, answer.text)
            if not may(role, action):
                assert (answer.status_code, answer.json()["code"]) == (403, "access.not_allowed")


@pytest.mark.parametrize("case", API, ids=name)
def test_api_is_closed_to_strangers(faces: Any, case: tuple[str, str, str]) -> None:
    method, path, _action = case
    strangers = [
        ({}, "access.no_credentials"),
        (faces.bearer("collect"), "access.unknown_secret"),
        ({"authorization": "Bearer da_made_up"}, "access.unknown_secret"),
        ({"authorization": f"Basic {faces.keys['admin']}"}, "access.no_credentials"),
        ({"cookie": "dj_session=made-up", "sec-fetch-site": "same-origin"}, "access.no_session"),
        ({"cookie": f"dj_session={faces.keys['admin']}", "sec-fetch-site": "same-origin"}, "access.no_session"),
        ({"authorization": f"Bearer {faces.sessions['admin']}"}, "access.unknown_secret"),
    ]
    for headers, code in strangers:
        answer = call(faces, method, path, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("case", GUARDED_PAGES, ids=name)
def test_console_lets_through_whoever_may(faces: Any, case: tuple[str, str, str]) -> None:
    method, path, action = case
    for role in ROLES:
        answer = call(faces, method, path, faces.browser(role))
        assert (answer.status_code != 403) == may(role, action), role
        assert not answer.headers.get("location", "").startswith("/sign-in")


@pytest.mark.parametrize("case", GUARDED_PAGES, ids=name)
def test_console_sends_strangers_to_sign_in(faces: Any, case: tuple[str, str, str]) -> None:
    method, path, _action = case
    for headers in ({}, faces.bearer("admin"), {"cookie": "dj_session=made-up"}):
        answer = call(faces, method, path, headers | {"sec-fetch-site": "same-origin"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


def test_there_are_no_other_routes(faces: Any) -> None:
    console = create_console(faces.workspace)
    listed = {(method, path) for method, path, _action in PAGES}
    routes = [(method, one.path) for one in console.routes for method in getattr(one, "methods", None) or ("mount",)]
    assert {one for one in routes if one[0] not in ("HEAD", "mount")} == listed
    assert [path for method, path in routes if method == "mount"] == [f"/static/{static_version()}"]
    assert set(bare_api().openapi()["paths"]) == {path.removeprefix(PREFIX) for _method, path, _action in API}
