"""People lists and person pages over tables made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dujiang.collect.identifiers import IdentifierTypes, Tokeniser
from dujiang.engine.contract import ALL
from dujiang.engine.question import table
from dujiang.engine.schema import create_tables
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.ids import hash64, person_id
from dujiang.foundation.timewindows import zone
from dujiang.people.behaviour import AsOf
from dujiang.people.model import PeopleQuery
from dujiang.people.replay import replayed
from dujiang.people.service import PeopleService

LAN, BO, CY = 11, 22, 33
MONDAY = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


def token(kind: str, value: str) -> int:
    return hash64(kind, value)


PHONE = token("mobile", "+8613800001234")
CARD = token("member_no", "M10027")


class Kept:
    """A vault that keeps one phone number."""

    def reveal(self, nodes: Iterable[int]) -> Mapping[int, str]:
        return {node: "+8613800001234" for node in nodes if node == PHONE}


class Connection:
    """The engine of a test: one connection."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.con.execute("SET TimeZone = 'UTC'")
        create_tables(self.con)

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self.con

    def fill(self, name: str, rows: list[dict[str, Any]]) -> None:
        staged = pa.Table.from_pylist(rows, schema=ALL[name].columns)
        self.con.register("staged", staged)
        self.con.execute(f"INSERT INTO {name} SELECT * FROM staged")
        self.con.unregister("staged")


def person(number: int, last_at: datetime | None, **values: Any) -> dict[str, Any]:
    plain = {
        "person": number, "last_at": last_at, "first_at": MONDAY, "channels": ["app"], "identifiers": 1, "known": False,
        "events": 0, "visits": 0, "orders": 0, "paid_minor": 0, "refunded_minor": 0, "order_channels": [], "tags": [],
    }  # fmt: skip
    return plain | values


def replays(
    con: duckdb.DuckDBPyConnection, person: int, as_of: AsOf, /
) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    return replayed(con, person, as_of.at, zone=as_of.zone.key, gap_seconds=1800)


@pytest.fixture
def engine() -> Connection:
    made = Connection()
    bought = {"orders": 2, "paid_minor": 9000, "refunded_minor": 1000, "known": True, "channels": ["app", "tmall"]}
    profile = {"gender": "female", "city": "杭州", "province": "浙江", "tags": ["tea"]}
    made.fill(
        "person",
        [
            person(LAN, MONDAY + timedelta(days=3), **bought, **profile),
            person(BO, MONDAY + timedelta(days=3), orders=1, paid_minor=8500, known=True),
            person(CY, None),
        ],
    )
    node = {"role": "owner", "from_at": None, "to_at": None}
    made.fill(
        "person_node",
        [
            {"node": PHONE, "type": "mobile", "person": LAN, **node},
            {"node": CARD, "type": "member_no", "person": LAN, **node},
            {"node": 44, "type": "anonymous_id", "person": LAN, **node},
            {"node": 55, "type": "mobile", "person": BO, **node, "to_at": MONDAY},
            {"node": 55, "type": "mobile", "person": LAN, **node, "from_at": MONDAY},
            {"node": CY, "type": "anonymous_id", "person": CY, **node},
        ],
    )
    seen = {"first_seq": 1, "first_at": MONDAY, "last_at": MONDAY, "facts": 3}
    made.fill("identifier", [{"node": PHONE, "type": "mobile", **seen}, {"node": CARD, "type": "member_no", **seen}])
    times = {"first_at": MONDAY, "last_at": MONDAY, "facts": 2}
    made.fill("link", [{"a": 1, "b": PHONE, "a_type": "member_no", "b_type": "mobile", "sources": ["pos"], **times}])
    made.fill("person_link", [{"a": 1, "b": PHONE, "person": LAN, "joined": True, "reason": "same_record", **times}])
    return made


@pytest.fixture
def people(engine: Connection) -> PeopleService:
    return PeopleService(engine, zone(), Kept(), lambda: Tokeniser(token, IdentifierTypes.of()), replays)


def numbers(service: PeopleService, query: PeopleQuery) -> list[int]:
    return [one.person for one in service.list(query).people]


