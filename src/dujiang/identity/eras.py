"""Identifiers that were unbound or expired: what was seen with one before need not be who is seen with it afterwards.

Each such moment ends an era of the identifier and begins another. In the graph the identifier is taken apart into one copy for
each era, people are decided about as if these were different identifiers, and afterwards the copies are folded back into
one identifier with an owner for each time. Limits count an identifier only while it is bound: in its last era.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dujiang.foundation.ids import hash64
from dujiang.identity.model import (
    PLAIN_REASONS,
    RECYCLED,
    SAME_RECORD,
    UNBOUND,
    Decision,
    Flags,
    Graph,
    Imposed,
    Ints,
    Rules,
    Span,
)
from dujiang.identity.sets import distinct

_NEVER_FIRST: Final = (1 << 63) - 1
"""Place in the archive of a copy that gives no person its number: the identifier itself does, where it was seen first."""
_UNBOUND: Final = PLAIN_REASONS.index(UNBOUND)
_BOUND: Final = (PLAIN_REASONS.index(SAME_RECORD), PLAIN_REASONS.index(RECYCLED))

Pair = tuple[int, int]


@dataclass(frozen=True)
class _Timeline:
    """One identifier that was unbound at ``moments``: the place of its copy in each era, and the era it was seen first in."""

    moments: tuple[int, ...]
    copies: tuple[int, ...]
    home: int

    def era(self, moment: int) -> int:
        return bisect_right(self.moments, moment)

    def start(self, era: int) -> int | None:
        return self.moments[era - 1] if era else None

    def end(self, era: int) -> int | None:
        return self.moments[era] if era < len(self.moments) else None


@dataclass(frozen=True)
class _Copy:
    """A link between two copies, and from when to when it was seen there."""

    link: int
    a: int
    b: int
    first_at: int
    last_at: int
    together: bool


@dataclass(frozen=True)
class Eras:
    """A graph in which identifiers that were unbound are taken apart.

    Attributes:
        graph: the graph with the copies; the first places are those of the identifiers themselves.
        shared: of each of its places whether it is shared.
        imposed: what decisions by hand demand of it.
    """

    graph: Graph
    shared: Flags
    imposed: Imposed
    _whole: Graph
    _timelines: dict[int, _Timeline]
    _untouched: Ints
    _kin: frozenset[int]
    _copies: tuple[_Copy, ...]

    @classmethod
    def of(cls, graph: Graph, rules: Rules, shared: Flags, imposed: Imposed) -> Eras | None:
        """Take apart what was unbound; None where nothing was.

        An identifier of nobody has no eras. With a parent its children are unbound. A link stands in the era of its first
        fact and in that of its last; one between a child and its parent also in those that the parent began since; one made
        by hand in every era that began before it was decided.
        """
        closed = shared | imposed.barred
        if not len(graph.unbound) and not _expired(graph, rules):
            return None
        kin = _kin(graph, rules, closed)
        timelines = _timelines(graph, rules, closed, kin)
        if not timelines:
            return None
        apart = np.zeros(len(graph.node), np.bool_)
        apart[list(timelines)] = True
        concerned = apart[graph.a] | apart[graph.b]
        untouched = np.flatnonzero(~concerned)
        decided_at = dict(zip(imposed.by_time.tolist(), imposed.decided_at.tolist(), strict=True))
        copies = tuple(_copies(graph, timelines, np.flatnonzero(concerned), frozenset(kin), decided_at))
        origin = _origin(len(graph.node), timelines)
        return cls(
            _taken_apart(graph, timelines, origin, untouched, copies),
            shared[origin],
            _imposed(imposed, timelines, origin, untouched, copies),
            graph,
            timelines,
            untouched,
            frozenset(kin),
            copies,
        )

    def folded(self, decision: Decision) -> Decision:
        """What was decided about the copies, in words of the identifiers."""
        size, links = len(self._whole.node), len(self._whole.a)
        owners = self._owners(decision)
        spans = [span for span in decision.spans if span.index < size and span.index not in self._timelines]
        spans += [span for place, found in owners.items() for span in found if found != [_plain(place, decision)]]
        joined = np.zeros(links, np.bool_)
        reason, person = np.zeros(links, np.int16), np.zeros(links, np.int64)
        kept = len(self._untouched)
        joined[self._untouched], reason[self._untouched] = decision.joined[:kept], decision.reason[:kept]
        person[self._untouched] = decision.link_person[:kept]
        for link, at in self._telling(decision.joined).items():
            joined[link], reason[link], person[link] = (
                decision.joined[at],
                decision.reason[at],
                decision.link_person[at],
            )
            if joined[link] and reason[link] in _BOUND and self._is_over(link, int(person[link]), owners):
                reason[link] = _UNBOUND
        return Decision(decision.person[:size], decision.role[:size], tuple(spans), joined, reason, person)

    def _owners(self, decision: Decision) -> dict[int, list[Span]]:
        """Of each identifier that was unbound its owners in order of time."""
        alive = self._alive(decision)
        in_turn: dict[int, list[Span]] = {}
        for span in decision.spans:
            in_turn.setdefault(span.index, []).append(span)
        return {
            place: _joined_up(_spans(place, timeline, decision, in_turn, alive))
            for place, timeline in self._timelines.items()
        }

    def _alive(self, decision: Decision) -> set[int]:
        """Persons of whom an identifier was seen: not those made of nothing but eras in which nothing was seen."""
        seen = np.ones(len(self.graph.node), np.bool_)
        seen[len(self._whole.node) :] = False
        for place, timeline in self._timelines.items():
            seen[timeline.copies[timeline.era(int(self._whole.seen_to[place]))]] = True
        return set(distinct(decision.person[seen]).tolist())

    def _telling(self, joined: Flags) -> dict[int, int]:
        """Of each link that has copies the place of the one that speaks for it: the last that joins, otherwise the last."""
        telling: dict[int, int] = {}
        for at, copy in enumerate(self._copies, len(self._untouched)):
            if joined[at] or copy.link not in telling or not joined[telling[copy.link]]:
                telling[copy.link] = at
        return telling

    def _is_over(self, link: int, person: int, owners: dict[int, list[Span]]) -> bool:
        """Whether ``person`` lost an end of the link after it was seen last."""
        last_at, ends = int(self._whole.last_at[link]), (int(self._whole.a[link]), int(self._whole.b[link]))
        spans = (span for end in ends for span in owners.get(end, ()) if span.person == person)
        return link not in self._kin and any(span.to_at is not None and span.to_at > last_at for span in spans)


def _kin(graph: Graph, rules: Rules, closed: Flags) -> list[int]:
    """Links between a child and its parent that are believed."""
    usable = graph.trusted & (graph.facts > 0) & ~(closed[graph.a] | closed[graph.b])
    return np.flatnonzero(usable & rules.parent[graph.type[graph.a], graph.type[graph.b]]).tolist()


def _timelines(graph: Graph, rules: Rules, closed: Flags, kin: list[int]) -> dict[int, _Timeline]:
    moments = _expired(graph, rules)
    for place, moment in zip(graph.unbound.tolist(), graph.unbound_at.tolist(), strict=True):
        moments.setdefault(place, set()).add(moment)
    moments = {place: found for place, found in moments.items() if not closed[place]}
    _hand_down(graph, rules, kin, moments)
    found: dict[int, _Timeline] = {}
    free = len(graph.node)
    for place in sorted(moments):
        ordered = tuple(sorted(moments[place]))
        home = bisect_right(ordered, int(graph.seen_from[place]))
        copies = [*range(free, free + home), place, *range(free + home, free + len(ordered))]
        found[place] = _Timeline(ordered, tuple(copies), home)
        free += len(ordered)
    return found


def _expired(graph: Graph, rules: Rules) -> dict[int, set[int]]:
    """When identifiers that live for a time only came to their end, as often as they were seen again."""
    after = rules.expires_after[graph.type]
    over = np.flatnonzero((after > 0) & (graph.seen_to - graph.seen_from >= after)).tolist()
    return {
        place: set(range(int(graph.seen_from[place] + after[place]), int(graph.seen_to[place]) + 1, int(after[place])))
        for place in over
    }


def _hand_down(graph: Graph, rules: Rules, kin: list[int], moments: dict[int, set[int]]) -> None:
    """Unbind children with their parents, and theirs with them."""
    below: dict[int, list[int]] = {}
    for link in kin:
        for child, parent in _directions(graph, rules, link):
            below.setdefault(parent, []).append(child)
    waiting = [place for place in moments if place in below]
    while waiting:
        parent = waiting.pop()
        for child in below.get(parent, ()):
            known = moments.setdefault(child, set())
            if not moments[parent] <= known:
                known |= moments[parent]
                waiting.append(child)


def _directions(graph: Graph, rules: Rules, link: int) -> Iterator[Pair]:
    """The link's ends as child and parent."""
    a, b = int(graph.a[link]), int(graph.b[link])
    for child, parent in ((a, b), (b, a)):
        if rules.hangs[graph.type[child], graph.type[parent]]:
            yield child, parent


