"""Who is who: identifiers that facts state together become persons, under rules that keep strangers apart.

The decision depends on what is known and not on the order in which it came. Strong links are taken in one total order and
joined as in Kruskal's algorithm, unless the person would exceed a limit; then devices follow the people who use them. Why it
is done so: ``docs/concepts/identity.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dujiang.identity.devices import Placed, place_devices
from dujiang.identity.kernels import join_in_order, most_counterparts
from dujiang.identity.model import (
    ALONE,
    NO_LIMIT,
    NOT_JOINING,
    OWNER,
    PLAIN_REASONS,
    RECYCLED,
    SAME_RECORD,
    SHARED,
    SHARED_DEVICE,
    SHARED_IDENTIFIER,
    Decision,
    Flags,
    Graph,
    Indexes,
    Ints,
    Rules,
    Span,
)
from dujiang.identity.owners import Tenure, tenures

_CODE = {reason: code for code, reason in enumerate(PLAIN_REASONS)}


def shared_identifiers(graph: Graph, rules: Rules) -> Flags:
    """Which identifiers were seen with too many others to mean anybody: a shop's phone, a card that staff lend out.

    It depends on nothing but an identifier's own links, of which ``graph`` has to hold all.
    """
    most = most_counterparts(graph.type, graph.a, graph.b, rules.exclusive)
    return most > rules.shared_above[graph.type]


def resolve(graph: Graph, rules: Rules, shared: Flags) -> Decision:
    """Decide about every identifier and link of ``graph``.

    Args:
        graph: identifiers with all their links; of shared ones some links may be missing.
        rules: rules of all types in ``graph``.
        shared: which identifiers are shared (:func:`shared_identifiers`).
    """
    links = _sorted(graph, rules, shared)
    strong = _join_strong(graph, rules, links.strong)
    owners = tenures(graph, rules, links.strong, strong.refused, strong.group, strong.room)
    ends = _groups_at_ends(graph, strong.group, owners)
    placed = _place(graph, rules, links, strong.group, ends)
    person = _numbers(graph, rules, placed.group)
    spans = (
        Span(one.index, int(person[each.group]), each.from_at, each.to_at) for one in owners for each in one.owners
    )
    joined, reason, link_group = _judged(graph, rules, links, strong, placed, ends)
    return Decision(person, _roles(placed, shared), tuple(spans), joined, reason, person[link_group])


@dataclass(frozen=True)
class _Links:
    """Places of links by what they may join; ``strong`` in the order in which they are believed."""

    strong: Ints
    to_device: Ints
    devices: Ints
    shared: Flags
    barred: Flags


def _sorted(graph: Graph, rules: Rules, shared: Flags) -> _Links:
    one, other = graph.type[graph.a], graph.type[graph.b]
    barred = ~(rules.joins[one] & rules.joins[other])
    lent = ~barred & (shared[graph.a] | shared[graph.b])
    devices = np.where(barred | lent, -1, rules.device[one].astype(np.int8) + rules.device[other])
    strong = np.flatnonzero(devices == 0)
    keys = (graph.b, graph.a, graph.first_at, -graph.facts, strength(graph, rules))
    order = np.lexsort([key[strong] for key in keys])
    return _Links(strong[order], np.flatnonzero(devices == 1), np.flatnonzero(devices == 2), lent, barred)


def strength(graph: Graph, rules: Rules) -> Ints:
    """How much each link is believed by its types: the smaller, the more.

    A child and its parent come first; otherwise the sum of the two priorities decides.
    """
    one, other = graph.type[graph.a], graph.type[graph.b]
    return np.where(rules.parent[one, other], 0, rules.priority[one] + rules.priority[other])


@dataclass(frozen=True)
class _Strong:
    """Groups of strong identifiers, and of each strong link the code of the type whose limit refused it, or -1."""

    group: Indexes
    refused: Indexes
    counts: npt.NDArray[np.uint8]
    column: Indexes
    limits: Ints

    def room(self, index: int, group: int) -> int:
        """How many more identifiers of the type of the one at ``index`` a group may have."""
        column = self.column[index]
        return NO_LIMIT if column < 0 else int(self.limits[column]) - int(self.counts[group, column])


def _join_strong(graph: Graph, rules: Rules, links: Ints) -> _Strong:
    limited = np.flatnonzero((rules.limit < NO_LIMIT) & ~rules.device & rules.joins)
    column_of_type = np.full(len(rules.names), -1, np.int32)
    column_of_type[limited] = np.arange(len(limited))
    column, limits = column_of_type[graph.type], rules.limit[limited]
    group, refused, counts = join_in_order(len(graph.node), graph.a[links], graph.b[links], column, limits)
    return _Strong(group, np.append(limited, -1).astype(np.int32)[refused], counts, column, limits)


def _groups_at_ends(graph: Graph, group: Indexes, owners: list[Tenure]) -> tuple[Indexes, Indexes]:
    """Of each link the groups of its ends; of a number that changed hands, the group it belonged to at the time."""
    at_a, at_b = group[graph.a], group[graph.b]
    changing = {one.index: one for one in owners}
    for at, ends in ((at_a, graph.a), (at_b, graph.b)) if changing else ():
        for link in np.flatnonzero(np.isin(ends, list(changing))).tolist():
            at[link] = changing[int(ends[link])].group_at(int(graph.first_at[link]))
    return at_a, at_b


def _place(graph: Graph, rules: Rules, links: _Links, group: Indexes, ends: tuple[Indexes, Indexes]) -> Placed:
    mixed = links.to_device
    a_is_device = rules.device[graph.type[graph.a[mixed]]]
    device = np.where(a_is_device, graph.a[mixed], graph.b[mixed])
    user = np.where(a_is_device, ends[1][mixed], ends[0][mixed])
    return place_devices(group, device, user, graph.a[links.devices], graph.b[links.devices])


def _numbers(graph: Graph, rules: Rules, group: Indexes) -> Ints:
    """Of each identifier its person's number: the node that was seen first in the group, of several the strongest."""
    youngest_first = np.lexsort((graph.node, rules.priority[graph.type], graph.first_seq))[::-1]
    oldest = np.zeros(len(group), np.int64)
    oldest[group[youngest_first]] = graph.node[youngest_first]  # the last one written stays: the oldest
    return oldest[group]


