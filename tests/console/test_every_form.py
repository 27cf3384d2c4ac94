"""Every form of the console × each of its fields × what somebody may type: refused with a sentence, or taken; never broken."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
from asked_kit import (
    CONDITION,
    DIGITS,
    MARKUP,
    METRIC,
    ODD,
    PASSWORD,
    PICK,
    PLAIN,
    Console,
    faults,
    sentence,
)

from dujiang.console.rooms import ROOMS

NUMBER: Final = ("-1", "NaN", "1e9", "two", DIGITS)
SHARE: Final = ("NaN", "two", "inf", "")
DAY: Final = ("", "2026-13-40", "2026-02-30", "tomorrow", "20260-1-1", DIGITS)
NAME: Final = ("", "Two Words", "<b>", "../x", "长" * 5_000, "a" * 200)
KNOWN: Final = ("", "no-such", MARKUP, "a\x00b")
CHANNEL: Final = "kind: channel\nname: pos\nspec: {group: store}"
HOLDOUT: Final = {"type": "lift_holdout", "metric": "sales"}
SWITCHBACK: Final = {"type": "lift_switchback", "metric": "orders", "blocks": [1], "lengths": [28]}


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Attributes:
        good: what is accepted.
        wrong: what has to be refused.
        shown: whether a person types or chooses it, so that it has to be there again.
        odd: whether it is sent odd texts, too; not where taking one is slow on purpose.
    """

    good: str
    wrong: tuple[str, ...] = ()
    shown: bool = True
    odd: bool = True


@dataclass(frozen=True)
class Form:
    """A form.

    Attributes:
        path: where it is sent, with ``{…}`` for what only the workspace knows.
        fields: by name.
        page: on which page it stands; empty for forms that scripts send, and for those of buttons only.
    """

    path: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    page: str = ""


def hidden(good: str, *wrong: str) -> Field:
    return Field(good, wrong, shown=False)