def _copies(
    graph: Graph, timelines: dict[int, _Timeline], links: Ints, kin: frozenset[int], decided_at: dict[int, int]
) -> Iterator[_Copy]:
    """The copies of ``links``; of each link the one in the era of its last fact comes last."""
    for link in links.tolist():
        ends = _Ends(*(_timeline(timelines, end) for end in (int(graph.a[link]), int(graph.b[link]))))
        first_at, last_at = int(graph.first_at[link]), int(graph.last_at[link])
        by_hand = set(ends.begun(decided_at[link])) if link in decided_at else set()
        stated = [ends.at(first_at), ends.at(last_at)]
        if link in kin:
            stated = [*ends.side_by_side(first_at, last_at), ends.at(last_at)]
        # Of equal pairs the last stays, and what was decided by hand comes before what facts state.
        for pair in reversed(dict.fromkeys(reversed([*sorted(by_hand), *stated]))):
            since, until = (first_at, last_at) if link in kin else ends.within(pair, first_at, last_at)
            yield _Copy(link, *ends.places(pair), since, until, pair in by_hand)


def _timeline(timelines: dict[int, _Timeline], place: int) -> _Timeline:
    return timelines.get(place) or _Timeline((), (place,), 0)


@dataclass(frozen=True)
class _Ends:
    """Both ends of a link; a pair is an era of each."""

    a: _Timeline
    b: _Timeline

    def at(self, moment: int) -> Pair:
        return self.a.era(moment), self.b.era(moment)

    def places(self, pair: Pair) -> Pair:
        return self.a.copies[pair[0]], self.b.copies[pair[1]]

    def side_by_side(self, first_at: int, last_at: int) -> Iterator[Pair]:
        """Of a child and its parent every pair of eras at one time that no unbinding of the child alone divides from a fact."""
        alone = sorted({*self.a.moments} ^ {*self.b.moments})
        stated = {bisect_right(alone, first_at), bisect_right(alone, last_at)}
        for moment in (-_NEVER_FIRST, *sorted({*self.a.moments, *self.b.moments})):
            if bisect_right(alone, moment) in stated:
                yield self.at(moment)

    def begun(self, moment: int) -> Iterator[Pair]:
        """Every pair of eras that began until ``moment``."""
        a, b = self.at(moment)
        return ((one, other) for one in range(a + 1) for other in range(b + 1))

    def within(self, pair: Pair, first_at: int, last_at: int) -> Pair:
        """The part of a period that lies in both eras of ``pair``."""
        starts = (self.a.start(pair[0]), self.b.start(pair[1]))
        ends = (self.a.end(pair[0]), self.b.end(pair[1]))
        since = max(first_at, *(one for one in starts if one is not None), first_at)
        until = min(last_at, *(one for one in ends if one is not None), last_at)
        return since, max(since, until)


