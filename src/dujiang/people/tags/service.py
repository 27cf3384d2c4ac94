"""What pages, API and command line ask about tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import duckdb

from dujiang.engine.question import Answers, bounded
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition, PlannedChange
from dujiang.foundation.errors import Conflict
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import day_of
from dujiang.people.behaviour import AsOf
from dujiang.people.replay import Replays
from dujiang.people.tags.catalogue import Catalogue, Key, Lineage, Tag, catalogue, lineage, users
from dujiang.people.tags.compute import valued
from dujiang.people.tags.distribution import Bar, distribution
from dujiang.people.tags.follower import TABLE, Freshness, freshness
from dujiang.people.tags.model import KIND

HISTORY_STEPS_MAX: Final = 60


@dataclass(frozen=True)
class Coverage:
    """How many people have a tag; ``share`` is None while there is nobody."""

    people: int
    share: float | None


@dataclass(frozen=True)
class TagPage:
    """One tag with what it says of everybody."""

    tag: Tag
    coverage: Coverage
    distribution: tuple[Bar, ...]
    lineage: Lineage
    fresh: Freshness | None


@dataclass(frozen=True)
class TagValue:
    """A tag's value for one person; None where it says nothing."""

    tag: Tag
    value: Any


@dataclass(frozen=True)
class Turn:
    """A value from a day on."""

    day: date
    value: Any


