"""``orders``: every order in its latest state, its lines and refunds folded in.

An order is told by order rows, by line rows and by refund rows, each in any number of versions. What an order row states
wins; what it leaves open is the sum of the lines. What was given back is the most that any of the three says, because each
of them repeats the others.
"""

from __future__ import annotations

from typing import Any, Final

import ibis

from dujiang.engine.expressions import Rows, Scope, all_latest, fact, latest, shaped, whole, with_any_owner

TOUCHED_ORDER: Final[Rows] = ibis.table({"order_key": "int64"}, name="touched_order")

_STATED: Final = (
    "channel", "shop", "order_no", "at", "paid_at", "status", "gross_minor", "freight_minor", "discount_minor",
    "paid_minor", "refunded_minor", "units", "store", "guide", "promoter", "traffic_source", "coupon", "province", "city",
    "anchor",
)  # fmt: skip
_SUMMED: Final = ("gross_minor", "freight_minor", "discount_minor", "paid_minor", "units")
_NAMES: Final = ("channel", "shop", "order_no")


def orders(scope: Scope) -> Rows:
    """The orders in ``scope``."""
    told = _told(scope)
    owned = with_any_owner(told)
    return shaped(_numbered(owned.mutate(**_days(owned, scope))), "orders")


def _told(scope: Scope) -> Rows:
    headers, lines = _headers(scope), _lines(scope)
    folded = _folded(lines, headers)
    rows = headers.outer_join(folded, "order_key", rname="{name}_of_lines")
    rows = rows.mutate(order_key=rows["order_key"].coalesce(rows["order_key_of_lines"]))
    rows = rows.left_join(_given_back(scope), "order_key", rname="{name}_of_refunds")
    return rows.mutate(**_settled(rows))


def _settled(rows: Rows) -> dict[str, Any]:
    both = (*_NAMES, "at", "anchor", *_SUMMED)
    settled = {name: rows[name].coalesce(rows[f"{name}_of_lines"]) for name in both}
    settled["anchor"] = settled["anchor"].coalesce(rows["anchor_of_refunds"])
    paid = settled["paid_minor"]
    was_paid = ibis.ifelse(rows["paid_at"].notnull() | (paid.fill_null(0) > 0), "valid", "unpaid")
    settled["status"] = rows["status"].coalesce(rows["status_of_lines"], was_paid)
    told = (rows["refunded_minor"], rows["refunded_minor_of_lines"], rows["refunded_minor_of_refunds"])
    refunded = ibis.greatest(*(one.fill_null(0) for one in told))
    lines = rows["lines"].fill_null(0)
    return {**settled, "refunded_minor": refunded, "net_minor": paid - refunded, "lines": lines}


def _headers(scope: Scope) -> Rows:
    rows = scope.only(fact("order"), TOUCHED_ORDER, "order_key")
    return rows.group_by("order_key").agg(**all_latest(rows, *_STATED))


def _lines(scope: Scope) -> Rows:
    rows = scope.only(fact("order_line"), TOUCHED_ORDER, "order_key")
    stated = all_latest(rows, *_NAMES, "at", "anchor", "status", *_SUMMED, "refunded_minor")
    return rows.group_by("order_key", "key").agg(seq=rows["seq"].max(), **stated)


def _folded(lines: Rows, headers: Rows) -> Rows:
    """One row for each order that has lines."""
    status = lines.group_by("order_key").agg(status_of_lines=_status_of(lines))
    stated = headers.select("order_key", status_of_header="status")
    rows = lines.inner_join(status, "order_key").left_join(stated, "order_key")
    of_order = rows["status_of_header"].coalesce(rows["status_of_lines"])
    # A line that was never paid is no part of what a valid order came to.
    counts = rows["status"].isnull() | (rows["status"] == "valid") | (of_order != "valid")
    return rows.group_by("order_key").agg(
        lines=rows.count(),
        at=rows["at"].min(),
        anchor=latest(rows["anchor"], rows["seq"]),
        status_of_lines=rows["status_of_lines"].max(),
        refunded_minor=whole(rows["refunded_minor"].sum()),
        **{name: rows[name].max() for name in _NAMES},
        **{name: whole(rows[name].sum(where=counts)) for name in _SUMMED},
    )


def _status_of(lines: Rows) -> Any:
    """Valid where one line is, else unpaid where one line is, else cancelled; null where no line says."""
    status = lines["status"]
    return ibis.cases(
        ((status == "valid").any(), "valid"),
        ((status == "unpaid").any(), "unpaid"),
        ((status == "cancelled").any(), "cancelled"),
    )


def _given_back(scope: Scope) -> Rows:
    rows = latest_refunds(scope)
    return rows.group_by("order_key").agg(
        refunded_minor=whole(rows["amount_minor"].sum(where=rows["done"])), anchor=latest(rows["anchor"], rows["seq"])
    )


def latest_refunds(scope: Scope) -> Rows:
    """Each refund in its latest state; ``done`` unless it is open or refused."""
    rows = scope.only(fact("refund"), TOUCHED_ORDER, "order_key")
    stated = all_latest(rows, "channel", "shop", "at", "day", "amount_minor", "status", "reason", "anchor")
    refunds = rows.group_by("order_key", "key").agg(seq=rows["seq"].max(), **stated)
    return refunds.mutate(done=refunds["status"].fill_null("done") == "done")


def _days(rows: Rows, scope: Scope) -> dict[str, Any]:
    return {"day": scope.day(rows["at"]), "paid_day": scope.day(rows["paid_at"])}


def _numbered(rows: Rows) -> Rows:
    counted = (rows["status"] == "valid") & rows["person"].notnull()
    window = ibis.window(group_by=["person", "status"], order_by=["at", "order_key"])
    return rows.mutate(
        nth=ibis.ifelse(counted, ibis.row_number().over(window) + 1, None),
        previous_day=ibis.ifelse(counted, rows["day"].lag().over(window), None),
    )
