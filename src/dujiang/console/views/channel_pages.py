"""The pages of content, service, the private domain and heat maps: their choices and the question that these make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from dujiang.console.views.asked import Picture
from dujiang.console.views.asked.content import ABOUT
from dujiang.console.views.asked.private_domain import WAYS
from dujiang.console.views.attribution import Choice
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.content.analysis import Content
from dujiang.insight.desk.analysis import Service
from dujiang.insight.heatmap.analysis import Heatmap
from dujiang.insight.private.analysis import Private
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.registry import ANALYSES

_DEVICES: Final = {"mobile": _("Phones"), "desktop": _("Desktops"), "tablet": _("Tablets"), "": _("All devices")}


@dataclass(frozen=True)
class Shown:
    """One of the pages.

    Attributes:
        type: of its question.
        path: its address.
        about: what it answers.
        question: what its address asks, without the days.
        choices: its menus.
        is_empty: whether there is nothing to show.
        nothing: title and words where there is nothing yet, and where to go then.
    """

    type: str
    path: str
    about: str
    question: Callable[[Visit], dict[str, Any]]
    choices: Callable[[Visit, Answer], Sequence[Choice]]
    is_empty: Callable[[Any], bool]
    nothing: tuple[str, str, str, str]


@dataclass(frozen=True)
class ChannelPage:
    """What the template shows."""

    title: str
    about: str
    path: str
    choices: Sequence[Choice]
    ask: str
    empty: tuple[str, str, str, str] | None
    pictures: Sequence[Picture]
    titles: Mapping[str, str]
    notes: Sequence[str]
    facts: Sequence[tuple[str, str]]
    fresh_at: datetime | None


def page_view(visit: Visit, shown: Shown, answer: Answer, plain: str, parts: Mapping[str, Any]) -> ChannelPage:
    """The page of an answer."""
    title, why, action, href = shown.nothing
    empty = (visit.text(title), visit.text(why), visit.text(action), href) if shown.is_empty(answer.result) else None
    return ChannelPage(
        title=visit.text(ANALYSES[shown.type].title),
        about=visit.text(shown.about),
        path=shown.path,
        choices=shown.choices(visit, answer),
        ask=f"/ask/{shown.type}?" + urlencode({"q": plain}),
        empty=empty,
        **parts,
    )


def _one_of(visit: Visit, name: str, known: Sequence[str], otherwise: str) -> str:
    said = visit.query.get(name, otherwise)
    return said if said in known else otherwise


def _choice(visit: Visit, name: str, label: str, options: Mapping[str, str], otherwise: str) -> Choice:
    told = tuple((key, visit.text(text)) for key, text in options.items())
    return Choice(name, visit.text(label), told, _one_of(visit, name, [*options], otherwise))


def _days(visit: Visit, label: str, days: Sequence[int], otherwise: int) -> Choice:
    options = tuple((str(one), visit.text(_("{n} days"), n=one)) for one in days)
    return Choice("days", visit.text(label), options, _one_of(visit, "days", [*map(str, days)], str(otherwise)))


# ── content ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_AFTER: Final = (3, 7, 14, 30)


def _content(visit: Visit) -> dict[str, Any]:
    return {
        "type": "content",
        "about": _one_of(visit, "about", [*ABOUT], "content"),
        "within_days": int(_one_of(visit, "days", [*map(str, _AFTER)], "7")),
        "channels": [*visit.scope.channels],
    }


def _content_choices(visit: Visit, _answer: Answer) -> list[Choice]:
    return [
        _choice(visit, "about", _("About"), ABOUT, "content"),
        _days(visit, _("Bought within"), _AFTER, 7),
    ]


def _no_content(found: Content) -> bool:
    return not found.items


CONTENT: Final = Shown(
    "content",
    "/content",
    _("What each item of content is worth: time, interaction, sharing, buying after it, and how it lasts."),
    _content,
    _content_choices,
    _no_content,
    (
        _("Nobody read anything in this period"),
        _("As soon as events name the content that was looked at, items appear here with their quality."),
        _("Connect tracking"),
        "/sources",
    ),
)


# ── service ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_BY: Final = {
    "channel": _("Channel"), "agent": _("Agent"), "topic": _("Topic"), "channel,topic": _("Channel and topic"),
    "agent,topic": _("Agent and topic"),
}  # fmt: skip
_DAILY_MAX: Final = 21
"""Shares of a few conversations a day say nothing: longer periods go by weeks."""
_LATE: Final = {"8": _("8 seconds"), "60": _("1 minute"), "180": _("3 minutes"), "1800": _("30 minutes")}


def _service(visit: Visit) -> dict[str, Any]:
    return {
        "type": "service",
        "by": _one_of(visit, "by", [*_BY], "channel").split(","),
        "slow_seconds": int(_one_of(visit, "late", [*_LATE], "180")),
        "grain": "week" if visit.scope.period.days > _DAILY_MAX else "day",
        "channels": [*visit.scope.channels],
    }


def _service_choices(visit: Visit, _answer: Answer) -> list[Choice]:
    return [
        _choice(visit, "by", _("Divided by"), _BY, "channel"),
        _choice(visit, "late", _("Late after"), _LATE, "180"),
    ]


def _no_service(found: Service) -> bool:
    return not found.whole.conversations


SERVICE: Final = Shown(
    "service",
    "/service",
    _("How conversations go: first response, resolution, complaints, ratings and what the text sounds like."),
    _service,
    _service_choices,
    _no_service,
    (
        _("No conversation in this period"),
        _("Import the conversations of the service desk: response times, complaints and ratings appear here."),
        _("Import a file"),
        "/imports",
    ),
)


# ── private domain ───────────────────────────────────────────────────────────────────────────────────────────────────

_WITHIN: Final = (7, 14, 30, 60)


def _private(visit: Visit) -> dict[str, Any]:
    return {
        "type": "private_domain",
        "way": _one_of(visit, "way", [*WAYS], "campaign"),
        "within_days": int(_one_of(visit, "days", [*map(str, _WITHIN)], "30")),
        "grain": "week" if visit.scope.period.days > _DAILY_MAX else "day",
    }


def _private_choices(visit: Visit, _answer: Answer) -> list[Choice]:
    return [
        _choice(visit, "way", _("Ways told apart by"), WAYS, "campaign"),
        _days(visit, _("After entering"), _WITHIN, 30),
    ]


def _no_private(found: Private) -> bool:
    return not found.sizes["private_users"].value


PRIVATE: Final = Shown(
    "private_domain",
    "/private-domain",
    _("How healthy the private domain is, and the way from advertisement over the community to a purchase."),
    _private,
    _private_choices,
    _no_private,
    (
        _("No private user yet"),
        _("Import the contact list of WeCom, or any list that says since when people are contacts."),
        _("Import a file"),
        "/imports",
    ),
)


# ── heat maps ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _heatmap(visit: Visit) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "page": visit.query.get("page", "")[:400],
        "device": _one_of(visit, "device", [*_DEVICES], "mobile"),
        "channels": [*visit.scope.channels],
    }


def _heatmap_choices(visit: Visit, answer: Answer) -> list[Choice]:
    found: Heatmap = answer.result
    pages = {name: f"{name} ({visit.show(clicks, 'count')})" for name, clicks in found.pages}
    pages.setdefault(found.page, found.page)
    return [
        Choice("page", visit.text(_("Page")), tuple(pages.items()), found.page),
        _choice(visit, "device", _("Device"), _DEVICES, "mobile"),
    ]


def _no_heat(found: Heatmap) -> bool:
    return not found.clicks and not found.left


HEATMAPS: Final = Shown(
    "heatmap",
    "/heatmaps",
    _("Where people click on a page, how far they scroll, which modules they look at, and what frustrates them."),
    _heatmap,
    _heatmap_choices,
    _no_heat,
    (
        _("No click on this page in this period"),
        _(
            "Put the browser tracker into the site: it reports where clicks fall, how far people scroll and how long they "
            "look. What comes in today is seen tomorrow, or when today is chosen as the day above."
        ),
        _("Connect tracking"),
        "/sources",
    ),
)
