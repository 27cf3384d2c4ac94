"""Shrinkage of active hours: against drawn people whose shares are known, and on the days that follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from dujiang.engine.contract import ALL
from dujiang.engine.question import table
from dujiang.engine.refresh import Change
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.people.hours.follower import ActiveHourFollower
from dujiang.people.hours.model import SLOTS, Prior
from dujiang.people.hours.service import HourService, prior_of
from dujiang.people.hours.shrinkage import around, expected, hours_of, prior

PEOPLE = 600


def drawn(strength: float, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Everybody's shares, each person's own, and the active hours of each person in each slot."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(SLOTS, 2.0))
    own = np.array([rng.dirichlet(strength * share + 1e-9) for _ in range(PEOPLE)])
    seen = np.array([rng.multinomial(rng.integers(1, 60), one) for one in own])
    return share, own, seen


def counted(seen: np.ndarray) -> Prior:
    person, slot = np.nonzero(seen)
    pairs, people = np.unique(np.stack((slot, seen[person, slot])), axis=1, return_counts=True)
    totals, of = np.unique(seen.sum(axis=1), return_counts=True)
    return prior(pairs[0], pairs[1], people, totals, of)


@pytest.mark.parametrize("strength", [8.0, 40.0])
def test_the_strength_is_found_again(strength: float) -> None:
    _share, _own, seen = drawn(strength)
    assert counted(seen).strength == pytest.approx(strength, rel=0.15)


def test_later_hours_are_foretold_better_than_by_habit_alone_and_than_by_everybody() -> None:
    share, own, seen = drawn(20.0)
    everybody = counted(seen)
    later = np.array([np.random.default_rng(n).multinomial(20, one) for n, one in enumerate(own)])
    shrunk = np.array([expected(one, everybody) for one in seen])
    raw = (seen + 1) / (seen.sum(axis=1, keepdims=True) + SLOTS)
    gains = {
        name: (later * np.log(foretold)).sum()
        for name, foretold in (("shrunk", shrunk), ("raw", raw), ("everybody", np.asarray(everybody.share)))
    }
    assert gains["shrunk"] > gains["raw"]
    assert gains["shrunk"] > gains["everybody"]
    assert np.asarray(everybody.share) == pytest.approx(share, abs=0.02)


def test_where_groups_differ_somebody_little_known_is_foretold_better_by_their_group() -> None:
    rng = np.random.default_rng(9)
    shares = [rng.dirichlet(np.full(SLOTS, 0.3)) for _ in range(2)]
    own = np.array([rng.dirichlet(30 * shares[n % 2] + 1e-9) for n in range(PEOPLE)])
    seen, later = (np.array([rng.multinomial(often, one) for one in own]) for often in (4, 40))
    everybody = counted(seen)
    groups = [around(seen[n::2].sum(axis=0), everybody) for n in range(2)]
    by_group = sum(np.log(expected(one, groups[n % 2])) @ later[n] for n, one in enumerate(seen))
    by_everybody = sum(np.log(expected(one, everybody)) @ later[n] for n, one in enumerate(seen))
    assert by_group > by_everybody + 1000


def test_who_is_unknown_is_like_everybody_and_who_is_known_like_themselves() -> None:
    _share, _own, seen = drawn(20.0)
    everybody = counted(seen)
    nobody, regular = hours_of(np.zeros(SLOTS), everybody, range(8, 21)), np.zeros(SLOTS)
    regular[9::24] = 100
    habit = hours_of(regular, everybody, range(8, 21))
    assert (nobody.share, nobody.own, nobody.basis) == (pytest.approx(everybody.share), 0.0, "others")
    assert (habit.basis, habit.best[0].hour) == ("own", 9)
    assert habit.best[0].low < habit.best[0].share < habit.best[0].high
    assert habit.best[0].likely > 0.99


def test_only_hours_that_are_allowed_are_best() -> None:
    night = np.zeros(SLOTS)
    night[2::24] = 50
    assert all(8 <= one.hour < 21 for one in hours_of(night, counted(drawn(20.0)[2]), range(8, 21)).best)


def test_people_who_all_do_the_same_are_said_to_be_alike() -> None:
    rng = np.random.default_rng(8)
    share = rng.dirichlet(np.full(SLOTS, 2.0))
    seen = np.array([rng.multinomial(rng.integers(1, 60), share) for _ in range(PEOPLE)])
    assert counted(seen).alike
    assert not counted(drawn(40.0)[2]).alike


def test_with_few_people_nothing_is_said_of_how_they_differ() -> None:
    few = prior([3, 4], [1, 2], [1, 1], [3], [1])
    assert few.strength is None
    assert not few.alike
    own = np.zeros(SLOTS)
    own[7] = 9
    assert hours_of(own, few, range(24)).own == 0.0


def fill(con: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, object]]) -> None:
    con.register("staged", pa.Table.from_pylist(rows, schema=ALL[name].columns))
    con.execute(f"INSERT INTO {name} SELECT * FROM staged")
    con.unregister("staged")


def test_an_hour_counts_once_in_the_zone_of_the_brand() -> None:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    create_tables(con, [ALL[name] for name in ("visit", "orders", "active_hour")])
    monday = datetime(2026, 11, 22, 16, 5, tzinfo=UTC)  # 00:05 of Monday in Shanghai
    visits = [monday, monday + timedelta(minutes=40), monday + timedelta(hours=1), monday + timedelta(days=7)]
    fill(con, "visit", [{"person": 1, "channel": "x", "started_at": at} for at in visits])
    order = {"order_key": 1, "person": 1, "status": "valid", "at": monday + timedelta(minutes=20)}
    fill(con, "orders", [order, order | {"order_key": 2, "status": "cancelled", "at": monday + timedelta(hours=5)}])
    follower = ActiveHourFollower()
    follower.follow(con, Change(True, monday, "Asia/Shanghai"))
    rows = con.execute("FROM active_hour ORDER BY slot").fetchall()
    assert rows == [(1, 0, 2), (1, 1, 1)]
    con.execute("CREATE TEMP TABLE touched AS SELECT 1::BIGINT AS person")
    follower.follow(con, Change(False, monday, "Asia/Shanghai"))
    assert con.execute("FROM active_hour ORDER BY slot").fetchall() == rows
    assert prior_of(con).hours == 3


class Held:
    """An engine with some active hours and groups."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        create_own_tables(self.con)
        create_tables(self.con, [ALL[name] for name in ("active_hour", "person_group")])
        # Forty early people in one group, forty late ones in another; 100 is in the late group and was never seen.
        early = [{"person": n, "slot": 9 + 24 * day, "hours": 3} for n in range(40) for day in range(5)]
        late = [{"person": n, "slot": 20 + 24 * day, "hours": 3} for n in range(40, 80) for day in range(5)]
        fill(self.con, "active_hour", early + late)
        groups = [{"person": n, "moment": "now", "group_id": "early" if n < 40 else "late"} for n in [*range(80), 100]]
        fill(self.con, "person_group", groups)

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self.con.cursor()
        yield cursor
        cursor.close()


def test_somebody_is_shrunk_to_their_group_and_to_everybody_without_one() -> None:
    held = Held()
    service = HourService(held)
    unseen, alone = service.of_person(100), service.of_person(101)
    assert (unseen.group, unseen.basis, unseen.best[0].hour) == ("late", "others", 20)
    assert (alone.group, alone.basis) == ("", "others")
    assert alone.share == pytest.approx(service.everybody().share)


def test_people_of_a_question_have_a_week_of_their_own() -> None:
    held = Held()
    rows = table("person_group")
    found = HourService(held).of_people(rows.filter(rows.group_id == "early").select("person"))
    assert (found.hours, found.best[0].hour, found.basis) == (600, 9, "own")
    nobody = HourService(held).of_people(rows.filter(rows.group_id == "none").select("person"))
    assert (nobody.hours, nobody.basis) == (0, "others")
