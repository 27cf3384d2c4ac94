"""Trees of conditions as one question to the engine: a row for each person, a column for each tree, true or false.

Statistics that several conditions share are computed once; each source is read in one pass however many trees ask it. Only
sequences need the events themselves, in order: :mod:`dujiang.people.segments.sequences` finds their people beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Listing
from dataclasses import dataclass, field
from typing import Final

from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.people.behaviour import AsOf, Statistic
from dujiang.people.bound import Binder, Question
from dujiang.people.comparison import Kind, tested
from dujiang.people.conditions import (
    FIELDS,
    All,
    Any_,
    Behaviour,
    Condition,
    Listed,
    Near,
    Not,
    Profile,
    Sample,
    Sequence,
    Tagged,
)
from dujiang.people.counting import counted_text
from dujiang.people.segments.sampling import coefficients, limit, sampled_text

TAGS: Final = "person_tag"
EARTH_KM: Final = 6371.0088


@dataclass(frozen=True)
class TagKinds:
    """The tags that conditions may name: the columns of the table :data:`TAGS`, and what they hold."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    mark: str = ""
    """Another one whenever a tag's definition is."""

    def kind(self, name: str) -> Kind:
        """What the tag called ``name`` holds.

        Raises:
            NotFound: ``segment.no_tag``.
        """
        if name not in self.kinds:
            sentence = _("The segment names the tag “{name}”, which does not exist. The list of tags shows all names.")
            raise NotFound("segment.no_tag", sentence, name=name[:80])
        return self.kinds[name]


@dataclass
class Compiler:
    """Collects the columns of one question over the table ``person``.

    Args:
        as_of: the moment looked from.
        tags: tags that may be named.
        among: a table with the column ``person`` to answer for; empty for everybody.
    """

    as_of: AsOf
    tags: TagKinds
    among: str = ""
    binder: Binder = field(default_factory=Binder)
    sequences: dict[str, Sequence] = field(default_factory=dict)
    """Sequences met so far, by the name of the temporary table in which their persons are expected."""
    _statistics: dict[str, Statistic] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _lists: dict[str, str] = field(default_factory=dict)
    _near: dict[str, str] = field(default_factory=dict)
    _tagged: bool = False

    def holds(self, tree: Condition) -> str:
        """Whether a person fulfils ``tree`` (expanded), as a condition that is never null.

        Raises:
            InvalidInput: ``segment.comparison`` where a comparison does not fit its tag.
            NotFound: ``segment.no_tag``.
        """
        if isinstance(tree, All | Any_):
            sign = " AND " if isinstance(tree, All) else " OR "
            return f"({sign.join(self.holds(part) for part in tree.of)})"
        if isinstance(tree, Not):
            return f"(NOT {self.holds(tree.of)})"
        makers = {
            Profile: self._profile, Tagged: self._tag, Behaviour: self._behaviour, Sequence: self._sequence,
            Sample: self._sample, Listed: self._list, Near: self._nearby,
        }  # fmt: skip
        return makers[type(tree)](tree)  # type: ignore[operator]

    def question(self, columns: Mapping[str, str], having: str = "") -> Question:
        """The question with ``columns`` (texts of :meth:`holds` or aggregates of them) by name.

        Args:
            columns: names of this package and their texts.
            having: keep only rows that fulfil this text.
        """
        made = ", ".join(f'{text} AS "{name}"' for name, text in columns.items())
        where = f"WHERE {having}" if having else ""
        return self.binder.question(f"SELECT {made} FROM {self._rows()} {where}")

    def _rows(self) -> str:
        semi = f'SEMI JOIN "{self.among}" USING (person)' if self.among else ""
        text = f"(FROM person {semi}) AS p"
        if self._tagged:
            text += f" LEFT JOIN {TAGS} AS t ON t.person = p.person"
        if self._statistics:
            counted = counted_text(self._statistics, self.as_of, self.binder, self.among)
            text += f" LEFT JOIN ({counted}) AS b ON b.person = p.person"
        for alias, rows in [*self._lists.items(), *self._near.items(), *((one, f'"{one}"') for one in self.sequences)]:
            text += f" LEFT JOIN {rows} AS {alias} ON {alias}.person = p.person"
        return text

    def _profile(self, one: Profile) -> str:
        kind = FIELDS[one.field]
        text = f'p."{one.field}"'
        if one.field == "age":
            text = f"(year({self.binder.bind(self.as_of.today)}) - p.birth_year)"
        elif kind == "moment":
            text = f"CAST(timezone({self.binder.bind(self.as_of.zone.key)}, {text}) AS DATE)"
        return tested(text, kind, one, self.as_of.today, self.binder)

    def _tag(self, one: Tagged) -> str:
        kind = self.tags.kind(one.tag)
        self._tagged = True
        try:
            return tested(f't."{one.tag}"', kind, one, self.as_of.today, self.binder)
        except ValueError as error:
            sentence = _("The condition on the tag “{tag}” does not fit it: {reason}.")
            raise InvalidInput("segment.comparison", sentence, tag=one.tag, reason=str(error)) from None

    def _behaviour(self, one: Behaviour) -> str:
        statistic = one.statistic
        name = self._name(f"b{statistic.model_dump_json()}", "b")
        self._statistics[name] = statistic
        # A member of nobody's table did nothing of the sort.
        text = f'b."{name}"' if statistic.absent is None else f'coalesce(b."{name}", {statistic.absent})'
        if statistic.kind == "moment":
            text = f"CAST(timezone({self.binder.bind(self.as_of.zone.key)}, {text}) AS DATE)"
        return tested(text, statistic.kind, one.comparison, self.as_of.today, self.binder)

    def _sequence(self, one: Sequence) -> str:
        name = self._name(f"q{one.model_dump_json()}", "segment_sequence_")
        self.sequences[name] = one
        return f"({name}.person IS NOT NULL)"

    def _sample(self, one: Sample) -> str:
        numbers = (self.binder.bind(number) for number in (*coefficients(one.seed), limit(one.percent)))
        return sampled_text("p.person", *numbers)

    def _list(self, one: Listed) -> str:
        alias = self._name(f"l{one.tag}", "l")
        self._lists[alias] = f"(SELECT DISTINCT person FROM tagged WHERE tag = {self.binder.bind(one.tag)})"
        return f"({alias}.person IS NOT NULL)"

    def _nearby(self, one: Near) -> str:
        alias = self._name(f"n{one.model_dump_json()}", "n")
        self._near[alias] = f"({_near_text(one, self.as_of, self.binder)})"
        return f"({alias}.person IS NOT NULL)"

    def _name(self, key: str, prefix: str) -> str:
        return self._names.setdefault(key, f"{prefix}{len(self._names)}")


