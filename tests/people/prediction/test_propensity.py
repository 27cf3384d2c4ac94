"""Propensities see nothing of the future, beat what they should, and survive the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from dujiang.engine.schema import create_tables
from dujiang.foundation.plain import plain
from dujiang.people.prediction.curves import AHEAD
from dujiang.people.prediction.features import NAMES, features, labels
from dujiang.people.prediction.fit import fit_purchases
from dujiang.people.prediction.forecast import forecast
from dujiang.people.prediction.ltv import lifetime_value
from dujiang.people.prediction.propensity import fit_propensity
from dujiang.people.prediction.purchases import bought, buyers
from dujiang.people.prediction.trees import PropensityModel

ZONE = ZoneInfo("Asia/Shanghai")
START = date(2025, 1, 1)
DAYS = 540
END = START + timedelta(DAYS)


def _order_rows(seed: int, people: int) -> dict[str, list[object]]:
    """People who buy at a pace of their own from their first day on, and leave at some time."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[object]] = {name: [] for name in ("person", "day", "paid_minor", "coupon", "nth")}
    for person in range(1, people + 1):
        first = int(rng.integers(0, DAYS - 30))
        pace, life = rng.gamma(1.2, 1 / 40), rng.exponential(300)
        at, nth = float(first), 1
        while at < min(DAYS, first + life):
            day = START + timedelta(int(at))
            paid = int(rng.gamma(4, 1500) + 500)
            for name, value in zip(rows, (person, day, paid, "c" if rng.random() < 0.2 else None, nth), strict=True):
                rows[name].append(value)
            at, nth = at + max(0.01, rng.exponential(1 / pace)), nth + 1
    return rows


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    create_tables(con)
    rows = _order_rows(3, 2500)
    many = len(rows["day"])
    table = pa.table(
        {
            **rows,
            "order_key": np.arange(many),
            "at": [datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=4) for day in rows["day"]],
            "channel": ["tmall" if person % 2 else "store" for person in rows["person"]],
            "status": ["valid"] * many,
            "refunded_minor": [0] * many,
        }
    )
    con.register("made", table)
    con.execute("INSERT INTO orders BY NAME SELECT * FROM made")
    con.execute("INSERT INTO person (person) SELECT DISTINCT person FROM orders")
    yield con
    con.close()


def test_nothing_later_changes_a_feature(con: duckdb.DuckDBPyConnection) -> None:
    day = START + timedelta(300)
    before = features(con, day, ZONE, active_days=3650)
    con.execute(
        'UPDATE orders SET paid_minor = paid_minor * 7, coupon = \'x\', "at" = "at" + INTERVAL 3 DAY WHERE day >= ?',
        [day],
    )
    con.execute(
        "INSERT INTO orders BY NAME SELECT * REPLACE (order_key + 100000 AS order_key) FROM orders WHERE day >= ?",
        [day],
    )
    con.execute(
        "INSERT INTO refunds BY NAME SELECT order_key, order_key AS refund_key, person, CAST(? AS DATE) AS day, "
        "paid_minor AS amount_minor FROM orders",
        [day],
    )
    con.execute(
        "INSERT INTO visit BY NAME SELECT person, channel, orders.at AS started_at, orders.at AS ended_at, day, 5 AS pages "
        "FROM orders WHERE day >= ?",
        [day],
    )
    after = features(con, day, ZONE, active_days=3650)
    assert np.array_equal(before.person, after.person)
    assert np.array_equal(before.values, after.values, equal_nan=True)


def test_a_leaked_label_would_be_seen(con: duckdb.DuckDBPyConnection) -> None:
    """The canary: a feature made of the label separates perfectly; none of ours comes near."""
    day = START + timedelta(400)
    table = features(con, day, ZONE, active_days=3650)
    did = labels(con, table, "buy", day, 30)
    leaked = np.column_stack([table.values, did])
    agreement = [
        abs(np.corrcoef(np.nan_to_num(column), did)[0, 1]) for column in leaked.T if np.ptp(np.nan_to_num(column))
    ]
    assert agreement[-1] == pytest.approx(1.0)
    assert max(agreement[:-1]) < 0.6


