"""``traffic_day``: visits as platforms report them, at level shop where there is one, else summed over the top sources."""

from __future__ import annotations

from typing import Final

import ibis

from dujiang.engine.expressions import Rows, Scope, all_latest, fact, shaped, whole

TOUCHED_TRAFFIC: Final[Rows] = ibis.table(
    {"channel": "string", "shop": "string", "day": "date"}, name="touched_traffic"
)

_COUNTS: Final = ("visitors", "page_views", "carts", "buyers", "paid_minor")


def traffic_day(scope: Scope) -> Rows:
    """Traffic of the channels, shops and days in ``scope``."""
    rows = fact("traffic").filter(ibis._["level"].isin(("shop", "source")))
    rows = rows.mutate(shop=rows["shop"].fill_null(""), unit=rows["unit"].fill_null(""))
    rows = scope.only(rows, TOUCHED_TRAFFIC, "channel", "shop", "day")
    units = rows.group_by("channel", "shop", "day", "level", "unit").agg(**all_latest(rows, *_COUNTS))
    # A source "search/brand" is part of "search": only the shallowest paths add up without repeating each other.
    path = units["unit"].length() - units["unit"].replace("/", "").length()
    units = units.mutate(depth=ibis.ifelse(units["level"] == "shop", -1, path))
    chosen = units.mutate(least=units["depth"].min().over(ibis.window(group_by=["channel", "shop", "day"])))
    chosen = chosen.filter(chosen["depth"] == chosen["least"])
    sums = {name: whole(chosen[name].sum()) for name in _COUNTS}
    return shaped(chosen.group_by("channel", "shop", "day").agg(**sums), "traffic_day")
