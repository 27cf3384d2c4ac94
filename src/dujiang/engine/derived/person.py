"""``person``: one row for each person of whom anything is known, over all channels."""

from __future__ import annotations

from typing import Any, Final

import ibis

from dujiang.engine.derived.events import SAYS_WHO
from dujiang.engine.expressions import (
    TOUCHED,
    Rows,
    Scope,
    all_latest,
    earliest,
    fact,
    latest,
    shaped,
    whole,
    with_owner,
)
from dujiang.engine.schema import ibis_table

_RULE: Final = ibis.table(
    {"type": "string", "rank": "int64", "joins": "boolean", "device": "boolean"}, name="identifier_rule"
)


def person(scope: Scope) -> Rows:
    """The persons in ``scope``."""
    seen = _seen(scope)
    rows = seen
    for part in (_done(scope), _identifiers(scope), _bought(scope), _profile()):
        rows = rows.left_join(part, "person", rname="{name}_again").drop(ibis.selectors.endswith("_again"))
    zeros = {
        name: rows[name].fill_null(0)
        for name in ("identifiers", "events", "visits", "orders", "paid_minor", "refunded_minor")
    }
    own_province = rows["province"].isnull()
    return shaped(
        rows.mutate(
            **zeros,
            known=rows["known"].fill_null(False),
            first_day=scope.day(rows["first_at"]),
            last_day=scope.day(rows["last_at"]),
            order_channels=rows["order_channels"],
            province=rows["province"].coalesce(rows["order_province"]),
            city=ibis.ifelse(own_province, rows["order_city"], rows["city"]),
        ),
        "person",
    )


def _seen(scope: Scope) -> Rows:
    """When and where: over what was done, what was told, and what sources know."""
    days = _of_touched(ibis_table("person_day"), scope).select("person", "channel", "first_at", "last_at")
    rows = ibis.union(days, _told(), _known())
    return rows.group_by("person").agg(
        first_at=rows["first_at"].min(),
        last_at=rows["last_at"].max(),
        first_channel=earliest(rows["channel"], ibis.struct({"at": rows["first_at"], "channel": rows["channel"]})),
        channels=rows["channel"].collect(distinct=True).sort(),
    )


def _told() -> Rows:
    rows = fact("event")
    rows = with_owner(rows.filter(rows["kind"].isin(SAYS_WHO)).select("anchor", "at", "channel"))
    return rows.group_by("person", "channel").agg(first_at=rows["at"].min(), last_at=rows["at"].max())


def _known() -> Rows:
    """When a source met the person: as its record says in its latest state, else when the record is from."""
    rows = _customers()
    records = rows.group_by("person", "key").agg(
        **all_latest(rows, "channel", "joined_at", "added_at"), at=rows["at"].min()
    )
    met: Any = ibis.least(records["joined_at"], records["added_at"]).coalesce(records["at"])
    return records.group_by("person", "channel").agg(first_at=met.min(), last_at=met.max())


def _customers() -> Rows:
    return with_owner(fact("customer"))


def _done(scope: Scope) -> Rows:
    rows = _of_touched(ibis_table("person_day"), scope)
    return rows.group_by("person").agg(events=whole(rows["events"].sum()), visits=whole(rows["visits"].sum()))


def _identifiers(scope: Scope) -> Rows:
    rows = _of_touched(ibis_table("person_node"), scope).left_join(_RULE, "type")
    return rows.group_by("person").agg(identifiers=rows["node"].nunique(), known=(~rows["device"]).any())


def _bought(scope: Scope) -> Rows:
    rows = _of_touched(ibis_table("orders"), scope)
    rows = rows.filter((rows["status"] == "valid") & rows["person"].notnull())
    return rows.group_by("person").agg(
        orders=rows.count(),
        paid_minor=whole(rows["paid_minor"].sum()),
        refunded_minor=whole(rows["refunded_minor"].sum()),
        first_order_day=rows["day"].min(),
        last_order_day=rows["day"].max(),
        first_order_channel=earliest(rows["channel"], rows["nth"]),
        order_channels=rows["channel"].collect(distinct=True).sort(),
        order_province=latest(rows["province"], rows["nth"]),
        order_city=latest(
            ibis.ifelse(rows["province"].notnull(), rows["city"].fill_null(""), None), rows["nth"]
        ).nullif(""),
    )


def _profile() -> Rows:
    rows = _customers()
    stated = all_latest(rows, "gender", "birth_year", "province", "city", "member_level", "points")
    profile: dict[str, Any] = {**stated, "joined_at": rows["joined_at"].min(), "added_at": rows["added_at"].min()}
    return rows.group_by("person").agg(**profile).left_join(_tags(), "person").drop("person_right")


def _tags() -> Rows:
    """Every tag of the latest version of each of the person's records, sorted."""
    rows = _customers()
    records = rows.group_by("person", "key").agg(tags=latest(rows["tags"], rows["seq"]))
    single = records.mutate(tag=records["tags"].unnest()).filter(ibis._["tag"].notnull())
    return single.group_by("person").agg(tags=single["tag"].collect(distinct=True).sort())


def _of_touched(rows: Rows, scope: Scope) -> Rows:
    return scope.only(rows, TOUCHED, "person")
