"""Finds groups, says what they are, who is in them and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from dujiang.engine.duck import Engine
from dujiang.engine.question import Rows, table
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.foundation.timewindows import check_day, day_of
from dujiang.people.groups import presets
from dujiang.people.groups.assigning import GroupModel, reasons
from dujiang.people.groups.features import CHANNEL_GROUPS, Counts, prepare, read
from dujiang.people.groups.fit import NOTHING_BEFORE, Before, fit_groups
from dujiang.people.groups.model import (
    NAMED,
    RULES,
    GroupNow,
    GroupRules,
    GroupRun,
    GroupsNow,
    Move,
    PersonGroup,
    Reason,
    Stay,
)
from dujiang.people.groups.naming import title
from dujiang.people.groups.runs import GroupRuns
from dujiang.people.groups.scaling import natural
from dujiang.store.database import Database

Definitions = Callable[[], Mapping[tuple[str, str], Definition]]
NEAR: Final = 0.1
"""Below this margin somebody is near the boundary."""
MONTHS: Final = 6
TITLE_CHARS_MAX: Final = 40

_SIZES: Final = """
    SELECT group_id, count(*), CAST(coalesce(sum(paid), 0) AS BIGINT), avg(CAST(margin < $near AS DOUBLE))
    FROM person_group LEFT JOIN (
        SELECT person, sum(paid_minor) AS paid FROM orders
        WHERE status = 'valid' AND person IS NOT NULL AND day >= $first AND day < $day GROUP BY person
    ) USING (person) WHERE moment = 'now' GROUP BY group_id
"""
_FLOW: Final = """
    SELECT a.group_id, b.group_id, count(*) FROM (FROM person_group WHERE moment = 'fit') AS a
    FULL JOIN (FROM person_group WHERE moment = 'now') AS b USING (person) GROUP BY ALL ORDER BY ALL
"""
_KNOWN: Final = """
    SELECT count(DISTINCT person) FROM (
        SELECT person, day FROM orders WHERE status = 'valid' AND person IS NOT NULL
        UNION ALL SELECT person, day FROM visit
    ) WHERE day >= $first AND day < $day
"""
_PAID: Final = """
    SELECT CAST(coalesce(sum(paid_minor), 0) AS BIGINT) FROM orders
    WHERE status = 'valid' AND person IS NOT NULL AND day >= $first AND day < $day
