"""Opens Spark: finds Java, and keeps everything that one machine starts on its loopback interface."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from dujiang.foundation.errors import MissingPart, Unavailable
from dujiang.foundation.i18n import _

Session: TypeAlias = Any
"""A ``pyspark.sql.SparkSession``; named without importing it, because Spark is an extra."""

JAVA_MIN: Final = 17
JAVA_PACKAGE: Final = "openjdk-21-jre-headless | openjdk-17-jre-headless"
"""What brings Java on Debian and Ubuntu, in their notation: releases have one of the two, or both."""

_LOOPBACK: Final = "127.0.0.1"
_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",  # expressions name the brand's zone where they mean it
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, never a wrong number
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_LOCAL_SETTINGS: Final = {"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK}


def find_java(environment: Mapping[str, str] | None = None) -> Path:
    """The Java that Spark will run on: that of ``JAVA_HOME``, else the one on the path.

    Raises:
        MissingPart: ``engine.java_missing`` or ``engine.java_old``.
    """
    given = os.environ if environment is None else environment
    home = given.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java", path=given.get("PATH", ""))
    if not found or not Path(found).exists():
        sentence = _(
            "Spark needs Java {least} or newer, and there is none. Install it (Debian, Ubuntu: {package}),"
            " or let JAVA_HOME name it."
        )
        raise MissingPart("engine.java_missing", sentence, least=JAVA_MIN, package=JAVA_PACKAGE)
    version = java_version(Path(found))
    if version < JAVA_MIN:
        sentence = _("Spark needs Java {least} or newer; the Java found is {version}. Let JAVA_HOME name a newer one.")
        raise MissingPart("engine.java_old", sentence, least=JAVA_MIN, version=version)
    return Path(found)


def java_version(java: Path) -> int:
    """The major version of ``java``; 0 where it does not say one."""
    said = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    return major(said)


def major(said: str) -> int:
    """The major version in what ``java -version`` says; 0 where there is none.

    >>> major('openjdk version "17.0.15" 2025-04-15'), major('java version "1.8.0_202"'), major("")
    (17, 8, 0)
    """
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else 0


def open_session(master: str = "local[*]", settings: Mapping[str, str] | None = None) -> Session:
    """A Spark session with the settings that the answers depend on.

    Args:
        master: where Spark runs; ``local…`` starts it on this machine, and nothing of it listens beyond loopback.
        settings: further settings of Spark.

    Raises:
        MissingPart: ``engine.spark_missing``, ``engine.java_missing`` or ``engine.java_old``.
        Unavailable: ``engine.spark_closed`` where Spark does not start.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        sentence = _('Spark is not installed. Install it with: pip install "dujiang[spark]"')
        raise MissingPart("engine.spark_missing", sentence) from None
    find_java()
    local = master.startswith("local")
    chosen: dict[str, Any] = {**_SETTINGS, **(_LOCAL_SETTINGS if local else {}), **(settings or {})}
    builder = SparkSession.builder.appName("dujiang").master(master).config(map=chosen)
    try:
        with _at_home() if local else _as_it_is():
            return builder.getOrCreate()
    except PySparkException:
        sentence = _("Spark does not start at {master}. Its own log says why.")
        raise Unavailable("engine.spark_closed", sentence, master=master) from None


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@contextmanager
def _at_home() -> Iterator[None]:
    """The environment in which Java and its workers start on this machine: loopback, and this very Python."""
    wanted = {
        "SPARK_LOCAL_IP": _LOOPBACK,
        "SPARK_LOCAL_HOSTNAME": _LOOPBACK,
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
