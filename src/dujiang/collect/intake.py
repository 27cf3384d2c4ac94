"""The intake: checks key and bounds of a tracking request, puts it on disk, and only then says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from dujiang.collect.decode import Decoded
from dujiang.collect.protocols.posthog import flags, results
from dujiang.collect.protocols.routes import Payload, Route, find, keys_outside, read
from dujiang.foundation.bounds import BOUNDS, Bounds
from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import DujiangError, InvalidInput, NotAllowed, NotFound, NotSignedIn, TooMany
from dujiang.foundation.i18n import _, choose_locale, translate
from dujiang.store.journal import Entry, JournalRow

_PICTURE: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_OK: Final = b'{"success":true}'
_JSON: Final = ("content-type", "application/json; charset=utf-8")
_ASKED: Final = "Authorization, Content-Type, Content-Encoding, X-Write-Key, X-Dujiang-Verdicts, X-Retry-Count"
_KEY_CHARS_MAX: Final = 200


class CollectKey(Protocol):
    """What the intake has to know of a collection key."""

    @property
    def source(self) -> str:
        """Definition name of the source that it belongs to."""
        ...

    @property
    def key_id(self) -> str:
        """Its id; not the key itself."""
        ...


class AppendTo(Protocol):
    """The part of the journal that the intake uses."""

    async def append(self, entry: Entry) -> int:
        """Put ``entry`` on disk; its sequence."""
        ...


KeyLookup = Callable[[str], CollectKey | None]
Judge = Callable[[JournalRow], Decoded]


@dataclass(frozen=True)
class IntakeRequest:
    """A request, free of any web framework.

    Attributes:
        method: in capitals.
        path: without query, decoded.
        query: decoded; of repeated names the last.
        headers: names in lower case.
        body: as received.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class IntakeResponse:
    """What to answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Rate:
    """How many requests a second one key may make: a bucket for each key that fills steadily."""

    per_second: float
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key_id: str, now: float) -> bool:
        """Whether one more request of this key fits at ``now`` (seconds)."""
        left, since = self._buckets.get(key_id, (self.per_second, now))
        left = min(self.per_second, left + (now - since) * self.per_second)
        self._buckets[key_id] = (max(left - 1, 0.0) if left >= 1 else left, now)
        return left >= 1


@dataclass
class Intake:
    """Answers tracking requests.

    Attributes:
        journal: where requests are put on disk.
        keys: the collection key behind a key's text; None for an unknown one. It is asked for every request, so
            that a revoked key is refused at once.
        clock: tells when a request was received.
        judge: decodes a request for verdicts; None if verdicts are not given.
        bounds: limits of one request.
        allowed_origins: sites whose browsers may send; ``*`` for all.
    """

    journal: AppendTo
    keys: KeyLookup
    clock: Clock
    judge: Judge | None = None
    bounds: Bounds = BOUNDS
    allowed_origins: tuple[str, ...] = ("*",)
    requests_per_second: float = float(BOUNDS.key_requests_per_second_max)

    def __post_init__(self) -> None:
        self._rate = Rate(self.requests_per_second)

    def claims(self, method: str, path: str, query: Mapping[str, str]) -> bool:
        """Whether a request is a tracking call at all."""
        return find(method, path, query) is not None or _aside(path) is not None

    async def handle(self, request: IntakeRequest) -> IntakeResponse:
        """The answer to a request. 200 means that every event of it is on disk.

        Errors are answered as ``{"code", "message", "detail", "success": false}`` with the status that makes an SDK do
        the right thing: 400, 401 and 413 will not get better by trying again; 429 and 503 will.
        """
        try:
            if request.method == "OPTIONS":
                return IntakeResponse(204, self._cors(request), b"")
            return await self._answer(request)
        except DujiangError as error:
            return self._refusal(request, error)

    async def _answer(self, request: IntakeRequest) -> IntakeResponse:
        self._check_origin(request)
        if (aside := _aside(request.path)) is not None:
            return self._json(request, aside)
        route = find(request.method, request.path, request.query)
        if route is None:
            sentence = _("There is no tracking address {path}. See the tracking guide for those that exist.")
            raise NotFound("intake.unknown_address", sentence, path=request.path[:80])
        key = self._key(keys_outside(request.headers, request.query))
        payload = read(route, request.query, _encoding(request), request.body, self.bounds)
        key = key or self._key(payload.keys)
        if key is None:
            sentence = _("The collection key is missing, unknown or revoked. Copy it again from the source's page.")
            raise NotSignedIn("intake.unknown_key", sentence)
        return await self._keep(request, route, payload, key)

    async def _keep(self, request: IntakeRequest, route: Route, payload: Payload, key: CollectKey) -> IntakeResponse:
        if not self._rate.take(key.key_id, self.clock.monotonic()):
            sentence = _("This key sent more than {bound} requests in a second. Send larger batches less often.")
            raise TooMany("intake.too_fast", sentence, bound=round(self.requests_per_second))
        now = self.clock.now()
        entry = Entry(key.source, key.key_id, now, payload.path, "application/json", payload.body, payload.events)
        wants_verdicts = "verdicts" in request.query or "x-dujiang-verdicts" in request.headers
        answer = self._verdicts(request, entry, now) if wants_verdicts else _answer_body(route, payload)
        if payload.events:
            await self.journal.append(entry)
        if route.answer == "picture" and request.method == "GET":
            return IntakeResponse(200, [("content-type", "image/gif"), *self._cors(request)], _PICTURE)
        return self._json(request, answer)

    def _verdicts(self, request: IntakeRequest, entry: Entry, now: datetime) -> bytes:
        if self.judge is None:
            raise InvalidInput("intake.no_verdicts", _("Verdicts are not given here. Send the request without asking."))
        row = JournalRow(
            entry.source, entry.key_id, now, entry.path, entry.content_type, entry.body, entry.events, sequence=0
        )
        decoded = self.judge(row)
        return msgspec.json.encode({"success": True, "verdicts": verdicts(decoded, _locale(request))})

    def _key(self, candidates: Iterable[str]) -> CollectKey | None:
        for candidate in candidates:
            if len(candidate) <= _KEY_CHARS_MAX and (key := self.keys(candidate)) is not None:
                return key
        return None

    def _check_origin(self, request: IntakeRequest) -> None:
        origin = request.headers.get("origin")
        if origin and "*" not in self.allowed_origins and origin not in self.allowed_origins:
            sentence = _("The site {origin} may not send tracking calls. Add it to collect.allowed_origins.")
            raise NotAllowed("intake.origin", sentence, origin=origin[:120])

    def _cors(self, request: IntakeRequest) -> list[tuple[str, str]]:
        origin = request.headers.get("origin")
        if not origin or ("*" not in self.allowed_origins and origin not in self.allowed_origins):
            return []
        # Named, not “*”: beacons carry cookies, and browsers then refuse “*”. No answer depends on a cookie.
        headers = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true"),
            ("vary", "origin"),
        ]
        if request.method == "OPTIONS":
            wanted = request.headers.get("access-control-request-headers", _ASKED)
            headers += [
                ("access-control-allow-methods", "POST, GET, OPTIONS"),
                ("access-control-allow-headers", wanted[:1000]),
                ("access-control-max-age", "86400"),
            ]
        return headers

    def _json(self, request: IntakeRequest, body: bytes, status: int = 200) -> IntakeResponse:
        return IntakeResponse(status, [_JSON, ("cache-control", "no-store"), *self._cors(request)], body)

    def _refusal(self, request: IntakeRequest, error: DujiangError) -> IntakeResponse:
        message = error.text(_locale(request))
        body = {"success": False, "code": error.code, "message": message, "detail": message}
        answer = self._json(request, json.dumps(body, ensure_ascii=False).encode(), error.status)
        if error.status in (429, 503):
            answer.headers.append(("retry-after", "1" if error.status == 429 else "10"))
        return answer


def verdicts(decoded: Decoded, locale: str) -> list[dict[str, Any]]:
    """What becomes of each event of a request: accepted (with what the tracking plan found odd) or rejected, with reason."""
    said: dict[int, dict[str, Any]] = {}
    for one in decoded.rejected:
        message = translate(one.sentence, locale).format(**one.values)
        said[one.index] = {"verdict": "rejected", "code": one.code, "field": one.field, "message": message}
    accepted = iter(decoded.events)
    for index in range(len(decoded.events) + len(decoded.rejected)):
        if index not in said:
            event = next(accepted)
            said[index] = {"verdict": "accepted", "name": event.name, "flagged": event.flagged}
    return [{"index": index, **said[index]} for index in sorted(said)]


def _answer_body(route: Route, payload: Payload) -> bytes:
    return results(payload.items) if route.answer == "results" else _OK


def _aside(path: str) -> bytes | None:
    """The answer to questions that SDKs ask beside sending events; None if it is none of them."""
    tidy = path.rstrip("/")
    if tidy in ("/flags", "/decide"):
        return flags()
    head, _slash, rest = tidy.removeprefix("/v1/projects/").partition("/")
    if tidy.startswith("/v1/projects/") and rest == "settings" and head.isascii():
        return msgspec.json.encode({"integrations": {"Segment.io": {"apiKey": head[:_KEY_CHARS_MAX]}}})
    return None


def _encoding(request: IntakeRequest) -> str:
    return request.headers.get("content-encoding", "").strip().lower()


def _locale(request: IntakeRequest) -> str:
    return choose_locale(request.headers.get("accept-language"))