def _near_text(one: Near, as_of: AsOf, binder: Binder) -> str:
    """The persons with an event at coordinates near enough, by the haversine formula."""
    latitude, longitude = (
        f"TRY_CAST(json_extract_string(properties, '/{name}') AS DOUBLE)" for name in ("latitude", "longitude")
    )
    own = (binder.bind(one.latitude), binder.bind(one.longitude))
    half = (
        f"pow(sin(radians({latitude} - {own[0]}) / 2), 2)"
        f" + cos(radians({own[0]})) * cos(radians({latitude})) * pow(sin(radians({longitude} - {own[1]}) / 2), 2)"
    )
    tests = [f'"at" < {binder.bind(as_of.at)}']
    first, last = one.window.bounds(as_of.today)
    tests += [f"day >= {binder.bind(first)}"] if first else []
    tests += [f"day <= {binder.bind(last)}"] if last else []
    return (
        "SELECT DISTINCT mine.person FROM fact_event JOIN person_node AS mine ON mine.node = fact_event.anchor"
        ' AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)'
        f" WHERE {' AND '.join(tests)} AND 2 * {EARTH_KM} * asin(least(1, sqrt({half}))) <= {binder.bind(one.km)}"
    )


def compiled_all(trees: Listing[Condition], compiler: Compiler) -> Question:
    """The question for ``person`` and a column ``s0``, ``s1`` … for each of ``trees``."""
    columns = {"person": "p.person"} | {f"s{number}": compiler.holds(tree) for number, tree in enumerate(trees)}
    return compiler.question(columns)