def test_the_list_is_sorted_latest_first_and_people_without_a_time_come_last(people: PeopleService) -> None:
    assert numbers(people, PeopleQuery()) == [BO, LAN, CY]


def test_the_list_can_be_sorted_by_what_people_paid_after_refunds(people: PeopleService) -> None:
    assert numbers(people, PeopleQuery(sort="paid")) == [BO, LAN, CY]


def test_the_list_can_be_sorted_by_orders(people: PeopleService) -> None:
    assert numbers(people, PeopleQuery(sort="orders")) == [LAN, BO, CY]


@pytest.mark.parametrize("sort", ["last_seen", "first_seen", "orders", "paid"])
def test_pages_follow_each_other_without_gap_or_repeat(people: PeopleService, sort: Any) -> None:
    query, found = PeopleQuery(sort=sort, limit=1), []
    while True:
        page = people.list(query)
        found += [one.person for one in page.people]
        assert page.count == 3
        if page.next is None:
            break
        query = replace(query, after=page.next)
    assert found == numbers(people, PeopleQuery(sort=sort))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (PeopleQuery(channels=("tmall",)), [LAN]),
        (PeopleQuery(channels=("tmall", "app")), [BO, LAN, CY]),
        (PeopleQuery(known=True), [BO, LAN]),
        (PeopleQuery(known=False), [CY]),
        (PeopleQuery(bought=True), [BO, LAN]),
        (PeopleQuery(bought=False), [CY]),
        (PeopleQuery(city="杭州"), [LAN]),
        (PeopleQuery(province="浙江", known=False), []),
        (PeopleQuery(words="138 0000 1234"), [LAN]),
        (PeopleQuery(words="M10027"), [LAN]),
        (PeopleQuery(words="13800009999"), []),
        (PeopleQuery(words=person_id(BO)), [BO]),
    ],
)
def test_filters(people: PeopleService, query: PeopleQuery, expected: list[int]) -> None:
    assert numbers(people, query) == expected


def test_a_list_can_be_narrowed_to_the_people_behind_a_number(people: PeopleService) -> None:
    behind = table("person_node")
    found = people.list(PeopleQuery(), behind.filter(behind.type == "anonymous_id").select("person"))
    assert ([one.person for one in found.people], found.count) == ([LAN, CY], 2)


@pytest.mark.parametrize("cursor", ["x", "1", "1.2.3", "1.99999999999999999999", "1.2; DROP"])
def test_a_made_up_page_is_refused(people: PeopleService, cursor: str) -> None:
    with pytest.raises(InvalidInput) as error:
        people.list(PeopleQuery(after=cursor))
    assert error.value.code == "people.cursor"


def test_a_profile_says_how_much_of_it_is_filled(people: PeopleService) -> None:
    profile = people.get(LAN).profile
    assert profile.missing == ("birth_year", "member_level")
    assert profile.completeness == pytest.approx(4 / 6)
    assert profile.net_minor == 8000


def test_identifiers_are_masked_and_those_without_a_clear_value_show_their_token(people: PeopleService) -> None:
    shown = {(one.type, one.shown, one.kept) for one in people.get(LAN).identifiers}
    assert ("mobile", "138****1234", True) in shown
    assert ("anonymous_id", "…00002c", False) in shown


def test_clear_identifiers_are_those_of_the_person(people: PeopleService) -> None:
    assert people.clear_identifiers(LAN) == {PHONE: "+8613800001234"}
    assert people.clear_identifiers(CY) == {}


def test_evidence_names_rule_and_sources(people: PeopleService) -> None:
    (only,) = people.get(LAN).evidence
    assert (only.joined, only.reason, only.sources, only.b_shown) == (True, "same_record", ("pos",), "138****1234")


def test_the_number_of_a_merged_person_leads_to_the_survivor(people: PeopleService) -> None:
    page = people.get(44)
    assert (page.asked, page.profile.person) == (44, LAN)


def test_a_number_that_nobody_has_is_an_error(people: PeopleService) -> None:
    with pytest.raises(NotFound) as error:
        people.get(999)
    assert error.value.code == "people.unknown"
    assert person_id(999) in str(error.value)


