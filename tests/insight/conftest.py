"""A brand of a few people whose every number can be worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dujiang.engine.contract import ALL
from dujiang.engine.refresh import Change
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.timewindows import zone
from dujiang.insight.service import MetricService
from dujiang.people.lifecycle.follower import LifeCycleFollower
from dujiang.people.lifecycle.model import LifeCycleSpec
from dujiang.people.lifecycle.service import life_cycle

Rows = list[dict[str, Any]]


class Tables:
    """The engine of a test: one connection with the contract's tables, filled by hand."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.con.execute("SET TimeZone = 'UTC'")
        create_own_tables(self.con)
        create_tables(self.con)

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self.con.cursor()
        cursor.begin()
        yield cursor
        cursor.close()

    def fill(self, name: str, rows: Rows) -> None:
        staged = pa.Table.from_pylist(rows, schema=ALL[name].columns)
        self.con.register("staged", staged)
        self.con.execute(f"INSERT INTO {name} SELECT * FROM staged")
        self.con.unregister("staged")

    def put_into_stages(self, spec: LifeCycleSpec | None = None) -> None:
        """Fill the tables of the life cycle, by the one that comes with Dujiang or another."""
        stages = spec or life_cycle({})
        LifeCycleFollower(lambda: stages).follow(self.con, Change(True, NOW, str(zone())))

    def clear(self, *names: str) -> None:
        for name in names:
            self.con.execute(f"DELETE FROM {name}")


def nov(day: int) -> date:
    return date(2026, 11, day)


A, B, C, D, E, F, G, H = range(1, 9)
LATE = date(2027, 2, 20)


def _orders() -> Rows:
    columns = (
        "channel",
        "person",
        "day",
        "status",
        "gross",
        "paid",
        "refunded",
        "units",
        "nth",
        "previous",
        "province",
    )
    stated = [
        ("tmall", B, date(2026, 10, 28), "valid", 4000, 4000, 0, 1, 1, None, "浙江"),
        ("tmall", A, nov(2), "valid", 12000, 10000, 0, 2, 1, None, "浙江"),
        ("app", A, nov(4), "valid", 5000, 5000, 1000, 1, 2, nov(2), "上海"),
        ("tmall", B, nov(3), "valid", 8000, 6000, 0, 1, 2, date(2026, 10, 28), "浙江"),
        ("app", C, nov(8), "valid", 3000, 3000, 0, 3, 1, None, None),
        ("tmall", None, nov(5), "valid", 2500, 2000, 0, 1, None, None, "浙江"),
        ("tmall", A, nov(5), "cancelled", 9000, 0, 0, 4, None, None, None),
        ("app", None, nov(6), "unpaid", 1000, None, None, 1, None, None, None),
        ("app", F, nov(7), "valid", 1500, 1500, 0, 1, 1, None, None),
        ("tmall", C, nov(25), "valid", 7000, 7000, 0, 1, 2, nov(8), None),
        ("app", A, date(2027, 1, 10), "valid", 1000, 1000, 0, 1, 3, nov(4), None),
        ("tmall", B, date(2027, 1, 15), "valid", 500, 500, 0, 1, 3, nov(3), None),
        ("tmall", None, LATE, "valid", 100, 100, 0, 1, None, None, None),
    ]
    return [_order(key, dict(zip(columns, row, strict=True))) for key, row in enumerate(stated)]


def _order(key: int, said: dict[str, Any]) -> dict[str, Any]:
    paid, refunded = said["paid"], said["refunded"]
    return {
        "order_key": key, "channel": said["channel"], "order_no": str(key), "person": said["person"], "day": said["day"],
        "at": datetime(said["day"].year, said["day"].month, said["day"].day, 4, tzinfo=UTC), "status": said["status"],
        "gross_minor": said["gross"], "paid_minor": paid, "refunded_minor": refunded,
        "net_minor": None if paid is None else paid - refunded, "units": said["units"], "lines": 1, "nth": said["nth"],
        "previous_day": said["previous"], "province": said["province"], "shop": f"{said['channel']}-1",
        "coupon": _COUPONS.get(key),
    }  # fmt: skip


_COUPONS = {1: "spring", 3: "spring", 8: "autumn"}
"""By order key: of A's first order, B's of 3 November, F's."""