def test_labels_are_counted_by_hand(con: duckdb.DuckDBPyConnection) -> None:
    day = START + timedelta(400)
    table = features(con, day, ZONE, active_days=3650)
    rows = con.execute("SELECT person, day FROM orders").fetchall()
    within = {person for person, when in rows if day <= when < day + timedelta(30)}
    assert labels(con, table, "buy", day, 30).tolist() == [person in within for person in table.person.tolist()]
    assert labels(con, table, "lapse", day, 30).tolist() == [person not in within for person in table.person.tolist()]


def test_a_chance_tells_and_is_calibrated(con: duckdb.DuckDBPyConnection) -> None:
    found = fit_propensity(con, "buy", END, ZONE)
    body = found.body
    assert found.state == "fitted"
    assert body.scores is not None
    assert body.prevalence_scores is not None
    assert max(body.trained) < min(body.calibrated) < min(body.tested)
    assert body.scores.auc > 0.65
    assert body.scores.brier < body.prevalence_scores.brier
    assert sum(band.people * band.expected for band in body.calibration) == pytest.approx(
        sum(band.people * band.actual for band in body.calibration), rel=0.2
    )
    assert {driver.feature for driver in body.drivers} == set(NAMES)


def test_the_same_data_give_the_same_model_and_the_store_keeps_it(con: duckdb.DuckDBPyConnection) -> None:
    one, two = (fit_propensity(con, "lapse", END, ZONE).model for _ in range(2))
    assert one == two
    assert one is not None
    kept = TypeAdapter(PropensityModel).validate_python(plain(one))
    values = features(con, END, ZONE, active_days=180).values
    assert np.array_equal(kept.chances(values), one.chances(values))


def test_response_without_coupons_says_what_is_missing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("UPDATE orders SET coupon = NULL")
    found = fit_propensity(con, "respond", END, ZONE)
    assert (found.state, found.body.missing) == ("too_little", ("coupon_orders", "messages"))


