"""The console over a brand of which every room has something, asked without a browser, and what is wrong with an answer."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
import sqlite3
from dataclasses import dataclass
from typing import Any, Final

import httpx

from dujiang.foundation.definitions import parse
from dujiang.foundation.ids import person_id
from dujiang.identity.decisions import Wish
from dujiang.people.model import PeopleQuery
from dujiang.store.command import SYSTEM
from dujiang.workspace import Workspace

PASSWORD: Final = "a long enough password"
DIGITS: Final = "9" * 5_000
MARKUP: Final = "<script>坏('😀');--</script>"
ODD: Final = ("", "长" * 5_000, "a\x00b", MARKUP, DIGITS, "１２３")
"""What any field may be sent; it is refused or taken, and nothing breaks."""
CONDITION: Final = {"type": "behaviour", "source": "orders", "op": "at_least", "value": 2}
PLAIN: Final = ("", "{", "[1]", '"x"', "[" * 9_000, '{"type": "no-such"}', '{"type": NaN}', "null")
METRIC: Final = {"type": "metric", "metrics": ["gmv"]}
PICK: Final = {"metric": "buyers"}
TEST: Final = {"design": "geo", "first": "2026-11-01", "last": "2026-11-14", "markets": ["杭州市"]}
COLUMNS: Final = "订单编号,下单时间,实付金额,订单状态,商品金额,运费,优惠金额,手机号"
ORDERS: Final = f"{COLUMNS}\nN1,2026-11-01 10:00:00,12.5,已完成,12.5,0,0,19900009999\n"


@dataclass
class Console:
    """The console over a brand, asked by an administrator.

    Attributes:
        places: what stands for ``{…}`` in addresses and fields.
    """

    workspace: Workspace
    app: Any
    token: str
    places: dict[str, str]
    sent: int = 0

    def ask(self, method: str, path: str, spoken: str = "zh", **more: Any) -> httpx.Response:
        headers = {"cookie": f"dj_session={self.token}; dj_lang={spoken}", "sec-fetch-site": "same-origin"}
        asked = self._client.request(method, path, headers=headers | more.pop("headers", {}), **more)
        return self._runner.run(asked)

    def fill(self, text: str) -> str:
        """``text`` with the workspace's own ids; every ``{n}`` is new."""
        self.sent += 1
        places = {**self.places, "n": str(self.sent)}
        return re.sub(r"\{(\w+)\}", lambda found: places.get(found[1], found[0]), text)

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
        self._watching.close()

    def version(self) -> int:
        """A number that differs as soon as anything was committed to the store."""
        return self._watching.execute("PRAGMA data_version").fetchone()[0]

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(transport=transport, base_url="http://brand.example")
        self._watching = sqlite3.connect(self.workspace.layout.store / "dujiang.db")


def set_up(workspace: Workspace) -> dict[str, str]:
    """Something for every page and form to be about: names of places with what stands for them."""
    question = workspace.definitions.get("question", "sales").spec
    made = [
        parse({"kind": "segment", "name": "buyers", "spec": {"condition": CONDITION}}),
        parse({"kind": "question", "name": "spare", "spec": question}),
        parse({"kind": "dashboard", "name": "spare", "spec": {}}),
        parse({"kind": "annotation", "name": "passing", "title": {"zh": "停电"}, "spec": {"first": "2026-11-05"}}),
        parse({"kind": "lift_test", "name": "autumn", "spec": TEST}),
    ]
    workspace.definitions.apply(workspace.definitions.plan(made), actor="test")
    workspace.refresh()
    imports, keys, accounts = workspace.imports, workspace.access.keys, workspace.access.accounts
    upload, spare, taken = (imports.upload(io.BytesIO(ORDERS.encode()), "orders.csv") for _n in range(3))
    one = workspace.people.list(PeopleQuery(known=True, limit=1)).people[0].person
    decide = workspace.identity_decisions.decide
    seen = {"facts": 200, "merges": 150, "rate": 0.75, "usual": 0.01, "bound": 0.05, "blocks": 9, "tripped": True}
    accounts.create("lin", PASSWORD, "viewer", actor="shen")
    return {
        "upload": upload,
        "spare_upload": spare,
        "imported": imports.run(taken, "own.orders", channel="pos", actor="test").id,
        "person": person_id(one),
        "node": person_id(one),
        "letter": str(workspace.dead_letters.list(state="open", limit=1)[0].id),
        "view": workspace.views.save("/value", "早会", "", actor="shen").id,
        "decision": decide(Wish("distrust", source="mini"), actor=SYSTEM).id,
        "hold": decide(Wish("distrust", source="files", from_seq=5, origin="hold", evidence=seen), actor=SYSTEM).id,
        "share": workspace.shares.create("spare", 7, actor="shen").id,
        "token": workspace.shares.create("week", 7, actor="shen").token,
        "dashboard": "spare",
        "job": workspace.jobs.create("junk", {}, "shen").id,
        "key": keys.create_api("till", "viewer", actor="shen").key.id,
        "account": next(each.id for each in accounts.list() if each.name == "lin"),
        "q": httpx.QueryParams({"q": json.dumps(METRIC)})["q"],
        "pick": json.dumps(PICK),
    }


def sentence(answer: httpx.Response) -> str:
    """What a refusal says: beside the form, or on a page of its own."""
    alert = re.search(r'role="alert"[^>]*>(.*?)</div>', answer.text, re.DOTALL)
    told = alert or re.search(r"<h1>.*?</h1>\s*<p>(.*?)</p>", answer.text, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", told[1])).strip() if told else ""


def faults(answer: httpx.Response, language: str) -> list[str]:
    """What is wrong with an answer, whatever was sent."""
    found = []
    if answer.status_code >= 500 or "Traceback" in answer.text:
        found.append("broken")
    if "<script>坏" in answer.text:
        found.append("not escaped")
    if answer.status_code >= 400 and not found:
        told = sentence(answer)
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in re.sub(r"“.*?”|长+|坏", "", told))
        if not told or chinese != (language == "zh"):
            found.append(f"says {told!r} in {language}")
    return found
