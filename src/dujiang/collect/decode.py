"""From what a tracker sent to facts: the one way that verdicts, loads and replays take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from dujiang.collect.identifiers import Identifier, Tokeniser
from dujiang.collect.model import SourceSpec
from dujiang.collect.protocols.common import TRANSPORT, Fields, Protocol, RawEvent, Refused, build, plain_json, text
from dujiang.collect.protocols.measures import Measures, measure
from dujiang.collect.protocols.moments import happened_at
from dujiang.collect.protocols.names import NAME_OF_KIND, common_name
from dujiang.collect.protocols.page import SHARE, Place, device, place
from dujiang.collect.protocols.personal import clean, may_hold_contact
from dujiang.collect.protocols.routes import PROTOCOLS, REPLAY
from dujiang.collect.tracking_plan import TrackingPlan
from dujiang.foundation.bounds import BOUNDS, Bounds
from dujiang.foundation.errors import ensure
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import hash64
from dujiang.store.journal import JournalRow
from dujiang.store.manifest import DeadLetter

CHANNEL: Final = "dj_channel"
"""Property or context field that names the channel of one event, where it is not its source's."""
_SCOPED: Final = frozenset({"wechat_openid"})
_OWN: Final = (CHANNEL, SHARE, "shared_by")


class StagedEvent(NamedTuple):
    """An event as the archive keeps it, but for ``seq`` and ``batch``; see :data:`dujiang.foundation.facts.FAMILIES`."""

    key: int
    content: int
    source: str
    channel: str
    at: datetime
    received_at: datetime
    identifiers: list[Identifier]
    properties: str
    message_id: str | None
    kind: str
    name: str
    page: str | None
    page_title: str | None
    referrer: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    device: str | None
    content_id: str | None
    dwell_ms: int | None
    scroll_pct: float | None
    shared_by: int | None
    value_minor: int | None
    flagged: str


@dataclass(frozen=True)
class Rejected:
    """An event that could not be accepted.

    Attributes:
        index: its place in the request, from 0.
        code: stable code of the reason.
        field: what is wrong, as a JSON pointer into the event; empty for the whole of it.
        sentence: English sentence and key of its translation.
        values: what the sentence's placeholders stand for, without personal data.
        original: the event as it came, with what a replay needs to know (JSON; holds personal data in clear).
        received_at: when it was first received.
    """

    index: int
    code: str
    field: str
    sentence: str
    values: Mapping[str, Any]
    original: bytes
    received_at: datetime


