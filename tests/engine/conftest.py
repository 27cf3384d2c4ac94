"""Makes the helpers of ``engine_kit.py`` importable, and an engine for each test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dujiang.engine.duck import Engine

# With importmode=importlib the tests folder is no package: its helpers are loaded by their file.
_SPEC = importlib.util.spec_from_file_location("engine_kit", Path(__file__).with_name("engine_kit.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
sys.modules["engine_kit"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sys.modules["engine_kit"])


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A new engine."""
    engine = Engine.open(tmp_path / "engine" / "dujiang.duckdb", memory_mb=512, threads=1)
    yield engine
    engine.close()
