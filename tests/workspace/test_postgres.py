"""The same brand on PostgreSQL gives the same answers as on SQLite, row for row."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dujiang.engine.contract import DERIVED
from dujiang.engine.schema import fingerprint
from dujiang.foundation.progress import silent
from dujiang.simulate import Simulated
from dujiang.workspace import Workspace, demo


def prints(workspace: Workspace) -> dict[str, tuple[int, int]]:
    with workspace.engine.read() as con:
        return fingerprint(con, tuple(name for name in DERIVED if name != "segment_member"))


def members(workspace: Workspace) -> list[tuple[str, int]]:
    """Who is in which segment; since when depends on the moment at which each brand was computed."""
    with workspace.engine.read() as con:
        return con.execute("SELECT segment, person FROM segment_member ORDER BY ALL").fetchall()


def test_every_derived_table_is_equal_on_both_stores(
    brand: Path,
    opened: Callable[[], Workspace],
    simulated: Simulated,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_sqlite = opened()
    shutil.copytree(tmp_path / "keys", tmp_path / "same-keys")  # equal keys: equal tokens
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(tmp_path / "same-keys"))
    monkeypatch.setenv("DUJIANG_STORE_URL", postgres_url)
    with Workspace.create(tmp_path / "on-postgres") as on_postgres:
        assert on_postgres.db.dialect == "postgresql"
        demo.define(on_postgres, simulated.folder / "brand.yaml")
        for file in simulated.files:
            with (simulated.folder / file.path).open("rb") as stream:
                upload = on_postgres.imports.upload(stream, file.path.name)
            on_postgres.imports.run(
                upload, file.mapping, file.channel, file.shop, source=file.source, account=file.shop, app=file.app
            )
        demo.replay(on_postgres, [simulated.folder / file.path for file in simulated.calls], 0, silent)
        on_postgres.refresh()
        assert prints(on_postgres) == prints(on_sqlite)
        assert members(on_postgres) == members(on_sqlite)
        assert on_postgres.status().persons == on_sqlite.status().persons
        assert all(finding.good for finding in on_postgres.doctor())
