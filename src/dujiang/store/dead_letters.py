"""Dead letters: events that were acknowledged but could not be taken in, kept as they came, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import field as of
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dujiang.foundation.errors import Conflict, NotFound
from dujiang.foundation.i18n import _
from dujiang.store.database import Database
from dujiang.store.tables import dead_letter

LetterState = Literal["open", "fixed", "discarded"]


@dataclass(frozen=True)
class DeadLetter:
    """An event that was rejected.

    Attributes:
        source: definition name of the source.
        received_at: when its request was received.
        reason_code: stable code of the error.
        field: where in the event, as a JSON pointer; empty when it is about the whole.
        sentence: the error's English sentence, the key of its translation.
        original_sealed: the event as it came, sealed by the keyring under the purpose ``dead_letter``.
        key_id: id of the key its request came with.
        path: path of its request.
        journal_seq: sequence of its request in the journal.
        index: place of the event in the request, from 0.
        values: what the sentence's placeholders stand for; no personal data.
    """

    source: str
    received_at: datetime
    reason_code: str
    field: str
    sentence: str
    original_sealed: bytes
    key_id: str
    path: str
    journal_seq: int
    index: int
    values: Mapping[str, Any] = of(default_factory=dict)


@dataclass(frozen=True)
class DeadLetterRow:
    """A kept dead letter: what it says, and what became of it."""

    id: int
    letter: DeadLetter
    state: LetterState
    note: str
    changed_at: datetime | None


@dataclass(frozen=True)
class LetterGroup:
    """How many letters of one source share a reason and a state."""

    source: str
    reason_code: str
    field: str
    state: LetterState
    letters: int


class DeadLetters:
    """The table of dead letters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Connection, letters: Iterable[DeadLetter]) -> int:
        """Keep ``letters``; a letter of the same place in the journal is kept once. How many were new."""
        rows = [asdict(letter) | {"state": "open", "note": ""} for letter in letters]
        if not rows:
            return 0
        insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        before = tx.execute(select(func.count()).select_from(dead_letter)).scalar_one()
        tx.execute(insert(dead_letter).on_conflict_do_nothing(), rows)
        return tx.execute(select(func.count()).select_from(dead_letter)).scalar_one() - before

    def list(
        self,
        *,
        state: LetterState | None = None,
        source: str | None = None,
        reason_code: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[DeadLetterRow]:
        """Letters, the newest first.

        Args:
            state: only of this state.
            source: only of this source.
            reason_code: only with this reason.
            before: only with a lower id: the id of the last one on the page before.
            limit: at most so many.
        """
        query = select(dead_letter).order_by(dead_letter.c.id.desc()).limit(limit)
        wanted = {"state": state, "source": source, "reason_code": reason_code}
        for column, value in wanted.items():
            if value is not None:
                query = query.where(dead_letter.c[column] == value)
        if before is not None:
            query = query.where(dead_letter.c.id < before)
        with self._database.read() as rx:
            return [_row(row) for row in rx.execute(query)]

    def get(self, id: int) -> DeadLetterRow:  # noqa: A002
        """One letter.

        Raises:
            NotFound: ``dead_letter.unknown``.
        """
        with self._database.read() as rx:
            row = rx.execute(select(dead_letter).where(dead_letter.c.id == id)).first()
        if row is None:
            raise NotFound("dead_letter.unknown", _("There is no dead letter {id}."), id=id)
        return _row(row)

    def mark(self, tx: Connection, ids: Sequence[int], state: LetterState, *, at: datetime, note: str = "") -> int:
        """Set the state of open letters, all of them or none; how many they were.

        A discarded letter can be opened again; a fixed one stays fixed, because its event was sent in once more.

        Raises:
            Conflict: ``dead_letter.not_open`` if one of them has been dealt with meanwhile.
        """
        wanted = set(ids)
        allowed = ("discarded",) if state == "open" else ("open",)
        changed = 0
        for start in range(0, len(ids), 5_000):
            part = dead_letter.c.id.in_(ids[start : start + 5_000])
            statement = update(dead_letter).where(part, dead_letter.c.state.in_(allowed))
            changed += tx.execute(statement.values(state=state, note=note, changed_at=at)).rowcount
        if changed != len(wanted):
            sentence = _(
                "{others} of these dead letters have been dealt with meanwhile. Reload the list and choose again."
            )
            raise Conflict("dead_letter.not_open", sentence, others=len(wanted) - changed)
        return changed

    def groups(self) -> Sequence[LetterGroup]:
        """How many letters there are for each source, reason, field and state, the most frequent first."""
        keys = (dead_letter.c.source, dead_letter.c.reason_code, dead_letter.c.field, dead_letter.c.state)
        total = func.count().label("letters")
        with self._database.read() as rx:
            return [
                LetterGroup(*row)
                for row in rx.execute(select(*keys, total).group_by(*keys).order_by(total.desc(), *keys))
            ]


def _row(row: Row[Any]) -> DeadLetterRow:
    values = row._mapping
    letter = DeadLetter(**{name: values[name] for name in DeadLetter.__dataclass_fields__})
    return DeadLetterRow(row.id, letter, row.state, row.note, row.changed_at)