"""


class GroupService:
    """Groups of one brand.

    Args:
        engine: the answers.
        database: where fits are kept.
        definitions: the brand's definitions in force, asked for at every question.
        zone: the brand's time zone.
        clock: tells the moment of a fit.
        present: tells the day that people are looked at.
    """

    def __init__(
        self,
        engine: Engine,
        database: Database,
        definitions: Definitions,
        zone: ZoneInfo,
        clock: Clock,
        present: Clock,
    ) -> None:
        self._engine, self._definitions, self._zone = engine, definitions, zone
        self._clock, self._present = clock, present
        self.runs = GroupRuns(database)

    def rules(self) -> GroupRules:
        """The rules in force: the brand's own, else those that come with Dujiang."""
        own = self._definitions().get((RULES, "default"))
        spec = (own if own is not None and own.status == "active" else presets()[0]).typed()
        assert isinstance(spec, GroupRules)
        return spec

    def fit(self, progress: Progress = silent, as_of: date | None = None) -> GroupRun:
        """Find groups in what is known before ``as_of`` (today by default) and keep what was found.

        The next refresh assigns everybody. Where no groups are found, those of the fit before stay in use.

        Raises:
            InvalidInput: ``groups.future`` or ``time.out_of_range``.
        """
        today = day_of(self._present.now(), self._zone)
        day = as_of or today
        check_day(day)
        if day > today:
            sentence = _("{day} has not come yet; groups can be found as of today or earlier.")
            raise InvalidInput("groups.future", sentence, day=day)
        with self._engine.read() as con:
            found = fit_groups(con, day, self._zone, self.rules(), self._channels(), self._before(), progress)
        return self.runs.keep(self._clock.now(), day, found.state, found.body, found.model)

    def latest(self) -> GroupRun | None:
        """The newest fit, whatever came of it; None before the first."""
        found = self.runs.history(1)
        return found[0] if found else None

    def now(self) -> GroupsNow:
        """The groups as they are today."""
        used = self.runs.in_use()
        if used is None:
            return GroupsNow(None, self.latest(), (), 0, (), computed=False)
        run, model = used
        with self._engine.read() as con:
            as_of = con.execute("SELECT max(as_of) FROM person_group WHERE moment = 'now'").fetchall()[0][0]
            day = as_of or run.as_of
            window = {"first": day - timedelta(model.window_days), "day": day}
            sizes = {row[0]: row[1:] for row in con.execute(_SIZES, {**window, "near": NEAR}).fetchall()}
            flow = tuple(Move(*row) for row in con.execute(_FLOW).fetchall())
            known = con.execute(_KNOWN, window).fetchall()[0][0]
            paid = con.execute(_PAID, window).fetchall()[0][0]
        people = sum(row[0] for row in sizes.values())
        groups = []
        for one in run.body.groups:
            size, own_paid, near = sizes.get(one.id, (0, 0, None))
            titles, renamed = self._title(one.id, one.names)
            groups.append(
                GroupNow(
                    one,
                    titles,
                    renamed,
                    size,
                    size / people if people else None,
                    own_paid,
                    own_paid / paid if paid else None,
                    near,
                )
            )
        groups.sort(key=lambda one: (-one.people, one.id))
        computed = bool(set(sizes) <= set(model.ids) and sizes)
        return GroupsNow(run, self.latest(), tuple(groups), known - people, flow, computed)

    def labels(self, locale: str) -> dict[str, str]:
        """What the groups in use are called, by id."""
        used = self.runs.in_use()
        if used is None:
            return {}
        named = ((one.id, self._title(one.id, one.names)[0]) for one in used[0].body.groups)
        return {id_: titles.get(locale) or next(iter(titles.values())) for id_, titles in named}

    def people_in(self, group: str) -> Rows:
        """Who is in a group now, as a question with the column ``person``.

        Raises:
            NotFound: ``groups.unknown``.
        """
        self._check(group)
        rows = table("person_group")
        return rows.filter((rows.moment == "now") & (rows.group_id == group)).select("person")

    def people_moved(self, before: str, after: str) -> Rows:
        """Who was in one group at the day of the fit and is in another (or the same) now; empty for none."""
        rows = table("person_group")
        then, now = rows.filter(rows.moment == "fit"), rows.filter(rows.moment == "now")
        if not before:
            return now.filter(now.group_id == after).anti_join(then, "person").select("person")
        left = then.filter(then.group_id == before)
        if not after:
            return left.anti_join(now, "person").select("person")
        return left.semi_join(now.filter(now.group_id == after), "person").select("person")

    def of_person(self, person: int, most: int = 5) -> PersonGroup | None:
        """The group of one person and why, at most ``most`` reasons; None for who is in none."""
        used = self.runs.in_use()
        if used is None:
            return None
        model = used[1]
        with self._engine.read() as con:
            rows = con.execute(
                "SELECT group_id, next_id, margin, as_of FROM person_group WHERE moment = 'now' AND person = ?",
                [person],
            ).fetchall()
            if not rows or not {rows[0][0], rows[0][1]} <= set(model.ids):
                return None
            own, after, margin, as_of = rows[0]
            con.execute("CREATE OR REPLACE TEMP TABLE one_person AS SELECT CAST(? AS BIGINT) AS person", [person])
            counts = self._counts(con, model, as_of)
            why = _reasons(model, counts, own, after, most) if len(counts) else ()
            history = self._history(con, model, as_of)
        return PersonGroup(own, after, margin, as_of, why, history)

    def renamed(self, group: str, names: Mapping[str, str]) -> Definition:
        """The definition that gives a group another name, to be applied; without a text its own name comes back.

        Args:
            group: the group's id.
            names: a text by language.

        Raises:
            NotFound: ``groups.unknown``.
            InvalidInput: ``groups.name``.
        """
        self._check(group)
        titles = {locale: text.strip() for locale, text in names.items() if text.strip()}
        if any(len(text) > TITLE_CHARS_MAX for text in titles.values()):
            sentence = _("A group's name has at most {bound} characters.")
            raise InvalidInput("groups.name", sentence, bound=TITLE_CHARS_MAX)
        own = self._definitions().get((NAMED, group))
        kept = own.title if own is not None and own.status == "active" else {}
        status = "active" if titles else "retired"
        return parse({"kind": NAMED, "name": group, "title": {**kept, **titles}, "status": status, "spec": {}})

    def segment_of(self, group: str) -> Definition:
        """The segment of everybody in a group, to be applied.

        Raises:
            NotFound: ``groups.unknown``.
        """
        self._check(group)
        used = self.runs.in_use()
        assert used is not None
        found = next(one for one in used[0].body.groups if one.id == group)
        condition = {"type": "tag", "tag": "behaviour_group", "op": "is", "value": group}
        titles = self._title(group, found.names)[0]
        return parse({"kind": "segment", "name": f"group_{group}", "title": titles, "spec": {"condition": condition}})

    def _check(self, group: str) -> None:
        used = self.runs.in_use()
        if used is None or group not in used[1].ids:
            sentence = _("There is no group {group}. The page of groups shows all of them.")
            raise NotFound("groups.unknown", sentence, group=group[:20])

    def _title(self, group: str, names: tuple[str, ...]) -> tuple[dict[str, str], bool]:
        own = self._definitions().get((NAMED, group))
        found = title(names)
        if own is None or own.status != "active" or not own.title:
            return found, False
        return {locale: own.label(locale) for locale in found}, True

    def _before(self) -> Before:
        used = self.runs.in_use()
        if used is None:
            return NOTHING_BEFORE
        ids = {one.id for run in self.runs.history(1_000) for one in run.body.groups}
        return Before(used[1], {one.id: one.names for one in used[0].body.groups}, tuple(sorted(ids)))

    def _channels(self) -> dict[str, tuple[str, ...]]:
        """Channels by their group, as they are defined."""
        found: dict[str, list[str]] = {group: [] for group in CHANNEL_GROUPS}
        for (kind, name), one in sorted(self._definitions().items()):
            if kind == "channel" and one.spec.get("group", "own") in found:
                found[one.spec.get("group", "own")].append(name)
        return {group: tuple(names) for group, names in found.items() if names}

    def _counts(self, con: duckdb.DuckDBPyConnection, model: GroupModel, day: date) -> Counts:
        prepare(
            con,
            day,
            self._zone,
            days=model.window_days,
            least=model.least_occasions,
            channels=model.channels,
            among="one_person",
        )
        return read(con)

    def _history(self, con: duckdb.DuckDBPyConnection, model: GroupModel, day: date) -> tuple[Stay, ...]:
        """The group on the first of each of the last months and on ``day``; only changes."""
        days = [day]
        while len(days) <= MONTHS:
            days.append((days[-1].replace(day=1) - timedelta(days[-1].day == 1)).replace(day=1))
        found: list[Stay] = []
        for one in reversed(days):
            counts = self._counts(con, model, one)
            group = model.ids[model.assign(counts).own[0]] if len(counts) else None
            if not found or found[-1].group != group:
                found.append(Stay(one, group))
        return tuple(found)


def _reasons(model: GroupModel, counts: Counts, own: str, after: str, most: int) -> tuple[Reason, ...]:
    here, there = model.ids.index(own), model.ids.index(after)
    centres = np.array(model.centres)
    shares = reasons(model.scaled(counts)[0], centres[here], centres[there], model.weights)
    found = []
    for place in np.argsort(-np.abs(shares), kind="stable")[:most]:
        name = model.scales[place].feature
        value = float(natural(counts, name)[0])
        found.append(
            Reason(
                name,
                None if np.isnan(value) else value,
                model.natural[here][place],
                model.natural[there][place],
                float(shares[place]),
            )
        )
    return tuple(found)
