"""Whatever comes, late, corrected or undone: refreshing step by step gives what computing everything at once gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from engine_kit import (
    SHANGHAI,
    Archive,
    Rules,
    at,
    conversation,
    customer,
    event,
    line,
    mark,
    order,
    refresher,
    refund,
    rows,
    spend,
    traffic,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.engine import loading
from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine
from dujiang.engine.schema import PENDING

_MOMENT = st.integers(0, 5 * 24 * 12).map(lambda step: at(step * 5))
_PEOPLE = ("user:1", "user:2", "phone:1", "phone:2", "recycled:1", "device:1", "device:2", "device:3", "virtual:1")
_WHO = st.lists(st.sampled_from(_PEOPLE), max_size=2, unique=True)
_CHANNEL = st.sampled_from(["site", "shop"])
_AMOUNT = st.none() | st.integers(0, 5)
_STATUS = st.sampled_from([None, "valid", "cancelled", "unpaid"])
_DAY = st.integers(0, 1).map(lambda days: date(2026, 3, 1) + timedelta(days))


@st.composite
def _event(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["page", "page", "track", "identify"]))
    stated = {"page": draw(st.sampled_from([None, "/a", "/b"])), "dwell_ms": draw(_AMOUNT)}
    name = draw(st.sampled_from(["page_left", "share", "searched"])) if kind == "track" else kind
    return event(*draw(_WHO), moment=draw(_MOMENT), channel=draw(_CHANNEL), kind=kind, **{**stated, "name": name})


@st.composite
def _order(draw: st.DrawFn) -> Any:
    make = draw(st.sampled_from([order, line, refund]))
    number, moment = draw(st.sampled_from("AB")), draw(_MOMENT | st.none())
    stated: dict[str, Any] = {"status": draw(_STATUS), "channel": draw(_CHANNEL)}
    if make is refund:
        stated |= {"status": draw(st.sampled_from(["done", "open"])), "amount_minor": draw(_AMOUNT)}
        return refund(number, draw(st.sampled_from("12")), *draw(_WHO), moment=moment, **stated)
    stated |= {"paid_minor": draw(_AMOUNT), "refunded_minor": draw(_AMOUNT), "units": draw(_AMOUNT)}
    if make is line:
        return line(number, draw(st.sampled_from("12")), *draw(_WHO), moment=moment, **stated)
    stated |= {
        "province": draw(st.sampled_from([None, "Zhejiang", "Fujian"])),
        "city": draw(st.sampled_from([None, "Hangzhou"])),
    }
    return order(number, *draw(_WHO), moment=moment, paid_at=draw(st.none() | _MOMENT), **stated)


@st.composite
def _other(draw: st.DrawFn) -> Any:
    match draw(st.integers(0, 4)):
        case 0:
            stated: dict[str, Any] = {"gender": draw(st.sampled_from([None, "female"])), "points": draw(_AMOUNT)}
            tags = draw(st.none() | st.lists(st.sampled_from("xyz"), max_size=2))
            return customer(draw(st.sampled_from("12")), *draw(_WHO), moment=draw(_MOMENT), tags=tags, **stated)
        case 1:
            stated = {"complaint": draw(st.none() | st.booleans()), "resolved_at": draw(st.none() | _MOMENT)}
            return conversation(draw(st.sampled_from("12")), *draw(_WHO), moment=draw(_MOMENT | st.none()), **stated)
        case 2:
            level, unit, window = (draw(st.sampled_from(one)) for one in (["plan", "material"], "12", ["", "15d"]))
            return spend(
                level,
                unit,
                draw(_DAY),
                window=window,
                cost_minor=draw(_AMOUNT),
                account=draw(st.sampled_from([None, "x"])),
            )
        case 3:
            state = draw(st.sampled_from(["granted", "withdrawn", "unknown"]))
            said = {"purpose": "marketing", "medium": draw(st.sampled_from(["", "sms"])), "state": state}
            tag = {
                "tag": draw(st.sampled_from("xy")),
                "value": draw(st.sampled_from("12")),
                "removed": draw(st.booleans()),
            }
            family = draw(st.sampled_from(["consent", "tag"]))
            return mark(family, *draw(_WHO), moment=draw(_MOMENT), **(said if family == "consent" else tag))
        case _:
            level = draw(st.sampled_from(["shop", "source", "product"]))
            return traffic(level, draw(st.sampled_from(["", "a", "a/b"])), draw(_DAY), visitors=draw(_AMOUNT))


_FACTS = st.lists(_event() | _event() | _order() | _other(), min_size=1, max_size=8)
_STEP = st.tuples(_FACTS, st.booleans(), st.none() | st.integers(0, 5))
"""Facts to load, whether to refresh before the next step, and which batch to undo afterwards."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for all examples, emptied in between: to make a file takes longer than an example."""
    engine = Engine.open(tmp_path_factory.mktemp("engine") / "dujiang.duckdb", memory_mb=512, threads=1)
    yield engine
    engine.close()


