"""Arithmetic over metric names, read from text into a small tree. Nothing in it can call, index or assign.

>>> tree = parse("(paid - refunded) / customers")
>>> sorted(tree.names())
['customers', 'paid', 'refunded']
>>> tree.value({"paid": 900, "refunded": 100, "customers": 4})
200.0
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Number = int | float
CHARACTERS_MAX: Final = 300

_OPERATORS: Final[dict[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Constant:
    """A number."""

    number: Number

    def names(self) -> Iterator[str]:
        """No names."""
        return iter(())

    def value(self, _values: Mapping[str, Number]) -> Number:
        """The number itself."""
        return self.number


@dataclass(frozen=True)
class Name:
    """The value of a metric."""

    name: str

    def names(self) -> Iterator[str]:
        """The one name."""
        yield self.name

    def value(self, values: Mapping[str, Number]) -> Number:
        """What ``values`` holds for the name."""
        return values[self.name]


@dataclass(frozen=True)
class Operation:
    """Two trees and what joins them."""

    left: Tree
    right: Tree
    apply: Callable[[Number, Number], Number]

    def names(self) -> Iterator[str]:
        """Names of both sides, left first; one may come twice."""
        yield from self.left.names()
        yield from self.right.names()

    def value(self, values: Mapping[str, Number]) -> Number:
        """The result.

        Raises:
            ZeroDivisionError: a divisor is 0.
        """
        return self.apply(self.left.value(values), self.right.value(values))


Tree = Constant | Name | Operation


@lru_cache(maxsize=1024)
def parse(text: str) -> Tree:
    """The tree of ``text``: metric names, numbers, ``+ - * /`` and brackets.

    Raises:
        InvalidInput: ``metric.expression``.
    """
    try:
        if len(text) > CHARACTERS_MAX:
            raise ValueError
        return _tree(ast.parse(text.strip(), mode="eval").body)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        sentence = _("“{text}” is not an expression of metrics. Use names, numbers, + - * / and brackets.")
        raise InvalidInput("metric.expression", sentence, text=text[:80]) from None


def _tree(node: ast.expr) -> Tree:
    if isinstance(node, ast.Name):
        return Name(node.id)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Constant(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return Operation(_tree(node.left), _tree(node.right), _OPERATORS[type(node.op)])
    raise ValueError
