"""What people are grouped by: counts of what somebody did within a window, and the features made of them.

Counts are :class:`~dujiang.people.behaviour.Statistic`, so that they are the same for a day in the past and for today. A
feature is a level (how often, how long ago), a share (with a discount, at night, in stores) or a rate (shares per visit).
What somebody never did says nothing about them: a share over no occasions is that of everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import numpy.typing as npt

from dujiang.engine.derived.events import INTERACTIONS, SHARES
from dujiang.foundation.timewindows import Period, promotions_within
from dujiang.people.behaviour import Aggregate, AsOf, Source, Statistic, Window
from dujiang.people.comparison import Where
from dujiang.people.counting import counted
from dujiang.people.groups.families import Family

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Form = Literal["level", "share", "rate"]
CHANNEL_GROUPS: Final = ("marketplace", "content", "private", "own", "store")
"""Groups of channels (of the definition kind ``channel``) whose shares are features."""
_CONTENT: Final = ("article_viewed", "content_viewed", "video_viewed", "note_viewed")
_COMMUNITY: Final = ("community_message", "message_posted", "ugc_posted", "review_posted", "post_published")
_REACTIONS: Final = tuple(name for name in INTERACTIONS if name not in SHARES)
_PROMOTIONS: Final = 4
"""Promotions of the calendar that may lie in a window; of a longer window the last ones count."""


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        family: its subject; every subject counts the same, however many features it has.
        form: ``level`` (a number as it is), ``share`` (of something, 0 to 1) or ``rate`` (so many for each).
        of: counts that are added up; of ``days_since`` the smallest.
        per: counts that they are divided by; none for a level.
        occasions: counts that say how much is known; ``per`` where there are none.
        money: whether it is in minor units.
        amount: what is added up are amounts (money, time, pieces), of which an occasion brings many or none; else it is
            occurrences, of which chance alone says how much they scatter.
    """

    family: Family
    form: Form
    of: tuple[str, ...]
    per: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ()
    money: bool = False
    amount: bool = False

    @property
    def known_by(self) -> tuple[str, ...]:
        """Counts that say how much is known."""
        return self.occasions or self.per


_DOINGS: Final = ("orders", "visits")
_PROMOTED: Final = tuple(f"promotion_{number}" for number in range(_PROMOTIONS))

FEATURES: Final[dict[str, Feature]] = {
    "days_since": Feature("value", "level", ("days_since_order", "days_since_visit")),
    "orders": Feature("value", "level", ("orders",)),
    "order_value": Feature("value", "rate", ("paid",), ("orders",), money=True, amount=True),
    "visits": Feature("value", "level", ("visits",)),
    "discount_share": Feature("price", "share", ("discount",), ("gross",), ("orders",), amount=True),
    "coupon_share": Feature("price", "share", ("coupon_orders",), ("orders",)),
    "promotion_share": Feature("price", "share", _PROMOTED, ("orders",)),
    "content_share": Feature("content", "share", ("content_views",), ("pages", "content_views")),
    "dwell": Feature("content", "rate", ("dwell_ms",), ("visits",), amount=True),
    "reaction_rate": Feature("social", "rate", ("reactions",), ("visits",)),
    "sharing_rate": Feature("social", "rate", ("shares",), ("visits",)),
    "community_rate": Feature("social", "rate", ("community",), ("visits",)),
    **{
        f"{group}_share": Feature("channel", "share", (f"orders_{group}", f"visits_{group}"), _DOINGS)
        for group in CHANNEL_GROUPS
        if group != "content"
    },
    "content_channel_share": Feature("channel", "share", ("orders_content", "visits_content"), _DOINGS),
    "variety": Feature("goods", "rate", ("categories",), ("lines",), amount=True),
    "units": Feature("goods", "rate", ("units",), ("orders",), amount=True),
    "night_share": Feature(
        "time", "share", ("orders_late", "orders_early", "visits_late", "visits_early"), _DOINGS
    ),
    "weekend_share": Feature("time", "share", ("orders_weekend", "visits_weekend"), _DOINGS),
    "working_share": Feature("time", "share", ("orders_working", "visits_working"), _DOINGS),
    "service_rate": Feature("service", "rate", ("conversations",), _DOINGS),
    "refund_share": Feature("service", "share", ("refunded",), ("paid",), ("orders",), amount=True),
}  # fmt: skip
NAMES: Final = tuple(FEATURES)
_CLOCK: Final[dict[str, tuple[Where, ...]]] = {
    "late": (Where(column="hour", op="at_least", value=22),),
    "early": (Where(column="hour", op="below", value=6),),
    "weekend": (Where(column="weekday", op="at_least", value=6),),
    "working": (
        Where(column="weekday", op="at_most", value=5),
        Where(column="hour", op="between", value=(9, 17)),
    ),
}


