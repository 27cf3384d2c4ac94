"""Questions to the engine as text with numbered gaps, and the values that belong into them.

What a person typed is only ever a *value*: it goes into :meth:`Binder.bind` and comes back as the name of a gap. Text comes
from this package and from tables of the contract alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from dujiang.engine.question import ask_text, keep

Value: TypeAlias = "bool | int | float | str | date | datetime | list[Any]"


@dataclass(frozen=True)
class Question:
    """A question and the values of its gaps."""

    text: str
    values: dict[str, Any]

    def answer(self, con: duckdb.DuckDBPyConnection) -> pa.Table:
        """The answer on ``con``."""
        return ask_text(con, self.text, self.values)

    def into(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Keep the answer as the temporary table ``name``, a word of this package."""
        keep(con, name, self.text, self.values)


@dataclass
class Binder:
    """Collects the values of one question.

    >>> binder = Binder()
    >>> binder.bind("x'; DROP TABLE person"), binder.bind(3), binder.bind(3)
    ('$v0', '$v1', '$v1')
    >>> binder.question("SELECT $v0, $v1").values
    {'v0': "x'; DROP TABLE person", 'v1': 3}
    """

    _values: dict[str, Any] = field(default_factory=dict)
    _names: dict[tuple[type, Any], str] = field(default_factory=dict)

    def bind(self, value: Value) -> str:
        """The gap that ``value`` fills; equal values share one."""
        key = (type(value), tuple(value) if isinstance(value, list) else value)
        if key not in self._names:
            self._names[key] = f"v{len(self._values)}"
            self._values[self._names[key]] = value
        return f"${self._names[key]}"

    def question(self, text: str) -> Question:
        """``text`` with every value bound so far; each of their gaps has to be in it."""
        return Question(text, dict(self._values))
