"""Makes the helpers of this folder importable, and an engine for each test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dujiang.engine.duck import Engine

# With importmode=importlib the tests folder is no package: its helpers are loaded by their file.
for _name in ("engine_kit", "chain_kit", "histories_kit"):
    _spec = importlib.util.spec_from_file_location(_name, Path(__file__).with_name(f"{_name}.py"))
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_name])


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A new engine."""
    engine = Engine.open(tmp_path / "engine" / "dujiang.duckdb", memory_mb=512, threads=1)
    yield engine
    engine.close()
