"""The identifiers of a person as a picture and as a table, and where the person can be taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p
from typing import Final

from dujiang.console.charts.ring import NARROW, WIDE, Ring, Spot, draw
from dujiang.console.components import Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views.people import ROLES, type_label
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.identity.parting import Seam
from dujiang.people.identity_graph import GraphEdge, GraphNode, IdentityGraph

_ACCOUNT, _CONTACT, _PLATFORM, _DEVICE, _PLACE, _PERSON = range(1, 7)
FAMILIES: Final = {
    _ACCOUNT: _("Accounts and cards"),
    _CONTACT: _("Phone and email"),
    _PLATFORM: _("Platform ids"),
    _DEVICE: _("Devices and cookies"),
    _PLACE: _("Addresses"),
    _PERSON: _("Other people"),
}
_THIN, _THICK = 1.2, 3.4


@dataclass(frozen=True)
class NodeView:
    """A node with its place: ``mark`` is the letter in its circle, ``series`` the colour."""

    spot: Spot
    mark: str
    series: int
    name: str
    detail: str
    say: str
    href: str
    is_person: bool


@dataclass(frozen=True)
class EdgeView:
    """An edge with its path; ``say`` is the decision in a sentence."""

    path: str
    joined: bool
    width: float
    say: str


@dataclass(frozen=True)
class PictureView:
    """A drawing of one size."""

    width: int
    height: int
    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]


@dataclass(frozen=True)
class SeamView:
    """A place where the person can be taken apart."""

    sentence: str
    href: str


@dataclass(frozen=True)
class GraphView:
    """Both drawings, what they leave out, their legend, and the seams."""

    wide: PictureView
    narrow: PictureView
    left_out: str
    legend: tuple[tuple[int, str], ...]
    refused: bool
    seams: tuple[SeamView, ...]


def view(visit: Visit, found: IdentityGraph, seams: Sequence[Seam]) -> GraphView | None:
    """The picture; None for somebody with a single identifier and no links."""
    if len(found.nodes) < 2:
        return None
    families = sorted({_family(visit, one) for one in found.nodes})
    pairs = [(one.a, one.b) for one in found.edges]
    keys = [one.node for one in found.nodes]
    wide, narrow = (_picture(visit, found, draw(keys, pairs, box)) for box in (WIDE, NARROW))
    return GraphView(
        wide,
        narrow,
        _left_out(visit, found),
        tuple((one, visit.text(FAMILIES[one])) for one in families),
        any(not one.evidence.joined for one in found.edges),
        tuple(_seam(visit, found, one) for one in seams),
    )


def sheet(visit: Visit, found: IdentityGraph) -> Sheet:
    """The same links as a table."""
    columns = (
        Column("one", visit.text(_("Identifier"))),
        Column("other", visit.text(_("Linked with"))),
        Column("decision", visit.text(_("Decision")), "tag"),
        Column("why", visit.text(_("Reason"))),
        Column("facts", visit.text(_("Records")), "count"),
        Column("last", visit.text(_("Last seen")), "day"),
    )
    nodes = {one.node: one for one in found.nodes}
    rows = [
        (
            _name(visit, nodes[one.a]),
            _name(visit, nodes[one.b]),
            Tag(visit.text(_("joined")), "good") if one.evidence.joined else Tag(visit.text(_("kept apart")), "warn"),
            _say(visit, one),
            one.evidence.facts,
            one.evidence.last,
        )
        for one in found.edges
    ]
    return Sheet("identity-graph", columns, rows, caption=visit.text(_("Identity graph")))


def _picture(visit: Visit, found: IdentityGraph, ring: Ring) -> PictureView:
    nodes = {one.node: one for one in found.nodes}
    edges = [found.edges[arc.index] for arc in ring.arcs]
    most = max((one.evidence.facts for one in edges), default=0)
    return PictureView(
        ring.width,
        ring.height,
        tuple(_node(visit, nodes[spot.key], spot) for spot in ring.spots),
        tuple(
            EdgeView(arc.path, edge.evidence.joined, _width(edge.evidence.facts, most), _say(visit, edge))
            for arc, edge in zip(ring.arcs, edges, strict=True)
        ),
    )


def _width(facts: int, most: int) -> float:
    return _THIN + (_THICK - _THIN) * (log1p(facts) / log1p(most) if most else 0.0)


def _node(visit: Visit, one: GraphNode, spot: Spot) -> NodeView:
    name, detail = _name(visit, one), _detail(visit, one)
    return NodeView(
        spot=spot,
        mark=_type(visit, one)[:1] if one.type else "",
        series=_family(visit, one),
        name=name,
        detail=detail,
        say=f"{name} · {detail}",
        href=f"/people/{person_id(one.node)}" if one.known else "",
        is_person=one.kind == "person",
    )


def _type(visit: Visit, one: GraphNode) -> str:
    return type_label(visit, one.type).partition(" (")[0]


def _name(visit: Visit, one: GraphNode) -> str:
    if one.type:
        return f"{_type(visit, one)} {one.shown}"
    return visit.text(_("Person {id}"), id=person_id(one.node))


def _detail(visit: Visit, one: GraphNode) -> str:
    told = []
    if one.role in ROLES and (one.role != "owner" or one.kind == "person"):
        told.append(visit.text(ROLES[one.role][0]) if one.kind == "identifier" else visit.text(_OTHERS[one.role]))
    if one.identifiers > 1:
        told.append(visit.text(_("{n} identifiers"), n=visit.show(one.identifiers, "count")))
    told.append(visit.text(_("records: {n}"), n=visit.show(one.facts, "count")))
    if one.last is not None:
        told.append(one.last.isoformat())
    return " · ".join(told)


_OTHERS: Final = {
    "owner": _("belongs to somebody else"),
    "shared": _("shared by several"),
    "alone": _("stands alone"),
    "barred": _("joins nobody, by hand"),
}


def _family(visit: Visit, one: GraphNode) -> int:
    if not one.type:
        return _PERSON
    spec = visit.workspace.identifier_types.get(one.type)
    if spec.kind == "device":
        return _DEVICE
    if spec.normalise == "address":
        return _PLACE
    if spec.normalise in ("mobile", "email"):
        return _CONTACT
    return _PLATFORM if spec.scope or spec.parent else _ACCOUNT


def _say(visit: Visit, edge: GraphEdge) -> str:
    return edge.evidence.text(visit.workspace.identifier_types, visit.locale)


def _left_out(visit: Visit, found: IdentityGraph) -> str:
    if not (found.identifiers_left_out or found.people_left_out or found.links_left_out):
        return ""
    sentence = _("Not drawn: {identifiers} identifiers, {people} other people and {links} links with fewer records.")
    counts = {
        "identifiers": found.identifiers_left_out, "people": found.people_left_out, "links": found.links_left_out,
    }  # fmt: skip
    return visit.text(sentence, **{name: visit.show(many, "count") for name, many in counts.items()})


def _seam(visit: Visit, found: IdentityGraph, one: Seam) -> SeamView:
    nodes = {node.node: node for node in found.nodes}
    told = [_name(visit, nodes[node]) for node in one.part if node in nodes][:4]
    more = len(one.part) - len(told)
    named = (", " if visit.locale == "en" else "、").join(told)
    if more:
        named = visit.text(_("{named} and {n} more"), named=named, n=visit.show(more, "count")) if named else str(more)
    if one.decision:
        sentence = visit.text(_("{named}: joined by hand."), named=named)
    else:
        told_facts = visit.show(one.facts, "count")
        sentence = visit.text(_("{named}: held by one link alone ({n} records)."), named=named, n=told_facts)
    person, a, b = person_id(found.person), person_id(one.a), person_id(one.b)
    if one.decision:
        leaving = a if one.a in one.part else b
        return SeamView(sentence, f"/identity/decide?kind=unmerge&a={leaving}&person={person}")
    return SeamView(sentence, f"/identity/decide?kind=separate&a={a}&b={b}&person={person}")
