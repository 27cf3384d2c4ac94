"""Answers about active hours: of everybody, of some people, and of one person."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt

from dujiang.engine.question import Answers, Rows, ask, bounded, mark, table
from dujiang.people.hours.model import SLOTS, HoursOf, Prior
from dujiang.people.hours.shrinkage import around, hours_of, prior

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
        """When one person is active, shrunk to their group by behaviour (everybody, for who is in none) as far as little is
        known of them."""
        rows, groups = table("active_hour"), table("person_group")
        groups = groups.filter(groups.moment == "now")
        with bounded(self._answers) as con:
            others = self._prior(con)
            own = _counted(con, rows.filter(rows.person == person))
            mine = ask(con, groups.filter(groups.person == person).select("group_id")).column(0).to_pylist()
            if mine:
                alike = groups.filter(groups.group_id == mine[0])
                others = around(_counted(con, rows.semi_join(alike, "person")), others)
        return replace(hours_of(own, others, SENDING_HOURS), group=mine[0] if mine else "")

    def of_people(self, among: Rows) -> HoursOf:
        """When the people of a question (with the column ``person``) are active, all together."""
        with bounded(self._answers) as con:
            everybody = self._prior(con)
            own = _counted(con, table("active_hour").semi_join(among, "person"))
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


def _counted(con: duckdb.DuckDBPyConnection, rows: Rows) -> npt.NDArray[np.float64]:
    """Active hours by hour of the week."""
    found = ask(con, rows.group_by("slot").aggregate(hours=rows.hours.sum()))
    counts = np.zeros(SLOTS)
    counts[found["slot"].to_numpy()] = found["hours"].to_numpy()
    return counts


def prior_of(con: duckdb.DuckDBPyConnection) -> Prior:
    """The prior of everybody in ``active_hour``."""
    rows = table("active_hour")
    slots = ask(con, rows.group_by("slot", "hours").aggregate(people=rows.count()))
    sums = rows.group_by("person").aggregate(total=rows.hours.sum())
    totals = ask(con, sums.group_by("total").aggregate(people=sums.count()))
    columns = [slots[name].to_numpy() for name in ("slot", "hours", "people")]
    return prior(*columns, *(totals[name].to_numpy() for name in ("total", "people")))
