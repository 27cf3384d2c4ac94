"""The fact families: what Dujiang keeps for ever, as Arrow schemas.

A fact states what happened, with the values its source gave. It is never changed: a later fact with the same ``key`` is a
later version, and what it states wins field by field (an empty field states nothing). Money is in minor units, moments are
UTC, identifiers are tokens (see :mod:`dujiang.collect.identifiers`), and no column holds personal data in clear.
"""

from __future__ import annotations

from typing import Final, Literal

import pyarrow as pa

Family = Literal[
    "event",
    "order",
    "order_line",
    "refund",
    "spend",
    "traffic",
    "customer",
    "conversation",
    "platform_total",
    "membership",
    "unbinding",
    "consent",
    "tag",
]

MOMENT: Final = pa.timestamp("us", tz="UTC")
IDENTIFIERS: Final = pa.list_(pa.struct([("type", pa.string()), ("node", pa.int64())]))

_COMMON: Final[list[tuple[str, pa.DataType]]] = [
    ("key", pa.int64()),  # hash of the natural key: two rows with one key are versions of one fact
    ("content", pa.int64()),  # hash of everything the row states: equal content is a duplicate
    ("seq", pa.int64()),  # position in the archive: a later one wins; given by the loader
    ("batch", pa.string()),  # the load or import that brought it: what an undo takes away
    ("source", pa.string()),  # definition name of the source it came from
    ("channel", pa.string()),  # definition name of the channel it belongs to
    ("at", MOMENT),  # when it happened
    ("received_at", MOMENT),  # when it reached Dujiang
    ("identifiers", IDENTIFIERS),  # whom it is about; empty for facts about no one
    ("properties", pa.string()),  # everything else the source said, as a JSON object
]


