"""The rules of grouping as definitions, and what is known of groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.i18n import _
from dujiang.people.groups.families import Family

RULES: Final = "group_rules"
NAMED: Final = "people_group"
RUN: Final = "groups"
"""Under this name fits are kept among the fitted models."""
STATE: Final = "groups"
"""Under this name the refresh keeps what groups were last computed with."""

SUBJECTS: Final[dict[Family, float]] = {"price": 1.0, "content": 1.0, "social": 1.0, "time": 1.0, "channel": 0.5}
"""What subjects weigh where a brand says nothing else. Channels count half: most people use one alone, so that they would
divide people on their own."""

State = Literal["fitted", "too_little", "unstable"]


class GroupRules(Spec):
    """The definition kind ``group_rules`` (name ``default``).

    Attributes:
        window_days: what happened in the last so many days counts.
        subjects: what each subject weighs in the likeness of two people (``price``, ``content``, ``social``, ``time``,
            ``channel``, ``value``, ``goods``, ``service``); those that are not named count for nothing. How often and how
            much somebody buys is told by life cycle and value matrix, and would drown how they behave.
        least_occasions: who ordered and visited less often within the window is too little known to be grouped.
        least_people: with fewer such people nothing is tried.
        groups_max: the most groups that are tried.
        least_share: a number of groups of which one would hold a smaller share of the people is not taken.
        prediction_strength: a number of groups is stable from this prediction strength on.
        jaccard: … and when each of its groups is found again in resampled data with at least this mean overlap.
        prior_occasions: amounts per occasion are drawn towards those of everybody as if so many more had been seen; how far
            shares and rates of what happens are drawn is estimated.
        sample_people: groups are found on at most so many people; everybody is assigned.
        resamples: resampled fits for each number of groups.
        starts: random starts of each fit. With few, fits end in different local optima, and groups look less stable than they
            are.
        seed: the same seed and data give the same groups.
    """

    window_days: int = Field(default=365, ge=28, le=3_650)
    subjects: dict[Family, Annotated[float, Field(ge=0, le=10)]] = Field(default_factory=lambda: dict(SUBJECTS))
    least_occasions: int = Field(default=5, ge=1, le=100)
    least_people: int = Field(default=500, ge=100)
    groups_max: int = Field(default=8, ge=2, le=12)
    least_share: float = Field(default=0.02, gt=0, lt=0.5)
    prediction_strength: float = Field(default=0.8, gt=0, le=1)
    jaccard: float = Field(default=0.75, gt=0, le=1)
    prior_occasions: float = Field(default=3.0, gt=0, le=100)
    sample_people: int = Field(default=20_000, ge=100, le=200_000)
    resamples: int = Field(default=20, ge=5, le=100)
    starts: int = Field(default=20, ge=1, le=100)
    seed: int = Field(default=7, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not any(self.subjects.values()):
            raise ValueError(_("at least one of the subjects has to weigh something"))
        if self.sample_people < self.least_people:
            raise ValueError(_("sample_people has to be at least least_people"))
        return self


class GroupName(Spec):
    """The definition kind ``people_group``: what a brand calls the group of that id, as its title."""


register(RULES, GroupRules)
register(NAMED, GroupName)


@dataclass(frozen=True)
class Stability:
    """How stable a number of groups is.

    Attributes:
        groups: how many.
        strength: prediction strength (Tibshirani and Walther 2005), mean over splits into halves; of the weakest group.
        strength_error: its standard error over the splits.
        jaccard: mean overlap of the least stable group with its like in resampled data (Hennig 2007).
        rand: mean adjusted Rand index between the groups and those of resampled data.
        smallest: share of the people in the smallest group.
        stable: whether the rules take it.
    """

    groups: int
    strength: float
    strength_error: float
    jaccard: float
    rand: float
    smallest: float
    stable: bool


@dataclass(frozen=True)
class Difference:
    """How a group differs from everybody in one feature.

    Attributes:
        feature: its name.
        effect: difference of the means, in standard deviations between people.
        own, everybody: the feature for the group and for everybody, as it is: a share, a rate, days, money in minor units.
    """

    feature: str
    effect: float
    own: float | None
    everybody: float | None


@dataclass(frozen=True)
class FoundGroup:
    """One group as a fit found it.

    Attributes:
        id: ``g1``, ``g2`` …; stays over fits for a group that is found again.
        names: what sets it apart, as codes such as ``discount_share+``; the first one or two make its name.
        people: how many were in it at the fit.
        share: of everybody who was grouped.
        jaccard: mean overlap with its like in resampled data.
        kept: overlap with the group of this id in the fit before; None for a new one.
        differences: largest first.
    """

    id: str
    names: tuple[str, ...]
    people: int
    share: float
    jaccard: float
    kept: float | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Move:
    """People who were in one group and are in another (or the same) now; None: in none."""

    before: str | None
    after: str | None
    people: int


@dataclass(frozen=True)
class GroupBody:
    """What a fit found.

    Attributes:
        people: people with enough behaviour to be grouped.
        needed: how many are needed, where they are too few; else None.
        sample: on how many groups were found.
        features: used, in order.
        left_out: features that hardly anybody differs in.
        curve: stability by number of groups.
        groups: largest first; empty where none were found.
        moves: everybody by the groups of the fit before and of this one, as of the same day; empty for the first.
    """

    people: int
    needed: int | None
    sample: int
    features: tuple[str, ...]
    left_out: tuple[str, ...]
    curve: tuple[Stability, ...]
    groups: tuple[FoundGroup, ...]
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class GroupRun:
    """One fit.

    Attributes:
        id: ``model_…``.
        at: when it was made.
        as_of: first day that was not known.
        state: ``fitted``, ``too_little`` (people) or ``unstable``: no number of groups is stable.
        body: what was found.
    """

    id: str
    at: datetime
    as_of: date
    state: State
    body: GroupBody


@dataclass(frozen=True)
class Reason:
    """Why a person is in a group and not in the next: what one feature does.

    Attributes:
        feature: its name.
        value: what it is for the person, before shrinkage; None where the person did nothing of the sort.
        group, next_group: the same for the two groups.
        share: of the difference of the two distances; the shares of all features add up to 1, and those that speak for the next
            group are below 0.
    """

    feature: str
    value: float | None
    group: float | None
    next_group: float | None
    share: float


@dataclass(frozen=True)
class Stay:
    """From a day on in a group; None: in none."""

    day: date
    group: str | None


@dataclass(frozen=True)
class PersonGroup:
    """The group of one person.

    Attributes:
        group: its id.
        next_group: the next-nearest.
        margin: how far from the boundary to that: 0 on it, 1 as far as the group's own centre.
        as_of: first day that was not known.
        reasons: strongest first.
        history: the group on the first of each month, as the groups in use see it, changes only; oldest first.
    """

    group: str
    next_group: str
    margin: float
    as_of: date
    reasons: tuple[Reason, ...]
    history: tuple[Stay, ...]


@dataclass(frozen=True)
class GroupNow:
    """A group as it is today.

    Attributes:
        found: how the fit found it.
        title: what it is called, by language.
        renamed: whether people gave it that name.
        people: in it now.
        share: of everybody who is grouped; None where nobody is.
        paid_minor: what they paid within the window.
        paid_share: of what everybody paid whose order names them; None where nobody paid.
        near: share of its people who are near the boundary (margin below 0.1); None where it is empty.
    """

    found: FoundGroup
    title: dict[str, str]
    renamed: bool
    people: int
    share: float | None
    paid_minor: int
    paid_share: float | None
    near: float | None

    @property
    def id(self) -> str:
        """The group's id."""
        return self.found.id

    def label(self, locale: str) -> str:
        """Its name in a language."""
        return self.title.get(locale) or next(iter(self.title.values()), self.id)


@dataclass(frozen=True)
class GroupsNow:
    """All groups.

    Attributes:
        run: the fit in use; None before the first that found groups.
        latest: the newest fit, whatever came of it; None before the first.
        groups: largest first.
        ungrouped: people known within the window who are in none, being too little known.
        flow: people by their group at the day of the fit and now.
        computed: whether a refresh has assigned people with the fit in use.
    """

    run: GroupRun | None
    latest: GroupRun | None
    groups: tuple[GroupNow, ...]
    ungrouped: int
    flow: tuple[Move, ...]
    computed: bool