def _unsealed(data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Decoded:
    """What became of the events of one request: together as many as it had."""

    events: list[StagedEvent]
    rejected: list[Rejected]
    seal: Callable[[bytes], bytes] = _unsealed

    def dead_letters(self, row: JournalRow) -> list[DeadLetter]:
        """The rejected events of ``row``, sealed, as the store keeps them."""
        return [
            DeadLetter(
                source=row.source,
                received_at=one.received_at,
                reason_code=one.code,
                field=one.field,
                sentence=one.sentence,
                original_sealed=self.seal(one.original),
                key_id=row.key_id,
                path=row.path,
                journal_seq=row.sequence,
                index=one.index,
                values=one.values,
            )
            for one in self.rejected
        ]


class Letter(msgspec.Struct):
    """One event outside its request: what a dead letter keeps, and what a replay sends.

    Attributes:
        path: path of its request, which says the protocol.
        received_at: when it was received.
        sent_at: what its request said of when it was sent.
        event: the event; in a replay as corrected.
        original: in a replay the event as it came, for its content is the id of an event without one.
    """

    path: str
    received_at: datetime
    event: msgspec.Raw
    sent_at: Any = None
    original: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def first(self) -> msgspec.Raw:
        """The event as it came."""
        return self.event if self.original is msgspec.UNSET else self.original


_letter: Final = msgspec.json.Decoder(Letter)


def read_letter(data: bytes) -> Letter:
    """What :attr:`Rejected.original` holds."""
    return _letter.decode(data)


def decode(
    row: JournalRow,
    *,
    tokeniser: Tokeniser,
    source: SourceSpec,
    plan: TrackingPlan | None = None,
    bounds: Bounds = BOUNDS,
    currency: str = "CNY",
    seal: Callable[[bytes], bytes] = _unsealed,
) -> Decoded:
    """Every event of a request as a staged fact, or rejected with a reason.

    Args:
        row: the request as the journal keeps it.
        tokeniser: makes tokens of identifiers; it collects the clear values for the vault.
        source: what the request's source is.
        plan: the tracking plan to hold the events against; None for none.
        bounds: limits of one event.
        currency: the brand's; amounts in another one are left out of ``value_minor``.
        seal: encrypts the originals of rejected events.

    Raises:
        InvariantBroken: ``journal.unknown_path`` if the row was not written by the intake.
    """
    maker = _Maker(row.source, source, tokeniser, plan, bounds, currency)
    decoded = Decoded([], [], seal)
    for index, letter in enumerate(_letters(row)):
        try:
            decoded.events.append(maker.staged(letter))
        except Refused as refusal:
            decoded.rejected.append(_rejected(index, refusal, letter, tokeniser))
    return decoded


def _letters(row: JournalRow) -> Iterable[Letter]:
    if row.path == REPLAY:
        return (read_letter(row.body),)
    items = _protocol(row.path).items(row.body)
    sent_at = items.sent_at if isinstance(items.sent_at, str | float) else text(items.sent_at) or None
    return (Letter(row.path, row.received_at, item, sent_at) for item in items.items)


def _protocol(path: str) -> Protocol:
    sentence = _("The journal holds a request to {path}, which takes no events.")
    ensure(path in PROTOCOLS, "journal.unknown_path", sentence, path=path)
    return PROTOCOLS[path]


def _rejected(index: int, refusal: Refused, letter: Letter, tokeniser: Tokeniser) -> Rejected:
    values = {key: tokeniser.protect(one) if isinstance(one, str) else one for key, one in refusal.values.items()}
    original = msgspec.json.encode(Letter(letter.path, letter.received_at, letter.first, letter.sent_at))
    return Rejected(index, refusal.code, refusal.field, refusal.sentence, values, original, letter.received_at)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes staged events of one source."""

    source: str
    spec: SourceSpec
    tokeniser: Tokeniser
    plan: TrackingPlan | None
    bounds: Bounds
    currency: str

    def staged(self, letter: Letter) -> StagedEvent:
        try:
            raw = _protocol(letter.path).event(build(letter.event, self.bounds), letter.sent_at, letter.path)
            return self._staged(raw, letter)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError):
            raise Refused("event.unreadable", _("The event is not valid JSON."), "") from None

    def _staged(self, raw: RawEvent, letter: Letter) -> StagedEvent:
        protect = self.tokeniser.protect
        at = happened_at(raw.timestamp, raw.sent_at, letter.received_at)
        name = NAME_OF_KIND.get(raw.kind) or common_name(raw.name)
        flagged = self._planned(name, raw)
        content = self._content(letter.event, raw.body)
        where = place(raw.where)
        measures = measure(raw.properties, self.currency)
        return StagedEvent(
            key=self._key(raw, letter, content),
            content=content,
            source=self.source,
            channel=self._channel(raw),
            at=at,
            received_at=letter.received_at,
            identifiers=self._identifiers(raw),
            properties=self._properties(raw, name),
            message_id=protect(raw.message_id[: self.bounds.message_id_chars_max]) or None,
            kind=raw.kind,
            name=protect(name),
            **_columns(where, measures, protect),
            device=device(raw.where, self.spec.device),
            shared_by=self._sharer(raw, where),
            flagged=flagged,
        )

    def _key(self, raw: RawEvent, letter: Letter, content: int) -> int:
        if raw.message_id:
            return hash64(self.source, raw.message_id)
        if letter.original is not msgspec.UNSET:
            content = self._content(letter.original, None)
        return hash64(self.source, "", str(content))

    def _content(self, item: msgspec.Raw, body: Fields | None) -> int:
        # A keyed hash: an open one would let whoever reads the archive try out every phone number.
        whole = msgspec.json.decode(item) if body is None else body
        stated = (
            {key: value for key, value in whole.items() if key not in TRANSPORT} if isinstance(whole, dict) else whole
        )
        return self.tokeniser.token("event", plain_json(stated))

    def _planned(self, name: str, raw: RawEvent) -> str:
        if self.plan is None:
            return ""
        verdict = self.plan.check(name, raw.properties or raw.traits, named=raw.kind == "track")
        if verdict.action == "reject":
            broken = verdict.violations[0]
            sentence = _("The event “{name}” does not keep to the tracking plan: {violations}.")
            shown = ", ".join(map(str, verdict.violations))
            pointer = f"/properties/{broken.property}" if broken.property else "/event"
            raise Refused("event.against_plan", sentence, pointer, name=name, violations=shown)
        return ",".join(map(str, verdict.violations)) if verdict.action == "flag" else ""

    def _identifiers(self, raw: RawEvent) -> list[Identifier]:
        longest, app = self.bounds.identifier_chars_max, self.spec.app
        given = (
            (kind, value, scope or (app if kind in _SCOPED else ""))
            for kind, value, scope in raw.identifiers
            if value and len(value) <= longest
        )
        found = self.tokeniser.identifiers(given)
        if not found and raw.kind in ("identify", "alias"):
            sentence = _("The call says who someone is, but names no usable identifier.")
            raise Refused("event.no_identifier", sentence, "")
        return found

    def _properties(self, raw: RawEvent, name: str) -> str:
        said = {key: value for key, value in raw.properties.items() if key not in _OWN}
        kept = clean(said, self.tokeniser.protect, of_person=False)
        if raw.traits and raw.kind == "identify":
            kept |= clean(raw.traits, self.tokeniser.protect, of_person=True)
        if raw.name and raw.name != name:
            kept["original_name"] = self.tokeniser.protect(raw.name[:200])
        return plain_json(kept)

    def _channel(self, raw: RawEvent) -> str:
        stated = raw.properties.get(CHANNEL)
        return stated[:80] if isinstance(stated, str) and stated else self.spec.channel

    def _sharer(self, raw: RawEvent, where: Place) -> int | None:
        stated = raw.properties.get("shared_by") or raw.properties.get(SHARE) or where.share
        if not isinstance(stated, str) or len(stated) > self.bounds.identifier_chars_max:
            return None
        kind, colon, value = stated.partition(":")
        found = self.tokeniser.identifier(kind if colon else "anonymous_id", value if colon else stated)
        return found.node if found else None


def _columns(where: Place, measures: Measures, protect: Callable[[str], str]) -> dict[str, Any]:
    texts = {
        "page": where.page,
        "page_title": where.title,
        "referrer": where.referrer,
        "utm_source": where.utm_source,
        "utm_medium": where.utm_medium,
        "utm_campaign": where.utm_campaign,
        "content_id": measures.content_id,
    }
    shown = {name: protect(value) if value and may_hold_contact(value) else value for name, value in texts.items()}
    amounts = {"dwell_ms": measures.dwell_ms, "scroll_pct": measures.scroll_pct, "value_minor": measures.value_minor}
    return {**shown, **amounts}
