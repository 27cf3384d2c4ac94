"""One request of one reader: who, in which language, looking at what; and how things are written for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request

from dujiang.console import formats, nav, session
from dujiang.console.filters import DEFAULT_PERIOD, Scope, read_scope
from dujiang.console.formats import Kind
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import LOCALES, _, choose_locale, translate
from dujiang.insight.attribution.question import WORDS
from dujiang.store.access import Account
from dujiang.store.saved_views import SavedView
from dujiang.workspace import Workspace
from dujiang.workspace.present import Presence

THEMES: Final = ("system", "light", "dark")
DENSITIES: Final = ("roomy", "dense")
OLD: Final = timedelta(hours=24)
ROLES: Final[Mapping[str, str]] = {
    "viewer": _("Viewer"),
    "analyst": _("Analyst"),
    "operator": _("Operator"),
    "admin": _("Administrator"),
}
_SAID_COOKIE: Final = "dj_said"


@dataclass(frozen=True)
class Said:
    """A sentence about what has just been done, shown once on the next page."""

    tone: str
    text: str

    def packed(self) -> str:
        """As a cookie's value."""
        return quote(json.dumps([self.tone, self.text], ensure_ascii=False))

    @classmethod
    def unpacked(cls, value: str | None) -> Said | None:
        """From a cookie's value; None where it holds nothing sensible."""
        try:
            tone, text = json.loads(unquote(value or ""))
        except (ValueError, TypeError):
            return None
        return cls(tone, text) if tone in ("good", "bad", "warn") and isinstance(text, str) else None


