"""What advertising really did in the demo brand, whose truth lies beside its files: something that no brand of its own has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow.parquet as pq

from dujiang.foundation.timewindows import Period
from dujiang.workspace.demo import SOURCE_FOLDER
from dujiang.workspace.workspace import Workspace


@dataclass(frozen=True)
class Brought:
    """What one channel's advertising brought: orders of people who would not have become customers without it.

    Attributes:
        orders: how many of the orders that were counted.
        value_minor: what they brought, less what was given back.
    """

    orders: int
    value_minor: int


_ASKED: Final = """
    SELECT true_person.channel, count(*) AS orders, CAST(sum(greatest(coalesce(orders.net_minor, 0), 0)) AS BIGINT) AS value
    FROM orders JOIN true_order USING (channel, order_no) JOIN true_person ON true_person.person = true_order.person
    WHERE paid AND status = 'valid' AND orders.person IS NOT NULL AND "at" >= $first AND "at" < $after
        AND (NOT $new_only OR nth = 1) AND (len($channels) = 0 OR list_contains($channels, orders.channel))
    GROUP BY ALL
"""


def truly_brought(
    workspace: Workspace, period: Period, *, new_only: bool, channels: tuple[str, ...] = ()
) -> dict[str, Brought] | None:
    """What each channel's advertising brought among the period's orders of known people; None unless this is the demo brand.

    Args:
        workspace: the brand.
        period: days of the orders.
        new_only: only first orders.
        channels: only orders made in these; all where empty.
    """
    folder = workspace.layout.folder / SOURCE_FOLDER / "truth"
    if not (folder / "person.parquet").exists():
        return None
    first, after = period.moments(workspace.zone)
    values = {"first": first, "after": after, "new_only": new_only, "channels": [*channels]}
    with workspace.engine.read() as con:
        con.register("true_person", pq.read_table(folder / "person.parquet", columns=["person", "channel", "paid"]))
        con.register("true_order", pq.read_table(folder / "order.parquet", columns=["channel", "order_no", "person"]))
        rows = con.execute(_ASKED, values).fetchall()
    return {channel: Brought(orders, value) for channel, orders, value in rows}
