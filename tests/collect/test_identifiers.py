"""Raw identifiers: normalised, tokenised, refused with a reason; free text freed of personal data."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.collect.identifier_types import KIND, IdentifierTypes, presets
from dujiang.collect.identifiers import Identifier, Tokeniser
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import InvalidInput


def token(kind: str, value: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{kind}\0{value}".encode()).digest()[:8], "big", signed=True)


@pytest.fixture
def tokeniser() -> Tokeniser:
    return Tokeniser(token, IdentifierTypes.of())


MOBILE = Identifier("mobile", token("mobile", "+8613900001234"))


@pytest.mark.parametrize(
    "raw",
    [
        "13900001234",
        " 13900001234\t",
        "+8613900001234",
        "+86 139 0000 1234",
        "86-139-0000-1234",
        "008613900001234",
        "0086 13900001234",
        "013900001234",
        "１３９００００１２３４",
        "＋８６１３９００００１２３４",
        "'13900001234",
        '"13900001234"',
        "13900001234.0",
        "(+86)13900001234",
        "139.0000.1234",
    ],
)
def test_a_mobile_number_has_one_form(tokeniser: Tokeniser, raw: str) -> None:
    assert tokeniser.identifier("mobile", raw) == MOBILE


@pytest.mark.parametrize("raw", ["16500001234", "16200001234", "17012341235", "19900001234", "17112341235"])
def test_numbers_of_virtual_operators_are_real(tokeniser: Tokeniser, raw: str) -> None:
    assert tokeniser.identifier("mobile", raw) == Identifier("mobile", token("mobile", f"+86{raw}"))


def test_a_number_from_hong_kong_keeps_its_country(tokeniser: Tokeniser) -> None:
    assert tokeniser.identifier("mobile", "+852 9123 4567") == Identifier("mobile", token("mobile", "+85291234567"))


@pytest.mark.parametrize(
    "raw", ["13900001234-5678", "13900001234 转 5678", "13900001234转5678", "13900001234,5678", "+86 13900001234-5678"]
)
def test_a_number_with_an_extension_is_virtual(tokeniser: Tokeniser, raw: str) -> None:
    expected = Identifier("virtual_mobile", token("virtual_mobile", "+8613900001234-5678"))
    assert tokeniser.identifier("mobile", raw) == expected


def test_configured_prefixes_are_virtual() -> None:
    mobile = next(one for one in presets() if one.name == "mobile")
    changed = mobile.model_copy(update={"spec": {**mobile.spec, "virtual_prefixes": ["1711"]}})
    tokeniser = Tokeniser(token, IdentifierTypes.of([changed]))
    found = [tokeniser.identifier("mobile", raw) for raw in ("17110001234", "17120001234")]
    assert [one.type for one in found if one] == ["virtual_mobile", "mobile"]


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        ("mobile", "", "blank"),
        ("mobile", "  ", "blank"),
        ("mobile", '""', "blank"),
        ("mobile", "139****1234", "masked"),
        ("mobile", "139 **** 1234", "masked"),
        ("mobile", "139xxxx1234", "masked"),
        ("mobile", "139＊＊＊＊1234", "masked"),
        ("mobile", "13800138000", "junk"),
        ("mobile", "+86 138 0013 8000", "junk"),
        ("mobile", "13888888888", "junk"),
        ("mobile", "11111111111", "junk"),
        ("mobile", "00000000000", "junk"),
        ("mobile", "13912345678", "junk"),
        ("mobile", "13987654321", "junk"),
        ("mobile", "null", "junk"),
        ("mobile", "无", "junk"),
        ("mobile", "021-62345678", "landline"),
        ("mobile", "0755 8234 5678", "landline"),
        ("mobile", "12345", "invalid"),
        ("mobile", "1.39E+10", "invalid"),
        ("mobile", "12900001234", "invalid"),
        ("email", "nobody", "invalid"),
        ("email", "a@b", "invalid"),
        ("email", "a b@qq.com", "invalid"),
        ("email", "li***@qq.com", "masked"),
        ("email", "noreply@dujiang.cn", "junk"),
        ("email", "someone@example.com", "junk"),
        ("user_id", "undefined", "junk"),
        ("user_id", "Anonymous", "junk"),
        ("user_id", "[object Object]", "junk"),
        ("user_id", "'null'", "junk"),
        ("user_id", "-1", "junk"),
        ("user_id", "0", "junk"),
        ("user_id", "line\nbreak", "invalid"),
        ("device_id", "00000000-0000-0000-0000-000000000000", "junk"),
        ("device_id", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "junk"),
        ("taobao_buyer", "t**1", "masked"),
        ("wechat_unionid", "short", "invalid"),
        ("user_id", "x" * 257, "too_long"),
        ("horoscope", "leo", "unknown_type"),
    ],
)
def test_what_names_no_one_is_refused_with_its_reason(tokeniser: Tokeniser, kind: str, raw: str, reason: str) -> None:
    assert (tokeniser.identifier(kind, raw), dict(tokeniser.rejected)) == (None, {reason: 1})


def test_short_member_numbers_are_not_junk(tokeniser: Tokeniser) -> None:
    assert all(tokeniser.identifier("member_no", raw) for raw in ("1", "8888", "123456", "A00000001"))


def test_case_counts_where_the_platform_says_so(tokeniser: Tokeniser) -> None:
    upper, lower = "oAbC_1234567890", "oabc_1234567890"
    assert tokeniser.identifier("wechat_unionid", upper) != tokeniser.identifier("wechat_unionid", lower)
    assert tokeniser.identifier("device_id", "AB-CD-EF-01") == tokeniser.identifier("device_id", "ab-cd-ef-01")
    assert tokeniser.identifier("email", "Tea@Dujiang.CN") == tokeniser.identifier("email", " tea@dujiang.cn")


def test_an_openid_means_something_only_in_its_app(tokeniser: Tokeniser) -> None:
    one = tokeniser.identifier("wechat_openid", "oAbC_1234567890", "wx01")
    other = tokeniser.identifier("wechat_openid", "oAbC_1234567890", "wx02")
    assert one == tokeniser.identifier("wechat_openid@wx01", "oAbC_1234567890")
    assert one and other and one.type == "wechat_openid@wx01" and one.node != other.node


def test_a_type_without_scope_ignores_one(tokeniser: Tokeniser) -> None:
    assert tokeniser.identifier("mobile", "13900001234", "wx01") == MOBILE


def test_identifiers_of_a_fact_come_once_and_strongest_first(tokeniser: Tokeniser) -> None:
    found = tokeniser.identifiers(
        [
            ("anonymous_id", "cookie-1"),
            ("mobile", "13900001234"),
            ("wechat_openid", "oAbC_1234567890", "wx01"),
            ("mobile", "+86 139 0000 1234"),
            ("member_no", "M0001"),
            ("email", "null"),
        ]
    )
    assert [one.type for one in found] == ["member_no", "wechat_openid@wx01", "mobile", "anonymous_id"]
    assert tokeniser.rejected == {"junk": 1}


def test_a_fact_keeps_its_strongest_twenty(tokeniser: Tokeniser) -> None:
    given = [("anonymous_id", f"cookie-{number}") for number in range(25)] + [("member_no", "M0001")]
    found = tokeniser.identifiers(given)
    assert len(found) == BOUNDS.identifiers_per_fact_max and found[0].type == "member_no"
    assert tokeniser.rejected == {"too_many": 6}


def test_clear_values_go_to_the_vault_under_the_strongest_identifier(tokeniser: Tokeniser) -> None:
    tokeniser.identifiers([("mobile", "13900001234"), ("member_no", "M0001"), ("email", "tea@dujiang.cn")])
    member = token("member_no", "M0001")
    assert [(one.node, one.type, one.clear, one.subject) for one in tokeniser.take_clear()] == [
        (MOBILE.node, "mobile", "+8613900001234", member),
        (token("email", "tea@dujiang.cn"), "email", "tea@dujiang.cn", member),
    ]
    assert tokeniser.take_clear() == []


def test_a_value_seen_alone_keeps_nothing_in_clear(tokeniser: Tokeniser) -> None:
    tokeniser.identifier("mobile", "13900001234")
    assert tokeniser.take_clear() == []


def test_protect_replaces_what_is_personal(tokeniser: Tokeniser) -> None:
    text = "电话13900001234，或 +86 139-0000-1234，tea.lover@dujiang.cn，身份证 11010519491231002X"
    shown = tokeniser.protect(text)
    assert not any(part in shown for part in ("1390000", "139-", "@", "110105"))
    first, second = shown.split("，")[:2]
    assert first.removeprefix("电话") == second.removeprefix("或 ") and first.startswith("电话‹mobile:")


@pytest.mark.parametrize(
    "text",
    [
        "订单 123456789012345678",
        "1763893821000",
        "SKU 12900001234",
        "3.14159265358979",
        "夏季新品 乌龙茶",
        "",
        "a@b",
        "20261123",
    ],
)
def test_protect_leaves_other_numbers_alone(tokeniser: Tokeniser, text: str) -> None:
    assert tokeniser.protect(text) == text


def test_protect_hides_junk_numbers_too(tokeniser: Tokeniser) -> None:
    assert "13800138000" not in tokeniser.protect("call 13800138000")


@given(st.text(alphabet="0139 -+@.a茶X（", max_size=60))
def test_protecting_twice_changes_nothing(text: str) -> None:
    tokeniser = Tokeniser(token, IdentifierTypes.of())
    once = tokeniser.protect(text)
    assert tokeniser.protect(once) == once


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", " ", "：", "号", "t"]))
def test_no_mobile_number_survives_protection(number: str, around: str) -> None:
    tokeniser = Tokeniser(token, IdentifierTypes.of())
    assert number not in tokeniser.protect(f"{around}{number}{around}")


def _type(name: str, status: str = "active", **spec: object) -> Definition:
    return parse({"kind": KIND, "name": name, "status": status, "spec": spec})


def test_a_definition_adds_a_type() -> None:
    types = IdentifierTypes.of([_type("loyalty_app_id", priority=15, limit=1, pattern="L[0-9]{4}", junk=["L9999"])])
    tokeniser = Tokeniser(token, types)
    assert tokeniser.identifier("loyalty_app_id", "L0001") == Identifier(
        "loyalty_app_id", token("loyalty_app_id", "L0001")
    )
    assert [tokeniser.identifier("loyalty_app_id", raw) for raw in ("L1", "L9999")] == [None, None]
    assert tokeniser.rejected == {"invalid": 1, "junk": 1}


def test_status_of_a_type_decides_what_it_may_do() -> None:
    types = IdentifierTypes.of(
        [_type("email", "paused"), _type("card_no", "retired"), _type("user_id", "draft", limit=9)]
    )
    assert (types.get("email").joins, "card_no" in types, types.limit("user_id")) == (False, False, 1)


def test_a_type_that_nobody_defined_joins_no_one_and_comes_last() -> None:
    types = IdentifierTypes.of()
    assert not types.get("horoscope").joins
    assert types.priority("horoscope") > max(types.priority(name) for name in types.names())


def test_a_scoped_type_without_its_scope_has_no_limit() -> None:
    types = IdentifierTypes.of()
    assert (types.limit("wechat_openid"), types.limit("wechat_openid@wx01")) == (None, 1)


def test_a_pattern_has_to_compile() -> None:
    with pytest.raises(InvalidInput) as caught:
        _type("broken", pattern="(")
    assert caught.value.code == "definition.invalid"
