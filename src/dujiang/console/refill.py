"""A page with its form filled in again: what somebody typed survives the sentence that says why it was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

Typed = Mapping[str, Sequence[str]]
"""What was sent: every field with its values, in their order."""

_VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_NEVER: Final = frozenset({"password", "file", "submit", "button", "reset", "image"})
"""Kinds of inputs that keep what the page gave them: secrets are not sent back, and files cannot be."""


@dataclass(eq=False)
class _Element:
    """A start tag: where it stands in the page, and what it holds."""

    tag: str
    attributes: dict[str, str | None]
    start: int
    end: int
    inside: tuple[_Element, ...]
    close: int = 0
    """Where its end tag begins."""

    def get(self, name: str) -> str:
        return self.attributes.get(name) or ""

    def within(self, tag: str) -> _Element | None:
        return next((one for one in reversed(self.inside) if one.tag == tag), None)


@dataclass
class _Edits:
    """Changes to a text, by place; all are made at once, so that places stay true."""

    text: str
    made: list[tuple[int, int, str]] = field(default_factory=list)

    def put(self, start: int, end: int, text: str) -> None:
        self.made.append((start, end, text))

    def done(self) -> str:
        parts, at = [], 0
        for start, end, text in sorted(self.made):
            parts += [self.text[at:start], text]
            at = end
        return "".join((*parts, self.text[at:]))


class _Reader(HTMLParser):
    """Every element of a page with its place."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._open: list[_Element] = []
        self.elements: list[_Element] = []
        self.feed(html)

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._place()
        one = _Element(tag, dict(attrs), start, start + len(self.get_starttag_text() or ""), tuple(self._open))
        self.elements.append(one)
        if tag not in _VOID:
            self._open.append(one)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop().close = self._place()

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].tag == tag:
                self._open[place].close = self._place()
                del self._open[place:]
                return


def refilled(html: str, action: str, typed: Typed, note: str) -> str | None:
    """The page ``html`` with ``typed`` in its form that is sent to the path ``action``, and ``note`` on top of that form.

    Of several forms with this action, the one whose hidden fields say what was sent. What folds the form away is opened.

    Args:
        html: a whole page.
        action: path that the form was sent to.
        typed: what was sent.
        note: HTML.

    Returns:
        The page; None where it has no such form.

    >>> page = '<form method="post" action="/keys"><input name="name" value=""></form>'
    >>> refilled(page, "/keys", {"name": ['<b>"']}, "<p>No.</p>")
    '<form method="post" action="/keys"><p>No.</p><input name="name" value="&lt;b&gt;&quot;"></form>'
    >>> refilled(page, "/accounts", {}, "") is None
    True
    """
    elements = _Reader(html).elements
    form = next((one for one in elements if _is_sent_to(one, action) and _says(_fields(elements, one), typed)), None)
    if form is None:
        return None
    edits = _Edits(html)
    edits.put(form.end, form.end, note)
    for folded in form.inside:
        if folded.tag == "details" and "open" not in folded.attributes:
            edits.put(folded.end - 1, folded.end - 1, " open")
    left = {name: list(values) for name, values in typed.items()}
    for one in _fields(elements, form):
        _fill(edits, elements, one, left)
    return edits.done()


def _is_sent_to(one: _Element, action: str) -> bool:
    return one.tag == "form" and one.get("method").lower() == "post" and urlsplit(one.get("action")).path == action


def _fields(elements: Sequence[_Element], form: _Element) -> list[_Element]:
    named = (one for one in elements if one.tag in ("input", "select", "textarea") and one.get("name"))
    return [one for one in named if one.within("form") is form]


def _says(fields: Sequence[_Element], typed: Typed) -> bool:
    """Whether the form's hidden fields are those that were sent."""
    hidden = (one for one in fields if one.tag == "input" and one.get("type") == "hidden")
    return all(one.get("value") in typed.get(one.get("name"), ()) for one in hidden)


def _fill(edits: _Edits, elements: Sequence[_Element], one: _Element, left: dict[str, list[str]]) -> None:
    values, kind = left.get(one.get("name"), []), one.get("type") or "text"
    if one.tag == "textarea":
        if values:
            edits.put(one.end, one.close, "\n" + escape(values.pop(0), quote=False))
    elif one.tag == "select":
        options = [each for each in elements if each.tag == "option" and one in each.inside]
        if any(each.get("value") in values for each in options):
            for each in options:
                _mark(edits, each, "selected", each.get("value") in values)
    elif kind in ("checkbox", "radio"):
        _mark(edits, one, "checked", (one.get("value") or "on") in values)
    elif kind != "hidden" and kind not in _NEVER and values:
        _rewrite(edits, one, lambda told: {**told, "value": values.pop(0)})


def _mark(edits: _Edits, one: _Element, mark: str, wanted: bool) -> None:
    if wanted != (mark in one.attributes):
        rest = {key: value for key, value in one.attributes.items() if key != mark}
        _rewrite(edits, one, lambda _told: {**rest, mark: None} if wanted else rest)


def _rewrite(edits: _Edits, one: _Element, change: Callable[[dict[str, str | None]], dict[str, str | None]]) -> None:
    told = [
        f" {key}" if value is None else f' {key}="{escape(value)}"' for key, value in change(one.attributes).items()
    ]
    edits.put(one.start, one.end, f"<{one.tag}{''.join(told)}>")
