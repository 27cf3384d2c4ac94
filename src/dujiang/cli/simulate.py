"""``dujiang simulate``: write a brand's channel files and tracking calls, and the truth beside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from dujiang.cli.app import Json, app
from dujiang.cli.output import progress_bar, say, show_json
from dujiang.foundation.clock import SystemClock
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import day_of, zone


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write into / 输出目录")],
    people: Annotated[int, typer.Option(help="How many people / 人数")] = 20_000,
    months: Annotated[int, typer.Option(help="How many months / 月数")] = 18,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes / 随机种子")] = 20260618,
    hazard: Annotated[
        Literal["low", "normal", "high"], typer.Option(help="How often identities mislead / 干扰程度")
    ] = "normal",
    end: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; yesterday / 最后一天，默认昨天")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a made-up brand's files, calls and truth / 生成模拟品牌"""
    from dujiang.simulate import SimulationSpec
    from dujiang.simulate import simulate as simulate_brand

    last = end.date() if end else day_of(SystemClock().now(), zone()) - timedelta(1)
    spec = SimulationSpec(end=last, people=people, months=months, seed=seed, hazard=hazard)
    with progress_bar() as progress:
        made = simulate_brand(spec, out, progress)
    if as_json:
        show_json(made)
    else:
        counts = {"people": made.people, "orders": made.orders, "events": made.events, "files": len(made.files)}
        say(_("{people} people, {orders} orders, {events} events in {files} files."), **counts)
