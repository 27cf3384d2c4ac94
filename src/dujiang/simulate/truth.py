"""The truth, as tables beside the files: who is who, what they bought, what advertising really did."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dujiang.simulate.brand import ADVERTISING, CHANNELS, CITIES, INCIDENTS, LIVE_SHOP, MINI_APP, SHOPS, STORES
from dujiang.simulate.draws import Flags, Ints, Reals
from dujiang.simulate.events import Events
from dujiang.simulate.files.batch import order_numbers
from dujiang.simulate.habits import HABITS
from dujiang.simulate.names import birthday, full_name, is_twin
from dujiang.simulate.orders import STATUSES, VALID, Orders
from dujiang.simulate.people import LOYAL, ONCE, REGULAR, People
from dujiang.simulate.texts import Moments, Text, pc, take, where
from dujiang.simulate.traits import PERSONAS
from dujiang.simulate.visits import BROWSER, GANG_HANDSET, HANDSET, HOUSE_TABLET, MINI_PROGRAM, STORE_TABLET, owner_kind
from dujiang.simulate.world import World

_DAY: Final = 86_400
_BUYS: Final = {ONCE: "once", REGULAR: "regular", LOYAL: "loyal"}


class Truth:
    """Writes tables by name; rows that come block by block are appended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, name: str, table: pa.Table) -> None:
        """Append rows to the table called ``name``."""
        if name not in self._writers:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema, compression="zstd")
        self._writers[name].write_table(table)

    def close(self) -> None:
        """Finish every table."""
        for writer in self._writers.values():
            writer.close()


def channel_names(index: Ints) -> pa.Array:
    """Definition names of channels."""
    return take([one.name for one in CHANNELS], index)


def maybe_channel(index: Ints) -> pa.Array:
    """The same; null where there is none."""
    return _masked(channel_names(np.maximum(index, 0)), index >= 0)


def _masked(column: pa.Array, known: Flags) -> pa.Array:
    return pc.if_else(pa.array(known), column, pa.scalar(None, column.type))


def _moments(moments: Moments, days: Reals) -> pa.Array:
    known = np.isfinite(days)
    return _masked(moments.moments((np.where(known, days, 0) * _DAY).astype(np.int64)), known)


def person_table(world: World, people: People, moments: Moments) -> pa.Table:
    """One row for each person."""
    traits = people.traits
    return pa.table(
        {
            "person": people.person,
            "household": people.household,
            "twin": pa.array(is_twin(world, people.person)),
            "name": full_name(world, people.person),
            "birthday": birthday(world, people.person, people.birth_year),
            "gender": take(("female", "male"), people.gender),
            "birth_year": people.birth_year,
            "province": take([one[0] for one in CITIES], people.city),
            "city": take([one[1] for one in CITIES], people.city),
            "arrived_at": _moments(moments, people.arrival),
            "channel": channel_names(people.channel),
            "paid": people.paid,
            "home": channel_names(people.home),
            "second": maybe_channel(people.second),
            "buyer": people.buyer,
            "kind": take([_BUYS[one] for one in sorted(_BUYS)], people.buys),
            "gang": _masked(pa.array(people.gang), people.gang >= 0),
            "member_at": _moments(moments, people.member_at),
            "added_at": _moments(moments, people.added_at),
            "persona": take([one.name for one in PERSONAS], traits.persona),
            "habit": take(HABITS, traits.habit),
            "favourite_hour": traits.hour,
            "regularity": traits.regularity,
            "price": traits.price,
            "content": traits.content,
            "social": traits.social,
        }
    )