@dataclass
class Visit:
    """Handed to every handler and every template.

    Attributes:
        request: the request as it came.
        workspace: the brand's workspace.
        reader: who is signed in; None on the way in.
        form: fields of a form that was sent; empty for others.
        attention: paths of the rail that need a look.
    """

    request: Request
    workspace: Workspace
    reader: Account | None
    form: FormData = field(default_factory=FormData)
    attention: frozenset[str] = frozenset()

    @cached_property
    def locale(self) -> str:
        wanted = self.request.query_params.get("lang") or self.request.cookies.get("dj_lang")
        return wanted if wanted in LOCALES else choose_locale(self.workspace.settings.brand.locale)

    @cached_property
    def theme(self) -> str:
        wanted = self.request.query_params.get("theme") or self.request.cookies.get("dj_theme") or ""
        return wanted if wanted in THEMES else "system"

    @cached_property
    def rows(self) -> str:
        """How high the rows of tables are."""
        wanted = self.request.query_params.get("rows") or self.request.cookies.get("dj_rows") or ""
        return wanted if wanted in DENSITIES else "roomy"

    @property
    def rail(self) -> str:
        return "small" if self.request.cookies.get("dj_rail") == "small" else "wide"

    @property
    def rail_groups(self) -> list[nav.Group]:
        """The rail without what the reader's role does not open."""
        groups = [nav.Group(one.label, tuple(i for i in one.items if self.may(i.action))) for one in nav.RAIL]
        return [group for group in groups if group.items]

    @property
    def current_item(self) -> str:
        return nav.current_item(self.path)

    @property
    def path(self) -> str:
        return self.request.url.path

    @property
    def is_fragment(self) -> bool:
        """Whether only a part of a page is asked for, to be put into the one that is open."""
        return "hx-request" in self.request.headers

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def brand(self) -> str:
        return self.workspace.settings.brand.name

    @property
    def currency(self) -> str:
        return self.workspace.settings.brand.currency

    @property
    def actor(self) -> str:
        """How the audit log names the reader."""
        return self.reader.name if self.reader else ""

    @property
    def role_label(self) -> str:
        return ROLES.get(self.reader.role, self.reader.role) if self.reader else ""

    @cached_property
    def now(self) -> datetime:
        return self.workspace.clock.now()

    @cached_property
    def presence(self) -> Presence:
        """Which day is today for figures."""
        return self.workspace.present.state()

    @property
    def today(self) -> date:
        return self.presence.today

    @cached_property
    def said(self) -> Said | None:
        return Said.unpacked(self.request.cookies.get(_SAID_COOKIE))

    @cached_property
    def scope(self) -> Scope:
        """Period, comparison and channels that the address states."""
        return self.scope_from(DEFAULT_PERIOD)

    def scope_from(self, default: str) -> Scope:
        """The same, with another period where the address states none."""
        return read_scope(self.request.query_params, self.today, default)

    def field(self, name: str, *, strip: bool = True) -> str:
        """A field of the form that was sent; empty where it was not."""
        value = self.form.get(name, "")
        return (value.strip() if strip else value) if isinstance(value, str) else ""

    def may(self, action: str) -> bool:
        """Whether the reader's role allows ``action``."""
        return session.allows(self.reader, action)

    # ── texts and numbers ────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, text: str, /, **values: Any) -> str:
        """A text of the catalogue in the reader's language."""
        translated = translate(text, self.locale)
        return translated.format(**values) if values else translated

    def error(self, error: DujiangError) -> str:
        """An error's sentence in the reader's language."""
        return error.text(self.locale)

    def own(self, texts: Mapping[str, str], otherwise: str = "") -> str:
        """The text of a definition (one for each language) in the reader's language, else in any."""
        return texts.get(self.locale) or next((text for text in texts.values() if text), otherwise)

    def translations(self, texts: Iterable[str]) -> dict[str, str]:
        """Each text with its translation."""
        return {text: self.text(text) for text in texts}

    def show(self, value: Any, kind: Kind) -> str:
        """A value as a person reads it."""
        return formats.show(value, kind, self.locale, self.workspace.zone, self.currency)

    def ago(self, value: datetime) -> str:
        """How long ago, or when."""
        return formats.ago(value, self.now, self.locale, self.workspace.zone)

    def is_old(self, value: datetime) -> bool:
        """Whether data up to ``value`` should be read with care."""
        return self.now - value > OLD

    # ── addresses ────────────────────────────────────────────────────────────────────────────────────────────────────

    def query_items(self, without: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
        """What the address states, but for what is kept elsewhere (language, theme, height of rows, view) or left out."""
        dropped = {"lang", "theme", "rows", "export", "sheet", "view", *without}
        return ((key, value) for key, value in self.request.query_params.multi_items() if key not in dropped)

    def with_query(self, **changes: str | int | None) -> str:
        """This page's address with other values; None takes a key out."""
        kept = list(self.query_items(changes))
        added = [(key, str(value)) for key, value in changes.items() if value is not None]
        return self.path + ("?" + urlencode(kept + added) if kept or added else "")

    @cached_property
    def choices(self) -> str:
        """What the address chooses, as one text in a fixed order: how a view of the page is kept and recognised."""
        return urlencode(sorted(self.query_items()))

    @cached_property
    def views(self) -> Sequence[SavedView]:
        """Views of this page that the reader may open; empty for pages of which none are kept."""
        if self.reader is None or self.path not in nav.VIEWED:
            return ()
        return self.workspace.views.list(self.path, self.reader.name)

    @property
    def open_view(self) -> SavedView | None:
        """The view that the address is, if it is one."""
        return next((one for one in self.views if one.query == self.choices), None)

    @property
    def keeps_views(self) -> bool:
        """Whether views of this page can be kept."""
        return self.path in nav.VIEWED and self.may("view.keep")

    def address(self, path: str, **values: str | int | None) -> str:
        """Address of another page, keeping period, comparison and channels."""
        kept = [(key, value) for key, value in self.query_items(values) if key in _KEPT]
        added = [(key, str(value)) for key, value in values.items() if value is not None]
        return path + ("?" + urlencode(kept + added) if kept or added else "")

    # ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def channels(self) -> list[Definition]:
        """Every channel that is not retired."""
        return sorted(self.workspace.definitions.current("channel").values(), key=_place)

    @cached_property
    def annotations(self) -> list[Definition]:
        """Every note that stands on charts."""
        return list(self.workspace.definitions.current("annotation").values())

    @cached_property
    def _channel_places(self) -> dict[str, tuple[int, Definition]]:
        every = sorted(self.workspace.definitions.current("channel", retired=True).values(), key=_place)
        return {one.name: (index % 8 + 1, one) for index, one in enumerate(every)}

    def series(self, channel: str | None) -> int:
        """Number of a channel's colour, 1 to 8; 0 for what is no channel."""
        return self._channel_places[channel][0] if channel in self._channel_places else 0

    def channel_label(self, channel: str | None) -> str:
        """A channel's title."""
        if not channel:
            return self.text(_("Unknown channel"))
        found = self._channel_places.get(channel)
        if found:
            return found[1].label(self.locale)
        return self.text(WORDS[channel]) if channel in WORDS else channel

    @cached_property
    def _sources(self) -> Mapping[tuple[str, str], Definition]:
        return self.workspace.definitions.current("source", retired=True)

    def source_label(self, source: str) -> str:
        """A source's title; its name where it is not defined."""
        found = self._sources.get(("source", source))
        return found.label(self.locale) if found else source


def _place(channel: Definition) -> tuple[int, str]:
    return int(channel.spec.get("position") or 1000), channel.name


_KEPT: Final = frozenset({"period", "from", "to", "compare", "channel"})
