"""What a test changed, from the engine: hold-outs, switch-backs and tests by market."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

import duckdb
import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.incrementality import panels
from dujiang.insight.incrementality.differences import Differences, difference_in_differences
from dujiang.insight.incrementality.holdout import Holdout, Sums, compare_means, compare_shares
from dujiang.insight.incrementality.holdout_design import SRM_P, ratio_p
from dujiang.insight.incrementality.model import Doubt, Estimate, Panel, Reals, levelled
from dujiang.insight.incrementality.overflow import Group, overflow
from dujiang.insight.incrementality.question import STEP_DAYS, Design, LiftTest, Outcome, State
from dujiang.insight.incrementality.switchback import blocks_of, strata_codes, switchback, with_both
from dujiang.insight.incrementality.synthetic import SyntheticControl, synthetic_control

Measured = Literal["each", "relative", "total", "check", "own", "elsewhere", "net", "overflow_share", "new_share"]

MEASURED: Final[dict[Measured, str]] = {
    "each": _("Measured effect"),
    "relative": _("Relative effect"),
    "total": _("Effect in all"),
    "check": _("The same by another method"),
    "own": _("Gain of the pushed channels"),
    "elsewhere": _("Change of the other channels"),
    "net": _("Net gain of the brand"),
    "overflow_share": _("Share that came from other channels"),
    "new_share": _("Share of new customers in the gain"),
}
UNBALANCED_P: Final = 0.01
RELATIVE: Final = frozenset({"relative", "overflow_share", "new_share"})
"""What is a share; all others are in the unit of the metric."""


@dataclass(frozen=True)
class Reading:
    """One estimate by its name. An end of None is open; both are None where there is no interval."""

    name: Measured
    value: float
    low: float | None
    high: float | None
    p: float | None

    @classmethod
    def of(cls, name: Measured, estimate: Estimate) -> Reading:
        """An estimate whose infinite ends are open."""
        low, high = (None if end is None or math.isinf(end) else end for end in (estimate.low, estimate.high))
        return cls(name, estimate.value, low, high, estimate.p)


@dataclass(frozen=True)
class Point:
    """One step of time: what was seen in the treated (per market), what was expected, and the difference of the groups."""

    start: date
    observed: float
    expected: float | None
    apart: Reading | None = None


@dataclass(frozen=True)
class Lift:
    """The answer.

    Attributes:
        design: of the test.
        metric: what is judged.
        state: how far the test has come.
        known_until: last day that is in the numbers; None where the test has not begun.
        level: of the intervals.
        readings: estimates, the most important first; empty where nothing is known yet.
        line: over time; of hold-outs per person in the treated group and in the other.
        start: place of the first treated step in ``line``.
        weights: markets that the comparison is mixed from, and their parts.
        rank_p: how extreme the treated are among all markets, each taken as treated in turn.
        trend_p: p of the slopes before the start being alike.
        joint_p: p of no difference in any step before the start.
        unexplained: share of the treated's variance before the start that the mixture does not follow.
        without: effect per market and step without each market in turn (difference in differences): least and largest.
        people: people in both groups of a hold-out.
        ratio_p: p of the sizes of the groups, if the lot drew them as registered (sample ratio mismatch); None where the share
            was not registered.
        before: difference per person of a hold-out's groups in the days before the start; None where nothing is known of them.
        units: markets, blocks or people that were treated, and others.
        cost_each: cost ÷ effect in all; None where there is no cost, or no effect clearly above zero.
        doubts: reasons to believe it less.
    """

    design: Design
    metric: Outcome
    state: State
    known_until: date | None
    level: float
    readings: tuple[Reading, ...]
    line: tuple[Point, ...] = ()
    start: int = 0
    weights: tuple[tuple[str, float], ...] = ()
    rank_p: float | None = None
    trend_p: float | None = None
    joint_p: float | None = None
    unexplained: float | None = None
    without: tuple[float, float] | None = None
    people: int | None = None
    ratio_p: float | None = None
    before: Reading | None = None
    units: tuple[int, int] = (0, 0)
    cost_each: float | None = None
    doubts: tuple[Doubt, ...] = ()

    def reading(self, name: Measured) -> Reading | None:
        """The estimate called ``name``."""
        return next((one for one in self.readings if one.name == name), None)


def answered(con: duckdb.DuckDBPyConnection, test: LiftTest, today: date) -> Lift:
    """What the test changed, as far as its days are over.

    Raises:
        InvalidInput: no market besides the treated ones, an empty group, or people in both groups.
    """
    until = test.known_until(today)
    nothing = unread(test, today)
    if until < test.first:
        return nothing
    measure = {"geo": _geo, "holdout": _holdout, "switchback": _switchback}[test.design]
    found = measure(con, test, Period(test.first, until), replace(nothing, known_until=until))
    return replace(found, cost_each=_cost_each(test, found.reading("total")))


def unread(test: LiftTest, today: date) -> Lift:
    """A test of which nothing is known."""
    return Lift(test.design, test.metric, test.state(today), None, test.level, ())


def _cost_each(test: LiftTest, total: Reading | None) -> float | None:
    clear = total is not None and total.low is not None and total.low > 0
    return test.cost_minor / total.value if total is not None and clear and test.cost_minor is not None else None


def panel_of(
    con: duckdb.DuckDBPyConnection, test: LiftTest, treated_days: Period, *, inside: bool = True
) -> tuple[Panel, tuple[str, ...], list[date]]:
    """The panel of a test by market at one height, the names of its rows (treated first), and the first day of each step."""
    first = test.first - timedelta(test.before_days)
    whole = Period(first, treated_days.last)
    found = panels.markets(con, test.metric, test.unit, whole, test.channels, inside=inside).without(test.left_out)
    names = (*test.markets, *(one for one in found.names if one not in test.markets))
    if len(names) == len(test.markets):
        raise _no_others()
    length = STEP_DAYS[test.step]
    chosen = np.arange(len(names)) < len(test.markets)
    made = panels.compared(found.aligned(names), chosen, test.before_days, length)
    if made is None:
        raise _no_others()
    panel, kept = made
    rows = tuple(name for name, is_kept in zip(names, kept, strict=True) if is_kept)
    return panel, rows, panels.step_days(first, test.before_days, length, panel.periods)


def _no_others() -> InvalidInput:
    return InvalidInput(
        "incrementality.no_others",
        _("No market has sales besides the treated ones, so there is nothing to compare with."),
    )


def _geo(con: duckdb.DuckDBPyConnection, test: LiftTest, days: Period, empty: Lift) -> Lift:
    if test.step == "week" and days.days < 7:
        return replace(empty, doubts=(Doubt.FEW_PERIODS,))
    panel, names, starts = panel_of(con, test, days)
    synthetic = synthetic_control(panel, level=test.level)
    differences = difference_in_differences(levelled(panel, treated_too=True), level=test.level)
    readings = [Reading.of("each", synthetic.average)]
    if synthetic.relative:
        readings.append(Reading.of("relative", synthetic.relative))
    readings += [Reading.of("total", synthetic.total), Reading.of("check", differences.effect)]
    if test.channels:
        other = synthetic_control(panel_of(con, test, days, inside=False)[0], level=test.level)
        readings.append(Reading.of("elsewhere", other.total))
    unsold = [] if panel.outcome[panel.treated].any(axis=1).all() else [Doubt.UNSOLD]
    return replace(
        empty,
        readings=tuple(readings),
        line=_line(starts, synthetic, differences),
        start=panel.start,
        weights=_weights(names[len(test.markets) :], synthetic),
        rank_p=synthetic.rank,
        trend_p=differences.trend.p if differences.trend else None,
        joint_p=differences.joint_p,
        unexplained=synthetic.unexplained if math.isfinite(synthetic.unexplained) else None,
        without=_range(differences.without),
        units=(len(test.markets), len(names) - len(test.markets)),
        doubts=tuple(dict.fromkeys([*unsold, *synthetic.doubts, *differences.doubts])),
    )


def _line(starts: list[date], synthetic: SyntheticControl, differences: Differences) -> tuple[Point, ...]:
    columns = zip(starts, synthetic.observed, synthetic.expected, differences.by_period, strict=True)
    return tuple(
        Point(start, float(seen), float(expected), Reading.of("check", apart))
        for start, seen, expected, apart in columns
    )


def _weights(names: tuple[str, ...], synthetic: SyntheticControl) -> tuple[tuple[str, float], ...]:
    pairs = zip(names, (float(one) for one in synthetic.fit.weights), strict=True)
    return tuple(sorted((one for one in pairs if one[1] > 0.005), key=lambda one: (-one[1], one[0])))


def _range(values: Reals) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _holdout(con: duckdb.DuckDBPyConnection, test: LiftTest, days: Period, empty: Lift) -> Lift:
    twice = panels.both(con, test.treated, test.control)
    if twice:
        sentence = _("{n} people carry both tags. A person is either addressed or left alone; take one tag off.")
        raise InvalidInput("incrementality.both_groups", sentence, n=twice)
    ours, theirs = (panels.group(con, tag, test.metric, days, test.channels) for tag in (test.treated, test.control))
    found = _compared(test, ours, theirs)
    readings = [Reading.of("each", found.absolute)]
    if found.relative:
        readings.append(Reading.of("relative", found.relative))
    readings.append(Reading.of("total", found.total))
    doubts = list(found.doubts)
    if test.channels and min(ours.n, theirs.n) > 1:
        flow = overflow(_group(ours), _group(theirs), (0, 1), new=(0,), level=test.level)
        elsewhere = replace(flow.loss, value=-flow.loss.value, low=_minus(flow.loss.high), high=_minus(flow.loss.low))
        readings += [Reading.of("own", flow.gain), Reading.of("elsewhere", elsewhere), Reading.of("net", flow.net)]
        shares: tuple[tuple[Measured, Estimate | None], ...] = (
            ("overflow_share", flow.overflow_share),
            ("new_share", flow.new_share),
        )
        readings += [Reading.of(name, one) for name, one in shares if one is not None]
        doubts += flow.doubts
    ratio = None if test.control_share is None else ratio_p(ours.n, theirs.n, test.control_share)
    if ratio is not None and ratio < SRM_P:
        doubts.insert(0, Doubt.SAMPLE_RATIO)
    before = _before(con, test)
    if before and before.p is not None and before.p < UNBALANCED_P:
        doubts.append(Doubt.UNBALANCED)
    line, start = _per_person(con, test, days, ours.n, theirs.n)
    return replace(
        empty, readings=tuple(readings), line=line, start=start, people=ours.n + theirs.n, units=(ours.n, theirs.n),
        ratio_p=ratio, before=before, doubts=tuple(dict.fromkeys(doubts)),
    )  # fmt: skip


def _compared(test: LiftTest, ours: panels.Columns, theirs: panels.Columns) -> Holdout:
    own = np.array([1.0, 1.0, 0.0])
    if test.metric != "buyers":
        return compare_means(_sums(ours, own), _sums(theirs, own), level=test.level)
    bought, others = (round(float(own @ one.total)) for one in (ours, theirs))
    return compare_shares(bought, ours.n, others, theirs.n, level=test.level)


def _before(con: duckdb.DuckDBPyConnection, test: LiftTest) -> Reading | None:
    """How the groups differed in the days before the start; first orders cannot be compared with those that came later."""
    metric: Outcome = "orders" if test.metric == "new_customers" else test.metric
    days = Period(test.first - timedelta(test.before_days), test.first - timedelta(1))
    ours, theirs = (panels.group(con, tag, metric, days, test.channels) for tag in (test.treated, test.control))
    if not (ours.total[:2].any() or theirs.total[:2].any()):
        return None
    return Reading.of("each", _compared(test.model_copy(update={"metric": metric}), ours, theirs).absolute)


def _per_person(
    con: duckdb.DuckDBPyConnection, test: LiftTest, days: Period, ours: int, theirs: int
) -> tuple[tuple[Point, ...], int]:
    """Both groups by step, per person, from the days before the start on, and the place of the first step after it."""
    first, length = test.first - timedelta(test.before_days), STEP_DAYS[test.step]
    tags = (test.treated, test.control)
    found = panels.lines(con, tags, test.metric, Period(first, days.last), test.channels)
    sums, start = panels.stepped(np.array([found[tag] for tag in tags]), test.before_days, length)
    starts = panels.step_days(first, test.before_days, length, sums.shape[1])
    columns = zip(starts, sums[0] / ours, sums[1] / theirs, strict=True)
    return tuple(Point(day, float(seen), float(expected)) for day, seen, expected in columns), start


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _sums(columns: panels.Columns, weights: Reals) -> Sums:
    return Sums(columns.n, float(weights @ columns.total), float(weights @ columns.products @ weights))


def _group(columns: panels.Columns) -> Group:
    return Group(columns.n, columns.total, columns.products)


def _switchback(con: duckdb.DuckDBPyConnection, test: LiftTest, days: Period, empty: Lift) -> Lift:
    full = min(len(test.lots), days.days // test.block_days)
    lots = np.array(test.lots[:full], np.bool_)
    if not lots.any() or lots.all():
        return replace(empty, doubts=(Doubt.FEW_UNITS,))
    outcome = panels.daily(con, test.metric, days, test.channels)[: full * test.block_days]
    treated = np.repeat(lots, test.block_days)
    codes = strata_codes(full, test.block_days, test.strata)
    if not with_both(lots, codes).any():
        return replace(empty, doubts=(Doubt.FEW_UNITS,))
    blocks = blocks_of(outcome, treated, length=test.block_days, washout=test.washout_days, stratum=codes)
    found = switchback(blocks, np.random.default_rng(7), level=test.level)
    total = found.effect.times(float(treated.sum()))
    line = tuple(Point(days.first + timedelta(place), float(seen), None) for place, seen in enumerate(outcome))
    return replace(
        empty,
        readings=(Reading.of("each", found.effect), Reading.of("total", total), Reading.of("check", found.by_hac)),
        line=line,
        units=(int(lots.sum()), int((~lots).sum())),
        doubts=found.doubts,
    )
