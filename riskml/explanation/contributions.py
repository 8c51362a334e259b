"""Contributions of the features to a raw score, and the law that they add up to it.

The contributions are the exact TreeSHAP values that LightGBM itself computes
(``pred_contrib``), in log-odds; the last column of its answer is the base value.
"""

from dataclasses import dataclass

import numpy as np

from riskml.bundle import Bundle
from riskml.errors import BundleError

__all__ = ["TOLERANCE", "Explanation", "additivity_gaps", "check_additivity", "explain"]

TOLERANCE = 1e-6
"""How far base value plus contributions may lie from the raw score, in log-odds."""


@dataclass(frozen=True)
class Explanation:
    """Why n raw scores are what they are.

    Attributes
    ----------
    raw : ndarray of float64, shape (n,)
        Raw scores, log-odds.
    base : ndarray of float64, shape (n,)
        Base value: the expected raw score of the model.
    contributions : ndarray of float64, shape (n, p)
        One column per feature, in feature-set order.
    """

    raw: np.ndarray
    base: np.ndarray
    contributions: np.ndarray


def explain(bundle: Bundle, matrix: np.ndarray) -> Explanation:
    """Compute raw scores and their contributions.

    Parameters
    ----------
    bundle : Bundle
        The model.
    matrix : ndarray of float64, shape (n, p)
        Encoded features, as ``bundle.encode`` gives them.

    Returns
    -------
    Explanation
        Not yet checked: see :func:`additivity_gaps` and :func:`check_additivity`.
    """
    with_base = bundle.contributions(matrix)
    return Explanation(bundle.raw_scores(matrix), with_base[:, -1], with_base[:, :-1])


def additivity_gaps(explanation: Explanation) -> np.ndarray:
    """Return how far each row is from adding up, shape (n,); NaN where it is not finite."""
    total = explanation.base + explanation.contributions.sum(axis=1)
    gaps: np.ndarray = np.abs(total - explanation.raw)
    return gaps


def check_additivity(explanation: Explanation) -> None:
    """Raise unless every row's base value and contributions add up to its raw score.

    Raises
    ------
    BundleError
        Names the first row that does not, and by how much.
    """
    gaps = additivity_gaps(explanation)
    wrong = np.flatnonzero(~(gaps <= TOLERANCE))  # NaN compares false, so it is wrong as well
    if len(wrong):
        raise BundleError(
            f"contributions of row {wrong[0]} miss the raw score by {gaps[wrong[0]]:g}",
            "do not use this model; train it again",
        )
