"""Names and addresses in one form, and what becomes of a record on its way from a file to a comparison."""

from __future__ import annotations

import pytest

from dujiang.collect.addresses import read_address
from dujiang.collect.person_record import PersonRecord
from dujiang.identity.linkage.names import read_name
from dujiang.identity.linkage.records import read_records


@pytest.mark.parametrize("raw", ["示 例一", "示例一 ", "示例一先生", "示　例一"])
def test_spellings_of_one_name_are_one(raw):
    assert read_name(raw).text == "示例一"


@pytest.mark.parametrize("raw", ["", "示*", "**", "A1B2", "示", "13800000000", "示女士"])
def test_what_is_no_full_name_is_none(raw):
    assert read_name(raw) is None


def test_characters_that_sound_alike_have_one_sound():
    assert read_name("示丽静").sound == read_name("示莉婧").sound


WRITTEN = [
    "浙江省杭州市西湖区演示路12号3幢502室",
    "浙江 杭州市 西湖区 演示路12号3-502",
    "浙江省-杭州市-西湖区-演示路１２号３栋５０２",
    "杭州市西湖区演示路十二号3幢502室".replace("十二", "一二"),
]


@pytest.mark.parametrize("raw", WRITTEN)
def test_ways_to_write_one_address_are_one(raw):
    assert read_address(raw) == read_address(WRITTEN[0])


@pytest.mark.parametrize(
    ("raw", "city", "district", "street"),
    [
        ("上海市徐汇区演示路1号", "上海", "徐汇", "演示路"),
        ("上海市上海市徐汇区演示路1号", "上海", "徐汇", "演示路"),
        ("广东省深圳市南山区样本大道88号", "深圳", "南山", "样本大道"),
        ("内蒙古自治区呼和浩特市新城区示例街5号", "呼和浩特", "新城", "示例街"),
        ("江苏省苏州市昆山市示例街道虚构巷2号", "苏州", "昆山", "虚构巷"),
    ],
)
def test_parts_of_addresses(raw, city, district, street):
    found = read_address(raw)
    assert (found.city, found.district, found.street) == (city, district, street)


def test_records_without_a_full_name_are_not_compared():
    kept = [(1, 10, PersonRecord("示例一", "杭州市演示路1号").text()), (2, 11, PersonRecord("示女士").text())]
    found = read_records(kept)
    assert found.table["unique_id"].to_pylist() == ["1"]
    assert found.table["house"].to_pylist() == ["杭州演示路1"]


def test_whoever_sends_parcels_to_friends_teaches_nothing():
    names = [(1, 10, "示例一"), (2, 10, "示例二"), (3, 11, "示例三")]
    found = read_records((node, subject, PersonRecord(name).text()) for node, subject, name in names)
    assert found.with_persons([7, 7, 8])["person"].to_pylist() == [None, None, 8]
