"""Keeps ``active_hour`` in step with every refresh."""

from __future__ import annotations

from typing import Final

import duckdb

from dujiang.engine.refresh import Change

_HOURS: Final = """
    INSERT INTO active_hour
    SELECT person, ((isodow(hour) - 1) * 24 + extract(hour FROM hour))::BIGINT AS slot, count(*) AS hours
    FROM (
        SELECT DISTINCT person, date_trunc('hour', timezone($zone, moment)) AS hour
        FROM (
            SELECT person, started_at AS moment FROM visit {only}
            UNION ALL
            SELECT person, "at" FROM orders {only} WHERE status = 'valid' AND person IS NOT NULL AND "at" IS NOT NULL
        )
    )
    GROUP BY ALL
"""


class ActiveHourFollower:
    """Counts the different hours in which each touched person began a visit or ordered."""

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """See :class:`dujiang.engine.refresh.Follower`."""
        if change.full:
            con.execute("DELETE FROM active_hour")
        else:
            con.execute("DELETE FROM active_hour USING touched t WHERE active_hour.person = t.person")
        only = "" if change.full else "SEMI JOIN touched USING (person)"
        con.execute(_HOURS.format(only=only), {"zone": change.zone})
