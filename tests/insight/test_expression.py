"""Arithmetic over metrics, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.expression import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [("a", 6), ("a + b * 2", 14), ("(a + b) * 2", 20), ("a - b - 1", 1), ("a / b / 3", 0.5), ("1.5 * a", 9.0)],
)
def test_values(text: str, value: float) -> None:
    assert parse(text).value({"a": 6, "b": 4}) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "a.b",
        "f(a)",
        "a[0]",
        "a ** 9",
        "-a",
        "a < b",
        "'a'",
        "True",
        "lambda: 1",
        "a if b else c",
        "(" * 200,
        "a + " * 100 + "a",
        "__import__('os').system('x')",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse(text)
    assert error.value.code == "metric.expression"


@given(st.text(max_size=60))
def test_no_text_ever_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        tree = parse(text)
    except InvalidInput:
        return
    assert all(name.isidentifier() for name in tree.names())
