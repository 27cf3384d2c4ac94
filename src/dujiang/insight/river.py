"""The river: people of a period from the channels that reached them, over recognition and life cycle, to their orders.

Everything adds up, because every person is counted once: in the channel where they were last active in the period (on
the same day: where they ordered, then where they did more, then by name). Value is what a person paid in the period, less
what was refunded of it, in all channels shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.model import RiverSpec

Reach = Literal["channel", "identity", "stage", "outcome"]
Mark = Literal["weakening", "overwide"]

REACHES: Final[tuple[Reach, ...]] = ("channel", "identity", "stage", "outcome")
"""The columns of the picture, from spring to mouth."""

ORDER: Final[dict[str, tuple[str, ...]]] = {
    "identity": ("known", "anonymous"),
    "stage": ("prospect", "new", "active", "loyal", "lapsed"),
    "outcome": ("first_order", "repeat_order", "no_order"),
}
COUNTED_ONCE: Final = _("People seen in several channels count once, in the channel where they were last active.")


class Current(NamedTuple):
    """People who took the same way through all reaches."""

    channel: str
    identity: str
    stage: str
    outcome: str
    people: int
    value_minor: int


@dataclass(frozen=True)
class Stop:
    """A place on the river.

    Attributes:
        key: reach and name, such as ``channel:tmall``; hand it to ``river_people`` for the people in it.
        share: of all people of the period.
        before: people in the comparison period; None without one.
    """

    key: str
    reach: Reach
    name: str
    people: int
    value_minor: int
    share: float
    before: int | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Band:
    """The people who went from one stop to the next; keys as in :class:`Stop`."""

    start: str
    end: str
    people: int
    value_minor: int
    before: int | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class River:
    """The river of one period.

    Attributes:
        stops: by reach, channels with most people first, the others in their natural order.
        bands: between neighbouring reaches.
        people: everyone who was active in the period.
        value_minor: what they paid, less refunds.
        unknown_orders: valid orders of the period that say nothing of the buyer, and are therefore not in the river.
        unknown_minor: what was paid for these, less refunds.
    """

    period: Period
    comparison: Period | None
    stops: tuple[Stop, ...]
    bands: tuple[Band, ...]
    people: int
    value_minor: int
    unknown_orders: int
    unknown_minor: int


class _Flow(NamedTuple):
    people: Counter[tuple[str, ...]]
    value: Counter[tuple[str, ...]]


def drawn(
    period: Period,
    now: list[Current],
    unknown: tuple[int, int],
    rules: RiverSpec,
    comparison: Period | None = None,
    before: list[Current] | None = None,
) -> River:
    """The river of ``now``, marked against ``before`` where there is one.

    Args:
        unknown: number and value of the orders that belong to no one.
    """
    flow, earlier = _summed(now), _summed(before) if before is not None else None
    people = sum(one.people for one in now)
    stops = [_stop(key, flow, earlier, people, rules) for key in _keys(flow, earlier, 1)]
    bands = [_band(key, flow, earlier, rules) for key in _keys(flow, earlier, 2)]
    return River(
        period=period,
        comparison=comparison,
        stops=tuple(sorted(stops, key=_place)),
        bands=tuple(bands),
        people=people,
        value_minor=sum(one.value_minor for one in now),
        unknown_orders=unknown[0],
        unknown_minor=unknown[1],
    )


def _summed(currents: Iterable[Current]) -> _Flow:
    people: Counter[tuple[str, ...]] = Counter()
    value: Counter[tuple[str, ...]] = Counter()
    for current in currents:
        for part in _parts(current):
            people[part] += current.people
            value[part] += current.value_minor
    return _Flow(people, value)


def _parts(current: Current) -> Iterator[tuple[str, ...]]:
    """The stops and the bands that a current runs through."""
    keys = [f"{reach}:{name}" for reach, name in zip(REACHES, current, strict=False)]
    yield from ((key,) for key in keys)
    yield from pairwise(keys)


def _keys(flow: _Flow, earlier: _Flow | None, length: int) -> list[tuple[str, ...]]:
    """Stops (1) or bands (2) of either period: a branch that ran dry is still on the picture."""
    found = {**flow.people, **(earlier.people if earlier else {})}
    return sorted(key for key in found if len(key) == length)


def _stop(key: tuple[str, ...], flow: _Flow, earlier: _Flow | None, total: int, rules: RiverSpec) -> Stop:
    named, _colon, name = key[0].partition(":")
    reach: Reach = next(one for one in REACHES if one == named)
    people, before = flow.people[key], _before(key, earlier)
    share = people / total if total else 0.0
    marks = list(_weakening(people, before, rules))
    if reach == "channel" and share > rules.overwide:
        marks.append("overwide")
    return Stop(key[0], reach, name, people, flow.value[key], share, before, tuple(marks))


def _band(key: tuple[str, ...], flow: _Flow, earlier: _Flow | None, rules: RiverSpec) -> Band:
    people, before = flow.people[key], _before(key, earlier)
    return Band(key[0], key[1], people, flow.value[key], before, tuple(_weakening(people, before, rules)))


def _before(key: tuple[str, ...], earlier: _Flow | None) -> int | None:
    return None if earlier is None else earlier.people[key]


def _weakening(people: int, before: int | None, rules: RiverSpec) -> Iterator[Mark]:
    if before is not None and before >= rules.weakening_people_min and people < before * (1 - rules.weakening):
        yield "weakening"


def _place(stop: Stop) -> tuple[int, int, int, str]:
    natural = ORDER.get(stop.reach)
    # A brand's own stages follow those that come with Dujiang.
    inside = natural.index(stop.name) if natural and stop.name in natural else len(natural or ())
    return REACHES.index(stop.reach), inside, -stop.people, stop.name


def picked(stops: Iterable[str]) -> dict[str, set[str]]:
    """The names wanted in each reach, from keys of stops; keys that are none are left out.

    >>> picked(["channel:tmall", "stage:new", "stage:loyal", "x"]) == {"channel": {"tmall"}, "stage": {"new", "loyal"}}
    True
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for key in stops:
        reach, _colon, name = key.partition(":")
        if reach in REACHES:
            wanted[reach].add(name)
    return dict(wanted)
