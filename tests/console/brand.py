"""A small brand for the console's tests: real facts through the sift and the journal, the same every time."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import uvicorn

from dujiang.collect.identifiers import Tokeniser
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import load_yaml
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.ids import hash64
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
PASSWORD = "a long enough password"
DAYS = 75
PEOPLE = 400
CHANNELS = {
    "tmall": ("天猫", "Tmall", "marketplace"),
    "douyin": ("抖音", "Douyin", "content"),
    "mini_program": ("微信小程序", "Mini-program", "own"),
    "pos": ("线下门店", "Stores", "store"),
}
Mark = Callable[[str], str]


def definitions(mark: Mark) -> str:
    """The brand’s channels, sources, an annotation, a question and a dashboard as YAML; ``mark`` may change every text."""
    documents: list[dict[str, Any]] = [
        {
            "kind": "channel",
            "name": name,
            "title": {"zh": mark(zh), "en": mark(en)},
            "owner": mark("growth"),
            "spec": {"group": group},
        }
        for name, (zh, en, group) in CHANNELS.items()
    ]
    documents.append(
        {
            "kind": "source",
            "name": "mini",
            "title": {"zh": mark("小程序埋点")},
            "spec": {"channel": "mini_program", "device": "mini_program"},
        }
    )
    documents.append(
        {
            "kind": "source",
            "name": "files",
            "title": {"zh": mark("渠道文件")},
            "spec": {"type": "files", "channel": "tmall"},
        }
    )
    documents.append(
        {
            "kind": "annotation",
            "name": "price",
            "title": {"zh": mark("涨价"), "en": mark("Price up")},
            "spec": {"first": "2026-11-15"},
        }
    )
    question = {"type": "metric", "metrics": ["gmv"], "grain": "week", "period": {"preset": "last90"}}
    documents.append(
        {
            "kind": "question",
            "name": "sales",
            "title": {"zh": mark("每周成交"), "en": mark("Weekly sales")},
            "owner": mark("growth"),
            "spec": {"question": question},
        }
    )
    tiles = [{"question": "sales", "number": 2}, {"question": "sales", "x": 6, "show": "table", "own_days": True}]
    documents.append(
        {
            "kind": "dashboard",
            "name": "week",
            "title": {"zh": mark("每周看板"), "en": mark("Weekly")},
            "description": {"zh": mark("周会看的数")},
            "owner": mark("growth"),
            "spec": {"tiles": tiles},
        }
    )
    documents.append(
        {
            "kind": "report",
            "name": "monday",
            "title": {"zh": mark("周一早报"), "en": mark("Monday report")},
            "owner": mark("growth"),
            "spec": {"dashboard": "week", "questions": ["sales"], "to": {"wecom": ["ops"]}},
        }
    )
    return "\n---\n".join(json.dumps(one, ensure_ascii=False) for one in documents)


def table(family: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Staged facts: the family's columns without ``seq`` and ``batch``, with ``line``."""
    fields = [field for field in FAMILIES[family] if field.name not in ("seq", "batch")]
    schema = pa.schema([*fields, pa.field("line", pa.int64())])
    return pa.Table.from_pylist([{"line": line, **row} for line, row in enumerate(rows)], schema=schema)


def common(source: str, channel: str, at: datetime, identifiers: list[Any], *natural: str) -> dict[str, Any]:
    """Columns that every fact has."""
    key = hash64(source, channel, *natural)
    named = [{"type": one.type, "node": one.node} for one in identifiers]
    told = {"source": source, "channel": channel, "at": at, "received_at": at, "identifiers": named, "properties": "{}"}
    return {"key": key, "content": key, **told}


def phone(number: int) -> str:
    """A phone number of nobody."""
    return f"1990000{number:04d}"


