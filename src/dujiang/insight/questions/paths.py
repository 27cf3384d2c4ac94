"""Paths: what people do one after the other, from a start or up to an end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from dujiang.engine.columns import NOBODY, Code, Columns, Whole
from dujiang.engine.derived.events import PASSIVE
from dujiang.engine.kernels.paths import Followed, paths
from dujiang.engine.kernels.steps import Steps
from dujiang.foundation.definitions import Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table, Unit
from dujiang.insight.questions.doings import Doings, moments
from dujiang.insight.questions.model import Asked, Pick, What
from dujiang.insight.questions.scene import Scene
from dujiang.people.behaviour import column_kind

STEPS_MAX: Final = 10
GROUPS_MAX: Final = 30
SEQUENCES_MAX: Final = 50
NODES_MAX: Final = 82
"""Different nodes that are told apart; rarer ones are put together. Ten steps of so many are one number of 64 bits."""
OTHER: Final = "…"
"""Stands for all nodes that are put together."""
Kept = TypeVar("Kept")
Did = Literal["seen", "again", "ended"]


class PathGroup(Spec):
    """Several things under one name: ``/product/*`` stands for all pages that begin so."""

    label: str = Field(min_length=1, max_length=80)
    patterns: tuple[str, ...] = Field(min_length=1, max_length=20)


class PathQuestion(Asked):
    """Sequences within visits, as a flow and as a list of the most frequent.

    Attributes:
        node: column of events that names a step (``name``, ``page``, ``channel``, ``content_id``, ``properties.x``).
        start: paths begin where this is done; None: with the visit.
        end: paths are read backwards from where this is done.
        steps: how many steps are followed.
        collapse: whether the same step several times in a row counts as one.
        without: names that are passed over (``*`` stands for any characters); unless told otherwise measures of something done
            before, such as ``page_left``.
        groups: names put together.
        gap_minutes: a pause after which a new visit begins.
        top: nodes kept at each step; the others are put together.
    """

    type: Literal["paths"] = "paths"
    node: str = "name"
    start: What | None = None
    end: What | None = None
    steps: int = Field(default=5, ge=2, le=STEPS_MAX)
    collapse: bool = True
    without: tuple[str, ...] = Field(default=PASSIVE, max_length=50)
    groups: tuple[PathGroup, ...] = Field(default=(), max_length=GROUPS_MAX)
    gap_minutes: int = Field(default=30, ge=1, le=24 * 60)
    top: int = Field(default=8, ge=1, le=30)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.start is not None and self.end is not None:
            raise ValueError(_("paths have either a start or an end; a funnel asks for both"))
        if column_kind("events", self.node) not in ("text", "any"):
            raise InvalidInput("question.node", _("{name} names no steps"), name=self.node[:80])
        return self

    def _check_by(self) -> None:
        if self.by:
            raise ValueError(_("paths are not divided; limit them by `people` or `where`"))


class PathPick(Pick):
    """Those who took some steps, or those of one node over whole visits.

    Attributes:
        step: number of the first of them.
        nodes: of the steps in order; ``…`` for all that are put together there.
        ended: only where the path was over after them.
        node: a node, wherever in a visit; ``did`` says who: whoever was ``seen`` at it, came straight ``again``, or whose visit
            ``ended`` with it.
    """

    step: int = Field(default=1, ge=1, le=STEPS_MAX)
    nodes: tuple[str, ...] = Field(default=(), max_length=STEPS_MAX)
    ended: bool = False
    node: str = Field(default="", max_length=400)
    did: Did = "seen"


@dataclass(frozen=True)
class Flow:
    """Visits that went from a node at ``step`` (the first is 1) to another at the next.

    ``target`` None: the path ended there.
    """

    step: int
    source: str
    target: str | None
    visits: int


@dataclass(frozen=True)
class Route:
    """A whole path, as far as it was followed."""

    nodes: tuple[str, ...]
    visits: int
    people: int


@dataclass(frozen=True)
class Node:
    """One node: how often it is seen, comes straight after itself (loop), and ends a path (dead end)."""

    name: str
    seen: int
    loops: int
    ends: int


@dataclass(frozen=True)
class Paths:
    """The answer.

    Attributes:
        visits: paths that were followed.
        flows: between steps, for the picture.
        sequences: the most frequent.
        nodes: loops and dead ends.
    """

    visits: int
    flows: tuple[Flow, ...]
    sequences: tuple[Route, ...]
    nodes: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class _Walked:
    """The paths of some people, added up.

    Attributes:
        visits: how many paths there are.
        people: whose.
        flows, seen, loops, ends: as :class:`dujiang.engine.kernels.paths.Followed` has them.
        ways: every path as one number, rising (see :func:`_numbered`).
        way_visits: by path how often it was gone.
        way_people: and by how many people.
    """

    visits: int
    people: int
    flows: Whole
    seen: Whole
    loops: Whole
    ends: Whole
    ways: npt.NDArray[np.uint64]
    way_visits: Whole
    way_people: Whole

    @classmethod
    def of(cls, found: Followed, names: int) -> _Walked:
        """Those of one part, in which people lie together."""
        numbers = _numbered(found.nodes, names)
        order = np.argsort(numbers, kind="stable")
        numbers, person = numbers[order], found.person[order]
        is_new = np.ones(len(order), np.bool_)
        is_new[1:] = numbers[1:] != numbers[:-1]
        is_other = is_new.copy()
        is_other[1:] |= person[1:] != person[:-1]
        first = np.flatnonzero(is_new)
        visits = np.diff(np.append(first, len(order)))
        people = np.diff(np.append(np.cumsum(is_other)[first], is_other.sum() + 1))
        whole = found.flows, found.seen, found.loops, found.ends
        return cls(len(order), len(np.unique(found.person)), *whole, numbers[first], visits, people)

    @classmethod
    def added(cls, parts: Sequence[_Walked], names: int, steps: int) -> _Walked:
        """Those of all parts: nobody is in two of them."""
        none = np.zeros(names, np.int64)
        flows = sum((one.flows for one in parts), start=np.zeros((steps - 1, names, names + 1), np.int64))
        seen, loops, ends = (
            sum((getattr(one, name) for one in parts), start=none) for name in ("seen", "loops", "ends")
        )
        ways = np.concatenate([np.empty(0, np.uint64), *(one.ways for one in parts)])
        different, place = np.unique(ways, return_inverse=True)
        visits, people = (
            np.bincount(place, np.concatenate([[], *(getattr(one, name) for one in parts)]), len(different))
            for name in ("way_visits", "way_people")
        )
        counts = visits.astype(np.int64), people.astype(np.int64)
        whole = sum(one.visits for one in parts), sum(one.people for one in parts)
        return cls(*whole, flows, seen, loops, ends, different, *counts)


class PathAnalysis(Analysis[PathQuestion, PathPick]):
    """One pass over the timelines, by :func:`dujiang.engine.kernels.paths.paths`."""

    title = _("Paths")
    question = PathQuestion
    pick = PathPick

    def answer(self, scene: Scene, question: PathQuestion) -> Found:
        """The flow between steps, the most frequent paths, and each node's loops and dead ends."""
        doings = Doings(scene, question.where)
        names, parts = _walks(scene, doings, question, lambda found, names: _Walked.of(found, len(names)))
        walked = _Walked.added(parts, len(names), question.steps)
        result = Paths(
            visits=walked.visits,
            flows=_flows(walked, names, question),
            sequences=_sequences(walked, names, question),
            nodes=_nodes(walked, names),
        )
        return Found(result, doings.rows, walked.people)

    def tables(self, question: PathQuestion, result: Paths, before: Paths | None) -> tuple[Table, ...]:
        """Flows, paths, nodes."""
        unit: Unit = "channel" if question.node == "channel" else "text"
        earlier = {one.nodes: one.visits for one in before.sequences} if before else {}
        heads = [Column("path", _("Path")), Column("visits", _("Visits"), "count"), Column("share", _("Share"), "percent"),
                 Column("people", _("People"), "count")]  # fmt: skip
        rows: list[tuple[Any, ...]] = [
            (" → ".join(one.nodes), one.visits, one.visits / result.visits, one.people) for one in result.sequences
        ]
        if before:
            heads.append(Column("before", _("Visits before"), "count"))
            rows = [(*row, earlier.get(one.nodes)) for row, one in zip(rows, result.sequences, strict=True)]
        flows = (Column("step", _("Step number"), "count"), Column("source", _("From node"), unit),
                 Column("target", _("To node"), unit), Column("visits", _("Visits"), "count"))  # fmt: skip
        nodes = (
            Column("node", _("Node"), unit),
            Column("seen", _("Seen"), "count"),
            Column("loops", _("Straight again"), "count"),
            Column("ends", _("Visits that end here"), "count"),
            Column("share", _("Ends here"), "percent"),
        )
        return (
            Table("sequences", tuple(heads), rows, [_pick(1, one.nodes, ended=True) for one in result.sequences]),
            Table(
                "flows",
                flows,
                [(one.step, one.source, one.target, one.visits) for one in result.flows],
                [
                    _pick(one.step, (one.source, one.target) if one.target else (one.source,), ended=one.target is None)
                    for one in result.flows
                ],
            ),
            Table(
                "nodes",
                nodes,
                [(one.name, one.seen, one.loops, one.ends, one.ends / one.seen) for one in result.nodes],
                [_at_node(one, "seen") for one in result.nodes],
                {"seen": [_at_node(one, "seen") for one in result.nodes],
                 "loops": [_at_node(one, "again") if one.loops else None for one in result.nodes],
                 "ends": [_at_node(one, "ended") if one.ends else None for one in result.nodes]},
            ),
        )  # fmt: skip

    def people(self, scene: Scene, question: PathQuestion, pick: PathPick) -> Whole:
        """Those with a path that has these nodes from a step on, or those of one node over whole visits."""
        doings = Doings(scene, question.where)
        if pick.node:
            return _people_of_node(scene, doings, question, pick)
        named = self._named(scene, doings, question) if OTHER in pick.nodes else None

        def those(found: Followed, names: Sequence[str]) -> Whole:
            wanted = np.ones(len(found.person), np.bool_)
            for place, name in enumerate(pick.nodes, pick.step - 1):
                wanted &= _at(found.nodes, place, _codes(names, place, name, named))
            if pick.ended:
                wanted &= _at(found.nodes, pick.step - 1 + len(pick.nodes), [-1], beyond=True)
            return np.unique(found.person[wanted])

        _names, parts = _walks(scene, doings, question, those)
        return np.unique(np.concatenate([NOBODY, *parts]))

    def _named(self, scene: Scene, doings: Doings, question: PathQuestion) -> list[list[str]]:
        """By step the name under which each node is shown there."""
        names, parts = _walks(scene, doings, question, lambda found, _names: found.flows)
        flows = sum(parts, start=np.zeros((question.steps - 1, len(names), len(names) + 1), np.int64))
        here = [_shown(names, step.sum(axis=1), question.top) for step in flows]
        return [*here, _shown(names, flows[-1].sum(axis=0)[: len(names)], question.top)]


def _pick(step: int, nodes: Sequence[str], *, ended: bool) -> dict[str, Any]:
    return {"step": step, "nodes": [*nodes], **({"ended": True} if ended else {})}


def _at_node(one: Node, did: Did) -> dict[str, Any]:
    return {"node": one.name, "did": did}


def _people_of_node(scene: Scene, doings: Doings, question: PathQuestion, pick: PathPick) -> Whole:
    gap_ms = question.gap_minutes * 60_000

    def those(rows: Columns, kinds: Steps, nodes: Code, names: Sequence[str]) -> Whole:
        stays = (kinds > 0) & (nodes >= 0)
        person, at_ms, node = rows.person[stays], rows.at_ms[stays], nodes[stays]
        wanted = node == (names.index(pick.node) if pick.node in names else -1)
        if pick.did != "seen":
            # Whether each row goes on the visit of the one before.
            goes_on = (person[1:] == person[:-1]) & (at_ms[1:] - at_ms[:-1] <= gap_ms)
            if pick.did == "again":
                wanted[1:] &= goes_on & (node[1:] == node[:-1])
                wanted[:1] = False
            else:
                wanted[:-1] &= ~goes_on
        return np.unique(person[wanted])

    _names, parts = _each(scene, doings, question, those)
    return np.unique(np.concatenate([NOBODY, *parts]))


def _codes(names: Sequence[str], place: int, name: str, named: Sequence[Sequence[str]] | None) -> list[int]:
    """The codes of the nodes that are called ``name`` at a place."""
    called = named[place] if named and place < len(named) else names
    return [code for code, one in enumerate(called) if one == name]


def _at(nodes: npt.NDArray[np.int16], place: int, codes: list[int], *, beyond: bool = False) -> npt.NDArray[np.bool_]:
    """Which paths have one of ``codes`` at a place; ``beyond``: what is said of all of them after the last place."""
    if place >= nodes.shape[1]:
        return np.full(len(nodes), beyond)
    return np.isin(nodes[:, place], codes)


def _walks(
    scene: Scene, doings: Doings, question: PathQuestion, kept: Callable[[Followed, Sequence[str]], Kept]
) -> tuple[list[str], list[Kept]]:
    """The names of nodes, and what is kept of the paths of each part, told them."""
    steps, gap_ms, collapse = question.steps, question.gap_minutes * 60_000, question.collapse
    anchored, backwards = (question.start or question.end) is not None, question.end is not None

    def work(rows: Columns, kinds: Steps, nodes: Code, names: Sequence[str]) -> Kept:
        found = paths(
            rows.person, rows.at_ms, kinds, nodes, len(names), steps=steps, gap_ms=gap_ms, collapse=collapse,
            anchored=anchored, backwards=backwards,
        )  # fmt: skip
        return kept(found, names)

    return _each(scene, doings, question, work)


def _each(
    scene: Scene, doings: Doings, question: PathQuestion, work: Callable[[Columns, Steps, Code, Sequence[str]], Kept]
) -> tuple[list[str], list[Kept]]:
    """The names of nodes, and what ``work`` makes of each part: its rows, what they count as, their nodes, told the names."""
    from_ms, to_ms = moments(scene.period, scene)
    anchor = question.start or question.end
    whats = [(What(), from_ms, to_ms), *([(anchor, from_ms, to_ms)] if anchor else [])]
    view, bits = doings.view, doings.bits(whats)
    coded = view.codes(question.node)
    names, table = _named(coded.words, question)
    places = len(names) + 1

    def count(codes: Code, kinds: Steps) -> Whole:
        return np.bincount(table[codes[kinds > 0]] + 1, minlength=places)

    counts = sum(view.each(count, coded.parts, bits), start=np.zeros(places, np.int64))[1:]
    names, nodes = _rarer_together(names, table, counts)

    def of_part(rows: Columns, kinds: Steps, codes: Code) -> Kept:
        return work(rows, kinds, nodes[codes], names)

    return names, view.each(of_part, view.parts, bits, coded.parts)


def _named(words: Sequence[str | None], question: PathQuestion) -> tuple[list[str], Code]:
    """Names of nodes, and the node of each code (negative codes find theirs from the end); -1 for what is passed over."""
    names: dict[str, int] = {}
    nodes = np.full(len(words), -1, np.int32)
    for place, word in enumerate(words):
        if word is None or any(fnmatchcase(word, pattern) for pattern in question.without):
            continue
        label = next(
            (one.label for one in question.groups if any(fnmatchcase(word, two) for two in one.patterns)), word
        )
        nodes[place] = names.setdefault(label, len(names))
    return [*names], nodes


def _rarer_together(names: list[str], nodes: Code, counts: Whole) -> tuple[list[str], Code]:
    """The most frequent nodes, the others as one; those that were never seen are left out."""
    order = np.argsort(-counts, kind="stable")
    kept = [int(one) for one in order[:NODES_MAX] if counts[one]]
    rest = bool(counts[order[NODES_MAX:]].any())
    to = np.full(len(names) + 1, len(kept) if rest else -1, np.int32)
    to[kept], to[-1] = np.arange(len(kept)), -1
    return [names[one] for one in kept] + ([OTHER] if rest else []), to[nodes]


def _flows(walked: _Walked, names: list[str], question: PathQuestion) -> tuple[Flow, ...]:
    """The flow, with the largest nodes at each step told apart and the others put together."""
    count = len(names)
    found: dict[tuple[int, str, str | None], int] = {}
    for step, flows in enumerate(walked.flows):
        here = _shown(names, flows.sum(axis=1), question.top)
        following = _shown(names, flows.sum(axis=0)[:count], question.top)
        for source, target in np.argwhere(flows):
            key = step + 1, here[source], following[target] if target < count else None
            found[key] = found.get(key, 0) + int(flows[source, target])
    ordered = sorted(found.items(), key=lambda one: (one[0][0], -one[1], one[0][1], one[0][2] or ""))
    return tuple(Flow(step, source, target, visits) for (step, source, target), visits in ordered)


def _shown(names: list[str], counts: Whole, top: int) -> list[str]:
    """The name under which each node is shown at a step."""
    largest = set(np.argsort(-counts, kind="stable")[:top].tolist())
    return [name if place in largest else OTHER for place, name in enumerate(names)]


def _numbered(nodes: npt.NDArray[np.int16], names: int) -> npt.NDArray[np.uint64]:
    """Each path as one number; names and steps are bounded so that a whole path fits into one exactly."""
    numbers = np.zeros(len(nodes), np.uint64)
    for step in range(nodes.shape[1]):
        numbers = numbers * np.uint64(names + 1) + (nodes[:, step] + 1).astype(np.uint64)
    return numbers


def _sequences(walked: _Walked, names: list[str], question: PathQuestion) -> tuple[Route, ...]:
    top = np.argsort(-walked.way_visits, kind="stable")[:SEQUENCES_MAX]
    routes = []
    for one in top:
        number, nodes = int(walked.ways[one]), list[int]()
        for _step in range(question.steps):
            number, node = divmod(number, len(names) + 1)
            nodes.append(node - 1)
        path = tuple(names[node] for node in reversed(nodes) if node >= 0)
        routes.append(Route(path, int(walked.way_visits[one]), int(walked.way_people[one])))
    return tuple(routes)


def _nodes(walked: _Walked, names: list[str]) -> tuple[Node, ...]:
    order = np.argsort(-walked.seen, kind="stable")
    counts = walked.seen, walked.loops, walked.ends
    return tuple(Node(names[one], *(int(count[one]) for count in counts)) for one in order if walked.seen[one])