def order_table(world: World, moments: Moments, orders: Orders) -> pa.Table:
    """One row for each order; ``order_no`` is as the engine names it."""
    shops = np.where(orders.live == 1, len(CHANNELS), orders.channel)
    names = [SHOPS.get(channel, "") for channel in range(len(CHANNELS))] + [LIVE_SHOP]
    return pa.table(
        {
            "channel": channel_names(orders.channel),
            "shop": take(names, shops),
            "order_no": order_numbers(world, moments, orders),
            "person": orders.person,
            "at": moments.moments(orders.at),
            "day": moments.dates(orders.at // _DAY).cast(pa.date32()),
            "status": take(STATUSES, orders.status),
            "gross_minor": orders.gross,
            "freight_minor": orders.freight,
            "discount_minor": orders.discount,
            "due_minor": orders.paid,
            "paid_minor": np.where(orders.status == VALID, orders.paid, 0),
            "refunded_minor": orders.refunded,
            "refunded_at": _masked(moments.moments(np.maximum(orders.refund_at, 0)), orders.refund_at >= 0),
            "phone_shown": take(("clear", "masked", "junk", "staff", "none"), orders.shown),
            "lines": orders.lines,
            "units": orders.units,
            "store": where(orders.store >= 0, take([one.name for one in STORES], np.maximum(orders.store, 0))),
        }
    )


def static_tables(world: World) -> dict[str, pa.Table]:
    """Everything that is true of the brand as a whole."""
    return {
        "channel_effect": _channel_effects(world),
        "channel_day": _channel_days(world),
        "staff_card": pa.table(
            {"store": [one.name for one in STORES], "member_no": [one.staff_card for one in STORES]}
        ),
        "promotion": _promotions(world),
        "incident": _incidents(world),
    }


def _channel_effects(world: World) -> pa.Table:
    total = (world.organic + world.paid).sum()
    rows = [
        {
            "channel": CHANNELS[one.channel].name,
            "account": one.account,
            "spend_minor": int(world.spend[place].sum()),
            "decay_per_day": one.decay,
            "half_saturation_minor": one.half * world.spec.people / 20_000,
            "slope": one.slope,
            "strength": one.strength,
            "share_of_newcomers": float(world.paid[one.channel].sum() / total),
        }
        for place, one in enumerate(ADVERTISING)
    ]
    return pa.Table.from_pylist(rows)


def _channel_days(world: World) -> pa.Table:
    spent = np.zeros((len(CHANNELS), world.days), np.int64)
    for place, one in enumerate(ADVERTISING):
        spent[one.channel] = world.spend[place]
    channel, day = (one.ravel() for one in np.indices(spent.shape))
    return pa.table(
        {
            "channel": channel_names(channel),
            "day": pa.array([world.dates[one] for one in day]),
            "spend_minor": spent.ravel(),
            "organic": world.organic.ravel(),
            "paid": world.paid.ravel(),
        }
    )


def _promotions(world: World) -> pa.Table:
    rows = [
        {
            "name": run.promotion.name,
            "first": world.dates[run.first],
            "last": world.dates[run.last],
            "lift": run.promotion.lift,
        }
        for run in world.promotions
    ]
    schema = pa.schema([("name", pa.string()), ("first", pa.date32()), ("last", pa.date32()), ("lift", pa.float64())])
    return pa.Table.from_pylist(rows, schema)


def _incidents(world: World) -> pa.Table:
    rows = []
    for one in INCIDENTS:
        first, last = one.days(world.spec.end)
        channels = [CHANNELS[place].name for place in one.channels]
        rows.append(
            {
                "name": one.name,
                "kind": one.kind,
                "first": first,
                "last": last,
                "channels": channels,
                "factor": one.factor,
            }
        )
    return pa.Table.from_pylist(rows)


class Identifiers:
    """Collects the identifier table of one block: who had which identifier, when, and with whom together."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self._parts: list[pa.Table] = []

    def add(
        self, type_: str, person: Ints, value: Text, since: Reals | None = None, until: Reals | None = None, *,
        shared: npt.ArrayLike = False,
    ) -> None:  # fmt: skip
        """Identifiers of one type; ``since`` and ``until`` are days, not finite for an open end."""
        always = np.full(len(person), np.inf)
        columns = {
            "person": pa.array(person),
            "type": pa.array([type_] * len(person), pa.string()).dictionary_encode().cast(pa.string()),
            "value": value,
            "from_at": _moments(self._moments, always if since is None else since),
            "to_at": _moments(self._moments, always if until is None else until),
            "shared": pa.array(np.broadcast_to(np.asarray(shared, bool), len(person))),
        }
        self._parts.append(pa.table(columns))

    def table(self) -> pa.Table:
        """All of them."""
        return pa.concat_tables(self._parts)


_OWNERS: Final = {
    BROWSER: ("anonymous_id", False),
    HOUSE_TABLET: ("anonymous_id", True),
    HANDSET: ("device_id", False),
    GANG_HANDSET: ("device_id", True),
    STORE_TABLET: ("anonymous_id", True),
}
OPENID: Final = f"wechat_openid@{MINI_APP}"


def owners(events: Events) -> list[tuple[str, bool, int, Ints, Ints, Ints]]:
    """Cookies and devices that the events of a block were sent with: type, shared, kind, person, owner and turn of each."""
    kind = owner_kind(events.owner)[0]
    found = []
    for one, (type_, shared) in _OWNERS.items():
        row = np.flatnonzero(kind == one)
        who, owner, turn = _distinct(events.person[row], events.owner[row], events.turn[row])
        found.append((type_, shared, one, who, owner, turn))
    return found


def _distinct(*columns: Ints) -> tuple[Ints, ...]:
    """Distinct rows, sorted by the columns."""
    order = np.lexsort(columns[::-1])
    new = np.zeros(len(order), bool)
    new[:1] = True
    for one in columns:
        new[1:] |= np.diff(one[order]) != 0
    return tuple(one[order[new]] for one in columns)


def mini_users(events: Events) -> Ints:
    """People whose events of the mini-program were sent."""
    return np.unique(events.person[events.source == MINI_PROGRAM])
