"""Answers about active hours: of everybody, of some people, and of one person."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import duckdb
import numpy as np

from dujiang.engine.question import Answers, Rows, ask, bounded, mark, table
from dujiang.people.hours.model import SLOTS, HoursOf, Prior
from dujiang.people.hours.shrinkage import hours_of, prior

SENDING_HOURS: Final = tuple(range(8, 21))
"""Hours of the day in which marketing messages may be sent."""


class HourService:
    """Answers questions about active hours.

    Args:
        answers: the engine.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._remembered: tuple[Hashable, Prior] | None = None

    def everybody(self) -> HoursOf:
        """When everybody is active."""
        with bounded(self._answers) as con:
            all_people = self._prior(con)
        return hours_of(np.zeros(SLOTS), all_people, SENDING_HOURS)

    def prior(self) -> Prior:
        """What is expected of somebody of whom nothing is known, and how much people differ from it."""
        with bounded(self._answers) as con:
            return self._prior(con)

    def of_person(self, person: int) -> HoursOf:
        """When one person is active, shrunk to everybody as far as little is known of them."""
        rows = table("active_hour")
        with bounded(self._answers) as con:
            everybody = self._prior(con)
            found = ask(con, rows.filter(rows.person == person).select("slot", "hours")).to_pylist()
        own = np.zeros(SLOTS)
        for row in found:
            own[row["slot"]] = row["hours"]
        return hours_of(own, everybody, SENDING_HOURS)

    def of_people(self, among: Rows) -> HoursOf:
        """When the people of a question (with the column ``person``) are active, all together."""
        rows = table("active_hour")
        rows = rows.semi_join(among, "person")
        with bounded(self._answers) as con:
            everybody = self._prior(con)
            found = ask(con, rows.group_by("slot").aggregate(hours=rows.hours.sum())).to_pylist()
        own = np.zeros(SLOTS)
        for row in found:
            own[row["slot"]] = row["hours"]
        return hours_of(own, everybody, SENDING_HOURS)

    def people_in(self, slot: int) -> Rows:
        """Who was ever active in an hour of the week, as a question with the column ``person``."""
        rows = table("active_hour")
        return rows.filter(rows.slot == slot).select("person")

    def _prior(self, con: duckdb.DuckDBPyConnection) -> Prior:
        """The prior of the state that the connection sees; remembered until the next refresh."""
        state = mark(con)
        if self._remembered is not None and state and self._remembered[0] == state:
            return self._remembered[1]
        found = prior_of(con)
        self._remembered = (state, found)
        return found


def prior_of(con: duckdb.DuckDBPyConnection) -> Prior:
    """The prior of everybody in ``active_hour``."""
    rows = table("active_hour")
    slots = ask(con, rows.group_by("slot", "hours").aggregate(people=rows.count()))
    sums = rows.group_by("person").aggregate(total=rows.hours.sum())
    totals = ask(con, sums.group_by("total").aggregate(people=sums.count()))
    columns = [slots[name].to_numpy() for name in ("slot", "hours", "people")]
    return prior(*columns, *(totals[name].to_numpy() for name in ("total", "people")))
