"""Tests of what would not have happened otherwise: how they are registered, planned and asked about."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import repeat
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.foundation.definitions import NAME, Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.questions.model import Asked, Pick, When

KIND: Final = "lift_test"
MARKETS_MAX: Final = 400
DAYS_MAX: Final = 730
SALT_MAX: Final = 80

Design = Literal["geo", "holdout", "switchback"]
Outcome = Literal["sales", "orders", "buyers", "new_customers"]
Unit = Literal["city", "province"]
Step = Literal["day", "week"]
STEP_DAYS: Final[dict[Step, int]] = {"day": 1, "week": 7}
Strata = Literal["none", "pair", "weekday"]
State = Literal["planned", "running", "finished"]
Treatment = Literal["treated", "alone", "washout"]
_DONE: Final[tuple[Treatment, Treatment]] = ("alone", "treated")
_WASHOUT: Final[Treatment] = "washout"
Names = Annotated[tuple[str, ...], Field(default=(), max_length=MARKETS_MAX)]
Lengths = Annotated[
    tuple[Annotated[int, Field(ge=3, le=180)], ...], Field(default=(14, 28), min_length=1, max_length=6)
]


class LiftTest(Spec):
    """A test, registered before it begins: its metric and its comparison are not chosen once the result is known.

    Attributes:
        design: ``geo`` (some markets are treated), ``holdout`` (some people are left alone by lot), ``switchback`` (some days
            are treated by lot).
        metric: what is judged: net sales, valid orders, buyers, or customers who order for the first time.
        first: first day of treatment.
        last: last day.
        channels: the channels that are pushed; only their orders are judged, and the others tell what moved over from them.
            Empty: all orders are.
        level: how often intervals are to hold the truth.
        unit: of ``geo``: a market is a city or a province, where the order goes, else where the person lives.
        markets: of ``geo``: the treated ones.
        left_out: of ``geo``: neither treated nor compared with, such as neighbours.
        before_days: of ``geo``: days before the start that the comparison is fitted on; of ``holdout``: those in which the
            groups are compared before anything was done.
        step: of ``geo``: one number a week, counted from the start, or a day. Days are noisier than a mixture can follow unless
            each market has dozens of orders on each.
        treated: of ``holdout``: the tag of the people who were addressed.
        control: of ``holdout``: the tag of those who, by lot, were not.
        control_share: of ``holdout``: part of the people that the lot held out; the groups are checked against it.
        block_days: of ``switchback``: days of a block.
        washout_days: of ``switchback``: days after a switch that do not count.
        strata: of ``switchback``: lots were drawn among all blocks, within pairs of neighbours, or among blocks that begin on
            the same day of the week.
        lots: of ``switchback``: 1 for each treated block, 0 for others, in order.
        salt: the lots can be drawn again from it.
        cost_minor: what the treatment costs altogether.
        expected: the relative effect that is hoped for.
    """

    design: Design
    metric: Outcome = "sales"
    first: date
    last: date
    channels: Names
    level: float = Field(default=0.9, gt=0.5, lt=0.999)
    unit: Unit = "city"
    markets: Names
    left_out: Names
    before_days: int = Field(default=84, ge=7, le=DAYS_MAX)
    step: Step = "week"
    treated: str = ""
    control: str = ""
    control_share: float | None = Field(default=None, gt=0, lt=1)
    block_days: int = Field(default=1, ge=1, le=28)
    washout_days: int = Field(default=0, ge=0, le=27)
    strata: Strata = "none"
    salt: str = Field(default="", max_length=SALT_MAX)
    lots: Annotated[tuple[Literal[0, 1], ...], Field(default=(), max_length=DAYS_MAX)]
    cost_minor: int | None = Field(default=None, ge=0)
    expected: float | None = Field(default=None, gt=-1, le=100)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.first > self.last:
            raise ValueError(_("the test ends before it begins"))
        if (self.last - self.first).days >= DAYS_MAX:
            raise InvalidInput("incrementality.long", _("a test lasts {bound} days at most"), bound=DAYS_MAX)
        {"geo": self._geo, "holdout": self._holdout, "switchback": self._switchback}[self.design]()
        return self

    def _geo(self) -> None:
        if not self.markets:
            raise ValueError(_("a test by market names the markets that are treated"))
        if set(self.markets) & set(self.left_out):
            raise ValueError(_("a market is either treated or left out"))

    def _holdout(self) -> None:
        if not (NAME.fullmatch(self.treated) and NAME.fullmatch(self.control)) or self.treated == self.control:
            raise ValueError(_("a hold-out names two tags: of those addressed, and of those left alone"))

    def _switchback(self) -> None:
        days = (self.last - self.first).days + 1
        if len(self.lots) * self.block_days > days or len(set(self.lots)) < 2:
            raise ValueError(_("lots need treated and other blocks that lie within the days of the test"))
        if self.washout_days >= self.block_days:
            raise ValueError(_("the washout leaves nothing of a block"))

    @property
    def period(self) -> Period:
        """The days of treatment."""
        return Period(self.first, self.last)

    def state(self, today: date) -> State:
        """How far it has come on ``today``."""
        return "planned" if today <= self.first else "running" if today <= self.last else "finished"

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """Of ``switchback``: what was done on each day; those of the washout after a switch do not count.

        >>> days = {"first": date(2026, 11, 1), "last": date(2026, 11, 6)}
        >>> LiftTest(design="switchback", **days, block_days=3, washout_days=1, lots=(1, 0)).treatments
        ('treated', 'treated', 'treated', 'washout', 'alone', 'alone')
        """
        found: list[Treatment] = []
        for before, lot in zip((self.lots[0] if self.lots else 0, *self.lots), self.lots, strict=False):
            left_out, done = self.washout_days if lot != before else 0, _DONE[lot]
            found.extend(repeat(_WASHOUT, left_out))
            found.extend(repeat(done, self.block_days - left_out))
        return tuple(found)

    def known_until(self, today: date) -> date:
        """The last day of treatment that is over."""
        return min(self.last, today - timedelta(1))


class LiftQuestion(Asked):
    """What a test changed; its days are the test's own.

    Attributes:
        test: the test.
    """

    type: Literal["lift"] = "lift"
    test: LiftTest

    @model_validator(mode="after")
    def _plain(self) -> Self:
        _refuse(self)
        return self


class LiftPlanQuestion(Asked):
    """Which markets could be tested, how long, and what could be seen; ``period`` is the past that is learned from.

    Attributes:
        metric: what will be judged.
        channels: only orders made in these.
        unit: city or province.
        sizes: numbers of markets to try.
        lengths: days to try.
        before_days: days before the start that the comparison will be fitted on.
        step: as the test will be read: one number a week, or a day.
        power: share of the tests that are to see the detectable effect.
        level: 1 − the share of false alarms.
        spend_minor: what the treatment of *all* markets would cost a day; a market's part is its part of the metric.
        budget_minor: plans that cost more are left out.
        left_out: markets that cannot be treated or compared with.
        least: markets with fewer orders a week on the average are left out.
        choices: choices of markets tried for each size and length.
    """

    type: Literal["lift_plan"] = "lift_plan"
    period: When = When(preset="last365")
    metric: Outcome = "sales"
    channels: Names
    unit: Unit = "city"
    before_days: int = Field(default=84, ge=7, le=DAYS_MAX)
    step: Step = "week"
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=1, le=50)], ...], Field(default=(2, 3, 4), min_length=1, max_length=6)
    ]
    lengths: Lengths
    power: float = Field(default=0.8, gt=0.5, lt=1)
    level: float = Field(default=0.9, gt=0.5, lt=0.999)
    spend_minor: int = Field(default=0, ge=0)
    budget_minor: int | None = Field(default=None, ge=0)
    left_out: Names
    least: float = Field(default=3.0, ge=0)
    choices: int = Field(default=12, ge=1, le=60)

    @model_validator(mode="after")
    def _plain(self) -> Self:
        _refuse(self)
        return self


class LiftHoldoutQuestion(Asked):
    """How many people to hold out, how long, and what could be seen; ``period`` is the past that is learned from.

    ``people`` says who can take part.

    Attributes:
        metric: what will be judged.
        channels: only orders made in these.
        left_out: segments whose members never take part.
        shares: parts of the people to hold out that are tried.
        lengths: days to try.
        power: share of the tests that are to see the detectable effect.
        level: 1 − the share of false alarms.
        hoped: relative effect that is hoped for.
        contact_minor: what addressing one person costs.
        salt: the lot is drawn from it and the person's number alone, so that it can be drawn again.
    """

    type: Literal["lift_holdout"] = "lift_holdout"
    period: When = When(preset="last365")
    metric: Outcome = "sales"
    channels: Names
    left_out: Annotated[tuple[str, ...], Field(default=(), max_length=20)]
    shares: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(default=(0.05, 0.1, 0.2), min_length=1, max_length=6)
    ]
    lengths: Lengths
    power: float = Field(default=0.8, gt=0.5, lt=1)
    level: float = Field(default=0.9, gt=0.5, lt=0.999)
    hoped: float = Field(default=0.05, gt=0, le=10)
    contact_minor: int = Field(default=0, ge=0)
    salt: str = Field(default="", max_length=SALT_MAX)

    @model_validator(mode="after")
    def _plain(self) -> Self:
        _refuse(self, whom=True)
        return self


class LiftSwitchbackQuestion(Asked):
    """How to switch back and forth, and what could be seen; ``period`` is the past that is learned from.

    Attributes:
        metric: what will be judged.
        channels: only orders made in these.
        blocks: days of a block that are tried.
        lengths: days of the whole test that are tried.
        washout_days: days after a switch that do not count, as long as the treatment takes to come and to go.
        strata: ways to draw lots that are tried.
        power: share of the tests that are to see the detectable effect.
        level: 1 − the share of false alarms.
        spend_minor: what the treatment costs a day.
        first: first day of the schedule; None for tomorrow.
        salt: the lots are drawn from it alone, so that they can be drawn again.
    """

    type: Literal["lift_switchback"] = "lift_switchback"
    period: When = When(preset="last365")
    metric: Outcome = "sales"
    channels: Names
    blocks: Annotated[
        tuple[Annotated[int, Field(ge=1, le=28)], ...], Field(default=(1, 2, 7), min_length=1, max_length=6)
    ]
    lengths: Annotated[
        tuple[Annotated[int, Field(ge=4, le=DAYS_MAX)], ...], Field(default=(28, 56), min_length=1, max_length=6)
    ]
    washout_days: int = Field(default=0, ge=0, le=27)
    strata: Annotated[tuple[Strata, ...], Field(default=("pair", "weekday"), min_length=1, max_length=3)]
    power: float = Field(default=0.8, gt=0.5, lt=1)
    level: float = Field(default=0.9, gt=0.5, lt=0.999)
    spend_minor: int = Field(default=0, ge=0)
    first: date | None = None
    salt: str = Field(default="", max_length=SALT_MAX)

    @model_validator(mode="after")
    def _plain(self) -> Self:
        _refuse(self)
        if all(self.washout_days >= one for one in self.blocks):
            raise ValueError(_("the washout leaves nothing of a block"))
        return self


class LiftPick(Pick):
    """Buyers of a market in the days of the test (or of the past); empty: of all treated ones."""

    market: str = ""


class HoldoutPick(Pick):
    """The people whom the lot addresses or holds out, if ``share`` of all are held out; None: the first share asked about."""

    group: Literal["treated", "control"] = "control"
    share: float | None = Field(default=None, gt=0, lt=1)


def _refuse(question: Asked, *, whom: bool = False) -> None:
    limited = question.people is not None and not whom
    if question.where or question.by or limited or question.grain or question.compare != "none":
        raise ValueError(_("a test says itself whom it is about and what it is held against"))


register(KIND, LiftTest)
