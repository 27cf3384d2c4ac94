"""``dujiang prove``: the promises hold here, and one that does not is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dujiang.cli import promises


@pytest.mark.slow
def test_every_promise_holds_and_nothing_stays(run: Any, tmp_path: Path) -> None:
    proofs = run("prove", "--in", tmp_path, "--people", "100", "--json").json
    assert [(one["promise"], one["held"]) for one in proofs if not one["held"]] == []
    assert len(proofs) == 6
    assert proofs[0]["values"]["told"] >= 120
    assert list(tmp_path.iterdir()) == []


def test_a_lost_acknowledgement_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promises, "_killed_writer", lambda _folder, name: {name.encode()})
    proof = promises._acknowledged(tmp_path / "journal")
    assert (proof.held, proof.values["lost"]) == (False, 3)
