"""Reports: what they say, what was delivered exactly once, how they are made in the console, and who may fetch their files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from openpyxl import load_workbook

from dujiang.api.app import WORK
from dujiang.collect.completeness import Gap
from dujiang.console import reports
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import NotFound
from dujiang.workspace import Workspace
from dujiang.workspace.worker import Worker

WEEK = {"first": "2026-11-09", "last": "2026-11-15"}
SALES = {
    "type": "metric",
    "metrics": ["gmv", "buyers"],
    "by": ["channel"],
    "period": {"preset": "last7"},
    "compare": "previous",
}
GUIDES = {"type": "metric", "metrics": ["gmv"], "by": ["guide"], "period": {"preset": "last7"}}
BROKEN = {"type": "metric", "metrics": ["no_such_metric"], "period": {"preset": "last7"}}
MONDAY = datetime(2026, 11, 16, 1, tzinfo=UTC)  # 09:00 in Shanghai


def apply(workspace: Workspace, *wanted: Definition) -> None:
    workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")


def define(kind: str, name: str, spec: dict[str, Any], **more: Any) -> Definition:
    return parse(
        {"kind": kind, "name": name, "title": {"zh": f"{name} 标题", "en": f"{name} title"}, "spec": spec, **more}
    )


@pytest.fixture(scope="module", autouse=True)
def questions(workspace: Workspace) -> Iterator[None]:
    made = [
        define("question", "r_sales", {"question": SALES}),
        define("question", "r_guides", {"question": GUIDES}),
        define("question", "r_broken", {"question": BROKEN}),
        define("dashboard", "r_board", {"tiles": [{"question": "r_sales", "show": "table", "number": 2, "width": 12}]}),
    ]
    apply(workspace, *made)
    yield
    apply(workspace, *(one.model_copy(update={"status": "retired"}) for one in made))


@dataclass
class Time:
    """Moves the brand's clock, and puts it back."""

    workspace: Workspace

    def at(self, moment: datetime) -> None:
        self.workspace.clock.moment = moment  # type: ignore[attr-defined]

    def work(self) -> list[str]:
        """Do what a worker does: queue what is due, and do every job; the deliveries that were queued."""
        queued, worker = self.workspace.postroom.queue_due(), Worker(self.workspace, WORK)
        while job := self.workspace.jobs.take("test", ("report",)):
            worker.run(job)
        return [one.id for one in queued]


@pytest.fixture
def time(workspace: Workspace) -> Iterator[Time]:
    before = workspace.clock.now()
    yield Time(workspace)
    workspace.clock.moment = before  # type: ignore[attr-defined]
    gone = [one.definition.model_copy(update={"status": "retired"}) for one in workspace.reports.list()]
    apply(workspace, *gone)


def told(workspace: Workspace, report: str) -> list[dict[str, Any]]:
    return [
        one.payload
        for one in workspace.outbox.read("test", 100_000)
        if one.topic == "report.ready" and one.key == report
    ]


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_report_is_delivered_at_its_time_and_once(workspace: Workspace, time: Time) -> None:
    time.at(MONDAY - timedelta(hours=20))
    spec = {
        "questions": ["r_sales"],
        "when": {"every": "week", "day": 1, "at": "09:00"},
        "to": {"email": ["team@example.com"]},
    }
    apply(workspace, define("report", "weekly", spec))
    assert time.work() == []  # the time before it was made is not its own
    time.at(MONDAY - timedelta(seconds=1))
    assert time.work() == []
    time.at(MONDAY)
    (id_,) = time.work()
    assert time.work() == []
    done = workspace.postroom.get(id_)
    assert (done.state, done.due, done.missed) == ("delivered", MONDAY, 0)
    assert told(workspace, "weekly") == [{"report": "weekly", "delivery": id_, "due": "2026-11-16T01:00:00+00:00"}]
    assert "team@example.com" not in json.dumps(done.body)
    assert [one.action for one in workspace.audit.list(1)] == ["report.deliver"]