def orders(rng: random.Random, tokeniser: Tokeniser, mark: Mark) -> list[dict[str, Any]]:
    """Orders of three channels over the days."""
    rows = []
    for number in range(900):
        buyer = int(PEOPLE * rng.random() ** 1.6)
        channel = ("tmall", "pos", "douyin")[0 if number % 2 else 1 + number % 3 // 2]
        at = NOW - timedelta(days=rng.uniform(0.5, DAYS), hours=rng.uniform(0, 3))
        pairs = [("mobile", phone(buyer))]
        if channel == "tmall":
            pairs.append(("taobao_buyer", f"茶友{buyer}"))
        paid = rng.randrange(3_900, 68_800, 100)
        row = common("files", channel, at, tokeniser.identifiers(pairs), "order", str(number))
        row |= {
            "shop": mark("旗舰店"),
            "order_no": mark(f"N{number:06d}"),
            "status": "valid" if number % 11 else "cancelled",
        }
        row |= {
            "paid_at": at,
            "gross_minor": paid,
            "paid_minor": paid,
            "refunded_minor": paid if number % 17 == 0 else 0,
        }
        row |= {
            "units": 1 + number % 3,
            "province": mark("浙江省"),
            "city": mark("杭州市"),
            "guide": mark("导购甲"),
            "discount_minor": 0,
            "freight_minor": 0,
        }
        rows.append(row)
    return rows


def customers(tokeniser: Tokeniser, mark: Mark) -> list[dict[str, Any]]:
    """What the member system knows of some."""
    rows = []
    for number in range(0, PEOPLE, 3):
        pairs = [("mobile", phone(number)), ("member_no", f"M{number:05d}"), ("email", f"tea{number}@example.com")]
        row = common(
            "files", "mini_program", NOW - timedelta(days=60), tokeniser.identifiers(pairs), "customer", str(number)
        )
        row |= {"gender": "female" if number % 2 else "male", "birth_year": 1970 + number % 35, "city": mark("苏州市")}
        row |= {
            "province": mark("江苏省"),
            "member_level": mark("金卡"),
            "points": number * 10,
            "tags": [mark("爱喝白茶")],
            "added_at": NOW - timedelta(days=1 + number % 80),
            "entry": mark("扫描二维码"),
        }
        rows.append(row)
    return rows


def conversations(tokeniser: Tokeniser, mark: Mark) -> list[dict[str, Any]]:
    """Talks with the service desk, some of them complaints that read as annoyed."""
    rows = []
    for number in range(60):
        at = NOW - timedelta(days=1 + number % 50, hours=number % 9)
        row = common("files", "tmall", at, tokeniser.identifiers([("mobile", phone(number))]), "talk", str(number))
        row |= {
            "conversation_id": str(number),
            "agent": mark(f"客服{number % 3}号"),
            "topic": mark("物流查询"),
            "first_response_ms": 10_000 + number * 5_000,
            "resolved_at": at + timedelta(minutes=20) if number % 5 else None,
            "complaint": number % 8 == 0,
            "rating": 1 + number % 5,
            "sentiment": -0.8 if number % 8 == 0 else 0.4,
        }
        rows.append(row)
    return rows


def spend(mark: Mark) -> list[dict[str, Any]]:
    """What advertising cost, day by day."""
    rows = []
    for back in range(1, DAYS):
        at = NOW - timedelta(days=back)
        row = common("files", "douyin", at, [], "spend", str(back))
        row |= {
            "account": mark("投放户"),
            "level": "plan",
            "unit_id": "p1",
            "unit": mark("秋茶计划"),
            "day": at.date(),
            "window": "",
        }
        rows.append(row | {"cost_minor": 80_000 + back * 500, "impressions": 40_000, "clicks": 900})
    return rows


def calls(rng: random.Random, mark: Mark) -> list[Entry]:
    """Tracking requests of the mini-program, with a silence in the middle and some events that cannot be read."""
    entries = []
    for back in range(DAYS * 24, 0, -3):
        at = NOW - timedelta(hours=back)
        if 60 < back < 84:
            continue
        batch = [_call(rng, at, mark, f"{back}-{n}") for n in range(6)]
        if back % 30 == 0:
            batch.append(
                {
                    "type": "track",
                    "event": mark("坏事件"),
                    "messageId": f"bad-{back}",
                    "anonymousId": "w1",
                    "timestamp": mark("not a time"),
                }
            )
        body = json.dumps({"batch": batch, "sentAt": at.isoformat()}, ensure_ascii=False).encode()
        entries.append(Entry("mini", "key_test", at, "/v1/batch", "application/json", body, len(batch)))
    return entries


def _call(rng: random.Random, at: datetime, mark: Mark, message: str) -> dict[str, Any]:
    who = int(PEOPLE * rng.random())
    call: dict[str, Any] = {"messageId": message, "anonymousId": f"wx-{who}", "timestamp": at.isoformat()}
    if who % 2:
        call |= {
            "type": "page",
            "name": mark("首页"),
            "properties": {"path": mark("/pages/index"), "title": mark("茶山首页")},
        }
    else:
        call |= {
            "type": "track",
            "event": mark("product_viewed"),
            "properties": {"product": mark("白毫银针"), "note": mark("x")},
        }
    if who % 4 == 0:
        call |= {"type": "identify", "traits": {"phone": phone(who)}}
    return call


def reading(mark: Mark) -> Entry:
    """One day on the site: articles are read and liked, and the home page is clicked, also in bursts and without effect."""
    at, batch = NOW - timedelta(days=9), []

    def add(who: int, seconds: float, name: str, path: str, **properties: Any) -> None:
        moment = (at + timedelta(minutes=who, seconds=seconds)).isoformat()
        kind = {"type": "page"} if name == "page" else {"type": "track", "event": name}
        page = {
            "page": {"path": path, "title": mark("茶生活")},
            "userAgent": "Mozilla/5.0 (iPhone) Mobile Safari/604.1",
        }
        batch.append({
            **kind, "messageId": f"read-{len(batch)}", "anonymousId": f"wx-{who}", "timestamp": moment,
            "properties": properties, "context": page,
        })  # fmt: skip

    for who in range(1, 31):
        item = mark(f"art{who % 2}")
        add(who, 0, "article_viewed", "/article", content_id=item)
        add(who, 9, "page_left", "/article", content_id=item, dwell_ms=9_000 + who * 100, scroll_pct=60)
        if who % 3 == 0:
            add(who, 8, "like", "/article", content_id=item)
        place = {"selector": mark("#banner"), "module": mark("banner"), "page_px": 2_000, "dead": False}
        add(who, 10, "page", "/home")
        add(who, 12, "element_clicked", "/home", x_pct=50, y_px=200 + who, **place)
        modules = {"banner": 3_000, "story": 1_000}
        add(who, 30, "page_left", "/home", dwell_ms=4_000, scroll_pct=who * 3, modules=modules)
    for burst in range(3):
        spot = {"selector": "#coupon", "module": "story", "text": mark("领券"), "page_px": 2_000, "dead": True}
        add(2, 20 + burst / 5, "element_clicked", "/home", x_pct=50, y_px=1_400, **spot)
    body = json.dumps({"batch": batch, "sentAt": at.isoformat()}, ensure_ascii=False).encode()
    return Entry("mini", "key_test", at + timedelta(hours=1), "/v1/batch", "application/json", body, len(batch))


def build(folder: Path, mark: Mark = lambda text: text) -> Workspace:
    """The brand in ``folder``, loaded and refreshed; the keys lie beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = FixedClock(NOW)
    workspace = Workspace.create(folder / "brand", name=mark("山海茶事"), clock=clock)
    rng = random.Random(7)
    workspace.definitions.apply(
        workspace.definitions.plan(load_yaml(definitions(mark))), actor="setup", note=mark("开始")
    )
    accounts = workspace.access.accounts
    accounts.create_first_admin(accounts.first_admin_token() or "", "shen", PASSWORD)
    accounts.create("yue", PASSWORD, "viewer", actor="shen")
    workspace.access.keys.create_collect(mark("小程序"), "mini", actor="shen")
    _take_in(workspace, rng, mark)
    workspace.journal.append_many([*calls(rng, mark), reading(mark)])
    workspace.refresh()
    return workspace


def _take_in(workspace: Workspace, rng: random.Random, mark: Mark) -> None:
    tokeniser = workspace.tokeniser()
    facts = {
        "order": orders(rng, tokeniser, mark),
        "customer": customers(tokeniser, mark),
        "spend": spend(mark),
        "conversation": conversations(tokeniser, mark),
    }
    with workspace.db.transaction() as tx:
        workspace.vault.put(tx, tokeniser.take_clear())
    for family, rows in facts.items():
        with workspace.sift.open(f"imp_{family}") as sieve:
            sieve.add({family: table(family, rows)})
            settled = sieve.settle()
        workspace.refreshing.take_in(settled)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """``app`` on a free port of loopback; its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # at once, so that who asks before the server runs waits instead of being refused
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
