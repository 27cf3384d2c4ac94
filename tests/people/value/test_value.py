"""Bands, matrix and concentration against plain Python and against resampling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.contract import ALL
from dujiang.engine.question import ask, table
from dujiang.engine.refresh import Change
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.timewindows import Period
from dujiang.people.value.concentration import concentration, gini_of, top_share
from dujiang.people.value.follower import ValueFollower
from dujiang.people.value.model import Bands, Layer, RfmSpec, Threshold, ValueMatrixSpec
from dujiang.people.value.service import ValueService, rules

TODAY = date(2026, 11, 22)
amounts = st.lists(st.integers(0, 10_000), min_size=1, max_size=60).filter(lambda paid: sum(paid) > 0)


class Connection:
    """The engine of a test: one connection."""

    def __init__(self, days: list[dict[str, Any]], orders: list[dict[str, Any]] | None = None) -> None:
        self.con = duckdb.connect()
        self.con.execute("SET TimeZone = 'UTC'")
        create_own_tables(self.con)
        create_tables(self.con, [ALL[name] for name in ("person_day", "orders", "person_value")])
        self.fill("person_day", days)
        self.fill("orders", orders or [])

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self.con

    def fill(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.con.register("staged", pa.Table.from_pylist(rows, schema=ALL[name].columns))
        self.con.execute(f"INSERT INTO {name} SELECT * FROM staged")
        self.con.unregister("staged")


def day(
    person: int, ago: int, orders: int = 0, paid: int = 0, visits: int = 0, interactions: int = 0
) -> dict[str, Any]:
    return {
        "person": person, "day": TODAY - timedelta(ago), "channel": "x", "orders": orders, "paid_minor": paid,
        "refunded_minor": 0, "visits": visits, "interactions": interactions,
    }  # fmt: skip


def rows_of(days: list[dict[str, Any]], *own: Any) -> dict[int, dict[str, Any]]:
    tables = Connection(days)
    rfm, matrix = (*own, *rules({})[len(own) :])
    ValueFollower(lambda: (rfm, matrix)).follow(tables.con, Change(True, datetime(2026, 11, 22, 12, tzinfo=UTC), "UTC"))
    found = ask(tables.con, table("person_value")).to_pylist()
    return {row["person"]: row for row in found}


# ── refreshes of some ────────────────────────────────────────────────────────────────────────────────────────────────

doings = st.lists(
    st.builds(
        day, st.integers(1, 12), st.integers(0, 400), st.integers(0, 2), st.integers(-50, 500), st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=40,
)  # fmt: skip


@given(doings, doings, st.sets(st.integers(1, 12)))
@settings(max_examples=25, deadline=None)
def test_a_refresh_of_some_equals_one_of_everybody(
    before: list[dict[str, Any]], after: list[dict[str, Any]], touched: set[int]
) -> None:
    tables, now = Connection(before), datetime(2026, 11, 22, 12, tzinfo=UTC)
    follower = ValueFollower(lambda: rules({}))
    follower.follow(tables.con, Change(True, now, "UTC"))
    tables.con.execute("CREATE TEMP TABLE touched (person BIGINT)")
    if touched:
        tables.con.executemany("INSERT INTO touched VALUES (?)", [[one] for one in sorted(touched)])
    tables.con.execute("DELETE FROM person_day WHERE person IN (SELECT person FROM touched)")
    tables.fill("person_day", [one for one in after if one["person"] in touched])
    follower.follow(tables.con, Change(False, now, "UTC"))
    rest = [one for one in before if one["person"] not in touched]
    expected = rows_of([*rest, *(one for one in after if one["person"] in touched)])
    assert {row["person"]: row for row in ask(tables.con, table("person_value")).to_pylist()} == expected


# ── bands ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5), st.integers(0, 500)), min_size=1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_quantile_bands_never_divide_equal_values_and_rise(buyers: list[tuple[int, int, int]]) -> None:
    found = rows_of([day(person, *facts) for person, facts in enumerate(buyers)])
    for band, value, sign in (("r", 0, -1), ("f", 1, 1), ("m", 2, 1)):
        pairs = sorted((sign * facts[value], found[person][band]) for person, facts in enumerate(buyers))
        bands = [number for _value, number in pairs]
        assert bands == sorted(bands)
        assert len(set(pairs)) == len({first for first, _band in pairs})
        assert 1 <= bands[0] <= bands[-1] <= 5


def test_bands_of_ten_different_buyers_hold_two_each() -> None:
    found = rows_of([day(person, person * 10, 1, (person + 1) * 100) for person in range(10)])
    assert [found[person]["r"] for person in range(10)] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [found[person]["m"] for person in range(10)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert {row["f"] for row in found.values()} == {1}


def test_edges_of_a_brands_own() -> None:
    spec = RfmSpec(recency=Bands(edges=(30, 90)), frequency=Bands(edges=(2,)), money=Bands(edges=(1000,)))
    found = rows_of([day(1, 29, 1, 999), day(2, 30, 2, 1000), day(3, 90, 1, 5000), day(4, 400, 9, 9000)], spec)
    assert [(found[p]["r"], found[p]["f"], found[p]["m"]) for p in (1, 2, 3)] == [(3, 1, 1), (2, 2, 2), (1, 1, 2)]
    assert 4 not in found


# ── matrix ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_layers_by_what_is_high() -> None:
    matrix = ValueMatrixSpec(
        frequency=Threshold(at_least=3), order_value=Threshold(at_least=10_000), interaction=Threshold(at_least=5)
    )
    days = [
        day(1, 5, orders=3, paid=60_000),  # often and much
        day(2, 5, orders=3, paid=3_000),  # often
        day(3, 5, orders=1, paid=20_000),  # much
        day(4, 5, visits=1, interactions=9),  # talks
        day(5, 5, orders=1, paid=500),
        day(6, 5, visits=1),
        day(7, 5),  # nothing that counts
    ]
    found = rows_of(days, RfmSpec(), matrix)
    assert {person: row["layer"] for person, row in found.items()} == {
        1: "strategic", 2: "potential", 3: "potential", 4: "potential", 5: "long_tail", 6: "long_tail", 7: None,
    }  # fmt: skip
    assert found[1]["high"] == ["frequency", "order_value"]


def test_a_share_at_the_top_is_of_those_who_have_any() -> None:
    matrix = ValueMatrixSpec(interaction=Threshold(top_share=0.5))
    days = [day(person, 1, visits=1, interactions=person) for person in range(5)]
    found = rows_of(days, RfmSpec(), matrix)
    assert [person for person, row in found.items() if "interaction" in row["high"]] == [2, 3, 4]


def test_value_as_of_an_earlier_day_knows_nothing_later() -> None:
    service = ValueService(Connection([day(1, 10, 1, 500), day(1, 2, 5, 90_000)]), dict)
    then, now = service.page(TODAY - timedelta(5)), service.page(TODAY)
    assert ([cell.money_minor for cell in then.rfm], [cell.money_minor for cell in now.rfm]) == ([500], [90_500])


@pytest.mark.parametrize(
    "layers",
    [(Layer(name="a"), Layer(name="b")), (Layer(name="a", any_of=(("frequency",),)), Layer(name="a"))],
)
def test_unsound_matrices_are_refused(layers: Any) -> None:
    with pytest.raises(ValueError, match="layer"):
        ValueMatrixSpec(layers=layers)


# ── concentration ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(amounts)
def test_gini_is_the_mean_difference_of_all_pairs(paid: list[int]) -> None:
    values = np.sort(np.array(paid, float))
    pairs = np.abs(values[:, None] - values[None, :]).mean()
    assert gini_of(values) == pytest.approx(pairs / (2 * values.mean()), abs=1e-9)


@given(amounts, st.floats(0.01, 1))
def test_the_top_holds_what_whole_people_hold_and_the_last_in_part(paid: list[int], share: float) -> None:
    falling = sorted(paid, reverse=True)
    whole = int(share * len(paid))
    part = share * len(paid) - whole
    held = sum(falling[:whole]) + (part * falling[whole] if whole < len(paid) else 0)
    assert top_share(np.sort(np.array(paid, float)), share) == pytest.approx(held / sum(paid), abs=1e-9)


@given(amounts, st.randoms())
def test_order_and_scale_do_not_matter(paid: list[int], rng: Any) -> None:
    mixed = [3 * one for one in paid]
    rng.shuffle(mixed)
    one, other = concentration(paid), concentration(mixed)
    assert np.array(one.curve) == pytest.approx(np.array(other.curve), abs=2e-6)  # kept to six digits
    assert one.top[0.05].value == pytest.approx(other.top[0.05].value)


def test_intervals_are_those_of_resampling() -> None:
    rng = np.random.default_rng(11)
    paid = np.sort(rng.gamma(1.3, 200.0, 4_000))
    found = concentration(paid)
    drawn = [np.sort(rng.choice(paid, len(paid))) for _ in range(400)]
    for estimate, resampled in (
        (found.gini, [gini_of(one) for one in drawn]),
        (found.top[0.05], [top_share(one, 0.05) for one in drawn]),
        (found.top[0.2], [top_share(one, 0.2) for one in drawn]),
    ):
        assert estimate is not None and estimate.low is not None and estimate.high is not None
        width = np.quantile(resampled, 0.975) - np.quantile(resampled, 0.025)
        assert (estimate.high - estimate.low) / width == pytest.approx(1, abs=0.15)


def test_few_buyers_get_no_interval_and_no_sales_no_shares() -> None:
    few, none = concentration([100, 200]), concentration([0, 0])
    assert few.few
    assert few.gini is not None and few.gini.low is None
    assert (none.top, none.gini, none.curve) == ({}, None, ())


def test_the_people_at_the_top_are_the_best_buyers() -> None:
    order = {"channel": "x", "status": "valid", "day": TODAY}
    orders = [order | {"order_key": n, "person": n, "paid_minor": n * 10} for n in range(1, 41)]
    tables = Connection([], orders)
    service = ValueService(tables, dict)
    rows = service.people_at_top(Period(TODAY, TODAY), 0.05)
    assert sorted(ask(tables.con, rows)["person"].to_pylist()) == [39, 40]
    with pytest.raises(InvalidInput):
        service.people_at_top(Period(TODAY, TODAY), 1.5)
