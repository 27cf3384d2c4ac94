"""People lists and person pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from dujiang.collect.identifiers import Identifier, Tokeniser
from dujiang.engine.question import Answers, Persons, Rows, ask, bounded, given, table
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import parse_person_id, person_id
from dujiang.people import questions
from dujiang.people.behaviour import AsOf
from dujiang.people.model import (
    ChannelShare,
    EntryKind,
    Evidence,
    OwnedIdentifier,
    PeoplePage,
    PeopleQuery,
    PersonConsent,
    PersonMark,
    PersonOrder,
    PersonPage,
    Profile,
    Revealing,
    TimelineEntry,
    TimelinePage,
)
from dujiang.people.profile import profile, shown
from dujiang.people.replay import Replays

_CURSOR: Final = re.compile(r"-?\d{1,19}(\.-?\d{1,19}){1,2}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PeopleService:
    """Answers questions about people.

    Args:
        answers: the engine.
        zone: the brand's time zone.
        vault: where clear values of identifiers are kept.
        tokeniser: makes a tokeniser, with which an identifier that somebody typed is looked up.
        replays: makes small engines of one person as of a moment.
    """

    def __init__(
        self,
        answers: Answers,
        zone: ZoneInfo,
        vault: Revealing,
        tokeniser: Callable[[], Tokeniser],
        replays: Replays,
    ) -> None:
        self._answers, self._zone, self._vault, self._tokeniser = answers, zone, vault, tokeniser
        self._replays = replays

    def list(self, query: PeopleQuery, among: Rows | Persons | None = None) -> PeoplePage:
        """One page of people.

        Args:
            query: which people, sorted how, and which page.
            among: only these: their numbers, or a question with the column ``person``, such as
                :meth:`dujiang.insight.service.MetricService.people` gives for the people behind a number.

        Raises:
            InvalidInput: ``people.cursor``.
        """
        after = _numbers(query.after, 2)
        limit = max(1, min(query.limit, BOUNDS.answer_rows_max))
        with bounded(self._answers) as con:
            persons = self._found(con, query.words) if query.words else None
            rows = questions.listed(query, given(con, among) if isinstance(among, np.ndarray) else among, persons)
            count = ask(con, rows.aggregate(count=rows.count()))["count"][0].as_py()
            page = ask(con, questions.paged(rows, after, limit + 1)).to_pylist()
        last = page[limit - 1] if len(page) > limit else None
        following = None if last is None else f"{last['_key']}.{last['person']}"
        return PeoplePage(tuple(profile(row) for row in page[:limit]), count, following)

    def every(self, query: PeopleQuery, among: Rows | Persons | None = None) -> Iterator[Profile]:
        """Everybody whom ``query`` selects, in its order and whatever its page, read page by page.

        Whoever changes while this is read is there once, as of the moment at which their page was read.
        """
        page_query = replace(query, after="", limit=BOUNDS.answer_rows_max)
        while True:
            page = self.list(page_query, among)
            yield from page.people
            if page.next is None:
                return
            page_query = replace(page_query, after=page.next)

    def find(self, words: str) -> list[int]:
        """The people who have the identifier ``words``, or whose number it is; empty where there is none.

        It has to be the identifier in full: parts of it cannot be searched, because only its token is known.
        """
        with bounded(self._answers) as con:
            return self._found(con, words)

    def get(self, person: int, at: datetime | None = None) -> PersonPage:
        """The page of a person; of the survivor, where the person was merged into another.

        Args:
            person: the person's number.
            at: as of this moment: only facts before it count; who is who is as known now. None for now.

        Raises:
            NotFound: ``people.unknown``; ``people.not_yet`` for somebody nothing was known of then.
        """
        with bounded(self._answers) as con:
            who = self._survivor(con, person)
            if at is None:
                return self._page(con, person, who)
            with self._replays(con, who.person, AsOf(at, self._zone)) as small:
                rows = ask(small, table("person")).to_pylist()
                if not rows:
                    sentence = _("Nothing was known of {person} before {day}. Choose a later day.")
                    day = at.astimezone(self._zone).date()
                    raise NotFound("people.not_yet", sentence, person=person_id(person), day=day)
                return self._page(small, person, profile(rows[0]))

    def marked(self, person: int, family: str, stated: Mapping[str, str]) -> list[Identifier]:
        """The identifiers that a mark entered by hand is put on: the person's first, and those that carry the same mark.

        Raises:
            NotFound: ``people.unknown``.
        """
        with bounded(self._answers) as con:
            who = self._survivor(con, person).person
            found = con.execute(questions.marked(family, tuple(stated)), {"person": who, **stated}).fetchall()
        return [Identifier(type_, node) for type_, node in found]

    def first_identifiers(self, persons: Persons) -> list[Identifier]:
        """The oldest identifier of each of ``persons``, on which a mark is put; in no order, gone persons left out."""
        with bounded(self._answers) as con:
            rows = given(con, persons)
            found = ask(con, questions.first_identifiers(rows)).to_pylist()
        return [Identifier(row["type"], row["node"]) for row in found]

    def _page(self, con: duckdb.DuckDBPyConnection, person: int, who: Profile) -> PersonPage:
        owned = ask(con, questions.owned(who.person)).to_pylist()
        links = ask(con, questions.evidence(who.person)).to_pylist()
        channels = ask(con, questions.channels(who.person)).to_pylist()
        orders = ask(con, questions.orders(who.person)).to_pylist()
        consents = ask(con, questions.consents(who.person)).to_pylist()
        marks = ask(con, questions.tagged(who.person)).to_pylist()
        nodes = {row["node"] for row in owned} | {row[side] for row in links for side in ("a", "b")}
        clear = self._vault.reveal(nodes)
        return PersonPage(
            asked=person,
            profile=who,
            identifiers=tuple(_identifier(row, clear) for row in owned),
            evidence=tuple(_evidence(row, clear) for row in links),
            channels=tuple(ChannelShare(**row) for row in channels),
            orders=tuple(PersonOrder(**row) for row in orders),
            consents=tuple(PersonConsent(**row) for row in consents),
            marks=tuple(PersonMark(**row) for row in marks),
        )

    def clear_identifiers(self, person: int) -> dict[int, str]:
        """Clear values of the person's identifiers that are kept, by node. Whoever calls this has it audited.

        Raises:
            NotFound: ``people.unknown``.
        """
        with bounded(self._answers) as con:
            who = self._survivor(con, person)
            nodes = ask(con, questions.owned(who.person))["node"].to_pylist()
        return dict(self._vault.reveal(nodes))

    def orders(self, person: int, at: datetime | None = None) -> tuple[PersonOrder, ...]:
        """Every order of a person (its number), as of a moment or now, the latest first; empty for somebody unknown."""
        with bounded(self._answers) as con, self._as_of(con, person, at) as asked:
            return tuple(PersonOrder(**row) for row in ask(asked, questions.orders(person, None)).to_pylist())

    def _as_of(
        self, con: duckdb.DuckDBPyConnection, person: int, at: datetime | None
    ) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return nullcontext(con) if at is None else self._replays(con, person, AsOf(at, self._zone))

    def timeline(
        self,
        person: int,
        before: str = "",
        limit: int = 50,
        channels: tuple[str, ...] = (),
        kinds: tuple[EntryKind, ...] = get_args(EntryKind),
    ) -> TimelinePage:
        """What happened, in all channels, latest first.

        Args:
            person: the person's number.
            before: the ``next`` of the page before, or an entry's ``cursor``; empty for the latest.
            limit: entries on one page, at most 1,000.
            channels: only these; empty for all.
            kinds: only these.

        Raises:
            InvalidInput: ``people.cursor``.
        """
        cursor, limit = _numbers(before, 3), max(1, min(limit, 1000))
        rows = questions.timeline(person, kinds or get_args(EntryKind), channels, self._zone.key)
        with bounded(self._answers) as con:
            found = ask(con, questions.before(rows, cursor, limit + 1)).to_pylist()
        entries = tuple(_entry(row) for row in found[:limit])
        return TimelinePage(entries, entries[-1].cursor if len(found) > limit else None)

    def _survivor(self, con: duckdb.DuckDBPyConnection, person: int) -> Profile:
        """The profile of the person, or of whom the person's first identifier belongs to now."""
        for number in (person, *(row["person"] for row in ask(con, questions.owners([person])).to_pylist())):
            rows = table("person")
            found = ask(con, rows.filter(rows.person == number)).to_pylist()
            if found:
                return profile(found[0])
        sentence = _("There is no person {person}. Look for them in the list of people.")
        raise NotFound("people.unknown", sentence, person=person_id(person))

    def _found(self, con: duckdb.DuckDBPyConnection, words: str) -> list[int]:
        nodes = self._nodes(con, words.strip())
        number = parse_person_id(words.strip())
        if number is not None:
            nodes.append(number)
        found = ask(con, questions.owners(nodes))["person"].to_pylist() if nodes else []
        return list(dict.fromkeys([*([number] if number is not None else []), *found]))

    def _nodes(self, con: duckdb.DuckDBPyConnection, words: str) -> list[int]:
        """The token of ``words`` under every type that the engine has seen."""
        tokeniser = self._tokeniser()
        seen = table("identifier").select("type").distinct()
        types = ask(con, seen)["type"].to_pylist()
        found = (tokeniser.identifier(type_, words) for type_ in sorted(types))
        return [one.node for one in found if one is not None]


