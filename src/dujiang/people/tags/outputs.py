"""What models say of people, as tags can show it: the models' followers keep it before tags are computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb

from dujiang.people.bound import Binder
from dujiang.people.comparison import Kind
from dujiang.people.following import remembered
from dujiang.people.groups import model as groups
from dujiang.people.prediction import model as prediction


@dataclass(frozen=True)
class Output:
    """One thing a model says.

    Attributes:
        kind: what it is.
        table: the engine's table that holds it.
    """

    kind: Kind
    table: str = "prediction"


OUTPUTS: Final[dict[str, Output]] = {
    **{name: Output("number") for name in prediction.OUTPUTS},
    "group": Output("text", "person_group"),
    "group_margin": Output("number", "person_group"),
}

_STATES: Final = (prediction.STATE, groups.STATE)
_SAID: Final = """
    SELECT person, model, "value", low, high, NULL AS word FROM prediction {semi}
    UNION ALL SELECT person, 'group', NULL, NULL, NULL, group_id FROM person_group {semi} WHERE moment = 'now'
    UNION ALL SELECT person, 'group_margin', margin, NULL, NULL, NULL FROM person_group {semi} WHERE moment = 'now'
"""


def models_in_use(con: duckdb.DuckDBPyConnection) -> str:
    """The models with which everybody was last computed, and the day; another text once any of them changed."""
    return "|".join(remembered(con, state) for state in _STATES)


def said(outputs: Mapping[str, tuple[str, str]], binder: Binder, among: str = "") -> str:
    """What models say, as a table: ``person`` and a column for each of ``outputs`` (name to output and column)."""
    made = ", ".join(
        f'any_value("{"word" if OUTPUTS[model].kind == "text" else column}") FILTER (model = {binder.bind(model)}) AS "{name}"'
        for name, (model, column) in outputs.items()
    )
    rows = _SAID.format(semi=f'SEMI JOIN "{among}" USING (person)' if among else "")
    return f"SELECT person, {made} FROM ({rows}) GROUP BY person"
