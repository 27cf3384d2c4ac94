"""What is the same for everybody: the calendar, the advertising and what it really does, prices, incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import numpy as np

from dujiang.simulate.brand import (
    ADVERTISING,
    CHANNELS,
    GAP_HOURS,
    INCIDENTS,
    ORDER_CHANNELS,
    PRODUCTS,
    PROMOTIONS,
    Advertising,
    Incident,
    Promotion,
)
from dujiang.simulate.draws import Draws, Ints, Reals
from dujiang.simulate.model import Hazards, SimulationSpec
from dujiang.simulate.traits import leanings

BEFORE: Final = 365
"""Days of life before the first day, so that the brand has old customers from the start."""
_WEEKDAY: Final = (0.95, 0.94, 0.95, 0.97, 1.02, 1.10, 1.07)
_MONTH: Final = (1.06, 0.82, 1.00, 1.10, 1.04, 0.98, 0.92, 0.93, 1.06, 1.00, 1.04, 1.08)
_DIP: Final = 0.82
_DIP_DAYS: Final = 6
_GROWTH: Final = 0.35
"""How much more there is on the last day than on the first, as a share."""
_RESPONSE: Final = 0.8
"""Exponent of a promotion's lift in the usual person's demand; a leaning to low prices multiplies it, within bounds."""
_PRICE_RESPONSE: Final = 0.5
_RESPONSES: Final = (0.2, 2.2)
PAID_PEOPLE: Final = 20_000
"""Advertising budgets are stated for a brand of this many people."""


@dataclass(frozen=True)
class Run:
    """One run of a promotion within the simulated days; day numbers from 0, both ends included."""

    promotion: Promotion
    first: int
    last: int


@dataclass(frozen=True)
class World:
    """The stage on which people of one simulation act."""

    spec: SimulationSpec

    @cached_property
    def draws(self) -> Draws:
        return Draws(self.spec.seed)

    @cached_property
    def hazards(self) -> Hazards:
        return Hazards.at(self.spec.hazard)

    @property
    def days(self) -> int:
        """Days of the simulation."""
        return self.spec.days

    @cached_property
    def dates(self) -> list[date]:
        """Every day, first to last."""
        return [self.spec.start + timedelta(day) for day in range(self.days)]

    @cached_property
    def month_starts(self) -> list[int]:
        """Day numbers on which a calendar month begins, 0 included, and the number of days as the last entry."""
        return [day for day, one in enumerate(self.dates) if day == 0 or one.day == 1] + [self.days]

    @cached_property
    def promotions(self) -> list[Run]:
        """Every run of a promotion, oldest first."""
        runs = []
        for year in range(self.spec.start.year, self.spec.end.year + 1):
            for promotion in PROMOTIONS:
                first, last = (self._number(date(year, *end)) for end in (promotion.first, promotion.last))
                if last >= 0 and first < self.days:
                    runs.append(Run(promotion, max(first, 0), min(last, self.days - 1)))
        return sorted(runs, key=lambda run: run.first)

    @cached_property
    def quarter_starts(self) -> list[int]:
        """The same for calendar quarters."""
        return [day for day in self.month_starts[:-1] if day == 0 or self.dates[day].month % 3 == 1] + [self.days]

    def _number(self, day: date) -> int:
        return (day - self.spec.start).days

    @cached_property
    def lift(self) -> Reals:
        """By day: what promotions do to demand (1: nothing)."""
        lift = np.ones(self.days)
        for run in self.promotions:
            lift[run.first : run.last + 1] = run.promotion.lift
            lift[run.last + 1 : run.last + 1 + _DIP_DAYS] = _DIP
        for run in self.promotions:
            for (month, day), height in run.promotion.peaks:
                for number in range(run.first, run.last + 1):
                    if (self.dates[number].month, self.dates[number].day) == (month, day):
                        lift[number] = height
        return lift

    @cached_property
    def season(self) -> Reals:
        """By day: time of the year, day of the week, slow growth."""
        month = np.array([_MONTH[one.month - 1] for one in self.dates])
        weekday = np.array([_WEEKDAY[one.weekday()] for one in self.dates])
        return month * weekday * (1 + _GROWTH * np.arange(self.days) / self.days)

    @cached_property
    def collapse(self) -> Reals:
        """By channel and day: what incidents leave of its traffic."""
        left = np.ones((len(CHANNELS), self.days))
        for incident in INCIDENTS:
            if incident.kind == "collapse":
                first, last = self.incident_days(incident)
                for channel in incident.channels:
                    left[channel, first : last + 1] *= incident.factor
        return left

    def incident_days(self, incident: Incident) -> tuple[int, int]:
        """First and last day number; the first is after the last where it lies before the simulation."""
        return max(0, self.days - 1 - incident.first), max(-1, self.days - 1 - incident.last)

    @cached_property
    def pull(self) -> Reals:
        """By order channel and day: how much it draws people who could buy in several."""
        lift = np.array([self.lift**one.sensitivity for one in CHANNELS])
        return (lift * self.collapse)[:ORDER_CHANNELS]

    @cached_property
    def clocks(self) -> Reals:
        """By step of the leaning to low prices: demand elapsed at the start of each day from ``−BEFORE`` on.

        Buying goes by this clock, not by the sun. The more somebody leans to low prices, the more their clock hurries in
        promotions and the more it dawdles on other days; over all days every clock runs equally far.
        """
        response = _RESPONSE * np.clip(np.exp(_PRICE_RESPONSE * leanings()), *_RESPONSES)
        demand = self.season * self.lift ** response[:, None]
        demand *= (self.season * self.lift**_RESPONSE).sum() / demand.sum(axis=1, keepdims=True)
        begun = np.concatenate([np.zeros((len(demand), 1)), np.ones((len(demand), BEFORE)), demand], axis=1)
        return np.cumsum(begun, axis=1)

    def elapsed(self, day: Reals, level: Ints) -> Reals:
        """The demand clock of people at a ``level`` of leaning to low prices, at fractional ``day`` (−BEFORE … days)."""
        since = np.clip(day + BEFORE, 0, self.clocks.shape[1] - 1)
        whole = np.minimum(since.astype(np.int64), self.clocks.shape[1] - 2)
        before, after = self.clocks[level, whole], self.clocks[level, whole + 1]
        return before + (since - whole) * (after - before)

    def day_at(self, elapsed: Reals, level: Ints) -> Reals:
        """The fractional day at which the demand clock shows ``elapsed``; ``days`` or later beyond the end."""
        clocks, width = self.clocks, self.clocks.shape[1]
        # One sorted row of all clocks, each in a unit interval of its own: a search in it is a search in the right clock.
        whole = 2 * clocks.max()
        row = clocks / whole + np.arange(len(clocks))[:, None]
        place = np.searchsorted(row.ravel(), elapsed / whole + level, side="right") - 1 - level * width
        place = np.clip(place, 0, width - 2)
        before, after = clocks[level, place], clocks[level, place + 1]
        inside = place - BEFORE + np.clip((elapsed - before) / (after - before), 0.0, 1.0)
        return np.where(elapsed >= clocks[level, -1], float(self.days), inside)

    # ---- advertising ----

    @cached_property
    def spend(self) -> Ints:
        """By advertised channel and day: fen spent."""
        return np.array([self._spend(one) for one in ADVERTISING])

    def _spend(self, one: Advertising) -> Ints:
        day = np.arange(self.days)
        week = (day + self.spec.start.weekday()) // 7
        level = np.exp(0.35 * self.draws.normal(f"spend:week:{one.channel}", week))
        paused = self.draws.chance(f"spend:pause:{one.channel}", 0.08, week)
        noise = np.exp(0.10 * self.draws.normal(f"spend:day:{one.channel}", day))
        planned = one.spend * level * noise * self.season * self.lift**0.6 * np.where(paused, 0.12, 1.0)
        return np.rint(planned * self.spec.people / PAID_PEOPLE).astype(np.int64)

    @cached_property
    def adstock(self) -> Reals:
        """By advertised channel and day: spend carried over from the days before, per :data:`PAID_PEOPLE`."""
        carried = np.zeros(self.spend.shape)
        scaled = self.spend * (PAID_PEOPLE / self.spec.people)
        decay = np.array([one.decay for one in ADVERTISING])
        before = np.array([one.spend / (1 - one.decay) for one in ADVERTISING])
        for day in range(self.days):
            before = scaled[:, day] + decay * before
            carried[:, day] = before
        return carried

    @cached_property
    def paid(self) -> Reals:
        """By channel and day: newcomers that advertising brings, relative to one usual day's organic ones."""
        found = np.zeros((len(CHANNELS), self.days))
        for one, carried in zip(ADVERTISING, self.adstock, strict=True):
            powered = carried**one.slope
            found[one.channel] = one.strength * powered / (powered + one.half**one.slope)
        return found * self.collapse

    @cached_property
    def organic(self) -> Reals:
        """By channel and day: newcomers without advertising, relative to one usual day's."""
        share = np.array([one.share for one in CHANNELS])[:, None]
        lift = np.array([self.lift ** (0.7 * one.sensitivity) for one in CHANNELS])
        return share * self.season * lift * self.collapse

    # ---- shelf ----

    @cached_property
    def prices(self) -> Ints:
        """By product and day: list price in fen."""
        prices = np.repeat(np.array([[one.price] for one in PRODUCTS]), self.days, axis=1).astype(np.float64)
        for incident in INCIDENTS:
            if incident.kind == "price_change":
                first, last = self.incident_days(incident)
                prices[incident.product, first : last + 1] *= incident.factor
        return (np.rint(prices / 10) * 10).astype(np.int64)

    @cached_property
    def tastes(self) -> Reals:
        """By order channel and product: how gladly it is bought there."""
        price = np.array([one.price for one in PRODUCTS]) / 10_000
        weight = np.array([one.weight for one in PRODUCTS])
        return np.array([weight * price**one.price_taste for one in CHANNELS[:ORDER_CHANNELS]])

    @cached_property
    def stockouts(self) -> list[tuple[int, int, int]]:
        """Product, first and last day on which it cannot be bought."""
        found = [one for one in INCIDENTS if one.kind == "stockout"]
        return [(one.product, *self.incident_days(one)) for one in found]

    @cached_property
    def gap(self) -> tuple[int, int]:
        """Seconds since the start between which the app's tracking is silent; an empty span where it lies before."""
        incident = next(one for one in INCIDENTS if one.kind == "tracking_gap")
        day = self.days - 1 - incident.first
        return (day * 86_400 + GAP_HOURS[0] * 3600, day * 86_400 + GAP_HOURS[1] * 3600) if day >= 0 else (0, 0)