def _origin(size: int, timelines: dict[int, _Timeline]) -> Ints:
    """Of each place with copies the identifier it is a copy of."""
    copied = [np.full(len(one.moments), place, np.int64) for place, one in timelines.items()]
    return np.concatenate([np.arange(size), *copied])


def _taken_apart(
    graph: Graph, timelines: dict[int, _Timeline], origin: Ints, untouched: Ints, copies: tuple[_Copy, ...]
) -> Graph:
    size = len(graph.node)
    node, first_seq = graph.node[origin], graph.first_seq[origin]
    first_seq[size:] = _NEVER_FIRST
    for place, timeline in timelines.items():
        for era, copy in enumerate(timeline.copies):
            if copy >= size:
                node[copy] = hash64("era", str(graph.node[place]), str(timeline.start(era)))
    link = np.concatenate([untouched, np.array([one.link for one in copies], np.int64)])
    kept = len(untouched)
    found = {name: getattr(graph, name)[link] for name in ("a", "b", "facts", "first_at", "last_at", "trusted")}
    for name in ("a", "b", "first_at", "last_at"):
        found[name][kept:] = [getattr(one, name) for one in copies]
    ended = np.zeros(len(origin), np.bool_)
    ended[[copy for timeline in timelines.values() for copy in timeline.copies[:-1]]] = True
    return replace(graph, node=node, type=graph.type[origin], first_seq=first_seq, ended=ended, **found)


