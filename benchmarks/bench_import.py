"""A channel file of a gigabyte: imported, imported again, taken back."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from harness import Measurement, Stopwatch, peak_megabytes, stopwatch

from dujiang.collect.exports.records import ImportResult
from dujiang.collect.exports.templates import Mappings
from dujiang.foundation.definitions import parse
from dujiang.workspace import Workspace

MEGABYTES = int(os.environ.get("BENCH_IMPORT_MB", "1000"))
BUYERS = 900_000
ADDRESS = "虚构省 虚构市 不存在区 没有的路 100 号 茶叶大厦 12 层 1203 室"
TITLE = "明前龙井绿茶 250g 礼盒装 送礼长辈 雨前新茶 罐装散茶"


def measure() -> list[Measurement]:
    """Write the file, import it, import it again, take it back."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUJIANG_KEYS_FOLDER"] = folder + "/keys"
        file = Path(folder) / "ExportOrderList.csv"
        with file.open("wb") as out:
            rows = _write(out, MEGABYTES * 1_000_000)
        with Workspace.create(Path(folder) / "brand") as workspace:
            channel = parse({"kind": "channel", "name": "tmall", "spec": {"group": "marketplace"}})
            workspace.definitions.apply(workspace.definitions.plan([channel]), actor="bench")
            first, importing = _import(workspace, file)
            loaded = peak_megabytes()
            with stopwatch() as refreshing:
                workspace.refresh()
            before = _answers(workspace)
            again, repeating = _import(workspace, file)
            workspace.refresh()
            same = _answers(workspace) == before
            with stopwatch() as undoing:
                workspace.imports.undo(first.id, actor="bench")
                workspace.refresh()
            left = _answers(workspace)
    size = f"{MEGABYTES / 1000:g} GB, {rows:,} rows, gb18030"
    return [
        Measurement("file imported: " + size, f"{rows / importing.seconds:,.0f} rows/s", "", _times(importing, first)),
        Measurement("the same, peak memory until its facts are kept", f"{loaded:,} MB"),
        Measurement(
            "refresh after it", f"{refreshing.seconds:,.0f} s", "", f"processors {refreshing.processor:,.0f} s"
        ),
        Measurement(
            "the same file again",
            f"{again.accepted:,} new",
            "0 new",
            f"{_times(repeating, again)}; answers the same: {'yes' if same else 'NO'}",
        ),
        Measurement(
            "taken back", f"{undoing.seconds:,.0f} s", "", f"refresh included; orders, people and money left: {left}"
        ),
        Measurement("all of it, peak memory", f"{peak_megabytes():,} MB"),
    ]


def _import(workspace: Workspace, file: Path) -> tuple[ImportResult, Stopwatch]:
    with stopwatch() as watch, file.open("rb") as stream:
        upload = workspace.imports.upload(stream, file.name)
        result = workspace.imports.run(upload, channel="tmall", actor="bench")
    return result, watch


def _times(watch: Stopwatch, result: ImportResult) -> str:
    counts = f"{result.accepted:,} new, {result.duplicate:,} known, {result.rejected:,} bad"
    return f"{watch.seconds:,.0f} s, processors {watch.processor:,.0f} s; {counts}"


def _answers(workspace: Workspace) -> tuple[Any, ...]:
    with workspace.engine.read() as con:
        orders = con.sql("SELECT count(*), count(DISTINCT person), coalesce(sum(paid_minor), 0) FROM orders").fetchall()
    return tuple(map(int, orders[0]))


def _write(out: BinaryIO, size: int) -> int:
    header = Mappings().get("taobao.orders").match.header
    place = {name: position for position, name in enumerate(header)}
    written = out.write((",".join(header) + "\r\n").encode("gb18030"))
    rows = 0
    for row in _rows(place):
        if written >= size:
            break
        written += out.write((",".join(row) + "\r\n").encode("gb18030"))
        rows += 1
    return rows


def _rows(place: dict[str, int]) -> Iterator[list[str]]:
    draw, start = random.Random(5), datetime(2026, 1, 1)  # noqa: DTZ001 - a file's own clock
    number = 2_026_000_000_000_000_000
    while True:
        number += 7
        goods = draw.randrange(2_000, 60_000)
        at = str(start + timedelta(seconds=draw.randrange(28_000_000)))
        told = {
            "订单编号": f'="{number}"', "买家会员名": f"tb{draw.randrange(BUYERS)}_茶客",
            "买家应付货款": f"{goods / 100:.2f}", "买家应付邮费": "0.00", "总金额": f"{goods / 100:.2f}",
            "买家实际支付金额": f"{(goods - draw.randrange(500)) / 100:.2f}", "订单状态": "交易成功", "收货人姓名": "某某",
            "收货地址": ADDRESS, "运送方式": "快递", "联系手机": f"'1{draw.randrange(30, 99)}{draw.randrange(10**8):08d}",
            "订单创建时间": at, "订单付款时间": at, "宝贝标题": TITLE, "宝贝种类": "1", "宝贝总数量": "1", "店铺Id": "1",
            "店铺名称": "虚构旗舰店", "是否手机订单": "手机订单", "退款金额": "0.00", "物流公司": "虚构快递",
        }  # fmt: skip
        row = [""] * len(place)
        for name, value in told.items():
            if name in place:
                row[place[name]] = value
        yield row
