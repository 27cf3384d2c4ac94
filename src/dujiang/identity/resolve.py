"""Who is who: identifiers that facts state together become persons, under rules that keep strangers apart.

The decision depends on what is known and not on the order in which it came. Strong links are taken in one total order and
joined as in Kruskal's algorithm, unless the person would exceed a limit; then devices follow the people who use them. Why it
is done so: ``docs/concepts/identity.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dujiang.identity.demotion import Line, join_giving_way
from dujiang.identity.devices import Placed, place_devices
from dujiang.identity.eras import Eras
from dujiang.identity.kernels import connected, counterparts
from dujiang.identity.model import (
    ALONE,
    BARRED,
    BARRED_ROLE,
    BY_HAND,
    DISTRUSTED,
    NO_LIMIT,
    NOT_JOINING,
    OWNER,
    PLAIN_REASONS,
    RECYCLED,
    SAME_RECORD,
    SEPARATED,
    SHARED,
    SHARED_DEVICE,
    SHARED_IDENTIFIER,
    Decision,
    Flags,
    Graph,
    Imposed,
    Indexes,
    Ints,
    Rules,
    Span,
)
from dujiang.identity.owners import Tenure, tenures

_CODE = {reason: code for code, reason in enumerate(PLAIN_REASONS)}


def shared_identifiers(graph: Graph, rules: Rules) -> Flags:
    """Which identifiers were seen with too many others to mean anybody: a shop's phone, a card that staff lend out.

    It depends on nothing but an identifier's own trusted links, of which ``graph`` has to hold all.
    """
    stated = graph.trusted & (graph.facts > 0)
    return nobodys(graph.type, graph.a[stated], graph.b[stated], rules)


def nobodys(types: Indexes, a: Indexes, b: Indexes, rules: Rules) -> Flags:
    """Which identifiers belong to nobody, because they were seen with too many others.

    That is more than ``shared_above`` of an exclusive type, more than ``crowd_above`` of a weaker type, or more than
    ``junk_above`` of any type that names people.

    Args:
        types: type code of each identifier.
        a: one end of each trusted link (place of an identifier); all links of the identifiers asked for have to be there.
        b: the other end.
        rules: rules of all types.
    """
    counts = counterparts(types, a, b, rules.strong)
    shared: Flags = np.asarray((counts > rules.junk_above[types][:, None]).any(axis=1), np.bool_)
    for counted in range(len(rules.names)):
        shared |= rules.exclusive[types, counted] & (counts[:, counted] > rules.shared_above[types])
        stronger = (rules.strong & (rules.priority < rules.priority[counted]))[types]
        shared |= stronger & (counts[:, counted] > rules.crowd_above[counted])
    return shared


def resolve(graph: Graph, rules: Rules, shared: Flags, imposed: Imposed | None = None) -> Decision:
    """Decide about every identifier and link of ``graph``.

    Args:
        graph: identifiers with all their links; of shared ones some links may be missing.
        rules: rules of all types in ``graph``.
        shared: which identifiers are shared (:func:`shared_identifiers`) and were not given to anybody by hand.
        imposed: what was decided by hand; it wins over the rules.
    """
    imposed = imposed or Imposed.nothing(graph)
    eras = Eras.of(graph, rules, shared, imposed)
    if eras is None:
        return _resolve(graph, rules, shared, imposed)
    return eras.folded(_resolve(eras.graph, rules, eras.shared, eras.imposed))


def _resolve(graph: Graph, rules: Rules, shared: Flags, imposed: Imposed) -> Decision:
    links = _sorted(graph, rules, shared, imposed)
    strong = _join_strong(graph, rules, links, imposed)
    owners = tenures(graph, rules, links.strong, strong.refused, strong.group, strong.room)
    ends = _groups_at_ends(graph, strong.group, owners)
    placed, kept_off = _place(graph, links, strong, ends, imposed)
    person = _numbers(graph, rules, placed.group)
    roles = _roles(placed, shared, imposed)
    spans = (
        Span(one.index, int(person[each.group]), each.from_at, each.to_at, int(roles[one.index]))
        for one in owners
        for each in one.owners
    )
    joined, reason, link_group = _judged(graph, rules, links, strong, placed, ends, kept_off)
    return Decision(person, roles, tuple(spans), joined, reason, person[link_group])


@dataclass(frozen=True)
class _Links:
    """Places of links by what they may join; ``strong`` in the order in which they are believed.

    ``machine`` says which identifiers are placed as devices: of a device's type, and not given to a person by hand.
    """

    by_hand: Ints
    strong: Ints
    to_device: Ints
    devices: Ints
    machine: Flags
    shared: Flags
    barred: Flags
    barred_by_hand: Flags
    untrusted: Flags


def _sorted(graph: Graph, rules: Rules, shared: Flags, imposed: Imposed) -> _Links:
    one, other = graph.type[graph.a], graph.type[graph.b]
    machine = _machines(graph, rules, imposed)
    by_hand = imposed.barred[graph.a] | imposed.barred[graph.b]
    told = imposed.together & ~by_hand
    barred = ~(rules.joins[one] & rules.joins[other]) & ~told & ~by_hand
    lent = (shared[graph.a] | shared[graph.b]) & ~barred & ~told & ~by_hand
    untrusted = ~(graph.trusted | barred | lent | told | by_hand)
    a_is, b_is = machine[graph.a], machine[graph.b]
    believed = ~(barred | lent | by_hand | untrusted)
    strong = np.flatnonzero(believed & ~told & ~(rules.device[one] | rules.device[other]))
    keys = (graph.b, graph.a, graph.first_at, -graph.facts, strength(graph, rules))
    order = np.lexsort([key[strong] for key in keys])
    return _Links(
        by_hand=imposed.by_time[told[imposed.by_time]],
        strong=strong[order],
        to_device=np.flatnonzero(believed & (a_is != b_is)),
        devices=np.flatnonzero(believed & a_is & b_is),
        machine=machine,
        shared=lent,
        barred=barred,
        barred_by_hand=by_hand,
        untrusted=untrusted,
    )


def _machines(graph: Graph, rules: Rules, imposed: Imposed) -> Flags:
    """Identifiers of a device's type, without those that decisions by hand tie to somebody's strong identifier."""
    device = rules.device[graph.type]
    if not imposed.together.any():
        return device
    told = np.flatnonzero(imposed.together & ~(imposed.barred[graph.a] | imposed.barred[graph.b]))
    told = told[device[graph.a[told]] | device[graph.b[told]]]
    group = connected(len(device), graph.a[told], graph.b[told])
    tied = np.zeros(len(device), np.bool_)
    tied[group[~device]] = True
    return device & ~tied[group]


def strength(graph: Graph, rules: Rules) -> Ints:
    """How much each link is believed by its types: the smaller, the more.

    A child and its parent come first; otherwise the sum of the two priorities decides.
    """
    one, other = graph.type[graph.a], graph.type[graph.b]
    return np.where(rules.parent[one, other], 0, rules.priority[one] + rules.priority[other])


@dataclass(frozen=True)
class _Strong:
    """Groups of strong identifiers and of what was joined by hand.

    Of each strong link ``refused`` is the code of the type whose limit refused it, or -1, and ``apart`` says that it was
    refused to keep a pair apart. ``late`` marks identifiers that gave way.
    """

    group: Indexes
    refused: Indexes
    apart: Flags
    counts: npt.NDArray[np.uint8]
    column: Indexes
    limits: Ints
    imposed: Imposed
    late: Flags

    def room(self, index: int, group: int) -> int:
        """How many more identifiers of the type of the one at ``index`` a group may have."""
        if self.is_kept_off(index, group):
            return 0
        column = self.column[index]
        return NO_LIMIT if column < 0 else int(self.limits[column]) - int(self.counts[group, column])

    def is_kept_off(self, index: int, group: int) -> bool:
        """Whether somebody separated an identifier from one of a group."""
        a, b = self.imposed.apart_a, self.imposed.apart_b
        return bool(((a == index) & (self.group[b] == group)).any() or ((b == index) & (self.group[a] == group)).any())


def _join_strong(graph: Graph, rules: Rules, links: _Links, imposed: Imposed) -> _Strong:
    limited = np.flatnonzero((rules.limit < NO_LIMIT) & ~rules.device & rules.joins)
    column_of_type = np.full(len(rules.names), -1, np.int32)
    column_of_type[limited] = np.arange(len(limited))
    column, limits = column_of_type[graph.type], rules.limit[limited]
    if graph.ended is not None:
        column = np.where(graph.ended, -1, column).astype(np.int32)
    # What would be shared is given to somebody first; whole persons are joined after the rules have made them.
    given = _gives(graph, rules, links.by_hand)
    line = Line.of(graph.a, graph.b, links.by_hand[given], links.strong, links.by_hand[~given])
    pairs = (imposed.apart_a, imposed.apart_b)
    found, late = join_giving_way(
        len(graph.node), line, column, limits, rules.demotes[limited], pairs, imposed.exempt(graph)
    )
    strong = slice(int(given.sum()), int(given.sum()) + len(links.strong))
    refused = np.append(limited, -1).astype(np.int32)[found.refused[strong]]
    return _Strong(found.group, refused, found.apart[strong], found.counts, column, limits, imposed, late)


def _gives(graph: Graph, rules: Rules, by_hand: Ints) -> Flags:
    """Which of the links made by hand give an identifier to somebody that would be nobody's by the rules."""
    if not len(by_hand):
        return np.zeros(0, np.bool_)
    nobodys = shared_identifiers(graph, rules)
    return nobodys[graph.a[by_hand]] | nobodys[graph.b[by_hand]]


