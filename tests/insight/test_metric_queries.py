"""Lines, comparisons, conditions, dimensions and the people behind numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery
from dujiang.insight.model import Condition
from dujiang.insight.service import MetricService

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
A, B, C, D, E, F, G, H = range(1, 9)


def only(channel: str) -> Condition:
    return Condition(column="channel", op="is", value=channel)


def line(metrics: MetricService, name: str, query: MetricQuery) -> list[Any]:
    return [
        point.figures[name].value if point.figures[name].now.reason is None else point.figures[name].now.reason
        for point in metrics.query(query).line
    ]


def test_a_daily_line_has_a_point_for_every_day_and_0_where_nothing_happened(metrics: MetricService) -> None:
    assert line(metrics, "gmv", MetricQuery(("gmv",), WEEK, grain="day")) == [10000, 6000, 5000, 2000, 0, 1500, 3000]


def test_weeks_begin_on_monday_and_are_cut_at_the_ends_of_the_period(metrics: MetricService) -> None:
    period = Period(date(2026, 10, 28), date(2026, 11, 4))
    points = metrics.query(MetricQuery(("gmv",), period, grain="week")).line
    assert [(point.start, point.days.first, point.days.last) for point in points] == [
        (date(2026, 10, 26), date(2026, 10, 28), date(2026, 11, 1)),
        (date(2026, 11, 2), date(2026, 11, 2), date(2026, 11, 4)),
    ]
    assert [point.figures["gmv"].value for point in points] == [4000, 21000]


def test_months(metrics: MetricService) -> None:
    query = MetricQuery(("gmv",), Period(date(2026, 10, 1), date(2026, 12, 31)), grain="month")
    assert line(metrics, "gmv", query) == [4000, 34500, 0]


def test_a_cumulative_line_runs_on_from_before_the_period(metrics: MetricService) -> None:
    found = line(metrics, "customers_total", MetricQuery(("customers_total",), WEEK, grain="day"))
    assert found == [2, 2, 2, 2, 2, 3, 4]


def test_moments_count_on_their_day_in_the_brands_zone(metrics: MetricService) -> None:
    found = line(metrics, "new_members", MetricQuery(("new_members",), WEEK.shifted(1), grain="day"))
    assert found == [0, 0, 0, 0, 0, 0, 1]


def test_a_person_who_comes_on_two_days_counts_once_in_the_total(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("active_users",), WEEK, grain="day"))
    days = [point.figures["active_users"].value or 0 for point in answer.line]
    assert (days, answer.totals["active_users"].value) == ([1, 2, 1, 1, 1, 1, 1], 6)


def test_a_ratio_of_a_line_is_that_of_its_parts(metrics: MetricService) -> None:
    found = line(metrics, "pages_per_visit", MetricQuery(("pages_per_visit",), WEEK, grain="day"))
    none = "zero_denominator"
    assert found == [none, 1, 5, none, none, none, 3]


def test_shares_of_a_day_are_of_that_day(metrics: MetricService) -> None:
    query = MetricQuery(("gmv_share",), WEEK, grain="day", where=(only("tmall"),))
    assert line(metrics, "gmv_share", query) == [1, 1, 0, 1, "zero_denominator", 0, 0]


def test_the_line_of_the_comparison_is_laid_over_step_by_step(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("gmv",), WEEK, "previous", "day"))
    before = [point.figures["gmv"].before for point in answer.line]
    assert [one.value if one else None for one in before] == [None, None, 4000, 0, 0, 0, 0]
    assert before[0] is not None
    assert before[0].reason == "not_collected"


@pytest.mark.parametrize(
    ("compare", "first", "last"),
    [
        ("previous", date(2026, 10, 26), date(2026, 11, 1)),
        ("last_year", date(2025, 11, 2), date(2025, 11, 8)),
        ("weekday", date(2025, 11, 3), date(2025, 11, 9)),
        (Period(date(2026, 6, 1), date(2026, 6, 20)), date(2026, 6, 1), date(2026, 6, 20)),
    ],
)
def test_comparison_periods(metrics: MetricService, compare: Any, first: date, last: date) -> None:
    assert metrics.query(MetricQuery(("gmv",), WEEK, compare)).comparison == Period(first, last)


def test_change_is_relative_and_says_why_it_is_undefined(metrics: MetricService) -> None:
    totals = metrics.query(MetricQuery(("gmv", "visits", "cost"), WEEK, "previous")).totals
    assert totals["gmv"].change == pytest.approx((27500 - 4000) / 4000)
    assert (totals["visits"].change, totals["visits"].change_reason) == (None, "no_comparison")
    assert (totals["cost"].change, totals["cost"].change_reason) == (None, "not_collected")


def test_periods_that_overlap_are_each_counted_whole(metrics: MetricService) -> None:
    figure = metrics.query(MetricQuery(("gmv",), WEEK, Period(date(2026, 10, 28), date(2026, 11, 3)))).totals["gmv"]
    assert figure.before is not None
    assert (figure.value, figure.before.value) == (27500, 20000)


def test_days_that_have_not_come_yet_are_undefined(brand: Any, make_service: Any) -> None:
    wednesday = make_service(brand, now=datetime(2026, 11, 4, 4, tzinfo=UTC))
    late = Period(date(2027, 3, 1), date(2027, 3, 2))
    assert wednesday.query(MetricQuery(("orders",), late)).totals["orders"].now.reason == "not_yet"


def test_a_conversion_leaves_out_those_whose_time_is_not_over(brand: Any, make_service: Any) -> None:
    # On 11 November the week after 2–3 November is over, that of 4–8 November is not.
    early = make_service(brand, now=datetime(2026, 11, 11, 4, tzinfo=UTC))
    answer = early.query(MetricQuery(("visitor_to_buyer_7d", "repurchase_rate_90d"), WEEK))
    conversion = answer.totals["visitor_to_buyer_7d"].now
    assert (conversion.value, conversion.rows) == (1 / 2, 2)  # B and D of 3 November
    assert answer.totals["repurchase_rate_90d"].now.reason == "window_open"
    assert answer.complete_until == date(2026, 11, 10) - timedelta(90)


def test_several_dimensions(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("gmv", "orders"), WEEK, by=("channel", "province")))
    found = [(row.keys, row.figures["gmv"].value, row.figures["orders"].value) for row in answer.rows]
    assert found == [
        (("tmall", "浙江"), 18000, 3),
        (("app", "上海"), 5000, 1),
        (("app", None), 4500, 2),
        (("tmall", None), 0, 0),
    ]


def test_new_and_returning_orders(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("gmv",), WEEK, by=("new_or_returning",)))
    assert {row.keys[0]: row.figures["gmv"].value for row in answer.rows} == {
        "new": 14500,
        "returning": 11000,
        None: 2000,
    }


def test_dimensions_of_the_person_behind_a_row(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("visits",), WEEK, by=("gender", "known")))
    found = {row.keys: row.figures["visits"].value for row in answer.rows}
    assert found == {("female", "known"): 1, ("male", "known"): 3, (None, "anonymous"): 1}


def test_weeks_as_a_dimension(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("gmv",), Period(date(2026, 10, 28), date(2026, 11, 4)), by=("week",)))
    assert {row.keys[0]: row.figures["gmv"].value for row in answer.rows} == {"2026-10-26": 4000, "2026-11-02": 21000}


def test_weekdays_count_from_monday(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("orders",), WEEK, by=("weekday",)))
    found = {row.keys[0]: row.figures["orders"].value for row in answer.rows}
    assert found == {"1": 1, "2": 1, "3": 1, "4": 1, "5": 0, "6": 1, "7": 1}


def test_rows_are_sorted_and_cut_and_what_is_left_out_is_told(metrics: MetricService) -> None:
    query = MetricQuery(("orders", "gmv"), WEEK, by=("channel",), order_by="gmv", rows_max=1)
    answer = metrics.query(query)
    assert ([row.keys for row in answer.rows], answer.rows_left_out) == ([("tmall",)], 1)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition(column="channel", value="tmall"), 18000),
        (Condition(column="channel", op="is_not", value="tmall"), 9500),
        (Condition(column="channel", op="among", value=("app", "tmall")), 27500),
        (Condition(column="channel", op="not_among", value=("app",)), 18000),
        (Condition(column="province", op="known"), 23000),
        (Condition(column="province", op="unknown"), 4500),
        (Condition(column="province", op="is_not", value="浙江"), 9500),
        (Condition(column="day", op="at_least", value=date(2026, 11, 5)), 6500),
        (Condition(column="day", op="above", value=date(2026, 11, 5)), 4500),
        (Condition(column="day", op="at_most", value=date(2026, 11, 2)), 10000),
        (Condition(column="weekday", op="below", value=3), 16000),
        (Condition(column="known", value="known"), 25500),
        (Condition(column="province", value="x' OR 1=1 --"), 0),
    ],
)
def test_conditions(metrics: MetricService, condition: Condition, expected: int) -> None:
    assert metrics.query(MetricQuery(("gmv",), WEEK, where=(condition,))).totals["gmv"].value == expected


def test_a_channels_people_elsewhere_are_still_seen_when_the_channel_is_chosen(metrics: MetricService) -> None:
    totals = metrics.query(MetricQuery(("cross_channel_share", "gmv_share"), WEEK, where=(only("app"),))).totals
    assert totals["cross_channel_share"].value == pytest.approx(2 / 5)
    assert totals["gmv_share"].value == pytest.approx(9500 / 27500)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (MetricQuery((), WEEK), "metric.none"),
        (MetricQuery(("gmv",), WEEK, order_by="orders"), "metric.order"),
        (MetricQuery(("cost",), WEEK, by=("province",)), "metric.no_dimension"),
        (MetricQuery(("gmv", "cac"), WEEK, by=("shop",)), "metric.no_dimension"),
        (MetricQuery(("gmv",), WEEK, where=(Condition(column="mood", value="x"),)), "metric.no_dimension"),
        (MetricQuery(("gmv",), WEEK, where=(Condition(column="channel", value=3),)), "metric.condition"),
        (MetricQuery(("customers_total",), WEEK, by=("month",)), "metric.no_dimension"),
    ],
)
def test_questions_that_cannot_be_answered(metrics: MetricService, query: MetricQuery, code: str) -> None:
    with pytest.raises(InvalidInput) as error:
        metrics.query(query)
    assert error.value.code == code


def test_a_metric_that_does_not_exist(metrics: MetricService) -> None:
    with pytest.raises(NotFound) as error:
        metrics.query(MetricQuery(("happiness",), WEEK))
    assert error.value.code == "metric.unknown"


def test_an_empty_engine_knows_nothing_and_says_so(tables: Any, make_service: Any) -> None:
    answer = make_service(tables).query(MetricQuery(("gmv", "aov", "members", "retention_7d"), WEEK))
    assert {figure.now.reason for figure in answer.totals.values()} == {"not_collected"}
    assert answer.freshness.received_at is None


def test_freshness_is_when_the_newest_fact_was_received(metrics: MetricService) -> None:
    answer = metrics.query(MetricQuery(("gmv",), WEEK))
    assert answer.freshness.received_at == datetime(2026, 11, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("metric", "where", "expected"),
    [
        ("buyers", (), [A, B, C, F]),
        ("gmv", (only("app"),), [A, C, F]),
        ("new_customers", (), [A, C, F]),
        ("returning_customers", (), [B]),
        ("returning_customers", (only("app"),), [A]),
        ("aov", (), [A, B, C, F]),
        ("cac", (), [A, C, F]),
        ("repurchase_rate_30d", (), [A, C]),
        ("retention_7d", (), [A]),
        ("customers_total", (), [A, B, C, F]),
        ("active_users_30d", (), [A, B, C, D, F, G, H]),
        ("cross_channel_share", (), [A, B]),
        ("cross_channel_share", (only("wecom"),), [A]),
        ("known_users", (Condition(column="known", value="known"),), [A, B, C, F, G]),
        ("complaint_rate", (), [G]),
        ("ltv_to_date", (only("app"),), [C, F]),
    ],
)
def test_people_behind_numbers(metrics: MetricService, metric: str, where: Any, expected: list[int]) -> None:
    assert metrics.persons(metric, WEEK, where) == expected
    assert metrics.count_people(metric, WEEK, where) == len(expected)


@pytest.mark.parametrize("metric", ["cost", "ctr", "platform_visitors"])
def test_numbers_without_people(metrics: MetricService, metric: str) -> None:
    with pytest.raises(InvalidInput) as error:
        metrics.people(metric, WEEK)
    assert error.value.code == "metric.no_people"


def own(name: str, **spec: Any) -> Definition:
    rest = {"group": "sales", "unit": "count", "formula": {"en": "x"}}
    return parse({"kind": "metric", "name": name, "spec": rest | spec})


def test_a_brands_own_metric_takes_the_place_of_the_preset(brand: Any, make_service: Any) -> None:
    wide = own("orders", table="orders")
    assert make_service(brand, wide).query(MetricQuery(("orders",), WEEK)).totals["orders"].value == 8


def test_a_brands_own_expression(brand: Any, make_service: Any) -> None:
    mine = own("placed_not_paid", type="derived", expression="(orders_placed - orders) * 2")
    answer = make_service(brand, mine).query(MetricQuery(("placed_not_paid",), WEEK))
    assert answer.totals["placed_not_paid"].value == 4


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"table": "secrets"}, "no table secrets"),
        ({"table": "orders", "aggregate": "sum", "column": "shop"}, "shop is not a number"),
        ({"table": "orders", "aggregate": "sum", "column": "mood"}, "no column mood"),
        ({"table": "orders", "date": "shop"}, "shop is not a day"),
        ({"table": "orders", "where": [{"column": "units", "value": "many"}]}, "does not fit the column units"),
        ({"type": "ratio", "numerator": "gmv", "denominator": "none"}, "does not exist, none"),
        ({"type": "derived", "expression": "mine + 1"}, "made of itself"),
        ({"type": "conversion", "start": "cost", "goal": "buyers", "within_days": 7}, "cost is not about people"),
        ({"type": "cumulative", "of": "aov"}, "aov has to be a simple metric"),
        ({"type": "cumulative", "of": "cross_channel_users"}, "has to be a simple metric"),
    ],
)
def test_metrics_that_cannot_be_computed_are_refused(brand: Any, make_service: Any, spec: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as error:
        make_service(brand, own("mine", **spec)).catalogue()
    assert error.value.code == "metric.invalid"


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "ratio", "numerator": "gmv"},
        {"table": "orders", "aggregate": "sum"},
        {"table": "person", "aggregate": "filled"},
        {"table": "orders", "where": [{"column": "shop", "op": "among", "value": "x"}]},
        {"table": "orders", "where": [{"column": "shop", "op": "known", "value": "x"}]},
        {"type": "derived", "expression": "__import__('os')"},
    ],
)
def test_specs_that_say_too_little_or_the_wrong_thing(spec: Any) -> None:
    with pytest.raises(InvalidInput) as error:
        own("mine", **spec)
    assert error.value.code == "definition.invalid"
