"""What numbers are divided by: a column of the event that counts, a field of the person, or a tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Code, Whole
from dujiang.engine.view import View
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.insight.questions.scene import Scene

GROUPS_MAX: Final = 50
Key = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """Those with the same values of ``by``: the values, and their positions in what was divided."""

    key: Key
    places: npt.NDArray[np.intp]


class Division:
    """Divides rows, and the persons whose they are.

    Args:
        scene: the state looked at.
        view: its rows.
        by: as :class:`dujiang.insight.questions.model.Asked` says.

    Raises:
        NotFound: ``question.no_tag`` for a tag that is not there.
    """

    def __init__(self, scene: Scene, view: View, by: Sequence[str]) -> None:
        self._by = [
            _of_person(scene, one) if "." in one and not one.startswith("properties.") else _of_rows(view, one)
            for one in by
        ]

    def groups(self, part: Code, row: Whole, person: Whole) -> list[Group]:
        """The groups of some rows, the largest first.

        Args:
            part: in which part of the view each row lies.
            row: its position there; -1 for none.
            person: whose it is.
        """
        if not self._by:
            return [Group((), np.arange(len(person)))]
        codes = [one.codes(part, row, person) for one in self._by]
        place, counts = np.zeros(len(person), np.int64), np.empty(0, np.int64)
        for one, code in zip(self._by, codes, strict=True):
            key = place * len(one.words) + code  # that of none is -1
            _different, place, counts = np.unique(key, return_inverse=True, return_counts=True)
        by_group = np.argsort(place, kind="stable")
        ends = np.cumsum(counts)
        groups = [by_group[end - count : end] for end, count in zip(ends, counts, strict=True)]
        return [
            Group(tuple(one.words[code[places[0]]] for one, code in zip(self._by, codes, strict=True)), places)
            for places in (groups[number] for number in np.argsort(-counts, kind="stable"))
        ]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Words of rows; the last is None."""

    parts: Sequence[Code]
    words: list[str | None]

    def codes(self, part: Code, row: Whole, person: Whole) -> Whole:  # noqa: ARG002
        found = np.full(len(row), -1, np.int64)
        for number, codes in enumerate(self.parts):
            inside = (part == number) & (row >= 0)
            found[inside] = codes[row[inside]]
        return found


@dataclass(frozen=True, eq=False)
class _Persons:
    """Words of persons; the last is None."""

    persons: Whole
    known: Whole
    words: list[str | None]

    def codes(self, part: Code, row: Whole, person: Whole) -> Whole:  # noqa: ARG002
        if not len(self.persons):
            return np.full(len(person), -1, np.int64)
        place = np.minimum(np.searchsorted(self.persons, person), len(self.persons) - 1)
        return np.where(self.persons[place] == person, self.known[place], -1)


def _of_rows(view: View, column: str) -> _Rows:
    coded = view.codes(column)
    return _Rows(coded.parts, coded.words)


def _of_person(scene: Scene, name: str) -> _Persons:
    owner, _dot, field = name.partition(".")
    if owner == "tag" and field not in scene.tags:
        sentence = _("There is no tag “{tag}”. The list of tags shows all names.")
        raise NotFound("question.no_tag", sentence, tag=field)
    text = f'"{field}"'
    if field == "age" and owner == "person":
        text = f"CAST({scene.today.year} - birth_year AS INTEGER) // 10 * 10"
    table = "person_tag" if owner == "tag" else "person"
    found = scene.con.sql(
        f"SELECT person, CAST({text} AS VARCHAR) AS word FROM {table} ORDER BY person"
    ).to_arrow_table()
    coded = found["word"].combine_chunks().dictionary_encode()
    known = coded.indices.fill_null(-1).to_numpy().astype(np.int64)
    return _Persons(found["person"].to_numpy(), known, [*coded.dictionary.to_pylist(), None])