def _groups_at_ends(graph: Graph, group: Indexes, owners: list[Tenure]) -> tuple[Indexes, Indexes]:
    """Of each link the groups of its ends; of a number that changed hands, the group it belonged to at the time."""
    at_a, at_b = group[graph.a], group[graph.b]
    changing = {one.index: one for one in owners}
    for at, ends in ((at_a, graph.a), (at_b, graph.b)) if changing else ():
        for link in np.flatnonzero(np.isin(ends, list(changing))).tolist():
            at[link] = changing[int(ends[link])].group_at(int(graph.first_at[link]))
    return at_a, at_b


def _place(
    graph: Graph, links: _Links, strong: _Strong, ends: tuple[Indexes, Indexes], imposed: Imposed
) -> tuple[Placed, Flags]:
    """Where devices go, and which links were left out of account to keep a pair apart.

    A device that somebody separated from anything is looked at alone. Devices joined by hand are looked at as one.
    """
    guarded = np.zeros(len(graph.node), np.bool_)
    guarded[strong.group[imposed.apart_a]] = guarded[strong.group[imposed.apart_b]] = True
    mixed, pairs = links.to_device, links.devices
    device = np.where(links.machine[graph.a[mixed]], graph.a[mixed], graph.b[mixed])
    user = np.where(links.machine[graph.a[mixed]], ends[1][mixed], ends[0][mixed])
    device, a, b = strong.group[device], strong.group[graph.a[pairs]], strong.group[graph.b[pairs]]
    off = _kept_off(device, user, guarded, strong)
    single = (guarded[a] | guarded[b]) & (a != b)
    placed = place_devices(strong.group, links.machine, device[~off], user[~off], a[~single], b[~single])
    kept_off = np.zeros(len(graph.a), np.bool_)
    kept_off[mixed[off]] = kept_off[pairs[single]] = True
    for alone in _both_in_one(placed.group, links.machine, strong, imposed):
        placed.group[strong.group == alone] = alone
        kept_off[mixed[device == alone]] = True
    return placed, kept_off