class TagService:
    """Answers questions about tags.

    Args:
        answers: the engine.
        definitions: every definition in force, by kind and name.
        clock: tells the time.
        as_of: the moment's :class:`AsOf` in the brand's zone.
        replays: engines of one person as of a moment.
    """

    def __init__(
        self,
        answers: Answers,
        definitions: Callable[[], Mapping[Key, Definition]],
        clock: Clock,
        as_of: Callable[[datetime], AsOf],
        replays: Replays,
    ) -> None:
        self._answers, self._definitions, self._clock = answers, definitions, clock
        self._as_of, self._replays = as_of, replays

    def catalogue(self) -> Catalogue:
        """The tags in force."""
        return catalogue(self._definitions())

    def coverage(self) -> dict[str, Coverage]:
        """How many people have each tag: a value that is not false, not 0 and not empty."""
        with bounded(self._answers) as con:
            known = _known(con, self.catalogue())
            if not known:
                return {}
            counts = ", ".join(f"count(*) FILTER ({_has(tag)})" for tag in known)
            row = con.execute(f"SELECT count(*), {counts} FROM {TABLE}").fetchone()
        assert row is not None
        return {tag.name: _coverage(n, row[0]) for tag, n in zip(known, row[1:], strict=True)}

    def fresh(self) -> Freshness | None:
        """What the table of tags was last computed for."""
        with bounded(self._answers) as con:
            return freshness(con)

    def get(self, name: str) -> TagPage:
        """One tag: how many have it, how its values are distributed, what it reads and who uses it.

        Raises:
            NotFound: ``tag.unknown``.
        """
        tags = self.catalogue()
        tag = tags.get(name)
        with bounded(self._answers) as con:
            if _known(con, [tag]):
                row = con.execute(f"SELECT count(*), count(*) FILTER ({_has(tag)}) FROM {TABLE}").fetchone()
                assert row is not None
                coverage, bars = _coverage(row[1], row[0]), distribution(con, tag)
            else:
                coverage, bars = Coverage(0, None), ()
            fresh = freshness(con)
        return TagPage(tag, coverage, bars, lineage(tags, name, self._definitions().values()), fresh)

    def of_person(self, person: int, at: datetime | None = None) -> list[TagValue]:
        """Every tag of one person, in the catalogue's order.

        Args:
            person: the person's number.
            at: as of this moment; None for the last refresh.
        """
        tags = self.catalogue()
        with bounded(self._answers) as con:
            if at is not None:
                return self._replayed(con, person, at, tags)
            known = _known(con, tags)
            columns = ", ".join(["person", *(f'"{tag.name}"' for tag in known)])
            row = con.execute(f"SELECT {columns} FROM {TABLE} WHERE person = ?", [person]).fetchone() if known else None
        values = dict(zip((tag.name for tag in known), row[1:], strict=True)) if row else {}
        return [TagValue(tag, values.get(tag.name)) for tag in tags]

    def history(self, person: int, name: str, days: int = 90, step: int = 7) -> list[Turn]:
        """How a tag's value changed: the day on which each new value was first seen, oldest first.

        It is computed from the facts before each day, so that it needs no log and outlives every rebuild. Who is who is as
        known today.

        Args:
            person: the person's number.
            name: the tag.
            days: how far back.
            step: days between two looks; made longer where there would be more than 60.
        """
        tags = self._part(name)
        today = self._as_of(self._clock.now())
        step = max(step, -(-days // HISTORY_STEPS_MAX))
        turns: list[Turn] = []
        with bounded(self._answers) as con:
            for back in range(days // step * step, -1, -step):
                moment = today.at - timedelta(back)
                values = {one.tag.name: one.value for one in self._replayed(con, person, moment, tags)}
                value = values.get(name)
                if not turns or turns[-1].value != value:
                    turns.append(Turn(day_of(moment, today.zone), value))
        return turns

    def refuse_computed(self, name: str) -> None:
        """Refuse to put a tag on people that is computed: the next refresh would say what it computes all the same.

        Raises:
            Conflict: ``tag.computed``.
        """
        found = [tag for tag in self.catalogue() if tag.name == name and tag.spec.type != "given"]
        if found:
            raise Conflict(
                "tag.computed",
                _("The tag “{tag}” is computed and cannot be put on by hand. Use another name."),
                tag=name,
            )

    def check(self, changes: Iterable[PlannedChange]) -> None:
        """Refuse what would leave tags in a circle, without a part, or somebody who uses them without them.

        Raises:
            Conflict: ``tag.used``.
            InvalidInput: ``tag.circle``, ``tag.unknown_part`` or ``tag.part``.
        """
        changes = [change for change in changes if change.change != "unchanged"]
        if not any(change.key[0] == KIND for change in changes):
            return
        after = {**self._definitions(), **{change.key: change.after for change in changes if change.after}}
        for change in changes:
            if change.key[0] == KIND and (change.after is None or change.after.status != "active"):
                used = users(change.key[1], after.values())
                if used:
                    sentence = _("The tag “{name}” is used by {users}. Change these first.")
                    told = ", ".join(f"{kind} {name}" for kind, name in used[:5])
                    raise Conflict("tag.used", sentence, name=change.key[1], users=told)
        catalogue(after)

    def _replayed(self, con: duckdb.DuckDBPyConnection, person: int, at: datetime, tags: Catalogue) -> list[TagValue]:
        as_of = self._as_of(at)
        with self._replays(con, person, as_of) as small:
            question = valued(tags, as_of)
            row = small.execute(question.text, question.values).fetchone()
        values = row[1:] if row else [None] * len(tags)
        return [TagValue(tag, value) for tag, value in zip(tags, values, strict=True)]

    def _part(self, name: str) -> Catalogue:
        """The tag with everything below it."""
        tags = self.catalogue()
        needed: dict[str, Tag] = {}

        def need(one: str) -> None:
            if one not in needed:
                needed[one] = tags.get(one)
                for part in needed[one].spec.names():
                    need(part)

        need(name)
        return Catalogue(tag.definition for tag in needed.values())


def _known(con: duckdb.DuckDBPyConnection, tags: Iterable[Tag]) -> list[Tag]:
    """Those of ``tags`` that the last refresh computed."""
    rows = con.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [TABLE]).fetchall()
    found = {name for (name,) in rows}
    return [tag for tag in tags if tag.name in found]


def _has(tag: Tag) -> str:
    column = f'"{tag.name}"'
    return {"yes": column, "number": f"{column} <> 0", "money": f"{column} <> 0", "list": f"len({column}) > 0"}.get(
        tag.spec.value, f"{column} IS NOT NULL"
    )


def _coverage(people: int, everybody: int) -> Coverage:
    return Coverage(people, people / everybody if everybody else None)
