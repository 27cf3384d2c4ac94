"""The chance to buy, to lapse, to respond: boosted trees trained on earlier days, calibrated on later, tested on the latest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import scipy

from dujiang.foundation.errors import ensure
from dujiang.foundation.i18n import _
from dujiang.people.prediction.features import BASELINE, NAMES, features, labels
from dujiang.people.prediction.model import PROPENSITY_DAYS, Band, Driver, Propensity, PropensityBody, Scores, State
from dujiang.people.prediction.special import Reals
from dujiang.people.prediction.trees import PropensityModel

if TYPE_CHECKING:  # and in the functions that train: it takes a second to load, and most commands never do
    from sklearn.ensemble import HistGradientBoostingClassifier

ACTIVE_DAYS: Final[dict[Propensity, int]] = {"buy": 3650, "lapse": 180, "respond": 3650}
"""Who is looked at: buyers ever, or those who bought lately and can lapse."""
POSITIVES_MIN: Final = 100
"""People on either side that training and test need at least."""
_CUTS_MAX: Final = 6
_SEED: Final = 20240611
_SETTINGS: Final[dict[str, Any]] = {
    "max_iter": 80, "learning_rate": 0.08, "max_leaf_nodes": 12, "max_depth": 5, "min_samples_leaf": 40,
    "l2_regularization": 1.0, "early_stopping": False, "random_state": _SEED,
}  # fmt: skip
_ROWS_MAX: Final = 300_000
_TENTHS: Final = 10


@dataclass(frozen=True)
class PropensityFit:
    """What chances are computed with, and what is said of it."""

    state: State
    model: PropensityModel | None
    body: PropensityBody


@dataclass(frozen=True)
class _Part:
    """People at one or more cut-off days."""

    days: tuple[date, ...]
    x: Reals
    y: np.ndarray

    @property
    def rich(self) -> bool:
        """Whether enough did and enough did not."""
        return bool(min(self.y.sum(), (~self.y).sum()) >= POSITIVES_MIN)


def fit_propensity(con: duckdb.DuckDBPyConnection, what: Propensity, as_of: date, zone: ZoneInfo) -> PropensityFit:
    """Train on everything before ``as_of``; the same data always give the same model.

    The cut-off days lie one horizon apart, so that no two look at the same future; the last but one calibrates, the last
    tests. What is kept was never shown the test.
    """
    days = PROPENSITY_DAYS[what]
    parts = [_part(con, what, day, zone) for day in _cuts(con, as_of, days)]
    empty = _empty(days, parts)
    if what == "respond" and not any(part.y.any() for part in parts):
        return PropensityFit("too_little", None, replace(empty, missing=("coupon_orders", "messages")))
    if len(parts) < 3:
        return PropensityFit("too_little", None, replace(empty, missing=("time",)))
    train, calibrate, test = _joined(parts[:-2]), parts[-2], parts[-1]
    if not (train.rich and calibrate.rich and test.rich):
        return PropensityFit("too_little", None, replace(empty, missing=("people",)))
    model = _trained(train, calibrate)
    return PropensityFit("fitted", model, _body(empty, model, train, calibrate, test))


def _cuts(con: duckdb.DuckDBPyConnection, as_of: date, days: int) -> list[date]:
    """Cut-off days, the earliest first; each has a full horizon behind it, and one at least before it."""
    row = con.execute("SELECT min(day) FROM orders WHERE status = 'valid' AND person IS NOT NULL AND day < ?", [as_of])
    ((first,),) = row.fetchall()
    if first is None:
        return []
    many = min(_CUTS_MAX, (as_of - first).days // days - 1)
    return [as_of - timedelta(days * nth) for nth in range(many, 0, -1)]


def _part(con: duckdb.DuckDBPyConnection, what: Propensity, day: date, zone: ZoneInfo) -> _Part:
    table = features(con, day, zone, active_days=ACTIVE_DAYS[what])
    did = labels(con, table, what, day, PROPENSITY_DAYS[what])
    step = max(1, -(-len(did) // (_ROWS_MAX // _CUTS_MAX)))
    return _Part((day,), table.values[::step], did[::step])


def _joined(parts: list[_Part]) -> _Part:
    days = tuple(day for part in parts for day in part.days)
    return _Part(days, np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts]))


def _empty(days: int, parts: list[_Part]) -> PropensityBody:
    people, positives = sum(len(part.y) for part in parts), sum(int(part.y.sum()) for part in parts)
    return PropensityBody(days, (), (), (), people, positives, None, None, None, None, (), (), ())


def _trained(train: _Part, calibrate: _Part) -> PropensityModel:
    from sklearn.ensemble import HistGradientBoostingClassifier

    boosted = HistGradientBoostingClassifier(**_SETTINGS)
    # The library refuses a column without any value. No tree asks for it then, so that scores do not depend on the filling.
    boosted.fit(np.where(np.isnan(train.x).all(axis=0), 0.0, train.x), train.y)
    model = plain_trees(boosted, NAMES)
    scores = model.scores(calibrate.x)
    # Both see every person alike: what differed would be a defect of the copy, and every chance would be wrong.
    same = np.allclose(scores, boosted.decision_function(calibrate.x), atol=1e-8)
    ensure(same, "prediction.trees", _("The kept model differs from the trained one. Nothing was changed."))
    return _calibrated(model, scores, calibrate.y)


def plain_trees(boosted: HistGradientBoostingClassifier, names: tuple[str, ...]) -> PropensityModel:
    """The trees of a fitted binary classifier without categorical features, in plain arrays."""
    found: dict[str, list[Any]] = {name: [] for name in ("roots", "feature", "threshold", "missing", "left", "right")}
    value: list[float] = []
    people: list[float] = []
    for (tree,) in boosted._predictors:
        nodes, first = tree.nodes, len(value)
        leaf = nodes["is_leaf"].astype(bool)
        found["roots"].append(first)
        found["feature"] += np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)).tolist()
        found["threshold"] += np.where(leaf, 0.0, np.minimum(nodes["num_threshold"], 1e300)).tolist()
        found["missing"] += nodes["missing_go_to_left"].astype(bool).tolist()
        for side in ("left", "right"):
            found[side] += np.where(leaf, -1, nodes[side].astype(np.int64) + first).tolist()
        value += nodes["value"].tolist()
        people += nodes["count"].astype(np.float64).tolist()
    arrays = {name: tuple(found[name]) for name in ("roots", "feature", "threshold", "left", "right")}
    base = float(np.ravel(boosted._baseline_prediction)[0])
    return PropensityModel(
        features=names, base=base, missing_left=tuple(found["missing"]), value=tuple(value), people=tuple(people),
        raw=(-1.0, 1.0), chance=(0.0, 1.0), **arrays,
    )  # fmt: skip


def _calibrated(model: PropensityModel, scores: Reals, did: np.ndarray) -> PropensityModel:
    """Isotonic where there are enough people, else a logistic curve; both as points."""
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    if min(did.sum(), (~did).sum()) >= 1000:
        rising = IsotonicRegression(y_min=1e-4, y_max=1 - 1e-4, out_of_bounds="clip").fit(scores, did)
        points, chances = rising.X_thresholds_, rising.y_thresholds_
    else:
        curve = LogisticRegression(C=1e6).fit(scores[:, None], did)
        points = np.linspace(scores.min() - 1, scores.max() + 1, 201)
        chances = curve.predict_proba(points[:, None])[:, 1]
    return replace(model, raw=tuple(points.tolist()), chance=tuple(chances.tolist()))


def _body(empty: PropensityBody, model: PropensityModel, train: _Part, calibrate: _Part, test: _Part) -> PropensityBody:
    chance = model.chances(test.x)
    prevalence = float(train.y.mean())
    return replace(
        empty,
        trained=train.days,
        calibrated=calibrate.days,
        tested=test.days,
        prevalence=float(test.y.mean()),
        scores=scores(test.y, chance),
        baseline=scores(test.y, _baseline(train, calibrate, test)),
        prevalence_scores=scores(test.y, np.full(len(test.y), prevalence)),
        calibration=calibration(test.y, chance),
        drivers=_drivers(model, test.x),
    )


def _baseline(train: _Part, calibrate: _Part, test: _Part) -> Reals:
    """Chances by logistic regression on recency, frequency and value, calibrated in the same way."""
    from sklearn.linear_model import LogisticRegression

    columns = [NAMES.index(name) for name in BASELINE]

    def shaped(x: Reals) -> Reals:
        return np.log1p(np.nan_to_num(np.maximum(x[:, columns], 0)))

    middle, spread = shaped(train.x).mean(axis=0), shaped(train.x).std(axis=0) + 1e-9
    curve = LogisticRegression(C=1.0).fit((shaped(train.x) - middle) / spread, train.y)
    again = LogisticRegression(C=1e6)
    again.fit(curve.decision_function((shaped(calibrate.x) - middle) / spread)[:, None], calibrate.y)
    return again.predict_proba(curve.decision_function((shaped(test.x) - middle) / spread)[:, None])[:, 1]


def scores(did: np.ndarray, chance: Reals) -> Scores:
    """How good chances were."""
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

    top = np.argsort(-chance, kind="stable")[: max(1, len(did) // _TENTHS)]
    constant = float(np.ptp(chance)) == 0
    lift = 1.0 if constant else float(did[top].mean() / did.mean())
    return Scores(
        auc=float(roc_auc_score(did, chance)),
        average_precision=float(average_precision_score(did, chance)),
        brier=float(brier_score_loss(did, chance)),
        log_loss=float(log_loss(did, np.clip(chance, 1e-9, 1 - 1e-9))),
        lift=lift,
    )


def calibration(did: np.ndarray, chance: Reals) -> tuple[Band, ...]:
    """People by tenths of chance: the mean chance, the share who did, and its 95% limits (Clopper and Pearson 1934)."""
    found = []
    for part in np.array_split(np.argsort(chance, kind="stable"), _TENTHS):
        if len(part):
            many, yes = len(part), int(did[part].sum())
            low = float(scipy.stats.beta.ppf(0.025, yes, many - yes + 1)) if yes else 0.0
            high = float(scipy.stats.beta.ppf(0.975, yes + 1, many - yes)) if yes < many else 1.0
            found.append(Band(f"{len(found) + 1}", many, float(chance[part].mean()), yes / many, low, high))
    return tuple(found)


def _drivers(model: PropensityModel, x: Reals) -> tuple[Driver, ...]:
    sample = x[:: max(1, len(x) // 2000)]
    strengths = np.abs(model.contributions(sample)[1]).mean(axis=0)
    order = np.argsort(-strengths, kind="stable")
    return tuple(Driver(model.features[place], float(strengths[place])) for place in order)
