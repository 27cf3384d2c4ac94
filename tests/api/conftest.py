"""A small brand with the whole application over it, asked in process."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvicorn

from dujiang.api.app import create_app
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.progress import silent
from dujiang.simulate import Simulated, SimulationSpec, simulate
from dujiang.store.access import ROLES
from dujiang.workspace import Workspace, demo
from dujiang.workspace.handlers import HANDLERS
from dujiang.workspace.worker import Worker

END: Final = date(2026, 11, 15)
NOW: Final = datetime(2026, 11, 16, 4, tzinfo=UTC)
PASSWORD: Final = "a long enough password"
SAME_ORIGIN: Final = {"sec-fetch-site": "same-origin"}


def _fill(workspace: Workspace, made: Simulated) -> None:
    demo.define(workspace, made.folder / "brand.yaml")
    for file in made.files:
        with (made.folder / file.path).open("rb") as stream:
            upload = workspace.imports.upload(stream, file.path.name)
        given = {
            "channel": file.channel,
            "shop": file.shop,
            "source": file.source,
            "account": file.shop,
            "app": file.app,
        }
        workspace.imports.run(upload, file.mapping, **given, actor="test")
    demo.replay(workspace, [made.folder / file.path for file in made.calls], 0, silent)
    accounts = workspace.access.accounts
    accounts.create_first_admin(accounts.first_admin_token() or "", "admin.one", PASSWORD)
    for role in ROLES[:-1]:
        accounts.create(f"{role}.one", PASSWORD, role, actor="admin.one")
    workspace.refresh()


@pytest.fixture(scope="session")
def simulated(made_once: Any) -> Simulated:
    """Files and calls of a hundred people over a month."""
    spec = SimulationSpec(end=END, people=120, months=1, seed=5)
    return made_once("api-simulated", lambda folder: simulate(spec, folder / "brand", silent))


@pytest.fixture(scope="session")
def _built(made_once: Any, simulated: Simulated) -> Path:
    def build(folder: Path) -> Path:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
            with Workspace.create(folder / "brand", clock=FixedClock(NOW)) as workspace:
                _fill(workspace, simulated)
        return folder

    return made_once("api-built", build)


@contextmanager
def _serving(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # at once, so that who asks before the server runs waits instead of being refused
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@dataclass
class Api:
    """The application and a way to ask it as anyone.

    Attributes:
        workspace: what it serves; a copy that belongs to the tests of one module.
        app: console, API and intake.
        address: where it is served.
        client: a client without credentials.
        keys: the headers of an API key, by role.
    """

    workspace: Workspace
    app: Any
    address: str
    client: httpx.Client
    keys: dict[str, dict[str, str]]

    def browser(self, role: str) -> httpx.Client:
        """A browser in which somebody with ``role`` is signed in."""
        signed_in = self.workspace.access.accounts.sign_in(f"{role}.one", PASSWORD)
        return httpx.Client(base_url=self.address, cookies={"dj_session": signed_in.token}, timeout=300)

    def work(self) -> None:
        """Do the long work that waits."""
        worker = Worker(self.workspace, HANDLERS)
        while job := self.workspace.jobs.take("test", tuple(HANDLERS)):
            worker.run(job)

    def ask(self, method: str, path: str, role: str = "admin", **more: Any) -> Any:
        """The answer to a call with the key of ``role``; it has to succeed."""
        headers = self.keys[role] | more.pop("headers", {})
        answer = self.client.request(method, f"/api/v1{path}", headers=headers, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def problem(self, method: str, path: str, role: str = "admin", **more: Any) -> tuple[int, str, str]:
        """Status, code and sentence of a call that has to fail."""
        headers = self.keys.get(role, {}) | more.pop("headers", {})
        answer = self.client.request(method, f"/api/v1{path}", headers=headers, **more)
        assert answer.status_code >= 400, answer.text
        body = answer.json()
        assert set(body) == {"success", "code", "message", "detail"}
        assert body["success"] is False
        return answer.status_code, body["code"], body["message"]


@pytest.fixture(scope="module")
def api(_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The application over a copy of the brand; what a module's tests change, no other module sees."""
    folder = tmp_path_factory.mktemp("api")
    shutil.copytree(_built / "brand", folder / "brand")
    shutil.copytree(_built / "keys", folder / "keys")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        workspace = Workspace.open(folder / "brand", clock=FixedClock(NOW))
    keys = workspace.access.keys
    secrets = {role: keys.create_api(role, role, actor="test").secret for role in ROLES}
    bearers = {role: {"authorization": f"Bearer {secret}"} for role, secret in secrets.items()}
    app = create_app(workspace, work=False)
    with _serving(app) as address, httpx.Client(base_url=address, timeout=300) as client:
        yield Api(workspace, app, address, client, bearers)
    workspace.close()
