"""Comparisons of columns in memory against the engine's own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.people import comparison
from dujiang.people.bound import Binder
from dujiang.people.comparison import OPERATORS, Comparison, Kind
from dujiang.people.matching import matches

TODAY = date(2026, 11, 20)
WORDS = st.sampled_from(["", "a", "ab", "茶", "茶杯", "a%", "A", "a\\", "'"])
WHOLE = st.sampled_from([0, 1, -1, 7, 2**53, 2**53 + 1, 2**62]) | st.integers(-5, 5)
REAL = st.sampled_from([0.0, -0.0, 0.5, 1.0, 7.0, 1e300]) | st.floats(-5, 5)
DAYS = st.dates(TODAY - timedelta(9), TODAY + timedelta(3))

KEPT: list[tuple[Kind, pa.DataType, st.SearchStrategy[Any]]] = [
    ("text", pa.string(), WORDS),
    ("number", pa.int64(), WHOLE),
    ("number", pa.float64(), REAL | st.just(float("nan")) | st.just(float("inf"))),
    ("yes", pa.bool_(), st.booleans()),
    ("day", pa.date32(), DAYS),
    ("moment", pa.date32(), DAYS),
    ("list", pa.list_(pa.string()), st.lists(WORDS | st.none(), max_size=3)),
]


def wanted(kind: Kind) -> st.SearchStrategy[Any]:
    number = WHOLE | REAL.filter(lambda one: one < 2**60)
    return {"text": WORDS, "list": WORDS, "number": number, "yes": st.booleans()}.get(kind, DAYS)


@st.composite
def cases(draw: st.DrawFn, kind: Kind, values: st.SearchStrategy[Any]) -> tuple[list[Any], Comparison]:
    op = draw(st.sampled_from(OPERATORS[kind]))
    one = wanted(kind)
    value: Any
    if op in ("known", "unknown"):
        value = None
    elif op in ("within_days", "over_days"):
        value = draw(st.integers(0, 12))
    elif op == "between":
        value = tuple(sorted((draw(one), draw(one))))
    elif op in ("among", "not_among", "includes", "excludes"):
        value = tuple(draw(st.lists(one, min_size=1, max_size=3)))
    else:
        value = draw(one)
    return draw(st.lists(values | st.none(), max_size=12)), Comparison(op=op, value=value)


@pytest.mark.parametrize(("kind", "type_", "values"), KEPT, ids=[f"{kind} {type_}" for kind, type_, _ in KEPT])
def test_columns_are_compared_as_the_engine_compares_them(
    kind: Kind, type_: pa.DataType, values: st.SearchStrategy[Any]
) -> None:
    with duckdb.connect() as con:

        @settings(deadline=None, max_examples=150)
        @given(cases(kind, values))
        def equal(case: tuple[list[Any], Comparison]) -> None:
            column = pa.array(case[0], type_)
            con.register("compared", pa.table({"place": pa.array(range(len(column)), pa.int64()), "value": column}))
            binder = Binder()
            text = comparison.tested('"value"', kind, case[1], TODAY, binder)
            rows = (
                binder.question(f"SELECT {text} AS fits FROM compared ORDER BY place").answer(con)["fits"].to_pylist()
            )
            assert matches(column, kind, case[1], TODAY).tolist() == rows
            assert matches(pa.chunked_array([column[:1], column[1:]], type_), kind, case[1], TODAY).tolist() == rows

        equal()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not go with"):
        matches(pa.array([1]), "number", Comparison(op="begins", value="a"), TODAY)
