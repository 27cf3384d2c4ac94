"""Keeps ``person_group``: everybody when the day or the fit is new, else only those who were touched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.refresh import Change
from dujiang.people.following import remember, remembered
from dujiang.people.groups.assigning import GroupModel
from dujiang.people.groups.features import chunks, prepare, read_chunk
from dujiang.people.groups.model import STATE
from dujiang.people.groups.runs import GroupRuns


class GroupFollower:
    """Assigns people with the fit in use, as of the beginning of the brand's day and of the day of the fit.

    What happened today is heeded from tomorrow, as with predictions. The groups of the day of the fit are kept because late
    facts change them too, and the flow since then has to be what a rebuild would find.
    """

    def __init__(self, runs: GroupRuns) -> None:
        self._runs = runs

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """See :class:`dujiang.engine.refresh.Follower`."""
        used = self._runs.in_use()
        id_ = used[0].id if used else ""
        last_day, _colon, last_id = remembered(con, STATE).partition(":")
        anew = change.full or last_id != id_
        everybody = {"fit": anew, "now": anew or last_day != str(change.today)}
        if used is not None:
            run, model = used
            for whole in (True, False):
                moments = [moment for moment, all_ in everybody.items() if all_ == whole]
                days = {"fit": min(run.as_of, change.today), "now": change.today}
                self._assign(con, model, {moment: days[moment] for moment in moments}, change, whole=whole)
        else:
            con.execute("DELETE FROM person_group")
        remember(con, STATE, f"{change.today}:{id_}")

    def _assign(
        self,
        con: duckdb.DuckDBPyConnection,
        model: GroupModel,
        days: dict[str, date],
        change: Change,
        *,
        whole: bool,
    ) -> None:
        """Write the rows of some moments again, of everybody or of those who were touched."""
        among = "" if whole else "touched"
        for moment in days:
            touched = "" if whole else "AND person IN (SELECT person FROM touched)"
            con.execute(f"DELETE FROM person_group WHERE moment = $moment {touched}", {"moment": moment})
        for day in dict.fromkeys(days.values()):
            moments = [moment for moment, its in days.items() if its == day]
            for rows in assigned(con, model, day, ZoneInfo(change.zone), among):
                _insert(con, rows, moments, day)


def assigned(
    con: duckdb.DuckDBPyConnection, model: GroupModel, day: date, zone: ZoneInfo, among: str = ""
) -> Iterable[pa.Table]:
    """Who is in which group as of the beginning of ``day``: ``person``, ``own``, ``next`` and ``margin``, in parts."""
    people = prepare(
        con,
        day,
        zone,
        days=model.window_days,
        least=model.least_occasions,
        channels=model.channels,
        among=among,
    )
    ids = np.array(model.ids, dtype=object)
    for first, last in chunks(people):
        counts = read_chunk(con, first, last)
        found = model.assign(counts)
        yield pa.table(
            {
                "person": pa.array(counts.person, pa.int64()),
                "own": pa.array(ids[found.own], pa.string()),
                "next": pa.array(ids[found.next], pa.string()),
                "margin": pa.array(found.margin, pa.float64()),
            }
        )


def _insert(con: duckdb.DuckDBPyConnection, rows: pa.Table, moments: list[str], day: date) -> None:
    con.register("assigned_rows", rows)
    con.execute(
        "INSERT INTO person_group SELECT person, moment, own, next, margin, $day "
        "FROM assigned_rows, (SELECT unnest($moments) AS moment)",
        {"day": day, "moments": moments},
    )
    con.unregister("assigned_rows")
