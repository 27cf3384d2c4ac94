"""What the view of an analysis says: how its builder begins, and its answer as pictures and tables.

A new analysis is shown without any module: its builder is drawn from the schema of its questions and its answer as its
tables. A module adds what makes it pleasant: an example to begin with, names of its fields, and pictures of the typed result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol

from dujiang.console.sheets import Column, Sheet
from dujiang.console.views.figures import dimension_label, value_label
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer, Table
from dujiang.insight.questions.answer import Column as TableColumn
from dujiang.people.conditions import FIELDS
from dujiang.people.segments.sentence import COLUMN_LABELS, FIELD_LABELS

Behind = Callable[[Mapping[str, Any] | None], str]
"""The address of the people behind a pick; empty where nobody stands behind it, or the reader may not see people."""


class Picture(Protocol):
    """A drawing of an answer: ``shape`` names the macro that draws it, ``sheet`` the table that says the same."""

    @property
    def shape(self) -> str:
        """Name of a macro in ``components/pictures.html``."""
        ...

    @property
    def title(self) -> str:
        """What is seen."""
        ...

    @property
    def sheet(self) -> str:
        """Name of the table that says the same."""
        ...


class View:
    """Shows the answer as its tables; views of single analyses lay their own over it.

    Attributes:
        icon: in lists.
        about: what the analysis answers.
        fields: names of the fields of its questions, in the order in which the builder shows them; all others come last.
        hidden: fields that its questions refuse.
        rare: fields that are folded away.
        editors: how a field is edited where its schema does not say: ``metrics``, ``dimensions`` (conditions on them),
            ``column`` and ``columns`` of events, ``tag``.
        suggests: fields that hold a value of a column of events, and the column.
        choices: words for values of its fields that other kinds do not have, or mean otherwise.
        titles: names of its tables.
    """

    icon: ClassVar[str] = "chart"
    about: ClassVar[str] = _("An analysis of what people did.")
    fields: ClassVar[Mapping[str, str]] = {}
    hidden: ClassVar[frozenset[str]] = frozenset()
    rare: ClassVar[frozenset[str]] = frozenset()
    editors: ClassVar[Mapping[str, str]] = {}
    suggests: ClassVar[Mapping[str, str]] = {}
    choices: ClassVar[Mapping[str, str]] = {}
    titles: ClassVar[Mapping[str, str]] = {}

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """The question that the builder begins with."""
        return {}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:  # noqa: ARG002
        """Drawings of the answer, the most telling first."""
        return ()

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:
        """The tables of the answer as they are shown and downloaded."""
        return [self.sheet(visit, answer, one, behind) for one in answer.tables]

    def sheet(self, visit: Visit, answer: Answer, table: Table, behind: Behind) -> Sheet:
        """One table as it is shown and downloaded."""
        by = answer.question.by
        columns = tuple(
            Column(one.name, by_label(visit, one.name) if one.name in by else visit.text(one.label), one.unit)
            for one in table.columns
        )
        rows = [
            tuple(_told(visit, by, column, value) for column, value in zip(table.columns, row, strict=True))
            for row in table.rows
        ]
        links = [behind(one) for one in table.picks]
        cells = {name: [behind(one) for one in picks] for name, picks in table.cells.items()}
        return Sheet(table.name, columns, rows, links, caption=self.title(visit, table.name), cells=cells)

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """Which number a pick means, in words; empty for the whole."""
        values = [value for key, value in pick.items() if key not in ("keys", "earlier") and value is not None]
        words = [str(one) for value in values for one in (value if isinstance(value, list) else [value])]
        return " · ".join([*words, *self.keys_told(visit, pick)])

    def keys_told(self, visit: Visit, pick: Mapping[str, Any]) -> list[str]:
        """The values by which the number is divided, in words."""
        return [visit.channel_label(one) if one else visit.text(_("not stated")) for one in pick.get("keys") or ()]

    def title(self, visit: Visit, table: str) -> str:
        """What a table is called."""
        found = self.titles.get(table) or TITLES.get(table)
        return visit.text(found) if found else table


TITLES: Final[Mapping[str, str]] = {"totals": _("In all"), "rows": _("Divided"), "line": _("Over time")}


def by_label(visit: Visit, name: str) -> str:
    """What people call something that numbers are divided by.

    ``channel`` is a column of events or a dimension, ``person.city`` a field of the person, ``tag.spend_level`` a tag.
    """
    owner, _dot, rest = name.partition(".")
    if owner == "tag" and rest:
        found = visit.workspace.definitions.current("tag").get(("tag", rest))
        return found.label(visit.locale) if found else rest
    if owner == "person" and rest in FIELDS:
        return visit.text(FIELD_LABELS[rest])
    if owner == "properties":
        return rest
    return visit.text(COLUMN_LABELS[name]) if COLUMN_LABELS.get(name) else dimension_label(visit, name)


def _told(visit: Visit, by: Sequence[str], column: TableColumn, value: Any) -> Any:
    if column.name in by and column.unit != "channel":
        return value_label(visit, column.name.removeprefix("person."), None if value is None else str(value))
    return value
