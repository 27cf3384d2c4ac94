"""Content: rates of items counted by hand, the score's arithmetic, and the cadence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import exp, log
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.content.analysis import Content, ContentAnalysis, ContentPick, ContentQuestion
from dujiang.insight.content.quality import Rate, Score, cadence, half_life, score
from dujiang.insight.questions.scene import Scene

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
FIRST = date(2026, 9, 1)


def event(seq: int, who: int, name: str, day: date, item: str | None, **more: Any) -> dict[str, Any]:
    return {
        "seq": seq, "key": seq, "kind": "track", "name": name, "day": day, "anchor": 100 + who, "content_id": item,
        "channel": "site", "at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC), "identifiers": [],
        "page_title": f"about {item}", "properties": "{}",
    } | more  # fmt: skip


@pytest.fixture
def scene(tables: Any) -> Any:
    """Item a: read by 1 2 3 (1 twice), liked by 1, shared by 2; 1 buys after 3 days, 2 after 8. Item b: read by 1."""
    nov = NOVEMBER.first
    rows = [
        event(0, 9, "signed_up", FIRST, None),  # the data begin long before the items
        event(1, 1, "article_viewed", nov, "a"),
        event(2, 1, "article_viewed", nov + timedelta(1), "a"),
        event(3, 1, "page_left", nov, "a", dwell_ms=4000),
        event(4, 1, "like", nov, "a"),
        event(5, 2, "article_viewed", nov + timedelta(2), "a"),
        event(6, 2, "share", nov + timedelta(2), "a"),
        event(7, 2, "page_left", nov + timedelta(2), "a", dwell_ms=8000),
        event(8, 3, "article_viewed", nov + timedelta(9), "a"),
        event(9, 1, "article_viewed", nov + timedelta(3), "b"),
        event(10, 4, "like", nov, "a"),  # never looked at it
        event(11, 1, "product_viewed", nov, "p", properties='{"product_id": "p"}'),
    ]
    tables.fill("fact_event", rows)
    tables.fill(
        "person_node", [{"node": 100 + who, "person": who, "type": "device", "role": "owner"} for who in range(10)]
    )
    orders = [(1, nov + timedelta(3), "valid"), (2, nov + timedelta(10), "valid"), (3, nov + timedelta(10), "unpaid")]
    tables.fill(
        "orders",
        [{"order_key": key, "person": who, "day": day, "status": how} for key, (who, day, how) in enumerate(orders)],
    )
    with tables.read() as con:
        yield Scene(con, cast(Any, None), cast(Any, None), zone(), date(2026, 12, 31), NOVEMBER, None)


def answered(scene: Scene, **more: Any) -> Content:
    return ContentAnalysis().answer(scene, ContentQuestion.model_validate(more)).result


def test_rates_of_an_item(scene: Scene) -> None:
    a, b = answered(scene).items
    assert (a.item, a.title, a.published, a.readers, a.views) == ("a", "about a", NOVEMBER.first, 3, 4)
    assert a.dwell_ms == 6000
    assert a.rates["interaction"] == pytest.approx(2 / 3)  # a share is an interaction
    assert a.rates["share"] == pytest.approx(1 / 3)
    assert a.rates["conversion"] == pytest.approx(1 / 3)
    assert a.rates["kept"] == pytest.approx(1 / 4)  # of 4 views one on day 9
    assert (b.readers, b.rates["dwell"], b.rates["conversion"]) == (1, None, 1.0)
    assert a.score.reason == "few_readers"


def test_an_order_within_a_longer_time_follows_too(scene: Scene) -> None:
    assert answered(scene, within_days=8).items[0].rates["conversion"] == pytest.approx(2 / 3)


def test_products_are_apart(scene: Scene) -> None:
    assert [one.item for one in answered(scene, about="products").items] == ["p"]
    assert {one.item for one in answered(scene, about="all").items} == {"a", "b", "p"}


@pytest.mark.parametrize(
    ("did", "people"), [("readers", [1, 2, 3]), ("interacted", [1, 2]), ("shared", [2]), ("bought", [1])]
)
def test_people_behind_an_item(scene: Scene, did: Any, people: list[int]) -> None:
    found = ContentAnalysis().people(scene, ContentQuestion(), ContentPick(item="a", did=did))
    assert found.tolist() == people


def test_rates_lead_to_those_who_did_it(scene: Scene) -> None:
    question = ContentQuestion()
    items = ContentAnalysis().tables(question, answered(scene), None)[0]
    (shared, none), (liked, _b) = items.cells["share"], items.cells["interaction"]
    found = [
        ContentAnalysis().people(scene, question, ContentPick.model_validate(one)).tolist() for one in (shared, liked)
    ]
    assert found == [[2], [1, 2]]  # who shares interacts, too
    assert none is None


def test_nothing_is_known_where_nobody_read(scene: Scene) -> None:
    empty = answered(scene, channels=("app",))
    assert (empty.items, empty.all_rates["share"], empty.cadence.last) == ((), None, None)


def test_score_by_hand() -> None:
    own, all_ = (
        {"interaction": Rate(30, 150), "share": Rate(5, 150)},
        {"interaction": Rate(100, 1000), "share": Rate(50, 1000)},
    )
    weights = {"interaction": 0.3, "share": 0.1}
    shrunk = (30 + 50 * 0.1) / 200, (5 + 50 * 0.05) / 200
    index = (0.3 * log(shrunk[0] / 0.1) + 0.1 * log(shrunk[1] / 0.05)) / 0.4
    deviation = (
        (0.3**2 * (1 - shrunk[0]) / (200 * shrunk[0]) + 0.1**2 * (1 - shrunk[1]) / (200 * shrunk[1])) ** 0.5
    ) / 0.4
    expected = [100 / (1 + exp(-2 * one)) for one in (index, index - 1.645 * deviation, index + 1.645 * deviation)]
    found = score(own, all_, weights, 50)  # type: ignore[arg-type]
    assert [found.value, found.low, found.high] == pytest.approx(expected, abs=0.05)


@given(st.integers(20, 5000), st.floats(0.01, 0.9))
def test_more_readers_of_the_same_rate_are_surer_and_further_from_the_average(readers: int, rate: float) -> None:
    all_ = {"interaction": Rate(200, 1000)}

    def of(size: int) -> Score:
        return score({"interaction": Rate(rate * size, size)}, all_, {"interaction": 1.0}, 50)  # type: ignore[arg-type]

    few, many = of(readers), of(4 * readers)
    assert few.value is not None
    assert many.value is not None
    assert abs(many.value - 50) >= abs(few.value - 50) - 0.11
    if 0.05 < rate < 0.5 and few.high and few.low and many.high and many.low:
        assert few.low <= few.value <= few.high


def test_no_rate_no_score() -> None:
    assert score({"share": Rate(0, 100)}, {"share": Rate(0, 1000)}, {"share": 1.0}, 50) == Score(
        None, reason="no_rates"
    )


@given(st.floats(0.5, 20))
def test_half_life_of_an_exact_decay_is_found(days: float) -> None:
    views = [round(1e9 * 0.5 ** (age / days)) for age in range(28)]
    assert half_life(views) == pytest.approx(days, rel=1e-3)


def test_cadence_by_hand() -> None:
    days = [date(2026, 10, 26), date(2026, 11, 2), date(2026, 11, 9)]
    found = cadence(days, date(2026, 11, 1), date(2026, 11, 30))
    assert found.weeks[:3] == ((date(2026, 10, 26), 0), (date(2026, 11, 2), 1), (date(2026, 11, 9), 1))
    assert (found.last, found.usual_days, found.longest_days, found.has_stopped) == (date(2026, 11, 9), 7, 21, True)
    assert not cadence(days, date(2026, 11, 1), date(2026, 11, 20)).has_stopped
    assert cadence([], date(2026, 11, 1), date(2026, 11, 30)).longest_days is None
