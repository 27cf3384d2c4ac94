"""The brand's present: figures look from another day, the system never does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from small_kit import NOW, Small, small

from dujiang.foundation.definitions import load_yaml
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery
from dujiang.people.behaviour import Window
from dujiang.people.conditions import Behaviour

TODAY = date(2026, 11, 20)
BUYER = ["mobile:13800000001"]


@pytest.fixture(scope="module")
def _begun(tmp_path_factory: pytest.TempPathFactory) -> Small:
    with small(tmp_path_factory.mktemp("begun")) as made:
        made.fact("order", BUYER, 400)
        made.fact("order", BUYER, 390)
        made.refresh()
    return made


@pytest.fixture
def brand(_begun: Small, tmp_path: Path) -> Iterator[Small]:
    """Somebody who bought 400 and 390 days ago, and nothing since."""
    with small(tmp_path, like=_begun) as made:
        yield made


def choose(brand: Small, day: str) -> None:
    brand.workspace.choose_present(day, actor="test")
    brand.refresh()


def since_order(brand: Small) -> object:
    """Days since the buyer's last order, as their tag says."""
    person = brand.rows("SELECT person FROM person")[0][0]
    values = {one.tag.name: one.value for one in brand.workspace.tags.of_person(person)}
    return values["days_since_order"]


def test_without_a_word_it_is_the_calendars_today(brand: Small) -> None:
    state = brand.workspace.present.state()
    assert (state.today, state.chosen, state.calendar, state.elsewhere) == (TODAY, "today", TODAY, None)
    assert brand.workspace.present.now() == brand.clock.now()
    assert since_order(brand) == 390


def test_figures_look_from_the_end_of_a_day_of_its_own(brand: Small) -> None:
    day = TODAY - timedelta(380)
    choose(brand, day.isoformat())
    workspace = brand.workspace
    # The last moment of the day in Shanghai, eight hours before that in Greenwich.
    assert workspace.present.now() == datetime(day.year, day.month, day.day, 15, 59, 59, 999_999, tzinfo=UTC)
    assert (workspace.metrics.today(), workspace.status().today, workspace.present.state().elsewhere) == (day, day, day)
    assert since_order(brand) == 10
    recent = Behaviour(type="behaviour", source="orders", window=Window(days=15))
    assert workspace.segments.count(recent).people == 1
    answer = workspace.metrics.query(MetricQuery(("orders",), Period(day - timedelta(29), day)))
    assert (answer.totals["orders"].value, answer.freshness.today) == (2, day)


def test_it_goes_back_when_asked(brand: Small) -> None:
    choose(brand, (TODAY - timedelta(380)).isoformat())
    choose(brand, "today")
    assert since_order(brand) == 390


def test_newest_follows_the_data(brand: Small) -> None:
    choose(brand, "newest")
    assert brand.workspace.present.day() == TODAY - timedelta(390)
    assert since_order(brand) == 0
    batch = brand.fact("order", BUYER, 100)
    brand.refresh()
    assert (brand.workspace.present.day(), since_order(brand)) == (TODAY - timedelta(100), 0)
    brand.workspace.refreshing.take_back(batch)
    brand.refresh()
    assert (brand.workspace.present.day(), since_order(brand)) == (TODAY - timedelta(390), 0)


def test_newest_never_lies_ahead_and_an_empty_brand_has_the_calendars(brand: Small, tmp_path: Path) -> None:
    brand.fact("order", BUYER, -30)
    choose(brand, "newest")
    assert brand.workspace.present.day() == TODAY - timedelta(390)
    with small(tmp_path / "empty") as empty:
        choose(empty, "newest")
        assert empty.workspace.present.state().elsewhere is None


def test_a_day_that_has_not_come_is_today(brand: Small) -> None:
    choose(brand, "2027-01-01")
    assert brand.workspace.present.now() == brand.clock.now()


@pytest.mark.parametrize(
    "day", ["", "yesterday", "2026-2-3", "20260203", "2026-02-30", "0001-01-01", "2026-02-03T00:00:00"]
)
def test_what_is_no_day_is_refused(brand: Small, day: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        brand.workspace.choose_present(day, actor="test")
    assert caught.value.code == "present.bad_day"
    assert brand.workspace.present.state().chosen == "today"


def test_the_system_goes_by_the_real_clock(brand: Small) -> None:
    choose(brand, "2025-11-01")
    workspace = brand.workspace
    entry = next(one for one in workspace.audit.list(20) if one.object == "present/brand")
    assert (entry.actor, NOW <= entry.at <= brand.clock.now()) == ("test", True)
    assert workspace.jobs.create("predict", {}, "test").created_at == brand.clock.now()
    key = workspace.access.keys.create_api("k", "viewer", actor="test")
    assert key.key.created_at == brand.clock.now()
    runs = workspace.predictions.fit()
    assert {(run.at, run.as_of) for run in runs} == {(brand.clock.now(), date(2025, 11, 1))}
    assert workspace.groups.fit().as_of == date(2025, 11, 1)
    fresh = workspace.tags.fresh()
    assert fresh is not None
    assert (fresh.day, fresh.at) == ("2025-11-01", brand.clock.now())


def test_a_day_in_a_file_of_definitions_is_in_force_once_applied(brand: Small) -> None:
    definitions = brand.workspace.definitions
    wanted = load_yaml("kind: present\nname: brand\nspec: {day: 2025-11-05}\n")
    definitions.apply(definitions.plan(wanted), actor="test")
    assert [one.change for one in definitions.plan(wanted)] == ["unchanged"]
    assert brand.workspace.present.day() == date(2025, 11, 5)
