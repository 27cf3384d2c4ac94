"""Parts that an earlier version wrote are read as facts of today."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from dujiang.collect.archive import Archive
from dujiang.foundation.facts import FAMILIES

DAY = date(2026, 11, 11)


def facts(schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{"seq": 7, "key": 1, "content": 2, "channel": "wecom"}], schema=schema)


@pytest.mark.parametrize("family", ["event", "order", "conversation", "customer"])
def test_a_column_that_did_not_exist_yet_states_nothing(tmp_path: Path, family: str) -> None:
    whole = FAMILIES[family]
    earlier = pa.schema([field for field in whole if field.name not in whole.names[-2:]])
    archive = Archive(tmp_path)
    part = archive.write(family, facts(earlier), day=DAY, batch="b")
    found = archive.read(part)
    assert found.schema == whole
    assert found.to_pylist() == facts(whole).to_pylist()


def test_columns_of_today_come_back_as_they_were_written(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    part = archive.write("event", facts(FAMILIES["event"]), day=DAY, batch="b")
    assert archive.read(part) == facts(FAMILIES["event"])