_STEPS = st.lists(_STEP, min_size=1, max_size=4)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS)
def test_refreshing_step_by_step_equals_computing_everything(shared: Engine, steps: list[Any]) -> None:
    _stepwise_equals_at_once(shared, steps)


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS)
def test_the_same_over_many_more_histories(shared: Engine, steps: list[Any]) -> None:
    _stepwise_equals_at_once(shared, steps)


def _stepwise_equals_at_once(engine: Engine, steps: list[Any]) -> None:
    _empty(engine)
    archive, undone = _play(engine, steps)
    stepwise = {table: rows(engine, table) for table in ALL}
    _keys_are_unique(stepwise)
    _nothing_counts_twice(stepwise)
    _empty(engine)
    with engine.write() as con:
        loading.load_all(con, archive.left(undone), Rules(), str(SHANGHAI))
    refresher(engine).refresh(full=True)
    for table, found in stepwise.items():
        assert found == rows(engine, table), table


def _keys_are_unique(tables: dict[str, list[dict[str, Any]]]) -> None:
    for name, found in tables.items():
        keys = [tuple(row[column] for column in ALL[name].key) for row in found]
        assert len(set(keys)) == len(keys), name


def _nothing_counts_twice(tables: dict[str, list[dict[str, Any]]]) -> None:
    def total(table: str, column: str, where: Callable[[dict[str, Any]], bool] = lambda _row: True) -> int:
        return sum(row[column] or 0 for row in tables[table] if where(row))

    keys = {row["order_key"] for row in tables["orders"]}
    assert total("orders", "refunded_minor") == total("refunds", "amount_minor", lambda row: row["order_key"] in keys)
    dated = total("orders", "paid_minor", lambda row: row["nth"] is not None and row["day"] is not None)
    assert dated == total("person_day", "paid_minor")
    assert total("visit", "events") == total("person_day", "events") == total("person", "events")
    assert len(tables["visit"]) == total("person_day", "visits") == total("person", "visits")
    dated = sum(row["nth"] is not None and row["day"] is not None for row in tables["orders"])
    assert dated == total("person_day", "orders")


def _empty(engine: Engine) -> None:
    with engine.write() as con:
        for table in (*ALL, *PENDING, "loaded_part", "identifier_rule"):
            con.execute(f"DELETE FROM {table}")


def _play(engine: Engine, steps: list[Any]) -> tuple[Archive, set[str]]:
    keeper, archive, undone = refresher(engine), Archive(), set[str]()
    keeper.refresh()
    for number, (facts, refresh, undo) in enumerate(steps):
        keeper.load(archive.batch(f"batch{number}", *facts))
        if refresh:
            _incremental(keeper)
        if undo is not None and undo <= number and f"batch{undo}" not in undone:
            keeper.retract([f"batch{undo}"])
            undone.add(f"batch{undo}")
    _incremental(keeper)
    return archive, undone


def _incremental(keeper: Any) -> None:
    report = keeper.refresh()
    assert not report.full
