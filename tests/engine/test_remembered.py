"""What is remembered of columns: the same for everybody who asks, bounded, and gone with the state that it was said of."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.remembered import Asked, Remembered

CITY = Asked("fact_event", "json_extract_string(properties, $v0)", {"v0": "/city"})
PARTS = st.lists(st.lists(st.integers(-1, 3), max_size=5), max_size=4)


@settings(deadline=None, max_examples=50)
@given(PARTS, st.sampled_from([4, 126, 127, 128, 32_766, 32_767, 70_000]))
def test_what_was_kept_is_found_by_whoever_asks(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]], words: int
) -> None:
    folder = tmp_path_factory.mktemp("columns")
    codes = [np.array([*part, words - 1], np.int32) for part in parts]
    said = Remembered(folder).keep("mark", CITY, codes, pa.array(range(words)))
    found = Remembered(folder).find("mark", CITY)
    assert found is not None and found.words.equals(said.words) and len(found.words) == words
    for mine, theirs, given_ in zip(said.parts, found.parts, codes, strict=True):
        assert mine.tolist() == theirs.tolist() == given_.tolist()
        assert theirs.dtype == mine.dtype and mine.dtype.itemsize == (1 if words < 128 else 2 if words < 32_768 else 4)


def test_nothing_is_found_under_another_name_or_after_the_state_changed(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "columns")
    assert remembered.find("one", CITY) is None
    held = remembered.keep("one", CITY, [np.array([0, -1], np.int32)], pa.array(["a"]))
    assert remembered.find("two", CITY) is None
    assert remembered.find("one", Asked(CITY.table, CITY.text, {"v0": "/town"})) is None
    mapped = remembered.find("one", CITY)
    remembered.clear()
    assert remembered.find("one", CITY) is None
    assert mapped is not None and mapped.parts[0].tolist() == held.parts[0].tolist() == [0, -1]


def test_a_file_that_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path)
    remembered.keep("one", CITY, [np.array([0], np.int32)], pa.array(["a"]))
    (file,) = tmp_path.glob("*.arrow")
    file.write_bytes(file.read_bytes()[:40])
    assert remembered.find("one", CITY) is None
    file.write_bytes(b"")
    assert remembered.find("one", CITY) is None


def test_what_was_not_asked_for_the_longest_goes_first(tmp_path: Path) -> None:
    many = [np.zeros(10_000, np.int32)]
    remembered = Remembered(tmp_path, bytes_max=35_000)
    for place, name in enumerate("abc"):
        remembered.keep(name, CITY, many, pa.array(["x"]))
        os.utime(max(tmp_path.glob("*.arrow"), key=lambda file: file.stat().st_mtime_ns), (place, place))
    assert remembered.find("a", CITY) is not None  # asked for now
    remembered.keep("d", CITY, many, pa.array(["x"]))
    assert [name for name in "abcd" if remembered.find(name, CITY)] == ["a", "c", "d"]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 35_000
    Remembered(tmp_path, bytes_max=10).keep("e", CITY, many, pa.array(["x"]))
    assert [name for name in "abcde" if remembered.find(name, CITY)] == ["e"]


def test_a_folder_that_cannot_be_written_costs_the_memory_only(tmp_path: Path) -> None:
    (tmp_path / "columns").write_text("a file stands in the way")
    remembered = Remembered(tmp_path / "columns")
    assert remembered.keep("one", CITY, [np.array([0], np.int32)], pa.array(["a"])).parts[0].tolist() == [0]
    assert remembered.find("one", CITY) is None
    remembered.clear()


def test_what_was_asked_for_lately_says_as_what(tmp_path: Path) -> None:
    remembered, shop = Remembered(tmp_path), Asked("orders", '"shop"')
    remembered.keep("one", CITY, [np.array([0], np.int32)], pa.array(["a"]), asked_ns=2_000)
    remembered.keep("one", shop, [np.array([1], np.int32)], pa.array(["b", "c"]), asked_ns=3_000)
    remembered.keep("two", shop, [np.array([0], np.int32)], pa.array(["d"]), asked_ns=9_000)
    found = Remembered(tmp_path).lately("one")
    assert [(asked, said.words.to_pylist(), at) for asked, said, at in found] == [
        (shop, ["b", "c"], 3_000),
        (CITY, ["a"], 2_000),
    ]
    (tmp_path / "older.arrow").write_bytes(b"")  # what an older version wrote, or a crash left
    assert len(remembered.lately("one")) == 2
