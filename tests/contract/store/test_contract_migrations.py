from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from dujiang.foundation.errors import Conflict
from dujiang.store import migrations
from dujiang.store.connections import checked_url, open_engine
from dujiang.store.database import Database
from dujiang.store.tables import METADATA


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Engine]]:
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "two")]
        names = []
    else:
        server = request.getfixturevalue("postgres_server")
        names = [server.create(), server.create()]
        urls = [server.url(name) for name in names]
    engines = [open_engine(checked_url(url)) for url in urls]
    yield engines
    for engine in engines:
        engine.dispose()
    for name in names:
        server.drop(name)


def form_of(engine: Engine) -> dict[str, Any]:
    """Everything that a database says of its tables, names of constraints included."""
    found = inspect(engine)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], bool(column.get("autoincrement")))
                for column in found.get_columns(table)
            ],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted((one["name"], one["column_names"]) for one in found.get_unique_constraints(table)),
            "indexes": sorted(
                (one["name"], one["column_names"], one["unique"])
                for one in found.get_indexes(table)
                if "duplicates_constraint" not in one
            ),
            "foreign": sorted(
                (one["name"], one["constrained_columns"], one["referred_table"])
                for one in found.get_foreign_keys(table)
            ),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_from_empty_build_exactly_the_declared_tables(empty_engines: list[Engine]) -> None:
    migrated, declared = empty_engines
    migrations.upgrade(migrated)
    with declared.connect().execution_options(dujiang_writes=True) as connection, connection.begin():
        METADATA.create_all(connection)
    assert form_of(migrated) == form_of(declared)


@pytest.mark.parametrize("start", migrations.REVISIONS)
def test_every_earlier_revision_migrates_and_keeps_its_rows(empty_engines: list[Engine], start: str) -> None:
    migrated, fresh = empty_engines
    migrations.upgrade(migrated, start)
    with migrated.connect().execution_options(dujiang_writes=True) as connection, connection.begin():
        connection.execute(text("INSERT INTO cursor (name, value) VALUES ('journal', 7)"))
    migrations.upgrade(migrated)
    migrations.upgrade(fresh)
    assert form_of(migrated) == form_of(fresh)
    with migrated.connect() as connection:
        assert connection.execute(text("SELECT name, value FROM cursor")).all() == [("journal", 7)]


def test_head_is_the_newest_script() -> None:
    folder = Path(migrations.__file__).parent
    scripts = ScriptDirectory(str(folder))
    assert scripts.get_current_head() == migrations.HEAD
    assert {script.revision for script in scripts.walk_revisions()} == set(migrations.REVISIONS)


def test_a_store_of_a_newer_version_is_left_alone(database_url: str) -> None:
    database = Database.open(database_url)
    with database.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(Conflict, match="newer version") as caught:
        Database.open(database_url)
    assert caught.value.code == "store.newer"