def test_few_people_are_too_few(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM orders WHERE person > 100")
    assert fit_purchases(con, END).state == "too_little"
    assert fit_propensity(con, "buy", END, ZONE).state == "too_little"


def test_histories_are_counted_by_hand(con: duckdb.DuckDBPyConnection) -> None:
    day = START + timedelta(400)
    who = buyers(con, day)
    rows = con.execute("SELECT person, day, paid_minor FROM orders").fetchall()
    for place in range(0, len(who), 97):
        person = int(who.person[place])
        days = sorted({when for one, when, _paid in rows if one == person and when < day})
        assert who.x[place] == len(days) - 1
        assert who.t_x[place] == pytest.approx((days[-1] - days[0]).days / 7)
        assert who.age[place] == pytest.approx((day - days[0]).days / 7)
        paid = sum(paid for one, when, paid in rows if one == person and when < day)
        assert who.mean[place] == pytest.approx(paid / len(days))
        later = {when for one, when, _paid in rows if one == person and day <= when < END}
        assert bought(con, who, END).occasions[place] == len(later)


def test_the_hold_out_comes_out_as_foretold(con: duckdb.DuckDBPyConnection) -> None:
    held = fit_purchases(con, END).body.hold_out
    assert held is not None
    assert held.expected == pytest.approx(held.actual, rel=0.15)
    assert held.expected_value == pytest.approx(held.actual_value, rel=0.2)
    assert held.coverage == pytest.approx(held.covered, abs=0.15)
    assert held.weeks[-1].actual == con.execute(
        "SELECT count(*) FROM (SELECT DISTINCT person, day FROM orders WHERE day < ?) a JOIN (SELECT person, min(day) f "
        "FROM orders GROUP BY person) USING (person) WHERE day > f AND f < ?",
        [END, held.cut],
    ).fetchone()[0]  # fmt: skip


def test_lifetime_value_counts_every_order_once(con: duckdb.DuckDBPyConnection) -> None:
    found = lifetime_value(con, END, None)
    (paid,) = con.execute("SELECT sum(paid_minor) FROM orders").fetchone() or (0,)
    assert found.total is not None
    assert found.total.realised_minor == paid
    assert sum(row.realised_minor for row in found.channels) == paid
    assert sum(row.realised_minor for row in found.cohorts) == paid
    assert found.missing == ("shares", "value_model")


def test_lifetime_value_is_foretold_part_by_part(con: duckdb.DuckDBPyConnection) -> None:
    model = fit_purchases(con, END).model
    assert model is not None
    found = lifetime_value(con, END, model)
    assert found.missing == ("shares",)
    assert found.total is not None
    assert found.total.again_coming is not None
    expected = forecast(model, buyers(con, END), 365).value
    assert expected is not None
    assert found.total.again_coming.value == pytest.approx(expected.sum())
    for rows in (found.channels, found.cohorts):
        assert sum(row.again_coming.value for row in rows if row.again_coming) == pytest.approx(expected.sum())
    # The first order of the next one, against the rows themselves.
    rows = con.execute("SELECT channel, avg(paid_minor), stddev_samp(paid_minor) / sqrt(count(*)) FROM orders "
                       "WHERE nth = 1 GROUP BY channel").fetchall()  # fmt: skip
    by_channel = {channel: (mean, error) for channel, mean, error in rows}
    for row in found.channels:
        mean, error = by_channel[row.key]
        assert row.first_each.value == pytest.approx(mean)
        assert row.first_each.low == pytest.approx(mean - 1.2816 * error, rel=1e-3)
    # Of fewer people less is known: the interval is wider, measured by the value.
    whole, part = found.total.again_coming, found.channels[0].again_coming
    assert part is not None
    assert whole.high is not None
    assert part.high is not None
    assert part.high / part.value > whole.high / whole.value > 1


def _half(day: date) -> str:
    return f"{day.year}-H{1 if day.month < 7 else 2}"


def test_curves_of_cohorts_are_counted_by_hand(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("SELECT person, day, paid_minor, nth FROM orders").fetchall()
    first = {person: day for person, day, _paid, nth in rows if nth == 1}
    found = {curve.cohort: curve for curve in lifetime_value(con, END, None).curves}
    assert list(found) == ["2025-H1", "2025-H2", "2026-H1"]
    for cohort, curve in found.items():
        mine = {person for person, day in first.items() if _half(day) == cohort}
        assert curve.people == curve.seen[0].people == len(mine)
        worth = sum(paid for person, _day, paid, nth in rows if person in mine and nth == 1) / len(mine)
        assert curve.seen[0].each_minor == pytest.approx(worth)
        assert [point.month for point in curve.seen] == list(range(len(curve.seen)))
        assert len(curve.seen) - 1 == round(sum((END - first[one]).days for one in mine) / len(mine) * 12 / 365)
        for point in curve.seen[1:]:
            stayed = {one for one in mine if (END - first[one]).days * 12 >= 365 * point.month}
            assert point.people == len(stayed)
            month = [
                paid
                for person, day, paid, nth in rows
                if person in stayed and nth > 1 and (day - first[person]).days * 12 // 365 == point.month - 1
            ]
            worth += sum(month) / len(stayed)
            assert point.each_minor == pytest.approx(worth)
        assert curve.foretold == ()


def test_curves_go_on_with_what_each_cohort_is_expected_to_buy(con: duckdb.DuckDBPyConnection) -> None:
    model = fit_purchases(con, END).model
    assert model is not None
    who = buyers(con, END)
    cohorts = np.array([_half(day) for day in who.first_day.astype("datetime64[D]").tolist()])
    for curve in lifetime_value(con, END, model).curves:
        last = curve.seen[-1]
        assert [one.month - last.month for one in curve.foretold] == list(AHEAD)
        for months, one in zip(AHEAD, curve.foretold, strict=True):
            expected = forecast(model, who, round(months * 365 / 12)).value
            assert expected is not None
            assert one.each.value == pytest.approx(last.each_minor + expected[cohorts == curve.cohort].mean())
            assert one.each.low is not None
            assert one.each.high is not None
            assert last.each_minor < one.each.low < one.each.value < one.each.high


def test_cohorts_are_as_fine_as_five_allow_and_few_people_are_no_cohort(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM orders WHERE day >= ?", [date(2025, 5, 1)])
    assert [one.cohort for one in lifetime_value(con, END, None).curves] == [f"2025-0{month}" for month in range(1, 5)]
    con.execute("DELETE FROM orders WHERE month(day) = 2 AND person % 25 > 0")
    assert [one.cohort for one in lifetime_value(con, END, None).curves] == ["2025-01", "2025-03", "2025-04"]
    con.execute("DELETE FROM orders")
    assert lifetime_value(con, END, None).curves == ()
