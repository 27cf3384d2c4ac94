"""``conversation``: every service conversation in its latest state."""

from __future__ import annotations

from typing import Final

import ibis

from dujiang.engine.expressions import Rows, Scope, all_latest, fact, milliseconds, shaped, with_any_owner

TOUCHED_CONVERSATION: Final[Rows] = ibis.table({"key": "int64"}, name="touched_conversation")


def conversation(scope: Scope) -> Rows:
    """The conversations in ``scope``."""
    rows = scope.only(fact("conversation"), TOUCHED_CONVERSATION, "key")
    stated = (
        "channel",
        "at",
        "anchor",
        "agent",
        "topic",
        "first_response_ms",
        "resolved_at",
        "complaint",
        "rating",
        "sentiment",
    )
    told = with_any_owner(rows.group_by("key").agg(**all_latest(rows, *stated)))
    told = told.mutate(
        conversation_key=told["key"],
        day=scope.day(told["at"]),
        resolution_ms=milliseconds(told["resolved_at"]) - milliseconds(told["at"]),
    )
    return shaped(told, "conversation")
