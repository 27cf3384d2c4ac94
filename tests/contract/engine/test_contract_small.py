"""A small slice of the engine's contract on Spark: a few hundred made-up facts, all tables; see ``test_contract_whole``."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from engine_kit import Archive
from made_up_kit import MadeUp
from spark_kit import INTERPRETED, WORKERS, Both, both, cluster, everything, listening

from dujiang.engine.contract import ALL
from dujiang.engine.graph import GRAPH
from dujiang.engine.spark.session import Session
from dujiang.foundation.errors import NotFound

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
"""127.0.0.1, as the kernel writes it."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Spark with two worker processes."""
    with cluster(tmp_path_factory.mktemp("cluster"), INTERPRETED) as session:
        yield session


@pytest.fixture(scope="module")
def brand(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Made-up facts on both engines."""
    facts = Archive().batch("all", *MadeUp(7).facts(400))
    with both(session, tmp_path_factory.mktemp("brand"), facts) as brand:
        yield brand


@pytest.mark.parametrize("name", ALL)
def test_a_table_holds_the_same_rows_on_both_engines(brand: Both, name: str) -> None:
    assert not brand.differences(everything(brand, name))


def test_the_made_up_facts_reach_every_table_that_spark_computes(brand: Both) -> None:
    for node in GRAPH:
        assert brand.duck.query(everything(brand, node.table)).num_rows > 1, node.table


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
