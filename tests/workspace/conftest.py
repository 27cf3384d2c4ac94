"""A small demo brand, built once; each test gets a copy of its own."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dujiang.foundation.progress import silent
from dujiang.simulate import Simulated, SimulationSpec, simulate
from dujiang.workspace import Workspace, demo

END = date(2026, 11, 15)

# With importmode=importlib the tests folder is no package: its helpers are loaded by their file.
for _file in sorted(Path(__file__).parent.glob("*_kit.py")):
    _spec = importlib.util.spec_from_file_location(_file.stem, _file)
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_file.stem] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_file.stem])


def bring_in(workspace: Workspace, made: Simulated) -> None:
    """Import every file and replay every call."""
    demo.define(workspace, made.folder / "brand.yaml")
    for file in made.files:
        with (made.folder / file.path).open("rb") as stream:
            upload = workspace.imports.upload(stream, file.path.name)
        workspace.imports.run(
            upload,
            file.mapping,
            file.channel,
            file.shop,
            source=file.source,
            account=file.shop,
            app=file.app,
            actor="test",
        )
    demo.replay(workspace, [made.folder / file.path for file in made.calls], 0, silent)
    workspace.refresh()


@pytest.fixture(scope="session")
def simulated(made_once: Any) -> Simulated:
    """Files and calls of three hundred people over two months."""
    spec = SimulationSpec(end=END, people=300, months=2, seed=11)
    return made_once("workspace-simulated", lambda folder: simulate(spec, folder / "brand", silent))


@pytest.fixture(scope="session")
def _built(made_once: Any, simulated: Simulated) -> Path:
    def build(folder: Path) -> Path:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
            with Workspace.create(folder / "brand") as workspace:
                bring_in(workspace, simulated)
        return folder

    return made_once("workspace-built", build)


@pytest.fixture
def brand(_built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a copy of the brand; its keys are where the environment says."""
    shutil.copytree(_built / "brand", tmp_path / "brand")
    shutil.copytree(_built / "keys", tmp_path / "keys")
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(tmp_path / "keys"))
    return tmp_path / "brand"


@pytest.fixture
def opened(brand: Path) -> Iterator[Callable[[], Workspace]]:
    """Opens the brand; what is still open at the end is closed."""
    made: list[Workspace] = []

    def open_() -> Workspace:
        made.append(Workspace.open(brand))
        return made[-1]

    yield open_
    for workspace in made:
        workspace.close()
