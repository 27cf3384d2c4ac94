"""Comparisons of whole columns in memory: the same answers as :func:`dujiang.people.comparison.tested`, without a question.

>>> matches(pa.array([1, None, 5]), "number", Comparison(op="above", value=3), date(2026, 11, 11)).tolist()
[False, False, True]
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from dujiang.people.comparison import Comparison, Kind

pc: Any = pyarrow.compute
"""Its functions are made when it is imported, so that annotations know none of them."""

Mask: TypeAlias = npt.NDArray[np.bool_]
Column: TypeAlias = pa.Array | pa.ChunkedArray


def matches(values: Column, kind: Kind, comparison: Comparison, today: date) -> Mask:
    """Which of ``values`` fulfil ``comparison``; what nothing states fulfils what it does there.

    Args:
        values: of the Arrow type that goes with ``kind``; for ``moment`` already days of the brand.
        kind: any but ``any``: a property has to be read as what it is compared with beforehand.
        comparison: what they are compared with.
        today: the brand's day at the moment asked for.

    Raises:
        ValueError: the comparison does not fit the kind.
    """
    value, op = comparison.fits(kind), comparison.op
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if op in ("known", "unknown"):
        known = pc.is_valid(values)
        if kind == "list":
            known = pc.and_(known, pc.fill_null(pc.greater(pc.list_value_length(values), 0), False))
        return _mask(known) == (op == "known")
    if kind == "list":
        return _has_any(values, value) == (op == "includes")
    if pa.types.is_floating(values.type):
        # To the engine no number is larger than "not a number"; what is compared with is always finite.
        values = pc.if_else(pc.is_nan(values), pa.scalar(np.inf, values.type), values)
    opposite = {"is_not": "is", "not_among": "among"}.get(op)
    found = _mask(pc.fill_null(_TESTS[opposite or op](values, value, today), False))
    return ~found if opposite else found


def _mask(values: Any) -> Mask:
    return values.to_numpy(zero_copy_only=False).astype(np.bool_)


def _has_any(values: pa.Array, wanted: list[str]) -> Mask:
    found = np.zeros(len(values), np.bool_)
    inside = _mask(pc.fill_null(pc.is_in(values.flatten(), value_set=pa.array(wanted, values.type.value_type)), False))
    found[pc.list_parent_indices(values).to_numpy()[inside]] = True
    return found


def _among(values: pa.Array, wanted: list[Any], _today: date) -> Any:
    # Whole numbers are compared as such; beside fractions the engine compares all of them as fractions.
    fractions = any(isinstance(one, float) for one in wanted)
    if fractions and pa.types.is_integer(values.type):
        values = pc.cast(values, pa.float64(), safe=False)
    if pa.types.is_floating(values.type):
        wanted, values = [float(one) + 0.0 for one in wanted], pc.add(values, 0.0)  # both zeros are one number
    return pc.is_in(values, value_set=pa.array(wanted, values.type), skip_nulls=True)


def _against(compare: Callable[[Any, Any], Any]) -> Callable[[pa.Array, Any, date], Any]:
    def tested(values: pa.Array, wanted: Any, _today: date) -> Any:
        if isinstance(wanted, float) or pa.types.is_floating(values.type):
            return compare(pc.cast(values, pa.float64(), safe=False), float(wanted))
        return compare(values, pa.scalar(wanted, values.type))

    return tested


_LEAST, _MOST = _against(pc.greater_equal), _against(pc.less_equal)

_TESTS: Final[dict[str, Callable[[pa.Array, Any, date], Any]]] = {
    "is": _against(pc.equal),
    "at_least": _LEAST,
    "at_most": _MOST,
    "above": _against(pc.greater),
    "below": _against(pc.less),
    "among": _among,
    "between": lambda values, two, today: pc.and_(_LEAST(values, two[0], today), _MOST(values, two[1], today)),
    "contains": lambda values, wanted, _today: pc.match_substring(values, wanted),
    "begins": lambda values, wanted, _today: pc.starts_with(values, wanted),
    "within_days": lambda values, days, today: _LEAST(values, today - timedelta(days), today),
    "over_days": lambda values, days, today: _against(pc.less)(values, today - timedelta(days), today),
}
