"""The metric layer against a second, slow implementation in plain Python, on random orders and days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.foundation.timewindows import Period, bucket_start
from dujiang.insight.answer import MetricQuery

PERIOD = Period(date(2026, 11, 4), date(2026, 11, 15))
BEFORE = PERIOD.compared("previous")
METRICS = (
    "gmv", "orders", "buyers", "new_customers", "returning_customers", "aov", "refund_rate", "cross_channel_buyers",
    "customers_total", "repurchase_rate_30d", "gmv_share",
)  # fmt: skip
OF_PEOPLE = ("buyers", "new_customers", "returning_customers", "cross_channel_buyers", "customers_total")
LAST = date(2027, 1, 31)


class Order(NamedTuple):
    """What the oracle knows of an order."""

    channel: str
    person: int | None
    day: date
    status: str
    paid: int
    refunded: int


class Known(NamedTuple):
    """An order with its place among its buyer's valid orders."""

    order: Order
    nth: int | None
    previous: date | None


days = st.integers(0, 75).map(lambda n: date(2026, 10, 15) + timedelta(n))
one_order = st.builds(
    Order,
    st.sampled_from(["a", "b", "c"]),
    st.one_of(st.none(), st.integers(1, 5)),
    days,
    st.sampled_from(["valid", "valid", "valid", "cancelled"]),
    st.integers(1, 1000),
    st.integers(0, 1),
)
# What closes every window: an order of no one, long after.
LATE = Order("a", None, LAST, "valid", 1, 0)
FIRST = Order("a", None, date(2026, 10, 1), "valid", 1, 0)


def placed(orders: list[Order]) -> list[Known]:
    """The orders with what the engine's table would say of each."""
    seen: dict[int, list[date]] = defaultdict(list)
    found = []
    for order in sorted(orders, key=lambda one: one.day):
        if order.status != "valid" or order.person is None:
            found.append(Known(order, None, None))
            continue
        mine = seen[order.person]
        found.append(Known(order, len(mine) + 1, mine[-1] if mine else None))
        mine.append(order.day)
    return found


def rows_of(known: list[Known]) -> list[dict[str, Any]]:
    return [
        {
            "order_key": key, "channel": one.order.channel, "person": one.order.person, "day": one.order.day,
            "at": datetime(one.order.day.year, one.order.day.month, one.order.day.day, tzinfo=UTC),
            "status": one.order.status, "paid_minor": one.order.paid, "refunded_minor": one.order.refunded,
            "nth": one.nth, "previous_day": one.previous,
        }
        for key, one in enumerate(known)
    ]  # fmt: skip


def divided(above: float, below: float) -> float | None:
    return None if below == 0 else above / below


def expected(known: list[Known], days: Iterable[date], channel: str | None) -> dict[str, float | None]:
    """Every metric of METRICS over some days and one channel (None: all), by counting."""
    wanted, ever = set(days), [one for one in known if channel in (None, one.order.channel)]
    inside = [one for one in known if one.order.day in wanted and one.order.status == "valid"]
    mine = [one for one in inside if channel in (None, one.order.channel)]
    buyers = {one.order.person for one in mine} - {None}
    new = [one for one in mine if one.nth == 1]
    channels: dict[int | None, set[str]] = defaultdict(set)
    for one in inside:
        channels[one.order.person].add(one.order.channel)
    gmv = sum(one.order.paid for one in mine)
    again = [person for person in buyers if comes_back(known, mine, person)]
    counts = {
        "gmv": gmv,
        "orders": len(mine),
        "buyers": len(buyers),
        "new_customers": len(new),
        "returning_customers": len(buyers) - len(new),
        "aov": None if not mine else int(gmv / len(mine) + 0.5),
        "refund_rate": divided(sum(one.order.refunded for one in mine), gmv),
        "cross_channel_buyers": sum(1 for person in buyers if len(channels[person]) > 1),
        "customers_total": sum(1 for one in ever if one.nth == 1 and one.order.day <= max(wanted)),
        "repurchase_rate_30d": divided(len(again), len(buyers)),
        "gmv_share": divided(gmv, sum(one.order.paid for one in inside)),
    }
    # People are unknown, not none, where no order up to then says whose it is.
    is_told = any(one.order.person is not None and one.order.day <= max(wanted) for one in ever)
    return counts if is_told else counts | dict.fromkeys(OF_PEOPLE)


def comes_back(known: list[Known], mine: list[Known], person: int | None) -> bool:
    start = min(one.order.day for one in mine if one.order.person == person)
    later = (one.order.day for one in known if one.order.person == person and one.order.status == "valid")
    return any(timedelta(1) <= day - start <= timedelta(30) for day in later)


def every_day(period: Period) -> list[date]:
    return [period.first + timedelta(n) for n in range(period.days)]


@pytest.fixture
def asked(tables: Any, make_service: Any) -> Callable[[list[Known]], Any]:
    service = make_service(tables)
    query = MetricQuery(METRICS, PERIOD, "previous", "week", ("channel",))

    def ask(known: list[Known]) -> Any:
        tables.clear("orders")
        tables.fill("orders", rows_of(known))
        return service.query(query)

    return ask


def values(figures: Any, *, before: bool = False) -> dict[str, Any]:
    return {name: (one.before if before else one.now).value for name, one in figures.items()}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(one_order, max_size=40))
def test_totals_lines_and_rows_equal_counting_by_hand(asked: Any, orders: list[Order]) -> None:
    known = placed([FIRST, *orders, LATE])
    answer = asked(known)
    assert values(answer.totals) == pytest.approx(expected(known, every_day(PERIOD), None))
    assert BEFORE is not None
    assert values(answer.totals, before=True) == pytest.approx(expected(known, every_day(BEFORE), None))
    for point in answer.line:
        inside = [day for day in every_day(PERIOD) if bucket_start(day, "week") == point.start]
        assert values(point.figures) == pytest.approx(expected(known, inside, None)), point.start
    for row in answer.rows:
        wanted = expected(known, every_day(PERIOD), row.keys[0])
        first = min(one.order.day for one in known if one.order.channel == row.keys[0])
        if first <= PERIOD.last:
            assert values(row.figures) == pytest.approx(wanted), row.keys


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(one_order, max_size=40))
def test_what_is_additive_adds_up_and_people_do_not_exceed_the_sum(asked: Any, orders: list[Order]) -> None:
    answer = asked(placed([FIRST, *orders, LATE]))
    for name in ("gmv", "orders", "new_customers", "customers_total"):
        assert sum(row.figures[name].value or 0 for row in answer.rows) == (answer.totals[name].value or 0)
    for name in ("buyers", "cross_channel_buyers"):
        shares = [row.figures[name].value or 0 for row in answer.rows]
        assert max(shares, default=0) <= (answer.totals[name].value or 0) <= sum(shares)
