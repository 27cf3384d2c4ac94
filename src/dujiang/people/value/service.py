"""Answers about value: bands, the matrix and concentration, as of any day."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

import duckdb

from dujiang.engine.question import Answers, Rows, ask, bounded
from dujiang.foundation.definitions import Definition, Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.people.value import presets, questions
from dujiang.people.value.concentration import concentration
from dujiang.people.value.model import Concentration, Edges, MatrixCell, RfmCell, RfmSpec, ValueMatrixSpec, ValuePage

Definitions = Callable[[], Mapping[tuple[str, str], Definition]]
SpecType = TypeVar("SpecType", bound=Spec)


def rules(definitions: Mapping[tuple[str, str], Definition]) -> tuple[RfmSpec, ValueMatrixSpec]:
    """The rules in force: the brand's own, else those that come with Dujiang."""
    return _rule(definitions, "rfm", RfmSpec), _rule(definitions, "value_matrix", ValueMatrixSpec)


def _rule(definitions: Mapping[tuple[str, str], Definition], kind: str, of: type[SpecType]) -> SpecType:
    own = definitions.get((kind, "default"))
    found = own if own is not None and own.status == "active" else next(one for one in presets() if one.kind == kind)
    spec = found.typed()
    assert isinstance(spec, of)
    return spec


class ValueService:
    """Answers questions about value.

    Args:
        answers: the engine.
        definitions: the brand's definitions in force, asked for at every question.
    """

    def __init__(self, answers: Answers, definitions: Definitions) -> None:
        self._answers, self._definitions = answers, definitions

    def rules(self) -> tuple[RfmSpec, ValueMatrixSpec]:
        """The rules in force."""
        return rules(self._definitions())

    def page(self, day: date) -> ValuePage:
        """Bands and matrix as of the end of ``day``."""
        rfm, matrix = self.rules()
        with bounded(self._answers) as con:
            judged, edges = judged_at(con, rfm, matrix, day)
            bought = judged.filter(judged.r.notnull())
            cells = bought.group_by("r", "f").aggregate(
                people=bought.count(), money_minor=bought.money_minor.sum().cast("int64")
            )
            layered = judged.filter(judged.layer.notnull())
            layers = layered.group_by("layer", "high").aggregate(
                people=layered.count(),
                money_minor=(layered.orders * layered.order_value_minor).sum().fill_null(0).round().cast("int64"),
            )
            grid = [RfmCell(**row) for row in ask(con, cells.order_by("r", "f")).to_pylist()]
            found = ask(con, layers).to_pylist()
        order = {layer.name: place for place, layer in enumerate(matrix.layers)}
        matrix_cells = [MatrixCell(**{**row, "high": tuple(row["high"])}) for row in found]
        matrix_cells.sort(key=lambda cell: (order[cell.layer], -len(cell.high), cell.high))
        return ValuePage(day, edges, tuple(grid), tuple(matrix_cells), rfm, matrix)

    def concentration(self, period: Period) -> Concentration:
        """How concentrated the sales of a period are."""
        with bounded(self._answers) as con:
            paid = ask(con, questions.paid(period))["paid_minor"].to_numpy()
        return concentration(paid)

    def people_in_layer(self, layer: str, day: date) -> Rows:
        """Who is in a layer of the matrix, as a question with the column ``person``."""
        rows = self._judged(day)
        return rows.filter(rows.layer == layer).select("person")

    def people_in_bands(self, day: date, r: int | None = None, f: int | None = None, m: int | None = None) -> Rows:
        """Who is in these bands, as a question with the column ``person``; None: in any."""
        rows = self._judged(day)
        for name, band in (("r", r), ("f", f), ("m", m)):
            if band is not None:
                rows = rows.filter(rows[name] == band)
        return rows.filter(rows.r.notnull()).select("person")

    def people_at_top(self, period: Period, share: float) -> Rows:
        """The best buyers of a period, at least ``share`` of them; of those who paid the same the lower person number first.

        Raises:
            InvalidInput: ``value.share``.
        """
        if not 0 < share <= 1:
            raise InvalidInput("value.share", _("A share of buyers lies between 0 and 1, such as 0.05."))
        rows = questions.paid(period)
        with bounded(self._answers) as con:
            buyers = ask(con, rows.aggregate(buyers=rows.count()))["buyers"][0].as_py()
        best = rows.order_by(rows.paid_minor.desc(), rows.person).limit(math.ceil(buyers * share))
        return best.select("person")

    def _judged(self, day: date) -> Rows:
        rfm, matrix = self.rules()
        with bounded(self._answers) as con:
            return judged_at(con, rfm, matrix, day)[0]


def judged_at(con: duckdb.DuckDBPyConnection, rfm: RfmSpec, matrix: ValueMatrixSpec, day: date) -> tuple[Rows, Edges]:
    """Everybody's bands and layer as a question, and the edges that were found for it."""
    rows = questions.facts(rfm, matrix, day)
    edges = edges_of(con, rows, rfm, matrix, day)
    return questions.judged(rows, rfm, matrix, edges, day), edges


def edges_of(con: duckdb.DuckDBPyConnection, rows: Rows, rfm: RfmSpec, matrix: ValueMatrixSpec, day: date) -> Edges:
    """The edges of bands and thresholds among the facts ``rows``."""
    row: dict[str, Any] = ask(con, questions.edges(rows, rfm, matrix, day)).to_pylist()[0]
    return questions.read_edges(row, rfm, matrix)
