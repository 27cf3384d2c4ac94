"""Dashboards: saved questions on a grid that people arrange; the definition kind ``dashboard``.

>>> spec = DashboardSpec(tiles=(Tile(question="sales", x=0, y=0), Tile(question="buyers", x=6, y=0)))
>>> [tile.question for tile in spec.ordered]
['sales', 'buyers']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.foundation.definitions import NAME, Definition, Spec, register
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Comparison
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.model import Asked, When
from dujiang.insight.questions.registry import parse_question
from dujiang.insight.questions.saved import KIND as QUESTION
from dujiang.insight.questions.service import QuestionService

KIND: Final = "dashboard"
COLUMNS: Final = 12
ROWS_MAX: Final = 60
HEIGHT_MAX: Final = 12
TILES_MAX: Final = 30


_NAMES_PEOPLE: Final = frozenset({"guide", "promoter", "agent", "shared_by"})
"""Columns whose values are people: of the brand's own staff, and of those who share."""


def names_people(question: Asked) -> bool:
    """Whether the answer may hold values that name somebody: staff, or whatever a property of events says.

    >>> names_people(Asked(by=("channel",))), names_people(Asked(by=("properties.nickname",)))
    (False, True)
    """
    told = (getattr(question, field, "") for field in ("node", "same", "credit"))
    columns = (*question.by, *(one for one in told if isinstance(one, str)))
    return any(one in _NAMES_PEOPLE or one.startswith("properties.") for one in columns)


class Tile(Spec):
    """One saved question on the grid.

    Attributes:
        question: its name.
        show: a ``picture`` of the answer, or a ``table``.
        number: which of the answer's pictures or tables, the first being 1.
        own_days: keep the question's own period and comparison, whatever the dashboard says.
        x: columns to its left, of twelve.
        y: rows above it.
        width: columns that it takes.
        height: rows that it takes.
    """

    question: str = Field(pattern=NAME.pattern)
    show: Literal["picture", "table"] = "picture"
    number: int = Field(default=1, ge=1, le=40)
    own_days: bool = False
    x: int = Field(default=0, ge=0, lt=COLUMNS)
    y: int = Field(default=0, ge=0, lt=ROWS_MAX)
    width: int = Field(default=6, ge=2, le=COLUMNS)
    height: int = Field(default=4, ge=1, le=HEIGHT_MAX)

    def covers(self, other: Tile) -> bool:
        """Whether the two lie on each other."""
        beside = self.x + self.width <= other.x or other.x + other.width <= self.x
        below = self.y + self.height <= other.y or other.y + other.height <= self.y
        return not beside and not below


class DashboardSpec(Spec):
    """Tiles on a grid of twelve columns, and the days that they show unless their own are kept."""

    period: When = When(preset="last30")
    compare: Comparison | When = "previous"
    tiles: tuple[Tile, ...] = Field(default=(), max_length=TILES_MAX)

    @model_validator(mode="after")
    def _laid_out(self) -> Self:
        for number, one in enumerate(self.tiles, 1):
            if one.x + one.width > COLUMNS or one.y + one.height > ROWS_MAX:
                sentence = _("tile {n} reaches beyond the grid of {columns} columns and {rows} rows")
                raise InvalidInput("dashboard.tile", sentence, n=number, columns=COLUMNS, rows=ROWS_MAX)
        for (a, one), (b, other) in combinations(enumerate(self.tiles, 1), 2):
            if one.covers(other):
                raise InvalidInput("dashboard.tile", _("the tiles {a} and {b} lie on each other"), a=a, b=b)
        return self

    @property
    def days(self) -> dict[str, Any]:
        """Period and comparison in plain form."""
        return self.model_dump(mode="json", include={"period", "compare"}, exclude_none=True)

    @property
    def ordered(self) -> tuple[Tile, ...]:
        """The tiles as they are read: row by row."""
        return tuple(sorted(self.tiles, key=lambda one: (one.y, one.x)))


register(KIND, DashboardSpec)


@dataclass(frozen=True)
class Dashboard:
    """A dashboard in force."""

    definition: Definition
    spec: DashboardSpec

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.definition.name

    def tile(self, number: int) -> Tile:
        """A tile by its place in reading order, the first being 1.

        Raises:
            NotFound: ``dashboard.no_tile``.
        """
        if not 1 <= number <= len(self.spec.tiles):
            sentence = _("The dashboard “{name}” has no tile {number}; it has {count}.")
            raise NotFound("dashboard.no_tile", sentence, name=self.name, number=number, count=len(self.spec.tiles))
        return self.spec.ordered[number - 1]


class Dashboards:
    """Reads dashboards and asks their questions.

    Args:
        questions: answers questions.
        definitions: those in force.
    """

    def __init__(
        self, questions: QuestionService, definitions: Callable[[], Mapping[tuple[str, str], Definition]]
    ) -> None:
        self._questions, self._definitions = questions, definitions

    def list(self) -> list[Dashboard]:
        """Every dashboard in force, by name."""
        found = (one for (kind, _name), one in sorted(self._definitions().items()) if kind == KIND)
        return [_dashboard(one) for one in found if one.status == "active"]

    def get(self, name: str) -> Dashboard:
        """One dashboard.

        Raises:
            NotFound: ``dashboard.unknown``.
        """
        found = self._definitions().get((KIND, name))
        if found is None or found.status == "retired":
            sentence = _("There is no dashboard “{name}”. The list of dashboards shows all of them.")
            raise NotFound("dashboard.unknown", sentence, name=name[:80])
        return _dashboard(found)

    def question(self, dashboard: Dashboard, tile: Tile, days: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The question of a tile, with the days of the dashboard.

        Args:
            dashboard: whose days count unless the tile keeps its own.
            tile: one of its tiles.
            days: ``period`` and ``compare`` instead of the dashboard's.

        Raises:
            NotFound: ``question.unknown`` where the question was taken away.
        """
        self._questions.saved(tile.question)
        plain: dict[str, Any] = self._definitions()[QUESTION, tile.question].spec["question"]
        if tile.own_days:
            return plain
        return {**plain, **(days or dashboard.spec.days)}

    def ask(self, dashboard: Dashboard, tile: Tile) -> Answer:
        """The answer to the question of a tile.

        Raises:
            NotFound: ``question.unknown``.
            InvalidInput: as :meth:`dujiang.insight.questions.service.QuestionService.ask`.
        """
        return self._questions.ask(parse_question(self.question(dashboard, tile)))


def _dashboard(definition: Definition) -> Dashboard:
    return Dashboard(definition, DashboardSpec.model_validate(definition.spec))
