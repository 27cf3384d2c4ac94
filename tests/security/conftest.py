"""An empty workspace with somebody of each role, and everything that faces the outside over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from dujiang.api.app import create_app
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import load_yaml
from dujiang.store.access import ROLES
from dujiang.workspace import Workspace

NOW: Final = datetime(2026, 11, 16, 4, tzinfo=UTC)
PASSWORD: Final = "a long enough password"
SOURCE: Final = "kind: source\nname: shop\nspec: {channel: site}\n---\nkind: channel\nname: site\nspec: {group: own}\n"


@dataclass
class Faces:
    """Everything that faces the outside.

    Attributes:
        keys: secrets of API keys by role, and under ``collect`` that of a collect key.
        sessions: session tokens by role.
    """

    workspace: Workspace
    app: Any
    keys: dict[str, str]
    sessions: dict[str, str]

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to one request."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://brand.example") as client:
            return await client.request(method, path, **more)

    def bearer(self, role: str) -> dict[str, str]:
        """The header with the key of ``role``."""
        return {"authorization": f"Bearer {self.keys[role]}"}

    def browser(self, role: str, site: str = "same-origin") -> dict[str, str]:
        """What a browser sends for somebody with ``role``, from a page of ``site``."""
        return {"cookie": f"dj_session={self.sessions[role]}", "sec-fetch-site": site}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    """The faces of an empty workspace, whose jobs nobody works on."""
    folder: Path = tmp_path_factory.mktemp("faces")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        workspace = Workspace.create(folder / "brand", clock=FixedClock(NOW))
    workspace.definitions.apply(workspace.definitions.plan(load_yaml(SOURCE)), actor="test")
    accounts, keys = workspace.access.accounts, workspace.access.keys
    accounts.create_first_admin(accounts.first_admin_token() or "", "admin.one", PASSWORD)
    for role in ROLES[:-1]:
        accounts.create(f"{role}.one", PASSWORD, role, actor="admin.one")
    secrets = {role: keys.create_api(role, role, actor="test").secret for role in ROLES}
    secrets["collect"] = keys.create_collect("shop", "shop", actor="test").secret
    sessions = {role: accounts.sign_in(f"{role}.one", PASSWORD).token for role in ROLES}
    yield Faces(workspace, create_app(workspace, work=False), secrets, sessions)
    workspace.close()
