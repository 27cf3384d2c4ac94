"""One comparison, the same wherever people are described: in a statistic's ``where``, on profile fields, on tags.

Each kind of value knows its operators. What nothing states fulfils only ``unknown``, ``is_not``, ``not_among`` and
``excludes``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, Literal

from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr, field_validator

from dujiang.foundation.definitions import Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import FIRST_DAY, LAST_DAY
from dujiang.people.bound import Binder

Kind = Literal["text", "number", "yes", "day", "moment", "list", "any"]
"""Kinds of values; ``any`` is a property of an event, which is read as whatever it is compared with."""

Operator = Literal[
    "is", "is_not", "among", "not_among", "at_least", "at_most", "above", "below", "between", "contains", "begins",
    "within_days", "over_days", "includes", "excludes", "known", "unknown",
]  # fmt: skip
Scalar = StrictBool | StrictInt | StrictFloat | date | StrictStr

TEXT_CHARS_MAX: Final = 500
LIST_MAX: Final = 1_000
DAYS_MAX: Final = 36_500

_NOTHING: Final = ("known", "unknown")
_SEVERAL: Final = ("among", "not_among", "between", "includes", "excludes")
_ORDERED: Final = ("is", "is_not", "at_least", "at_most", "above", "below", "between")
_DATED: Final = ("within_days", "over_days")

OPERATORS: Final[dict[Kind, tuple[Operator, ...]]] = {
    "text": ("is", "is_not", "among", "not_among", "contains", "begins", "known", "unknown"),
    "number": (*_ORDERED, "among", "not_among", "known", "unknown"),
    "yes": ("is", "known", "unknown"),
    "day": (*_ORDERED, *_DATED, "known", "unknown"),
    "moment": (*_ORDERED, *_DATED, "known", "unknown"),
    "list": ("includes", "excludes", "known", "unknown"),
    "any": (*_ORDERED, "among", "not_among", "contains", "begins", "known", "unknown"),
}
"""Which operators go with which kind of value, in the order in which they are offered."""


class Comparison(Spec):
    """What a value is compared with.

    Attributes:
        op: the operator. ``within_days``: at most so many days ago; ``over_days``: longer ago than that.
        value: a list for ``among``, ``not_among``, ``between`` (two), ``includes`` and ``excludes`` (any of them); nothing
            for ``known`` and ``unknown``; one value for all others. Days may be written ``2026-11-11``.
    """

    op: Operator = "is"
    value: Scalar | tuple[Scalar, ...] | None = None

    @field_validator("value")
    @classmethod
    def _bounded(cls, value: Any) -> Any:
        values = value if isinstance(value, tuple) else (value,)
        if len(values) > LIST_MAX:
            raise InvalidInput("condition.value", _("a list has at most {bound} values"), bound=LIST_MAX)
        for one in values:
            if isinstance(one, str) and (len(one) > TEXT_CHARS_MAX or "\0" in one):
                sentence = _("a text has at most {bound} characters, none of them zero")
                raise InvalidInput("condition.value", sentence, bound=TEXT_CHARS_MAX)
            if isinstance(one, (int, float)) and not (math.isfinite(one) and abs(one) < 2**63):
                raise ValueError(_("a number has to be finite and to fit into 64 bits"))
        return value

    def fits(self, kind: Kind) -> Any:
        """The value as a comparison with ``kind`` needs it.

        Raises:
            ValueError: the operator or the value does not go with this kind.
        """
        if self.op not in OPERATORS[kind]:
            sentence = _("the operator {op} does not go with this; choose one of {known}")
            raise InvalidInput("condition.operator", sentence, op=self.op, known=", ".join(OPERATORS[kind]))
        if self.op in _NOTHING:
            return None
        if self.op in _SEVERAL:
            return self._several(kind)
        if isinstance(self.value, tuple) or self.value is None:
            raise InvalidInput("condition.value", _("the operator {op} needs one value"), op=self.op)
        if self.op in _DATED:
            if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= DAYS_MAX:
                sentence = _("the operator {op} needs a number of days from 0 to {bound}")
                raise InvalidInput("condition.value", sentence, op=self.op, bound=DAYS_MAX)
            return self.value
        return _as_kind(self.value, "text" if self.op in ("contains", "begins") else kind)

    def _several(self, kind: Kind) -> list[Any]:
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        if not values or None in values:
            raise InvalidInput("condition.value", _("the operator {op} needs a list of values"), op=self.op)
        found = [_as_kind(one, "text" if kind == "list" else kind) for one in values]
        if len({isinstance(one, str) for one in found}) > 1:
            raise ValueError(_("a list holds either texts or numbers"))
        if self.op == "between" and (len(found) != 2 or found[0] > found[1]):
            raise ValueError(_("the operator between needs two values, the smaller one first"))
        return found


class Where(Comparison):
    """A comparison on a column: ``channel``, ``paid_minor``, or ``properties.<name>`` of an event."""

    column: str


def _as_kind(value: Any, kind: Kind) -> Any:
    if kind in ("day", "moment"):
        return _as_day(value)
    expected: dict[str, tuple[type, ...]] = {
        "text": (str,), "list": (str,), "number": (int, float), "yes": (bool,), "any": (str, int, float, bool),
    }  # fmt: skip
    if not isinstance(value, expected[kind]) or (kind == "number" and isinstance(value, bool)):
        raise InvalidInput("condition.value", _IS_NONE[kind], value=str(value)[:40])
    return value


_IS_NONE: Final = {
    "text": _("“{value}” is no text"),
    "list": _("“{value}” is no text"),
    "number": _("“{value}” is no number"),
    "yes": _("“{value}” is neither true nor false"),
    "any": _("“{value}” is no value"),
}


def _as_day(value: Any) -> date:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput(
            "condition.value", _("“{value}” is no day such as 2026-11-11"), value=str(value)[:40]
        ) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        sentence = _("{day} lies outside {first} to {last}")
        raise InvalidInput("condition.value", sentence, day=day, first=FIRST_DAY, last=LAST_DAY)
    return day


def tested(expression: str, kind: Kind, comparison: Comparison, today: date, binder: Binder) -> str:
    """Whether ``expression`` fulfils ``comparison``, as a condition that is true or false and never null.

    Args:
        expression: text of this package; for ``moment`` already a day of the brand, for ``any`` a text.
        kind: what it is.
        comparison: what it is compared with.
        today: the brand's day at the moment asked for.
        binder: takes the values.

    Raises:
        ValueError: the comparison does not fit the kind.
    """
    value = comparison.fits(kind)
    op = comparison.op
    if op in _NOTHING:
        empty = f"len({expression}) = 0" if kind == "list" else "false"
        return f"(({expression}) IS NULL OR {empty})" if op == "unknown" else f"NOT (({expression}) IS NULL OR {empty})"
    if kind == "any":
        expression, value = _read_as(expression, value)
    if kind == "list":
        found = f"coalesce(list_has_any({expression}, {binder.bind(value)}), false)"
        return found if op == "includes" else f"NOT {found}"
    text = _TESTS[op](expression, value, today, binder)
    return f"coalesce({text}, {'true' if op in ('is_not', 'not_among') else 'false'})"


def _read_as(expression: str, value: Any) -> tuple[str, Any]:
    """A property, which is kept as a text, as what it is compared with."""
    first = value[0] if isinstance(value, list) else value
    if isinstance(first, bool):
        as_text = [str(one).lower() for one in value] if isinstance(value, list) else str(value).lower()
        return expression, as_text
    return (f"TRY_CAST({expression} AS DOUBLE)", value) if isinstance(first, (int, float)) else (expression, value)


_Test = Callable[[str, Any, date, Binder], str]


def _comparing(sign: str) -> _Test:
    return lambda text, value, _today, binder: f"{text} {sign} {binder.bind(value)}"


def _among(text: str, value: Any, _today: date, binder: Binder) -> str:
    return f"{text} IN ({', '.join(binder.bind(one) for one in value)})"


def _between(text: str, value: Any, _today: date, binder: Binder) -> str:
    return f"{text} BETWEEN {binder.bind(value[0])} AND {binder.bind(value[1])}"


_TESTS: Final[dict[str, _Test]] = {
    "is": _comparing("="),
    "is_not": _comparing("<>"),
    "at_least": _comparing(">="),
    "at_most": _comparing("<="),
    "above": _comparing(">"),
    "below": _comparing("<"),
    "among": _among,
    "not_among": lambda *given: f"NOT ({_among(*given)})",
    "between": _between,
    "contains": lambda text, value, _today, binder: f"contains({text}, {binder.bind(value)})",
    "begins": lambda text, value, _today, binder: f"starts_with({text}, {binder.bind(value)})",
    "within_days": lambda text, value, today, binder: f"{text} >= {binder.bind(today - timedelta(value))}",
    "over_days": lambda text, value, today, binder: f"{text} < {binder.bind(today - timedelta(value))}",
}
