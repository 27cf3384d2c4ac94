"""Every page over a real brand: it answers, it is guarded, and what it exports is what it shows."""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from dujiang.console.rooms import ROOMS
from dujiang.console.security import HEADERS
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.ids import person_id
from dujiang.foundation.timewindows import Period
from dujiang.people.model import PeopleQuery
from dujiang.store.roles import actions
from dujiang.workspace import Workspace
from dujiang.workspace.handlers import HANDLERS
from dujiang.workspace.worker import Worker

PERIOD = Period(date(2026, 10, 24), date(2026, 11, 22))
PAGES = [
    "/", "/?period=double11", "/?channel=tmall", "/?from=2026-01-01&to=2026-11-20", "/?period=yesterday&compare=none",
    "/people", "/people?bought=yes&sort=paid", "/people?metric=new_customers", "/people?metric=gmv&by=channel&value=tmall",
    "/people?stop=channel%3Atmall&stop=identity%3Aknown",
    "/relations", "/relations?kind=household",
    "/identity", "/identity/decisions", "/identity/decide?kind=distrust&source=pos", "/sources",
    "/sources?source=mini", "/sources?period=last90", "/imports",
    "/dead-letters", "/dead-letters?state=fixed",
    "/dead-letters/1", "/dead-letters/repair?reason=x&field=/timestamp",
    "/metrics", "/metrics?q=gmv", "/metrics/gmv", "/metrics/cac", "/explore", "/explore?metric=orders&by=province",
    "/dashboards", "/dashboards/week", "/dashboards/week/arrange",
    "/ask", "/ask/metric", "/ask/metric?period=618&channel=tmall",
    '/people?q={"type":"metric","metrics":["buyers"]}&pick={"metric":"buyers"}',
    "/lift", "/lift/plan?metric=orders&sizes=2",
    "/attribution", "/attribution?of=new&credit=origin&back=7&restart=no&worth=value&compare=none", "/attribution?credit=guide",
    "/contribution", "/contribution?of=new&credit=guide&back=7&model=linear&worth=&compare=none", "/ask/contribution",
    "/content", "/content?about=all&days=14&channel=mini_program", "/service", "/service?by=agent%2Ctopic&late=60",
    "/private-domain", "/private-domain?way=entry&days=7", "/heatmaps", "/heatmaps?page=%2Fnowhere&device=",
    "/ask/content", "/ask/service?channel=tmall", "/ask/private_domain?channel=tmall", "/ask/heatmap",
    "/definitions", "/definitions?kind=channel&whose=own", "/definitions/channel/tmall", "/definitions/edit",
    "/definitions/edit?kind=channel&name=tmall", "/jobs",
    "/settings/present", "/settings/keys", "/settings/accounts", "/settings/audit",
]  # fmt: skip
TABLE = re.compile(r'<table data-sheet="([^"]+)">(.*?)</table>', re.S)


