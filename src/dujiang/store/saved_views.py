"""What readers look at again and again: a page with its choices, under a name, for oneself or for the team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, insert, select, update

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import InvalidInput, NotFound, TooLarge
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.store.audit import record
from dujiang.store.database import Database
from dujiang.store.tables import saved_view

NAME_MAX: Final = 60
QUERY_MAX: Final = 4_000
VIEWS_MAX: Final = 50
"""Views that one reader, or the team, keeps of one page."""


@dataclass(frozen=True)
class SavedView:
    """A view.

    Attributes:
        id: ``view_…``.
        path: the page.
        query: what its address states, without a question mark.
        owner: who keeps it; for a team's, who made it.
        team: whether everybody sees it.
        first: whether the page opens with it where its address states nothing.
    """

    id: str
    path: str
    name: str
    query: str
    owner: str
    team: bool
    first: bool
    created_at: datetime


class SavedViews:
    """The views of one store.

    Example::

        views.save("/people", "Bought", "bought=yes", actor="shen", first=True)
        views.opening("/people", "shen").query    # "bought=yes"
        views.opening("/people", "yue")           # None: somebody else's view opens nothing for her
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def save(
        self, path: str, name: str, query: str, *, actor: str, team: bool = False, first: bool = False
    ) -> SavedView:
        """Keep a view; one of the same name, page and audience is replaced. At most one opens the page first.

        Raises:
            InvalidInput: ``view.name`` or ``view.query``.
            TooLarge: ``view.many``.
        """
        name = " ".join(name.split())
        if not name or len(name) > NAME_MAX:
            raise InvalidInput("view.name", _("A view needs a name of 1 to {bound} characters."), bound=NAME_MAX)
        if len(query) > QUERY_MAX:
            sentence = _("These choices are too long to be kept ({length} characters, at most {bound}). Choose less.")
            raise InvalidInput("view.query", sentence, length=len(query), bound=QUERY_MAX)
        made = SavedView(new_id("view"), path, name, query, actor, team, first, self._clock.now())
        mine = _kept_by(path, actor, team=team)
        with self._database.transaction() as tx:
            tx.execute(delete(saved_view).where(mine, saved_view.c.name == name))
            if len(tx.execute(select(saved_view.c.id).where(mine)).fetchall()) >= VIEWS_MAX:
                sentence = _("There are {bound} views of this page already. Remove one first.")
                raise TooLarge("view.many", sentence, bound=VIEWS_MAX)
            if first:
                tx.execute(update(saved_view).where(mine).values(first=False))
            tx.execute(insert(saved_view).values(vars(made)))
            told = {"path": path, "name": name, "query": query, "team": team, "first": first}
            record(tx, actor=actor, action="view.save", object=made.id, after=told, at=made.created_at)
        return made

    def list(self, path: str, reader: str) -> Sequence[SavedView]:
        """Views of a page that ``reader`` sees: one's own, then the team's, each by name."""
        seen = (saved_view.c.path == path) & (saved_view.c.team | (saved_view.c.owner == reader))
        query = select(saved_view).where(seen).order_by(saved_view.c.team, saved_view.c.name, saved_view.c.id)
        with self._database.read() as rx:
            return [SavedView(**row._mapping) for row in rx.execute(query)]

    def opening(self, path: str, reader: str) -> SavedView | None:
        """The view that the page opens with: one's own before the team's; None for the page as it is."""
        return next((one for one in self.list(path, reader) if one.first), None)

    def get(self, id: str, reader: str) -> SavedView:  # noqa: A002 - the field's own name
        """A view that ``reader`` sees.

        Raises:
            NotFound: ``view.unknown``, also for somebody else's.
        """
        seen = (saved_view.c.id == id) & (saved_view.c.team | (saved_view.c.owner == reader))
        with self._database.read() as rx:
            row = rx.execute(select(saved_view).where(seen)).first()
        if row is None:
            raise NotFound("view.unknown", _("There is no view {id}. It may have been removed."), id=id[:40])
        return SavedView(**row._mapping)

    def remove(self, view: SavedView, *, actor: str) -> None:
        """Forget a view."""
        with self._database.transaction() as tx:
            tx.execute(delete(saved_view).where(saved_view.c.id == view.id))
            told = {"path": view.path, "name": view.name, "query": view.query}
            record(tx, actor=actor, action="view.remove", object=view.id, before=told, at=self._clock.now())


def _kept_by(path: str, owner: str, *, team: bool) -> ColumnElement[bool]:
    whose = saved_view.c.team if team else (~saved_view.c.team & (saved_view.c.owner == owner))
    return (saved_view.c.path == path) & whose
