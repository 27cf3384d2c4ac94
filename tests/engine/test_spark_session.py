"""What is said where Spark or its Java is missing. What Spark answers is tested in ``tests/contract/engine``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dujiang.engine.spark.session import find_java, open_session
from dujiang.foundation.errors import MissingPart


def _java(folder: Path, version: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program


def test_the_java_of_java_home_goes_before_the_one_on_the_path(tmp_path: Path) -> None:
    chosen, other = _java(tmp_path / "home", "21.0.1"), _java(tmp_path / "other", "17.0.1")
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(other.parent)}) == chosen
    assert find_java({"PATH": str(other.parent)}) == other


def test_where_there_is_no_java_the_package_is_named(tmp_path: Path) -> None:
    for nowhere in ({"PATH": str(tmp_path)}, {"JAVA_HOME": str(tmp_path)}, {}):
        with pytest.raises(MissingPart, match=r"openjdk-21-jre-headless \| openjdk-17-jre-headless") as missing:
            find_java(nowhere)
        assert missing.value.code == "engine.java_missing"


def test_a_java_that_is_too_old_is_named(tmp_path: Path) -> None:
    _java(tmp_path, "11.0.2")
    with pytest.raises(MissingPart, match="the Java found is 11") as old:
        find_java({"JAVA_HOME": str(tmp_path)})
    assert old.value.code == "engine.java_old"


def test_without_spark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(MissingPart, match=r"dujiang\[spark\]") as missing:
        open_session()
    assert missing.value.code == "engine.spark_missing"


def test_without_java_no_session_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingPart) as missing:
        open_session("local[1]")
    assert missing.value.code == "engine.java_missing"