def _person_days() -> Rows:
    plain = dict.fromkeys(
        ("events", "visits", "bounces", "pages", "dwell_ms", "shares", "interactions", "orders", "paid_minor",
         "refunded_minor", "conversations", "complaints"), 0,
    )  # fmt: skip
    stated: list[tuple[int, str, date, dict[str, int]]] = [
        (H, "app", date(2026, 10, 15), {"events": 1, "visits": 1, "bounces": 1}),
        (B, "tmall", date(2026, 10, 28), {"orders": 1, "paid_minor": 4000}),
        (A, "tmall", nov(2), {"orders": 1, "paid_minor": 10000}),
        (A, "app", nov(4), {"events": 6, "visits": 1, "shares": 1, "interactions": 2, "orders": 1, "paid_minor": 5000,
                            "refunded_minor": 1000}),
        (A, "wecom", nov(6), {"conversations": 1}),
        (B, "tmall", nov(3), {"orders": 1, "paid_minor": 6000}),
        (B, "app", nov(3), {"events": 2, "visits": 2, "bounces": 1}),
        (C, "app", nov(8), {"events": 4, "visits": 1, "interactions": 1, "orders": 1, "paid_minor": 3000}),
        (C, "tmall", nov(25), {"orders": 1, "paid_minor": 7000}),
        (D, "app", nov(3), {"events": 1, "visits": 1, "bounces": 1}),
        (D, "app", nov(12), {"events": 1}),
        (F, "app", nov(7), {"orders": 1, "paid_minor": 1500}),
        (G, "wecom", nov(5), {"events": 2, "shares": 2, "interactions": 2, "conversations": 1, "complaints": 1}),
        (E, "app", LATE, {"events": 1}),
    ]  # fmt: skip
    return [plain | {"person": who, "channel": channel, "day": day} | did for who, channel, day, did in stated]


def _people() -> Rows:
    full = {
        "gender": "female",
        "birth_year": 1990,
        "province": "浙江",
        "city": "杭州",
        "member_level": "gold",
        "tags": ["tea"],
    }
    bought = {"first_order_day": nov(2), "first_order_channel": "tmall", "paid_minor": 16000, "refunded_minor": 1000}
    half_past_midnight = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)  # 2 November in Shanghai
    after_the_week = datetime(2026, 11, 8, 16, 30, tzinfo=UTC)  # 9 November in Shanghai
    stated: list[tuple[int, str, date, bool, dict[str, Any]]] = [
        (A, "tmall", nov(2), True, bought | {"joined_at": half_past_midnight, "added_at": datetime(2026, 11, 4, 3, tzinfo=UTC),
                                             "gender": "female", "city": "杭州",
                                             "province": "浙江", "tags": ["tea", "cup"]}),
        (B, "tmall", date(2026, 10, 20), True, {"first_order_day": date(2026, 10, 28), "first_order_channel": "tmall",
                                                "paid_minor": 10500, "refunded_minor": 0, "joined_at": after_the_week,
                                                "gender": "male", "city": "上海"}),
        (C, "app", nov(8), True, {"first_order_day": nov(8), "first_order_channel": "app", "paid_minor": 10000,
                                  "refunded_minor": 0, "gender": "male", "joined_at": datetime(2026, 10, 1, tzinfo=UTC),
                                  "added_at": datetime(2026, 11, 20, tzinfo=UTC)}),
        (D, "app", nov(3), False, {}),
        (E, "app", LATE, False, {}),
        (F, "app", nov(7), True, {"first_order_day": nov(7), "first_order_channel": "app", "paid_minor": 1500,
                                  "refunded_minor": 0}),
        (G, "wecom", date(2026, 10, 1), True, full | {"added_at": datetime(2026, 10, 5, tzinfo=UTC)}),
        (H, "app", date(2026, 10, 15), False, {}),
    ]  # fmt: skip
    common = {"paid_minor": 0, "refunded_minor": 0, "channels": [], "order_channels": [], "tags": []}
    return [
        common | {"person": who, "first_channel": channel, "first_day": day, "known": known} | rest
        for who, channel, day, known, rest in stated
    ]


def _visits() -> Rows:
    columns = ("person", "day", "pages", "dwell_ms", "bounced", "device")
    stated = [
        (H, date(2026, 10, 15), 1, 500, True, "mobile"),
        (A, nov(4), 5, 60000, False, "mini_program"),
        (B, nov(3), 1, 2000, True, "mobile"),
        (B, nov(3), 1, 4000, False, "mobile"),
        (C, nov(8), 3, 30000, False, "mini_program"),
        (D, nov(3), 1, 0, True, None),
    ]
    return [dict(zip(columns, row, strict=True)) | {"channel": "app"} for row in stated]


def _conversations() -> Rows:
    columns = ("channel", "person", "day", "first_response_ms", "resolution_ms", "complaint", "rating", "sentiment")
    stated = [
        ("wecom", G, nov(5), 60000, 600000, True, 2, -0.8),
        ("wecom", A, nov(6), 120000, None, False, 5, 0.6),
        ("app", None, nov(7), 30000, 200000, False, None, None),
    ]
    return [dict(zip(columns, row, strict=True)) | {"conversation_key": key} for key, row in enumerate(stated)]


