"""Groups are those that were planted, none where there are none, and the same for the same people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from dujiang.engine.contract import ALL
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.foundation.progress import Cancelled, silent
from dujiang.people.groups import stability
from dujiang.people.groups.assigning import assign, distances, reasons
from dujiang.people.groups.features import prepare, read
from dujiang.people.groups.fit import NOTHING_BEFORE, Before, GroupFit, fit_groups
from dujiang.people.groups.follower import assigned
from dujiang.people.groups.matching import matched
from dujiang.people.groups.model import Difference, GroupRules
from dujiang.people.groups.naming import named, title
from dujiang.people.groups.scaling import strength

ZONE: Final = ZoneInfo("Asia/Shanghai")
DAY: Final = date(2026, 11, 20)
RULES: Final = GroupRules(groups_max=5, resamples=5, starts=4)
CHANNELS: Final = {"marketplace": ("tmall",), "own": ("site",), "store": ("store",)}
KINDS: Final = ("price", "content", "social", "night")
_CALM: Final = {"discount": 0.05, "content": 0.1, "community": 0.05, "night": 0.1, "coupon": 0.02}
_OF_KIND: Final[dict[str, dict[str, float]]] = {
    "price": {"discount": 0.4, "coupon": 0.7},
    "content": {"content": 0.7},
    "social": {"community": 3.0},
    "night": {"night": 0.9},
    "like all": {},
}


def _rows(seed: int, kinds: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """A year of visits and orders of one person of each of ``kinds``; habits scatter around those of the kind."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[dict[str, Any]]] = {"orders": [], "visit": [], "fact_event": [], "person_node": []}
    for person, kind in enumerate(kinds, 1):
        habits = {name: value * float(np.exp(0.1 * rng.normal())) for name, value in (_CALM | _OF_KIND[kind]).items()}
        found["person_node"].append({"node": person, "person": person})
        for _order in range(1 + rng.poisson(6)):
            found["orders"].append(_order_row(rng, person, habits, len(found["orders"])))
        for visit in range(2 + rng.poisson(12)):
            _visit_rows(rng, person, habits, visit, found)
    return found


def _moment(rng: np.random.Generator, habits: dict[str, float]) -> datetime:
    late = rng.random() < habits["night"]
    at = time(23, int(rng.integers(60))) if late else time(int(rng.integers(8, 21)), int(rng.integers(60)))
    return datetime.combine(DAY - timedelta(int(rng.integers(1, 360))), at, ZONE).astimezone(UTC)


def _order_row(rng: np.random.Generator, person: int, habits: dict[str, float], key: int) -> dict[str, Any]:
    at, gross = _moment(rng, habits), int(rng.gamma(6, 2000)) + 100
    discount = round(gross * min(0.9, habits["discount"] * rng.gamma(8, 1 / 8)))
    return {
        "order_key": key, "person": person, "status": "valid", "channel": ("site", "tmall", "store")[key % 3], "at": at,
        "day": at.astimezone(ZONE).date(), "gross_minor": gross, "discount_minor": discount,
        "paid_minor": gross - discount, "units": int(rng.integers(1, 4)), "nth": 1,
        "coupon": "c" if rng.random() < habits["coupon"] else None,
    }  # fmt: skip


def _visit_rows(
    rng: np.random.Generator, person: int, habits: dict[str, float], number: int, found: dict[str, list[dict[str, Any]]]
) -> None:
    at, pages = _moment(rng, habits), int(1 + rng.poisson(4))
    common = {"channel": "site", "day": at.astimezone(ZONE).date()}
    found["visit"].append(
        common
        | {"person": person, "started_at": at + timedelta(seconds=number), "pages": pages, "events": pages}
        | {"dwell_ms": int(rng.gamma(3, 9000))}
    )
    names = ["article_viewed"] * int(rng.binomial(pages, min(0.95, habits["content"])))
    names += ["community_message"] * int(rng.poisson(habits["community"]))
    for name in names:
        seq = len(found["fact_event"])
        found["fact_event"].append(common | {"seq": seq, "anchor": person, "at": at, "kind": "track", "name": name})