def test_it_says_the_numbers_of_the_metric_layer(workspace: Workspace, time: Time) -> None:
    """Seen from Monday the last seven days are Monday to Sunday; the files hold what the console exports."""
    time.at(MONDAY)
    found = reports.write(workspace, report_of(workspace, ["r_sales"]))
    (part,) = found.parts
    answer = workspace.questions.ask({**SALES, "period": WEEK})
    assert part.days == "2026-11-09 – 2026-11-15"
    assert part.against == "2026-11-02 – 2026-11-08"
    buyers = next(one for one in part.cards if one.key == "buyers")
    assert buyers.value == str(answer.result.totals["buyers"].value)
    assert buyers.change
    files = reports.files(workspace, workspace.reports.get("probe"), found)
    (rows,) = [data for name, data in files.items() if name.endswith("r_sales-rows.csv")]
    table = next(one for one in answer.tables if one.name == "rows")
    written = read_csv(rows)
    assert len(written) == len(table.rows) + 1
    place = [one.name for one in table.columns].index("buyers")
    assert [int(row[place]) for row in written[1:]] == [row[place] for row in table.rows]
    assert {row[0] for row in written[1:]} == {"天猫", "抖音", "线下门店"}
    book = load_workbook(io.BytesIO(files["report.xlsx"]))
    assert book.sheetnames[0] == "摘要"
    assert len(book.sheetnames) == 1 + sum(name.endswith(".csv") for name in files)
    text = files["summary.txt"].decode()
    assert f"买家数: {buyers.value}" in text
    assert "数据截至" in text


def report_of(workspace: Workspace, names: list[str], **more: Any) -> Any:
    apply(workspace, define("report", "probe", {"questions": names, **more}))
    return workspace.reports.get("probe")


def test_the_console_exports_the_same_table(admin: httpx.Client, workspace: Workspace, time: Time) -> None:
    found = reports.write(workspace, report_of(workspace, ["r_sales"]))
    files = reports.files(workspace, workspace.reports.get("probe"), found)
    page = admin.get("/ask/metric?saved=r_sales&export=csv&sheet=rows&lang=zh")
    (rows,) = [data for name, data in files.items() if name.endswith("r_sales-rows.csv")]
    assert rows == page.content


def test_what_cannot_be_answered_is_said_and_silences_nothing(workspace: Workspace, time: Time) -> None:
    found = reports.write(
        workspace, report_of(workspace, ["r_broken", "r_guides", "never", "r_sales"], dashboard="gone")
    )
    problems = {one.name: one.problem for one in found.parts}
    assert list(problems) == ["gone", "r_broken", "r_guides", "never", "r_sales"]
    assert "gone" in problems["gone"]
    assert "no_such_metric" in problems["r_broken"]
    assert problems["r_guides"] == "这里可能出现人名，因此不放进报告。"
    assert "never" in problems["never"]
    assert problems["r_sales"] == ""
    assert found.unanswered == 4
    html = reports.files(workspace, workspace.reports.get("probe"), found)["report.html"].decode()
    assert "导购甲" not in html
    assert "no_such_metric" in html


def test_a_defect_in_one_question_leaves_the_others(workspace: Workspace, time: Time) -> None:
    found = report_of(workspace, ["r_broken", "r_sales"])
    ask, seen = workspace.questions.ask, []

    def fail_first(question: Any) -> Any:
        seen.append(question)
        if len(seen) == 1:
            raise RuntimeError("secret path")
        return ask(question)

    with patch.object(workspace.questions, "ask", fail_first):
        written = reports.write(workspace, found)
    assert [bool(one.problem) for one in written.parts] == [True, False]
    assert "secret" not in json.dumps(written.body)


def test_a_tile_shows_its_table_only_and_silences_of_sources_are_said(workspace: Workspace, time: Time) -> None:
    apply(workspace, define("report", "probe", {"dashboard": "r_board", "language": "en"}))
    first = datetime(2026, 11, 20, 2, tzinfo=UTC)
    sources = workspace.completeness.sources

    def with_a_silence(*span: datetime) -> list[Any]:
        assert span[0] == datetime(
            2026, 10, 23, 16, tzinfo=UTC
        )  # the first moment of the dashboard's thirty days in Shanghai
        silence = Gap("mini", first, first + timedelta(hours=4), 0, 61.0)
        return [replace(one, gaps=(silence,)) if one.source == "mini" else one for one in sources(*span)]

    with patch.object(workspace.completeness, "sources", with_a_silence):
        written = reports.write(workspace, workspace.reports.get("probe"))
    assert [[one.name for one in part.sheets] for part in written.parts] == [["rows"]]
    assert written.title == "probe title"
    (said,) = written.gaps
    assert said.startswith("小程序埋点 was silent for 4 h. From 2026-11-20 Fri 10:00 to ")
    assert said in reports.summary(workspace, workspace.reports.get("probe"), written)


