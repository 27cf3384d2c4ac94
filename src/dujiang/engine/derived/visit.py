"""``visit``: events of one person in one channel without a pause longer than the session gap."""

from __future__ import annotations

from typing import Any, Final

import ibis

from dujiang.engine.derived.events import PASSIVE, done
from dujiang.engine.expressions import TOUCHED, Rows, Scope, earliest, latest, milliseconds, shaped, whole

TOUCHED_VISIT: Final[Rows] = ibis.table(
    {"person": "int64", "channel": "string", "cut": "timestamp('UTC')"}, name="touched_visit"
)
"""Where in a channel the visits of a touched person are computed from, where it is earlier than the person's own moment."""


def visit(scope: Scope) -> Rows:
    """The visits in ``scope``."""
    rows = _numbered(done(scope) if scope.full else _after_cut(done(scope)), scope.gap_seconds)
    active = rows["name"].notin(PASSIVE)
    is_page = rows["kind"].isin(("page", "screen"))
    page, order = ibis.ifelse(is_page, rows["page"], None), rows["position"]
    visits = rows.group_by("person", "channel", "nth").agg(
        started_at=rows["at"].min(),
        ended_at=rows["at"].max(),
        events=rows.count(where=active),
        pages=rows.count(where=is_page),
        dwell_ms=whole(rows["dwell_ms"].sum()),
        scroll_pct=rows["scroll_pct"].max(),
        entry_page=earliest(page, order),
        exit_page=latest(page, order),
        **{name: earliest(rows[name], order) for name in _ENTRY},
    )
    bounced = (visits["pages"] == 1) & (visits["events"] == 1)
    return shaped(visits.mutate(bounced=bounced, day=scope.day(visits["started_at"])), "visit")


_ENTRY: Final = ("device", "referrer", "utm_source", "utm_medium", "utm_campaign")


def _after_cut(rows: Rows) -> Rows:
    rows = rows.inner_join(TOUCHED.drop("day"), "person").left_join(
        TOUCHED_VISIT, ["person", "channel"], rname="{name}_of_visit"
    )
    return rows.filter(rows["at"] >= rows["cut"].coalesce(rows["since"]))


def _numbered(rows: Rows, gap_seconds: int) -> Rows:
    """Each event with its position in the person's channel, and the number of its visit."""
    window: Any = ibis.window(group_by=["person", "channel"], order_by=["at", "seq"])
    rows = rows.mutate(pause=milliseconds(rows["at"]) - milliseconds(rows["at"].lag().over(window)))
    starts = (rows["pause"] > gap_seconds * 1000).fill_null(True).cast("int64")
    return rows.mutate(
        nth=starts.sum().over(ibis.cumulative_window(group_by=["person", "channel"], order_by=["at", "seq"])),
        position=ibis.row_number().over(window),
    )
