"""``refunds``: money given back, on its own day where a file tells it, else on the order's day.

Per order they add up to ``orders.refunded_minor``: what the order states beyond its known refunds is a refund of its own.
"""

from __future__ import annotations

import ibis

from dujiang.engine.derived.orders import TOUCHED_ORDER, latest_refunds
from dujiang.engine.expressions import Rows, Scope, latest, shaped, whole, with_any_owner
from dujiang.engine.schema import ibis_table


def refunds(scope: Scope) -> Rows:
    """The refunds of the orders in ``scope``."""
    orders = scope.only(ibis_table("orders"), TOUCHED_ORDER, "order_key")
    known = latest_refunds(scope).filter(ibis._["done"] & ibis._["amount_minor"].notnull())
    return _known(known, orders).union(_remaining(known, orders))


def _known(refunds: Rows, orders: Rows) -> Rows:
    order = orders.select("order_key", person_of_order="person", at_of_order="at", day_of_order="day")
    rows = refunds.left_join(order, "order_key").drop("order_key_right").left_join(_owners(refunds), "order_key")
    rows = rows.mutate(
        refund_key=rows["key"],
        person=rows["person_of_order"].coalesce(rows["person"]),
        at=rows["at"].coalesce(rows["at_of_order"]),
        day=rows["day"].coalesce(rows["day_of_order"]),
    )
    return shaped(rows, "refunds")


def _owners(refunds: Rows) -> Rows:
    """Whose the refunds of one order are where the order itself is not known: one person, as with orders."""
    orders = refunds.group_by("order_key").agg(anchor=latest(refunds["anchor"], refunds["seq"]), at=refunds["at"].min())
    return with_any_owner(orders).select("order_key", "person")


def _remaining(refunds: Rows, orders: Rows) -> Rows:
    known = refunds.group_by("order_key").agg(known_minor=whole(refunds["amount_minor"].sum()))
    rows = orders.left_join(known, "order_key")
    remaining = rows["refunded_minor"] - rows["known_minor"].fill_null(0)
    rows = rows.mutate(refund_key=rows["order_key"], amount_minor=remaining, reason=ibis.null("string"))
    return shaped(rows.filter(rows["amount_minor"] > 0), "refunds")
