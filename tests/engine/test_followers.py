"""Those who follow a refresh hear what it concerned, in its transaction."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest
from engine_kit import SHANGHAI, Archive, Components, Rules, at, event, node

from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Change, Refresher

EVE = datetime(2026, 11, 10, 16, 30, tzinfo=UTC)


class Witness:
    """Notes what it was told, and the persons it could read meanwhile."""

    def __init__(self) -> None:
        self.told: list[tuple[Change, set[int]]] = []

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        found = con.execute(f"SELECT DISTINCT person FROM {'person' if change.full else 'touched'}").fetchall()
        self.told.append((change, {person for (person,) in found}))


class Broken:
    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        raise ArithmeticError("a follower failed")


def keeper(engine: Engine, follower: Witness | Broken) -> Refresher:
    rules = Rules()
    return Refresher(
        engine, Components(), rules, SHANGHAI, 30, followers=[follower], now=lambda _con: EVE, full_from=1e9
    )


def test_a_follower_hears_who_was_touched(engine: Engine) -> None:
    witness, archive = Witness(), Archive()
    refresher = keeper(engine, witness)
    refresher.load(archive.batch("a", event("user:1", moment=at()), event("user:2", moment=at())))
    refresher.refresh()
    refresher.load(archive.batch("b", event("user:2", moment=at(1))))
    refresher.refresh()
    assert [touched for _change, touched in witness.told] == [{node("user:1"), node("user:2")}, {node("user:2")}]


def test_a_full_refresh_says_so_with_the_brands_day(engine: Engine) -> None:
    witness = Witness()
    refresher = keeper(engine, witness)
    refresher.load(Archive().batch("a", event("user:1", moment=at())))
    refresher.refresh(full=True)
    change, persons = witness.told[0]
    assert (change.full, change.now, change.today.isoformat()) == (True, EVE, "2026-11-11")
    assert persons == {node("user:1")}


def test_a_follower_that_fails_takes_the_refresh_back(engine: Engine) -> None:
    refresher = keeper(engine, Broken())
    refresher.load(Archive().batch("a", event("user:1", moment=at())))
    with pytest.raises(ArithmeticError):
        refresher.refresh()
    with engine.read() as con:
        assert con.execute("SELECT count(*) FROM person").fetchone() == (0,)
