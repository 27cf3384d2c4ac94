"""The command line as a person uses it: words in; exit code, output and errors out."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dujiang.cli import main


@dataclass(frozen=True)
class Ran:
    """What one call did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output, which has to be JSON and nothing else."""
        return json.loads(self.out)


Run = Callable[..., Ran]


def _run(*words: object) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        patched.setattr(sys, "argv", ["dujiang", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal without opinions of its own."""
    for variable in ("DUJIANG_LANG", "LC_ALL", "LANG", "DUJIANG_DEBUG", "DUJIANG_WORKSPACE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(tmp_path / "keys"))


@pytest.fixture
def run() -> Run:
    """Runs the command line."""
    return _run


@pytest.fixture(scope="session")
def _demo(made_once: Any) -> Path:
    def build(folder: Path) -> Path:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
            made = _run("demo", folder / "brand", "--people", 120, "--months", 1, "--no-serve", "--json")
        assert made.code == 0, made.err
        assert made.json["built"]
        return folder

    return made_once("cli-demo", build)


@pytest.fixture
def brand(_demo: Path, tmp_path: Path) -> Path:
    """A demo brand that the command line built; each test has its own copy."""
    shutil.copytree(_demo / "brand", tmp_path / "brand")
    shutil.copytree(_demo / "keys", tmp_path / "keys")
    return tmp_path / "brand"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """An empty workspace."""
    assert _run("init", tmp_path / "empty").code == 0
    return tmp_path / "empty"
