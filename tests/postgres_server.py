"""A private PostgreSQL server for one test session: real, local, and gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg


def find_programs() -> Path | None:
    """The folder with PostgreSQL's server programs, the newest version; None if they are not installed."""
    versions = Path("/usr/lib/postgresql")
    installed = sorted(versions.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*installed, *([Path(on_path).resolve()] if on_path else [])]
    return next((file.parent for file in candidates if (file.parent / "pg_ctl").exists()), None)


class PostgresServer:
    """A server in a folder of its own on a free port of loopback. Root starts it as the user ``postgres`` or ``nobody``,
    because PostgreSQL refuses to run as root."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="dujiang-postgres-"))
        self._become = _other_user(self._folder) if os.geteuid() == 0 else None
        self._data = self._folder / "data"
        self._number = 0
        self.port = _free_port()
        self._run(
            "initdb", "-D", str(self._data), "-U", "dujiang", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} -c fsync=off"
        options += " -c shared_buffers=16MB -c max_connections=200"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def url(self, database: str) -> str:
        """The address of a database on this server."""
        return f"postgresql+psycopg://dujiang@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """A new database, empty or a copy of ``template``; its name."""
        self._number += 1
        name = f"test_{self._number}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, and every connection to it."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement as the owner of the server."""
        with psycopg.connect(
            f"host=127.0.0.1 port={self.port} user=dujiang dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def stop(self) -> None:
        """End the server and delete its folder."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = (str(self._programs / program), *arguments)
        done = subprocess.run(
            command, preexec_fn=self._become, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env=os.environ | {"LC_ALL": "C"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")


def _other_user(folder: Path) -> Callable[[], None]:
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)

    def become() -> None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return become


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
