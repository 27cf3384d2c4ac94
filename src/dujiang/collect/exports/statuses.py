"""What became of an order, from what the platform says: ``valid``, ``cancelled`` or ``unpaid``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dujiang.collect.exports import cells
from dujiang.collect.exports.batch import Batch
from dujiang.collect.exports.cells import Memo
from dujiang.collect.exports.mapping import FieldRule, StatusRule
from dujiang.collect.exports.rules import RuleCompiler, Values
from dujiang.foundation.i18n import _

GIVEN_BACK: Final = ("退款成功", "退款完成", "已退款", "全额退款", "退货退款成功")
UNPAID: Final = (
    "待付款", "待支付", "未付款", "未支付", "等待付款", "等待买家付款", "等待支付", "待付尾款", "等待尾款", "unpaid", "pending",
)  # fmt: skip
CANCELLED: Final = ("关闭", "取消", "作废", "失效", "cancel", "closed")
VALID: Final = (
    "已付款", "已支付", "待发货", "已发货", "待收货", "待签收", "已签收", "已收货", "备货", "出库", "配货", "配送", "运输",
    "送达", "确认收货", "完成", "成功", "成团", "自提", "核销", "paid", "shipped", "completed",
)  # fmt: skip
STATES: Final = {"valid": _("paid"), "unpaid": _("not paid"), "cancelled": _("closed without payment")}
"""What people call them."""
STRENGTH: Final = {"valid": 2, "unpaid": 1, "cancelled": 0}
"""Of several rows of one order the strongest status is the order's."""


_SOMETHING: Final = re.compile(r"[1-9]")


def classify(text: str, rule: StatusRule) -> str | None:
    """What a platform's word means; None where it says nothing of payment.

    >>> rule = StatusRule()
    >>> [classify(word, rule) for word in ("卖家已发货，等待买家确认", "交易关闭", "等待买家付款", "已取消，退款成功", "异常")]
    ['valid', 'cancelled', 'unpaid', 'valid', None]
    """
    word = text.casefold()
    order = (
        ("valid", (*rule.valid, *GIVEN_BACK)),
        ("unpaid", (*rule.unpaid, *UNPAID)),
        ("cancelled", (*rule.cancelled, *CANCELLED)),
        ("valid", VALID),
    )
    return next((status for status, words in order if any(part.casefold() in word for part in words)), None)


def compile_status(rule: StatusRule, compiler: RuleCompiler) -> tuple[Values, Values | None]:
    """The status of each row, and the platform's own word for it (None where the file has no such column)."""
    word = compiler.values(FieldRule(first=rule.columns), "text") if rule.columns else None
    proofs = [_reader(compiler, name, _evidence) for name in rule.paid]
    proofs += [_reader(compiler, name, _given_back) for name in rule.refund_columns]
    found = [one for one in proofs if one]
    meaning = Memo(lambda text: classify(text, rule))

    def status(batch: Batch) -> list[str]:
        words = word(batch) if word else [None] * len(batch)
        paid = [False] * len(batch)
        for one in found:
            if not all(paid):
                paid = [before or now for before, now in zip(paid, one(batch), strict=True)]
        return [
            "valid" if proof else (meaning[text] if text else None) or rule.otherwise
            for text, proof in zip(words, paid, strict=True)
        ]

    return status, word


def _reader(compiler: RuleCompiler, name: str, read: Callable[[str], bool]) -> Callable[[Batch], list[bool]] | None:
    place = compiler.place(name)
    if place is None:
        return None
    memo = Memo(read)
    return lambda batch: memo.column(batch.columns[place])


def _evidence(text: str) -> bool:
    """A time of payment, or an amount that is more than nothing."""
    cleaned = cells.text_of(text)
    if not isinstance(cleaned, str) or cleaned.startswith("0000-00-00"):
        return False
    return _SOMETHING.search(cleaned) is not None


def _given_back(text: str) -> bool:
    cleaned = cells.text_of(text)
    return isinstance(cleaned, str) and any(part in cleaned for part in GIVEN_BACK)
