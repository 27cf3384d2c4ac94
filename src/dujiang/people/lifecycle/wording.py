"""Conditions and reasons of the life cycle as sentences."""

from __future__ import annotations

from typing import Final

from dujiang.foundation.i18n import _, translate
from dujiang.foundation.money import format_money
from dujiang.people.lifecycle.model import Fact, Reason, StageCondition

_FACTS: Final[dict[Fact, str]] = {
    "orders": _("valid orders"),
    "visits": _("visits"),
    "interactions": _("interactions with content"),
    "paid_minor": _("amount paid, less refunds"),
    "days_since_order": _("days since the last order"),
    "days_since_first_order": _("days since the first order"),
    "days_since_visit": _("days since the last visit"),
    "days_since_first_seen": _("days since first seen"),
}
_OPS: Final = {"at_least": _("at least {bound}"), "at_most": _("at most {bound}")}
_MET: Final = _("Met for the first time")
_BEGAN: Final = _("{fact}: {value} (now {condition})")
_CEASED: Final = _("{fact}: {value} (no longer {condition})")
_RULE: Final = _("{fact} {condition}")
_WITHIN: Final = _("{fact} in the last {days} days")


def condition_text(one: StageCondition, locale: str, currency: str = "CNY") -> str:
    """A condition of a stage in words.

    >>> condition_text(StageCondition(fact="orders", at_least=3, within_days=90), "en")
    'valid orders in the last 90 days at least 3'
    """
    condition = _condition(one.fact, one.op, one.bound, locale, currency)
    return translate(_RULE, locale).format(fact=_fact(one.fact, one.within_days, locale), condition=condition)


def reason_text(reason: Reason, locale: str, currency: str = "CNY") -> str:
    """Why somebody changed stage.

    >>> reason_text(Reason("days_since_order", "at_least", 181, None, True, 181), "en")
    'days since the last order: 181 (now at least 181)'
    """
    if reason.fact is None or reason.op is None or reason.bound is None:
        return translate(_MET, locale)
    return translate(_BEGAN if reason.holds else _CEASED, locale).format(
        fact=_fact(reason.fact, reason.within_days, locale),
        value=_amount(reason.fact, reason.value or 0, locale, currency),
        condition=_condition(reason.fact, reason.op, reason.bound, locale, currency),
    )


def _fact(fact: Fact, within_days: int | None, locale: str) -> str:
    name = translate(_FACTS[fact], locale)
    return translate(_WITHIN, locale).format(fact=name, days=within_days) if within_days else name


def _condition(fact: Fact, op: str, bound: int, locale: str, currency: str) -> str:
    return translate(_OPS[op], locale).format(bound=_amount(fact, bound, locale, currency))


def _amount(fact: Fact, value: int, locale: str, currency: str) -> str:
    return format_money(value, locale, currency) if fact == "paid_minor" else str(value)