SKIPPED: Final = Field("", odd=False)
LIFT: Final = {
    "name": Field("lift-{n}", NAME),
    "title": Field("加投两周"),
    "first": Field("2026-12-01", DAY),
}
FORMS: Final = (
    Form("/palette", {"q": Field("gmv")}),
    Form("/views", {
        "path": hidden("/people", *KNOWN, "/ask", "//evil.example"), "query": hidden("bought=yes"),
        "name": Field("买过的人", ("", " ", "长" * 5_000)), "team": Field("1"), "first": Field("1"),
    }, "/people?bought=yes"),
    Form("/views/{view}/remove"),
    Form("/sources/totals", {
        "channel": Field("pos", KNOWN), "shop": Field("湖滨三店"), "day": Field("2026-11-02", DAY),
        "orders": Field("31", (*NUMBER, "1.5", "")), "gmv": Field("1,204.50", ("two", "NaN", DIGITS, "", "1e400")),
    }, "/sources"),
    Form("/imports/new/{upload}", {
        "mapping": hidden("", "no-such", MARKUP), "channel": Field("pos", ("no-such", MARKUP)), "shop": Field("湖滨四店"),
        "account": hidden(""), "day": Field("", DAY[1:]), "tag": Field(""), "encoding": hidden("", "no-such", "a\x00b"),
    }, "/imports/new/{upload}"),
    Form("/imports/new/{upload}/map", {
        "like": hidden("own.orders", *KNOWN[1:]), "column.0": Field("订单编号"), "column.1": Field("手机号"),
        "title": Field("湖滨店的订单"), "channel": Field("pos", ("no-such", MARKUP)),
    }, "/imports/new/{upload}/map"),
    Form("/imports/new/{spare_upload}/discard"),
    Form("/imports/{imported}/undo", {"confirm": Field("orders.csv", ("", "orders", MARKUP))}, "/imports/{imported}"),
    Form("/imports/{imported}/redo"),
    Form("/dead-letters/repair", {
        "reason": hidden(""), "field": hidden(""), "source": hidden("mini"), "event": hidden(""),
        "what0": Field("set", ("no-such", MARKUP)), "at0": Field("/timestamp", ("", "x")),
        "value0": Field("2026-11-20T00:00:00Z"), "to0": Field(""), "do": hidden("replay"),
    }),
    Form("/dead-letters/{letter}/reveal"),
    Form("/dead-letters/discard", {
        "id": hidden("{letter}", "", "x", "-1", DIGITS, "9" * 30), "reason": Field("时间写错了", ("", " ")),
    }, "/dead-letters/{letter}"),
    Form("/dead-letters/reopen", {"id": hidden("{letter}", "", "x", "-1", DIGITS, "9" * 30)}),
    Form("/identity/decide", {
        "kind": hidden("unbind", *KNOWN), "a": hidden("{node}", "", "no-such"), "b": hidden(""), "source": hidden(""),
        "person": hidden("{person}"), "day": hidden("2026-11-01", *DAY[1:]), "reason": Field("换了手机", ("长" * 5_000,)),
    }, "/identity/decide?kind=unbind&a={node}&person={person}&day=2026-11-01"),
    Form("/identity/decisions/{decision}/revoke", {"reason": Field("看错了")}),
    Form("/identity/decisions/{decision}/restore", {"reason": Field("没看错")}),
    Form("/identity/holds/{hold}", {
        "reason": Field("是活动"), "verdict": hidden("reject", *KNOWN),
    }),
    Form("/suggestions/find", {"retrain": Field("yes")}),
    Form("/suggestions/decide", {
        "id": hidden("", "no-such", MARKUP), "verdict": Field("later", KNOWN), "person": hidden(""),
        "low": hidden("0.5", *SHARE), "high": hidden("0.95", *SHARE),
    }),
    Form("/people", {"q": Field("19900000001")}),
    Form("/people/{person}/reveal"),
    Form("/people/{person}/tags", {
        "tag": Field("茶会", ("", "长" * 5_000, "paid_total")), "value": Field("十一月", ("长" * 5_000,)), "removed": Field(""),
    }, "/people/{person}"),
    Form("/people/{person}/consents", {
        "medium": Field("sms", ("pigeon", MARKUP)), "state": Field("granted", KNOWN),
        "purpose": hidden("marketing", "长" * 5_000),
    }, "/people/{person}"),
    Form("/segments/save", {
        "name": Field("seg-{n}", NAME), "title": Field("常客"),
        "condition": Field(json.dumps(CONDITION, indent=2, sort_keys=True), PLAIN),
    }, "/segments/new"),
    Form("/differences/keep", {
        "tag": Field("list-{n}", NAME), "group": Field("segment:buyers", (*KNOWN, "segment:no-such", "converted:sales")),
        "q": SKIPPED, "pick": hidden("", *PLAIN[1:]), "title": SKIPPED,
    }, "/differences?one=segment:buyers"),
    Form("/groups/fit"),
    Form("/groups/{group}/name", {"name": Field("{nobody}", ("x",))}),
    Form("/groups/{group}/segment"),
    Form("/predictions/fit"),
    Form("/ask/save", {
        "q": hidden(json.dumps(METRIC), *PLAIN), "title": Field("成交"), "name": Field("ask-{n}", NAME[1:]),
    }, "/ask/metric"),
    Form("/ask/list", {
        "q": hidden(json.dumps(METRIC), *PLAIN), "pick": hidden(json.dumps(PICK), *PLAIN, '{"metric": "no-such"}'),
        "tag": Field("behind-{n}", NAME), "segment": Field("yes", odd=False), "title": Field("买家", odd=False),
    }, "/people?q={q}&pick={pick}"),
    Form("/ask/dashboard", {"dashboard": Field("week", KNOWN), "question": hidden("sales", *KNOWN)}, "/ask/metric?saved=sales"),
    Form("/ask/retire", {"name": hidden("spare", *KNOWN)}),
    Form("/annotations", {
        "day": Field("2026-11-09", DAY), "title": Field("店庆", ("", " ")), "back": hidden("/metrics/gmv"),
    }, "/metrics/gmv"),
    Form("/annotations/remove", {"name": hidden("passing", *KNOWN), "back": hidden("/metrics/gmv")}),
    Form("/dashboards/create", {"title": Field("早会 {n}", ("", " ", "长" * 5_000))}, "/dashboards"),
    Form("/dashboards/{dashboard}/arrange", {"tiles": Field("[]", PLAIN)}),
    Form("/dashboards/{dashboard}/share", {"days": Field("7", (*NUMBER, "0", "", "9999"))}, "/dashboards/{dashboard}"),
    Form("/dashboards/{dashboard}/unshare", {"id": hidden("{share}", *KNOWN)}),
    Form("/dashboards/{dashboard}/retire"),
    Form("/reports/save", {
        "name": hidden("", "no-such"), "title": Field("晚报 {n}"), "dashboard": Field("week", KNOWN[1:]),
        "questions": Field("sales", KNOWN[1:]), "every": Field("week", KNOWN), "weekday": Field("3", ("0", "8", "x", DIGITS)),
        "monthday": Field("1"), "at": Field("08:30", ("", "25:00", "8", "noon", DIGITS)), "language": Field("zh", KNOWN),
        "owner": Field("shen"), "deputy": Field("yue"), "wecom": Field("ops"), "dingtalk": Field(""), "feishu": Field(""),
        "email": Field(""),
    }, "/reports/edit"),
    Form("/reports/monday/send"),
    Form("/reports/monday/status", {"status": hidden("paused", *KNOWN)}),
    Form("/lift/register", {
        **LIFT, "length": hidden("14", *NUMBER), "metric": hidden("orders", *KNOWN[1:]), "unit": hidden("city", *KNOWN[1:]),
        "market": hidden("杭州市", ""), "channel": hidden("tmall"), "before": hidden("84", *NUMBER),
        "cost": hidden("0", *NUMBER),
    }),
    Form("/lift/plan/holdout", {
        **LIFT, "q": hidden(json.dumps(HOLDOUT), *PLAIN, json.dumps(METRIC)), "share": hidden("0.1", *SHARE, "0", "1", "-1"),
        "length": hidden("14", *NUMBER),
    }),
    Form("/lift/plan/switchback", {
        **LIFT, "q": hidden(json.dumps(SWITCHBACK), *PLAIN, json.dumps(METRIC)), "block": hidden("1", *NUMBER, "0"),
        "length": hidden("28", *NUMBER, "0"), "strata": hidden("pair", *KNOWN),
    }),
    Form("/definitions/plan", {
        "yaml": Field("kind: channel\nname: pop-{n}\nspec: {group: own}", ("kind: [}", "x", "kind: no\nname: x")),
    }),
    Form("/definitions/apply", {
        "yaml": Field(CHANNEL, ("kind: [}", "x", "kind: no\nname: x", MARKUP)),
        "digest": hidden("{digest}", *KNOWN), "note": Field("开业"),
    }),
    Form("/jobs/{job}/cancel"),
    Form("/settings/present", {"way": Field("day", KNOWN), "day": Field("2026-11-20", DAY)}, "/settings/present"),
    Form("/settings/keys", {
        "kind": Field("collect", KNOWN), "source": Field("mini", KNOWN), "role": Field("viewer"), "name": Field("门店屏"),
    }, "/settings/keys"),
    Form("/settings/keys/{key}/rotate"),
    Form("/settings/keys/{key}/revoke"),
    Form("/settings/accounts", {
        "name": Field("lin.{n}", ("", "a", "两 字", MARKUP, "x" * 300), odd=False),
        "role": Field("analyst", KNOWN, odd=False),
        "password": Field(PASSWORD, ("", "short"), shown=False, odd=False),
    }, "/settings/accounts"),
    Form("/settings/accounts/{account}", {"role": Field("analyst", KNOWN[1:])}, "/settings/accounts"),
)  # fmt: skip
ELSEWHERE: Final = {
    "/sign-in": "test_pages.py",
    "/sign-out": "test_pages.py",
    "/welcome": "test_pages.py",
    "/imports/upload": "test_pages.py",
    "/metrics/{}/band": "test_wanted_page.py",
    "/metrics/{}/goal": "test_wanted_page.py",
}
"""Forms that are not in the table, and where they are tried."""
NOBODY: Final = ("/groups/{group}/name", "/groups/{group}/segment")
"""Forms about what this brand does not have: always refused."""


