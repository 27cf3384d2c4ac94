"""The river: every person once, and every band adds up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.engine.question import ask
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery
from dujiang.insight.model import RiverSpec
from dujiang.insight.river import ORDER, Current, River, drawn
from dujiang.insight.service import MetricService
from dujiang.people.lifecycle.model import LifeCycleSpec

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
A, B, C, D, E, F, G, H = range(1, 9)


def people(river: River) -> dict[str, int]:
    return {stop.key: stop.people for stop in river.stops}


def test_the_river_of_the_brand(metrics: MetricService) -> None:
    # Last active: A in wecom, B on the 3rd in both (ordered in tmall), C D F in app, G in wecom.
    assert people(metrics.river(WEEK)) == {
        "channel:app": 3, "channel:wecom": 2, "channel:tmall": 1,
        "identity:known": 5, "identity:anonymous": 1,
        "stage:prospect": 2, "stage:new": 4,
        "outcome:first_order": 3, "outcome:repeat_order": 1, "outcome:no_order": 2,
    }  # fmt: skip


def test_value_is_what_people_paid_less_refunds(metrics: MetricService) -> None:
    river = metrics.river(WEEK)
    value = {stop.key: stop.value_minor for stop in river.stops}
    assert (value["channel:wecom"], value["channel:tmall"], value["channel:app"]) == (14000, 6000, 4500)
    assert (river.value_minor, river.unknown_orders, river.unknown_minor) == (24500, 1, 2000)


def test_first_and_repeat_orders_are_the_metrics_new_and_returning_customers(metrics: MetricService) -> None:
    totals = metrics.query(MetricQuery(("new_customers", "returning_customers"), WEEK)).totals
    found = people(metrics.river(WEEK))
    assert found["outcome:first_order"] == totals["new_customers"].value
    assert found["outcome:repeat_order"] == totals["returning_customers"].value


def test_stages_follow_the_brands_own_rules(brand: Any, metrics: MetricService) -> None:
    stages = [
        {"name": "prospect"},
        {"name": "new", "when": [{"fact": "orders", "at_least": 1}]},
        {"name": "active", "when": [{"fact": "days_since_first_order", "at_least": 4}]},
        {"name": "loyal", "when": [{"fact": "orders", "at_least": 2}]},
        {"name": "lapsed", "when": [{"fact": "days_since_order", "at_least": 5}]},
    ]
    brand.put_into_stages(LifeCycleSpec.model_validate({"stages": stages}))
    # On 8 November: A ordered twice, last on the 4th; B twice, last on the 3rd; C today, F yesterday.
    found = people(metrics.river(WEEK))
    brand.put_into_stages()
    assert {key: count for key, count in found.items() if key.startswith("stage")} == {
        "stage:prospect": 2, "stage:new": 2, "stage:loyal": 1, "stage:lapsed": 1,
    }  # fmt: skip


def test_a_river_of_one_channel_holds_the_people_of_that_channel(metrics: MetricService) -> None:
    found = people(metrics.river(WEEK, channels=("app",)))
    assert (found["channel:app"], found["identity:known"]) == (5, 4)


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        (("channel:wecom",), [A, G]),
        (("channel:tmall",), [B]),
        (("channel:app", "identity:known"), [C, F]),
        (("identity:known", "stage:prospect"), [G]),
        (("stage:new", "outcome:repeat_order"), [B]),
        (("channel:app", "channel:tmall"), [B, C, D, F]),
        (("channel:nowhere",), []),
    ],
)
def test_the_people_at_a_stop_or_in_a_band(
    brand: Any, metrics: MetricService, stops: tuple[str, ...], expected: list[int]
) -> None:
    found = ask(brand.con, metrics.river_people(WEEK, stops))["person"].to_pylist()
    assert sorted(found) == expected


def test_an_empty_period_has_an_empty_river(metrics: MetricService) -> None:
    river = metrics.river(Period(date(2025, 1, 1), date(2025, 1, 7)), "previous")
    assert (river.people, river.stops, river.bands) == (0, (), ())


names = {reach: st.sampled_from(natural) for reach, natural in ORDER.items()}
way = st.builds(
    Current,
    st.sampled_from(["a", "b", "c"]), names["identity"], names["stage"], names["outcome"],
    st.integers(1, 500), st.integers(-1000, 10**6),
)  # fmt: skip


@given(st.lists(way, max_size=30), st.lists(way, max_size=30))
def test_every_reach_and_every_row_of_bands_holds_everyone(now: list[Current], before: list[Current]) -> None:
    river = drawn(WEEK, now, (0, 0), RiverSpec(), WEEK.shifted(-7), before)
    for reach in ("channel", "identity", "stage", "outcome"):
        stops = [stop for stop in river.stops if stop.reach == reach]
        assert sum(stop.people for stop in stops) == river.people
        assert sum(stop.value_minor for stop in stops) == river.value_minor
        assert sum(stop.before or 0 for stop in stops) == sum(one.people for one in before)
    for stop in river.stops:
        leaving = sum(band.people for band in river.bands if band.start == stop.key)
        arriving = sum(band.people for band in river.bands if band.end == stop.key)
        assert stop.reach == "outcome" or leaving == stop.people
        assert stop.reach == "channel" or arriving == stop.people


def current(channel: str, count: int) -> Current:
    return Current(channel, "known", "new", "no_order", count, 0)


@pytest.mark.parametrize(
    ("now", "before", "is_marked"),
    [(84, 100, True), (85, 100, False), (100, 50, False), (1, 29, False), (25, 30, True), (0, 100, True)],
)
def test_a_branch_that_lost_more_than_the_rule_says_is_weakening(now: int, before: int, is_marked: bool) -> None:
    old = [current("a", before), current("b", 1000)]
    river = drawn(WEEK, [current("a", now), current("b", 1000)], (0, 0), RiverSpec(), WEEK.shifted(-7), old)
    stop = next(stop for stop in river.stops if stop.key == "channel:a")
    band = next(band for band in river.bands if band.start == "channel:a")
    assert ("weakening" in stop.marks, "weakening" in band.marks) == (is_marked, is_marked)


@pytest.mark.parametrize(("count", "is_marked"), [(40, False), (41, True)])
def test_a_channel_with_too_large_a_share_is_overwide(count: int, is_marked: bool) -> None:
    rest = [current("b", 30), current("c", 70 - count)]
    river = drawn(WEEK, [current("a", count), *rest], (0, 0), RiverSpec())
    marks = {stop.key: stop.marks for stop in river.stops}
    assert ("overwide" in marks["channel:a"]) is is_marked
    assert marks["identity:known"] == ()
