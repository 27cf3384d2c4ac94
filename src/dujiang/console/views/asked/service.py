"""Service as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from dujiang.console.charts import whiskers
from dujiang.console.components import Card, Cards, Chart, Line
from dujiang.console.sheets import Sheet
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.views.attribution import picture
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.desk.analysis import Desk, Part, Service
from dujiang.insight.questions.answer import Answer

_BARS_MAX = 12
_WHICH: Mapping[str, str] = {
    "complaints": _("complaints"),
    "unresolved": _("not resolved"),
    "negative": _("read as annoyed"),
    "slow": _("answered late"),
}


class ServiceView(View):
    """The desk in large numbers, complaints and first responses by part, and both over time."""

    icon = "clock"
    about: ClassVar[str] = _(
        "How conversations go: first response, resolution, complaints, ratings and what the text sounds like."
    )
    fields: ClassVar[Mapping[str, str]] = {
        "by": _("Divided by"),
        "channels": _("Channels"),
        "slow_seconds": _("Late after seconds"),
        "rows_max": _("Rows at most"),
    }
    hidden = frozenset({"where", "people"})
    rare = frozenset({"rows_max"})
    titles: ClassVar[Mapping[str, str]] = {"parts": _("Divided"), "whole": _("In all"), "line": _("Over time")}

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """By channel, week by week."""
        return {"by": ["channel"], "grain": "week", "period": {"preset": "last90"}, "compare": "previous"}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """Large numbers, bars by part, lines over time."""
        found: Service = answer.result
        before: Service | None = answer.before
        drawn: list[Picture] = [_cards(visit, found.whole, before.whole if before else None, behind)]
        if found.parts:
            drawn += [*_troubles(visit, found.parts, behind), *_responses(visit, found.parts, behind)]
        if len(found.line) > 1:
            drawn += [
                _line(visit, found, _("Complaints and annoyance over time")),
                _conversations(visit, found),
            ]
        return drawn

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:
        """The tables, with the days of the whole in words."""
        return [
            replace(one, rows=[(visit.text(of), *rest) for of, *rest in one.rows]) if one.name == "whole" else one
            for one in super().sheets(visit, answer, behind)
        ]

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """Which conversations."""
        which = _WHICH.get(pick.get("which", ""))
        words = [one or visit.text(_("not stated")) for one in pick.get("keys") or ()]
        told = [*(visit.channel_label(one) for one in words), *([visit.text(which)] if which else [])]
        return " · ".join([*([str(pick["start"])] if pick.get("start") else []), *told])


def _cards(visit: Visit, now: Desk, before: Desk | None, behind: Behind) -> Cards:
    def card(key: str, label: str, value: Any, kind: Any, then: Any, which: str = "", basis: str = "") -> Card:
        href = behind({"which": which} if which else {})
        if before is not None and then is not None:
            basis = basis or visit.text(_("before: {value}"), value=visit.show(then, kind))
        return Card(key, visit.text(label), visit.show(value, kind), basis=basis, href=href)

    low_high = _interval(visit, now.complaints_interval)
    rated = visit.text(_("{n} ratings"), n=visit.show(now.rated, "count"))
    then = before or now
    return Cards(
        visit.text(_("In all")),
        (
            card("n", _("Conversations"), now.conversations, "count", then.conversations),
            card("first", _("First response, median"), now.first_response_ms, "duration", then.first_response_ms),
            card("slow", _("Answered late"), now.slow, "percent", then.slow, "slow"),
            card("resolution", _("Resolution, median"), now.resolution_ms, "duration", then.resolution_ms),
            card("resolved", _("Resolved"), now.resolved, "percent", then.resolved),
            card("complaints", _("Complaints, share"), now.complaints, "percent", None, "complaints", low_high),
            card("negative", _("Reads as annoyed"), now.negative, "percent", None, "negative",
                 _interval(visit, now.negative_interval)),
            card("rating", _("Rating"), now.rating, "ratio", None, "", rated),
        ),
        "whole",
    )  # fmt: skip


def _interval(visit: Visit, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return visit.text(_("not known"))
    low, high = (visit.show(one, "percent") for one in interval)
    return visit.text(_("95%: {low} – {high}"), low=low, high=high)


def _label(visit: Visit, part: Part) -> str:
    return " · ".join(visit.channel_label(one) if one else visit.text(_("not stated")) for one in part.keys)


def _troubles(visit: Visit, parts: Sequence[Part], behind: Behind) -> list[Picture]:
    """Complaints and annoyance of each part side by side, with their intervals."""
    names = [visit.text(_("Complaints, share")), visit.text(_("Reads as annoyed"))]
    groups = []
    for one in parts[:_BARS_MAX]:
        shares = (one.desk.complaints, one.desk.complaints_interval), (one.desk.negative, one.desk.negative_interval)
        bars = [
            _share(visit, name, share, interval, series)
            for series, (name, (share, interval)) in enumerate(zip(names, shares, strict=True), 1)
            if share is not None
        ]
        pick = {"keys": [*one.keys], "which": "complaints"} if one.desk.complaints else {"keys": [*one.keys]}
        groups += [whiskers.Group(_label(visit, one), tuple(bars), behind(pick))] if bars else []
    legend = tuple((name, series) for series, name in enumerate(names, 1))
    note = visit.text(_("Lines: 95% interval; of few conversations little is known."))
    title = visit.text(_("Complaints and annoyance"))
    return [picture(visit, title, groups, legend, "percent", note, sheet="parts")] if groups else []


def _share(visit: Visit, name: str, share: float, interval: tuple[float, float] | None, series: int) -> whiskers.Bar:
    shown = visit.show(share, "percent")
    low, high = interval or (None, None)
    told = f" ({_interval(visit, interval)})" if interval else ""
    return whiskers.Bar(share, shown, series, low, high, f"{name}: {shown}{told}")


def _responses(visit: Visit, parts: Sequence[Part], behind: Behind) -> list[Picture]:
    """The median first response of each part, channels in their colours."""
    groups = []
    for one in parts[:_BARS_MAX]:
        value = one.desk.first_response_ms
        if value is None:
            continue
        shown = visit.show(value, "duration")
        series = next(filter(None, map(visit.series, one.keys)), 1)
        bar = whiskers.Bar(value, shown, series, title=shown)
        groups.append(whiskers.Group(_label(visit, one), (bar,), behind({"keys": [*one.keys]})))
    title = visit.text(_("First response, median"))
    return [picture(visit, title, groups, (), "duration", sheet="parts")] if groups else []


def _line(visit: Visit, found: Service, title: str) -> Chart:
    lines = (
        Line(visit.text(_("Complaints, share")), [one.desk.complaints for one in found.line], 1),
        Line(visit.text(_("Reads as annoyed")), [one.desk.negative for one in found.line], 2),
    )
    return Chart(visit.text(title), [str(one.start) for one in found.line], lines, "percent", sheet="line")


def _conversations(visit: Visit, found: Service) -> Chart:
    line = Line(visit.text(_("Conversations")), [one.desk.conversations for one in found.line])
    title = visit.text(_("Conversations over time"))
    return Chart(title, [str(one.start) for one in found.line], (line,), "count", type="bar", sheet="line")