@pytest.fixture
def lived(engine: Connection) -> Connection:
    """Lan's life: two views, an order, a refund, a complaint; and what the phone's first owner did."""
    event = {"kind": "page", "channel": "app", "source": "app", "identifiers": [], "batch": "b", "received_at": MONDAY}
    views = [
        {"key": 1, "content": 1, "seq": 1, "name": "old_view", "page": "/tea", "at": MONDAY, "anchor": 44},
        {"key": 1, "content": 2, "seq": 2, "name": "view", "page": "/tea", "at": MONDAY, "anchor": 44},
        {"key": 2, "content": 3, "seq": 3, "name": "before", "at": MONDAY - timedelta(1), "anchor": 55},
        {"key": 3, "content": 4, "seq": 4, "name": "after", "at": MONDAY + timedelta(1), "anchor": 55},
    ]
    engine.fill("fact_event", [event | view for view in views])
    order = {"order_key": 7, "channel": "tmall", "shop": "店", "order_no": "T1", "person": LAN, "status": "valid"}
    engine.fill("orders", [order | {"at": MONDAY + timedelta(2), "paid_minor": 5000, "units": 2, "nth": 1}])
    engine.fill(
        "refunds",
        [
            {"refund_key": 8, "order_key": 7, "channel": "tmall", "person": LAN, "day": date(2026, 11, 6)}
            | {"amount_minor": 1000, "reason": "尺寸"}
        ],
    )
    talk = {"conversation_key": 9, "channel": "wecom", "person": LAN, "at": MONDAY + timedelta(5), "complaint": True}
    engine.fill("conversation", [talk | {"topic": "物流"}])
    day = {"person": LAN, "events": 2, "visits": 1, "orders": 0, "paid_minor": 0, "refunded_minor": 0}
    engine.fill(
        "person_day",
        [
            day | {"day": date(2026, 11, 2), "channel": "app"},
            day | {"day": date(2026, 11, 4), "channel": "app"},
            day | {"day": date(2026, 11, 4), "channel": "tmall", "events": 0, "orders": 1, "paid_minor": 5000},
        ],
    )
    return engine


def test_the_timeline_runs_over_all_channels_latest_first(lived: Connection, people: PeopleService) -> None:
    page = people.timeline(LAN)
    found = [(one.kind, one.name, one.amount_minor) for one in page.entries]
    assert found == [
        ("conversation", "物流", None),
        ("refund", "尺寸", 1000),
        ("order", "T1", 5000),
        ("event", "after", None),
        ("event", "view", None),
    ]
    assert page.next is None


def test_an_event_counts_for_whoever_had_the_identifier_then(lived: Connection, people: PeopleService) -> None:
    assert [one.name for one in people.timeline(BO).entries] == ["before"]


def test_a_refund_stands_at_the_beginning_of_its_day_in_the_brands_zone(
    lived: Connection, people: PeopleService
) -> None:
    (refund,) = people.timeline(LAN, kinds=("refund",)).entries
    assert (refund.at, refund.whole_day) == (datetime(2026, 11, 5, 16, 0, tzinfo=UTC), True)


def test_the_timeline_can_be_read_in_parts(lived: Connection, people: PeopleService) -> None:
    found, before = [], ""
    while True:
        page = people.timeline(LAN, before=before, limit=2)
        found += [one.cursor for one in page.entries]
        if page.next is None:
            break
        before = page.next
    assert found == [one.cursor for one in people.timeline(LAN).entries]


def test_the_timeline_of_some_channels(lived: Connection, people: PeopleService) -> None:
    assert [one.kind for one in people.timeline(LAN, channels=("tmall",)).entries] == ["refund", "order"]


def test_channels_are_summed_and_orders_listed(lived: Connection, people: PeopleService) -> None:
    page = people.get(LAN)
    assert [(one.channel, one.events, one.orders, one.first_day, one.last_day) for one in page.channels] == [
        ("app", 4, 0, date(2026, 11, 2), date(2026, 11, 4)),
        ("tmall", 0, 1, date(2026, 11, 4), date(2026, 11, 4)),
    ]
    assert [(one.order_no, one.paid_minor) for one in page.orders] == [("T1", 5000)]
