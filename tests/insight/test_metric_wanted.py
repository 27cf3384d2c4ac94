"""Bands and goals, metrics of channels by their group, numbers that rise and fall, and metrics of a few people."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from dujiang.engine.question import ask
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import DujiangError, InvalidInput
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery
from dujiang.insight.catalogue import Catalogue, bands, catalogue, presets
from dujiang.insight.model import BandSpec, Condition, GoalSpec
from dujiang.insight.service import MetricService, check_wanted

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
A, B, C, D, F, G, H = 1, 2, 3, 4, 6, 7, 8


@pytest.mark.parametrize(
    ("value", "standing"), [(0.19, "below"), (0.2, "within"), (0.35, "within"), (0.36, "above"), (None, "unknown")]
)
def test_a_band_takes_in_its_edges(value: float | None, standing: str) -> None:
    assert BandSpec(metric="cross_channel_share", at_least=0.2, at_most=0.35).judge(value) == standing


@pytest.mark.parametrize("said", [{}, {"at_least": 0.4, "at_most": 0.3}])
def test_a_band_without_edges_or_with_crossed_ones_is_refused(said: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at_least"):
        BandSpec.model_validate({"metric": "gmv", **said})


def test_a_goal_needs_days_in_order() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        GoalSpec(metric="gmv", first=date(2026, 12, 1), last=date(2026, 11, 1), target=1)


def test_bands_that_come_along_are_of_metrics_that_exist() -> None:
    check_wanted({one.key: one for one in bands()})


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"metric": "nothing", "at_least": 1}, "metric.unknown"),
        ({"metric": "gmv", "at_least": 1, "by": "reason"}, "metric.no_dimension"),
    ],
)
def test_bands_of_nothing_are_refused(spec: dict[str, Any], code: str) -> None:
    band = Definition(kind="band", name="x", spec=spec)
    with pytest.raises(DujiangError) as caught:
        check_wanted({band.key: band})
    assert caught.value.code == code


def test_bands_and_goals_are_found_by_their_metric(brand: Any, make_service: Any) -> None:
    goal = Definition(
        kind="goal",
        name="year_end",
        spec={"metric": "gmv", "first": "2026-11-01", "last": "2026-12-31", "target": 100},
    )
    paused = Definition(kind="band", name="low", status="paused", spec={"metric": "gmv", "at_least": 5})
    service = make_service(brand, goal, paused, *bands())
    assert service.goals("gmv")["year_end"].target == 100
    assert service.bands("gmv") == {}
    assert service.bands("cross_channel_share")["overlap"].at_most == 0.35


def test_a_group_of_channels_becomes_the_channels_of_the_brand() -> None:
    first, second = (
        Definition(kind="channel", name=name, spec={"group": "private"}) for name in ("wecom", "fan_groups")
    )
    other = Definition(kind="channel", name="tmall", spec={"group": "marketplace"})
    known = {one.key: one for one in (first, second, other)}
    where = catalogue(known).get("community_active_users").spec.where
    assert where[1] == Condition(column="channel", op="among", value=("wecom", "fan_groups"))
    assert Catalogue(presets()).get("community_active_users").spec.where[1].op == "of_group"


@pytest.mark.parametrize(
    ("day", "stages"),
    [
        (date(2026, 10, 27), {"prospect": 3}),  # B G H
        (date(2026, 10, 28), {"prospect": 2, "new": 1}),  # B bought
        (date(2026, 11, 8), {"prospect": 3, "new": 4}),  # D came; A C F bought
        # 31 days after their first orders: B on 28 November, A on 3 December, F on 8, C on 9
        (date(2026, 12, 8), {"prospect": 3, "new": 1, "active": 3}),
        (date(2026, 12, 9), {"prospect": 3, "active": 4}),
    ],
)
def test_people_leave_a_stage_when_they_enter_the_next(
    metrics: MetricService, day: date, stages: dict[str, int]
) -> None:
    answer = metrics.query(MetricQuery(("stage_people",), Period(day, day), by=("stage",)))
    found = {row.keys[0]: row.figures["stage_people"].value for row in answer.rows}
    assert {stage: people for stage, people in found.items() if people} == stages
    assert answer.totals["stage_people"].value == sum(stages.values())


def test_people_behind_a_stage_are_those_in_it_on_the_last_day(metrics: MetricService) -> None:
    new = (Condition(column="stage", value="new"),)
    assert metrics.persons("stage_people", WEEK, new) == [A, B, C, F]
    assert metrics.persons("stage_people", Period(date(2026, 12, 8), date(2026, 12, 8)), new) == [C]


@pytest.mark.parametrize(
    ("name", "people", "expected"),
    [
        ("gmv", (A, D), 15000),
        ("buyers", (A, D), 1),
        ("active_users", (A, D, G), 3),
        ("cross_channel_share", (A, D), 1 / 2),
        ("visit_share", (A, D), 1),
        ("repurchase_rate_30d", (A, F), 1 / 2),
        ("members", (A, B, G), 1),  # B joins on 9 November
        ("known_user_share", (A, D), 1 / 2),
        ("first_response_median", (G,), 60000),
        ("stage_people", (D, G, H), 3),
        ("gmv", (), 0),
        ("aov", (), None),
    ],
)
def test_metrics_of_a_few_people(metrics: MetricService, name: str, people: tuple[int, ...], expected: Any) -> None:
    answer = metrics.query(MetricQuery((name,), WEEK, "previous", "day", ("channel",)), np.array(people, np.int64))
    assert answer.totals[name].value == pytest.approx(expected)


def test_everybody_given_is_the_same_as_nobody_left_out(metrics: MetricService) -> None:
    names = ("buyers", "active_users", "cross_channel_share", "retention_7d", "pages_per_visit")
    query = MetricQuery(names, WEEK, "previous", "day", ("channel",))
    given, all_ = metrics.query(query, np.arange(1, 9, dtype=np.int64)), metrics.query(query)
    for few, many in zip(
        (given.totals, *(one.figures for one in (*given.line, *given.rows))),
        (all_.totals, *(one.figures for one in (*all_.line, *all_.rows))),
        strict=True,
    ):
        assert [few[name].value for name in names] == [many[name].value for name in names]


@pytest.mark.parametrize("name", ["cost", "cac", "platform_visitors", "share_led_views"])
def test_what_is_not_counted_person_by_person_cannot_be_limited(metrics: MetricService, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        metrics.query(MetricQuery((name,), WEEK), np.array([A], np.int64))
    assert caught.value.code == "metric.not_of_people"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("incentive_only_buyers", [B, F]),
        ("community_activity", [G]),
        ("private_cross_channel_share", [A]),
        ("ugc_users", [A, G]),
        ("referred_users", [D, F]),
        ("layer_people", [A, B, D]),
        ("private_conversion_30d", [A]),
    ],
)
def test_people_behind_the_new_numbers(brand: Any, metrics: MetricService, name: str, expected: list[int]) -> None:
    with brand.read() as con:
        assert sorted(ask(con, metrics.people(name, WEEK))["person"].to_pylist()) == expected