def text_of(cell: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", cell))).strip()


def table_on(page: str, name: str) -> list[list[str]]:
    """The cells of the table called ``name``, head first, without totals."""
    body = next(rest for found, rest in TABLE.findall(page) if found == name)
    head, _tag, rest = body.partition("<tbody>")
    rows = [head.partition("<thead>")[2], *re.findall(r"<tr>(.*?)</tr>", rest.partition("</tbody>")[0], re.S)]
    return [[text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in rows]


@pytest.mark.parametrize("path", PAGES)
def test_page_answers_in_chinese_without_inline_code(admin: httpx.Client, path: str) -> None:
    answer = admin.get(path + ("&" if "?" in path else "?") + "lang=zh")
    assert answer.status_code == 200, answer.text[-2000:]
    assert 'lang="zh-CN"' in answer.text
    assert dict(answer.headers).items() >= HEADERS.items()
    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<style", answer.text)
    kinds = set(re.findall(r"<script([^>]*)>", answer.text))
    assert all('type="application/json"' in kind or " src=" in kind for kind in kinds)


@pytest.mark.parametrize("path", [path for path in PAGES if "?" not in path])
def test_page_answers_in_english(admin: httpx.Client, path: str) -> None:
    answer = admin.get(f"{path}?lang=en")
    assert answer.status_code == 200
    assert 'lang="en"' in answer.text
    assert not re.search(
        r"[\u4e00-\u9fff]",
        text_of(re.sub(r"(?s)<script.*?</script>|<main.*</main>", "", answer.text))
        .replace("中文", "")
        .replace("山海茶事", ""),
    )
    admin.get("/jobs?lang=zh")


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_nothing(nobody: httpx.Client, path: str) -> None:
    answer = nobody.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2F")


def test_every_page_names_an_action_that_exists() -> None:
    wanted = {allow for room in ROOMS for _method, _path, allow, _handler in room.pages if allow}
    assert wanted <= set(actions())


def test_only_the_way_in_is_open() -> None:
    opened = {path for room in ROOMS for _method, path, allow, _handler in room.pages if not allow}
    assert opened == {
        "/sign-in",
        "/sign-out",
        "/welcome",
        "/imports/upload",
        "/shared/{token}",
        "/shared/{token}/tiles/{number}",
    }


def test_upload_is_guarded_inside(nobody: httpx.Client, viewer: httpx.Client) -> None:
    assert nobody.post("/imports/upload?name=a.csv", content=b"x").status_code == 401
    assert viewer.post("/imports/upload?name=a.csv", content=b"x").status_code == 403


@pytest.mark.parametrize(
    "path", ["/definitions/edit", "/settings/keys", "/settings/audit", "/dead-letters", "/people?export=csv"]
)
def test_a_viewer_may_not(viewer: httpx.Client, path: str) -> None:
    assert viewer.get(path).status_code == 403


def test_a_viewer_sees_no_way_to_what_they_may_not(viewer: httpx.Client) -> None:
    page = viewer.get("/").text
    assert "/settings/keys" not in page
    assert "/people" in page


def test_other_sites_change_nothing(admin: httpx.Client, workspace: Workspace) -> None:
    before = len(workspace.access.accounts.list())
    data = {"name": "mallory", "password": "a long enough password", "role": "admin"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"}):
        assert admin.post("/settings/accounts", data=data, headers=headers).status_code == 403
    assert len(workspace.access.accounts.list()) == before


def test_session_cookie_is_out_of_reach(nobody: httpx.Client) -> None:
    answer = nobody.post("/sign-in", data={"name": "shen", "password": "a long enough password"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_wrong_password_tells_nothing(nobody: httpx.Client) -> None:
    known = nobody.post("/sign-in", data={"name": "yue", "password": "wrong password"})
    unknown = nobody.post("/sign-in", data={"name": "nobody", "password": "wrong password"})
    assert known.status_code == unknown.status_code == 401
    assert known.text.replace("yue", "") == unknown.text.replace("nobody", "")


def test_sign_out_ends_the_session(nobody: httpx.Client) -> None:
    nobody.post("/sign-in", data={"name": "shen", "password": "a long enough password"})
    assert nobody.get("/jobs").status_code == 200
    token = nobody.cookies["dj_session"]
    nobody.post("/sign-out")
    assert nobody.get("/jobs", headers={"cookie": f"dj_session={token}"}).status_code == 303


@pytest.mark.parametrize(
    ("path", "sheet"),
    [("/", "channels"), ("/", "river"), ("/people?bought=yes", "people"), ("/sources", "sources"), ("/metrics", "metrics"),
     ("/explore?metric=orders&by=channel", "rows"), ("/definitions?kind=channel", "definitions"), ("/dead-letters", "groups"),
     ("/attribution", "models"), ("/attribution", "roles"), ("/attribution?credit=guide", "paths"),
     ("/contribution", "contribution"), ("/contribution", "changes"), ("/contribution?credit=guide", "basis"),
     ("/content", "items"),
     ("/service", "parts"), ("/private-domain", "health"), ("/heatmaps", "elements")],
)  # fmt: skip
def test_export_is_what_is_on_the_screen(admin: httpx.Client, path: str, sheet: str) -> None:
    shown = table_on(admin.get(path).text, sheet)
    joined = path + ("&" if "?" in path else "?") + f"export=csv&sheet={sheet}"
    answer = admin.get(joined)
    assert answer.headers["content-disposition"].startswith("attachment")
    exported = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert exported[0] == shown[0]
    if sheet == "people":  # its export goes on beyond the page
        exported = exported[: len(shown)]
    assert len(exported) == len(shown) > 1
    for on_screen, in_file in zip(shown[1:], exported[1:], strict=True):
        for seen, value in zip(on_screen, in_file, strict=True):
            assert same(seen, value), (seen, value)


def same(seen: str, value: str) -> bool:
    """Whether a cell on the screen and one in the file say the same: the file is exact, the screen may be rounded."""
    if value == "":
        return seen in ("—", "")
    if seen == value or seen.removeprefix("'") == value.removeprefix("'"):
        return True
    if re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", value):
        return seen.startswith(value[:10]) and value[11:16] in seen
    if spans := re.findall(r"([\d.]+) (小时|分|秒)", seen):
        seconds = {"小时": 3600.0, "分": 60.0, "秒": 1.0}
        return abs(sum(float(one) * seconds[unit] for one, unit in spans) - float(value)) <= seconds[spans[-1][1]] / 2
    scale = {"万": 1e4, "亿": 1e8}.get(seen[-1:], 1.0)
    number = seen.strip("¥%万亿").replace(",", "").replace("¥", "").replace("−", "-").replace("+", "")
    exact = float(value.rstrip("%").replace("'", ""))
    decimals = len(number.partition(".")[2])
    return abs(float(number) * scale - exact) <= 0.5 * 10**-decimals * scale + 1e-9


def test_people_are_exported_beyond_the_page_that_is_shown(
    admin: httpx.Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = workspace.people.list(PeopleQuery(bought=True, limit=1000))
    assert everybody.next is None
    monkeypatch.setattr("dujiang.people.service.BOUNDS", replace(BOUNDS, answer_rows_max=7))
    answer = admin.get("/people?export=csv&bought=yes&columns.people=orders")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[1:]] == [person_id(one.person) for one in everybody.people]
    assert len(rows) > 2 * 7
    told = workspace.audit.list(1)[0].after
    assert (told["rows"], told["columns"]) == (everybody.count, ["person", "orders"])
    book = load_workbook(io.BytesIO(admin.get("/people?export=xlsx&bought=yes").content))
    assert len(list(book.active.values)) == everybody.count + 1  # type: ignore[union-attr]


def test_a_workbook_that_no_program_opens_is_refused(admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dujiang.console.web.BOUNDS", replace(BOUNDS, export_rows_max=3))
    assert admin.get("/people?export=xlsx").status_code == 413
    assert admin.get("/people?export=csv").status_code == 200


def test_columns_and_height_of_rows_are_chosen(admin: httpx.Client) -> None:
    all_shown = table_on(admin.get("/people").text, "people")[0]
    text = admin.get("/people?columns.people=city&columns.people=orders&rows=dense&bought=yes").text
    shown = table_on(text, "people")[0]
    assert shown == [all_shown[0], *(name for name in all_shown if name in ("订单数", "城市", "订单"))]
    assert len(shown) == 3
    assert 'name="bought" value="yes"' in text
    assert "table-wrap tall dense" in text
    assert "table-wrap tall dense" in admin.get("/people").text
    admin.get("/people?rows=roomy")
    assert table_on(admin.get("/people?columns.people=nothing").text, "people")[0] == all_shown


def test_channel_names_are_exported_as_shown(admin: httpx.Client) -> None:
    exported = admin.get("/?export=csv&sheet=channels").content.decode("utf-8-sig")
    assert "天猫" in exported


def test_export_is_written_to_the_audit_log(admin: httpx.Client, workspace: Workspace) -> None:
    admin.get("/people?export=xlsx&bought=yes")
    newest = workspace.audit.list(1)[0]
    assert (newest.actor, newest.action, newest.object) == ("shen", "export", "/people#people")


def test_unknown_table_is_named(admin: httpx.Client) -> None:
    answer = admin.get("/people?export=csv&sheet=nonsense")
    assert answer.status_code == 404
    assert "nonsense" in answer.text


def test_overview_shows_the_metric_layers_numbers(admin: httpx.Client, workspace: Workspace) -> None:
    from dujiang.insight.answer import MetricQuery

    answer = workspace.metrics.query(MetricQuery(("orders",), PERIOD))
    shown = re.search(r'<span class="name">订单数</span>\s*<span class="value">([^<]+)</span>', admin.get("/").text)
    assert shown is not None
    assert shown[1].replace(",", "") == str(answer.totals["orders"].value)


def test_a_number_leads_to_its_people(admin: httpx.Client, workspace: Workspace) -> None:
    count = workspace.metrics.count_people("new_customers", PERIOD)
    page = admin.get("/people?metric=new_customers").text
    assert f"共 {count} 人" in page
    assert "2026-10-24" in page


def test_the_river_leads_to_its_people(admin: httpx.Client, workspace: Workspace) -> None:
    river = workspace.metrics.river(PERIOD, "previous")
    for band in river.bands[:3]:
        page = admin.get("/people", params=[("stop", band.start), ("stop", band.end)]).text
        assert f"共 {band.people} 人" in page


def find(workspace: Workspace) -> str:
    """A person with a phone number and orders."""
    return person_id(workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person)


def test_person_page_masks_and_logs_the_look(admin: httpx.Client, workspace: Workspace) -> None:
    person = find(workspace)
    masked = admin.get(f"/people/{person}").text
    assert not re.search(r"1990000\d{4}", masked)
    assert "199****" in masked
    shown = admin.post(f"/people/{person}/reveal").text
    assert re.search(r"1990000\d{4}", shown)
    newest = workspace.audit.list(1)[0]
    assert (newest.action, newest.object) == ("person.reveal", person)


def test_a_viewer_may_not_look(viewer: httpx.Client, workspace: Workspace) -> None:
    assert viewer.post(f"/people/{find(workspace)}/reveal").status_code == 403


def test_why_is_a_page_and_a_fragment(admin: httpx.Client, workspace: Workspace) -> None:
    path = f"/people/{find(workspace)}/why"
    assert "<html" in admin.get(path).text
    fragment = admin.get(path, headers={"hx-request": "true"}).text
    assert "<html" not in fragment
    assert "已合并" in fragment


def test_an_identifier_leads_to_its_person(admin: httpx.Client, workspace: Workspace) -> None:
    answer = admin.post("/people", data={"q": "199 0000 0003"})
    assert answer.status_code == 303
    person = workspace.people.find("19900000003")
    assert answer.headers["location"] == f"/people/{person_id(person[0])}"
    assert "19900000003" not in answer.headers["location"]


def test_timeline_goes_on(admin: httpx.Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dujiang.console.views.people.PART", 5)
    person = workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person
    every = workspace.people.timeline(person, limit=1000).entries
    assert len(every) > 10
    path, shown = f"/people/{person_id(person)}", 0
    text = admin.get(path).text
    while True:
        shown += text.count('<span class="knot">')
        if not (more := re.search(r'hx-get="([^"]*/timeline[^"]*)"', text)):
            break
        assert text.count('<span class="knot">') == 5
        text = admin.get(unescape(more[1])).text
        assert "<html" not in text  # only what is put below
    assert shown == len(every)


def test_a_timeline_is_narrowed_by_the_address(admin: httpx.Client, workspace: Workspace) -> None:
    person = workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person
    every = workspace.people.timeline(person, limit=1000).entries
    channel = every[0].channel
    for query in ({"kind": "order"}, {"channel": channel}, {"kind": "order", "channel": channel}):
        wanted = [
            one
            for one in every
            if one.kind == query.get("kind", one.kind) and one.channel == query.get("channel", one.channel)
        ]
        text = admin.get(f"/people/{person_id(person)}", params=query).text
        assert text.count('<span class="knot">') == min(len(wanted), 20)


def test_every_order_of_a_day_in_the_past_is_exported(
    admin: httpx.Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person
    every = workspace.people.orders(person)
    day = every[2].at.astimezone(workspace.zone).date()
    before = [one.order_no for one in every if one.at < workspace.day_start(day)]
    assert 0 < len(before) < len(every)
    assert [one.order_no for one in workspace.people.orders(person, workspace.day_start(day))] == before
    monkeypatch.setattr("dujiang.console.rooms.people.ORDERS_SHOWN", len(before))  # as if the page had left some out
    query = {"as_of": day.isoformat(), "export": "csv", "sheet": "orders"}
    assert len(admin.get(f"/people/{person_id(person)}", params=query).text.splitlines()) == 1 + len(before)


def test_orders_are_shown_in_parts_and_exported_whole(
    admin: httpx.Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dujiang.console.views.people.PART", 2)
    person = workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person
    every, path = workspace.people.orders(person), f"/people/{person_id(person)}"
    assert len(every) > 4
    numbers = [one.order_no for one in every]

    def shown(text: str) -> list[str]:
        table = text.split('data-sheet="orders"')[1].split("</table>")[0]
        return [number for number in numbers if f">{number}<" in re.sub(r"\s*<(/?)code>\s*", "<\\1code>", table)]

    text = admin.get(path).text
    assert shown(text) == numbers[:2]
    more = re.search(r'hx-get="([^"]*/orders[^"]*)"', text)
    assert more is not None
    text = admin.get(unescape(more[1])).text
    assert "<html" not in text
    assert shown(text) == numbers[:4]
    exported = admin.get(path, params={"export": "csv", "sheet": "orders"}).text
    assert len(exported.splitlines()) == 1 + len(numbers)
    channel = every[0].channel
    narrowed = admin.get(path, params={"export": "csv", "sheet": "orders", "channel": channel}).text
    assert len(narrowed.splitlines()) == 1 + sum(one.channel == channel for one in every)


def test_palette_finds_pages_metrics_and_people(admin: httpx.Client) -> None:
    assert 'href="/imports"' in admin.post("/palette", data={"q": "导入"}).text
    assert 'href="/metrics/gmv"' in admin.post("/palette", data={"q": "gmv"}).text
    assert 'href="/people/u' in admin.post("/palette", data={"q": "19900000003"}).text


def test_definitions_are_planned_then_applied(admin: httpx.Client, workspace: Workspace) -> None:
    yaml = "kind: annotation\nname: test-note\ntitle: {zh: 试一试}\nspec: {first: 2026-11-01}\n"
    plan = admin.post("/definitions/plan", data={"yaml": yaml}).text
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', plan)
    assert digest is not None
    assert ("annotation", "test-note") not in workspace.definitions.current("annotation")
    refused = admin.post("/definitions/apply", data={"yaml": yaml, "digest": "0" * 64, "note": "x"})
    assert refused.status_code == 409
    done = admin.post("/definitions/apply", data={"yaml": yaml, "digest": digest[1], "note": "因为"})
    assert done.headers["location"] == "/definitions/annotation/test-note"
    assert workspace.definitions.versions("annotation", "test-note")[0].note == "因为"
    assert "因为" in admin.get("/definitions/annotation/test-note").text


def test_wrong_yaml_keeps_what_was_written(admin: httpx.Client) -> None:
    answer = admin.post("/definitions/plan", data={"yaml": "kind: nonsense\nname: x\n"})
    assert answer.status_code == 404 or answer.status_code == 400
    assert "kind: nonsense" in answer.text


def test_a_key_is_shown_once(admin: httpx.Client, workspace: Workspace) -> None:
    made = admin.post("/settings/keys", data={"kind": "collect", "source": "mini", "name": "试"}).text
    secret = re.search(r'<code id="secret">(dc_[^<]+)</code>', made)
    assert secret is not None
    assert secret[1] not in admin.get("/settings/keys").text
    key = workspace.access.keys.find(secret[1], "collect")
    assert key is not None
    admin.post(f"/settings/keys/{key.id}/revoke")
    assert workspace.access.keys.find(secret[1], "collect") is None


def upload(client: httpx.Client, body: bytes, name: str = "门店销售.csv") -> str:
    answer = client.post(
        "/imports/upload", params={"name": name}, content=body, headers={"content-type": "application/octet-stream"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["next"]


POS = """销售日期,门店名称,小票号,物料描述,销售数量,销售金额
2026-11-20,湖滨店,T0001,白毫银针,2,128.00
2026-11-20,湖滨店,T0002,普洱,1,坏数
"""


def test_a_file_is_looked_at_imported_and_undone(admin: httpx.Client, workspace: Workspace) -> None:
    from dujiang.workspace.handlers import HANDLERS
    from dujiang.workspace.worker import Worker

    path = upload(admin, POS.encode("utf-8-sig"))
    page = admin.get(path).text
    assert "白毫银针" in page
    mapping = re.search(r'name="mapping" value="([^"]+)"', page)
    assert mapping is not None
    before = dict(workspace.status().facts)
    answer = admin.post(path, data={"mapping": mapping[1], "channel": "pos", "shop": "湖滨店"})
    job = workspace.jobs.take("test", ("import",))
    assert job is not None
    assert answer.headers["location"] == f"/imports/jobs/{job.id}"
    assert "进行中" in admin.get(f"/imports/jobs/{job.id}").text
    Worker(workspace, HANDLERS).run(job)
    result: Any = workspace.jobs.get(job.id).result
    assert (result["accepted"], result["rejected"]) == (1, 1)
    shown = admin.get(f"/imports/{result['id']}").text
    assert "门店销售.csv" in shown
    assert "坏数" in admin.get(f"/imports/{result['id']}/errors").content.decode("utf-8-sig")
    assert admin.post(f"/imports/{result['id']}/undo", data={"confirm": "something"}).status_code == 400
    assert admin.post(f"/imports/{result['id']}/undo", data={"confirm": "门店销售.csv"}).status_code == 303
    workspace.refresh()
    assert dict(workspace.status().facts) == before
    assert "恢复" in admin.get(f"/imports/{result['id']}").text


def test_an_upload_that_is_no_table_says_so(admin: httpx.Client) -> None:
    answer = admin.get(upload(admin, b"\x00\x01\x02 nothing", "x.csv"))
    assert answer.status_code == 200
    assert 'class="note bad"' in answer.text


def test_an_empty_upload_is_refused(admin: httpx.Client) -> None:
    answer = admin.post("/imports/upload?name=a.csv", content=b"", headers={"content-type": "application/octet-stream"})
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_form_upload_works_without_scripts(admin: httpx.Client) -> None:
    answer = admin.post("/imports/upload", files={"file": ("a.csv", POS.encode(), "text/csv")})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/imports/new/upl_")


def test_dead_letters_are_repaired_by_a_rule(admin: httpx.Client, workspace: Workspace) -> None:
    rule = {"reason": "event.timestamp_unreadable", "field": "/timestamp", "source": "mini", "event": ""}
    step = {"what0": "set", "at0": "/timestamp", "to0": "", "value0": "2026-11-20T10:00:00Z"}
    tried = admin.post("/dead-letters/repair", data=rule | step | {"do": "try"}).text
    assert "可以入库" in tried
    state = {one.state: one.letters for one in workspace.dead_letters.groups()}
    done = admin.post("/dead-letters/repair", data=rule | step | {"do": "replay"})
    assert (done.status_code, done.headers["location"]) == (303, "/jobs")
    job = workspace.jobs.take("test", ("replay",))
    assert job is not None
    Worker(workspace, HANDLERS).run(job)
    assert workspace.jobs.get(job.id).result == {"fixed": state["open"], "still_wrong": 0, "examples": []}
    assert "已修复送入" in admin.get("/jobs").text
    after = {one.state: one.letters for one in workspace.dead_letters.groups()}
    assert after == {"fixed": state["open"]}
    accepted = sum(one.accepted for one in workspace.manifest.counts("mini"))
    workspace.refresh()
    assert sum(one.accepted for one in workspace.manifest.counts("mini")) == accepted + state["open"]


def test_platform_totals_are_held_against_ours(admin: httpx.Client, workspace: Workspace) -> None:
    data = {"channel": "tmall", "shop": "旗舰店", "day": "2026-11-20", "orders": "12", "gmv": "1,000.00"}
    assert admin.post("/sources/totals", data=data).status_code == 303
    workspace.refresh()
    rows = table_on(admin.get("/sources").text, "totals")
    that_day = next(row for row in rows if row[0].startswith("2026-11-20"))
    assert [that_day[4], that_day[6]] == ["12", "¥1,000"]


def test_not_found_is_a_page(admin: httpx.Client) -> None:
    answer = admin.get("/nonsense")
    assert answer.status_code == 404
    assert "没有页面" in answer.text


@pytest.mark.parametrize("query", ["period=someday", "compare=mars", "from=x", "channel=%00", "export=csv&sheet=x"])
def test_nonsense_in_the_address_is_an_error_that_says_so(admin: httpx.Client, query: str) -> None:
    answer = admin.get(f"/?{query}")
    assert answer.status_code in (200, 400, 404)


def test_static_files_are_kept_and_versioned(nobody: httpx.Client, admin: httpx.Client) -> None:
    address = re.search(r'href="(/static/[0-9a-f]{12}/css/tokens\.css)"', admin.get("/jobs").text)
    assert address is not None
    answer = nobody.get(address[1])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_identifier_is_taken_out_after_a_look_and_put_back(admin: httpx.Client, workspace: Workspace) -> None:
    with workspace.engine.read() as con:
        rows = con.execute(
            "SELECT person, node FROM person_node WHERE node <> person AND role = 'owner' ORDER BY type DESC, node LIMIT 1"
        ).fetchall()
    person, node = map(person_id, rows[0])
    page = admin.get(f"/people/{person}?lang=zh").text
    assert '<svg class="ring wide"' in page
    assert "不合并的原因" in page
    way = f"/identity/decide?kind=take_out&amp;a={node}&amp;person={person}"
    assert way in page
    asked = admin.get(html.unescape(way) + "&lang=zh")
    assert "移出一个标识" in asked.text
    form = {"kind": "take_out", "a": node, "person": person, "reason": "店员填错"}
    assert admin.post("/identity/decide", data=form).status_code == 303
    workspace.refresh()
    assert way not in admin.get(f"/people/{person}?lang=zh").text
    made = workspace.identity_decisions.in_force()[-1]
    assert (made.kind, made.reason) == ("separate", "店员填错")
    assert node in map(person_id, made.nodes)
    assert admin.post(f"/identity/decisions/{made.id}/revoke", data={"reason": ""}).status_code == 303
    workspace.refresh()
    assert admin.get(f"/people/{person}?lang=zh").text.count(way) == 1


def test_the_graph_is_exported_as_it_stands(admin: httpx.Client, workspace: Workspace) -> None:
    with workspace.engine.read() as con:
        ((person,),) = con.execute("SELECT person FROM person ORDER BY identifiers DESC, person LIMIT 1").fetchall()
    found = workspace.identity_graphs.of(person, workspace.identifier_types)
    said = admin.get(f"/people/{person_id(person)}?export=csv&sheet=identity-graph&lang=zh")
    rows = list(csv.reader(io.StringIO(said.content.decode("utf-8-sig"))))
    assert rows[0] == ["标识", "关联标识", "决定", "原因", "记录数", "最近出现"]
    assert len(rows) == len(found.edges) + 1


def test_a_viewer_sees_the_graph_and_no_way_to_take_it_apart(viewer: httpx.Client, workspace: Workspace) -> None:
    with workspace.engine.read() as con:
        ((person,),) = con.execute("SELECT person FROM person ORDER BY identifiers DESC, person LIMIT 1").fetchall()
    page = viewer.get(f"/people/{person_id(person)}").text
    assert '<svg class="ring wide"' in page
    assert "/identity/decide" not in page


def test_figures_say_from_which_day_they_look(admin: httpx.Client, viewer: httpx.Client, workspace: Workspace) -> None:
    assert 'class="as-of"' not in admin.get("/people").text
    sent = {"way": "day", "day": "2026-10-01"}
    assert viewer.post("/settings/present", data=sent).status_code == 403
    answer = admin.post("/settings/present", data=sent)
    assert answer.status_code in (200, 303)
    try:
        assert workspace.metrics.today() == date(2026, 10, 1)
        shown = viewer.get("/people").text
        assert re.search(r'class="as-of"[^>]*>.*?2026-10-01', shown, re.S)
        assert "<form" not in viewer.get("/settings/present").text.partition("<main")[2]
        assert "2026-10-01" in admin.get("/?lang=zh").text
        assert admin.post("/settings/present", data={"way": "day", "day": "soon"}).status_code == 400
    finally:
        admin.post("/settings/present", data={"way": "today", "day": ""})
    assert workspace.present.state().elsewhere is None