def test_a_question_with_several_tiles_says_its_numbers_once(workspace: Workspace, time: Time) -> None:
    tiles = [
        {"question": "r_sales", "number": 1, "y": 0},
        {"question": "r_sales", "show": "table", "number": 2, "y": 4},
        {"question": "r_sales", "number": 1, "own_days": True, "y": 8},
    ]
    apply(workspace, define("dashboard", "r_twice", {"tiles": tiles, "period": {"preset": "last30"}}))
    apply(workspace, define("report", "probe", {"dashboard": "r_twice", "language": "en"}))
    written = reports.write(workspace, workspace.reports.get("probe"))
    assert [[one.name for one in part.sheets] for part in written.parts] == [["totals", "rows"], ["totals"]]
    assert written.parts[0].days != written.parts[1].days
    text = reports.summary(workspace, workspace.reports.get("probe"), written)
    assert text.count("r_sales title") == 2
    apply(workspace, workspace.definitions.get("dashboard", "r_twice").model_copy(update={"status": "retired"}))


def test_missed_times_come_once_and_say_so(workspace: Workspace, time: Time) -> None:
    time.at(MONDAY - timedelta(hours=1))
    apply(workspace, define("report", "daily", {"questions": ["r_sales"], "when": {"every": "day", "at": "09:00"}}))
    time.at(MONDAY + timedelta(days=3, hours=5))
    (id_,) = time.work()
    done = workspace.postroom.get(id_)
    assert (done.due, done.missed) == (MONDAY + timedelta(days=3), 3)
    assert done.body is not None
    assert done.body["said"] == [
        "应于 2026-11-19 周四 09:00 发送，实际在 2026-11-19 周四 14:00 生成。",
        "此前有 3 次因系统未运行而错过；只补发最近一次。",
    ]
    time.at(MONDAY + timedelta(days=4))
    (after,) = time.work()
    assert workspace.postroom.get(after).missed == 0


def test_a_late_report_keeps_its_days(workspace: Workspace, time: Time) -> None:
    time.at(MONDAY - timedelta(hours=1))
    spec = {"questions": ["r_sales"], "when": {"every": "week", "day": 1, "at": "09:00"}}
    apply(workspace, define("report", "late", spec))
    time.at(MONDAY + timedelta(days=2))
    (id_,) = time.work()
    body = workspace.postroom.get(id_).body
    assert body is not None
    assert body["parts"][0]["days"] == "2026-11-09 – 2026-11-15"


def test_a_paused_report_is_not_sent_and_its_past_is_not_made_up_for(workspace: Workspace, time: Time) -> None:
    time.at(MONDAY - timedelta(hours=1))
    spec = {"questions": ["r_sales"], "when": {"every": "day", "at": "09:00"}}
    wanted = define("report", "paused", spec)
    apply(workspace, wanted.model_copy(update={"status": "paused"}))
    time.at(MONDAY + timedelta(days=2))
    assert time.work() == []
    apply(workspace, wanted)
    assert time.work() == []
    time.at(MONDAY + timedelta(days=3))
    assert len(time.work()) == 1
    changed = wanted.model_copy(update={"owner": "林小满"})
    apply(workspace, changed)  # another owner changes no times
    time.at(MONDAY + timedelta(days=4))
    assert len(time.work()) == 1


def test_several_workers_deliver_once(workspace: Workspace, time: Time) -> None:
    time.at(MONDAY - timedelta(hours=1))
    apply(workspace, define("report", "many", {"questions": ["r_sales"], "when": {"every": "day", "at": "09:00"}}))
    time.at(MONDAY)
    first = workspace.postroom.queue_due()
    workspace.postroom._next = None  # another process that has not looked yet
    assert (len(first), workspace.postroom.queue_due()) == (1, [])
    job = workspace.jobs.take("one", ("report",))
    assert job is not None
    time.at(MONDAY + timedelta(minutes=2))  # its process is taken to be dead, and another takes the work up
    again = workspace.jobs.take("two", ("report",))
    assert again is not None
    assert again.id == job.id
    delivery = workspace.postroom.get(first[0].id)
    made = reports.write(workspace, workspace.reports.get("many"))
    assert workspace.postroom.complete(delivery, {"a.txt": b"one"}, made.body)
    assert not workspace.postroom.complete(delivery, {"a.txt": b"two"}, made.body)
    assert workspace.postroom.read(delivery.id, "a.txt") == b"one"
    assert len(told(workspace, "many")) == 1
    assert workspace.postroom.sweep() == 0  # the second one left nothing behind
    Worker(workspace, WORK).run(again)
    assert len(told(workspace, "many")) == 1