@pytest.fixture(scope="module")
def console(console: Console) -> Console:
    planned = console.ask("POST", "/definitions/plan", data={"yaml": CHANNEL}).text
    console.places["digest"] = re.findall(r'name="digest" value="(\w+)"', planned)[0]
    return console


def send(
    console: Console, form: Form, changed: Mapping[str, Any] = {}, spoken: str = "zh", page: str = ""
) -> httpx.Response:
    """Send a form as it should be, but for some fields; None leaves one out."""
    console.sent += 1
    values = {name: console.fill(one.good) for name, one in form.fields.items()} | dict(changed)
    headers = {"referer": f"http://brand.example{console.fill(page)}"} if page else {}
    data = {name: value for name, value in values.items() if value is not None}
    return console.ask("POST", console.fill(form.path), spoken, data=data, headers=headers)


def test_every_form_is_in_the_table() -> None:
    listed = {re.sub(r"\{\w+\}", "{}", one.path) for one in FORMS} | set(ELSEWHERE)
    sent = {path for room in ROOMS for method, path, _allow, _handler in room.pages if method == "POST"}
    routes = {re.sub(r"\{\w+(:int)?\}", "{}", path) for path in sent}
    routes |= {"/reports/monday/send", "/reports/monday/status"}
    routes -= {"/reports/{}/send", "/reports/{}/status"}
    assert routes == listed


