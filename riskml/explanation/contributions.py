"""Contributions of the features to a raw score, and the law that they add up to it.

The contributions are exact TreeSHAP values in log-odds, by our own kernel (`docs/treeshap.md`) or,
for a booster that it does not compute, by LightGBM (``pred_contrib``).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from riskml.bundle import Bundle
from riskml.errors import BundleError
from riskml.explanation.kernel import TreeKernel

__all__ = [
    "TOLERANCE",
    "Engine",
    "Explanation",
    "additivity_gaps",
    "check_additivity",
    "engine_of",
    "explain",
    "raw_scores",
]

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


@dataclass(frozen=True)
class Engine:
    """Who computes scores and contributions of a booster.

    Attributes
    ----------
    kernel : TreeKernel or None
        Our own, if it can; else LightGBM does.
    reason : str
        Why it cannot.
    """

    kernel: TreeKernel | None
    reason: str = ""

    def __str__(self) -> str:
        return "kernel" if self.kernel is not None else f"lightgbm ({self.reason})"


def engine_of(bundle: Bundle) -> Engine:
    """Return who computes scores and contributions of a bundle; chosen once a booster."""
    return _engine(bundle.booster_text)


# Two stages serve, and a second model of each while they are swapped.
@lru_cache(maxsize=4)
def _engine(booster_text: str) -> Engine:
    try:
        return Engine(TreeKernel.of(booster_text))
    except BundleError as error:
        return Engine(None, error.message)


def raw_scores(bundle: Bundle, matrix: np.ndarray) -> np.ndarray:
    """Return uncalibrated log-odds, shape (n,): the bits of ``bundle.raw_scores``, sooner.

    Parameters
    ----------
    bundle : Bundle
        The model.
    matrix : ndarray of float64, shape (n, p)
        Encoded features, as ``bundle.encode`` gives them.
    """
    kernel = engine_of(bundle).kernel
    return bundle.raw_scores(matrix) if kernel is None else kernel.raw_scores(matrix)


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
    kernel = engine_of(bundle).kernel
    with_base = (bundle if kernel is None else kernel).contributions(matrix)
    return Explanation(raw_scores(bundle, matrix), with_base[:, -1], with_base[:, :-1])


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
