"""Views of pages: one's own and the team's, at most one opens a page, and somebody else's are not to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dujiang.foundation.clock import FixedClock
from dujiang.foundation.errors import InvalidInput, NotFound, TooLarge
from dujiang.store.database import Database
from dujiang.store.saved_views import NAME_MAX, QUERY_MAX, VIEWS_MAX, SavedViews


@pytest.fixture
def views(tmp_path: Path) -> Iterator[SavedViews]:
    database = Database.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield SavedViews(database, FixedClock(datetime(2026, 11, 23, 4, tzinfo=UTC)))
    database.close()


def test_one_sees_ones_own_and_the_teams(views: SavedViews) -> None:
    views.save("/people", "双11 买家", "bought=yes", actor="shen")
    views.save("/people", "周会", "bought=no", actor="shen", team=True)
    views.save("/", "周会", "period=last7", actor="shen", team=True)
    assert [(one.name, one.team) for one in views.list("/people", "shen")] == [("双11 买家", False), ("周会", True)]
    assert [one.name for one in views.list("/people", "yue")] == ["周会"]


def test_the_same_name_replaces_only_with_the_same_audience(views: SavedViews) -> None:
    views.save("/people", "a", "x=1", actor="shen")
    views.save("/people", "a", "x=2", actor="shen")
    views.save("/people", " a ", "x=3", actor="yue")
    views.save("/people", "a", "x=4", actor="yue", team=True)
    assert [one.query for one in views.list("/people", "shen")] == ["x=2", "x=4"]


def test_the_latest_choice_opens_and_ones_own_goes_before_the_teams(views: SavedViews) -> None:
    assert views.opening("/", "shen") is None
    views.save("/", "team", "x=1", actor="yue", team=True, first=True)
    assert (views.opening("/", "shen") or pytest.fail()).query == "x=1"
    views.save("/", "one", "x=2", actor="shen", first=True)
    views.save("/", "two", "x=3", actor="shen", first=True)
    assert [(one.name, one.first) for one in views.list("/", "shen")] == [("one", False), ("two", True), ("team", True)]
    assert (views.opening("/", "shen") or pytest.fail()).query == "x=3"
    assert (views.opening("/", "yue") or pytest.fail()).query == "x=1"


def test_somebody_elses_is_unknown(views: SavedViews) -> None:
    made = views.save("/", "a", "x=1", actor="shen")
    with pytest.raises(NotFound):
        views.get(made.id, "yue")
    views.remove(views.get(made.id, "shen"), actor="shen")
    assert views.list("/", "shen") == []


def test_names_lengths_and_numbers_are_bounded(views: SavedViews) -> None:
    for name, query in (("  ", "x=1"), ("x" * (NAME_MAX + 1), "x=1"), ("a", "x" * (QUERY_MAX + 1))):
        with pytest.raises(InvalidInput):
            views.save("/", name, query, actor="shen")
    for number in range(VIEWS_MAX):
        views.save("/", str(number), "x=1", actor="shen")
    with pytest.raises(TooLarge):
        views.save("/", "one more", "x=1", actor="shen")
    views.save("/", "0", "x=2", actor="shen")
    assert len(views.list("/", "shen")) == VIEWS_MAX
