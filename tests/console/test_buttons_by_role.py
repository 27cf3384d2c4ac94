"""On every page, for every role: nothing is offered that the role may not do."""

from __future__ import annotations

import asyncio
import html
import io
import re
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from starlette.routing import Match

from dujiang.console import create_console
from dujiang.console.rooms import ROOMS
from dujiang.foundation.definitions import parse
from dujiang.foundation.ids import person_id
from dujiang.identity.decisions import Wish
from dujiang.people.model import PeopleQuery
from dujiang.store.access import ROLES, may
from dujiang.store.command import SYSTEM
from dujiang.workspace import Workspace

PASSWORD: Final = "a long enough password"
PAGES: Final = (
    *sorted(
        path
        for room in ROOMS
        for method, path, allow, _handler in room.pages
        if method == "GET" and allow and "{" not in path and path != "/identity/decide"
    ),
    "/people/{person}", "/people/{person}/why", "/people?metric=buyers", "/segments/buyers", "/tags/paid_total",
    "/dashboards/week", "/reports/monday", "/ask/metric", "/ask/metric?saved=sales", "/ask/funnel", "/metrics/gmv",
    "/definitions/channel/pos", "/imports/new/{upload}", "/imports/{imported}", "/dead-letters/{letter}",
    "/identity/holds/{hold}", "/differences?one=segment:buyers", "/identity/decide?kind=distrust&source=mini",
)  # fmt: skip
ALLOWED: Final = [(path, method, allow) for room in ROOMS for method, path, allow, _handler in room.pages]
OFFERED: Final = re.compile(r"<(form|a|div)\b([^>]*)>")
GUARDED_INSIDE: Final = {"/imports/upload": "import.run"}


@pytest.fixture(scope="module")
def places(spare: Workspace, suggest_pair: Any) -> dict[str, str]:
    """Something that there can be buttons for."""
    header = "订单编号,下单时间,实付金额,订单状态,商品金额,运费,优惠金额"
    orders = f"{header}\nN1,2026-11-01 10:00:00,12.5,已完成,12.5,0,0\n坏,坏,坏,坏,坏,坏,坏\n"
    waiting, taken = (spare.imports.upload(io.BytesIO(orders.encode()), "orders.csv") for _n in range(2))
    people = [one.person for one in spare.people.list(PeopleQuery(known=True, limit=2)).people]
    suggest_pair(spare, *people)
    decide = spare.identity_decisions.decide
    seen = {"facts": 200, "merges": 150, "rate": 0.75, "usual": 0.01, "bound": 0.05, "blocks": 9, "tripped": True}
    decide(Wish("distrust", source="mini"), actor=SYSTEM)
    spare.shares.create("week", 7, actor="shen")
    spare.jobs.create("junk", {}, "shen")
    spare.views.save("/people", "买过的人", "bought=yes", actor="shen", team=True)
    condition = {"type": "behaviour", "source": "orders", "op": "at_least", "value": 1}
    made = parse({"kind": "segment", "name": "buyers", "spec": {"condition": condition}})
    spare.definitions.apply(spare.definitions.plan([made]), actor="test")
    spare.refresh()
    return {
        "person": person_id(people[0]),
        "upload": waiting,
        "imported": spare.imports.run(taken, "own.orders", channel="pos", actor="test").id,
        "letter": str(spare.dead_letters.list(state="open", limit=1)[0].id),
        "hold": decide(Wish("distrust", source="files", from_seq=5, origin="hold", evidence=seen), actor=SYSTEM).id,
    }


@pytest.fixture(scope="module")
def console(spare: Workspace) -> Any:
    return create_console(spare)


def needed(console: Any, method: str, address: str) -> str | None:
    """The action behind an address; None where it is no page of the console."""
    path = address.partition("?")[0].partition("#")[0]
    for route in console.routes:
        match, _found = route.matches({"type": "http", "method": method, "path": path, "root_path": ""})
        if match is Match.FULL and getattr(route, "methods", None):
            known = {(one, way): allow for one, way, allow in ALLOWED}
            return GUARDED_INSIDE.get(path) or known[(route.path, method)]
    return None


def offers(page: str) -> Iterator[tuple[str, str]]:
    """Every form and link of a page: how and where."""
    for tag, said in OFFERED.findall(page):
        told = {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', said)}
        if tag == "form":
            yield told.get("method", "get").upper(), told.get("action", "")
        elif told.get("href", "").startswith("/"):
            yield "GET", told["href"]
        for method in ("get", "post"):
            if told.get(f"hx-{method}"):
                yield method.upper(), told[f"hx-{method}"]


async def asked(console: Any, token: str, paths: list[str]) -> dict[str, httpx.Response]:
    """The pages as whoever has ``token`` sees them."""
    headers = {"cookie": f"dj_session={token}", "sec-fetch-site": "same-origin"}
    transport = httpx.ASGITransport(console, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://brand.example", headers=headers) as client:
        return {path: await client.get(path) for path in paths}


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_offered_that_the_role_may_not(
    spare: Workspace, console: Any, places: dict[str, str], role: str
) -> None:
    accounts = spare.access.accounts
    if role != "admin":
        accounts.create(f"{role}.one", PASSWORD, role, actor="shen")
    token = accounts.sign_in("shen" if role == "admin" else f"{role}.one", PASSWORD).token
    wrong: list[tuple[str, ...]] = []
    sent = set()
    paths = [re.sub(r"\{(\w+)\}", lambda found: places[found[1]], one) for one in PAGES]
    for path, answer in asyncio.run(asked(console, token, paths)).items():
        if not may(role, needed(console, "GET", path) or ""):
            assert answer.status_code == 403, path
            assert "请联系管理员" in answer.text
            continue
        if answer.status_code != 200:
            wrong.append((path, str(answer.status_code), answer.text[-300:]))
        for method, address in offers(answer.text):
            action = needed(console, method, address)
            sent.add((method, address.partition("?")[0]))
            if action and not may(role, action):
                wrong.append((path, method, address, action))
    assert not wrong, "\n".join(sorted({" ".join(one) for one in wrong}))
    assert ("POST", "/sign-out") in sent
    if role == "admin":
        posts = {re.sub(r"/[^/]*[0-9_][^/]*", "/_", address) for method, address in sent if method == "POST"}
        assert len(posts) > 30, posts
