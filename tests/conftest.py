"""Fixtures that every room's tests may use: a clock that stands still, keys, and a store on each kind of database."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

import hypothesis
import pytest

from dujiang.engine.kernels.warming import warm
from dujiang.foundation.clock import FixedClock
from dujiang.store.database import Database
from dujiang.store.journal import Journal
from dujiang.store.keyring import Keyring
from dujiang.store.manifest import Manifest

T = TypeVar("T")
# How long an example takes says something of what else the machine does, and nothing of the code.
hypothesis.settings.register_profile("dujiang", deadline=None)
hypothesis.settings.load_profile("dujiang")
LONG: Final = (
    "browser/test_console.py",
    "cli/test_verbs.py",
    "contract/engine/test_contract_small.py",
    "workspace/test_rebuild.py",
    "workspace/test_unmerge.py",
    "console/test_pages.py",
    "people/test_tags.py",
    "workspace/test_source_watch.py",
    "identity/test_identity_properties.py",
    "workspace/test_identity_machine.py",
    "console/test_buttons_by_role.py",
    "engine/test_timeline.py",
    "browser/test_tracker.py",
    "workspace/test_announcing.py",
    "security/test_authorisation.py",
    "contract/store/test_contract_migrations.py",
    "people/prediction/test_propensity.py",
    "contract/store/test_contract_journal.py",
    "cli/test_bad_input.py",
    "api/test_schema_conformance.py",
)
"""Files that take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first, so that at the end no worker waits for another that has only just begun one."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], T]], T]:
    """Makes what several workers need only once: the first that asks for a name makes it, the others wait for it.

    What makes it gets a folder of that name; what it returns is handed to all. It is there to be read, or copied.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], T]) -> T:
        folder, result = shared / name, shared / f"{name}.made"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not result.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of one that failed
                folder.mkdir()
                result.write_bytes(pickle.dumps(make(folder)))
        return pickle.loads(result.read_bytes())  # noqa: S301 - written above

    return made


@pytest.fixture(scope="session")
def compiled_kernels(made_once: Callable[[str, Callable[[Path], None]], None]) -> None:
    """Compiled once for all workers: those who need them at the same time would each compile the same for half a minute."""
    made_once("kernels", lambda _folder: warm())


def _helper(name: str) -> ModuleType:
    # With importmode=importlib the tests folder is no package: its helpers are loaded by their file.
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clock() -> FixedClock:
    """A clock that shows 11 November 2026, 10:00 in Shanghai, until it is moved."""
    return FixedClock(datetime(2026, 11, 11, 2, tzinfo=UTC))


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Keyring]:
    """Fresh keys in a folder of their own."""
    keyring = Keyring.open(tmp_path / "keys")
    yield keyring
    keyring.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL server of this session, started when a test first asks for it."""
    module = _helper("postgres_server")
    programs = module.find_programs()
    assert programs is not None, "PostgreSQL is not installed; run: python tests/system_parts.py"
    server = module.PostgresServer(programs)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: Any) -> str:
    name = postgres_server.create()
    Database.open(postgres_server.url(name)).close()
    return name


@pytest.fixture
def postgres_url(postgres_server: Any, _postgres_template: str) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    name = postgres_server.create(_postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite store that does not exist yet."""
    return f"sqlite:///{tmp_path / 'store' / 'dujiang.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh store: the test runs once on SQLite and once on PostgreSQL."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh store: the test runs once on SQLite and once on PostgreSQL."""
    database = Database.open(database_url)
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh store on SQLite, for tests to which the kind of database does not matter."""
    database = Database.open(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def journal(database: Database, keyring: Keyring, clock: FixedClock) -> Iterator[Journal]:
    """A fresh journal of ``database``."""
    journal = Journal.open(database, keyring, clock)
    yield journal
    journal.close()


@pytest.fixture
def manifest(database: Database) -> Manifest:
    """The manifest of ``database``."""
    return Manifest(database)


@pytest.fixture(scope="session")
def suggest_pair() -> Any:
    """Puts a suggestion about two identifiers into a workspace, as a run of the comparison would (no model is trained)."""
    return _helper("suggestion_seed").suggest_pair
