"""Marks: what somebody allowed (consents), and tags that are put on somebody from outside.

A mark is a fact about an identifier, not about a person. So it follows its identifier when people are joined, and goes back
with it when they are separated. Ways in: calls of a tracker, files, and by hand in console, API and command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa

from dujiang.collect.decode import StagedEvent
from dujiang.collect.identifiers import Identifier
from dujiang.collect.sift import Settled, Sift
from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import hash64, new_id

MARKS: Final = ("consent", "tag")
CONSENT_EVENT: Final = "consent_changed"
BY_HAND: Final = "by-hand"
"""Source of what a person enters."""
TEXT_CHARS_MAX: Final = 200
MARKS_OF_CALL_MAX: Final = 50

State = Literal["granted", "withdrawn", "unknown"]

_KEYS: Final = {"consent": ("purpose", "medium"), "tag": ("tag",)}
_GRANTED: Final = frozenset(
    {"granted", "grant", "yes", "true", "1", "opt_in", "subscribed", "同意", "已同意", "授权", "订阅", "是"}
)
_WITHDRAWN: Final = frozenset(
    {
        "withdrawn",
        "denied",
        "no",
        "false",
        "0",
        "opt_out",
        "unsubscribed",
        "revoked",
        "拒绝",
        "不同意",
        "撤回",
        "退订",
        "否",
    }
)


@dataclass(frozen=True)
class Consent:
    """One statement of what somebody allows.

    Attributes:
        identifiers: whom it is about, strongest first.
        purpose: what for, such as ``marketing``.
        state: what they said.
        medium: by which way to reach them; empty for every way.
        basis: legal ground, or the form it was given on.
        text_version: version of the text they agreed to.
        at: when; None for now.
    """

    identifiers: tuple[Identifier, ...]
    purpose: str
    state: State
    medium: str = ""
    basis: str = ""
    text_version: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Tagged:
    """A tag put on somebody, or taken off (``removed``); ``value`` is a text whatever the tag holds."""

    identifiers: tuple[Identifier, ...]
    tag: str
    value: str = ""
    removed: bool = False
    set_by: str = ""
    at: datetime | None = None


class Marks:
    """Takes marks that are entered by hand."""

    def __init__(self, sift: Sift, clock: Clock) -> None:
        self._sift, self._clock = sift, clock

    def enter(self, marks: Sequence[Consent | Tagged]) -> Settled:
        """Keep ``marks`` as facts; a mark that was entered for the same moment before is not kept twice.

        Raises:
            InvalidInput: ``mark.text`` for a text that is empty or too long, ``mark.nobody`` without an identifier.
        """
        now = self._clock.now()
        rows: dict[str, list[dict[str, Any]]] = {"consent": [], "tag": []}
        for line, mark in enumerate(marks):
            family, stated = _stated(mark)
            _check(mark.identifiers, stated)
            at = min(mark.at or now, now)
            origin = _Origin(BY_HAND, "", at, now)
            rows[family].append(_row(family, origin, mark.identifiers, stated, line))
        with self._sift.open(new_id("imp")) as sieve:
            sieve.add({family: _table(family, found) for family, found in rows.items()})
            return sieve.settle()


def tracked(events: Sequence[StagedEvent]) -> dict[str, pa.Table]:
    """The marks that ``events`` state, by family; ``line`` is the event's place.

    An event ``Consent Changed`` states ``purpose``, ``medium``, ``state`` …; the traits of an ``identify`` may hold a list
    ``consents`` of the same, and ``tags``: a list of names, or a mapping of names to values (null takes a tag off).
    """
    rows: dict[str, list[dict[str, Any]]] = {"consent": [], "tag": []}
    for line, event in enumerate(events):
        if event.identifiers and (event.kind == "identify" or event.name == CONSENT_EVENT):
            origin = _Origin(event.source, event.channel, event.at, event.received_at)
            for family, stated in _of_event(event):
                rows[family].append(_row(family, origin, event.identifiers, stated, line))
    return {family: _table(family, found) for family, found in rows.items() if found}


def mark_keys(family: str, fields: Mapping[str, list[Any]]) -> list[int]:
    """The keys of marks from a file: source, strongest identifier, what it is, and when."""
    size = len(fields["identifiers"])
    what = [fields.get(name) or [""] * size for name in _KEYS[family]]
    return [
        _key(family, source, who[0][1], parts, str(at))
        for source, who, at, *parts in zip(fields["source"], fields["identifiers"], fields["at"], *what, strict=True)
    ]


def state_of(said: object) -> State:
    """What a source's word for a consent means.

    >>> state_of("同意"), state_of(False), state_of("later")
    ('granted', 'withdrawn', 'unknown')
    """
    word = str(said).strip().lower()
    return "granted" if word in _GRANTED else "withdrawn" if word in _WITHDRAWN else "unknown"


def _of_event(event: StagedEvent) -> Iterable[tuple[str, dict[str, Any]]]:
    said = msgspec.json.decode(event.properties)
    if event.kind == "identify":
        consents, tags = said.get("consents"), said.get("tags")
        listed = consents if isinstance(consents, list) else []
        named = dict.fromkeys((one for one in tags if isinstance(one, str)), "") if isinstance(tags, list) else tags
    else:
        listed, named = [said], {}
    for one in listed[:MARKS_OF_CALL_MAX]:
        if isinstance(one, dict) and (stated := _consent(one)):
            yield "consent", stated
    for name, value in list(named.items())[:MARKS_OF_CALL_MAX] if isinstance(named, dict) else ():
        if 0 < len(name) <= TEXT_CHARS_MAX:
            yield "tag", _tag(name, value)


def _consent(said: Mapping[str, Any]) -> dict[str, Any] | None:
    purpose = _text(said.get("purpose"))
    if not purpose:
        return None
    state = state_of(said.get("state", said.get("status", "")))
    texts = {name: _text(said.get(name)) for name in ("medium", "basis", "text_version")}
    return {"purpose": purpose, "state": state, **texts}


def _tag(name: str, value: Any) -> dict[str, Any]:
    removed = value is None or value is False
    text = "" if removed or value is True else _text(value)
    return {"tag": name, "value": text, "removed": removed, "set_by": "tracking"}


def _text(value: Any) -> str:
    return str(value).strip()[:TEXT_CHARS_MAX] if isinstance(value, (str, int, float)) else ""


def _stated(mark: Consent | Tagged) -> tuple[str, dict[str, Any]]:
    family = "consent" if isinstance(mark, Consent) else "tag"
    return family, {name: value for name, value in vars(mark).items() if name not in ("identifiers", "at")}


def _check(identifiers: Sequence[Identifier], stated: Mapping[str, Any]) -> None:
    if not identifiers:
        raise InvalidInput("mark.nobody", _("Nobody is named whom this could be about."))
    name = stated.get("tag") or stated.get("purpose") or ""
    longest = max(len(value) for value in stated.values() if isinstance(value, str))
    if not name.strip() or longest > TEXT_CHARS_MAX:
        sentence = _("A tag, a purpose and every other text has 1 to {bound} characters.")
        raise InvalidInput("mark.text", sentence, bound=TEXT_CHARS_MAX)


@dataclass(frozen=True)
class _Origin:
    source: str
    channel: str
    at: datetime
    received_at: datetime


def _row(
    family: str, origin: _Origin, identifiers: Sequence[Identifier], stated: dict[str, Any], line: int
) -> dict[str, Any]:
    parts = [stated[name] for name in _KEYS[family]]
    moment = str(round(origin.at.timestamp() * 1_000_000))
    content = hash64(family, *(f"{name}={value}" for name, value in sorted(stated.items())))
    return {
        **vars(origin),
        **stated,
        "key": _key(family, origin.source, identifiers[0].node, parts, moment),
        "content": content,
        "identifiers": [{"type": one.type, "node": one.node} for one in identifiers],
        "properties": "{}",
        "line": line,
    }


def _key(family: str, source: str, node: int, parts: Iterable[str | None], moment: str) -> int:
    return hash64(family, source, str(node), *(part or "" for part in parts), moment)


def _table(family: str, rows: list[dict[str, Any]]) -> pa.Table:
    fields = [field for field in FAMILIES[family] if field.name not in ("seq", "batch")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*fields, pa.field("line", pa.int64())]))