def _kept_off(device: Indexes, user: Indexes, guarded: Flags, strong: _Strong) -> Flags:
    """Which links between device and user join two groups that hold a separated pair."""
    off = np.zeros(len(device), np.bool_)
    a, b = strong.group[strong.imposed.apart_a], strong.group[strong.imposed.apart_b]
    apart = set(zip(a.tolist(), b.tolist(), strict=True)) | set(zip(b.tolist(), a.tolist(), strict=True))
    for place in np.flatnonzero(guarded[device] & guarded[user]).tolist():
        off[place] = (int(device[place]), int(user[place])) in apart
    return off


def _both_in_one(group: Indexes, machine: Flags, strong: _Strong, imposed: Imposed) -> list[int]:
    """Of two devices that somebody separated and that still went to one person, the later: it has to stand alone."""
    a, b = imposed.apart_a, imposed.apart_b
    met = machine[a] & machine[b] & (group[a] == group[b])
    return np.maximum(strong.group[a], strong.group[b])[met].tolist()


def _numbers(graph: Graph, rules: Rules, group: Indexes) -> Ints:
    """Of each identifier its person's number: the node that was seen first in the group, of several the strongest."""
    youngest_first = np.lexsort((graph.node, rules.priority[graph.type], graph.first_seq))[::-1]
    oldest = np.zeros(len(group), np.int64)
    oldest[group[youngest_first]] = graph.node[youngest_first]  # the last one written stays: the oldest
    return oldest[group]


