"""Questions in the console: asked by address, shown and exported alike, saved, and followed to people who become a segment."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from dujiang.foundation.definitions import Definition, parse
from dujiang.insight.questions.registry import parse_pick, parse_question
from dujiang.workspace import Workspace

DAYS = {"first": "2026-10-20", "last": "2026-11-15"}
SALES = {"type": "metric", "metrics": ["gmv", "buyers"], "by": ["channel"], "grain": "week"}


def address(question: dict[str, Any], **more: str) -> str:
    return f"/ask/{question['type']}?" + urlencode({"q": json.dumps(question, ensure_ascii=False), **more})


def apply(workspace: Workspace, wanted: Definition) -> None:
    workspace.definitions.apply(workspace.definitions.plan([wanted]), actor="test")


def island(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="ask">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


def facts(page: str) -> dict[str, str]:
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page[page.index("数据口径") :], re.S)
    return {html.unescape(label): html.unescape(value) for label, value in pairs}


def links_of(page: str, sheet: str) -> list[str]:
    table = re.search(rf'<table data-sheet="{sheet}">.*?</table>', page, re.S)
    assert table
    return [html.unescape(one) for one in re.findall(r'<th scope="row"><a href="([^"]+)"', table[0])]


@pytest.fixture
def saved(workspace: Workspace) -> Iterator[str]:
    """A question that was saved with the 618 as what it is held against."""
    question = SALES | {"period": {"preset": "double11"}, "compare": {"preset": "618"}}
    wanted = Definition(kind="question", name="promo", title={"zh": "大促"}, spec={"question": question})
    apply(workspace, wanted)
    yield "promo"
    apply(workspace, wanted.model_copy(update={"status": "retired"}))


def test_the_list_teaches_while_nothing_is_saved(admin: httpx.Client, workspace: Workspace) -> None:
    listed = admin.get("/ask?lang=zh").text
    assert "每周成交" in listed
    kept = workspace.definitions.get("question", "sales")
    apply(workspace, kept.model_copy(update={"status": "retired"}))
    page = admin.get("/ask?lang=zh").text
    apply(workspace, kept)
    assert "还没有已存问题" in page
    assert 'href="/ask/metric"' in page


def test_the_controls_of_the_page_win_over_the_question(admin: httpx.Client, workspace: Workspace) -> None:
    asked = SALES | {"period": DAYS, "compare": "previous"}
    own = admin.get(address(asked, lang="zh")).text
    assert facts(own)["日期范围"] == "2026-10-20 – 2026-11-15"
    assert facts(own)["对比"] == "2026-09-23 – 2026-10-19"
    chosen = admin.get(address(asked, compare="none", **{"from": "2026-11-01", "to": "2026-11-07"})).text
    assert facts(chosen)["日期范围"] == "2026-11-01 – 2026-11-07"
    assert "对比" not in facts(chosen)
    assert "period" not in island(chosen)["question"]


def test_a_channel_of_the_page_limits_the_question(admin: httpx.Client, workspace: Workspace) -> None:
    page = admin.get(address(SALES | {"period": DAYS}, channel="tmall")).text
    asked = SALES | {"period": DAYS, "only": [{"column": "channel", "op": "among", "value": ["tmall"]}]}
    answer = workspace.questions.ask(parse_question(asked))
    assert facts(page)["限定条件"] == "渠道 属于其一 天猫"
    assert len(links_of(page, "rows")) == len(answer.result.rows) == 1


def test_a_saved_question_keeps_its_promotion_until_the_page_says_otherwise(admin: httpx.Client, saved: str) -> None:
    page = admin.get(f"/ask/metric?saved={saved}&lang=zh").text
    assert "<h1>大促</h1>" in page
    assert facts(page)["对比"] == "2026-06-01 – 2026-06-20"
    assert island(page)["question"]["compare"] == {"preset": "618"}
    assert facts(admin.get(f"/ask/metric?saved={saved}&compare=previous").text)["对比"] != "2026-06-01 – 2026-06-20"
    assert "大促" in admin.get("/ask").text


def test_an_export_is_the_table_on_the_screen(admin: httpx.Client) -> None:
    asked = SALES | {"period": DAYS}
    page = admin.get(address(asked, lang="zh")).text
    rows = re.search(r'<table data-sheet="rows">.*?</table>', page, re.S)
    assert rows
    exported = admin.get(address(asked, export="csv", sheet="rows"))
    found = list(csv.reader(io.StringIO(exported.content.decode("utf-8-sig"))))
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', rows[0])
    assert found[0] == heads == ["渠道", "成交金额", "买家数"]
    shown = re.findall(r'<td class="number">\s*([^<]*?)\s*</td></tr>', rows[0])
    assert [row[2] for row in found[1:]] == shown
    book = admin.get(address(asked, export="xlsx", sheet="line"))
    assert book.content[:2] == b"PK"


def test_every_row_leads_to_its_people_and_they_become_a_segment(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace
) -> None:
    page = admin.get(address(SALES | {"period": DAYS, "metrics": ["buyers"]}, lang="zh")).text
    link = links_of(page, "rows")[0]
    asked = parse_question(SALES | {"period": DAYS, "metrics": ["buyers"]})
    key = workspace.questions.ask(asked).result.rows[0].keys[0]
    people = workspace.questions.people(asked, parse_pick(asked, {"metric": "buyers", "keys": [key]}))
    behind = admin.get(link)
    assert f"共 {len(people)} 人" in behind.text
    assert "买家数 · 天猫" in behind.text
    fields = dict(httpx.QueryParams(link.partition("?")[2]).items())
    form = fields | {"tag": "tmall_buyers", "segment": "yes", "title": "天猫买家"}
    assert viewer.post("/ask/list", data=form).status_code == 403
    assert admin.post("/ask/list", data=form).headers["location"] == "/segments/tmall_buyers"
    workspace.refresh()
    assert workspace.segments.get("tmall_buyers").people == len(people)
    assert admin.post("/ask/list", data=form | {"tag": "No Name"}).status_code == 400


def test_a_question_is_saved_changed_and_retired(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace
) -> None:
    whole = json.dumps(SALES | {"period": {"preset": "last7"}})
    assert viewer.post("/ask/save", data={"q": whole, "title": "周报"}).status_code == 403
    answer = admin.post("/ask/save", data={"q": whole, "title": "Weekly sales"})
    assert answer.headers["location"] == "/ask/metric?saved=weekly_sales"
    found = workspace.definitions.get("question", "weekly_sales")
    assert (found.owner, found.spec["question"]) == ("shen", json.loads(whole))
    admin.post("/ask/save", data={"q": whole, "title": "Sales", "name": "weekly_sales"})
    assert workspace.definitions.get("question", "weekly_sales").title["zh"] == "Sales"
    assert len(workspace.definitions.versions("question", "weekly_sales")) == 2
    named = admin.post("/ask/save", data={"q": whole, "title": "周报"}).headers["location"]
    assert re.fullmatch(r"/ask/metric\?saved=metric_[0-9a-f]{8}", named)
    admin.post("/ask/retire", data={"name": named.rpartition("=")[2]})
    admin.post("/ask/retire", data={"name": "weekly_sales"})
    assert [one.name for one in workspace.questions.list()] == ["sales"]
    assert admin.get("/ask/metric?saved=weekly_sales").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/ask/nothing", 404, "没有“nothing”这种分析"),
        ("/ask/metric?q=[1]", 200, "键值形式"),
        ("/ask/metric?q={", 200, "键值形式"),
        ('/ask/metric?q={"metrics":["never"]}', 200, "never"),
        ('/ask/metric?q={"metrics":[]}', 200, "metrics"),
        ("/ask/metric?period=never", 200, "never"),
        ('/people?q={"type":"metric","metrics":["cost"]}&pick={"metric":"cost"}', 400, "按用户统计"),
        ("/people?q=1&pick={}", 400, "键值形式"),
    ],
)
def test_what_cannot_be_answered_is_told(admin: httpx.Client, path: str, status: int, said: str) -> None:
    answer = admin.get(path)
    assert answer.status_code == status
    assert said in answer.text


def test_without_scripts_a_textarea_asks(admin: httpx.Client) -> None:
    page = admin.get("/ask/metric?period=last7").text
    form = re.search(r"<form[^>]*data-ask.*?</form>", page, re.S)
    assert form
    assert 'method="get"' in form[0]
    stated = re.search(r"<textarea[^>]*name=\"q\"[^>]*>(.*?)</textarea>", form[0], re.S)
    assert stated
    assert json.loads(html.unescape(stated[1]))["type"] == "metric"
    assert '<input type="hidden" name="period" value="last7">' in form[0]


def test_a_reader_without_people_sees_numbers_without_links(viewer: httpx.Client) -> None:
    page = viewer.get(address(SALES | {"period": DAYS})).text
    assert links_of(page, "rows")
    assert "/ask/save" not in page


@pytest.mark.parametrize("kind", ["lift", "lift_plan", "lift_holdout", "lift_switchback"])
def test_fields_and_choices_of_tests_and_plans_have_names(admin: httpx.Client, kind: str) -> None:
    told = island(admin.get(f"/ask/{kind}").text)
    shapes = [told["schema"], *told["schema"].get("$defs", {}).values()]
    own = {name for one in shapes if one.get("title", "").startswith("Lift") for name in one["properties"]}
    own -= {*told["hidden"], "type", "period", "people", "time_zone"}
    assert {name for name in own if re.fullmatch("[a-z_ ]+", told["labels"]["rows"].get(name, "x"))} == set()
    choices = {
        value for one in ("metric", "unit", "design", "strata") for shape in shapes for value in _values(shape, one)
    }
    assert {one for one in choices if one not in told["labels"]["choices"]} == set()


def _values(shape: dict[str, Any], name: str) -> list[str]:
    field = shape.get("properties", {}).get(name, {})
    return field.get("enum", field.get("items", {}).get("enum", []))


NOTE = {"day": "2026-11-03", "title": "<b>直播翻车</b>", "back": "/metrics/gmv"}
OVER_DAYS = (
    "/?period=last30", "/metrics/gmv", "/explore?metric=gmv", "/life?period=last30", "/contribution?period=last30",
    "/service?period=last30", "/content?period=last30", "/lift/coupons",
    "/ask/metric?" + urlencode({"q": json.dumps(SALES | {"period": DAYS, "grain": "day"})}),
    "/ask/funnel?" + urlencode({"q": json.dumps({"steps": [{"source": "events"}, {"source": "orders"}], "grain": "week"})}),
    "/ask/overlap?" + urlencode({"q": json.dumps({"grain": "week"})}),
)  # fmt: skip


@pytest.fixture
def noted(admin: httpx.Client, workspace: Workspace) -> Iterator[str]:
    """A note that was made on a page, and a test whose days it is in; by the note's name."""
    lots = {"design": "switchback", "first": "2026-11-01", "last": "2026-11-12", "lots": [1, 0, 0, 1] * 3}
    test = parse({"kind": "lift_test", "name": "coupons", "spec": lots})
    apply(workspace, test)
    assert admin.post("/annotations", data=NOTE).headers["location"] == "/metrics/gmv"
    (made,) = [
        one for one in workspace.definitions.current("annotation").values() if one.title.get("zh") == NOTE["title"]
    ]
    yield made.name
    apply(workspace, test.model_copy(update={"status": "retired"}))
    if (made.kind, made.name) in workspace.definitions.current("annotation"):
        apply(workspace, made.model_copy(update={"status": "retired"}))


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize("path", OVER_DAYS)
def test_a_note_stands_on_every_time_chart(admin: httpx.Client, path: str) -> None:
    page = admin.get(path).text
    drawn = [json.loads(one) for one in charts(page)]
    over_days = [one for one in drawn if one["x"] and re.fullmatch(r"\d{4}-\d\d-\d\d", one["x"][0])]
    assert over_days
    for one in over_days:
        step = max(day for day in one["x"] if day <= NOTE["day"])
        assert {"at": step, "label": NOTE["title"]} in one["flags"]
    assert not [flag for one in drawn if one not in over_days for flag in one["flags"]]
    assert "<b>直播翻车" not in page