def planted(seed: int, kinds: Sequence[str]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    create_tables(con)
    create_own_tables(con)
    for name, rows in _rows(seed, kinds).items():
        con.register("staged", pa.Table.from_pylist(rows, schema=ALL[name].columns))
        con.execute(f"INSERT INTO {name} SELECT * FROM staged")
        con.unregister("staged")
    return con


MANY: Final = tuple(KINDS[number % 4] for number in range(800))


@pytest.fixture(scope="module")
def four() -> Iterator[duckdb.DuckDBPyConnection]:
    con = planted(1, MANY)
    yield con
    con.close()


@pytest.fixture(scope="module")
def found(four: duckdb.DuckDBPyConnection) -> GroupFit:
    return fit_groups(four, DAY, ZONE, RULES, CHANNELS, NOTHING_BEFORE, silent)


def groups_of(con: duckdb.DuckDBPyConnection, fit: GroupFit) -> dict[int, str]:
    assert fit.model is not None
    rows = [one for part in assigned(con, fit.model, DAY, ZONE) for one in part.to_pylist()]
    return {row["person"]: row["own"] for row in rows}


def test_planted_groups_are_found_and_named_by_what_was_planted(
    four: duckdb.DuckDBPyConnection, found: GroupFit
) -> None:
    assert found.state == "fitted"
    assert len(found.body.groups) == 4
    own = groups_of(four, found)
    truth = [MANY[person - 1] for person in own]
    assert adjusted_rand_score(truth, list(own.values())) > 0.95
    names = {one.id: title(one.names)["en"].split(" · ")[0] for one in found.body.groups}
    called = {names[own[person]] for person in own}
    assert called == {"Price-sensitive", "Content lovers", "Socially active", "Night owls"}
    wanted = {
        "price": "Price-sensitive",
        "content": "Content lovers",
        "social": "Socially active",
        "night": "Night owls",
    }
    right = [names[own[person]] == wanted[MANY[person - 1]] for person in own]
    assert np.mean(right) > 0.97
    assert sum(one.people for one in found.body.groups) == found.body.people == len(own)
    assert {one.feature for one in found.body.groups[0].differences} == set(found.body.features)


def test_stability_peaks_at_the_planted_number(found: GroupFit) -> None:
    curve = {one.groups: one for one in found.body.curve}
    assert sorted(curve) == [2, 3, 4, 5]
    assert [groups for groups, one in curve.items() if one.stable][-1] == 4
    assert curve[4].strength > 0.95
    assert curve[4].jaccard > 0.95
    assert curve[5].strength < 0.8


@pytest.mark.parametrize("seed", [1, 2])
def test_people_who_are_all_alike_have_no_groups(seed: int) -> None:
    con = planted(seed, ["like all"] * 700)
    fit = fit_groups(con, DAY, ZONE, replace_rules(groups_max=4), CHANNELS, NOTHING_BEFORE, silent)
    con.close()
    assert (fit.state, fit.model, fit.body.groups) == ("unstable", None, ())
    assert not any(one.stable for one in fit.body.curve)


def replace_rules(**changes: Any) -> GroupRules:
    return GroupRules.model_validate({**RULES.model_dump(), **changes})


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("wanted", [4.0, 30.0])
def test_how_much_people_differ_beyond_chance_is_found_again(wanted: float, *, share: bool) -> None:
    rng = np.random.default_rng(5)
    occasions = rng.integers(1, 60, 20_000).astype(float)
    mean = 0.3
    if share:
        happened = rng.binomial(occasions.astype(int), rng.beta(mean * wanted, (1 - mean) * wanted, len(occasions)))
        chance = rng.binomial(occasions.astype(int), mean)
    else:
        happened = rng.poisson(occasions * rng.gamma(mean * wanted, 1 / wanted, len(occasions)))
        chance = rng.poisson(occasions * mean)
    assert strength(happened.astype(float), occasions, share=share) == pytest.approx(wanted, rel=0.1)
    assert strength(chance.astype(float), occasions, share=share) > 400


def test_noise_of_any_shape_is_not_stable() -> None:
    rng = np.random.default_rng(0)
    z = np.column_stack([rng.normal(size=900), rng.gamma(2, size=900), *(rng.normal(size=(6, 900)))])
    with threadpool_limits(1):
        assert not any(one.stable for one in stability.curve((z - z.mean(0)) / z.std(0), RULES))


def test_too_few_people_are_told_how_many_it_takes() -> None:
    con = planted(3, MANY[:120])
    fit = fit_groups(con, DAY, ZONE, RULES, CHANNELS, NOTHING_BEFORE, silent)
    con.close()
    assert (fit.state, fit.body.people, fit.body.needed) == ("too_little", 120, 500)


def test_the_same_people_give_the_same_groups_to_the_last_bit(four: duckdb.DuckDBPyConnection, found: GroupFit) -> None:
    assert fit_groups(four, DAY, ZONE, RULES, CHANNELS, NOTHING_BEFORE, silent) == found


@pytest.mark.parametrize("sample", [20_000, 500])
def test_groups_do_not_depend_on_the_numbers_of_people(four: duckdb.DuckDBPyConnection, sample: int) -> None:
    rules = replace_rules(sample_people=sample)
    first = fit_groups(four, DAY, ZONE, rules, CHANNELS, NOTHING_BEFORE, silent)
    four.execute("BEGIN")
    for name in ("orders", "visit", "person_node"):
        # As another key would give them: other numbers in another order.
        four.execute(f"UPDATE {name} SET person = (person * 7919 + 13) % 100003 - 50000")
    again = fit_groups(four, DAY, ZONE, rules, CHANNELS, NOTHING_BEFORE, silent)
    four.execute("ROLLBACK")
    assert first.state == "fitted"
    assert first.body.sample == min(sample, len(MANY))
    assert again == first


def test_a_fit_that_is_stopped_stops(four: duckdb.DuckDBPyConnection) -> None:
    def stop(step: str, done: int, _total: int) -> None:
        if step == "stability" and done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        fit_groups(four, DAY, ZONE, RULES, CHANNELS, NOTHING_BEFORE, stop)


def test_ids_and_names_stay_over_fits_and_moves_are_counted(four: duckdb.DuckDBPyConnection, found: GroupFit) -> None:
    names = {one.id: one.names for one in found.body.groups}
    before = Before(found.model, names, tuple(names))
    again = fit_groups(four, DAY - timedelta(20), ZONE, replace_rules(seed=99), CHANNELS, before, silent)
    assert {one.id: one.names for one in again.body.groups} == names
    assert all(one.kept is not None and one.kept > 0.9 for one in again.body.groups)
    stayed = sum(one.people for one in again.body.moves if one.before == one.after)
    assert sum(one.people for one in again.body.moves) == again.body.people
    assert stayed / again.body.people > 0.97


def test_alone_somebody_comes_out_as_among_all(four: duckdb.DuckDBPyConnection, found: GroupFit) -> None:
    assert found.model is not None
    four.execute("CREATE OR REPLACE TEMP TABLE few AS SELECT unnest([3, 500, 799])::BIGINT AS person")
    few = [row for part in assigned(four, found.model, DAY, ZONE, "few") for row in part.to_pylist()]
    every = [row for part in assigned(four, found.model, DAY, ZONE) for row in part.to_pylist()]
    assert few == [row for row in every if row["person"] in (3, 500, 799)]


def test_what_comes_later_changes_no_feature(four: duckdb.DuckDBPyConnection) -> None:
    kept = {"days": 365, "least": 2, "channels": CHANNELS}
    day = DAY - timedelta(100)
    prepare(four, day, ZONE, **kept)
    before = read(four)
    four.execute("BEGIN")
    four.execute("UPDATE orders SET discount_minor = 1, coupon = 'x', channel = 'store' WHERE day >= ?", [day])
    four.execute("DELETE FROM visit WHERE day >= ?", [day])
    four.execute("DELETE FROM fact_event WHERE day >= ?", [day])
    prepare(four, day, ZONE, **kept)
    after = read(four)
    four.execute("ROLLBACK")
    assert before.person.tolist() == after.person.tolist()
    for name, column in before.columns.items():
        assert np.array_equal(column, after.columns[name], equal_nan=True), name


def test_prediction_strength_by_hand() -> None:
    # The second group of the test half (three people, three pairs) keeps one of its pairs: 1/3; the first keeps all.
    own, foretold = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 1])
    assert stability.strength(own, foretold, 2) == pytest.approx(1 / 3)