def filled(page: str, path: str) -> dict[str, list[str]]:
    """What the fields of the form hold that is sent to ``path``, by name: of several the one with an alert."""
    forms = [one.split("</form>")[0] for one in page.split("<form")[1:]]
    form = max((one for one in forms if f'action="{path}"' in one), key=lambda one: 'role="alert"' in one)
    held: dict[str, list[str]] = {}
    for tag, said, inside in re.findall(
        r"<(input|select|textarea)\b([^>]*)>([^<]*(?:<option[^>]*>[^<]*</option>\s*)*)", form
    ):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', said))
        kept = held.setdefault(told.get("name", ""), [])
        if tag == "input" and (told.get("type") not in ("checkbox", "radio") or " checked" in said):
            kept.append(html.unescape(told.get("value", "")))
        elif tag == "textarea":
            kept.append(html.unescape(inside.removeprefix("\n")))
        elif tag == "select":
            kept += re.findall(r'<option value="([^"]*)"[^>]* selected', inside)
    return held


@pytest.mark.parametrize("form", [one for one in FORMS if one.page], ids=lambda form: form.path)
def test_what_was_typed_is_still_in_the_form(console: Console, form: Form) -> None:
    path, page = console.fill(form.path), console.fill(form.page)
    shown = {name: one for name, one in form.fields.items() if one.shown}
    bad = next(name for name, one in shown.items() if one.wrong)
    given = filled(console.ask("GET", page).text, path)
    sent = {name: value for name, value in given.items() if name not in shown}
    sent |= {name: [console.fill(one.good)] for name, one in shown.items()} | {bad: [shown[bad].wrong[-1]]}
    referer = {"referer": f"http://brand.example{page}"}
    answer = console.ask("POST", path, data=sent, headers=referer)
    assert answer.status_code >= 400
    assert sentence(answer)
    held = filled(answer.text, path)
    assert {name: held[name] for name in shown if name != bad and sent[name] != [""]} == {
        name: sent[name] for name in shown if name != bad and sent[name] != [""]
    }
    again = console.ask("POST", path, data=held | {bad: [shown[bad].wrong[-1]]})
    assert again.status_code == answer.status_code
    assert filled(again.text, path) == held


def typed(field: Field, place: int | None) -> tuple[Any, ...]:
    """What a field is sent: everything, or of every kind of wrong one, another for each ``place``."""
    kinds = (ODD if field.odd else (), field.wrong, (None, ["a", "b"]))
    return tuple(value for kind in kinds for nth, value in enumerate(kind) if place is None or nth == place % len(kind))


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "every"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.path)
def test_whatever_is_typed_is_refused_in_words_or_taken(console: Console, form: Form, every: bool) -> None:
    wrong, taken = [], False
    for place, (name, one) in enumerate(form.fields.items(), len(form.path)):
        for value in typed(one, None if every else place):
            language, before = ("zh", "en")[console.sent % 2], console.version()
            answer = send(console, form, {name: value}, language)
            found, taken = faults(answer, language), taken or answer.status_code < 400
            if answer.status_code < 400 and (value in one.wrong):
                found.append("taken")
            if answer.status_code >= 400 and console.version() != before:
                found.append("changed something")
            if found:
                wrong.append((name, str(value)[:40], answer.status_code, found))
    answer = send(console, form)
    allowed = (404,) if form.path in NOBODY else (200, 303, 409) if taken else (200, 303)
    if answer.status_code not in allowed:
        wrong.append(("as it should be", answer.status_code, sentence(answer)))
    assert wrong == []