def test_a_note_is_changed_and_taken_away_where_it_stands(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace, noted: str
) -> None:
    assert viewer.post("/annotations", data=NOTE).status_code == 403
    assert viewer.post("/annotations/remove", data={"name": noted}).status_code == 403
    assert "/annotations" not in viewer.get("/metrics/gmv").text
    assert f'name="name" value="{noted}"' in admin.get("/metrics/gmv").text
    changed = NOTE | {"name": noted, "day": "2026-11-07", "title": "直播翻车，次日道歉"}
    assert admin.post("/annotations", data=changed).status_code == 303
    assert {"at": "2026-11-07", "label": "直播翻车，次日道歉"} in flags(admin.get("/metrics/gmv").text)
    assert [one for one in flags(admin.get("/metrics/gmv").text) if one["at"] == "2026-11-03"] == []
    assert admin.post("/annotations", data=NOTE | {"back": "//evil.example", "name": noted}).headers["location"] == "/"
    for wrong in ({"title": ""}, {"day": "x"}):
        assert admin.post("/annotations", data=NOTE | wrong).status_code == 400
    assert admin.post("/annotations", data=NOTE | {"name": "no-such"}).status_code == 404
    assert admin.post("/annotations/remove", data={"name": noted, "back": "/metrics/gmv"}).status_code == 303
    assert NOTE["title"] not in [one["label"] for one in flags(admin.get("/metrics/gmv").text)]
    assert (("annotation", noted)) not in workspace.definitions.current("annotation")