def _imposed(
    imposed: Imposed, timelines: dict[int, _Timeline], origin: Ints, untouched: Ints, copies: tuple[_Copy, ...]
) -> Imposed:
    place_of: dict[int, list[int]] = {
        link: [at] for at, link in enumerate(untouched.tolist()) if imposed.together[link]
    }
    for at, copy in enumerate(copies, len(untouched)):
        if copy.together:
            place_of.setdefault(copy.link, []).append(at)
    by_time = [
        (at, moment)
        for link, moment in zip(imposed.by_time.tolist(), imposed.decided_at.tolist(), strict=True)
        for at in place_of[link]
    ]
    together = np.zeros(len(untouched) + len(copies), np.bool_)
    together[[at for at, _moment in by_time]] = True
    apart = [
        (one, other)
        for a, b in zip(imposed.apart_a.tolist(), imposed.apart_b.tolist(), strict=True)
        for one in _every(timelines, a)
        for other in _every(timelines, b)
    ]
    return Imposed(
        together,
        np.array([at for at, _moment in by_time], np.int64),
        np.array([moment for _at, moment in by_time], np.int64),
        np.array([one for one, _other in apart], np.int32),
        np.array([other for _one, other in apart], np.int32),
        imposed.barred[origin],
    )


def _every(timelines: dict[int, _Timeline], place: int) -> tuple[int, ...]:
    return timelines[place].copies if place in timelines else (place,)


def _spans(
    place: int, timeline: _Timeline, decision: Decision, in_turn: dict[int, list[Span]], alive: set[int]
) -> Iterator[Span]:
    """Who has the identifier in each era, from the one on in which it was seen first."""
    for era, copy in enumerate(timeline.copies[timeline.home :], timeline.home):
        start = timeline.start(era) if era > timeline.home else None
        for one in in_turn.get(copy) or [_plain(copy, decision)]:
            if one.person in alive:
                from_at = start if one.from_at is None else one.from_at
                to_at = timeline.end(era) if one.to_at is None else one.to_at
                yield Span(place, one.person, from_at, to_at, one.role)


def _plain(place: int, decision: Decision) -> Span:
    return Span(place, int(decision.person[place]), None, None, int(decision.role[place]))


def _joined_up(spans: Iterable[Span]) -> list[Span]:
    """``spans`` with those made one that follow each other with the same owner."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].person == span.person and found[-1].to_at == span.from_at:
            found[-1] = replace(found[-1], to_at=span.to_at)
        else:
            found.append(span)
    return found
