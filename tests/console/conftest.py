"""The console over a small brand, asked without a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from dujiang.console import create_console
from dujiang.foundation.clock import FixedClock
from dujiang.workspace import Workspace

SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


def _load(file: str, name: str) -> ModuleType:
    # With importmode=importlib the tests folder is no package: its helpers are loaded by their file.
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BRAND = _load("brand.py", "console_brand")
KIT = _load("asked_kit.py", "asked_kit")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the brand as it was built, with its keys; nobody opens it, everybody opens a copy."""
    folder = tmp_path_factory.mktemp("built")
    with patch.dict(os.environ, {"DUJIANG_KEYS_FOLDER": str(folder / "keys")}):
        BRAND.build(folder).close()
    return folder


@contextmanager
def opened(built: Path, folder: Path) -> Iterator[Workspace]:
    """A copy of the brand in ``folder``, which has to be empty or missing."""
    shutil.copytree(built, folder, dirs_exist_ok=True)
    with patch.dict(os.environ, {"DUJIANG_KEYS_FOLDER": str(folder / "keys")}):
        workspace = Workspace.open(folder / "brand", clock=FixedClock(BRAND.NOW))
    with workspace:
        yield workspace


@pytest.fixture(scope="session")
def workspace(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The brand; tests that change it change only what they made themselves."""
    with opened(built, tmp_path_factory.mktemp("console")) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def spare(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Another copy of the brand, which the tests of one module may change as they like."""
    with opened(built, tmp_path_factory.mktemp("spare")) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def console(spare: Workspace) -> Iterator[Any]:
    """The console over that copy with something in every room, asked by the administrator."""
    token = spare.access.accounts.sign_in("shen", BRAND.PASSWORD).token
    console = KIT.Console(spare, create_console(spare), token, KIT.set_up(spare))
    yield console
    console.close()


@pytest.fixture(scope="session")
def address(workspace: Workspace) -> Iterator[str]:
    """Where the console is served."""
    with BRAND.serving(create_console(workspace)) as address:
        yield address


def browser(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, headers=SAME_ORIGIN, timeout=300)


def signed_in(client: httpx.Client, name: str) -> httpx.Client:
    answer = client.post("/sign-in", data={"name": name, "password": BRAND.PASSWORD})
    assert answer.status_code == 303
    return client


@pytest.fixture
def nobody(address: str) -> Iterator[httpx.Client]:
    """A browser that is not signed in."""
    with browser(address) as client:
        yield client


@pytest.fixture(scope="session")
def admin(address: str) -> Iterator[httpx.Client]:
    """The administrator's browser; it stays signed in, because checking a password is slow on purpose."""
    with browser(address) as client:
        yield signed_in(client, "shen")


@pytest.fixture(scope="session")
def viewer(address: str) -> Iterator[httpx.Client]:
    """The browser of somebody who may only read."""
    with browser(address) as client:
        yield signed_in(client, "yue")
