"""What is known of a fitted model: kept in the store, shown on the page of prediction quality."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

PURCHASES: Final = "purchases"
Propensity = Literal["buy", "lapse", "respond"]
PROPENSITIES: Final[tuple[Propensity, ...]] = ("buy", "lapse", "respond")
PROPENSITY_DAYS: Final[dict[Propensity, int]] = {"buy": 30, "lapse": 90, "respond": 30}
NAMES: Final = (PURCHASES, *PROPENSITIES)
HORIZONS: Final = (90, 180, 365)
"""Days ahead for which purchases and their value are foretold."""
OUTPUTS: Final = (
    "alive",
    *(f"{what}_{days}" for days in HORIZONS for what in ("purchases", "value")),
    *(f"{what}_{days}" for what, days in PROPENSITY_DAYS.items()),
)
"""What the table ``prediction`` may say of a person: the values of its column ``model``."""
STATE: Final = "prediction"
"""Under this name the refresh keeps what predictions were last computed with."""

State = Literal["fitted", "too_little", "not_converged"]


@dataclass(frozen=True)
class Parameter:
    """One estimate and its standard error; None where there is none."""

    name: str
    value: float
    error: float | None


@dataclass(frozen=True)
class Fitted:
    """One distribution, fitted.

    Attributes:
        model: ``bg_nbd``, ``pareto_nbd`` or ``gamma_gamma``; γ is in minor units of money.
        parameters: estimates.
        log_likelihood: at the estimates; comparable between the two purchase models.
        converged: whether it may be used.
        reason: why not.
    """

    model: str
    parameters: tuple[Parameter, ...]
    log_likelihood: float
    converged: bool
    reason: str


@dataclass(frozen=True)
class Band:
    """People alike in some respect: what was foretold of them on average, and what came."""

    label: str
    people: int
    expected: float
    actual: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Week:
    """Repeat purchases of a cohort until the end of a week, added up."""

    day: date
    expected: float
    actual: int


@dataclass(frozen=True)
class HoldOut:
    """The model fitted without the latest days, against those days.

    Attributes:
        cut: first day that the model did not see.
        days: days until the data end.
        people: people who had bought before.
        expected, actual: repeat purchases of all of them.
        expected_value, actual_value: in minor units; None without a value model.
        coverage: share of people whose value fell into their interval; None without a value model.
        covered: the share that it ought to be: 80%, more where many will most likely buy nothing.
        by_purchases: people by the purchases they had made.
        weeks: the course of the whole cohort.
    """

    cut: date
    days: int
    people: int
    expected: float
    actual: int
    expected_value: float | None
    actual_value: float
    coverage: float | None
    covered: float
    by_purchases: tuple[Band, ...]
    weeks: tuple[Week, ...]


@dataclass(frozen=True)
class PurchaseBody:
    """What a run for ``purchases`` found.

    Attributes:
        people: people who bought.
        returned: those who came back.
        chosen: the purchase model that forecasts use: the likelier one; empty when none can be used.
        fits: both purchase models and the value model.
        new_customer: repeat purchases expected of a new customer within a year, and the standard error.
        hold_out: how it would have done; None where the data are too short.
        rate_of_value: correlation between how often people buy and what one purchase is worth (the model takes it as 0).
    """

    people: int
    returned: int
    chosen: str
    fits: tuple[Fitted, ...]
    new_customer: Parameter | None
    hold_out: HoldOut | None
    rate_of_value: float | None


@dataclass(frozen=True)
class Scores:
    """How well chances told those who did from those who did not, on people and days that the model never saw.

    Attributes:
        auc: area under the ROC curve; 0.5 is a coin.
        average_precision: area under the precision-recall curve; the share of those who did is what a coin gives.
        brier: mean squared error of the chance.
        log_loss: mean surprise.
        lift: among the tenth with the highest chance, the share of those who did over the share among all.
    """

    auc: float
    average_precision: float
    brier: float
    log_loss: float
    lift: float


@dataclass(frozen=True)
class Driver:
    """A feature, and how far on average it moves the chance (in log-odds)."""

    feature: str
    strength: float


@dataclass(frozen=True)
class PropensityBody:
    """What a run for a propensity found.

    Attributes:
        days: days ahead.
        trained, calibrated, tested: cut-off days, each group later than the one before.
        people: people looked at, over all cut-offs.
        positives: those who did.
        prevalence: share of those who did in the test.
        scores: of the model.
        baseline: of a logistic regression on recency, frequency and value.
        prevalence_scores: of giving everybody the share in the training.
        calibration: people of the test by tenths of chance; ``low`` and ``high`` are 95% limits of the share who did.
        drivers: strongest first.
        trees: the model in plain arrays (see :mod:`dujiang.people.prediction.trees`).
        calibrator: chances at raw scores: two lists of points between which it is linear.
        missing: what data are lacking, where it could not be trained.
    """

    days: int
    trained: tuple[date, ...]
    calibrated: tuple[date, ...]
    tested: tuple[date, ...]
    people: int
    positives: int
    prevalence: float | None
    scores: Scores | None
    baseline: Scores | None
    prevalence_scores: Scores | None
    calibration: tuple[Band, ...]
    drivers: tuple[Driver, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class ModelRun:
    """One fit.

    Attributes:
        id: ``model_…``.
        name: ``purchases``, ``buy``, ``lapse`` or ``respond``.
        at: when it was made.
        as_of: first day that was not known.
        state: ``fitted``, ``too_little`` (data) or ``not_converged``.
        body: what was found.
    """

    id: str
    name: str
    at: datetime
    as_of: date
    state: State
    body: PurchaseBody | PropensityBody
