"""A small slice of the engine's contract on Spark: made-up facts and the tables that Spark computes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date

import ibis
import pytest
from engine_kit import Archive
from made_up_kit import MadeUp
from passes_kit import PASSES
from spark_kit import INTERPRETED, WORKERS, Both, both, cluster, everything, listening

from dujiang.engine.graph import GRAPH
from dujiang.engine.question import Rows, table
from dujiang.engine.spark.session import Session
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.people.value.questions import quantile_disc

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
"""127.0.0.1, as the kernel writes it."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Spark with two worker processes."""
    with cluster(tmp_path_factory.mktemp("cluster"), INTERPRETED) as session:
        yield session


@pytest.fixture(scope="module")
def brand(session: Session, tmp_path_factory: pytest.TempPathFactory, compiled_kernels: None) -> Iterator[Both]:
    """Made-up facts on both engines."""
    facts = Archive().batch("all", *MadeUp(7).facts(400))
    with both(session, tmp_path_factory.mktemp("brand"), facts) as brand:
        yield brand


@pytest.mark.parametrize("name", ["fact_event", "fact_order", "person_node", *(node.table for node in GRAPH)])
def test_a_table_holds_the_same_rows_on_both_engines(brand: Both, name: str) -> None:
    assert not brand.differences(everything(brand, name))


def test_the_made_up_facts_reach_every_table_that_spark_computes(brand: Both) -> None:
    for node in GRAPH:
        assert brand.duck.query(everything(brand, node.table)).num_rows > 1, node.table


def _spoken(events: Rows) -> dict[str, Rows]:
    """Questions that the two engines would answer differently if they were asked word for word."""
    share = {"median": events.dwell_ms.median(where=events.kind == "page"),
             "p90": events.dwell_ms.quantile(0.9, where=events.kind == "page")}  # fmt: skip
    names = ibis.array(["first", "second"])
    order = [events.day, events.seq]
    return {
        "a count of nothing is 0": events.group_by("kind").aggregate(none=events.count(where=events.name == "never")),
        "shares of some rows": events.group_by("channel").aggregate(**share),
        "outside an array is null": events.select(events.seq, word=names[events.seq % 4]),
        "the first in an order": events.group_by("channel").aggregate(page=events.page.first(order_by=order)),
        "distinct, then ordered": events.filter(events.kind == "page").select("channel").distinct(),
        "days apart": events.select(events.seq, apart=events.day.delta(date(2026, 2, 27), unit="day")),
        "parts of days": events.select(events.seq, weekday=events.day.day_of_week.index(), month=events.day.month()),
    }


SPOKEN = _spoken(table("fact_event"))


@pytest.mark.parametrize("name", SPOKEN)
def test_a_question_means_the_same_on_both_engines(brand: Both, name: str) -> None:
    question = SPOKEN[name]
    assert not brand.differences(question.order_by(question.columns[0]))


@pytest.mark.parametrize("name", ["whole_rows", "back"])
def test_a_pass_over_timelines_finds_the_same_on_both_engines(brand: Both, name: str) -> None:
    here, there = brand.passes(PASSES[name])
    assert here.num_rows > 1
    assert there.to_pylist() == here.to_pylist()


def test_a_function_that_spark_does_not_have_is_named(brand: Both) -> None:
    orders = table("orders")
    with pytest.raises(InvalidInput, match="it has no function quantile_disc") as refused:
        brand.spark.query(orders.aggregate(edge=quantile_disc(orders.paid_minor.cast("float64"), 0.5)))
    assert refused.value.code == "engine.no_function"


def test_work_is_done_in_two_processes_that_listen_on_loopback_alone(session: Session, brand: Both) -> None:
    executors = session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1  # the driver is counted too
    assert executors == WORKERS
    heard = listening(os.getpid())
    assert heard
    assert heard <= LOOPBACK


def test_a_table_outside_the_contract_is_refused(brand: Both) -> None:
    with pytest.raises(NotFound, match="There is no table nothing") as refused:
        brand.spark.table("nothing")
    assert refused.value.code == "engine.no_table"
