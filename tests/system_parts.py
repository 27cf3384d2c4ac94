"""Finds the programs that the tests need beside Python: a browser, PostgreSQL, Java, a Chinese font, node, strace.

As root on Debian or Ubuntu it installs what is missing; otherwise it says what to install and ends with 1. No test is
skipped for want of a program.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dujiang.engine.spark.session import JAVA_PACKAGE, find_java
from dujiang.foundation.errors import MissingPart

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part:
    """A program or font: what for, the Debian package that brings it (the first there is of `a | b`), whether it is there."""

    purpose: str
    package: str
    found: Callable[[], bool]


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _has_postgres() -> bool:
    spec = importlib.util.spec_from_file_location("postgres_server", HERE / "postgres_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.find_programs() is not None


def _has_java() -> bool:
    try:
        find_java()
    except MissingPart:
        return False
    return True


def _has_chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


PARTS = (
    Part("a browser for the console's tests", "chromium", _program("chromium")),
    Part("a PostgreSQL server for the store's tests", "postgresql", _has_postgres),
    Part("Java for the engine's tests on Spark", JAVA_PACKAGE, _has_java),
    Part("a Chinese font for the browser", "fonts-noto-cjk", _has_chinese_font),
    Part("fc-list, to look for fonts", "fontconfig", _program("fc-list")),
    Part("node for the tracking packages' tests", "nodejs", _program("node")),
    Part("npm for the tracking packages' tests", "npm", _program("npm")),
    Part("strace for the power-cut tests", "strace", _program("strace")),
)


def missing() -> list[Part]:
    """The parts that are not there."""
    return [part for part in PARTS if not part.found()]


def _install(parts: Sequence[Part]) -> None:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    packages = [_chosen(part.package) for part in parts]
    print(f"Installing {', '.join(packages)} ...", flush=True)  # noqa: T201
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL)


def _chosen(package: str) -> str:
    """The first of the packages `a | b` that this release has."""
    names = package.split(" | ")
    known = (name for name in names if not subprocess.run(["apt-cache", "show", name], capture_output=True).returncode)
    return next(known, names[0])


def _install_node_packages() -> None:
    folder = HERE / "sdk" / "node"
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not (folder / "package.json").exists():
        return
    if installed.exists() and lock.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    print("Installing the tracking packages for node ...", flush=True)  # noqa: T201
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
    installed.touch()


def main() -> int:
    """Install or name what is missing; 0 when everything is there."""
    lacking = missing()
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(lacking)
        lacking = missing()
    for part in lacking:
        print(f"Missing: {part.purpose}. Install the package {part.package}.", file=sys.stderr)  # noqa: T201
    if lacking:
        packages = " ".join(part.package.partition(" | ")[0] for part in lacking)
        print(f"On Debian or Ubuntu: sudo apt-get install {packages}", file=sys.stderr)  # noqa: T201
        return 1
    _install_node_packages()
    return 0


if __name__ == "__main__":
    sys.exit(main())