def _events() -> Rows:
    common = {"channel": "app", "day": nov(4), "identifiers": [], "received_at": datetime(2026, 11, 4, 5, tzinfo=UTC)}
    stated = [("page", A), ("screen", A), ("track", A), ("page", None)]
    plain = [common | {"key": key, "seq": key, "kind": kind, "shared_by": by} for key, (kind, by) in enumerate(stated)]
    return [*plain, *_deeds()]


def _deeds() -> Rows:
    """Events that somebody's node stands behind, and statuses of a live room."""
    stated: list[tuple[str, str, int | None, date, dict[str, Any]]] = [
        # A's link brought F, B's brought D; C came by a link too, but not for the first time.
        ("page", "page_viewed", F, nov(7), {"shared_by": node(A), "properties": '{"first_screen_ms": 1200}'}),
        ("page", "page_viewed", D, nov(3), {"shared_by": node(B), "properties": '{"first_screen_ms": 800}'}),
        ("page", "page_viewed", C, nov(25), {"shared_by": node(A)}),
        ("track", "ugc_posted", G, nov(5), {}),
        ("track", "ugc_posted", A, nov(4), {}),
        ("track", "product_reviewed", A, nov(4), {}),
        ("track", "live_status", None, nov(6), {"properties": '{"viewers": 620}'}),
        ("track", "live_status", None, nov(6), {"properties": '{"viewers": 300}'}),
    ]
    return [
        {
            "channel": "app", "identifiers": [], "received_at": datetime(2026, 11, 4, 5, tzinfo=UTC), "key": seq,
            "seq": seq, "kind": kind, "name": name, "day": day, "anchor": None if who is None else node(who),
            "at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
        } | more
        for seq, (kind, name, who, day, more) in enumerate(stated, 100)
    ]  # fmt: skip


def node(person: int) -> int:
    """The one node of a person of this brand."""
    return 100 + person


def _values() -> Rows:
    stated = [(A, "strategic", 15000, 2), (B, "potential", 10500, 3), (D, "long_tail", 0, 0), (H, None, 0, 0)]
    columns = ("person", "layer", "money_minor", "orders")
    return [dict(zip(columns, row, strict=True)) | {"high": []} for row in stated]


def _predictions() -> Rows:
    stated = [(A, "value_365", 4000.0), (C, "value_365", 2000.0), (B, "value_365", 9000.0), (A, "value_90", 100.0)]
    return [dict(zip(("person", "model", "value"), row, strict=True)) for row in stated]


@pytest.fixture(scope="session")
def brand() -> Tables:
    """The tables of the brand; tests do not change them."""
    made = Tables()
    made.fill("orders", _orders())
    made.fill("person_day", _person_days())
    made.fill("person", _people())
    made.fill("visit", _visits())
    made.fill("conversation", _conversations())
    made.fill("fact_event", _events())
    made.fill(
        "person_node", [{"node": node(who), "type": "device", "person": who, "role": "owner"} for who in range(1, 9)]
    )
    made.fill("person_value", _values())
    made.fill("prediction", _predictions())
    refund = {"order_key": 1, "shop": "x"}
    made.fill(
        "refunds",
        [
            refund | {"refund_key": 1, "channel": "app", "person": A, "day": nov(6), "amount_minor": 1000},
            refund | {"refund_key": 2, "channel": "tmall", "person": B, "day": nov(2), "amount_minor": 500},
        ],
    )
    spend = {"channel": "tmall", "account": "x", "campaign": "c", "cost_minor": 3000}
    made.fill(
        "spend_day",
        [
            spend | {"day": nov(2), "impressions": 10000, "clicks": 200},
            spend | {"day": nov(3), "impressions": 5000, "clicks": 100},
        ],
    )
    traffic = {"channel": "tmall", "shop": "x"}
    made.fill(
        "traffic_day",
        [
            traffic | {"day": nov(2), "visitors": 100, "buyers": 5},
            traffic | {"day": nov(3), "visitors": 150, "buyers": 10},
        ],
    )
    made.put_into_stages()
    return made


NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)


def service_of(tables: Tables, *definitions: Definition, now: datetime = NOW) -> MetricService:
    """The metric layer over ``tables`` with a brand's own ``definitions``."""
    own = {one.key: one for one in definitions}
    return MetricService(tables, lambda: own, zone(), FixedClock(now))


PRIVATE_CHANNEL = Definition(kind="channel", name="wecom", spec={"group": "private"})


@pytest.fixture(scope="session")
def metrics(brand: Tables) -> MetricService:
    return service_of(brand, PRIVATE_CHANNEL)


@pytest.fixture
def tables() -> Tables:
    """Empty tables of a test's own."""
    return Tables()


@pytest.fixture(scope="session")
def make_service() -> Any:
    return service_of
