"""``spend_day``: money spent per campaign and day, counted once although several reports and windows repeat it."""

from __future__ import annotations

from typing import Any, Final

import ibis

from dujiang.engine.expressions import Rows, Scope, all_latest, fact, shaped

TOUCHED_SPEND: Final[Rows] = ibis.table({"channel": "string", "account": "string", "day": "date"}, name="touched_spend")

_LEVELS: Final = ("plan", "account", "group", "material", "product")
"""Reports of one account and day state the same money: the first of these levels that states a cost is taken."""


def spend_day(scope: Scope) -> Rows:
    """Spend of the channels, accounts and days in ``scope``."""
    rows = fact("spend")
    rows = rows.mutate(
        account=rows["account"].fill_null(""),
        level=rows["level"].fill_null(""),
        campaign=rows["unit_id"].coalesce(rows["unit"], ""),
    )
    rows = scope.only(rows, TOUCHED_SPEND, "channel", "account", "day")
    units = rows.group_by("channel", "account", "day", "level", "campaign").agg(
        **all_latest(rows, "cost_minor", "impressions", "clicks"), campaign_name=all_latest(rows, "unit")["unit"]
    )
    units = units.mutate(rank=_rank(units))
    best = units["rank"].min().over(ibis.window(group_by=["channel", "account", "day"]))
    chosen = units.mutate(best=best)
    return shaped(chosen.filter(chosen["rank"] == chosen["best"]), "spend_day")


def _rank(units: Rows) -> Any:
    level: Any = ibis.cases(*((units["level"] == name, rank) for rank, name in enumerate(_LEVELS)), else_=len(_LEVELS))
    return level + ibis.ifelse(units["cost_minor"].isnull(), 10, 0)
