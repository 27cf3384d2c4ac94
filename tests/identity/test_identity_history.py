"""Quality day by day: measured when the day's measurement is old, ended numbers counted every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from dujiang.engine.contract import FACTS, PERSON
from dujiang.engine.refresh import RefreshReport
from dujiang.engine.schema import create_tables
from dujiang.foundation.clock import FixedClock
from dujiang.identity.history import QualityHistory
from dujiang.store.database import Database

START = datetime(2026, 11, 10, 15, 0, tzinfo=UTC)
"""An hour before midnight of the brand."""


class Answers:
    """Answers from one connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self.con


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


def test_days_are_measured_and_kept(database: Database, new_world: Callable[[], Any], fact: Callable[..., Any]) -> None:
    world, clock = new_world(), FixedClock(START)
    create_tables(world.con, (PERSON, FACTS["customer"]))
    world.con.execute("CREATE TABLE identifier_rule (type VARCHAR, joins BOOLEAN)")
    history = QualityHistory(database, Answers(world.con), clock, ZoneInfo("Asia/Shanghai"))

    def refresh(*facts: Any) -> None:
        history(RefreshReport(False, 0, 0, world.load(facts), "", "", None, None))

    refresh(fact("member_no:1"), fact("mobile:1"), fact("mobile:2"))
    refresh(fact("member_no:1 mobile:1"))  # within the hour: counted, not measured
    (first,) = history.recent(7)
    assert (first.day, first.at, first.persons, first.ended) == (date(2026, 11, 10), START, 3, 1)
    assert first.churn == 1 / 4
    clock.moment = START + timedelta(minutes=70)
    refresh(fact("member_no:1 mobile:2"))
    clock.moment = START + timedelta(hours=3)
    refresh(fact("email:a@b.cn"))
    before, after = history.recent(7)
    assert (before.day, before.persons, before.ended) == (date(2026, 11, 10), 3, 1)
    assert (after.day, after.persons, after.ended, after.largest) == (date(2026, 11, 11), 2, 1, 3)
    assert history.days(date(2026, 11, 11), date(2026, 11, 11)) == [after]
    assert (after.over_merge_rate, after.completeness, after.channels) == (None, None, ())
