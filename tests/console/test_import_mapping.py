"""Saying which column is which: what is guessed is filled in, what is said is kept, and the file is recognised from then on."""

from __future__ import annotations

import io
import re

import httpx
import pytest

from dujiang.workspace import Workspace

FILE = "流水,成交时间,成交额,订单状态,手机号\nT1,2026-11-11 10:00:00,99.00,已付款,13800000001\n"


@pytest.fixture
def upload(admin: httpx.Client) -> str:
    taken = admin.post("/imports/upload", files={"file": ("茶展.csv", io.BytesIO(FILE.encode()), "text/csv")})
    assert taken.status_code == 303, taken.text[:300]
    return taken.headers["location"]


def fields(page: str) -> dict[str, str]:
    """Field of the form by the template's column."""
    return {name: field for field, name in re.findall(r'<label class="label" for="f-(column\.\d+)">(.*?)[ <]', page)}


def test_an_unknown_file_is_told_and_known_from_then_on(admin: httpx.Client, upload: str, workspace: Workspace) -> None:
    assert f'href="{upload}/map"' in admin.get(f"{upload}?lang=zh").text
    page = admin.get(f"{upload}/map?lang=zh").text
    form = fields(page)
    assert re.search(rf'name="{form["订单状态"]}".*?<option value="订单状态" selected>', page, re.S)
    assert "13800000001" not in page
    said = {
        "订单编号": "流水",
        "下单时间": "成交时间",
        "实付金额": "成交额",
        "订单状态": "订单状态",
        "手机号": "手机号",
    }
    data = {form[name]: column for name, column in said.items()}
    kept = admin.post(f"{upload}/map", data={"like": "own.orders", "title": "茶展订单", "channel": "pos", **data})
    assert kept.status_code == 303, kept.text[:500]
    assert kept.headers["location"] == f"{upload}?mapping=orders_1"
    made = workspace.definitions.get("mapping", "orders_1")
    assert (made.title, made.owner, made.spec["channel"]) == ({"zh": "茶展订单"}, "shen", "pos")
    seen = admin.get(upload).text
    assert "茶展订单" in seen
    assert "已付款 1" in seen
    workspace.definitions.apply(
        workspace.definitions.plan([made.model_copy(update={"status": "retired"})]), actor="test"
    )


def test_another_template_has_other_columns(admin: httpx.Client, upload: str) -> None:
    assert "会员等级" in fields(admin.get(f"{upload}/map?like=own.customers").text)
    assert admin.get(f"{upload}/map?like=own.none").status_code == 404


def test_nothing_said_or_nonsense_said_changes_nothing(admin: httpx.Client, upload: str) -> None:
    assert admin.post(f"{upload}/map", data={"like": "own.orders", "title": "x"}).status_code == 400
    form = fields(admin.get(f"{upload}/map").text)
    data = {"like": "own.orders", "title": "x", form["订单编号"]: "没有这列"}
    assert admin.post(f"{upload}/map", data=data).status_code == 400
    assert admin.get("/imports/new/upl_nothing/map").status_code == 404


def test_whoever_may_only_read_cannot_map(viewer: httpx.Client, upload: str) -> None:
    assert viewer.get(f"{upload}/map").status_code == 403
