"""Names, addresses and birthdays of a file go into the vault, and nowhere else."""

from __future__ import annotations

from dujiang.collect.person_record import RECORD, PersonRecord

MEMBER = {
    "会员号": "M1", "入会时间": "2026-01-01", "姓名": "示例一", "省": "浙江省", "市": "杭州市", "地址": "西湖区演示路1号",
    "生日": "1990/2/8", "性别": "女",
}  # fmt: skip


def records(tokeniser):
    return [one for one in tokeniser.take_clear() if one.type == RECORD]


def test_a_member_is_kept_for_comparison_under_their_own_key(files, tokeniser):
    facts = files.of("own.customers", [MEMBER], tokeniser=tokeniser)["customer"]
    (kept,) = records(tokeniser)
    assert PersonRecord.of(kept.clear) == PersonRecord("示例一", "浙江省杭州市西湖区演示路1号", "1990-02-08", "female")
    assert kept.subject == facts[0]["identifiers"][0]["node"]


def test_facts_hold_nothing_of_it(files, tokeniser):
    facts = str(files.of("own.customers", [MEMBER], tokeniser=tokeniser).facts)
    assert not [word for word in ("示例一", "演示路", "1990-02-08") if word in facts]


def test_what_is_masked_says_nothing(files, tokeniser):
    order = {"订单编号": "1", "买家会员名": "茶客", "订单状态": "交易成功", "订单创建时间": "2026-11-11 10:00:00"}
    rows = [
        order | {"收货人姓名": "示**", "收货地址": "浙江省杭州市演示路1号"},
        order | {"订单编号": "2", "收货人姓名": "示例二", "收货地址": "浙江省****"},
    ]
    files.of("taobao.orders", rows, tokeniser=tokeniser, encoding="gb18030")
    assert [PersonRecord.of(one.clear) for one in records(tokeniser)] == [PersonRecord("示例二")]


def test_a_row_that_names_nobody_keeps_nothing(files, tokeniser):
    files.of("youzan.customers", [{"客户姓名": "示例一", "成为客户时间": "2026-01-01"}], tokeniser=tokeniser)
    assert records(tokeniser) == []


def test_equal_rows_are_kept_once(files, tokeniser):
    files.of("own.customers", [MEMBER, MEMBER], tokeniser=tokeniser)
    assert len(records(tokeniser)) == 1