def counts(day: date, days: int, channels: Mapping[str, tuple[str, ...]]) -> dict[str, Statistic]:
    """The counts of the ``days`` before ``day`` by name.

    Args:
        day: the first day that is not known.
        days: how far back.
        channels: channels by their group, of :data:`CHANNEL_GROUPS`.
    """
    window = Window(first=day - timedelta(days), last=day - timedelta(1))

    def of(source: Source, *where: Where, aggregate: Aggregate = "count", column: str = "") -> Statistic:
        return Statistic(source=source, where=where, window=window, aggregate=aggregate, column=column)

    def named(names: tuple[str, ...]) -> Statistic:
        return of("events", Where(column="name", op="among", value=names))

    found = {
        "orders": of("orders"),
        "visits": of("visits"),
        "days_since_order": of("orders", aggregate="days_since_last"),
        "days_since_visit": of("visits", aggregate="days_since_last"),
        "paid": of("orders", aggregate="sum", column="paid_minor"),
        "gross": of("orders", aggregate="sum", column="gross_minor"),
        "discount": of("orders", aggregate="sum", column="discount_minor"),
        "units": of("orders", aggregate="sum", column="units"),
        "coupon_orders": of("orders", Where(column="coupon", op="known")),
        "pages": of("visits", aggregate="sum", column="pages"),
        "dwell_ms": of("visits", aggregate="sum", column="dwell_ms"),
        "content_views": named(_CONTENT),
        "reactions": named(_REACTIONS),
        "shares": named(SHARES),
        "community": named(_COMMUNITY),
        "lines": of("order_lines"),
        "categories": of("order_lines", aggregate="distinct", column="category"),
        "conversations": of("conversations"),
        "refunded": of("refunds", aggregate="sum", column="amount_minor"),
    }
    sources: tuple[Source, ...] = ("orders", "visits")
    for source in sources:
        found |= {f"{source}_{name}": of(source, *where) for name, where in _CLOCK.items()}
        for group in CHANNEL_GROUPS:
            if members := channels.get(group):
                found[f"{source}_{group}"] = of(source, Where(column="channel", op="among", value=members))
    runs = promotions_within(Period(day - timedelta(days), day - timedelta(1)))[-_PROMOTIONS:]
    for name, (_promotion, run) in zip(_PROMOTED, runs, strict=False):
        found[name] = of("orders", Where(column="day", op="between", value=(run.first, run.last)))
    return found


@dataclass(frozen=True)
class Counts:
    """People and their counts as of a day; a row for each person.

    Attributes:
        person: numbers.
        columns: by name; not a number for the days since what never happened.
    """

    person: Ints
    columns: Mapping[str, Reals]

    def __len__(self) -> int:
        return len(self.person)

    def total(self, names: tuple[str, ...]) -> Reals:
        """The counts called ``names`` added up; what was not counted is 0."""
        found = np.zeros(len(self.person))
        for name in names:
            if name in self.columns:
                found = found + np.nan_to_num(self.columns[name])
        return found

    def parts(self, name: str) -> tuple[Reals, Reals, Reals]:
        """Of a feature: what is divided, what it is divided by, and how many occasions are known; a level is divided by 1."""
        one = FEATURES[name]
        if name == "days_since":
            known = np.column_stack([self.columns[column] for column in one.of])
            return np.nanmin(known, axis=1), np.ones(len(self)), np.ones(len(self))
        if one.form == "level":
            return self.total(one.of), np.ones(len(self)), np.ones(len(self))
        return self.total(one.of), self.total(one.per), self.total(one.known_by)


