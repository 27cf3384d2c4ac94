"""Importing twice equals once, and an undone import leaves nothing behind, in every derived table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dujiang.engine.contract import DERIVED
from dujiang.engine.schema import fingerprint
from dujiang.simulate import Simulated
from dujiang.workspace import Workspace


def prints(workspace: Workspace) -> dict[str, tuple[int, int]]:
    with workspace.engine.read() as con:
        return fingerprint(con, tuple(DERIVED))


def without_since(workspace: Workspace) -> tuple[dict[str, tuple[int, int]], list[tuple[str, int]]]:
    """Every table, and who is in which segment: since when depends on the moment at which somebody came back."""
    with workspace.engine.read() as con:
        members = con.execute("SELECT segment, person FROM segment_member ORDER BY ALL").fetchall()
        return fingerprint(con, tuple(name for name in DERIVED if name != "segment_member")), members


def test_importing_every_file_again_changes_nothing(opened: Callable[[], Workspace], simulated: Simulated) -> None:
    workspace = opened()
    before = prints(workspace)
    for file in simulated.files:
        with (simulated.folder / file.path).open("rb") as stream:
            upload = workspace.imports.upload(stream, file.path.name)
        result = workspace.imports.run(
            upload, file.mapping, file.channel, file.shop, source=file.source, account=file.shop, app=file.app
        )
        assert result.accepted == 0, file.path
        assert result.rows == result.duplicate + result.rejected
    workspace.refresh()
    assert prints(workspace) == before


@pytest.mark.parametrize("group", ["orders", "customers", "spend"])
def test_undo_and_redo_restore_every_table(opened: Callable[[], Workspace], group: str) -> None:
    workspace = opened()
    before, whole = prints(workspace), without_since(workspace)
    chosen = next(one for one in workspace.imports.list(1000) if one.group == group and one.accepted)
    workspace.imports.undo(chosen.id, actor="test")
    workspace.refresh()
    undone = prints(workspace)
    assert undone != before
    workspace.rebuild()
    assert prints(workspace) == undone
    workspace.imports.redo(chosen.id, actor="test")
    workspace.refresh()
    assert without_since(workspace) == whole


def test_no_clear_phone_of_the_brand_is_in_archive_or_engine(brand: Path, simulated: Simulated) -> None:
    import pyarrow.parquet as pq

    values = pq.read_table(simulated.folder / "truth" / "identifier.parquet").to_pylist()
    phones = sorted({row["value"] for row in values if row["type"] == "mobile"})
    assert len(phones) > 100
    haystack = b"".join(
        file.read_bytes()
        for folder in ("archive", "engine", "store")
        for file in sorted((brand / folder).rglob("*"))
        if file.is_file()
    )
    found = [phone for phone in phones if phone.encode() in haystack]
    assert found == []
