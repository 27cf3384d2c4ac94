"""Dead letters: look at what was rejected, mend it by a rule, send it in once more, or discard it with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from dujiang.collect.decode import Decoded, Letter, read_letter
from dujiang.collect.mending import RuleSpec, event_name, matches, mend
from dujiang.collect.protocols.common import plain_json, shape
from dujiang.collect.protocols.personal import mask
from dujiang.collect.protocols.routes import REPLAY
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.store.audit import record
from dujiang.store.database import Database
from dujiang.store.dead_letters import DeadLetterRow, LetterGroup, LetterState
from dujiang.store.journal import Entry, JournalRow
from dujiang.store.keyring import Keyring
from dujiang.store.manifest import Count, Manifest

_PURPOSE: Final = "dead_letter"
_PAGE_ROWS: Final = 1_000
_DEPTH_MAX: Final = 64
_STEP: Final = 500
"""Letters that are sent in and marked together."""
_EXAMPLES: Final = 20


class AppendTo(Protocol):
    """The part of the journal that replays use."""

    def append_many(self, entries: Sequence[Entry]) -> list[int]:
        """Put ``entries`` on disk in order; their sequences."""
        ...


@dataclass(frozen=True)
class OpenedLetter:
    """A dead letter and the event inside it.

    Attributes:
        row: what the store keeps.
        name: common name of the event; empty where it has none.
        event: the event as it came; without personal data unless it was asked for.
        revealed: personal data is shown.
    """

    row: DeadLetterRow
    name: str
    event: Any
    revealed: bool


@dataclass(frozen=True)
class Mended:
    """What a rule makes of one letter.

    Attributes:
        id: the letter.
        before: its event, without personal data.
        after: the event as mended, without personal data; None if the rule could not be carried out.
        code: why it is still not acceptable; empty if it is.
        sentence: English sentence of that reason; its values are in ``values``.
    """

    id: int
    before: Any
    after: Any
    code: str
    sentence: str
    values: Mapping[str, Any]

    @property
    def acceptable(self) -> bool:
        """Whether the event would be accepted now."""
        return not self.code


@dataclass(frozen=True)
class Replayed:
    """What a replay did: letters sent in once more, and those that are still wrong and stay open."""

    fixed: tuple[int, ...]
    still_wrong: tuple[Mended, ...]


@dataclass(frozen=True)
class ReplaySummary:
    """What a long replay did.

    Attributes:
        fixed: letters sent in once more.
        still_wrong: letters that stay open.
        examples: the first of these.
    """

    fixed: int
    still_wrong: int
    examples: tuple[Mended, ...]


@dataclass(frozen=True)
class DeadLetters:
    """The service of dead letters.

    Attributes:
        manifest: keeps letters and counts.
        db: the store.
        journal: takes replays.
        keyring: opens originals.
        definitions: definitions in force of a kind, by kind and name.
        clock: tells the time.
        judge: decodes a request as the loader would.
        protect: replaces phones, emails and id numbers inside a text.
    """

    manifest: Manifest
    db: Database
    journal: AppendTo
    keyring: Keyring
    definitions: Callable[[str], Mapping[tuple[str, str], Definition]]
    clock: Clock
    judge: Callable[[JournalRow], Decoded]
    protect: Callable[[str], str]

    def list(
        self,
        *,
        state: LetterState | None = "open",
        source: str | None = None,
        reason_code: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[DeadLetterRow]:
        """Letters, the newest first; ``before`` is the id of the last one on the page before."""
        return self.manifest.dead_letters.list(
            state=state, source=source, reason_code=reason_code, before=before, limit=limit
        )

    def groups(self) -> Sequence[LetterGroup]:
        """How many letters there are for each source, reason, field and state."""
        return self.manifest.dead_letters.groups()

    def get(self, id: int, *, reveal_to: str = "") -> OpenedLetter:  # noqa: A002
        """One letter with its event.

        Args:
            id: the letter.
            reveal_to: account that is shown personal data, which the audit log records; empty for nobody.

        Raises:
            NotFound: ``dead_letter.unknown``.
        """
        row = self.manifest.dead_letters.get(id)
        event = _event(self._open(row))
        if reveal_to:
            with self.db.transaction() as tx:
                record(tx, actor=reveal_to, action="dead_letter.reveal", object=str(id), at=self.clock.now())
        shown = event if reveal_to else mask(event, self.protect)
        return OpenedLetter(row, event_name(event), shown, bool(reveal_to))

    def rule(self, name: str) -> RuleSpec:
        """The rule called ``name``.

        Raises:
            NotFound: ``dead_letter.unknown_rule``.
        """
        found = self.definitions("dead_letter_rule").get(("dead_letter_rule", name))
        if found is None:
            sentence = _("There is no rule “{name}” for dead letters.")
            raise NotFound("dead_letter.unknown_rule", sentence, name=name)
        return RuleSpec.model_validate(found.spec)

    def matching(self, rule: RuleSpec) -> list[int]:
        """Open letters that ``rule`` is for, the newest first."""
        return [row.id for row in self._open_letters(rule) if self._matches(rule, row)]

    def preview(self, rule: RuleSpec, ids: Iterable[int]) -> list[Mended]:
        """What ``rule`` would make of letters; nothing is changed."""
        return [self._shown(self._mend(rule, self.manifest.dead_letters.get(one))) for one in ids]

    def replay(self, rule: RuleSpec, ids: Sequence[int], *, actor: str) -> Replayed:
        """Mend letters and send them in once more, those that are acceptable now.

        The event keeps its message id (one without keeps the id that its first content gives), so sending it in twice
        makes nothing twice. It moves in the counts of its hour from rejected to where the load puts it. Letters that were
        dealt with meanwhile are left alone.

        Raises:
            TooMany, Unavailable: as the journal says; the letters stay open.
        """
        rows = [row for one in dict.fromkeys(ids) if (row := self.manifest.dead_letters.get(one)).state == "open"]
        tried = [self._mend(rule, row) for row in rows]
        ready = [one for one in tried if not one.code]
        # First the journal, then the mark: cut off in between, the letter is sent once more and found to be a duplicate.
        self.journal.append_many([one.entry for one in ready])
        self._mark_fixed([one.row for one in ready], actor)
        wrong = tuple(self._shown(one) for one in tried if one.code)
        return Replayed(tuple(one.row.id for one in ready), wrong)

    def replay_all(
        self, rule: RuleSpec, ids: Sequence[int] | None = None, *, actor: str, progress: Progress = silent
    ) -> ReplaySummary:
        """:meth:`replay` for however many letters, some hundred at a time.

        Args:
            rule: how they are mended.
            ids: which; None: every open letter that the rule is for.
            actor: who does it.
            progress: told how far it is; may raise ``Cancelled``: what was sent in until then stays sent in.

        Raises:
            TooMany, Unavailable: as the journal says; letters that were not sent in stay open.
        """
        wanted = self.matching(rule) if ids is None else list(ids)
        fixed, wrong, examples = 0, 0, list[Mended]()
        for start in range(0, len(wanted), _STEP):
            progress("replay", start, len(wanted))
            done = self.replay(rule, wanted[start : start + _STEP], actor=actor)
            fixed, wrong = fixed + len(done.fixed), wrong + len(done.still_wrong)
            examples += done.still_wrong[: _EXAMPLES - len(examples)]
        progress("replay", len(wanted), len(wanted))
        return ReplaySummary(fixed, wrong, tuple(examples))

    def discard(self, ids: Sequence[int], *, reason: str, actor: str) -> int:
        """Give letters up, for a reason that the audit log keeps; how many.

        Raises:
            InvalidInput: ``dead_letter.no_reason``.
            Conflict: ``dead_letter.not_open``.
        """
        if not reason.strip():
            raise InvalidInput("dead_letter.no_reason", _("Say why these events are given up."))
        return self._mark(ids, "discarded", actor, reason)

    def reopen(self, ids: Sequence[int], *, actor: str) -> int:
        """Take discarded letters back; how many.

        Raises:
            Conflict: ``dead_letter.not_open``.
        """
        return self._mark(ids, "open", actor, "")

    def _mark(self, ids: Sequence[int], state: LetterState, actor: str, reason: str) -> int:
        now = self.clock.now()
        with self.db.transaction() as tx:
            changed = self.manifest.dead_letters.mark(tx, ids, state, at=now, note=reason)
            after = {"letters": len(ids), "state": state}
            record(
                tx, actor=actor, action=f"dead_letter.{state}", object=_span(ids), after=after, reason=reason, at=now
            )
        return changed

    def _mark_fixed(self, rows: Sequence[DeadLetterRow], actor: str) -> None:
        if not rows:
            return
        now, ids = self.clock.now(), [row.id for row in rows]
        with self.db.transaction() as tx:
            self.manifest.dead_letters.mark(tx, ids, "fixed", at=now)
            self.manifest.add_counts(tx, [_taken_back(row) for row in rows])
            record(tx, actor=actor, action="dead_letter.fixed", object=_span(ids), after={"letters": len(ids)}, at=now)

    def _open(self, row: DeadLetterRow) -> Letter:
        return read_letter(self.keyring.unseal(row.letter.original_sealed, _PURPOSE))

    def _open_letters(self, rule: RuleSpec) -> Iterable[DeadLetterRow]:
        before: int | None = None
        match = rule.match
        while page := self.list(
            source=match.source or None, reason_code=match.reason_code or None, before=before, limit=_PAGE_ROWS
        ):
            yield from page
            before = page[-1].id

    def _matches(self, rule: RuleSpec, row: DeadLetterRow) -> bool:
        letter = row.letter
        event = _event(self._open(row)) if rule.match.event else None
        return matches(
            rule.match, reason_code=letter.reason_code, field=letter.field, source=letter.source, event=event
        )

    def _mend(self, rule: RuleSpec, row: DeadLetterRow) -> _Attempt:
        letter = self._open(row)
        before = _event(letter)
        try:
            after = mend(before, rule.steps)
        except InvalidInput as error:
            return _Attempt(row, before, None, _entry(row, letter, before), error.code, error.sentence, error.values)
        entry = _entry(row, letter, after)
        rejected = self.judge(_row(entry)).rejected
        if rejected:
            first = rejected[0]
            return _Attempt(row, before, after, entry, first.code, first.sentence, first.values)
        return _Attempt(row, before, after, entry, "", "", {})

    def _shown(self, attempt: _Attempt) -> Mended:
        before, after = (mask(event, self.protect) for event in (attempt.before, attempt.after))
        return Mended(attempt.row.id, before, after, attempt.code, attempt.sentence, attempt.values)


@dataclass(frozen=True)
class _Attempt:
    row: DeadLetterRow
    before: Any
    after: Any
    entry: Entry
    code: str
    sentence: str
    values: Mapping[str, Any]


def _event(letter: Letter) -> Any:
    """The event as it came; as text where it is no JSON that a person would read."""
    try:
        event = msgspec.json.decode(letter.event)
        if shape(event)[0] <= _DEPTH_MAX:
            return event
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    return bytes(letter.event).decode("utf-8", "replace")


def _entry(row: DeadLetterRow, letter: Letter, event: Any) -> Entry:
    mended = msgspec.Raw(plain_json(event).encode())
    again = Letter(letter.path, letter.received_at, mended, letter.sent_at, letter.first)
    kept = row.letter
    body = msgspec.json.encode(again)
    # With the time of its first arrival, so that it is counted in the hour in which it came.
    return Entry(kept.source, kept.key_id, kept.received_at, REPLAY, "application/json", body, 1)


def _row(entry: Entry) -> JournalRow:
    return JournalRow(
        entry.source, entry.key_id, entry.received_at, entry.path, entry.content_type, entry.body, entry.events, 0
    )


def _taken_back(row: DeadLetterRow) -> Count:
    hour: datetime = row.letter.received_at.replace(minute=0, second=0, microsecond=0)
    return Count(row.letter.source, hour, received=-1, accepted=0, rejected=-1, duplicate=0, conflict=0)


def _span(ids: Sequence[int]) -> str:
    return ",".join(map(str, ids[:50])) + ("…" if len(ids) > 50 else "")
