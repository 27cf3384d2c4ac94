"""Migrations of the store, run when it is opened."""

from __future__ import annotations

from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, text

from dujiang.foundation.errors import Conflict
from dujiang.foundation.i18n import _
from dujiang.store.connections import begin_read, begin_write, serialise

HEAD: Final = "0013"
"""The newest revision; known without loading the migrations, because nearly every start needs none."""

REVISIONS: Final = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
)


def revision(connection: Connection) -> str | None:
    """The revision of the database; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(engine: Engine, to: str = HEAD) -> None:
    """Bring the database to revision ``to``, in one transaction; several processes may do so at once.

    Raises:
        Conflict: ``store.newer`` if its revision is one that this version does not know.
    """
    with begin_read(engine) as connection:
        if _known(revision(connection)) == to:
            return
    with begin_write(engine) as connection, connection.begin():
        serialise(connection, "migrations")
        if _known(revision(connection)) == to:
            return
        config = Config()
        config.set_main_option("script_location", "dujiang.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def _known(found: str | None) -> str | None:
    if found is not None and found not in REVISIONS:
        sentence = _(
            "This store was written by a newer version of Dujiang (form {found}). Update Dujiang, then open it."
        )
        raise Conflict("store.newer", sentence, found=found)
    return found
