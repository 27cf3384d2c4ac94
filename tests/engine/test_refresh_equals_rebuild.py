"""Whatever comes, late, corrected or undone: refreshing step by step gives what computing everything at once gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from engine_kit import SHANGHAI, Archive, Rules, refresher, rows
from histories_kit import FACTS, empty
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.engine import loading
from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine

_STEP = st.tuples(FACTS, st.booleans(), st.none() | st.integers(0, 5))
"""Facts to load, whether to refresh before the next step, and which batch to undo afterwards."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for all examples, emptied in between: to make a file takes longer than an example."""
    engine = Engine.open(tmp_path_factory.mktemp("engine") / "dujiang.duckdb", memory_mb=512, threads=1)
    yield engine
    engine.close()


_STEPS = st.lists(_STEP, min_size=1, max_size=4)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS)
def test_refreshing_step_by_step_equals_computing_everything(shared: Engine, steps: list[Any]) -> None:
    _stepwise_equals_at_once(shared, steps)


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS)
def test_the_same_over_many_more_histories(shared: Engine, steps: list[Any]) -> None:
    _stepwise_equals_at_once(shared, steps)


def _stepwise_equals_at_once(engine: Engine, steps: list[Any]) -> None:
    empty(engine)
    archive, undone = _play(engine, steps)
    stepwise = {table: rows(engine, table) for table in ALL}
    _keys_are_unique(stepwise)
    _nothing_counts_twice(stepwise)
    empty(engine)
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