_TABLE: Final = "group_count"
_CHUNK: Final = 200_000


def prepare(
    con: duckdb.DuckDBPyConnection,
    day: date,
    zone: ZoneInfo,
    *,
    days: int,
    least: int,
    channels: Mapping[str, tuple[str, ...]],
    among: str = "",
) -> int:
    """Count what people did in the ``days`` before ``day``, for :func:`read`; how many can be grouped.

    Args:
        con: a connection that may make temporary tables.
        day: the first day that is not known.
        zone: the brand's zone.
        days: how far back.
        least: orders and visits that somebody has to have.
        channels: channels by their group.
        among: only people in this table; empty for everybody.
    """
    only = f'SEMI JOIN "{among}" USING (person)' if among else ""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE group_among AS SELECT person FROM (
            SELECT person, day FROM orders {only} WHERE status = 'valid' AND person IS NOT NULL AND "at" < $at
            UNION ALL SELECT person, day FROM visit {only} WHERE started_at < $at
        ) WHERE day >= $first AND day < $day GROUP BY person HAVING count(*) >= $least""",
        {"day": day, "first": day - timedelta(days), "least": least, "at": datetime.combine(day, time(), zone)},
    )
    as_of = AsOf(datetime.combine(day, time(), zone), zone)
    counted(counts(day, days, channels), as_of, "group_among").into(con, "group_unsorted")
    place = "row_number() OVER (ORDER BY person) - 1 AS place"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_TABLE} AS SELECT {place}, * FROM group_unsorted")
    con.execute("DROP TABLE group_unsorted")
    ((people,),) = con.execute(f"SELECT count(*) FROM {_TABLE}").fetchall()
    return people


def read(con: duckdb.DuckDBPyConnection) -> Counts:
    """The people of :func:`prepare`."""
    return _read(con, "ORDER BY place", {})


def _read(con: duckdb.DuckDBPyConnection, which: str, values: Mapping[str, object]) -> Counts:
    found = con.sql(f"SELECT * EXCLUDE (place) FROM {_TABLE} {which}", params=dict(values)).to_arrow_table()
    columns = {
        name: np.asarray(found[name].to_numpy(zero_copy_only=False), np.float64)
        for name in found.column_names
        if name != "person"
    }
    return Counts(np.asarray(found["person"].to_numpy(), np.int64), columns)


def chunks(people: int) -> list[tuple[int, int]]:
    """Places of the people of :func:`prepare`, so many at a time that memory stays bounded."""
    return [(first, min(first + _CHUNK, people)) for first in range(0, people, _CHUNK)]


def read_chunk(con: duckdb.DuckDBPyConnection, first: int, last: int) -> Counts:
    """The people of :func:`prepare` from place ``first`` until before ``last``."""
    which = "WHERE place >= $first AND place < $last ORDER BY place"
    return _read(con, which, {"first": first, "last": last})


def read_sample(con: duckdb.DuckDBPyConnection, wanted: int) -> Counts:
    """At most ``wanted`` of the people of :func:`prepare`, chosen and ordered by a hash of what they did.

    What people did decides and not their numbers, which come from the keys of a workspace: people who did the same give the
    same sample in every workspace. Those who did exactly the same are alike, so that their order changes nothing.
    """
    names = [row[0] for row in con.execute(f"DESCRIBE {_TABLE}").fetchall() if row[0] not in ("person", "place")]
    told = ", ".join(f"coalesce(CAST(\"{name}\" AS VARCHAR), '')" for name in sorted(names))
    return _read(con, f"ORDER BY md5_number_lower(concat_ws(',', {told})), person LIMIT $wanted", {"wanted": wanted})
