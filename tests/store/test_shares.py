"""Links to dashboards: only the very token opens, until it runs out or is taken back, whatever is written into the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from dujiang.foundation.clock import FixedClock
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.store.database import Database
from dujiang.store.keyring import Keyring
from dujiang.store.shares import ShareLinks
from dujiang.store.tables import share_link

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def links(database: Database, tmp_path: Path, clock: FixedClock) -> ShareLinks:
    return ShareLinks(database, Keyring.open(tmp_path / "keys"), clock)


def closed(links: ShareLinks, token: str) -> None:
    with pytest.raises(NotFound) as caught:
        links.find(token)
    assert caught.value.code == "share.closed"


def test_a_link_opens_until_it_runs_out(links: ShareLinks, clock: FixedClock) -> None:
    made = links.create("weekly", 7, actor="shen")
    assert links.find(made.token) == made
    assert [one.id for one in links.list("weekly")] == [made.id]
    clock.advance(timedelta(days=7))
    closed(links, made.token)
    assert links.list("weekly") == []


def test_a_link_opens_until_it_is_taken_back(links: ShareLinks) -> None:
    made, other = links.create("weekly", 7, actor="shen"), links.create("weekly", 7, actor="shen")
    with pytest.raises(NotFound):
        links.revoke(made.id, "monthly", actor="shen")
    links.revoke(made.id, "weekly", actor="shen")
    closed(links, made.token)
    assert links.find(other.token).id == other.id


def test_no_other_token_opens(links: ShareLinks) -> None:
    made = links.create("weekly", 7, actor="shen")
    for token in (
        "",
        made.id,
        made.id + ".",
        made.token[:-1],
        made.token + "A",
        made.token.swapcase(),
        "锁." + made.token,
    ):
        closed(links, token)


def test_the_store_alone_cannot_make_a_link_last_longer_or_open_another(links: ShareLinks, database: Database) -> None:
    made = links.create("weekly", 7, actor="shen")
    for change in ({"expires_at": NOW + timedelta(days=400)}, {"dashboard": "board_of_directors"}):
        with database.transaction() as tx:
            tx.execute(update(share_link).values(change))
        closed(links, made.token)


def test_other_keys_open_nothing(links: ShareLinks, database: Database, tmp_path: Path, clock: FixedClock) -> None:
    made = links.create("weekly", 7, actor="shen")
    closed(ShareLinks(database, Keyring.open(tmp_path / "other"), clock), made.token)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_link_lasts_a_year_at_most(links: ShareLinks, days: int) -> None:
    with pytest.raises(InvalidInput):
        links.create("weekly", days, actor="shen")
