"""Every page of the console × all that its address may state × what somebody may write: answered or refused in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from asked_kit import DIGITS, ODD, PASSWORD, PLAIN, Console, faults
from starlette.datastructures import ImmutableMultiDict, QueryParams

from dujiang.console import create_console
from dujiang.console.rooms import ROOMS
from dujiang.foundation.ids import person_id
from dujiang.insight.questions.registry import ANALYSES
from dujiang.people.model import PeopleQuery
from dujiang.workspace import Workspace

PEOPLE: Final = urlencode(
    {"q": json.dumps({"type": "metric", "metrics": ["gmv"]}), "pick": json.dumps({"metric": "buyers"})}
)
FUNNEL: Final = urlencode(
    {"q": json.dumps({"steps": [{"where": [{"column": "name", "value": "page"}]}, {"source": "orders"}]})}
)
ADDRESSES: Final = (
    "/sign-in?next=/people", "/welcome?token=x",
    "/?period=last7&compare=weekday&channel=tmall&channel=pos", "/?from=2026-11-01&to=2026-11-20&export=csv&sheet=channels",
    "/sources?source=mini&channel=pos",
    "/imports", "/imports/new/{upload}?mapping=own.orders&encoding=utf-8",
    "/imports/new/{upload}/map?like=own.orders&channel=pos",
    "/imports/jobs/{job}", "/imports/{imported}", "/imports/{imported}/errors",
    "/dead-letters?state=open&source=mini&reason=unknown_event&before=99",
    "/dead-letters/repair?reason=x&field=y&source=mini&event=z",
    "/dead-letters/{letter}",
    "/identity", "/identity/decisions", "/identity/decide?kind=unbind&a={node}&person={person}&day=2026-11-01",
    "/identity/decide?kind=distrust&source=mini", "/identity/decide?kind=join&a={node}&b={node}", "/identity/holds/{hold}",
    "/suggestions?state=open&person={person}",
    "/people?channel=tmall&known=yes&bought=yes&sort=paid&city=杭州市&after=x&columns.people=city",
    f"/people?{PEOPLE}", "/people?segment=buyers", "/people?stage=new&on=2026-11-01",
    "/people?life=changed&life_from=new&life_to=active", "/people?life=moved&life_from=new&life_to=active",
    "/people?group=1", "/people?group_flow=1&group_from=1&group_to=2", "/people?layer=strategic&on=2026-11-01",
    "/people?rfm=5.5&on=2026-11-01", "/people?top=0.05", "/people?hour=9",
    "/people?metric=gmv&by=channel&value=tmall", "/people?stop=tmall&stop=pos",
    "/people/{person}?as_of=2026-11-01&orders=20&channel=tmall&kind=order&before=x", "/people/{person}/why",
    "/people/{person}/timeline?as_of=2026-11-01&channel=tmall&kind=order&before=x",
    "/people/{person}/orders?orders=20&channel=tmall",
    "/relations?kind=shared", "/relations/{node}",
    "/segments", "/segments/new", "/segments/{segment}/edit", "/segments/{segment}?with=buyers&other=buyers",
    "/segments/{segment}?export=csv&sheet=members",
    f"/differences?{PEOPLE}&one=number&other=segment:buyers", "/differences?one=segment:buyers&other=rest",
    "/life?period=last90", "/life/map", "/value", "/hours", "/groups", "/groups/progress",
    "/tags?q=a&group=order", "/tags/{tag}", "/predictions", "/lifetime-value",
    "/ask", "/ask/{type}", *(f"/ask/{one}?channel=tmall&compare=previous" for one in ANALYSES), f"/ask/funnel?{FUNNEL}",
    "/ask/metric?saved=sales", "/ask/metric?" + urlencode({"q": json.dumps({"metrics": ["gmv"], "by": ["channel"]})}),
    "/dashboards", "/dashboards/{board}?channel=tmall", "/dashboards/{board}/tiles/{number}?channel=tmall",
    "/dashboards/{board}/arrange", "/shared/{token}", "/shared/{token}/tiles/{number}",
    "/reports", "/reports/edit?name=monday&dashboard=week&question=sales", "/reports/{report}", "/reports/{report}/preview",
    "/reports/{report}/files/{id}/{file}",
    "/content?about=all&days=7", "/service?days=7", "/private-domain?days=30", "/heatmaps?page=/home&device=mobile",
    "/metrics?q=a", "/metrics/{metric}?channel=tmall", "/explore?metric=orders&by=province",
    "/attribution?of=new&credit=channel&back=7&restart=no&worth=value&model=linear",
    "/contribution?of=new&credit=channel&back=7&model=linear&worth=value",
    "/lift", "/lift/plan?metric=orders&unit=city&sizes=2&lengths=14&spend=100&budget=1000",
    "/lift/plan/holdout?metric=orders&shares=10&lengths=14&hoped=5&contact=0.1&people=buyers&without=buyers",
    "/lift/plan/switchback?metric=orders&blocks=1&lengths=28&washout=0&spend=10", "/lift/{test}",
    "/definitions?kind=metric&q=a&whose=mine", "/definitions/edit?kind=channel&name=tmall", "/definitions/{kind}/{name}",
    "/jobs?state=open", "/jobs/{job}/row",
    "/settings/present", "/settings/keys", "/settings/accounts", "/settings/audit?actor=shen&before=9",
)  # fmt: skip
PLACES: Final = {
    "segment": "buyers", "tag": "paid_total", "type": "metric", "board": "week", "number": "0", "report": "monday",
    "metric": "gmv", "kind": "channel", "name": "tmall", "test": "autumn", "token": "no-such", "id": "no-such",
    "file": "no-such",
}  # fmt: skip
WRONG: Final = (
    *ODD, *PLAIN, "no-such", "../x", "'; DROP TABLE person;--", "-1", "0", "NaN", "inf", "1e999", "9223372036854775808",
    "two", "²", "2026-13-40", "0001-01-01", "9999-12-31", "a.b", ":", "segment:no-such", "converted:sales", "true", "[1e999]",
)  # fmt: skip
"""What any part of an address may be; it is refused or taken, and nothing breaks."""
ANYWHERE: Final = frozenset({"period", "from", "to", "compare", "channel", "export", "sheet"})
"""What many pages read in the same way."""
MANY: Final = 12
"""So many values are tried of what an address states, other ones for each key …"""
FEW: Final = 3
"""… and so many of what pages read that it does not state, or that many pages read in the same way."""
ELSEWHERE: Final = frozenset({"lang", "theme", "rows", "view"})
"""What every page reads before it is made; other tests try it."""


@pytest.fixture
def read() -> Iterator[set[str]]:
    """Which keys of an address a page looked at."""
    looked: set[str] = set()

    def watched(plain: Any) -> Any:
        def look(self: Any, key: Any, *more: Any) -> Any:
            if isinstance(self, QueryParams):
                looked.add(key)
            return plain(self, key, *more)

        return look

    with pytest.MonkeyPatch.context() as patched:
        for name in ("get", "getlist", "__getitem__", "__contains__"):
            patched.setattr(ImmutableMultiDict, name, watched(getattr(ImmutableMultiDict, name)))
        yield looked


@pytest.fixture(scope="module")
def reader(workspace: Workspace) -> Iterator[Console]:
    """The console over the brand of all tests, which nothing here changes."""
    token = workspace.access.accounts.sign_in("shen", PASSWORD).token
    person = person_id(workspace.people.list(PeopleQuery(known=True, limit=1)).people[0].person)
    letter = str(workspace.dead_letters.list(state=None, limit=1)[0].id)
    console = Console(
        workspace, create_console(workspace), token, {**PLACES, "person": person, "node": person, "letter": letter}
    )
    yield console
    console.close()


def changed(address: str, key: str, value: str) -> str:
    """The address with another value of a key, or of a place of its path."""
    path, _mark, query = address.partition("?")
    if not key:
        return address
    if key.startswith("{"):
        return path.replace(key, quote(value or " ", safe="").replace("..", "%2E%2E")) + (query and f"?{query}")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != key]
    return f"{path}?{urlencode([*pairs, (key, value)])}"


def test_every_page_is_in_the_table() -> None:
    asked = {re.sub(r"\{\w+\}", "{}", one.partition("?")[0]) for one in ADDRESSES}
    pages = {path for room in ROOMS for method, path, _allow, _handler in room.pages if method == "GET"}
    assert {re.sub(r"\{\w+(:int)?\}", "{}", path) for path in pages} <= asked


def keys_of(address: str) -> list[str]:
    """What an address states: keys, and places of its path."""
    path, _mark, query = address.partition("?")
    return sorted({*re.findall(r"\{\w+\}", path), *(key for key, _value in parse_qsl(query))})


def asked(console: Console, address: str, key: str, value: str) -> list[Any]:
    """What is wrong with the page at an address where ``value`` stands for ``key``."""
    language = ("zh", "en")[console.sent % 2]
    answer = console.ask("GET", console.fill(changed(address, key, value)), language)
    found = faults(answer, language)
    return [(key, value[:40], answer.status_code, found)] if found else []


def test_a_number_that_no_machine_can_hold_names_nothing(reader: Console) -> None:
    assert asked(reader, "/dead-letters/{letter}", "{letter}", DIGITS) == []
    assert reader.ask("GET", f"/dead-letters/{DIGITS}").status_code == 404


@pytest.mark.parametrize("address", ADDRESSES)
def test_something_wrong_in_an_address_is_refused_in_words_or_answered(reader: Console, address: str) -> None:
    place = sum(map(ord, address))
    keys = keys_of(address) or [*ANYWHERE]
    assert asked(reader, address, keys[place % len(keys)], WRONG[place % len(WRONG)]) == []


@pytest.mark.slow
@pytest.mark.parametrize("address", ADDRESSES)
def test_whatever_an_address_states_is_refused_in_words_or_answered(
    console: Console, read: set[str], address: str
) -> None:
    console.places |= {key: value for key, value in PLACES.items() if key not in console.places}
    assert console.ask("GET", console.fill(address)).status_code < 500
    wrong, place, tried = [], len(address), set(ELSEWHERE)
    stated, path = {*keys_of(address)}, address.partition("?")[0]
    is_first = next(one for one in ADDRESSES if one.partition("?")[0] == path) == address
    while todo := sorted((stated | (read if is_first else set())) - tried):
        tried.add(key := todo[0])
        place += 1
        count = MANY if key in stated - ANYWHERE else FEW
        some = [WRONG[(place * count + nth) % len(WRONG)] for nth in range(count)]
        wrong += [one for value in some for one in asked(console, address, key, value)]
        if not key.startswith("{"):
            wrong += asked(console, changed(address, key, "a") + f"&{urlencode({key: 'b'})}", "", "")
    assert wrong == []