def _schema(*own: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([*_COMMON, *own])


_text, _whole, _real = pa.string(), pa.int64(), pa.float64()

FAMILIES: Final[dict[str, pa.Schema]] = {
    # Something a person did, or that was done near them. Natural key: source and message id.
    "event": _schema(
        ("message_id", _text),
        ("kind", _text),  # track | page | screen | identify | group | alias
        ("name", _text),  # what happened; for page and screen the name "page_viewed" / "screen_viewed"
        ("page", _text),  # path of the page or name of the screen, without query
        ("page_title", _text),
        ("referrer", _text),  # host that led here
        ("utm_source", _text),
        ("utm_medium", _text),
        ("utm_campaign", _text),
        ("device", _text),  # desktop | mobile | tablet | app | mini_program | store
        ("content_id", _text),  # article, note, video, live room or product looked at
        ("dwell_ms", _whole),  # visible time spent
        ("scroll_pct", _real),  # deepest point seen, 0–100
        ("shared_by", _whole),  # node of the person whose share led here
        ("value_minor", _whole),  # money the event states, if any
        ("flagged", _text),  # what the tracking plan found odd about it; empty when nothing
    ),
    # An order as one file row states it. Natural key: channel, shop, order number.
    "order": _schema(
        ("shop", _text),
        ("order_no", _text),
        ("status", _text),  # valid | cancelled | unpaid (what the words mean: docs/concepts/orders)
        ("platform_status", _text),
        ("paid_at", MOMENT),
        ("finished_at", MOMENT),
        ("gross_minor", _whole),  # goods at list price, without freight
        ("freight_minor", _whole),
        ("discount_minor", _whole),
        ("paid_minor", _whole),  # what the buyer paid, freight included
        ("refunded_minor", _whole),  # so far, as this row states it
        ("units", _whole),
        ("store", _text),  # physical store, if any
        ("guide", _text),  # store guide or salesperson credited
        ("promoter", _text),  # influencer or distributor credited
        ("traffic_source", _text),  # what the platform says brought the order
        ("coupon", _text),
        ("province", _text),
        ("city", _text),
    ),
    # One item of an order. Natural key: the order's, and the line number or product.
    "order_line": _schema(
        ("shop", _text),
        ("order_no", _text),
        ("line_no", _text),
        ("product_id", _text),
        ("sku_id", _text),
        ("product", _text),
        ("category", _text),
        ("units", _whole),
        ("gross_minor", _whole),
        ("discount_minor", _whole),
        ("paid_minor", _whole),
        ("freight_minor", _whole),
        ("refunded_minor", _whole),
        ("status", _text),
        ("platform_status", _text),
    ),
    # Money given back, with a day of its own. Natural key: channel, shop, after-sale number.
    "refund": _schema(
        ("shop", _text),
        ("order_no", _text),
        ("line_no", _text),
        ("refund_no", _text),
        ("amount_minor", _whole),
        ("status", _text),  # done | open | refused
        ("reason", _text),
    ),
    # Money and its effect as one report row states it. Natural key: channel, account, level, unit, day, window.
    "spend": _schema(
        ("account", _text),  # shop or advertising account
        ("level", _text),  # plan | group | material | product | account: which report the row comes from
        ("unit_id", _text),  # id of the plan, material … (name where there is no id)
        ("unit", _text),
        ("day", pa.date32()),
        ("window", _text),  # attribution window of the conversions, "" where the report has none
        ("cost_minor", _whole),
        ("impressions", _whole),
        ("clicks", _whole),
        ("conversions", _whole),
        ("conversion_minor", _whole),
    ),
    # Visits as a platform reports them. Natural key: channel, shop, level, path of sources, product, day.
    "traffic": _schema(
        ("shop", _text),
        ("level", _text),  # shop | source | product
        ("unit", _text),  # source path ("手淘搜索/…") or product id; "" at level shop
        ("day", pa.date32()),
        ("visitors", _whole),
        ("page_views", _whole),
        ("carts", _whole),
        ("favourites", _whole),
        ("buyers", _whole),
        ("paid_minor", _whole),
        ("units", _whole),
    ),
    # What a source knows of a person. Natural key: source and the record's strongest identifier.
    "customer": _schema(
        ("gender", _text),  # female | male
        ("birth_year", _whole),
        ("province", _text),
        ("city", _text),
        ("member_level", _text),
        ("points", _whole),
        ("joined_at", MOMENT),  # became a member
        ("added_at", MOMENT),  # became a contact (WeCom friend, follower, customer)
        ("added_by", _text),  # employee or guide who added them
        ("entry", _text),  # way in: 来源方式
        ("tags", pa.list_(_text)),
    ),
    # One service conversation. Natural key: source and conversation id.
    "conversation": _schema(
        ("conversation_id", _text),
        ("agent", _text),
        ("topic", _text),
        ("first_response_ms", _whole),
        ("resolved_at", MOMENT),
        ("complaint", pa.bool_()),
        ("rating", _whole),  # 1–5
        ("sentiment", _real),  # of what was written, -1 to 1; the text itself is not kept
        ("sentiment_version", _text),  # of the classifier that gave it
    ),
    # Who entered or left a segment, recorded by Dujiang itself after a refresh. Natural key: segment and node.
    # It names no identifiers, because it says nothing of who belongs together.
    "membership": _schema(
        ("segment", _text),
        ("node", _whole),  # of the person at that time: whose it is later, identity says
        ("entered", pa.bool_()),
        ("filled", pa.bool_()),  # the segment was new or defined anew: nobody did anything for it
    ),
    # An identifier that was taken off whomever it was bound to, such as a phone that changed. Natural key: source, node, time.
    # It names no identifiers either: what it says is that nobody seen later with the node need be who was seen before.
    "unbinding": _schema(
        ("node", _whole),
    ),
    # The platform's own totals, to hold ours against. Natural key: channel, shop, day, hour.
    "platform_total": _schema(
        ("shop", _text),
        ("day", pa.date32()),
        ("hour", _whole),  # 0–23; null for the whole day
        ("orders", _whole),
        ("gmv_minor", _whole),
    ),
    # What somebody allowed or forbade, one statement a row. Natural key: source, strongest identifier, purpose, medium, moment.
    "consent": _schema(
        ("purpose", _text),  # what for: marketing, profiling, …
        ("medium", _text),  # by which way to reach them: sms, email, phone, wecom, …; "" for every way
        ("state", _text),  # granted | withdrawn | unknown
        ("basis", _text),  # legal ground or the form it was given on
        ("text_version", _text),  # version of the text that was agreed to
    ),
    # A mark put on somebody from outside, or taken off. Natural key: source, strongest identifier, tag, moment.
    "tag": _schema(
        ("tag", _text),
        ("value", _text),  # as text; "" for a tag that is only there or not
        ("removed", pa.bool_()),
        ("set_by", _text),  # account, or what set it
    ),
}
