"""Paths as the answer to a question: the flow between steps, the most frequent paths, loops and dead ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.charts import river
from dujiang.console.components import FlowPicture
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.paths import Paths

_NAME_CHARS = 24


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
        found: Paths = answer.result
        return [_flow(visit, found, behind)] if found.flows else ()

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The nodes in order."""
        nodes = " → ".join(str(one) for one in pick.get("nodes") or ())
        return visit.text(_("{nodes}, from step {n}"), nodes=nodes, n=pick.get("step", 1)) if nodes else ""


def _flow(visit: Visit, found: Paths, behind: Behind) -> FlowPicture:
    sizes: dict[tuple[int, str], int] = defaultdict(int)
    entering: dict[tuple[int, str], int] = defaultdict(int)
    for one in found.flows:
        sizes[one.step, one.source] += one.visits
        if one.target is not None:
            entering[one.step + 1, one.target] += one.visits
    for key, visits in entering.items():
        sizes[key] = max(sizes[key], visits)
    slots = {name: place % 8 + 1 for place, name in enumerate(sorted({name for _step, name in sizes}))}
    stops = [
        river.Stop(
            key=f"{step}:{name}",
            column=step - 1,
            label=name if len(name) <= _NAME_CHARS else name[: _NAME_CHARS - 1] + "…",
            people=visits,
            count=visit.show(visits, "count"),
            series=slots[name],
            href=behind({"step": step, "nodes": [name]}),
        )
        for (step, name), visits in sorted(sizes.items(), key=lambda one: (one[0][0], -one[1]))
    ]
    flows = [
        river.Flow(
            start=f"{one.step}:{one.source}",
            end=f"{one.step + 1}:{one.target}",
            people=one.visits,
            title=f"{one.source} → {one.target}: {visit.show(one.visits, 'count')}",
            href=behind({"step": one.step, "nodes": [one.source, one.target]}),
        )
        for one in found.flows
        if one.target is not None
    ]
    return FlowPicture(
        title=visit.text(_("Where they go")),
        wide=river.draw(stops, flows, river.WIDE),
        narrow=river.draw(stops, flows, river.NARROW),
        sheet="flows",
        note=visit.text(_("Width is visits; what does not go on ends there. Every band leads to its people.")),
    )
