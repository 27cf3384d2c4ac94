"""What cells say, at the edges."""
# ruff: noqa: E501 - rows of a table stay on one line

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.collect.exports import cells
from dujiang.collect.exports.cells import Bad, Memo
from dujiang.collect.exports.occurrences import Occurrences
from dujiang.collect.exports.readings import region_of


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ('="123"', "123"), ("'00123", "00123"), ("\t123\t", "123"), ("12\t34", "1234"), ("\ufeff订单", "订单"), ("\u00a0a\u3000", "a"),
        ('"quoted"', "quoted"), ("=", "="), ("'", ""), ('=""', ""), ("", ""), ("a b", "a b"),
    ],
)  # fmt: skip
def test_wrappings_come_off(raw, clean):
    assert cells.clean(raw) == clean


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_amounts_are_exact(amount):
    expected = int(amount * 100)
    for text in (f"{amount}", f"{amount:,}", f"￥{amount}", f"{amount}元", f'="{amount}"'):
        assert cells.yuan_of(text) == expected


@pytest.mark.parametrize(
    ("text", "minor"), [("0.005", 1), ("1e3", 100000), ("5.0E-2", 5), ("--", None), ("", None), ("(12.5)", -1250)]
)
def test_odd_amounts(text, minor):
    assert cells.yuan_of(text) == minor


@pytest.mark.parametrize("text", ["1.2.3", "abc", "12a", "1,2,x", "1e999"])
def test_what_is_no_number(text):
    assert isinstance(cells.number_of(text), Bad)


ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)), ZONES)  # noqa: DTZ001 - local times
def test_moments_are_what_the_zone_database_says(local, zone):
    local = local.replace(microsecond=0)
    expected = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    read = cells.moment_reader(ZoneInfo(zone))
    for form in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y%m%d%H%M%S"):
        assert read(local.strftime(form)) == int(expected.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026/1/5 9:05", "2026-01-05T09:05:00"), ("2026.01.05", "2026-01-05T00:00:00"), ("20260105", "2026-01-05T00:00:00"),
        ("46027", "2026-01-05T00:00:00"), ("46027.3784722222", "2026-01-05T09:05:00"), ("2026-01-05T09:05:00.250", "2026-01-05T09:05:00.250000"),
        ("2026年1月5日 9时05分", "2026-01-05T09:05:00"),
    ],
)  # fmt: skip
def test_dates_as_people_and_spreadsheets_write_them(text, local):
    assert cells.local_moment(text).isoformat() == local


@pytest.mark.parametrize("text", ["0000-00-00 00:00:00", "1970-01-01 08:00:00", "-", "", "  "])
def test_no_date_is_none(text):
    assert cells.local_moment(text) is None


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-13-01", "2026-11-11 25:00:00", "yesterday", "1999-12-31", "2101-01-01", "12"]
)
def test_impossible_dates(text):
    assert isinstance(cells.local_moment(text), Bad)


def test_a_zone_in_the_cell_wins():
    read = cells.moment_reader(ZoneInfo("Asia/Shanghai"))
    assert read("2026-11-11T00:00:00Z") == read("2026-11-11 08:00:00") == read("2026-11-10T19:00:00-05:00")


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("1天转化", "1d"),
        ("15天转化", "15d"),
        ("DAYS_7", "7d"),
        ("HOURS_24", "24h"),
        ("15天", "15d"),
        ("30日归因", "30d"),
        ("", ""),
        ("CLICK", "CLICK"),
    ],
)
def test_windows(text, window):
    assert cells.window_of(text) == window


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("广东省 深圳市 南山区 某路", ("广东省", "深圳市")), ("广东省深圳市南山区某路1号", ("广东省", "深圳市")), ("上海市 上海市 徐汇区", ("上海市", "上海市")),
        ("内蒙古自治区呼和浩特市", ("内蒙古自治区", "呼和浩特市")), ("浙江省", ("浙江省", None)), ("", (None, None)), ("某路 100 号", ("某路", None)),
        ("北京市朝阳区", ("北京市", "北京市")),
    ],
)  # fmt: skip
def test_only_the_region_of_an_address_is_kept(address, region):
    assert region_of(address) == region


def test_a_memo_forgets_but_never_errs():
    memo = Memo(cells.yuan_of)
    values = memo.column([f"{number}.50" for number in range(3 * cells.MEMO_TEXTS)])
    assert values == [number * 100 + 50 for number in range(3 * cells.MEMO_TEXTS)]
    assert len(memo) <= cells.MEMO_TEXTS
    assert not memo.bad
    memo.column(["x"])
    assert memo.bad


@given(st.lists(st.lists(st.integers(0, 30), max_size=40), max_size=12))
def test_occurrences_equal_a_plain_count(chunks):
    seen, plain = Occurrences(), Counter[int]()
    for chunk in chunks:
        expected = []
        for thing in chunk:
            plain[thing] += 1
            expected.append(plain[thing])
        assert seen.number(chunk) == expected


def test_occurrences_stay_small():
    seen, numbers = Occurrences(), random.Random(7)
    for _ in range(40):
        seen.number([numbers.randrange(10**12) for _ in range(5_000)])
    bytes_held = sum(hashes.nbytes + counts.nbytes for hashes, counts in seen._runs)
    assert bytes_held <= 200_000 * 16
    assert len(seen._runs) < 12