def test_only_the_files_of_a_delivery_are_handed_out(workspace: Workspace, time: Time) -> None:
    report_of(workspace, ["r_sales"])
    made = workspace.postroom.send("probe", actor="test")
    time.work()
    assert b"<!doctype html>" in workspace.postroom.read(made.id, "report.html")
    for name in ("../../dujiang.toml", "/etc/passwd", "nothing.csv", ""):
        with pytest.raises(NotFound):
            workspace.postroom.read(made.id, name)


def test_old_deliveries_are_forgotten_with_their_files(workspace: Workspace, time: Time) -> None:
    report_of(workspace, ["r_sales"])
    ids = [workspace.postroom.send("probe", actor="test").id for _ in range(3)]
    time.work()
    waiting = workspace.postroom.send("probe", actor="test").id
    before = len(list(workspace.layout.reports.iterdir()))
    workspace.postroom.prune(2)
    kept = [one.id for one in workspace.postroom.list("probe")]
    assert waiting in kept
    assert ids[-1] in kept
    assert ids[0] not in kept
    assert len(list(workspace.layout.reports.iterdir())) < before
    time.work()


def test_a_report_is_made_in_the_form_sent_and_fetched(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace, time: Time
) -> None:
    form = {
        "title": "运营周报", "dashboard": "r_board", "questions": ["r_sales"], "every": "week", "weekday": "3", "monthday": "9",
        "at": "08:30", "email": "a@example.com，b@example.com", "wecom": "ops", "feishu": "", "dingtalk": "", "language": "zh",
        "owner": "林小满", "deputy": "周岚",
    }  # fmt: skip
    refused = admin.post("/reports/save", data={**form, "wecom": "https://x/?key=1"})
    assert refused.status_code == 400
    assert 'value="运营周报"' in refused.text
    answer = admin.post("/reports/save", data=form)
    assert answer.status_code == 303
    name = answer.headers["location"].removeprefix("/reports/")
    found = workspace.reports.get(name)
    assert (found.spec.when.every, found.spec.when.day, found.spec.when.at) == ("week", 3, "08:30")
    assert found.spec.to.channels == {"email": ("a@example.com", "b@example.com"), "wecom": ("ops",)}
    assert found.definition.deputy == "周岚"
    page = admin.get(f"/reports/{name}?lang=zh").text
    assert "每周三 08:30" in page
    assert "看板“r_board 标题”" in page
    assert "运营周报" in viewer.get("/reports").text
    assert "买家数" in viewer.get(f"/reports/{name}/preview?lang=zh").text
    assert viewer.post(f"/reports/{name}/send").status_code == 403
    assert viewer.get("/reports/edit").status_code == 403
    assert admin.post(f"/reports/{name}/send").status_code == 303
    time.work()
    (file,) = set(re.findall(rf"/reports/{name}/files/[^\"]+/report\.xlsx", admin.get(f"/reports/{name}").text))
    assert load_workbook(io.BytesIO(admin.get(file).content)).sheetnames[0] == "摘要"
    assert workspace.audit.list(1)[0].action == "export"
    assert viewer.get(file).status_code == 403
    assert file not in viewer.get(f"/reports/{name}").text
    assert admin.get(file.replace(name, "probe")).status_code == 404
    edited = admin.get(f"/reports/edit?name={name}").text
    assert 'value="a@example.com, b@example.com"' in edited
    admin.post(f"/reports/{name}/status", data={"status": "paused"})
    assert workspace.postroom.next_due(workspace.reports.get(name)) is None
    admin.post(f"/reports/{name}/status", data={"status": "retired"})
    assert admin.get(f"/reports/{name}").status_code == 404
