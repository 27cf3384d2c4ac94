"""The rail: the rooms in the order of the river, in the words operations people use. Only what exists is listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dujiang.foundation.i18n import _


@dataclass(frozen=True)
class Item:
    """One entry: where it leads, its name, its icon in ``components/icons.html``, the letter of ``g <letter>``."""

    path: str
    label: str
    icon: str
    letter: str
    action: str


@dataclass(frozen=True)
class Group:
    """Entries under one heading."""

    label: str
    items: tuple[Item, ...]


RAIL: Final = (
    Group("", (Item("/", _("Overview"), "river", "o", "page.read"),)),
    Group(
        _("Data in"),
        (
            Item("/sources", _("Sources and completeness"), "gauge", "s", "source.read"),
            Item("/imports", _("File imports"), "upload", "i", "import.read"),
            Item("/dead-letters", _("Rows to repair"), "repair", "r", "dead_letter.read"),
        ),
    ),
    Group(
        _("Who is who"),
        (
            Item("/identity", _("Identity quality"), "link", "q", "person.read"),
            Item("/suggestions", _("Possible matches"), "people", "u", "person.read"),
            Item("/relations", _("Relations"), "people", "w", "person.read"),
        ),
    ),
    Group(
        _("People"),
        (
            Item("/people", _("People list"), "people", "p", "person.read"),
            Item("/segments", _("Segments"), "filter", "g", "person.read"),
            Item("/differences", _("Differences"), "columns", "9", "person.read"),
            Item("/life", _("Life cycle"), "river", "c", "person.read"),
            Item("/value", _("Customer value"), "gauge", "v", "person.read"),
            Item("/groups", _("Groups by behaviour"), "people", "b", "person.read"),
            Item("/hours", _("Active hours"), "clock", "h", "person.read"),
            Item("/tags", _("Tag catalogue"), "book", "t", "person.read"),
            Item("/predictions", _("Prediction quality"), "gauge", "y", "prediction.read"),
            Item("/lifetime-value", _("Lifetime value"), "chart", "z", "prediction.read"),
        ),
    ),
    Group(
        _("Channel insight"),
        (
            Item("/ask", _("Ask"), "search", "n", "metric.read"),
            Item("/dashboards", _("Dashboards"), "columns", "x", "metric.read"),
            Item("/reports", _("Reports"), "file", "7", "metric.read"),
            Item("/content", _("Content quality"), "book", "1", "metric.read"),
            Item("/service", _("Service quality"), "clock", "2", "metric.read"),
            Item("/private-domain", _("Private domain"), "people", "3", "metric.read"),
            Item("/heatmaps", _("Heat map"), "search", "4", "metric.read"),
            Item("/explore", _("Metric explorer"), "chart", "e", "metric.read"),
            Item("/metrics", _("Metric catalogue"), "book", "m", "metric.read"),
            Item("/attribution", _("Attribution"), "link", "5", "metric.read"),
            Item("/contribution", _("Channel contribution"), "river", "8", "metric.read"),
            Item("/lift", _("Incrementality"), "gauge", "6", "metric.read"),
        ),
    ),
    Group(
        _("Settings"),
        (
            Item("/definitions", _("Definitions"), "file", "d", "definition.read"),
            Item("/jobs", _("Work in progress"), "clock", "j", "job.read"),
            Item("/settings/present", _("Today of the figures"), "clock", "f", "page.read"),
            Item("/settings/keys", _("Keys"), "key", "k", "key.create"),
            Item("/settings/accounts", _("Accounts and roles"), "person", "a", "account.change"),
            Item("/settings/audit", _("Audit log"), "shield", "l", "audit.read"),
        ),
    ),
)

_WITHOUT_VIEWS: Final = ("/ask", "/dashboards", "/imports", "/suggestions", "/predictions")
VIEWED: Final = frozenset(item.path for group in RAIL[:-1] for item in group.items if item.path not in _WITHOUT_VIEWS)
"""Pages of which readers keep views: those that are looked at through choices in their address. Questions are saved as such."""


def current_item(path: str) -> str:
    """Path of the entry that ``path`` lies under.

    >>> current_item("/people/u0001"), current_item("/")
    ('/people', '/')
    """
    paths = [item.path for group in RAIL for item in group.items]
    fitting = [one for one in paths if one != "/" and (path == one or path.startswith(one + "/"))]
    return max(fitting, key=len, default="/")
