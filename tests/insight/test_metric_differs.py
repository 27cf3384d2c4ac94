"""Why a platform's own figure differs: said for every metric that a platform shows too, and for no other without need.

What platforms show is taken from the headers of their exports; a metric that none of them has is named here.
"""

from __future__ import annotations

import pytest

from dujiang.insight.catalogue import Catalogue, presets

SHOWN_BY_PLATFORMS = {
    "gmv": "支付金额", "order_value_placed": "拍下订单金额", "orders_placed": "拍下订单笔数", "net_sales": "净成交金额",
    "orders": "整体成交订单数", "units": "支付件数", "refund_amount": "成功退款金额", "refunds": "累计退款订单数",
    "refund_rate": "1小时内退款率", "new_customers": "成交新客数", "new_customer_share": "成交新客占比",
    "new_members": "入会量",
    "aov": "客单价", "spend_per_buyer": "客单价", "visits": "session_cnt", "visitors": "访客数", "page_views": "浏览量",
    "pages_per_visit": "visit_depth", "bounce_rate": "跳出率", "dwell_per_visit": "平均停留时长", "new_users": "visit_uv_new",
    "platform_buyers": "支付买家数", "platform_conversion": "支付转化率", "visitor_conversion": "支付转化率",
    "interactions": "互动量", "share_events": "分享", "cost": "整体消耗", "impressions": "展现量", "clicks": "点击量",
    "ctr": "点击率", "cpc": "平均点击成本", "roi": "整体支付ROI", "roas": "ROI", "new_private_users": "new_contact_cnt",
}  # fmt: skip
"""The name under which a platform's export or interface has a figure of the same kind."""

_NOT_SHOWN = """
    cancelled_orders cancelled_rate units_per_order refunded_of_orders gmv_share
    returning_customers new_customer_gmv known_buyer_gmv new_customer_gmv_share first_order_value first_order_net
    cohort_customers cohort_paid cohort_refunded cohort_referred ltv_to_date ltv_first_order ltv_repurchase ltv_referral
    ltv_predicted arpu customers_total members cross_channel_buyers cross_channel_buyer_share full_price_buyers
    incentive_only_buyers incentive_only_share referred_users referred_user_share
    repeat_orders known_orders repeat_order_share new_customer_repurchase_90d active_users active_users_30d
    bounces dwell_time visit_share active_user_share tracked_visits orders_with_visit visit_conversion daily_visitors
    buyers_with_visit visitor_to_buyer_7d gmv_with_visit gmv_per_visitor
    sharers share_led_views interacting_users share_rate cross_channel_users cross_channel_share ugc_posts ugc_users
    cost_rate cost_share cac_to_ltv
    conversations complaints complaint_rate first_response_median first_response_p90 resolution_median service_rating
    resolved_conversations resolution_rate written_conversations negative_conversations
    known_users known_user_share profile_filled profile_completeness
    private_users private_active_users community_active_users community_active_users_7d community_activity
    private_ugc_users private_ugc_share
    private_cross_channel_users private_cross_channel_share private_sharers private_referral_share private_gmv
    private_customers private_paid private_refunded private_ltv private_ltv_index private_conversion_30d
    contribution_value contribution_direct_value contribution_assist_value contributed_orders contribution_assist_share
    contribution_roas
    stage_entries stage_people valued_people layer_people valued_money layer_money
"""
NOT_SHOWN = frozenset(_NOT_SHOWN.split())
"""Metrics of which no export or interface that Dujiang knows has a figure of the same name."""


@pytest.fixture(scope="module")
def metrics() -> Catalogue:
    return Catalogue(presets())


def test_every_metric_says_why_or_has_no_counterpart(metrics: Catalogue) -> None:
    silent = {one.name for one in metrics if not one.spec.differs}
    assert silent == NOT_SHOWN


@pytest.mark.parametrize(("name", "figure"), SHOWN_BY_PLATFORMS.items())
def test_the_figure_is_called_as_the_platform_calls_it(metrics: Catalogue, name: str, figure: str) -> None:
    assert figure in metrics.get(name).spec.differs["zh"]
