"""Every metric that comes with Dujiang against an answer worked out by hand from the tables in ``conftest.py``."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import Figure, MetricAnswer, MetricQuery
from dujiang.insight.catalogue import catalogue
from dujiang.insight.service import MetricService

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))

TOTALS: dict[str, float] = {
    # orders 10000 + 5000 + 6000 + 3000 + 2000 + 1500
    "gmv": 27500, "order_value_placed": 42000, "net_sales": 26500, "orders": 6, "orders_placed": 8,
    "cancelled_orders": 1, "cancelled_rate": 1 / 8, "units": 9, "aov": 4583, "units_per_order": 1.5,
    "refunded_of_orders": 1000, "refund_rate": 1000 / 27500, "refund_amount": 1500, "refunds": 2, "gmv_share": 1,
    # buyers A B C F, of whom A C F are new
    "buyers": 4, "new_customers": 3, "returning_customers": 1, "new_customer_share": 3 / 4, "new_customer_gmv": 14500,
    "known_buyer_gmv": 25500, "new_customer_gmv_share": 14500 / 25500, "spend_per_buyer": 6375,
    "first_order_value": 4833, "first_order_net": 14500, "cohort_customers": 3, "cohort_paid": 27500,
    "cohort_refunded": 1000, "ltv_to_date": 8833, "ltv_first_order": 4833, "ltv_repurchase": 4000,
    "arpu": 4417, "customers_total": 4, "new_members": 1, "members": 2,
    "cross_channel_buyers": 1, "cross_channel_buyer_share": 1 / 4,
    # A again after 2 days, C after 17, B after 73, F never
    "repeat_orders": 2, "known_orders": 5, "repeat_order_share": 2 / 5, "repurchase_rate_30d": 2 / 4,
    "repurchase_rate_90d": 3 / 4, "new_customer_repurchase_90d": 2 / 3,
    # new A C D F, of whom A came back within 7 days
    "new_users": 4, "retention_7d": 1 / 4, "active_users": 6, "active_users_30d": 7,
    "visits": 5, "visitors": 4, "page_views": 11, "pages_per_visit": 2.2, "bounces": 2, "bounce_rate": 0.4,
    "dwell_time": 96000, "dwell_per_visit": 19200, "visit_share": 1, "active_user_share": 1, "tracked_visits": 5,
    "orders_with_visit": 2, "visit_conversion": 2 / 5, "daily_visitors": 4, "buyers_with_visit": 2,
    "visitor_conversion": 2 / 4, "visitor_to_buyer_7d": 3 / 4, "gmv_with_visit": 8000, "gmv_per_visitor": 2000,
    "platform_visitors": 250, "platform_buyers": 15, "platform_conversion": 0.06,
    "share_events": 3, "sharers": 2, "share_led_views": 4, "interactions": 5, "interacting_users": 3,
    "interaction_rate": 3 / 6, "share_rate": 2 / 6, "cross_channel_users": 2, "cross_channel_share": 2 / 6,
    "cost": 6000, "impressions": 15000, "clicks": 300, "ctr": 0.02, "cpc": 20, "cac": 2000, "roas": 27500 / 6000,
    "roi": 20500 / 6000, "cost_rate": 6000 / 27500, "cost_share": 1, "cac_to_ltv": 2000 / (26500 / 3),
    "conversations": 3, "complaints": 1, "complaint_rate": 1 / 3, "first_response_median": 60000,
    "first_response_p90": 108000, "resolution_median": 400000, "service_rating": 3.5,
    # profile fields filled: A 4 of 6, C 1, F 0; before them B 2 and G 6
    "known_users": 5, "known_user_share": 5 / 6, "profile_filled": 5 / 18, "profile_completeness": 13 / 30,
    # of A C F, acquired in the week, A brought F, who paid 1500; B, who brought D, was acquired before
    "cohort_referred": 1500, "ltv_referral": 500, "ltv": 9333, "ltv_predicted": 3000,
    "referred_users": 2, "referred_user_share": 2 / 4,
    # with coupon: A's first order, B's, F's; without: A's second, C's
    "full_price_buyers": 2, "incentive_only_buyers": 2, "incentive_only_share": 2 / 4,
    "first_screen_time": 1000, "live_viewers_peak": 620, "ugc_posts": 3, "ugc_users": 2,
    "resolved_conversations": 2, "resolution_rate": 2 / 3, "written_conversations": 2, "negative_conversations": 1,
    "negative_sentiment": 1 / 2,
    # into new: A C F; into prospect: D; B G H were there before
    "stage_entries": 4, "stage_people": 7,
    "valued_people": 2, "layer_people": 4 - 1, "valued_money": 15000, "layer_money": 25500,
    # 10000 + 4000 of A, 6000 of B, 3000 of C, 1500 of F; nobody helped
    "contribution_value": 24500, "contribution_direct_value": 24500, "contribution_assist_value": 0,
    "contributed_orders": 5, "contribution_assist_share": 0, "contribution_roas": 24500 / 6000,
    # contacts: G in October, A in the week, C after it
    "new_private_users": 1, "private_users": 2, "private_active_users": 3, "community_active_users": 1,
    "community_active_users_7d": 1, "community_activity": 1 / 2, "private_ugc_users": 2, "private_ugc_share": 2 / 3,
    "private_cross_channel_users": 1, "private_cross_channel_share": 1 / 3,
    "private_sharers": 2, "private_referral_share": 2 / 3, "private_gmv": 18000, "private_gmv_share": 18000 / 27500,
    "private_customers": 2, "private_paid": 26000, "private_refunded": 1000, "private_ltv": 12500,
    "private_ltv_index": 12500 / (26500 / 3), "private_conversion_30d": 1,
}  # fmt: skip

CHANNELS: dict[str, dict[str, Any]] = {
    "gmv": {"tmall": 18000, "app": 9500},
    "gmv_share": {"tmall": 18000 / 27500, "app": 9500 / 27500},
    "buyers": {"tmall": 2, "app": 3},
    "new_customers": {"tmall": 1, "app": 2},
    "returning_customers": {"tmall": 1, "app": 1},
    "aov": {"tmall": 6000, "app": 3167},
    "refund_rate": {"tmall": 0, "app": 1000 / 9500},
    "refund_amount": {"tmall": 500, "app": 1000},
    "ltv_to_date": {"tmall": 15000, "app": 5750},
    "active_users": {"tmall": 2, "app": 5, "wecom": 2},
    "active_user_share": {"tmall": 2 / 6, "app": 5 / 6, "wecom": 2 / 6},
    "cross_channel_users": {"tmall": 2, "app": 2, "wecom": 1},
    "cross_channel_share": {"tmall": 1, "app": 2 / 5, "wecom": 1 / 2},
    "cross_channel_buyer_share": {"tmall": 1 / 2, "app": 1 / 3},
    "customers_total": {"tmall": 2, "app": 2},
    "active_users_30d": {"tmall": 2, "app": 6, "wecom": 2},
    "repurchase_rate_30d": {"tmall": 1 / 2, "app": 1 / 3},
    "retention_7d": {"tmall": 1, "app": 0},
    "visits": {"app": 5, "tmall": "not_collected"},
    "visit_conversion": {"app": 2 / 5, "tmall": "zero_denominator", "wecom": "zero_denominator"},
    "cost": {"tmall": 6000, "app": "not_collected", "wecom": "not_collected"},
    "cac": {"tmall": 6000, "app": "not_collected"},
    "cost_share": {"tmall": 1, "app": "not_collected"},
    "complaint_rate": {"wecom": 1 / 2, "app": 0, "tmall": "not_collected"},
    "known_user_share": {"tmall": 1, "app": 4 / 5, "wecom": 1},
    "service_rating": {"wecom": 3.5, "app": "no_values"},
}

BEFORE: dict[str, Any] = {
    "gmv": 4000, "buyers": 1, "new_customers": 1, "orders": 1, "cancelled_orders": 0, "active_users": 1,
    "customers_total": 1, "members": 1, "active_users_30d": 2, "visits": 0, "bounce_rate": "zero_denominator",
    "cross_channel_share": 0, "returning_customers": 0, "profile_completeness": 8 / 12, "profile_filled": "no_rows",
    "cost": "not_collected", "roas": "not_collected", "conversations": "not_collected", "cohort_paid": 10500,
    "repurchase_rate_30d": 1, "repeat_orders": 0, "visitor_to_buyer_7d": "zero_denominator",
}  # fmt: skip


@pytest.fixture(scope="module")
def answer(metrics: MetricService) -> MetricAnswer:
    """All metrics at once: the week, the week before, and by channel."""
    return metrics.query(MetricQuery(tuple(TOTALS), WEEK, "previous", by=("channel",)))


def said(figure: Figure) -> Any:
    return figure.value if figure.reason is None else figure.reason


def test_every_metric_has_an_answer_by_hand() -> None:
    assert {metric.name for metric in catalogue({})} == set(TOTALS)


@pytest.mark.parametrize("name", TOTALS)
def test_total(answer: MetricAnswer, name: str) -> None:
    assert said(answer.totals[name].now) == pytest.approx(TOTALS[name], abs=1e-12)


@pytest.mark.parametrize("name", CHANNELS)
def test_by_channel(answer: MetricAnswer, name: str) -> None:
    rows = {row.keys[0]: said(row.figures[name].now) for row in answer.rows}
    assert {key: rows[key] for key in CHANNELS[name]} == pytest.approx(CHANNELS[name], abs=1e-12)


@pytest.mark.parametrize("name", BEFORE)
def test_the_week_before(answer: MetricAnswer, name: str) -> None:
    before = answer.totals[name].before
    assert before is not None
    assert said(before) == pytest.approx(BEFORE[name], abs=1e-12)


@pytest.mark.parametrize("name", ["roi", "cross_channel_share", "known_user_share", "retention_7d", "members"])
def test_asking_alone_gives_what_asking_for_all_gives(metrics: MetricService, answer: MetricAnswer, name: str) -> None:
    assert metrics.query(MetricQuery((name,), WEEK, "previous")).totals[name] == answer.totals[name]
