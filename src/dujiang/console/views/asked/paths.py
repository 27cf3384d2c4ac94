"""Paths as the answer to a question: the flow between steps, the most frequent paths, loops and dead ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from dujiang.console.charts import river
from dujiang.console.components import FlowPicture
from dujiang.console.sheets import Sheet
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer, Table
from dujiang.insight.questions.paths import OTHER, Flow, PathQuestion, Paths
from dujiang.people.event_names import EVENT_LABELS

_NAME_CHARS = 24
_ARROW = " → "
_AT_NODE: Mapping[str, str] = {
    "seen": _("came to {node}"), "again": _("came to {node} straight again"), "ended": _("ended a visit with {node}"),
}  # fmt: skip


class PathView(View):
    """What people do one after the other."""

    icon = "river"
    about: ClassVar[str] = _("What people do one after the other, from a start or up to an end; loops and dead ends.")
    fields: ClassVar[Mapping[str, str]] = {
        "node": _("A step is told by"),
        "start": _("Beginning with"),
        "end": _("Ending with"),
        "steps": _("Steps"),
        "top": _("Different ones at each step"),
        "collapse": _("The same in a row counts once"),
        "without": _("Passed over"),
        "groups": _("Put together"),
        "gap_minutes": _("A pause of so many minutes ends a visit"),
    }
    hidden = frozenset({"by", "grain"})
    rare = frozenset({"collapse", "without", "groups", "gap_minutes", "top"})
    editors: ClassVar[Mapping[str, str]] = {"node": "column"}
    titles: ClassVar[Mapping[str, str]] = {
        "sequences": _("Most frequent paths"),
        "flows": _("From step to step"),
        "nodes": _("Loops and dead ends"),
    }

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """Events by name, from the beginning of each visit."""
        return {"node": "name", "steps": 4}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """The flow."""
        return [_flow(visit, answer, behind)] if answer.result.flows else ()

    def sheet(self, visit: Visit, answer: Answer, table: Table, behind: Behind) -> Sheet:
        """Nodes by what people call them, in the order in which things happened also where paths are read backwards."""
        shown, node, is_backwards = super().sheet(visit, answer, table, behind), _column(answer), _is_backwards(answer)
        wordy = [place for place, one in enumerate(table.columns) if one.name in ("path", "source", "target", "node")]
        if is_backwards:
            shown = replace(shown, rows=[_in_time(table, row) for row in shown.rows])
        if node == "channel" and table.name != "sequences":
            return shown

        def told(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(
                _ARROW.join(node_label(visit, node, one) for one in value.split(_ARROW))
                if place in wordy and value is not None
                else value
                for place, value in enumerate(row)
            )

        return replace(shown, rows=[told(row) for row in shown.rows])

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The nodes in order, or the one and what was done there."""
        if pick.get("node"):
            return visit.text(_AT_NODE[pick.get("did", "seen")], node=node_label(visit, "name", str(pick["node"])))
        nodes = _ARROW.join(node_label(visit, "name", str(one)) for one in pick.get("nodes") or ())
        if not nodes:
            return ""
        text = _("{nodes} and no further, from step {n}") if pick.get("ended") else _("{nodes}, from step {n}")
        return visit.text(text, nodes=nodes, n=pick.get("step", 1))


def node_label(visit: Visit, column: str, node: str) -> str:
    """What people call a node: a channel by its title, a well-known event in words."""
    if node == OTHER:
        return visit.text(_("others"))
    if column == "channel":
        return visit.channel_label(node)
    return visit.text(EVENT_LABELS[node]) if column == "name" and node in EVENT_LABELS else node


def _column(answer: Answer) -> str:
    assert isinstance(answer.question, PathQuestion)
    return answer.question.node


def _is_backwards(answer: Answer) -> bool:
    assert isinstance(answer.question, PathQuestion)
    return answer.question.end is not None


def _in_time(table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of a path that was read backwards, from the earlier to the later."""
    if table.name == "sequences":
        return _ARROW.join(reversed(row[0].split(_ARROW))), *row[1:]
    return (row[0], row[2], row[1], *row[3:]) if table.name == "flows" else row


def _flow(visit: Visit, answer: Answer, behind: Behind) -> FlowPicture:
    found: Paths = answer.result
    column, is_backwards = _column(answer), _is_backwards(answer)
    sizes: dict[tuple[int, str], int] = defaultdict(int)
    entering: dict[tuple[int, str], int] = defaultdict(int)
    for one in found.flows:
        sizes[one.step, one.source] += one.visits
        if one.target is not None:
            entering[one.step + 1, one.target] += one.visits
    for key, visits in entering.items():
        sizes[key] = max(sizes[key], visits)
    names = sorted({name for _step, name in sizes})
    slots = {name: visit.series(name) if column == "channel" else place % 8 + 1 for place, name in enumerate(names)}
    last = max(step for step, _name in sizes)
    labels = {name: node_label(visit, column, name) for name in names}
    stops = [
        river.Stop(
            key=f"{step}:{name}",
            column=last - step if is_backwards else step - 1,
            label=_short(labels[name]),
            people=visits,
            count=visit.show(visits, "count"),
            series=slots[name],
            href=behind({"step": step, "nodes": [name]}),
        )
        for (step, name), visits in sorted(sizes.items(), key=lambda one: (one[0][0], -one[1]))
    ]
    flows = [
        _band(visit, one, labels, behind, is_backwards=is_backwards) for one in found.flows if one.target is not None
    ]
    return FlowPicture(
        title=visit.text(_("Where they go")),
        wide=river.draw(stops, flows, river.WIDE),
        narrow=river.draw(stops, flows, river.scrolling(max(one.column for one in stops) + 1)),
        sheet="flows",
        scrolls=True,
        note=visit.text(_("Width is visits; what does not go on ends there. Every band leads to its people.")),
    )


def _band(visit: Visit, one: Flow, labels: Mapping[str, str], behind: Behind, *, is_backwards: bool) -> river.Flow:
    target = one.target or ""
    ends = (one.step, one.source), (one.step + 1, target)
    (start, before), (end, after) = reversed(ends) if is_backwards else ends
    return river.Flow(
        start=f"{start}:{before}",
        end=f"{end}:{after}",
        people=one.visits,
        title=f"{labels[before]} → {labels[after]}: {visit.show(one.visits, 'count')}",
        href=behind({"step": one.step, "nodes": [one.source, target]}),
    )


def _short(label: str) -> str:
    return label if len(label) <= _NAME_CHARS else label[: _NAME_CHARS - 1] + "…"
