"""The files say what is true: read through the ordinary mappings they give every order once, with its amounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest

from dujiang.collect.exports.convert import convert
from dujiang.collect.exports.detect import find_header
from dujiang.collect.exports.reader import open_table
from dujiang.collect.exports.templates import Mappings
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser
from dujiang.collect.model import SourceSpec
from dujiang.foundation.definitions import Definition
from dujiang.foundation.ids import hash64
from dujiang.insight.model import AnnotationSpec
from dujiang.simulate import Simulated

Truth = Callable[[str], pd.DataFrame]
KEY = ["channel", "shop", "order_no"]


@pytest.fixture(scope="module")
def mappings(definitions: list[Definition]) -> Mappings:
    return Mappings(definitions)


@pytest.fixture(scope="module")
def facts(brand: Simulated, mappings: Mappings) -> dict[str, pd.DataFrame]:
    tokeniser = Tokeniser(hash64, IdentifierTypes.of())
    found: dict[str, list[pa.Table]] = defaultdict(list)
    for file in brand.files:
        rows = 0
        for chunk in convert(
            brand.folder / file.path, mappings.get(file.mapping), tokeniser=tokeniser, source=file.source,
            channel=file.channel, shop=file.shop, account=file.shop, app=file.app,
            received_at=datetime(2026, 11, 21, tzinfo=UTC), zone=ZoneInfo("Asia/Shanghai"),
        ):  # fmt: skip
            assert not chunk.bad, (file.path, chunk.bad[:1])
            rows += chunk.rows
            for family, table in chunk.facts.items():
                found[family].append(table.append_column("mapping", pa.array([file.mapping] * len(table))))
        assert rows == file.rows, file.path
    return {name: pa.concat_tables(parts).to_pandas().fillna({"shop": ""}) for name, parts in found.items()}


@pytest.fixture(scope="module")
def orders(truth: Truth, facts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every true order with what its files say: the order's own amounts, else the sum over its lines."""
    own = facts["order"].groupby(KEY).agg(
        said=("order_no", "size"), status_said=("status", "max"), paid=("paid_minor", "max"), gross=("gross_minor", "max"),
        refunded=("refunded_minor", "max"), names=("identifiers", lambda lists: max(map(len, lists))),
    )  # fmt: skip
    lines = facts["order_line"].groupby(KEY)[["paid_minor", "gross_minor", "refunded_minor"]].sum().add_suffix("_lines")
    return truth("order").set_index(KEY).join(own, how="outer").join(lines)


def test_every_order_is_in_the_files_and_no_other(orders: pd.DataFrame) -> None:
    assert len(orders) > 4_000
    assert orders["person"].notna().all()
    assert orders["said"].notna().all()


def test_no_order_is_in_two_files(brand: Simulated, facts: dict[str, pd.DataFrame]) -> None:
    one = facts["order"]
    of_files = one[~one["mapping"].isin(["taobao.items"])].groupby(KEY)["mapping"].nunique()
    assert of_files.max() == 1


@pytest.mark.parametrize("column", ["paid", "gross"])
def test_amounts_are_the_true_ones(orders: pd.DataFrame, column: str) -> None:
    said = orders[column].fillna(orders[f"{column}_minor_lines"]).fillna(0)
    assert (said == orders[f"{column}_minor"]).all()


def test_statuses_are_the_true_ones(orders: pd.DataFrame) -> None:
    assert (orders["status_said"] == orders["status"]).all()
    assert set(orders["status"]) == {"valid", "cancelled", "unpaid"}


def test_refunds_are_the_true_ones(orders: pd.DataFrame, facts: dict[str, pd.DataFrame]) -> None:
    done = facts["refund"][facts["refund"]["status"] == "done"]
    by_order = done.groupby(KEY)["amount_minor"].sum()
    said = orders["refunded"].fillna(orders["refunded_minor_lines"]).fillna(0)
    said = said.where(orders.index.get_level_values(0) != "douyin", by_order.reindex(orders.index).fillna(0))
    elsewhere = orders.index.get_level_values(0) == "store"
    assert (said[~elsewhere] == orders["refunded_minor"][~elsewhere]).all()
    # A till writes a return as a receipt of its own.
    assert done[done["channel"] == "store"]["amount_minor"].sum() == orders["refunded_minor"][elsewhere].sum() > 0


def test_the_platforms_totals_are_those_of_the_true_orders(truth: Truth, facts: dict[str, pd.DataFrame]) -> None:
    true = truth("order")
    true = true[true["status"] == "valid"].groupby(["channel", "shop", "day"])["paid_minor"].agg(["size", "sum"])
    said = facts["platform_total"].set_index(["channel", "shop", "day"])
    assert said.index.is_unique
    both = true.join(said, how="outer").fillna({"size": 0, "sum": 0})
    assert (both["size"] == both["orders"]).all()
    assert (both["sum"] == both["gmv_minor"]).all()


def test_every_fen_of_advertising_is_reported(truth: Truth, facts: dict[str, pd.DataFrame]) -> None:
    spent = truth("channel_day").groupby("channel")["spend_minor"].sum()
    windows = facts["spend"].drop_duplicates(["channel", "unit_id", "day"])
    reported = windows.groupby("channel")["cost_minor"].sum()
    assert reported.to_dict() == spent[spent > 0].to_dict()
    assert set(facts["spend"].query("channel == 'tmall'")["window"]) == {"1d", "15d"}


def test_every_file_is_recognised(brand: Simulated, mappings: Mappings) -> None:
    first = {file.mapping: file for file in brand.files}
    assert len(first) >= 17
    for name, file in first.items():
        with open_table(brand.folder / file.path) as tables:
            table = next(iter(tables))
            best = find_header(table.head(), table.part or file.path.name, mappings).best
        assert best is not None
        assert best.mapping == name


def test_definitions_are_in_form(definitions: list[Definition], brand: Simulated) -> None:
    specs = {one.key: one.typed() for one in definitions}
    sources = {key[1]: spec for key, spec in specs.items() if isinstance(spec, SourceSpec)}
    channels = {name for kind, name in specs if kind == "channel"}
    assert {spec.channel for spec in sources.values()} <= channels
    assert {file.source for file in brand.files} <= set(sources)
    assert {file.channel for file in brand.files} == channels
    notes = [spec for spec in specs.values() if isinstance(spec, AnnotationSpec)]
    assert all(brand.spec.start <= one.first <= brand.spec.end for one in notes)
