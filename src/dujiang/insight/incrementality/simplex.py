"""Weights that are not negative and sum to one: constrained least squares, exactly."""

from __future__ import annotations

import numpy as np
import scipy

from dujiang.insight.incrementality.model import Reals


def simplex_weights(donors: Reals, target: Reals, *, penalty: float | Reals = 0.0) -> Reals:
    """The weights w ≥ 0 with Σw = 1 that minimise ‖target − donorsᵀ·w‖² + Σ penalty·w².

    With Σw = 1 the residual is C·w for C = donorsᵀ − target, so w is the point of least norm in a convex hull. Minimising
    ‖C·u‖² + (Σu − 1)² over u ≥ 0 finds the same direction whatever Σu turns out to be; so a solver for non-negative least
    squares gives w = u / Σu without approximation.

    Args:
        donors: by donor and period.
        target: by period.
        penalty: draws weights towards equal ones; one for each donor draws less towards those whose penalty is higher.

    >>> simplex_weights(np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]), np.array([0.25, 0.75])).round(6).tolist()
    [0.25, 0.75, 0.0]
    """
    count = len(donors)
    gap = donors.T - target[:, None]
    if np.any(penalty):
        gap = np.vstack([gap, np.diag(np.sqrt(np.broadcast_to(penalty, count)))])
    size = np.sqrt((gap**2).sum(axis=0).min())
    matrix = np.vstack([gap / (size if size > 0 else 1.0), np.ones(count)])
    right = np.zeros(len(matrix))
    right[-1] = 1.0
    found = scipy.optimize.nnls(matrix, right, maxiter=50 * count)[0]
    return found / found.sum()
