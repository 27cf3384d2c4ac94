"""Tests by market, planned on the past: which markets, how long, what could be seen, and what it would cost.

For a choice of markets and a length, the test is pretended in windows of the past, where nothing happened, exactly as it will
be read: the same steps of time, the same days before, the others brought to the same height, the same mixture and the same
conformal test. To each window effects are added until the test says that they are significant; power and the smallest effect
that can be seen follow, without supposing any shape of errors. Windows overlap, so there is less in them than their number
says.

The best of many choices looks better than it is, because it was chosen for looking good in just these windows. What that
flatters is found by choosing again in one half of the past, from the first screening on, and looking in the other half
(:func:`unflattered`); all plans are stated worse by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.model import LEVEL, Doubt, Flags, Panel, Reals, checked_level
from dujiang.insight.incrementality.panels import compared
from dujiang.insight.incrementality.synthetic import LEAST_BEFORE, LEAST_DONORS, PLAIN, Method, conformal_p, mixture

LEAST_WINDOWS: Final = 20
MOST_EFFECT: Final = 2.0
"""Relative effect above which nothing is searched: a test that does not see a tripling sees nothing."""
_HALVINGS: Final = 9


@dataclass(frozen=True)
class Shape:
    """How a test by market will be read.

    Attributes:
        length: days that it lasts.
        before: days before the start that the comparison is fitted on.
        step: days of one number.
        level: 1 − the share of false alarms.
        method: how the mixture is made.
    """

    length: int
    before: int = 84
    step: int = 7
    level: float = LEVEL
    method: Method = PLAIN

    @property
    def readable(self) -> bool:
        """Whether there are periods enough for an interval of this level."""
        before, after = self.before // self.step, self.length // self.step
        return after > 0 and before >= LEAST_BEFORE and before + after >= 1 / (1 - self.level)


@dataclass(frozen=True, eq=False)
class Screened:
    """A choice of markets and a length, with how far the comparison was off where nothing happened.

    Attributes:
        markets: rows of the markets to treat.
        shape: how it will be read.
        windows: first treated days, as places in the past.
        errors: relative errors in these windows.
        cost: what treating them for so long costs.
    """

    markets: tuple[int, ...]
    shape: Shape
    windows: tuple[int, ...]
    errors: Reals
    cost: float

    @property
    def off(self) -> float:
        """Root mean square of the errors; infinite without any."""
        return float(np.sqrt((self.errors**2).mean())) if len(self.errors) else math.inf

    @property
    def is_known(self) -> bool:
        """Whether there are windows enough to say anything."""
        return len(self.errors) >= LEAST_WINDOWS

    @property
    def halves(self) -> tuple[Screened, Screened]:
        """The earlier and the later half of its windows."""
        early = (len(self.windows) + 1) // 2
        return (
            replace(self, windows=self.windows[:early], errors=self.errors[:early]),
            replace(self, windows=self.windows[early:], errors=self.errors[early:]),
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """A test by market that could be made.

    Attributes:
        markets: rows of the markets to treat.
        shape: how it will be read.
        seen_from: for each window of the past, the relative effect from which on the test is significant; infinite for none.
        alarms: share of the windows in which the test is significant though nothing happened; None with fewer than 20 windows.
        detectable: smallest relative effect that is seen with the power asked for; None as before, or where even a tripling
            is not.
        share: part of the metric that the markets make.
        cost: what treating them for so long costs.
        cost_per_gain: cost divided by the gain if the effect is just the detectable one; None as before.
        doubts: reasons not to rely on it.
    """

    markets: tuple[int, ...]
    shape: Shape
    seen_from: Reals
    alarms: float | None
    detectable: float | None
    share: float
    cost: float
    cost_per_gain: float | None
    doubts: tuple[Doubt, ...]

    def power(self, effect: float) -> float | None:
        """The share of tests that find a relative ``effect`` significant; None where nothing is known."""
        return float((self.seen_from <= effect).mean()) if len(self.seen_from) >= LEAST_WINDOWS else None


def screened(
    past: Reals, markets: tuple[int, ...], shape: Shape, *, cost_per_day: Reals, windows: int = 40
) -> Screened:
    """A choice of markets tried quickly: how far the comparison was off in windows of the past.

    Args:
        past: the metric by market and day, without any test in it.
        markets: rows to treat.
        shape: how the test will be read.
        cost_per_day: of treating each market.
        windows: most windows that are tried, spread evenly over the past.

    Raises:
        InvalidInput: an unknown market, or a length that leaves no past.
    """
    count, days = past.shape
    wrong = not markets or not set(markets) <= set(range(count)) or len(cost_per_day) != count
    if wrong or not 0 < shape.length < days:
        raise InvalidInput(
            "incrementality.plan", _("A plan needs markets that exist, their costs, and a length below {periods} periods."),
            periods=days,
        )  # fmt: skip
    chosen = np.isin(np.arange(count), markets)
    starts, errors = [], []
    for start, panel in _windows(past, chosen, shape, windows):
        observed, donors = panel.outcome[panel.treated].mean(axis=0), panel.outcome[~panel.treated]
        usual = mixture(donors[:, : panel.start], observed[: panel.start], shape.method).predict(donors)
        expected = float(usual[panel.start :].mean())
        if expected > 0:
            starts.append(start)
            errors.append(float(observed[panel.start :].mean()) / expected - 1)
    cost = float(cost_per_day[chosen].sum() * shape.length)
    return Screened(tuple(sorted(markets)), shape, tuple(starts), np.array(errors), cost)


def judged(past: Reals, one: Screened, *, power: float = 0.8) -> Plan:
    """What the test could see, by the test that will be made of it.

    Args:
        past: as :func:`screened` had it.
        one: what came out of it.
        power: share of the tests that are to see the detectable effect.

    Raises:
        InvalidInput: a level or power that is no share.
    """
    checked_level(one.shape.level)
    checked_level(power)
    chosen = np.isin(np.arange(len(past)), one.markets)
    doubts = _doubts(len(past) - len(one.markets), one)
    seen, alarms = ([], 0) if doubts else _pretended(past, one)
    detectable = _seen_by(np.array(seen), power) if seen else math.inf
    base = float(past[chosen][:, -one.shape.length :].sum())
    found = detectable if math.isfinite(detectable) else None
    return Plan(
        one.markets,
        one.shape,
        np.array(seen),
        alarms / len(seen) if seen else None,
        found,
        float(past[chosen].sum() / past.sum()) if past.sum() else 0.0,
        one.cost,
        one.cost / (found * base) if found and base > 0 else None,
        doubts,
    )


def candidates(past: Reals, size: int, rng: np.random.Generator, *, count: int = 30) -> tuple[tuple[int, ...], ...]:
    """Different choices of ``size`` markets, each with one market from every band of sales, so that they resemble the country.

    Args:
        past: sales by market and period.
        size: markets of a choice.
        rng: draws them.
        count: choices at most.

    Raises:
        InvalidInput: the size leaves no market to compare with.
    """
    if not 0 < size < len(past):
        raise InvalidInput(
            "incrementality.size", _("{size} of {markets} markets cannot be treated."), size=size, markets=len(past)
        )
    bands = np.array_split(np.argsort(past.sum(axis=1), kind="stable"), size)
    found: dict[tuple[int, ...], None] = {}
    for _try in range(4 * count):
        found.setdefault(tuple(sorted(int(rng.choice(band)) for band in bands)))
        if len(found) == count:
            break
    return tuple(found)


def ranked(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    """Plans that can be judged, those that see the smallest effect first, cheaper ones before dearer."""
    known = [one for one in plans if one.detectable is not None]
    return tuple(sorted(known, key=lambda one: (one.detectable, one.cost, one.shape.length, one.markets)))


def hopeful(tried: Iterable[Screened], most: int) -> tuple[Screened, ...]:
    """The ``most`` choices whose comparison was off least, cheaper ones before dearer, those with too few windows last."""
    return tuple(sorted(tried, key=lambda one: (not one.is_known, *_hope(one)))[:most])


def unflattered(
    past: Reals, tried: Sequence[Screened], plans: Sequence[Plan], *, power: float = 0.8
) -> tuple[Plan, ...]:
    """Plans ranked, all of them with larger effects by what choosing the best of many flatters.

    The whole choice is made again with the earlier half of the windows only: the screening that left so many plans, and the
    best of what it left. That one is looked at in the later half; and the other way round. Where the effects that are seen
    there are larger on the average than that of the best in all windows, they say what the best is good for; every plan is
    stated worse by the same factor, whichever is taken.

    Args:
        past: as :func:`screened` had it.
        tried: every choice that the plans were screened from.
        plans: what :func:`judged` makes of those that the screening left.
        power: as it had it.
    """
    known = ranked(plans)
    factor = _flattery(past, [one for one in tried if one.is_known], plans, power) if len(tried) > 1 and known else 1.0
    return ranked(_larger(one, factor) for one in known)


def _flattery(past: Reals, tried: Sequence[Screened], plans: Sequence[Plan], power: float) -> float:
    known = {(one.markets, one.shape): np.array_split(one.seen_from, 2) for one in plans}
    halves = [one.halves for one in tried]

    def seen_by(pair: tuple[Screened, Screened], half: int) -> float:
        one = pair[half]
        seen = known.get((one.markets, one.shape))
        return _seen_by(np.array(_pretended(past, one)[0]) if seen is None else seen[half], power)

    found = []
    for here, there in ((0, 1), (1, 0)):
        left = sorted(halves, key=lambda pair: _hope(pair[here]))[: len(plans)]
        best = min(left, key=lambda pair: seen_by(pair, here))
        found.append(min(seen_by(best, there), MOST_EFFECT))
    least = min(_seen_by(one.seen_from, power) for one in plans if len(one.seen_from))
    return max(1.0, float(np.mean(found)) / least) if least > 0 else 1.0


def _hope(one: Screened) -> tuple[float, float, tuple[int, ...]]:
    return one.off, one.cost, one.markets


def _larger(one: Plan, factor: float) -> Plan:
    assert one.detectable is not None
    found = one.detectable * factor
    return replace(
        one,
        seen_from=one.seen_from * factor,
        detectable=found if found <= MOST_EFFECT else None,
        cost_per_gain=one.cost_per_gain / factor if one.cost_per_gain is not None and found <= MOST_EFFECT else None,
    )


def _seen_by(seen_from: Reals, power: float) -> float:
    """The smallest effect that so large a share of the windows sees; infinite for none."""
    return float(np.sort(seen_from)[math.ceil(power * len(seen_from)) - 1])


def _doubts(donors: int, one: Screened) -> tuple[Doubt, ...]:
    found = [] if donors >= LEAST_DONORS else [Doubt.FEW_UNITS]
    return (*found, Doubt.FEW_PERIODS) if len(one.errors) < LEAST_WINDOWS or not one.shape.readable else tuple(found)


def _pretended(past: Reals, one: Screened) -> tuple[list[float], int]:
    """The effect from which on each window's test is significant, and how many are without any effect."""
    chosen = np.isin(np.arange(len(past)), one.markets)
    seen, alarms = [], 0
    for start, error in zip(one.windows, one.errors, strict=True):
        panel = _panel(past, chosen, one.shape, start)
        assert panel is not None
        alarms += _significant(panel, one.shape, 0.0)
        seen.append(_seen_from(panel, one.shape, error))
    return seen, alarms


