"""Content as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from dujiang.console.charts import whiskers
from dujiang.console.components import Card, Cards, Chart, Line
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.views.attribution import picture
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.content.analysis import Content, Item
from dujiang.insight.content.quality import Part, Score
from dujiang.insight.questions.answer import Answer

ABOUT: Final = {"content": _("Articles, notes and videos"), "products": _("Product pages"), "all": _("Everything")}
_BARS_MAX: Final = 12
_AVERAGE: Final = 50.0
_RATES: Final[tuple[tuple[Part, str, str], ...]] = (
    ("interaction", _("Interaction rate"), "interacted"),
    ("share", _("Share rate"), "shared"),
    ("conversion", _("Bought after"), "bought"),
)


class ContentView(View):
    """Quality of each item with its interval, and how steadily items come out."""

    icon = "book"
    about: ClassVar[str] = _(
        "What each item of content is worth: time, interaction, sharing, buying after it, and how it lasts."
    )
    fields: ClassVar[Mapping[str, str]] = {
        "about": _("About"),
        "channels": _("Channels"),
        "within_days": _("Bought within days"),
        "prior_readers": _("Readers that the average counts for"),
        "weights": _("Weights"),
        "items_max": _("Items at most"),
    }
    hidden = frozenset({"where", "by", "grain", "people"})
    rare = frozenset({"items_max", "prior_readers", "weights"})
    choices = ABOUT
    titles: ClassVar[Mapping[str, str]] = {"items": _("Items"), "cadence": _("New items by week")}

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """Articles of the last 90 days."""
        return {"period": {"preset": "last90"}}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """Large numbers, quality as bars, new items by week."""
        found: Content = answer.result
        return [_cards(visit, found, behind), *_quality(visit, found, behind), _cadence(visit, found)]

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The item, and what its readers did."""
        did = {"interacted": _("interacted"), "shared": _("shared"), "bought": _("bought after it")}.get(
            pick.get("did", "")
        )
        return " · ".join(filter(None, [str(pick.get("item", "")), visit.text(did) if did else ""]))


def _cards(visit: Visit, found: Content, behind: Behind) -> Cards:
    steady = found.cadence
    stop = visit.text(_("stopped: twice the usual pause is over")) if steady.has_stopped else ""
    usual = _usual(visit, steady.usual_days)
    rate = _("Share of readers, all items")
    cards = [
        Card("items", visit.text(_("Items read")), visit.show(len(found.items) + found.left_out, "count")),
        Card("last", visit.text(_("Newest item")), visit.show(steady.last, "day") if steady.last else "—",
             stop, "bad" if stop else "flat", usual),
    ]  # fmt: skip
    for part, label, did in _RATES:
        value = found.all_rates[part]
        shown = visit.show(value, "percent")
        cards.append(Card(part, visit.text(label), shown, basis=visit.text(rate), href=behind({"did": did})))
    return Cards(visit.text(_("In all")), tuple(cards), "items")


def _usual(visit: Visit, days: float | None) -> str:
    if days is None:
        return ""
    if days < 1:
        return visit.text(_("usually several a day"))
    return visit.text(_("usually every {n} days"), n=f"{days:g}")


def _quality(visit: Visit, found: Content, behind: Behind) -> list[Picture]:
    """The best items by quality, and what their readers did, each item leading to them."""
    scored = sorted(
        (one for one in found.items if one.score.value is not None), key=lambda one: -(one.score.value or 0)
    )
    if not scored:
        return []
    best = scored[:_BARS_MAX]
    average = visit.text(_("average of all items"))
    quality = [
        whiskers.Group(
            one.title or one.item, (_score(visit, one.score),), behind({"item": one.item}), _AVERAGE, average
        )
        for one in best
    ]
    did = [
        whiskers.Group(one.title or one.item, bars, behind({"item": one.item}))
        for one in best
        if (bars := _rates(visit, one))
    ]
    legend = tuple((visit.text(label), series) for series, (_part, label, _did) in enumerate(_RATES, 1))
    note = visit.text(_("50 is the average of all items; lines: 90% interval."))
    by_item = visit.text(_("Quality by item"))
    acts = visit.text(_("What readers of an item do"))
    return [
        picture(visit, by_item, quality, (), "number", note, average, sheet="items"),
        *([picture(visit, acts, did, legend, "percent", sheet="items")] if did else ()),
    ]


def _score(visit: Visit, score: Score) -> whiskers.Bar:
    value = score.value or 0.0
    shown = visit.show(round(value), "number")
    ends = f" ({score.low:.0f} – {score.high:.0f})" if score.low is not None and score.high is not None else ""
    return whiskers.Bar(value, shown, 1, score.low, score.high, shown + ends)


def _rates(visit: Visit, item: Item) -> tuple[whiskers.Bar, ...]:
    found = []
    for series, (part, label, _did) in enumerate(_RATES, 1):
        rate = item.rates[part]
        if rate is not None:
            shown = visit.show(rate, "percent")
            found.append(whiskers.Bar(rate, shown, series, title=f"{visit.text(label)}: {shown}"))
    return tuple(found)


def _cadence(visit: Visit, found: Content) -> Chart:
    weeks = [str(start) for start, _items in found.cadence.weeks]
    line = Line(visit.text(_("New items")), [items for _start, items in found.cadence.weeks])
    title = visit.text(_("New items by week"))
    note = visit.text(_("An item is new on the day of its first view."))
    return Chart(title, weeks, (line,), "count", visit.currency, type="bar", note=note, sheet="cadence")