def _roles(placed: Placed, shared: Flags, imposed: Imposed) -> npt.NDArray[np.uint8]:
    members = np.bincount(placed.group, minlength=len(placed.group))[placed.group]
    roles = np.where(placed.shared | shared, SHARED, np.where(members > 1, OWNER, ALONE))
    return np.where(imposed.barred, BARRED_ROLE, roles).astype(np.uint8)


def _judged(
    graph: Graph,
    rules: Rules,
    links: _Links,
    strong: _Strong,
    placed: Placed,
    ends: tuple[Indexes, Indexes],
    kept_off: Flags,
) -> tuple[Flags, npt.NDArray[np.int16], Indexes]:
    """Of each link whether it joins, the code of the reason, and the group it belongs to."""
    one, other = graph.type[graph.a], graph.type[graph.b]
    at_a = np.where(links.machine[graph.a], placed.group[graph.a], ends[0])
    at_b = np.where(links.machine[graph.b], placed.group[graph.b], ends[1])
    joined = (at_a == at_b) & ~(links.barred | links.barred_by_hand | links.shared | links.untrusted)
    limited = np.full(len(joined), -1, np.int32)
    limited[links.strong] = strong.refused
    apart = kept_off
    apart[links.strong] = strong.apart
    apart[links.by_hand] = True
    in_turn = (limited >= 0) & (strong.group[graph.a] != strong.group[graph.b])
    reason = np.where(joined, np.where(in_turn, _CODE[RECYCLED], _CODE[SAME_RECORD]), _CODE[SHARED_DEVICE])
    reason = np.where(~joined & (limited >= 0), rules.over_limit(limited), reason)
    outranked = (strong.late[graph.a] & (one == limited)) | (strong.late[graph.b] & (other == limited))
    reason = np.where(~joined & outranked, rules.gave_way(limited), reason)
    reason[~joined & apart] = _CODE[SEPARATED]
    reason[links.by_hand] = np.where(joined[links.by_hand], _CODE[BY_HAND], _CODE[SEPARATED])
    reason[links.untrusted] = _CODE[DISTRUSTED]
    reason[links.shared] = _CODE[SHARED_IDENTIFIER]
    reason[links.barred] = _CODE[NOT_JOINING]
    reason[links.barred_by_hand] = _CODE[BARRED]
    stronger = np.where(rules.priority[one] <= rules.priority[other], at_a, at_b)
    return joined, reason.astype(np.int16), stronger