def _windows(past: Reals, chosen: Flags, shape: Shape, windows: int) -> Iterator[tuple[int, Panel]]:
    if not shape.readable or (~chosen).sum() < LEAST_DONORS:
        return
    possible = np.arange(shape.before, past.shape[1] - shape.length + 1)
    if len(possible) > windows:
        possible = possible[np.linspace(0, len(possible) - 1, windows).round().astype(int)]
    for start in possible:
        if panel := _panel(past, chosen, shape, int(start)):
            yield int(start), panel


def _panel(past: Reals, chosen: Flags, shape: Shape, start: int) -> Panel | None:
    """The panel of a test that begins on day ``start``, as it is made of a real one; None where too few others sold."""
    made = compared(past[:, start - shape.before : start + shape.length], chosen, shape.before, shape.step)
    return made[0] if made and (~made[0].treated).sum() >= LEAST_DONORS else None


def _significant(panel: Panel, shape: Shape, effect: float) -> bool:
    observed = panel.outcome[panel.treated].mean(axis=0)
    observed[panel.start :] *= 1 + effect
    p = conformal_p(observed, panel.outcome[~panel.treated], panel.start, shape.method, 0.0)
    return p <= 1 - shape.level + 1e-12


def _seen_from(panel: Panel, shape: Shape, error: float) -> float:
    """Relative effect from which on the test is significant. Below −error the sum would point the other way."""
    low, high = max(0.0, -error), MOST_EFFECT
    if not _significant(panel, shape, high):
        return math.inf
    if _significant(panel, shape, low):
        return low
    for _half in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _significant(panel, shape, middle) else (middle, high)
    return high