def test_overlap_by_hand() -> None:
    a, b = np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0])
    assert stability.jaccard(a, b, 2) == pytest.approx(np.array([[1 / 5, 2 / 3], [2 / 3, 0]]))


def test_ids_are_matched_for_the_largest_total_overlap() -> None:
    # Greedily, row 0 would take g1; then row 1 would be left with nothing.
    overlap = np.array([[0.5, 0.45], [0.48, 0.0], [0.1, 0.2]])
    assert matched(overlap, ["g1", "g2"], ["g1", "g2", "g7"]) == [("g2", 0.45), ("g1", 0.48), ("g8", None)]
    assert matched(np.array([[0.2]]), ["g1"], ["g1"]) == [("g2", None)]
    assert matched(np.zeros((2, 0)), [], []) == [("g1", None), ("g2", None)]


POINTS: Final = st.lists(st.floats(-3, 3), min_size=3, max_size=3)


def differ(**effects: float) -> tuple[Difference, ...]:
    return tuple(Difference(name, effect, None, None) for name, effect in effects.items())


def test_names_by_hand() -> None:
    price, night = differ(discount_share=1.2, night_share=0.5), differ(night_share=1.5, orders=1.4)
    assert named([price, night, differ(orders=0.1)], [(), (), ()]) == [
        ("discount_share+",), ("night_share+", "orders+"), ("plain",),
    ]  # fmt: skip
    # A name stays while all of it fits; two groups never share one.
    assert named([differ(night_share=0.5, discount_share=0.9)], [("night_share+",)]) == [("night_share+",)]
    assert named([differ(night_share=-0.5, discount_share=0.9)], [("night_share+",)]) == [("discount_share+",)]
    same = differ(discount_share=1.0, night_share=0.4)
    assert named([same, same], [(), ()]) in ([("discount_share+", "night_share+"), ("discount_share+",)],)
    assert title(("discount_share+",))["zh"] == "价格敏感型"


@given(st.lists(POINTS, min_size=3, max_size=3), POINTS)
def test_reasons_add_up_to_the_difference_of_the_distances(centres: list[list[float]], person: list[float]) -> None:
    c, z, weights = np.array(centres), np.array([person]), np.array([1.0, 0.5, 0.25])
    found = assign(z, c, weights)
    own, after = int(found.own[0]), int(found.next[0])
    d = distances(z, c, weights)[0]
    assert d[own] <= d[after] <= max(d)
    shares = reasons(z[0], c[own], c[after], weights)
    if d[after] - d[own] > 1e-6:
        assert shares.sum() == pytest.approx(1.0)
        apart = (weights * (c[own] - c[after]) ** 2).sum()
        assert found.margin[0] == pytest.approx((d[after] - d[own]) / apart, abs=1e-5, rel=1e-5)