def _roles(placed: Placed, shared: Flags) -> npt.NDArray[np.uint8]:
    members = np.bincount(placed.group, minlength=len(placed.group))[placed.group]
    return np.where(placed.shared | shared, SHARED, np.where(members > 1, OWNER, ALONE)).astype(np.uint8)


def _judged(
    graph: Graph, rules: Rules, links: _Links, strong: _Strong, placed: Placed, ends: tuple[Indexes, Indexes]
) -> tuple[Flags, npt.NDArray[np.int16], Indexes]:
    """Of each link whether it joins, the code of the reason, and the group it belongs to."""
    one, other = graph.type[graph.a], graph.type[graph.b]
    at_a = np.where(rules.device[one], placed.group[graph.a], ends[0])
    at_b = np.where(rules.device[other], placed.group[graph.b], ends[1])
    joined = (at_a == at_b) & ~links.barred & ~links.shared
    limited = np.full(len(joined), -1, np.int32)
    limited[links.strong] = strong.refused
    reason = np.where(joined, np.where(limited >= 0, _CODE[RECYCLED], _CODE[SAME_RECORD]), _CODE[SHARED_DEVICE])
    reason = np.where(~joined & (limited >= 0), len(PLAIN_REASONS) + limited, reason)
    reason[links.shared] = _CODE[SHARED_IDENTIFIER]
    reason[links.barred] = _CODE[NOT_JOINING]
    stronger = np.where(rules.priority[one] <= rules.priority[other], at_a, at_b)
    return joined, reason.astype(np.int16), stronger