def test_a_note_of_several_days_keeps_its_length(admin: httpx.Client, workspace: Workspace) -> None:
    spec = {"first": "2026-11-05", "last": "2026-11-08"}
    apply(workspace, note := parse({"kind": "annotation", "name": "fair", "title": {"zh": "展会"}, "spec": spec}))
    admin.post("/annotations", data={"name": "fair", "day": "2026-11-10", "title": "展会", "back": "/"})
    assert dict(workspace.definitions.get("annotation", "fair").spec) == {"first": "2026-11-10", "last": "2026-11-13"}
    apply(workspace, note.model_copy(update={"status": "retired"}))


def charts(page: str) -> list[str]:
    return re.findall(r'<div class="chart[^>]*><script type="application/json">(.*?)</script>', page, re.S)


def flags(page: str) -> list[dict[str, str]]:
    return [flag for one in charts(page) for flag in json.loads(one)["flags"]]


def test_what_was_typed_stays_where_it_is_wrong(admin: httpx.Client) -> None:
    backwards = SALES | {"compare": {"first": "2026-11-11", "last": "2026-11-01"}}
    page = admin.get(address(backwards, lang="zh")).text
    assert 'class="flash bad"' in page
    assert island(page)["question"]["metrics"] == SALES["metrics"] and island(page)["question"]["by"] == ["channel"]
    page = admin.get("/ask/metric?" + urlencode({"q": '{"metrics": ["gmv"', "lang": "zh"})).text
    typed = re.search(r'<textarea[^>]*name="q"[^>]*>(.*?)</textarea>', page, re.S)
    assert typed and html.unescape(typed[1]) == '{"metrics": ["gmv"'


def test_what_is_wrong_is_said_in_the_language_of_the_page(admin: httpx.Client) -> None:
    both = {"type": "paths", "start": {}, "end": {}}
    for lang, said in (("zh", "路径只能指定起点或终点之一"), ("en", "paths have either a start or an end")):
        flash = re.search(r'class="flash bad"[^>]*>(.*?)</div>', admin.get(address(both, lang=lang)).text, re.S)
        assert flash and said in flash[1] and "Value error" not in flash[1]
