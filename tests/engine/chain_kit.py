"""Funnels the slow and obvious way: every chain of one person's rows is made, and those that break a rule are thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, permutations
from typing import NamedTuple

from dujiang.engine.kernels.funnel import Exclusion, Funnel

Chain = tuple["Row | None", ...]


class Row(NamedTuple):
    """One row of a person.

    Attributes:
        place: where it lies among the rows.
        at_ms: when it happened.
        bits: which steps and exclusions it is.
    """

    place: int
    at_ms: int
    bits: int

    def is_a(self, bit: int) -> bool:
        return bool(self.bits >> bit & 1)


class Result(NamedTuple):
    """What :func:`furthest` finds: how far, by which rows (-1: by none), and how often to the end."""

    reached: int
    rows: tuple[int, ...]
    completed: int


def furthest(rows: list[Row], of: Funnel, days: list[int]) -> Result:
    """The furthest chain of one person's ``rows``."""
    rows = in_order(rows, of)
    best = _best(rows, of, days)
    if best is None:
        return Result(0, (-1,) * of.steps, 0)
    completed = 0
    while (found := _best(rows, of, days)) and _reached(found, of) == of.steps:
        completed += 1
        end = max(rows.index(one) for one in found if one)
        rows = [one for one in rows[end + 1 :] if of.ties in ("rows", "steps") or one.at_ms > rows[end].at_ms]
        if not of.reentry:
            break
    return Result(_reached(best, of), tuple(one.place if one else -1 for one in best), completed)


def in_order(rows: list[Row], of: Funnel) -> list[Row]:
    """The rows as they are read."""
    if of.ties != "steps":
        return rows
    lowest = {one: min((step for step in range(of.steps) if one.is_a(step)), default=of.steps) for one in rows}
    return sorted(rows, key=lambda one: (one.at_ms, lowest[one]))


def _best(rows: list[Row], of: Funnel, days: list[int]) -> Chain | None:
    chains = _in_any_order(rows, of) if of.order == "any" else _in_order(rows, of)
    valid = [one for one in chains if _in_time(one, of, days) and _undisturbed(one, rows, of)]
    return max(valid, key=lambda one: _worth(one, rows, of), default=None)


def _worth(chain: Chain, rows: list[Row], of: Funnel) -> tuple[int, ...]:
    """What makes one chain better than another, the most important first."""
    place = {one: number for number, one in enumerate(rows)}
    taken = [one for one in chain if one]
    grouped = of.ties in ("either", "never")
    end = -taken[-1].at_ms if grouped else -place[taken[-1]]
    start = taken[0].at_ms if of.ties == "either" else place[taken[0]]
    backwards = [-1 if one is None else place[one] for one in reversed(chain)]
    return _reached(chain, of), end, len(taken), start, *backwards


def _reached(chain: Chain, of: Funnel) -> int:
    if of.order == "any":
        return sum(one is not None for one in chain)
    return 1 + max(step for step, one in enumerate(chain) if one)


def _in_order(rows: list[Row], of: Funnel) -> Iterator[Chain]:
    """Chains in which each row comes after the one before."""

    def extended(chain: list[Row | None]) -> Iterator[list[Row | None]]:
        if chain and chain[-1] is not None:
            yield chain
        if len(chain) == of.steps:
            return
        step = len(chain)
        if step in of.optional:
            yield from extended([*chain, None])
        taken = [one for one in chain if one]
        for row in rows:
            if row.is_a(step) and row not in taken and (not taken or _comes_after(row, taken[-1], rows, of)):
                yield from extended([*chain, row])

    for chain in extended([]):
        yield (*chain, *([None] * (of.steps - len(chain))))


def _comes_after(one: Row, other: Row, rows: list[Row], of: Funnel) -> bool:
    if of.ties == "never":
        return one.at_ms > other.at_ms
    if of.ties == "either":
        return one.at_ms >= other.at_ms
    return rows.index(one) > rows.index(other)


def _in_any_order(rows: list[Row], of: Funnel) -> Iterator[Chain]:
    for many in range(1, of.steps + 1):
        for steps in permutations(range(of.steps), many):
            for chosen in _increasing(rows, many):
                taken = [*zip(steps, chosen, strict=True)]
                if all(row.is_a(step) for step, row in taken) and _within(taken, of):
                    yield (*chosen, *([None] * (of.steps - many)))


def _increasing(rows: list[Row], many: int) -> Iterator[tuple[Row, ...]]:
    if many == 0:
        yield ()
    for number, row in enumerate(rows):
        for rest in _increasing(rows[number + 1 :], many - 1) if many else ():
            yield (row, *rest)


def _in_time(chain: Chain, of: Funnel, days: list[int]) -> bool:
    taken = [(step, one) for step, one in enumerate(chain) if one]
    first, last = taken[0][1], taken[-1][1]
    if last.at_ms - first.at_ms > of.window_ms:
        return False
    if of.days is not None and _day(last.at_ms, days) - _day(first.at_ms, days) >= of.days:
        return False
    return of.order == "any" or _within(taken, of)


def _within(taken: list[tuple[int, Row]], of: Funnel) -> bool:
    """Whether each of these steps comes soon enough after the one before."""
    pairs = pairwise(taken)
    return not of.step_ms or all(two[1].at_ms - one[1].at_ms <= of.step_ms[two[0]] for one, two in pairs)


def _day(moment: int, days: list[int]) -> int:
    return sum(start <= moment for start in days)


def _undisturbed(chain: Chain, rows: list[Row], of: Funnel) -> bool:
    spans = of.exclusions
    if of.order == "any":
        ends = [one for one in chain if one]
        return not any(
            one.is_a(of.steps + number) for number in range(len(spans)) for one in _between(ends[0], ends[-1], rows, of)
        )
    if any(one.is_a(of.steps + number) for number, span in enumerate(spans) for one in _inside(chain, span, rows, of)):
        return False
    taken = [(step, one) for step, one in enumerate(chain) if one]
    for (step, one), (_next, two) in pairwise(taken):
        for row in _between(one, two, rows, of):
            steps = [number for number in range(of.steps) if row.is_a(number)]
            if of.order == "strict" and steps and step not in steps:
                return False
            if of.once and any(number <= step for number in steps):
                return False
    return True


def _inside(chain: Chain, span: Exclusion, rows: list[Row], of: Funnel) -> list[Row]:
    """The rows between two steps of a chain; up to its last and with it where it has not come to the later one."""
    after, before = chain[span.after], chain[span.before]
    if after and before:
        return _between(after, before, rows, of)
    last = [one for one in chain[span.after :] if one][-1:]
    if not after or last == [after]:
        return []
    if of.ties in ("either", "never"):
        return [one for one in rows if after.at_ms < one.at_ms <= last[0].at_ms]
    return [*_between(after, last[0], rows, of), last[0]]


def _between(one: Row, two: Row, rows: list[Row], of: Funnel) -> list[Row]:
    if of.ties in ("either", "never"):
        return [row for row in rows if one.at_ms < row.at_ms < two.at_ms]
    return rows[rows.index(one) + 1 : rows.index(two)]