def timeline_until(at: datetime | None) -> str:
    """The cursor of a timeline that ends before ``at``; empty for one that ends now."""
    return "" if at is None else f"{(at - _EPOCH) // timedelta(microseconds=1)}.0.{-(2**63) + 1}"


def _numbers(cursor: str, count: int) -> Any:
    """The numbers in a cursor; None for an empty one."""
    if not cursor:
        return None
    parts = cursor.split(".")
    if not _CURSOR.fullmatch(cursor) or len(parts) != count or any(abs(int(part)) >= 2**63 for part in parts):
        raise InvalidInput("people.cursor", _("This page of the list does not exist. Begin with the first page."))
    return tuple(int(part) for part in parts)


def _identifier(row: Mapping[str, Any], clear: Mapping[int, str]) -> OwnedIdentifier:
    value, kept = shown(row["node"], clear), row["node"] in clear
    return OwnedIdentifier(**{**row, "facts": row["facts"] or 0}, shown=value, kept=kept)


def _evidence(row: Mapping[str, Any], clear: Mapping[int, str]) -> Evidence:
    plain = {**row, "sources": tuple(row["sources"] or ()), "joined": bool(row["joined"]), "facts": row["facts"] or 0}
    return Evidence(**plain, a_shown=shown(row["a"], clear), b_shown=shown(row["b"], clear))


def _entry(row: Mapping[str, Any]) -> TimelineEntry:
    cursor = f"{row['us']}.{row['rank']}.{row['key']}"
    return TimelineEntry(
        at=_EPOCH + timedelta(microseconds=row["us"]),
        kind=row["kind"],
        channel=row["channel"],
        name=row["name"],
        detail=row["detail"],
        amount_minor=row["amount_minor"],
        status=row["status"],
        whole_day=row["kind"] == "refund",
        cursor=cursor,
    )
