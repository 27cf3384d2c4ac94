"""A heat map as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dujiang.console.charts.page_heat import PageHeat, drawn, fullest
from dujiang.console.components import Card, Cards, Chart, Line
from dujiang.console.sheets import Sheet
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.heatmap.analysis import DEPTHS, Heatmap
from dujiang.insight.questions.answer import Answer


@dataclass(frozen=True)
class PagePicture:
    """The page as a skeleton with its clicks."""

    title: str
    heats: tuple[tuple[str, PageHeat], ...]
    """Each drawing under its days; the comparison comes second."""
    note: str
    shape: str = "page"
    sheet: str = "elements"


class HeatmapView(View):
    """The page with its clicks, large numbers, modules, and how far people scroll."""

    icon = "search"
    about: ClassVar[str] = _(
        "Where people click on a page, how far they scroll, which modules they look at, and what frustrates them."
    )
    fields: ClassVar[Mapping[str, str]] = {"page": _("Page"), "device": _("Device"), "channels": _("Channels")}
    hidden = frozenset({"where", "by", "grain", "people"})
    suggests: ClassVar[Mapping[str, str]] = {"page": "page"}
    titles: ClassVar[Mapping[str, str]] = {
        "modules": _("Modules"), "elements": _("Elements"), "depth": _("How far people scroll"),
    }  # fmt: skip

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """The page with most clicks, on phones."""
        return {"device": "mobile", "period": {"preset": "last90"}, "compare": "previous"}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """Numbers, the page, modules, depth."""
        found: Heatmap = answer.result
        before: Heatmap | None = answer.before
        drawings: list[Picture] = [_cards(visit, found, before, behind)]
        if found.clicks:
            note = visit.text(
                _("Darker is more clicks; rings mark bursts and clicks without effect; lines: how far people scrolled.")
            )
            drawings.append(PagePicture(finding(visit, found), _heats(answer), note))
        if found.modules:
            drawings.append(_modules(visit, found))
        if found.depth[0] is not None:
            drawings.append(_depth(visit, found, before))
        return drawings

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:
        """All but the cells, which the drawing shows and the API has, and depths that nothing states."""
        found: Heatmap = answer.result
        hidden = {"cells"} if found.left and found.depth[0] is not None else {"cells", "depth"}
        return [one for one in super().sheets(visit, answer, behind) if one.name not in hidden]

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """What was clicked, and how."""
        which = {"rage": _("clicked in bursts"), "dead": _("clicked without effect")}.get(pick.get("which", ""))
        words = [str(pick[key]) for key in ("module", "selector") if pick.get(key)]
        return " · ".join([*words, *([visit.text(which)] if which else [])])


def finding(visit: Visit, found: Heatmap) -> str:
    """The page in one sentence."""
    shares = [one for one in found.modules if one.share]
    if not shares or found.pages_deep is None:
        return visit.text(_("Clicks on {page}"), page=found.page)
    most = max(shares, key=lambda one: one.share or 0)
    sentence = _("{share} of the clicks fall on “{module}”; a visit that begins here is {depth} pages deep")
    return visit.text(
        sentence,
        share=visit.show(most.share, "percent"),
        module=most.module,
        depth=visit.show(found.pages_deep, "ratio"),
    )


def _heats(answer: Answer) -> tuple[tuple[str, PageHeat], ...]:
    """The page now and, where it was clicked then, before: on one scale of shades."""
    found: list[tuple[Period, Heatmap]] = [(answer.period, answer.result)]
    if answer.comparison and answer.before and answer.before.clicks:
        found.append((answer.comparison, answer.before))
    device, most = answer.question.model_dump()["device"], max(fullest(one) for _days, one in found)
    return tuple((f"{days.first} – {days.last}", drawn(one, device, most)) for days, one in found)


def _cards(visit: Visit, found: Heatmap, before: Heatmap | None, behind: Behind) -> Cards:
    def card(key: str, label: str, value: Any, kind: Any, then: Any = None, href: str = "") -> Card:
        basis = visit.text(_("before: {value}"), value=visit.show(then, kind)) if then is not None else ""
        return Card(key, visit.text(label), visit.show(value, kind), basis=basis, href=href)

    dead = found.dead / found.judged if found.judged else None
    dead_then = before.dead / before.judged if before and before.judged else None
    return Cards(
        visit.text(_("In all")),
        (
            card("views", _("Views"), found.views, "count", before and before.views),
            card("clicks", _("Clicks"), found.clicks, "count", before and before.clicks, behind({})),
            card(
                "deep", _("Pages of a visit that begins here"), found.pages_deep, "ratio", before and before.pages_deep
            ),
            card("bounced", _("Bounces"), found.bounced, "percent", before and before.bounced),
            card("dwell", _("Time on the page"), found.dwell_ms, "duration", before and before.dwell_ms),
            card("rage", _("Bursts of clicks"), found.rage, "count", before and before.rage, behind({"which": "rage"})),
            card("dead", _("Clicks without effect"), dead, "percent", dead_then, behind({"which": "dead"})),
        ),
        "modules",
    )


def _modules(visit: Visit, found: Heatmap) -> Chart:
    lines = [Line(visit.text(_("Share of clicks")), [one.share for one in found.modules])]
    if any(one.attention_share for one in found.modules):
        lines.append(
            Line(visit.text(_("Share of the time in view")), [one.attention_share for one in found.modules], 2)
        )
    title = visit.text(_("Clicks and attention by module"))
    return Chart(title, [one.module for one in found.modules], lines, "percent", type="bar", sheet="modules")


def _depth(visit: Visit, found: Heatmap, before: Heatmap | None) -> Chart:
    then = before.depth if before else ()
    line = Line(visit.text(_("Share of people")), found.depth, 0, then, visit.text(_("Before")))
    labels = [f"{to}%" for to in DEPTHS]
    return Chart(visit.text(_("How far people scroll")), labels, (line,), "percent", sheet="depth")
